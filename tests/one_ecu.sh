# Sourced by scripts that flash one virtual ECU of a given kind: its configuration, its profile, the bus and the ECU.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # set here for whoever sources this; root, BIN and stage come from there
#
# Kinds: "11" (500 kbit/s, 11-bit identifiers), "29" (29-bit ones), "fd" (CAN FD, 1 and 8 Mbit/s, 11-bit ones),
# "extended" (as 11, with extended addressing).

one_ecu_request=7E0
one_ecu_response=7E8

# one_ecu_files KIND [KEY=VALUE…] - KEY: block_size, st_min_us (asked for by the ECU), max_block, program_us (per block)
one_ecu_files() {
	local kind=$1 word bits=11 fd=false functional=7DF form=normal target=''
	local block_size=0 st_min_us=0 max_block=4095 program_us=0
	shift
	for word in "$@"; do
		local "${word%%=*}=${word#*=}"
	done
	one_ecu_request=7E0 one_ecu_response=7E8
	one_ecu_rates=(--bitrate 500000)
	case $kind in
	29) bits=29 one_ecu_request=18DA10F1 one_ecu_response=18DAF110 functional=18DB33F1 ;;
	extended)
		one_ecu_request=6F1 one_ecu_response=612 functional=6F0
		form=extended target='target_address: 0x12'
		;;
	fd) fd=true one_ecu_rates=(--bitrate 1000000 --data-bitrate 8000000) ;;
	esac
	cat >"$stage/ecu.yaml" <<-END
		buses: [{name: body, fd: $fd}]
		ecus:
		  - name: ecu
		    bus: body
		    addressing: $form
		    ${target:-#}
		    id_bits: $bits
		    request_id: 0x$one_ecu_request
		    response_id: 0x$one_ecu_response
		    functional_id: 0x$functional
		    max_block_length: $max_block
		    link: {block_size: $block_size, st_min_us: $st_min_us, fd: $fd, brs: $fd}
		    timing: {erase_us_per_kib: 100, program_us_per_block: $program_us, check_us_per_kib: 10, boot_switch_ms: 0}
		    security: {algorithm: aes-128-cmac, key: 6c616d702d64656d6f2d6b65792d3031}
		    identification: {hardware_number: HW-1, serial_number: SN-000417}
		    version_from: crc32
		    memory: [{address: 0, size: 0x100000, sector: 1024}]
		    factory: {version: factory-1.0, size: 0x400}
	END
	cat >"$stage/profile.yaml" <<-END
		name: ecu
		template: single-bank
		addressing: {form: $form, id_bits: $bits, request: 0x$one_ecu_request, response: 0x$one_ecu_response, functional: 0x$functional${target:+, $target}}
		link: {fd: $fd}
		timing: {boot_wait_ms: 100, boot_max_ms: 10000}
		security: {level: 1, algorithm: aes-128-cmac, key: lamp-key}
		fingerprint: 20 26 11 23 67 61 74 65 77 61 79
		routines: {erase_argument: address-length, check_argument: crc32}
		memory: {address_bytes: 4, length_bytes: 4}
	END
}

# one_ecu_start [SIMBUS-OPTION…] - for the files at hand; the log is $stage/bus.log
one_ecu_start() {
	stage_port=unix:$stage/bus
	stage_ecus_config=$stage/ecu.yaml
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --log "$stage/bus.log" --name body \
		--control "$stage/bus.control" "${one_ecu_rates[@]}" "$@"
	stage_ready simbus 5 listening && stage_ecus
}

# one_ecu_image BYTES - of random data, whose first byte is that of no other format
one_ecu_image() {
	{ printf '\245' && head -c $(($1 - 1)) /dev/urandom; } >"$stage/image.bin"
}

# the command line of a flash, for whoever runs it
one_ecu_flash_command() {
	one_ecu_command=("$BIN/ecu-flash" flash --bus "$stage_port" --profile "$stage/profile.yaml"
		--keys "$root/sim/demo/ecu-keys.yaml" --base 0 "$@" "$stage/image.bin")
}

# one_ecu_flash [OPTION…] - ends verified, and the ECU holds the image
one_ecu_flash() {
	one_ecu_flash_command "$@"
	"${one_ecu_command[@]}" >"$stage/flash.out" 2>"$stage/flash.err" &&
		cmp -n "$(stat -c %s "$stage/image.bin")" "$stage/image.bin" "$stage/ecus/ecu.bin" && return 0
	tail -5 "$stage/flash.out" "$stage/flash.err"
	return 1
}

# bus and ECU end; the log is complete then
one_ecu_end() {
	stage_kill vecu TERM
	stage_kill simbus TERM
}
