#!/usr/bin/env bash
# mapping.sh [--write] - the tables of docs/mapping.md are those of proto/mapping.def; --write makes them so.
# Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
document=docs/mapping.md

tables() {
	awk -f tests/arch/mapping.awk proto/codes.def proto/mapping.def
}

# the document with the tables between the markers as the code has them
with_tables() {
	awk 'NR == FNR { if (/^<!-- /) { at = $2 } else table[at] = table[at] $0 "\n"; next }
		/^<!-- [a-z]+ -->$/ { print; skip = $2 != "end"; if (skip) printf "%s", table[$2]; next }
		/^$|^#/ { skip = 0 }
		!skip' <(tables) "$document"
}

if [[ ${1:-} == --write ]]; then
	with_tables >"$document.new" && mv "$document.new" "$document"
	exit
fi
difference=$(diff <(with_tables) "$document")
if [[ -z $difference ]]; then
	echo "ok 1 - $document is what proto/mapping.def says"
else
	echo "not ok 1 - $document is what proto/mapping.def says"
	echo "# 'tests/arch/mapping.sh --write' brings it up to date"
	while read -r line; do echo "# $line"; done <<<"$difference"
fi
missing=$(comm -23 <(sed -nE 's/^X\(([A-Z0-9_]+),.*/\1/p' proto/codes.def | sort) \
	<(sed -nE 's/^CODE\(([A-Z0-9_]+),.*/\1/p' proto/mapping.def | sort))
if [[ -z $missing ]]; then
	echo "ok 2 - each code has a row in proto/mapping.def"
else
	echo "not ok 2 - each code has a row in proto/mapping.def"
	sed 's/^/# lacks CODE(/; s/$/, …)/' <<<"$missing"
fi
echo 1..2
