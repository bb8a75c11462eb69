#!/usr/bin/env bash
# ecu-flash image: real firmware files and those of objcopy, through convert and back; compare; broken files.
# BIN holds the programs. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
BIN=${BIN:-$root/build/release/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

result() { # STATUS NAME
	number=$((number + 1))
	if (($1 == 0)); then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		tail -20 out | sed 's/^/# /'
	fi
	: >out
}
: >out

image() { # EXPECTED-STATUS WORD ARGUMENT… - its words go to ./out
	local expected=$1 status
	shift
	"$BIN/ecu-flash" image "$@" >>out 2>&1
	status=$?
	((status == expected)) && return 0
	echo "status $status, expected $expected: ecu-flash image $*" >>out
	return 1
}

convert() { # SOURCE TARGET OPTION… - the target's name says its format
	local source=$1 target=$2
	shift 2
	image 0 convert --out "$target" "$@" "$source"
}

same() { # FILE FILE
	cmp "$1" "$2" >>out 2>&1
}

each() { # FUNCTION FILE… - true if it is for every file, and there is one
	local function=$1 file
	shift
	(($# > 0)) || { echo "there is no file" >>out && return 1; }
	for file in "$@"; do
		"$function" "$file" && continue
		echo "$function failed for $file" >>out
		return 1
	done
}

# --- the boot loaders of arduino-core-avr

mapfile -t loaders < <(find /usr/share/arduino -name '*.hex' 2>/dev/null | sort)
# the bytes of these differ where two of their own records speak of the same address
mapfile -t two_minds < <(printf '%s\n' "${loaders[@]}" | grep -E 'optiboot_atmega(168|328)\.hex$')
mapfile -t clear < <(printf '%s\n' "${loaders[@]}" | grep -vE 'optiboot_atmega(168|328)\.hex$')
((${#loaders[@]} >= 15))
result $? "the boot loaders of arduino-core-avr are here (${#loaders[@]} files)"

# shellcheck disable=SC2317  # these are called by `each`
hex_there_and_back() {
	convert "$1" a.srec && convert a.srec b.hex && same "$1" b.hex
}
each hex_there_and_back "${loaders[@]}"
result $? "each boot loader is the same byte for byte after Intel HEX, S-record, Intel HEX"

# shellcheck disable=SC2317
hex_once() {
	convert "$1" a.hex && same "$1" a.hex
}
each hex_once "${loaders[@]}"
result $? "and after Intel HEX to Intel HEX"

# shellcheck disable=SC2317
hex_canonical() {
	objcopy -I ihex -O ihex "$1" o.hex && convert "$1" a.hex --bytes-per-line 16 && same o.hex a.hex &&
		objcopy -I ihex -O srec "$1" o.srec &&
		convert "$1" a.srec --bytes-per-line 16 --header o.srec && same o.srec a.srec
}
each hex_canonical "${clear[@]}"
result $? "with 16 bytes a line each becomes what objcopy makes of it, as Intel HEX and as S-record"

# shellcheck disable=SC2317
hex_raw() {
	local base
	objcopy -I ihex -O binary "$1" o.bin && convert "$1" a.bin --fill 0 && same o.bin a.bin &&
		base=$(grep -o -- '--base 0x[0-9A-F]*' out | tail -1 | cut -d' ' -f2) &&
		convert a.bin b.hex --base "$base" && convert b.hex d.bin && same d.bin a.bin
}
each hex_raw "${clear[@]}"
result $? "raw it is what objcopy makes of it, and back at its address the same bytes"

# shellcheck disable=SC2317
hex_same_bytes() {
	convert "$1" a.s37 --srec-type 3 --bytes-per-line 32 && grep -q '^S325' a.s37 && image 0 compare "$1" a.s37
}
each hex_same_bytes "${clear[@]}"
result $? "another record length and type hold the same bytes at the same addresses"

# shellcheck disable=SC2317
two_minds_refused() {
	image 3 convert --to raw --out a.bin "$1" && grep -q "$1:35: .*given twice" out && image 3 show "$1" &&
		convert "$1" a.srec && grep -q "note: $1:35: " out
}
each two_minds_refused "${two_minds[@]}"
result $? "a file that says two things of one address keeps its records, and is refused where its bytes count"

# --- what objcopy makes of raw bytes, at addresses where formats change

head -c 200000 /bin/bash >bytes.bin
objcopy_same() { # ADDRESS
	objcopy -I binary -O ihex --change-addresses="$1" bytes.bin o.hex &&
		objcopy -I binary -O srec --change-addresses="$1" bytes.bin o.srec &&
		convert bytes.bin a.hex --base "$1" --entry "$1" && same o.hex a.hex &&
		convert bytes.bin a.srec --base "$1" --entry "$1" --header o.srec && same o.srec a.srec &&
		convert o.hex b.srec --header o.srec && convert o.srec b.hex && convert b.srec c.hex &&
		same o.hex c.hex && convert o.srec c.srec && same o.srec c.srec &&
		convert o.hex a.bin && same bytes.bin a.bin && convert o.srec b.bin && same bytes.bin b.bin
}
each objcopy_same 0 0x8000 0x10000 0xF0000 0xFFFF0 0x100000 0xFFFFF0 0x08000000 0xFFFC0000
result $? "Intel HEX and S-record of raw bytes are objcopy's, byte for byte, from 16 to 32 address bits"

objcopy -I binary -O ihex --change-addresses=0xFFF8 bytes.bin o.hex && convert o.hex a.srec && convert a.srec b.hex &&
	same o.hex b.hex
result $? "records cut at the end of 64 KiB keep their length on the way through S-record"

objcopy -I binary -O srec --srec-len=37 --srec-forceS3 bytes.bin o.srec && convert o.srec a.hex &&
	convert a.hex b.srec --srec-type 3 --header o.srec && convert bytes.bin c.srec --srec-type 3 --bytes-per-line 32 \
	--header o.srec && [[ -s b.srec ]] && image 0 compare o.srec b.srec && image 0 compare o.srec c.srec
result $? "S-records of another length hold the same bytes on the way through Intel HEX"

# --- what objcopy makes of a program: many sections, which touch or leave gaps

objcopy -O ihex /bin/ls o.hex && convert o.hex a.srec && convert a.srec b.hex && same o.hex b.hex
result $? "the Intel HEX of a program with many sections is the same after S-record and back"

objcopy -O srec /bin/true t.srec && convert t.srec a.hex && convert a.hex b.srec --header t.srec && same t.srec b.srec
result $? "its S-records are the same after Intel HEX and back"

# Intel HEX has no record across 64 KiB, so that one of these becomes two
objcopy -O srec /bin/ls o.srec && convert o.srec a.hex && convert a.hex b.srec --header o.srec &&
	image 0 compare o.srec b.srec && (($(wc -l <b.srec) == $(wc -l <o.srec) + 1))
result $? "but for a record across 64 KiB, which becomes two"

objcopy -O binary /bin/ls o.bin && convert o.srec a.bin --fill 0 && same o.bin a.bin && convert o.hex b.bin --fill 0 &&
	same o.bin b.bin
result $? "both become its raw bytes, gaps filled with 0"

printf ':02000004000CEE\n:0400000001020304F2\n:04000005000C0000EB\n:00000001FF\n' >linear.hex
convert linear.hex a.hex && same linear.hex a.hex && convert a.hex b.srec && convert b.srec c.hex --linear &&
	same linear.hex c.hex && convert c.hex d.hex --line-end crlf && [[ $(grep -c $'\r$' d.hex) == 4 ]]
result $? "types 04 and 05 below 1 MiB and line ends are kept, or made with --linear and --line-end"

# --- gaps, files that cannot be

printf ':0400000001020304F2\n:020000040800F2\n:0400000001020304F2\n:00000001FF\n' >far.hex
image 2 convert --to raw --out far.bin far.hex && grep -q -- '--fill' out && [[ ! -e far.bin ]] &&
	convert far.hex far.bin --fill 0xA5 && [[ $(stat -c %s far.bin) == $((0x08000004)) ]] && rm far.bin
result $? "huge gaps are refused for raw unless --fill says what they hold"

printf ':020000040800F2\n:0400000001020304F2\n:04000800050607 08\n:00000001FF\n' >cut.hex
printf ':0400000001020304F2\n:0400080005060708DA\n:00000001FF\n' >gap.hex
convert gap.hex gap.bin && [[ $(od -An -tx1 gap.bin | tr -d ' \n') == 01020304ffffffff05060708 ]]
result $? "small gaps are filled with 0xFF, as erased flash"

cp "${loaders[0]:-gap.hex}" place.hex && image 0 convert --to srec --out place.hex place.hex && grep -q '^S2' place.hex &&
	image 0 convert --to ihex --out place.hex place.hex && same "${loaders[0]:-gap.hex}" place.hex
result $? "a file may be converted in its place"

image 2 convert --out a.srec --srec-type 1 far.hex && grep -q 'needs type 3' out
result $? "an S-record type too small for the addresses is refused in words"

"$BIN/ecu-flash" image convert --to srec --out - gap.hex 2>>out >a.srec && image 0 compare gap.hex a.srec
result $? "the result can go to standard output"

refused() { # FILE LINE WORDS - by convert, and nothing is written
	rm -f none.srec
	image 3 convert --out none.srec "$1" && grep -qF "$1:$2: " out && grep -q "$3" out && [[ ! -e none.srec ]]
}
source=${loaders[0]:-gap.hex}
sed '3s/^:10/:11/' "$source" >broken.hex && refused broken.hex 3 'too short'
result $? "a record that is too short is refused with its line"
sed '5s/..\r*$/00/' "$source" >broken.hex && refused broken.hex 5 'checksum'
result $? "a wrong checksum is refused with its line"
sed '$d' "$source" >broken.hex && refused broken.hex "$(wc -l <broken.hex)" 'cut off'
result $? "a file without its end is refused with its last line"
printf ':0400000001020304F2\n:0400020009090909D6\n:00000001FF\n' >broken.hex &&
	image 3 convert --to raw --out none.bin broken.hex && grep -q 'broken.hex:2: .*given twice' out && [[ ! -e none.bin ]]
result $? "bytes given twice are refused with the second line"
convert "$source" ok.srec && sed '4s/^S\(.\)../S\1FF/' ok.srec >broken.srec && refused broken.srec 4 'too short'
result $? "a broken S-record is refused with its line"
refused cut.hex 3 'hexadecimal\|too'
result $? "what is not hexadecimal is refused with its line"

# --- text formats whose first record is damaged never pass for raw bytes

neither() { # FILE LINE - every verb refuses it with its line, and says how to have it all the same
	refused "$1" "$2" 'with --raw' && image 3 show "$1" && image 3 compare "$1" "$source" &&
		"$BIN/ecu-flash" image show --raw --json "$1" >shown.json 2>>out && grep -q '"format":"raw"' shown.json
}
(printf '; built by hand\r\n' && cat "$source") >text.bin && neither text.bin 1
result $? "Intel HEX behind a comment is refused with its line, and raw with --raw"
sed '1s/^://' "$source" >text.bin && neither text.bin 1
result $? "Intel HEX that lost its first colon too"
sed '1s/^S./Sx/' ok.srec >text.bin && neither text.bin 1
result $? "S-records whose first type is damaged too"
(printf '\xef\xbb\xbf\r\n' && cat "$source") >marked.hex && image 0 compare marked.hex "$source"
result $? "a byte order mark and a blank line before the first record do not matter"
# shellcheck disable=SC2317
only_raw() {
	head -c 999 bytes.bin >"$1"
	image 3 show "$1" && grep -qF "$1: its name says" out && image 0 show --raw "$1"
}
each only_raw a.hex a.ihex a.ihx a.srec a.s19 a.s28 a.s37 a.MOT
result $? "bytes under a name of the text formats are refused, and raw with --raw"

# --- compare

printf 'abcdefgh' >one.bin
printf 'abXXefghij' >two.bin
image 1 compare one.bin two.bin && grep -q '0x00000002..0x00000003  2 bytes: 63 64 | 58 58' out &&
	grep -q '0x00000008..0x00000009  2 bytes only in two.bin' out && grep -q '^2 bytes differ, 0 only in one.bin, 2 only in two.bin' out
result $? "compare says where bytes differ and what only one file has, and ends with 1"

image 1 compare --json one.bin two.bin && tail -1 out | python3 -c '
import json, sys
r = json.load(sys.stdin)
assert r["ranges"] == [{"kind": "differs", "address": 2, "bytes": 2}, {"kind": "only_second", "address": 8, "bytes": 2}], r
assert not r["equal"] and r["bytes_differ"] == 2'
result $? "and as JSON"

image 0 compare "$source" "$source" && grep -q 'the same' out
result $? "equal files end with 0"
echo "1..$number"
