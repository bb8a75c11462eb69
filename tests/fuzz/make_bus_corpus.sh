#!/usr/bin/env bash
# Makes the seeds of fuzz_can_wire, fuzz_isotp, fuzz_uds_channel and fuzz_ecu_core anew, after a change of what those
# fuzzers' bytes mean. What it makes is checked in. The seeds of fuzz_profile are profiles, written by hand.
set -eu
corpus=$(cd "$(dirname "$0")" && pwd)/corpus

seed() { # FUZZER NAME HEX…
	local fuzzer=$1 name=$2
	shift 2
	mkdir -p "$corpus/$fuzzer"
	printf '%s' "$*" | xxd -r -p >"$corpus/$fuzzer/$name"
}

# how many bytes, the packet, then a signal: options, start bit, length
seed fuzz_can_wire classic 00 e0070000 08 000000 0210031122334455 04 0008 10
seed fuzz_can_wire extended 00 f110da98 03 000000 3e80000000000000 05 000f 0c
seed fuzz_can_wire remote 00 23010040 04 000000 0000000000000000
seed fuzz_can_wire error 00 04000020 08 000000 0004000000000000
seed fuzz_can_wire fd 01 e8070000 40 05 0000 \
	"$(for ((i = 0; i < 64; i++)); do printf '%02x' $((i * 37 % 256)); done)" 06 01f0 10

# addressing and kind, frame length, block size, STmin; 00/01 length and first byte: send; 9c/9d: an honest round
seed fuzz_isotp single 20 08 00 00 000004 41 9c 9d
seed fuzz_isotp blocks 20 08 03 00 000063 41 9c 9d 9c 9d 9c 9d 9c 9d 9c 9d 9c 9d 9c 9d
seed fuzz_isotp gaps 24 08 00 05 000030 41 9c 9d 9c 16 9c 16 9c 16 9c 16 9c 16 9c 16 9c 16
seed fuzz_isotp duplex_fd 3c 40 00 00 000263 41 010200 42 9c 9d 9c 9d 9c 9d 9c 9d
seed fuzz_isotp mixed 03 08 08 f1 000020 41 9c 9d 9c 16 9c 16 9c 16 9c 16 9c 16 9c 16 9c 9d
seed fuzz_isotp lost 20 08 00 00 000063 41 9c 9d 84 10 9c 16 16 16
seed fuzz_isotp waits 20 08 00 00 000063 41 84 88 12 03 310000 12 03 310000 12 03 300000 9c
seed fuzz_isotp overflow 20 08 00 00 0002b0 41 9c 9d 16

# block size; 00 length and bytes: request; 84: pop and confirm all; 05 length: answer; 07 NRC: negative answer
seed fuzz_uds_channel session 00 00 02 1003 84 05 05
seed fuzz_uds_channel pending 00 00 04 3101ff00 84 07 78 8d 0b 84 07 78 0b 05 04
seed fuzz_uds_channel busy 00 00 02 1002 84 07 21 0b 84 05 05 00 02 2701 84 07 35
seed fuzz_uds_channel suppressed 00 00 02 3e80 84 0b 8d 0b 84 00 02 1003 84 0b
seed fuzz_uds_channel block 00 00 20 3601"$(printf '%060d' 0)" 84 09 00 84 84 84 05 01
seed fuzz_uds_channel long_answer 00 00 03 22f190 84 78 100a62f190313233 84 78 2134353637000000 0b
seed fuzz_uds_channel answers_service 00 00 03 62f190 84 78 03a2f19000000000
seed fuzz_uds_channel cut_off 00 00 03 22f190 84 78 100a62f190313233 0b 0b 00 01 37 84 28 027f37

# options; 05: unlocked programming session; 03 and three bytes: a likely request; 00 length and bytes: any request
program="05 03 07 0101 03 00 0000 03 02 0020 03 0b 4120 03 04 0000 03 05 0000"
seed fuzz_ecu_core flash 05 "$program" 00 01 1101 08 08
seed fuzz_ecu_core asynchronous 0f "$program" 03 06 0000 03 06 0100
seed fuzz_ecu_core unsecured 00 "$program" 0f 0337 8a
seed fuzz_ecu_core two_blocks 04 05 03 00 0000 03 02 0040 03 0b 2220 03 0b 2220 03 13 3320 03 04 0000 03 05 0000
seed fuzz_ecu_core refused 01 05 03 00 0000 03 02 00ff 03 13 2220 06 0b 9a
seed fuzz_ecu_core functional 04 ff 021003000000 af 0228030100 ef 02850200 ef 023e8000 09 ffff 08
seed fuzz_ecu_core faults 04 0c 0003 3c 0001 4c 0001 05 6c 3122 03 00 0000 7c 1234 0e 8d 05 5c 0001 03 02 0010
