#!/usr/bin/env bash
# docs/bench.md: each command runs as it is written there, ends as it says, and prints the lines that are shown. TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
BIN=${BIN:-$root/build/release/bin}
SOURCE=$root
PATH=$BIN:$PATH
export SOURCE PATH
guide=$root/docs/bench.md
work=$(mktemp -d)

# shellcheck disable=SC2317  # called by the trap
clean_up() {
	[[ -s $work/pids ]] && xargs kill <"$work/pids" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/bench"

# each block of the guide becomes a file: NN.run, NN.fails (the same, but it must fail), NN.shown (what its run prints)
awk -v work="$work" '
	/^```(sh|text)/ {
		kind = $0 == "```sh" ? "run" : $0 == "```sh fails" ? "fails" : "shown"
		if (kind != "shown")
			n++
		file = sprintf("%s/%02d.%s", work, n, kind)
		inside = 1
		next
	}
	/^```$/ { inside = 0 }
	inside { print >file }
' "$guide"

# shown FILE OUTPUT - each line of the first is in the second, in this order; "..." stands for anything
shown() {
	python3 - "$1" "$2" <<-'END'
		import re, sys
		with open(sys.argv[2], errors="replace") as file:
		    output = file.read().splitlines()
		at = 0
		for line in open(sys.argv[1]).read().splitlines():
		    pattern = re.compile(".*".join(re.escape(part) for part in line.split("...")))
		    while at < len(output) and not pattern.fullmatch(output[at]):
		        at += 1
		    if at == len(output):
		        sys.exit(f"not printed, or not in this order: {line}")
		    at += 1
	END
}

number=0
cd "$work/bench" || exit 1
for block in "$work"/*.run "$work"/*.fails; do
	echo "${block##*/}"
done | sort >"$work/blocks"
while read -r block; do
	number=$((number + 1))
	name=$(grep -v '^sleep' "$work/$block" | head -1 | cut -c 1-90)
	out=$work/${block%.*}.out
	# what is told on standard error comes before the result, as on a terminal; background jobs live on
	bash -c 'set -e; source "$1"; jobs -p >>"$2"' - "$work/$block" "$work/pids" >"$out" 2>&1 </dev/null
	status=$?
	if [[ $block == *.fails ]]; then
		((status != 0))
	else
		((status == 0))
	fi
	good=$?
	if ((good == 0)) && [[ -e $work/${block%.*}.shown ]]; then
		shown "$work/${block%.*}.shown" "$out" >"$work/missing" 2>&1 || good=1
	fi
	if ((good == 0)); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "# status $status; $(cat "$work/missing" 2>/dev/null)"
		tail -30 "$out" | sed 's/^/# /'
	fi
done <"$work/blocks"
echo "1..$number"
