#!/usr/bin/env bash
# --help, and what has to say the same: bash completion offers what it names and what exists, and manual pages have the same
# options. Prints TAP.
# `tests/arch/completion.sh BIN`
set -u
bin=$(cd "${1:?folder of the programs}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
result() { # STATUS NAME WORDS
	number=$((number + 1))
	if (($1 == 0)); then echo "ok $number - $2"; else printf 'not ok %d - %s\n%s\n' $number "$2" "$3"; fi
}

set +u # bash-completion does not bear it
# shellcheck disable=SC1091
source /usr/share/bash-completion/bash_completion
for file in "$root"/packaging/completion/*; do
	# shellcheck disable=SC1090
	source "$file"
done

# complete_words WORD… - what the Tab key offers at the end of these words, a line each
complete_words() {
	local function
	function=$(complete -p "$1" | sed -nE 's/.* -F ([a-z_]+) .*/\1/p')
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMP_LINE="$*"
	COMP_POINT=${#COMP_LINE}
	COMP_TYPE=9
	COMP_KEY=9
	COMPREPLY=()
	# shellcheck disable=SC2317  # called by the completions
	compopt() { :; } # works only in a completion that readline began
	"$function" "$1" "${!#}" "${@: -2:1}"
	((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}

# options WORD… - those that begin a line of --help or stand in its usage
options() {
	"$@" --help 2>&1 | grep -oE -- '(^|[ ,[|])--[a-z0-9][a-z0-9-]*' | grep -oE -- '--.*' | sort -u
}

missing_options() { # WORD…
	comm -23 <(options "$@") <(complete_words "$@" -- | sort -u)
}

for command in "$bin"/*; do
	command=$(basename "$command")
	missing=$(missing_options "$command")
	[[ -z $missing && $(complete_words "$command" --) ]]
	result $? "$command completes the options of its --help" "# lacks ${missing//$'\n'/ }"
done

# page COMMAND - its manual page, without what makes it look good
page() {
	sed 's/\\-/-/g; s/\\f[BIRP]//g' "$root/docs/man/$1".[18]
}

# described COMMAND VERB… - options of these verbs ("" is none) that the page lacks, short ones too, and those of the page's
# own items that no help has
described() {
	local verb text help=
	text=$(page "$1")
	for verb in "${@:2}"; do
		# shellcheck disable=SC2086  # a verb of two words
		help+=$("$1" $verb --help 2>&1)$'\n'
	done
	comm -23 <(grep -oE -- '(^|[ ,[|(])(--[a-z0-9][a-z0-9-]*|-[a-zA-Z0-9],)' <<<"$help" | grep -oE -- '-[^,]*' | sort -u) \
		<(grep -oE -- '(^|[^a-z0-9-])(--[a-z0-9][a-z0-9-]*|-[a-zA-Z0-9])' <<<"$text" | grep -oE -- '-.*' | sort -u)
	comm -23 <(grep -A1 '^\.TP' <<<"$text" | grep -oE -- '--[a-z0-9][a-z0-9-]*' | sort -u) \
		<(grep -oE -- '--[a-z0-9][a-z0-9-]*' <<<"$help" | sort -u)
}

flash_verbs=(flash verify info uds scan read "image show" "image convert" "image compare" "profile check")
manifest_verbs=(key manifest director show verify)
for command in "$bin"/*; do
	command=$(basename "$command")
	of=("")
	[[ $command == ecu-flash ]] && of+=("${flash_verbs[@]}")
	[[ $command == manifestctl ]] && of+=("${manifest_verbs[@]}")
	different=$(described "$command" "${of[@]}" 2>&1)
	[[ -z $different ]]
	result $? "the manual page of $command has the options of its --help" "# differ: ${different//$'\n'/ }"
done

# first words of a help's lines that are no options, of a command with verbs
verbs() {
	"$@" --help 2>&1 | sed -nE 's/^  ([a-z]+( (show|convert|compare|check|new|id|add|create|list|watch|test|pause|resume|cancel|close|drop-after|rate|disconnect))?)( .*)?$/\1/p' |
		sort -u
}

for command in ecu-flash manifestctl oemctl gatewayctl; do
	missing=
	n=0
	while read -r verb second; do
		n=$((n + 1))
		complete_words "$command" "$verb" | grep -qx "$verb" || missing+="# lacks $verb"$'\n'
		[[ -z $second ]] || complete_words "$command" "$verb" "$second" | grep -qx -- "$second" ||
			missing+="# lacks $verb $second"$'\n'
	done < <(verbs "$command")
	((n > 4)) && [[ -z $missing ]]
	result $? "$command completes its $n commands" "$missing"
done

missing=
for verb in "${flash_verbs[@]}"; do
	# shellcheck disable=SC2086  # a verb of two words
	missing+=$(missing_options ecu-flash $verb)
done
for verb in "${manifest_verbs[@]}"; do
	missing+=$(missing_options manifestctl "$verb")
done
[[ -z $missing ]]
result $? "each verb completes the options of its own --help" "# lacks ${missing//$'\n'/ }"

extra=$(comm -13 <(options ecu-flash image show) <(complete_words ecu-flash image show -- | sort -u))
[[ -z $extra ]]
result $? "and none that it does not take" "# ${extra//$'\n'/ }"

cd "$work" || exit 1
touch lamp.yaml firmware.hex
[[ $(complete_words ecu-flash flash --profile la) == lamp.yaml && $(complete_words ecu-flash flash "fi") == firmware.hex &&
	$(complete_words gatewayd --config la) == lamp.yaml && -z $(complete_words gatewayd --config "fi") ]]
result $? "files go where files go"

cat >gatewayctl <<'END'
#!/bin/sh
[ "$*" = "--address unix:path=x --json campaigns" ] && echo '[{"id":"spring-1","state":"done"},{"id": "autumn-2"}]'
END
cat >oemctl <<'END'
#!/bin/sh
case $* in
"--control c --json campaign list --all") echo '{"campaigns":[{"id":"spring-1"}]}' ;;
"--control c --json vehicle list") echo '{"vehicles":[{"id":"VIN-7"}]}' ;;
esac
END
chmod +x gatewayctl oemctl
PATH=$work:$PATH
[[ $(complete_words gatewayctl --address unix:path=x show "" | tr '\n' ' ') == "spring-1 autumn-2 " &&
	$(complete_words gatewayctl --address unix:path=x consent spring-1 y) == yes &&
	$(complete_words oemctl --control c campaign cancel s) == spring-1 &&
	$(complete_words oemctl --control c vehicle show V) == VIN-7 ]]
result $? "campaigns and vehicles are those that the daemon and the backend name"
echo "1..$number"
