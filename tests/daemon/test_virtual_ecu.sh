#!/usr/bin/env bash
# virtual-ecu as the other end of ecu-flash: what it tells, each form of addressing, two banks, faults in the
# middle. Prints TAP.
# shellcheck disable=SC2154,SC2317  # lib.sh sets root and stage, and calls what is defined here
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

region=16384 # bytes of the ECU's flash, of each bank
image_bytes=3000

ecu_config() { # [LINE…] - of the ECU
	stage_ecus_config=$stage/ecus.yaml
	cat >"$stage_ecus_config" <<-END
		buses: [{name: body}]
		ecus:
		  - name: camera
		    bus: body
		    request_id: 0x7e4
		    response_id: 0x7ec
		    functional_id: 0x7df
		    max_block_length: 514
		    timing: {reset_ms: 200, erase_us_per_kib: 1000, program_us_per_block: 1000}
		    security: {algorithm: xor, key: 5ac3}
		    identification: {serial_number: CAMERA-WITH-A-LONG-SERIAL-NUMBER}
		    version_from: crc32
		    memory: [{address: 0x08000000, size: $region}]
		    factory: {version: old-1, size: 0x400}
	END
	printf '    %s\n' "$@" >>"$stage_ecus_config"
	cat >"$stage/keys.yaml" <<<'keys: [{id: camera-key, hex: 5ac3}]'
	cat >"$stage/camera.yaml" <<-'END'
		name: camera
		addressing: {request: 0x7E4, response: 0x7EC}
		security: {algorithm: xor, key: camera-key}
		timing: {pending_max_s: 1, busy_pause_ms: 100, busy_repeats: 2}
		fingerprint: 20 26 11 23
	END
}

image() { # NAME
	python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(sys.argv[1]).randbytes(int(sys.argv[2])))' \
		"$1" "$image_bytes" >"$stage/$1.bin"
}

flash() { # IMAGE [ARGUMENT…]
	local image=$1
	shift
	"$BIN/ecu-flash" flash --bus "unix:$stage/bus" --profile "$stage/camera.yaml" --keys "$stage/keys.yaml" \
		--base 0x08000000 "$@" "$stage/$image.bin"
}

# bank_holds NAME.bin OFFSET - of its file; the file is mapped, so it is up to date while the ECU runs
bank_holds() {
	cmp -n "$image_bytes" "$stage/$1" <(tail -c "+$(($2 + 1))" "$stage/ecus/camera.bin")
}

status_says() { # PATTERN
	stage_say "$stage/ecus.control" status >"$stage/status.json"
	grep -q -- "$1" "$stage/status.json" && return 0
	cat "$stage/status.json"
	return 1
}

restarted() {
	stage_kill vecu TERM
	stage_ecus
}

two_banks() {
	local one two
	ecu_config 'banks: {}'
	echo 'template: dual-bank' >>"$stage/camera.yaml"
	image one
	image two
	need stage_bus sim
	need stage_ecus
	cp "$stage/ecus/camera.bin" "$stage/factory.bin"
	one=crc-$(image_crc "$stage/one.bin")
	two=crc-$(image_crc "$stage/two.bin")
	check "a dual-bank ECU is flashed into bank B and boots it" flash one
	check "bank B holds the image byte for byte" bank_holds one.bin "$region"
	check "bank A is untouched" cmp -n "$region" "$stage/factory.bin" "$stage/ecus/camera.bin"
	check "the version is that of bank B" status_says "\"version\":\"$one\""
	need restarted
	check "after a restart bank B still runs" status_says "\"version\":\"$one\".*\"bank\":\"b\""
	check "the next flash goes into bank A" flash two
	check "bank A holds the second image" bank_holds two.bin 0
	check "bank B still holds the first one" bank_holds one.bin "$region"
	check "bank A runs" status_says "\"version\":\"$two\".*\"bank\":\"a\",\"next_bank\":\"a\",\"other_bank_valid\":true"
	check "a version that is not the expected one is switched back" switched_back one
	check "and bank A runs again" status_says "\"version\":\"$two\".*\"bank\":\"a\""
}

switched_back() { # IMAGE
	expect_status 1 flash "$1" --expect-version another --json >"$stage/flash.json" 2>"$stage/flash.log" &&
		grep -q '"restored":true' "$stage/flash.json" && return 0
	cat "$stage/flash.json" "$stage/flash.log"
	return 1
}

fault() { # WORD…
	stage_say "$stage/ecus.control" "fault camera $*" >"$stage/fault.json" && grep -q '"ok":true' "$stage/fault.json"
}

# the flash fails within the time of its profile, and the ECU takes the next one
fails_and_recovers() { # FAULT ; WHAT ENDS IT
	fault "$1" || return 1
	expect_status 1 flash one --recover || return 1
	[[ -z ${2:-} ]] || fault "$2" || return 1
	flash one --recover
}

repeats_and_verifies() { # FAULT…
	fault "$@" && flash one --recover >"$stage/flash.log" 2>&1 && grep -qE 'repeat(s +[1-9]|ed)' "$stage/flash.log" && return 0
	cat "$stage/flash.log"
	return 1
}

verifies_at_once() { # FAULT…
	fault "$@" && flash one --recover >"$stage/flash.log" 2>&1 && ! grep -qE 'repeat(s +[1-9]|ed)' "$stage/flash.log" &&
		return 0
	cat "$stage/flash.log"
	return 1
}

faults() {
	ecu_config 'faults:' '  - {fault: drop-answers, argument: 1, at_service: 0x36, after: 2}'
	image one
	need stage_bus sim
	need stage_ecus
	check "a lost answer from the file's faults costs a block repeat only" flash one
	check "the memory is the image" bank_holds one.bin 0
	check "an answer with a wrong sequence number costs a repetition" repeats_and_verifies wrong-sequence 1 at 27
	check "an ECU that puts blocks off with flow control WAIT is waited for" verifies_at_once wait 700 at 34
	check "low voltage at the erase" fails_and_recovers "voltage-low on at 31" "voltage-low off"
	check "a wrong CRC" fails_and_recovers "wrong-crc on" "wrong-crc off"
	check "a block length too short for a byte" fails_and_recovers "block-length 2" "block-length off"
	check "an erase that never ends" fails_and_recovers "stuck-erase on" "stuck-erase off"
	check "response pending without end" fails_and_recovers "pending 34" "pending off"
	check "a reset in the middle of the blocks costs repetitions" repeats_and_verifies reset at 36 after 3
	check "a wrong counter in an answer costs a repetition" repeats_and_verifies wrong-counter 1 at 36 after 1
	check "the memory is the image after all of that" bank_holds one.bin 0
	check "no fault waits any more" status_says '"faults_waiting":0'
}

# one ECU and one profile a form of addressing; the profile's preconditions are asked in the extended session, into which
# a functional request has brought the ECU
form() { # NAME FUNCTIONAL[, functional_address: BYTE] PROFILE-ADDRESSING ECU-KEY…
	cat >>"$stage_ecus_config" <<-END
		  - name: $1
		    bus: body
		    functional_id: ${2%%,*}
		    timing: {reset_ms: 200, erase_us_per_kib: 1000, program_us_per_block: 1000}
		    security: {algorithm: xor, key: 5ac3}
		    identification: {serial_number: $1-WITH-A-LONG-SERIAL}
		    version_from: crc32
		    memory: [{address: 0x08000000, size: $region}]
		    factory: {version: old-1, size: 0x400}
	END
	printf '    %s\n' "${@:4}" >>"$stage_ecus_config"
	[[ $2 != *,* ]] || echo "    ${2#*, }" >>"$stage_ecus_config"
	cat >"$stage/$1.yaml" <<-END
		name: $1
		addressing: {$3, functional: $2}
		security: {algorithm: xor, key: camera-key}
		timing: {pending_max_s: 1}
		fingerprint: 20 26 11 23
	END
}

flash_form() { # NAME
	"$BIN/ecu-flash" flash --bus "unix:$stage/bus" --profile "$stage/$1.yaml" --keys "$stage/keys.yaml" \
		--base 0x08000000 "$stage/one.bin" && cmp -n "$image_bytes" "$stage/one.bin" "$stage/ecus/$1.bin"
}

addressing() {
	local name
	ecu_config
	image one
	form normal29 0x18000003 'id_bits: 29, request: 0x18000001, response: 0x18000002' \
		'id_bits: 29' 'request_id: 0x18000001' 'response_id: 0x18000002'
	form fixed 0x18db33f1 'form: normal-fixed, target_address: 0x34' \
		'addressing: normal-fixed' 'target_address: 0x34'
	form extended 0x6f0 'form: extended, request: 0x6f1, response: 0x612, target_address: 0x12' \
		'addressing: extended' 'request_id: 0x6f1' 'response_id: 0x612' 'target_address: 0x12'
	form mixed11 0x7d0 'form: mixed, request: 0x700, response: 0x708, address_extension: 0x55' \
		'addressing: mixed' 'request_id: 0x700' 'response_id: 0x708' 'address_extension: 0x55'
	form mixed29 0x18cd33f1 \
		'form: mixed, id_bits: 29, request: 0x18ce12f1, response: 0x18cef112, address_extension: 0x55' \
		'addressing: mixed' 'id_bits: 29' 'request_id: 0x18ce12f1' 'response_id: 0x18cef112' 'address_extension: 0x55'
	form extended_all '0x6f1, functional_address: 0xdf' \
		'form: extended, request: 0x6f1, response: 0x622, target_address: 0x22' \
		'addressing: extended' 'request_id: 0x6f1' 'response_id: 0x622' 'target_address: 0x22'
	form mixed_all '0x7d1, functional_address: 0xaa' \
		'form: mixed, request: 0x710, response: 0x718, address_extension: 0x55' \
		'addressing: mixed' 'request_id: 0x710' 'response_id: 0x718' 'address_extension: 0x55'
	need stage_bus sim
	need stage_ecus
	for name in normal29 fixed extended mixed11 mixed29 extended_all mixed_all; do
		check "an ECU is flashed by $name addressing" flash_form "$name"
	done
}

tool() { # VERB ARGUMENT…
	"$BIN/ecu-flash" "$1" --bus "unix:$stage/bus" "${@:2}"
}

tool_says() { # VERB PATTERN ARGUMENT…
	local verb=$1 pattern=$2
	shift 2
	tool "$verb" "$@" >"$stage/said.log" 2>&1 && grep -q -- "$pattern" "$stage/said.log" && return 0
	cat "$stage/said.log"
	return 1
}

# what the bench tool reads of an ECU
read_out() {
	ecu_config 'dtc_availability: 0x2f' 'dtcs: [{code: 0xc10000, status: 0x09}, {code: 0x123456}]'
	sed -i -E 's/^( +memory: .*)\}\]/\1, upload: true}]/' "$stage_ecus_config"
	need stage_bus sim
	need stage_ecus
	local -a profile=(--profile "$stage/camera.yaml" --keys "$stage/keys.yaml")
	check "a range of the memory is uploaded" \
		tool read "${profile[@]}" --address 0x08000000 --length 2000 --out "$stage/read.bin"
	check "it is the memory byte for byte" cmp -n 2000 "$stage/read.bin" "$stage/ecus/camera.bin"
	check "info tells the identification" \
		tool_says info 'CAMERA-WITH-A-LONG-SERIAL-NUMBER' "${profile[@]}"
	check "and the trouble code that is set, alone" eval \
		"grep -q U0100 $stage/said.log && grep -qx '  trouble codes: 1' $stage/said.log"
	check "an identifier that the ECU does not have is left out of its answer, and that is fine" \
		tool_says uds "F18C (serial number): 'CAMERA-" --request 7E4 --response 7EC 22 F150 F18C
	check "scan finds the ECU" tool_says scan '7E4'
}

run_groups read_out addressing two_banks faults
