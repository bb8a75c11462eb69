#!/usr/bin/env bash
# What documents promise: files they link to exist, codes are listed, commands they name are built. Prints TAP.
# `tests/arch/documents.sh BUILD`
set -u
build=$(cd "${1:?build folder}" && pwd)
cd "$(dirname "$0")/../.." || exit 1
number=0
result() { # STATUS NAME
	number=$((number + 1))
	if (($1 == 0)); then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

missing=$(
	for document in README.md docs/*.md; do
		grep -oE '\]\([^)#: ]+' "$document" | sed 's/](//' | while read -r link; do
			[[ -e $(dirname "$document")/$link ]] || echo "# $document links to $link"
		done
	done
)
[[ -z $missing ]]
result $? "links between documents lead to files"
[[ -z $missing ]] || echo "$missing"

missing=$(
	sed -nE 's/^X\(([A-Z_0-9]+), ([0-9]+),.*/\2 \1/p' proto/codes.def | while read -r code name; do
		grep -qE "^\| *$code *\| *\`?$name" docs/protocol.md || echo "# docs/protocol.md lacks $code $name"
	done
)
[[ -z $missing ]]
result $? "every code is listed in docs/protocol.md"
[[ -z $missing ]] || echo "$missing"

numbers=$(sed -nE 's/^X\([A-Z_0-9]+, ([0-9]+),.*/\1/p' proto/codes.def)
[[ $(sort -n <<<"$numbers") == "$numbers" && -z $(uniq -d <<<"$numbers") ]] && ! grep -qx 124 <<<"$numbers"
result $? "codes rise, none is used twice, and none that was given up"

missing=$(
	grep -ohE '"[0-9a-f]{32}"' gatewayd/io/catalog.[ch] | tr -d '"' | while read -r id; do
		grep -q "^-- $id$" systemd/gatewayd.catalog || echo "# systemd/gatewayd.catalog does not explain $id"
	done
)
[[ -z $missing ]]
result $? "every message id is explained in the journal's catalog"
[[ -z $missing ]] || echo "$missing"

missing=$(
	for page in docs/man/*.[18]; do
		for option in help version; do
			grep -qF -- "\\-\\-$option" "$page" || echo "# $page does not name --$option"
		done
	done
)
[[ -z $missing ]]
result $? "every manual page names --help and --version"
[[ -z $missing ]] || echo "$missing"

long=$(git ls-files '*.c' '*.h' | xargs wc -l | awk '$2 != "total" && $1 > 500 {print "# " $2 ": " $1 " lines"}')
[[ -z $long ]]
result $? "no source file is longer than 500 lines"
[[ -z $long ]] || echo "$long"

# columns of a table's row: a file between backquotes, then what is defined in it, up to the next file
# named_but_missing DOCUMENT COLUMN - counted from the end: 0 is the last, where each name is a test of its file that is run
named_but_missing() {
	local file=/dev/null name
	# shellcheck disable=SC2016  # backquotes of the document
	awk -F ' [|] | [|]$' -v column="$2" '/^[|].*`/ { print "`/dev/null`" $(NF - 1 - column) }' "$1" | grep -oE '`[A-Za-z0-9_./-]+`' |
		tr -d '`' | while read -r name; do
		if [[ $name == */* ]]; then
			file=$name
			[[ -e $file ]] || echo "# $1 names $file, which does not exist"
		elif (($2 > 0)); then
			[[ $file == /dev/null ]] || grep -qw -- "$name" "$file" || echo "# $file has no $name"
		elif ! grep -qE "^(static void $name\(void \*\*state\)|$name\(\) \{)" "$file" 2>/dev/null ||
			(($(grep -cw -- "$name" "$file") < 2)); then
			echo "# $file has or runs no test $name"
		fi
	done
}

for document in docs/conformance.md docs/automatic-update.md; do
	missing=$(named_but_missing "$document" 0)
	[[ -z $missing && $(grep -c '`tests/' "$document") -gt 40 ]]
	result $? "every test that $document names exists"
	[[ -z $missing ]] || echo "$missing"
done

missing=$(named_but_missing docs/automatic-update.md 1)
[[ -z $missing ]]
result $? "every file and function that docs/automatic-update.md names exists"
[[ -z $missing ]] || echo "$missing"

# --- the recipe for Yocto

# of the recipe, with ${PN} as "gatewayd" and the variables of bitbake.conf for a prefix of /usr; a variable is a line
# shellcheck disable=SC2016  # variables and backquotes of the document
recipe=$(sed -n '/^```bitbake$/,/^```$/p' docs/yocto.md | sed -e ':more' -e '/\\$/ { N; s/\\\n//; b more' -e '}' -e '
	s|\${PN}|gatewayd|g; s|\${bindir}|/usr/bin|g; s|\${sbindir}|/usr/sbin|g; s|\${datadir}|/usr/share|g
	s|\${nonarch_libdir}|/usr/lib|g')
variable() { # NAME
	sed -nE "s/^$1 =\+? \"(.*)\"$/\1/p" <<<"$recipe"
}
# in the order in which bitbake hands files out, with those that it has without being told
recipe_packages="$(variable PACKAGES) gatewayd-doc gatewayd"
declare -A recipe_files=([gatewayd-doc]="/usr/share/doc /usr/share/man")
for package in $recipe_packages; do
	recipe_files[$package]+=" $(variable "FILES:$package")"
done
declare -A recipe_of=([gatewayd]=gatewayd [ecu-flash]=gatewayd-tools [gateway-sim]=gatewayd-sim)

package_of() { # FILE - and the entry that it is taken by, which may be a folder
	local package entry
	for package in $recipe_packages; do
		for entry in ${recipe_files[$package]}; do
			[[ $1 == "$entry" || $1 == "$entry"/* ]] && echo "$package $entry" && return
		done
	done
}

installed=$(mktemp -d)
trap 'rm -rf "$installed"' EXIT
missing=$(
	for component in "${!recipe_of[@]}"; do
		DESTDIR=$installed/$component cmake --install "$build" --prefix /usr --component "$component" >/dev/null ||
			echo "# $component cannot be installed"
		(cd "$installed/$component" && find . ! -type d -printf '/%P\n') | while read -r file; do
			read -r package entry < <(package_of "$file") || echo "# FILES lacks $file"
			[[ $package =~ ^(${recipe_of[$component]}|gatewayd-doc|gatewayd-bash-completion|)$ ]] ||
				echo "# $file of $component is in $package"
			[[ $entry ]] && echo "$entry" >>"$installed/used"
		done
	done
)
[[ -z $missing && $(wc -l <"$installed/used") -gt 50 ]]
result $? "docs/yocto.md packages every file that is installed, each where it belongs"
[[ -z $missing ]] || echo "$missing"

missing=$(
	comm -23 <(tr -s ' ' '\n' <<<"${recipe_files[*]}" | grep . | sort -u) <(sort -u "$installed/used") |
		sed 's/^/# nothing is installed of /'
)
[[ -z $missing ]]
result $? "docs/yocto.md packages nothing that is not installed"
[[ -z $missing ]] || echo "$missing"

# all that is installed is of one of these components
everything=$(DESTDIR=$installed/all cmake --install "$build" --prefix /usr >/dev/null && cd "$installed/all" && find . ! -type d | sort)
[[ $everything && $everything == "$(cd "$installed" && find "${!recipe_of[@]}" ! -type d | sed 's|^[^/]*|.|' | sort)" ]]
result $? "what is installed is the files of these packages"
echo "1..$number"
