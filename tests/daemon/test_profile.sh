#!/usr/bin/env bash
# What a profile may ask for, seen from the command: the sequence in words, keys from a shared object, signatures.
# BIN holds the programs. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/daemon/tool.sh
source "$root/tests/daemon/tool.sh"

says() { # WORDS… - each of them stands on stdout
	local words
	for words in "$@"; do
		grep -qF -- "$words" "$work/out" || { echo "missing: $words" >>"$work/err"; return 1; }
	done
}

# --- profile check

head -c 102400 /dev/urandom >"$work/image.bin"
cat >"$work/camera.yaml" <<-END
	name: camera
	template: dual-bank
	addressing: {request: 0x7E4, response: 0x7EC}
	security: {algorithm: library, library: oem_seed_key, key: door-key}
	fingerprint_parts: [{part: date_yymmdd}, {part: tester_serial, length: 10}]
	routines: {erase_argument: block, check_argument: signature}
	routine_status: {erase: {success: 0x10, offset: 1, running: 0x11}}
	change_steps:
	- {at: transfer, retries: 5}
	- {at: fingerprint, accept_nrc: [0x31]}
	- {after: security, add: {step: routine, id: 0x0301, data: 0102}}
END
flash_tool 0 profile check "$work/camera.yaml" &&
	says 'two: written while it runs' '27 01 unlock security level 0x01 (library '"'oem_seed_key'"', key '"'door-key'"')' \
		'31 0301 routine with 0102' "13 bytes: the date, the tester's serial number" 'refused with 31' \
		'erase each unit by its number (1 byte, from 0 on); passed if the status is 10 at byte 1 or none, running if 11' \
		"check each unit with the author's signature" 'transfer the segments, data format 0x00; tried again up to 5 times' \
		'The way back' '31 0211 switch back' 'by size' 'for each 100 KiB of the image'
result $? "a dual-bank profile is told in words, with its arguments, its way back and its times"

[[ $(sed -n '/point of no return/{n;p}' "$work/out") == *'31 0210 switch over'* ]]
result $? "and its point of no return stands before the switch-over"

flash_tool 0 profile check "$root/sim/demo/profiles/door.yaml" "$work/image.bin" &&
	says '85 02 fault memory off, all ECUs' 'Estimate for 102 400 bytes at 500 kbit/s' &&
	[[ $(sed -n '/point of no return/{n;p}' "$work/out") == *'31 FF00 erase each segment by address (4 bytes)'* ]]
result $? "a single-bank profile has its bus parts, and its point of no return before the erase"

flash_tool 0 profile check --json "$root/sim/demo/profiles/door.yaml" "$work/image.bin" &&
	python3 - "$work/out" >>"$work/err" 2>&1 <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		# the total is the sum of its steps, rounded up each, and the eight of the bus
		steps = sum(s["estimate_ms"] for s in d["steps"])
		bus = len(d["bus_before"]) + len(d["bus_after"])
		assert abs(d["estimate"]["total_ms"] - steps - bus * 95) <= len(d["steps"]) + bus, (d["estimate"], steps, bus)
		assert [s["step"] for s in d["steps"] if s["point_of_no_return"]] == ["erase"]
		assert d["way_back"] == []
	END
result $? "its JSON has a time for each step, and their sum"

flash_tool 3 profile check "$work/camera.yaml" "$work/image.bin" &&
	grep -q 'takes a signature of 1..512 bytes, and there is none' "$work/err"
result $? "an image without the signature that the check takes ends with 3"

head -c 513 /dev/zero >"$work/long.sig"
flash_tool 3 profile check "$work/camera.yaml" "$work/image.bin" --signature "$work/long.sig" &&
	grep -q 'long.sig: a signature has 1 to 512 bytes' "$work/err"
result $? "a signature that is too long ends with 3"

head -c 64 /dev/zero >"$work/image.sig"
flash_tool 0 profile check "$work/camera.yaml" "$work/image.bin" --signature "$work/image.sig"
result $? "with its signature the image is estimated"

sed 's/retries: 5/retries: 50/' "$work/camera.yaml" >"$work/wrong.yaml"
flash_tool 3 profile check "$work/wrong.yaml" &&
	grep -q 'wrong.yaml:9: change_steps\[0\].retries: must be 0..10, is 50' "$work/err"
result $? "a wrong change is told by file, line and key"

# --- a shared object for seed and key: the door's ECU wants its secret XOR, which a library built here computes

mkdir "$work/bus" "$work/libraries"
sed '/name: door/,$s/aes-128-cmac/xor/' "$root/sim/demo/virtual-ecus.yaml" >"$work/ecus.yaml"
"$BIN/simbus" --listen "$work/bus/bus" >"$work/bus/simbus.log" 2>&1 &
started+=($!)
wait_for test -S "$work/bus/bus"
"$BIN/virtual-ecu" --config "$work/ecus.yaml" --bus "body=unix:$work/bus/bus" --state-dir "$work/bus" \
	>"$work/bus/ecus.log" 2>&1 &
started+=($!)
wait_for grep -q ready "$work/bus/ecus.log"
sed 's/^security:.*/security: {level: 1, algorithm: library, library: oem_seed_key, key: door-key}/' \
	"$root/sim/demo/profiles/door.yaml" >"$work/door.yaml"
door=(--bus "unix:$work/bus/bus" --profile "$work/door.yaml" --keys "$root/sim/demo/ecu-keys.yaml")
head -c 4096 /dev/urandom >"$work/door.bin"

flash_tool 2 flash "${door[@]}" --base 0x08000000 "$work/door.bin" &&
	grep -q "names the library 'oem_seed_key': --seed-key-dir DIR is missing" "$work/err"
result $? "without a folder for its library the command ends with 2"

flash_tool 3 flash "${door[@]}" --seed-key-dir "$work/libraries" --base 0x08000000 "$work/door.bin" &&
	grep -q 'oem_seed_key.so: No such file' "$work/err"
result $? "a library that is missing is named before the bus is touched"

cat >"$work/oem.c" <<-'END'
	#include "ecu-flash/load/seed_key_abi.h"
	const uint32_t seed_key_abi_version = SEED_KEY_ABI_VERSION;
	int seed_key_compute(const struct seed_key_request *r, uint8_t *key, size_t *n_key)
	{
		if (r->hardware_id[0] != 'D' || r->ecu[0] != 'd' || r->level != 1)
			return 9;
		for (size_t i = 0; i < r->n_seed; i++)
			key[i] = r->seed[i] ^ r->secret[i % r->n_secret];
		*n_key = r->n_seed;
		return 0;
	}
END
if ! command -v cc >/dev/null; then
	number=$((number + 1))
	echo "ok $number - a key from a library unlocks the ECU # SKIP there is no C compiler here"
elif cc -std=c99 -shared -fPIC -I"$root" -o "$work/libraries/oem_seed_key.so" "$work/oem.c" 2>"$work/err"; then
	flash_tool 0 flash "${door[@]}" --seed-key-dir "$work/libraries" --base 0x08000000 "$work/door.bin"
	result $? "a key from a library unlocks the ECU"
	sed -i 's/return 9;/return 9;\n\treturn 7;/; s/if (r->hardware_id.*/if (!r)/' "$work/oem.c"
	cc -std=c99 -shared -fPIC -I"$root" -o "$work/libraries/oem_seed_key.so" "$work/oem.c" &&
		flash_tool 1 flash "${door[@]}" --seed-key-dir "$work/libraries" --base 0x08000000 "$work/door.bin" &&
		grep -q "security: seed and key library 'oem_seed_key': refused (code 7)" "$work/err" &&
		grep -q 'This run erased nothing' "$work/err"
	result $? "a library that refuses ends the run in words, with nothing erased"
else
	result 1 "a key from a library unlocks the ECU"
fi

# --- two banks: the door's ECU gets a second one, and is written while it runs

mkdir "$work/two"
sed '/name: door/,$s/^    security:/    banks: {session: extended}\n    security:/' "$root/sim/demo/virtual-ecus.yaml" \
	>"$work/two.yaml"
"$BIN/simbus" --listen "$work/two/bus" >"$work/two/simbus.log" 2>&1 &
started+=($!)
wait_for test -S "$work/two/bus"
"$BIN/virtual-ecu" --config "$work/two.yaml" --bus "body=unix:$work/two/bus" --state-dir "$work/two" \
	>"$work/two/ecus.log" 2>&1 &
started+=($!)
wait_for grep -q ready "$work/two/ecus.log"
sed '/^steps:/,$d; s/^supply:/template: dual-bank\nsupply:/' "$root/sim/demo/profiles/door.yaml" >"$work/two-banks.yaml"
two=(--bus "unix:$work/two/bus" --profile "$work/two-banks.yaml" --keys "$root/sim/demo/ecu-keys.yaml")

flash_tool 1 flash "${two[@]}" --expect-version never --base 0x08000000 "$work/door.bin" &&
	grep -q "expected 'never'; switched back, the former application runs" "$work/err" &&
	grep -q 'The ECU runs what it ran before' "$work/err" &&
	flash_tool 0 verify "${two[@]:0:4}" --expect-version door-1.0
result $? "a version that was not promised is switched back, and the ECU says the former one"

flash_tool 0 flash --json "${two[@]}" --base 0x08000000 "$work/door.bin" &&
	python3 - "$work/out" >>"$work/err" 2>&1 <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		assert d["old_version"] == "door-1.0" and d["new_version"].startswith("crc-"), d
		assert d["restored"] is False, d
	END
result $? "a dual-bank ECU is flashed and switched over with the template alone"
echo "1..$number"
