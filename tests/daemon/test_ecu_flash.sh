#!/usr/bin/env bash
# The ecu-flash command against virtual ECUs on a simulated bus: what it prints, what it leaves behind, how it ends.
# BIN holds the programs. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/daemon/tool.sh
source "$root/tests/daemon/tool.sh"

start_bus() { # NAME OPTION…
	local name=$1
	shift
	mkdir -p "$work/$name"
	"$BIN/simbus" --listen "$work/$name/bus" "$@" >"$work/$name/simbus.log" 2>&1 &
	started+=($!)
	wait_for test -S "$work/$name/bus"
	"$BIN/virtual-ecu" --config "$root/sim/demo/virtual-ecus.yaml" --bus "body=unix:$work/$name/bus" \
		--state-dir "$work/$name" >"$work/$name/ecus.log" 2>&1 &
	started+=($!)
	wait_for grep -q ready "$work/$name/ecus.log"
}

profiles=$root/sim/demo/profiles
keys=$root/sim/demo/ecu-keys.yaml
start_bus clean
bus=unix:$work/clean/bus
door=(--bus "$bus" --profile "$profiles/door.yaml" --keys "$keys")
lamp=(--bus "$bus" --profile "$profiles/lamp.yaml" --keys "$keys")

objcopy -O srec -j .rodata --change-section-address .rodata=0x08000000 /bin/ls "$work/door.srec" &&
	objcopy -I srec -O binary "$work/door.srec" "$work/door.raw" || exit 1

flash_tool 0 info "${door[@]}" && grep -q 'DOOR-HW-5' "$work/out" && grep -q 'door-1.0' "$work/out"
result $? "info prints the identity of an ECU"

flash_tool 2 flash --bus "$bus"
result $? "wrong usage ends with 2"

flash_tool 2 info "${door[@]}" --bring-up && grep -q 'bring-up needs the --bitrate' "$work/err"
result $? "bringing up an interface needs a bit rate"

flash_tool 4 info --bus lo --bitrate 500000 --profile "$profiles/door.yaml" && grep -q 'lo is no CAN interface' "$work/err"
result $? "an interface that is no CAN interface ends with 4 and says so"

printf ':0400000001020304F2\n:04000400010203FFEE\n:00000001FF\n' >"$work/broken.hex"
flash_tool 3 flash "${door[@]}" "$work/broken.hex" && grep -q 'broken.hex:2: the checksum' "$work/err"
result $? "a broken image ends with 3 and names file and line"

sed 's/level: 1/level: 2/' "$profiles/door.yaml" >"$work/broken.yaml"
flash_tool 3 profile check "$work/broken.yaml" && grep -q 'broken.yaml:5: security.level: must be odd' "$work/err"
result $? "a broken profile ends with 3 and names file, line and key"

flash_tool 4 info --bus "unix:$work/nowhere" --profile "$profiles/door.yaml" && grep -q 'simbus' "$work/err"
result $? "a bus that is not there ends with 4 and says what to do"

sed 's/0x7E1/0x700/; s/0x7E9/0x708/' "$profiles/door.yaml" >"$work/absent.yaml"
flash_tool 5 info --bus "$bus" --profile "$work/absent.yaml" && grep -q 'no answer' "$work/err"
result $? "an ECU that never answers ends with 5"

sed 's/646f/646e/' "$keys" >"$work/wrong-keys.yaml"
flash_tool 1 flash --bus "$bus" --profile "$profiles/door.yaml" --keys "$work/wrong-keys.yaml" "$work/door.srec" &&
	grep -q 'invalid key (NRC 35)' "$work/err" && grep -q 'This run erased nothing' "$work/err"
result $? "a wrong key fails in words before anything is erased"

# env undoes that a shell lets its background jobs ignore SIGINT
sed 's/^ *- {step: erase/  - {step: wait, wait_ms: 20000}\n&/' "$profiles/door.yaml" >"$work/waiting.yaml"
env --default-signal=INT "$BIN/ecu-flash" flash --bus "$bus" --profile "$work/waiting.yaml" --keys "$keys" \
	"$work/door.srec" >"$work/out" 2>"$work/err" &
pid=$!
wait_for grep -q 'wait 20000 ms' "$work/out"
kill -INT $pid
wait $pid
(($? == 130)) && grep -q 'This run erased nothing' "$work/err" && grep -q 'the bus is as before' "$work/out"
result $? "Ctrl-C before the erase stops with 130 and leaves the bus as it was"

flash_tool 0 flash "${door[@]}" --json "$work/door.srec" && grep -q '"verdict":"verified"' "$work/out" &&
	grep -q '"old_version":"door-1.0"' "$work/out" && grep -q 'transfer the segments' "$work/err"
result $? "flash verifies, with one JSON object on stdout and the progress on stderr"

cmp -n "$(stat -c %s "$work/door.raw")" "$work/clean/door.bin" "$work/door.raw" >"$work/err" 2>&1
result $? "the ECU's memory equals the image byte for byte"

version=$(sed -E 's/.*"new_version":"([^"]*)".*/\1/' "$work/out")
flash_tool 0 verify "${door[@]}" --expect-version "$version" && flash_tool 1 verify "${door[@]}" --expect-version nix
result $? "verify tells the right version from a wrong one"

env --default-signal=INT "$BIN/ecu-flash" flash "${door[@]}" "$work/door.srec" >"$work/out" 2>"$work/err" &
pid=$!
wait_for grep -q ' % ' "$work/out"
kill -INT $pid
sleep 0.1
kill -INT $pid
wait $pid && grep -q 'going on until then' "$work/out" && grep -q 'cannot be stopped now' "$work/out" &&
	grep -q 'verified$' "$work/out"
result $? "Ctrl-C after the erase says why it goes on, and goes on to the verification"

"$BIN/ecu-flash" flash "${door[@]}" --json "$work/door.srec" >"$work/out" 2>"$work/err" &
pid=$!
wait_for grep -q ' % ' "$work/err"
"$BIN/ecu-flash" uds --bus "$bus" --request 7E1 --response 7E9 3E 00 >/dev/null 2>&1
wait $pid && grep -q 'another tester sends requests on this bus (identifier 7E1)' "$work/err" &&
	grep -q '"foreign_requests":[1-9]' "$work/out" && grep -q '"verdict":"verified"' "$work/out"
result $? "another tester after the erase is told of, and the flash goes on to its verification"

head -c 200000 /dev/zero >"$work/large.bin"
flash_tool 1 flash "${door[@]}" --base 0x08000000 "$work/large.bin" && grep -q 'request out of range (NRC 31)' "$work/err"
result $? "an image larger than the ECU fails in words"

flash_tool 0 flash "${door[@]}" --recover "$work/door.srec"
result $? "and the ECU can be flashed again"

start_bus lossy --drop 2000 --seed 7
flash_tool 0 flash --bus "unix:$work/lossy/bus" --profile "$profiles/door.yaml" --keys "$keys" "$work/door.srec" &&
	cmp -n "$(stat -c %s "$work/door.raw")" "$work/lossy/door.bin" "$work/door.raw"
result $? "a bus that loses frames in a thousand ends with the same memory"

firmware=/usr/share/firmware-microbit-micropython/firmware.hex
if [[ -r $firmware ]]; then
	flash_tool 0 flash "${lamp[@]}" --trace "$firmware" && grep -q '100 %' "$work/out" &&
		grep -q 'lamp > 36 01 .* (4095 bytes)  TransferData block 01, 4093 bytes' "$work/err"
	result $? "an Intel HEX file of several segments is flashed, with a trace of its requests"
else
	skip "an Intel HEX file of several segments is flashed" "firmware-microbit-micropython is not installed"
fi
echo "1..$number"
