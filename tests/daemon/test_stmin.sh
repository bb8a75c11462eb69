#!/usr/bin/env bash
# STmin on the paced bus: from the log, bit for bit and in bus time, no consecutive frame of a flash begins earlier than
# the ECU asks, counted from the end of the frame before it.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/one_ecu.sh
source "$root/tests/one_ecu.sh"

# gaps ST-MIN-US [LOG] - prints them; whether there are any, and none is too short
gaps() {
	"$BIN/can-rate" --ecu "ecu=$one_ecu_request:$one_ecu_response" "${one_ecu_rates[@]}" --st-min "$1" --json \
		"${2:-$stage/bus.log}" | python3 -c '
import json, sys
ecu = json.load(sys.stdin)["ecus"][0]
print("%(gaps)d gaps, the least %(least_gap_us).1f us, %(early)d too early, %(ratio).3f of the limit" % ecu)
sys.exit(ecu["gaps"] < 100 or ecu["early"] > 0)'
}

# flash_with KIND ST-MIN-US BYTES
flash_with() {
	one_ecu_files "$1" "block_size=8" "st_min_us=$2"
	one_ecu_image "$3"
	need one_ecu_start
	need one_ecu_flash
	one_ecu_end
	check "STmin $2 us, BS 8, $1: no consecutive frame is early" gaps "$2"
	sed 's/^/# /' "$stage/check.out"
}

us_100() {
	flash_with 11 100 16384
	# the same log with one consecutive frame dated 285 us after the one before it, of which its own 222 to 270 us are most
	awk '{ date = substr($1, 2, 10) * 1000000 + substr($1, 13, 6) }
		/ 7E0#2/ && after && ++n == 50 { $1 = sprintf("(%d.%06d)", (after + 285) / 1000000, (after + 285) % 1000000) }
		{ after = / 7E0#2/ ? date : 0; print }' "$stage/bus.log" >"$stage/early.log"
	check "a frame that is early is found" eval '! cmp -s "$stage/bus.log" "$stage/early.log" && ! gaps 100 "$stage/early.log"'
}

us_500() {
	flash_with 29 500 16384
}

ms_1() {
	flash_with 11 1000 8192
}

ms_10() {
	flash_with 11 10000 2048
}

fd_100() {
	flash_with fd 100 65536
}

run_groups us_100 us_500 ms_1 ms_10 fd_100
