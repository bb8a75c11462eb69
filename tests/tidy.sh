#!/usr/bin/env bash
# clang-tidy over every source file, but for tests/fuzz/, which is not in the release build. A line a finding, each once,
# although a header's are found with every file that includes it. TIDY_NODES [50000]: how many states of a function the analyzer
# follows; its own default of 225000 takes three times as long.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
git ls-files '*.c' | grep -v '^tests/fuzz/' |
	xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/release -extra-arg=-Xclang -extra-arg=-analyzer-config \
		-extra-arg=-Xclang "-extra-arg=max-nodes=${TIDY_NODES:-50000}" 2>&1 |
	grep -E '^[^ ].*(error|warning): |^Error |^LLVM ERROR' | sed "s|^$root/||" | sort -u
exit "${PIPESTATUS[2]}"
