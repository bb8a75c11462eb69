#!/usr/bin/env bash
# File formats and their references: every key and every word that a schema takes is in the document that describes the
# format, and in the manual page. Prints TAP. `tests/arch/formats.sh BUILD`
set -u
build=$(cd "${1:?build folder}" && pwd)
cd "$(dirname "$0")/../.." || exit 1
number=0
result() { # STATUS NAME WORDS
	number=$((number + 1))
	if (($1 == 0)); then echo "ok $number - $2"; else printf 'not ok %d - %s\n%s\n' $number "$2" "$3"; fi
}

# page, document, schemas
formats="
gatewayd.yaml     docs/configuration.md  gatewayd/io/config_schema.c
ecu-profile       docs/profile.md        ecu-flash/load/profile_schema.c
ecu-keys          docs/man/ecu-keys.5    ecu-flash/load/key_ring.c
manifest-spec     docs/manifest.md       proto/ctl/spec.c proto/ctl/spec_manifest.c proto/ctl/spec_director.c proto/ctl/spec_windows.c
campaign-spec     docs/campaign.md       sim/oem_backend/ctl/spec.c sim/oem_backend/ctl/spec_windows.c
virtual-ecu.yaml  docs/virtual-ecu.md    sim/virtual_ecu_schema.c
vehicle-sim.yaml  docs/vehicle-sim.md    sim/vehicle_config.c
oem-backend.yaml  docs/oem-backend.md    sim/oem_backend/config.c
oem-strategy.yaml docs/strategy.md       sim/oem_backend/strategy_load.c
"
# what a program keeps for itself and nobody writes by hand
private="sim/virtual_ecu_state.c"

preprocessed() { # SOURCE - with the macros of its schema resolved
	local flags
	flags=$(pkg-config --cflags libcyaml yaml-0.1 libprotobuf-c libuv)
	# shellcheck disable=SC2086  # flags are words
	cc -E -P -I. -I"$build/proto/pb" -D_GNU_SOURCE $flags "$1"
}

keys() {
	grep -oE '\.key = \(?"[^"]+"' | cut -d'"' -f2
}

# the words of enumerations: of the arrays of cyaml_strval_t
words() {
	tr '\n' ' ' | grep -oE 'cyaml_strval_t [a-z_]+\[\] = \{[^;]*;' | grep -oE '\{ *"[^"]+"' | cut -d'"' -f2
}

while read -r page document schemas; do
	[[ $page ]] || continue
	made=$build/docs/man/$page.5
	[[ $document == *.5 ]] && made=$document
	n=0
	missing=
	for schema in $schemas; do
		source=$(preprocessed "$schema") || missing+="# $schema cannot be preprocessed"$'\n'
		for key in $(keys <<<"$source" | sort -u); do
			n=$((n + 1))
			# named as code, in a heading, or by an item of a page written by hand
			grep -qE "\`${key}[\`:]|^#+ .*\b$key\b|^\.B $key$" "$document" ||
				missing+="# $document does not describe the key $key of $schema"$'\n'
			sed 's/\\-/-/g' "$made" | grep -qE "^(.*\\\\fB$key(:[^\\\\]*)?\\\\f|\.S[HS] .*\b$key\b|\.B $key$)" ||
				missing+="# $made lacks the key $key of $schema"$'\n'
		done
		for word in $(words <<<"$source" | sort -u); do
			n=$((n + 1))
			grep -qE "\`([^\`]* )?$word\`|\b$word\b.*\`|\`.*\b$word\b" "$document" ||
				missing+="# $document does not name the word $word of $schema"$'\n'
		done
	done
	((n > 1)) && [[ -z $missing ]]
	result $? "$page(5) and $document name all $n keys and words of $schemas" "$missing"
done <<<"$formats"

missing=$(
	git grep -l CYAML_FIELD -- '*.c' ':!tests' | while read -r schema; do
		[[ " $private $(tr '\n' ' ' <<<"$formats")" == *" $schema "* ]] || echo "# no document is known for the schema of $schema"
	done
)
[[ -z $missing ]]
result $? "every schema has a document" "$missing"

missing=$(
	for page in docs/man/*.[158] "$build"/docs/man/*.5; do
		# a page that is another's is read from the folder of all pages
		words=$(sed -n 's|^\.so man./||p' "$page")
		[[ $words && -e docs/man/$words ]] && continue
		words=$(groff -man -Tutf8 -Kutf8 -ww -z "$page" 2>&1)
		[[ $words ]] && echo "# $page: $words"
	done
)
[[ -z $missing ]]
result $? "groff has no word about any manual page" "$missing"
echo "1..$number"
