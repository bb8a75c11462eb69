# Runs the commands of a document as they stand there, and looks for what is shown below them. Sourced.
# shellcheck shell=bash
#
# Blocks are ```sh (must succeed), ```sh fails (must not), ```sh WORD (of another place: run only where asked for), and
# ```text (lines that the block above prints, in this order; "..." stands for anything). What a block exports, and where it
# changes to, holds for the next one. Counts in `number` and `failures`, and prints TAP.

# guide_read DOCUMENT FOLDER - each block becomes a file: NN.sh, NN.fails, NN.WORD, and NN.shown
guide_read() {
	mkdir -p "$2"
	awk -v folder="$2" '
		/^```(sh|text)/ {
			kind = $0 == "```sh" ? "sh" : $0 == "```text" ? "shown" : substr($0, 7)
			if (kind != "shown")
				n++
			file = sprintf("%s/%02d.%s", folder, n, kind)
			inside = 1
			next
		}
		/^```$/ { inside = 0 }
		inside { print >file }
	' "$1"
}

# guide_shown FILE OUTPUT - each line of the first is in the second, in this order
guide_shown() {
	local want rest part pattern line any=$'\x01'
	while IFS= read -r want <&3; do
		pattern=
		rest=${want//.../$any}$any
		while [[ $rest ]]; do
			part=${rest%%"$any"*}
			[[ ! $part ]] || printf -v part %q "$part"
			pattern+="$part*"
			rest=${rest#*"$any"}
		done
		pattern=${pattern%\*}
		while :; do
			IFS= read -r line || { echo "not printed, or not in this order: $want" >&2 && return 1; }
			# shellcheck disable=SC2053  # it is a pattern
			[[ $line != $pattern ]] || break
		done
	done 3<"$1" <"$2"
}

# guide_run FOLDER KIND… - the blocks of these kinds, from the current folder on. Processes of theirs live on; their ids are
# in FOLDER/pids.
guide_run() {
	local folder=$1 block name out status good kinds=" ${*:2} "
	pwd >"$folder/pwd"
	: >"$folder/exported"
	for block in "$folder"/[0-9][0-9].*; do
		[[ $kinds == *" ${block##*.} "* ]] || continue
		name=$(grep -v '^sleep' "$block" | head -1 | cut -c 1-90)
		out=${block%.*}.out
		# what is told on standard error comes before the result, as on a terminal
		bash -c '
			source "$1/exported"
			cd "$(<"$1/pwd")" || exit
			set -e
			source "$2"
			jobs -p >>"$1/pids"
			declare -px >"$1/exported"
			pwd >"$1/pwd"
		' - "$folder" "$block" >"$out" 2>&1 </dev/null
		status=$?
		if [[ $block == *.fails ]]; then ((status != 0)); else ((status == 0)); fi
		good=$?
		if ((good == 0)) && [[ -e ${block%.*}.shown ]]; then
			guide_shown "${block%.*}.shown" "$out" >"$folder/missing" 2>&1 || good=1
		fi
		number=$((number + 1))
		if ((good == 0)); then
			echo "ok $number - $name"
		else
			failures=$((failures + 1))
			echo "not ok $number - $name"
			echo "# status $status; $(cat "$folder/missing" 2>/dev/null)"
			tail -30 "$out" | sed 's/^/# /'
		fi
	done
}
