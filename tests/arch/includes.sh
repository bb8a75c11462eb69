#!/usr/bin/env bash
# Who includes whom: the table of docs/architecture.md, held against every #include line. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

# folder | project headers it may include (prefixes) | system and library headers it may include (prefixes)
libc='assert.h ctype.h errno.h inttypes.h limits.h math.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h'
rules=(
	"uds|uds/|$libc"
	"uds/port|uds/ uds/port/|*"
	"common|common/|*"
	"ecu-flash|ecu-flash/ uds/|$libc"
	"ecu-flash/load|ecu-flash/ ecu-flash/load/ uds/ common/|*"
	"ecu-flash/cli|ecu-flash/ ecu-flash/load/ ecu-flash/cli/ uds/ uds/port/ common/|*"
	"proto|proto/ metadata.pb-c.h session.pb-c.h|$libc protobuf-c/"
	"proto/ctl|proto/ proto/ctl/ common/ metadata.pb-c.h session.pb-c.h|*"
	"gatewayd/core|gatewayd/core/ ecu-flash/ uds/ proto/mapping.h|$libc"
	"gatewayd/io|gatewayd/core/ gatewayd/io/ ecu-flash/ ecu-flash/load/ uds/ uds/port/ proto/ common/ metadata.pb-c.h session.pb-c.h|*"
	"gatewayd/ctl|gatewayd/ctl/ common/ proto/mapping.h|*"
	"sim|sim/ uds/ uds/port/ proto/ common/ metadata.pb-c.h session.pb-c.h|*"
)

# allowed FILE HEADER PREFIXES - a prefix that ends with / allows that folder alone, not those below it
allowed() {
	local header=$1 prefix
	shift
	for prefix in "$@"; do
		[[ $prefix == '*' || $header == "$prefix" ]] && return 0
		[[ $prefix == */ && $header == "$prefix"* && ${header#"$prefix"} != */* ]] && return 0
		[[ $prefix == sim/ && $header == sim/* ]] && return 0
		[[ $prefix == protobuf-c/ && $header == protobuf-c/* ]] && return 0
	done
	return 1
}

number=0
for rule in "${rules[@]}"; do
	IFS='|' read -r folder project system <<<"$rule"
	bad=()
	depth=(-maxdepth 1)
	[[ $folder == sim ]] && depth=()
	read -ra project_list <<<"$project"
	IFS=' ' read -ra system_list <<<"${system//\*/\\*}"
	[[ $system == '*' ]] && system_list=('*')
	while IFS=: read -r file line text; do
		# proto's one file that knows OpenSSL, and malloc beside it, is a library of its own
		[[ $folder == proto && $file == proto/crypto*.c ]] && continue
		if [[ $text =~ \#include\ +\"([^\"]+)\" ]]; then
			allowed "${BASH_REMATCH[1]}" "${project_list[@]}" || bad+=("$file:$line includes \"${BASH_REMATCH[1]}\"")
		elif [[ $text =~ \#include\ +\<([^>]+)\> ]]; then
			allowed "${BASH_REMATCH[1]}" "${system_list[@]}" || bad+=("$file:$line includes <${BASH_REMATCH[1]}>")
		fi
	done < <(find "$folder" "${depth[@]}" -name '*.[ch]' -print0 2>/dev/null | xargs -0r grep -Hn '^#include')
	number=$((number + 1))
	if ((${#bad[@]})); then
		echo "not ok $number - $folder/ includes only what its row of the table allows"
		printf '# %s\n' "${bad[@]}"
	else
		echo "ok $number - $folder/ includes only what its row of the table allows"
	fi
done
echo "1..$number"
