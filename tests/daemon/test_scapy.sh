#!/usr/bin/env bash
# Scapy, an independent ISO-TP and UDS: as tester of virtual-ecu, and as the ECU that ecu-flash flashes. Prints TAP.
# shellcheck disable=SC2154,SC2317  # lib.sh sets root and stage, and calls what is defined here
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "$0")/lib.sh"

# Debian's own python3, which has Debian's python3-scapy; the python3 on PATH may be another
python=/usr/bin/python3
here=$root/tests/daemon

made_by_scapy() { # an image of 2000 bytes
	"$python" -c 'import random, sys; sys.stdout.buffer.write(random.Random("scapy").randbytes(2000))' >"$stage/image.bin"
}

ecu_config() {
	stage_ecus_config=$stage/peer.yaml
	cat >"$stage_ecus_config" <<-'END'
		buses: [{name: body}]
		ecus:
		  - name: peer
		    bus: body
		    request_id: 0x7e0
		    response_id: 0x7e8
		    functional_id: 0x7df
		    max_block_length: 256
		    timing: {s3_ms: 1000, reset_ms: 100, erase_us_per_kib: 1000, program_us_per_block: 1000}
		    security: {algorithm: xor, key: 5ac3, seed_bytes: 8, delay_ms: 500}
		    identification: {serial_number: SERIAL-NUMBER-OF-30-CHARACTERS}
		    version_from: crc32
		    memory: [{address: 0x08000000, size: 0x4000, upload: true}]
		    deauthenticates: true
		    dtc_availability: 0x2f
		    dtcs: [{code: 0xc10000, status: 0x09}, {code: 0x123456}]
		    factory: {version: old-1, size: 0x400}
		    dids:
		      - {id: 0x0110, hex: "00000000000000000000 00000000000000000000 00000000000000000000 00000000000000000000", writable: true}
		  - name: extended
		    bus: body
		    addressing: extended
		    request_id: 0x6f1
		    response_id: 0x612
		    target_address: 0x12
		    identification: {serial_number: EXTENDED-ADDRESSING-OF-ISO-TP}
		    version: "1"
		    memory: [{address: 0, size: 0x400}]
		    dids: [{id: 0x0110, text: "a text of more than twenty bytes", writable: true}]
		  - name: fixed
		    bus: body
		    addressing: normal-fixed
		    target_address: 0x34
		    identification: {serial_number: NORMAL-FIXED-OF-ISO-TP}
		    version: "1"
		    memory: [{address: 0, size: 0x400}]
		    dids: [{id: 0x0110, text: "a text of more than twenty bytes", writable: true}]
	END
}

tester() {
	made_by_scapy
	ecu_config
	need stage_bus sim
	need stage_ecus
	"$python" "$here/scapy_client.py" "$stage/bus" "$stage/ecus.control" "$stage/image.bin"
	check "the virtual ECU's memory equals the image byte for byte" \
		cmp -n 2000 "$stage/image.bin" "$stage/ecus/peer.bin"
}

flash() { # IMAGE
	"$BIN/ecu-flash" flash --bus "unix:$stage/bus" --profile "$stage/scapy.yaml" --keys "$stage/keys.yaml" "$1" \
		>"$stage/flash.log" 2>&1 && grep -q 'verified$' "$stage/flash.log" && return 0
	cat "$stage/flash.log"
	return 1
}

ecu() {
	made_by_scapy
	objcopy -I binary -O srec --change-addresses=0x08000000 "$stage/image.bin" "$stage/image.srec"
	need stage_bus sim
	cat >"$stage/keys.yaml" <<<'keys: [{id: scapy-key, hex: a55a0ff0}]'
	cat >"$stage/scapy.yaml" <<-'END'
		name: scapy
		addressing: {request: 0x7E0, response: 0x7E8}
		security: {algorithm: xor, key: scapy-key}
		timing: {p2_ms: 1000, boot_wait_ms: 100}
		fingerprint: 20 26 11 23
	END
	stage_spawn scapy_ecu "$python" "$here/scapy_ecu.py" "$stage/bus" 0x08000000 0x4000 "$stage/received.bin"
	need stage_ready scapy_ecu 10 ready
	check "ecu-flash flashes an ECU made of Scapy, from an S-record, and ends verified" flash "$stage/image.srec"
	check "the ECU made of Scapy received the image byte for byte" cmp "$stage/image.bin" "$stage/received.bin"
}

run_groups tester ecu
