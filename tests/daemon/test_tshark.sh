#!/usr/bin/env bash
# tshark, which is not ours, reads the logs of flashes as ISO 15765 and UDS: no malformed frame, each message whole, and
# as many requests and answers of each service as ecu-flash says it sent and got.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/one_ecu.sh
source "$root/tests/one_ecu.sh"

bytes=20000

# flash_of KIND [KEY=VALUE…] - a flash, with its log and its trace
flash_of() {
	one_ecu_files "$@"
	one_ecu_image "$bytes"
	need one_ecu_start
	need one_ecu_flash --trace
	one_ecu_end
}

# reads [LOG] - whether tshark finds nothing wrong
reads() {
	local functional=7DF form=normal
	case $one_ecu_request in
	18*) functional=18DB33F1 ;;
	6F1) functional=6F0 form=extended ;;
	esac
	python3 "$root/tests/daemon/tshark_log.py" "$form" "${1:-$stage/bus.log}" "$stage/flash.err" "$bytes" "$functional" \
		"$one_ecu_request" "$one_ecu_response"
}

# good SENTENCE - and what tshark counted, as a comment
good() {
	check "$1" reads
	sed 's/^/# /' "$stage/check.out"
}

have_tshark() { # SENTENCE
	command -v tshark >/dev/null && return 0
	skip "$1" "tshark is not installed"
	return 1
}

ids_11() {
	have_tshark "11-bit identifiers" || return
	flash_of 11
	good "tshark reads a flash with 11-bit identifiers"
}

ids_29() {
	have_tshark "29-bit identifiers" || return
	flash_of 29 block_size=8
	good "tshark reads a flash with 29-bit identifiers and flow control every 8 frames"
}

extended() {
	have_tshark "extended addressing" || return
	flash_of extended block_size=8
	good "tshark reads a flash with extended addressing"
}

can_fd() {
	have_tshark "CAN FD" || return
	flash_of fd st_min_us=100
	good "tshark reads a flash over CAN FD"
}

# the nth frame that begins so is changed by a sed script, and tshark or its counts show it
# spoiled SENTENCE BEGIN NTH SED-SCRIPT WORDS
spoiled() {
	local line words=$5
	line=$(grep -n " $2" "$stage/bus.log" | sed -n "$3p" | cut -d: -f1)
	sed -E "${line:-0}$4" "$stage/bus.log" >"$stage/spoiled.log"
	check "$1" eval '! cmp -s "$stage/bus.log" "$stage/spoiled.log" && ! reads "$stage/spoiled.log" >"$stage/words" &&
		grep -qiE "$words" "$stage/words"'
}

spoiled_logs() {
	have_tshark "a spoiled log is noticed" || return
	flash_of 11
	check "the log as it is: nothing wrong" reads
	spoiled "a consecutive frame with a wrong number is noticed" 7E0#2 100 's/#2./#20/' 'came together'
	spoiled "a consecutive frame that is missing is noticed" 7E0#2 100 d 'came together'
	spoiled "a single frame longer than a frame is noticed" 7E0#03 1 's/#03/#09/' 'malformed'
	spoiled "an unknown kind of frame is noticed" 7E0#30 1 's/#30/#40/' 'malformed|bad'
	spoiled "a request that is missing is noticed" 7E0#02 1 d 'the trace says'
	spoiled "an error frame is noticed" 7E0#30 1 's/body .*/body 20000088#0000000800000000/' 'an error frame'
}

run_groups ids_11 ids_29 extended can_fd spoiled_logs
