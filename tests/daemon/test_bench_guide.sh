#!/usr/bin/env bash
# docs/bench.md: each command runs as it is written there, ends as it says, and prints the lines that are shown. TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/guide.sh
source "$root/tests/guide.sh"
BIN=${BIN:-$root/build/release/bin}
SOURCE=$root
PATH=$BIN:$PATH
export SOURCE PATH
work=$(mktemp -d)

# shellcheck disable=SC2317  # called by the trap
clean_up() {
	[[ -s $work/pids ]] && xargs kill <"$work/pids" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/bench"
guide_read "$root/docs/bench.md" "$work"
cd "$work/bench" || exit 1
number=0
failures=0
guide_run "$work" sh fails
echo "1..$number"
((failures == 0))
