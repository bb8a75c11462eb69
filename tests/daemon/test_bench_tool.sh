#!/usr/bin/env bash
# What ecu-flash gives an engineer at the bench: scan, info, uds, read, verify; traces, logs and how they end. Prints TAP.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

profiles=$root/sim/demo/profiles
keys=$root/sim/demo/ecu-keys.yaml

bench() { # a bus with the demo's two ECUs
	ecus_config
	need stage_bus sim
	need stage_ecus
}

# tool STATUS VERB ARGUMENT… - on this bus; its words are in ./out and ./err of the stage
tool() {
	local expected=$1 verb=$2
	shift 2
	expect_status "$expected" "$BIN/ecu-flash" "$verb" --bus "unix:$stage/bus" "$@" >"$stage/out" 2>"$stage/err" && return 0
	cat "$stage/out" "$stage/err"
	return 1
}

out_has() { # REGULAR-EXPRESSION…
	local pattern
	for pattern in "$@"; do
		grep -qE -- "$pattern" "$stage/out" && continue
		echo "there is no '$pattern' in:"
		cat "$stage/out"
		return 1
	done
}

err_has() {
	local pattern
	for pattern in "$@"; do
		grep -qE -- "$pattern" "$stage/err" && continue
		echo "there is no '$pattern' in:"
		cat "$stage/err"
		return 1
	done
}

json() { # PYTHON-EXPRESSION of r, that must be true
	python3 -c 'import json, sys
r = json.loads(open(sys.argv[1]).read())
assert eval(sys.argv[2]), r' "$stage/out" "$1"
}

scanning() {
	bench
	check "scan finds both ECUs, their addresses and who they are" eval \
		'tool 0 scan --ids 7D0-7EF && out_has "^7E0 +7E8 +normal, 11 bit +yes .*LAMP-HW-2" "^7E1 +7E9 .*DOOR-002210"'
	check "and says the same as JSON" eval \
		'tool 0 scan --ids 7E0-7E1 --json && json "[(e[\"request\"], e[\"response\"]) for e in r[\"ecus\"]] == [(0x7e0, 0x7e8), (0x7e1, 0x7e9)]" &&
		 json "r[\"ecus\"][0][\"identification\"][\"F18C\"] == \"'"'LAMP-000417'"'\""'
	check "it is polite: never more than 100 probes in a second, and none where others send" eval \
		'tool 0 scan --ids 700-77F --candump "$stage/scan.log" && at_most_100_in_a_second "$stage/scan.log" &&
		 ! grep -qE " 7E[89]#023E00" "$stage/scan.log"'
	check "a range in which nobody is ends with the ECUs that answered functionally" eval \
		'tool 0 scan --ids 600-601 && out_has "^not found +7E8 " "^not found +7E9 "'
	check "with 29-bit identifiers nobody answers here: 5, and what to try" eval \
		'tool 5 scan --normal-fixed --ids 10-12 && err_has "nothing answers" "Try another range"'
	check "its help says which ECUs it cannot find" eval \
		'"$BIN/ecu-flash" scan --help >"$stage/out" && out_has "extended or mixed addressing.* are not found"'
	check "Ctrl-C ends a scan with what it found" eval 'interrupted'
}

at_most_100_in_a_second() { # LOG
	awk -F'[().]' '/ [0-9A-F]+#023E00/ { n[$2]++; all++ }
		END { for (second in n) if (n[second] > 101) exit 1; exit !all }' "$1"
}

interrupted() {
	local pid status=0
	env --default-signal=INT "$BIN/ecu-flash" scan --bus "unix:$stage/bus" >"$stage/out" 2>"$stage/err" &
	pid=$!
	stage_until 5 grep -q 'answers at 7E9' "$stage/err"
	sleep 0.5
	kill -INT "$pid"
	wait "$pid" || status=$?
	((status == 130)) && out_has '7E8'
}

scanning_29_bits() {
	ecus_config
	sed -i -E '0,/request_id: 0x7e0/s//addressing: normal-fixed\n    target_address: 0x12/; 0,/ response_id: 0x7e8/s// id_bits: 29/; 0,/functional_id: 0x7df/s//functional_id: 0x18DB33F1/' \
		"$stage_ecus_config"
	need stage_bus sim
	need stage_ecus
	check "an ECU with normal fixed addressing is found by its target address" eval \
		'tool 0 scan --normal-fixed --ids 00-20 && out_has "^18DA12F1 +18DAF112 +normal fixed +yes .*LAMP-HW-2" && (($(wc -l <"$stage/out") == 2))'
	check "and as one of 29-bit identifiers" eval \
		'tool 0 scan --29bit --ids 18DA12F0-18DA12F2 && out_has "^18DA12F1 +18DAF112 +normal, 29 bit "'
	check "uds and info speak to it" eval \
		'tool 0 uds --request 18DA12F1 --response 18DAF112 22F18C && out_has "LAMP-000417" && tool 0 info --request 18DA12F1 --response 18DAF112'
}

asking() {
	local lamp=(--request 7E0 --response 7E8)
	bench
	check "info of an ECU without a profile reads its identification" eval \
		'tool 0 info "${lamp[@]}" && out_has "F191 .*LAMP-HW-2" "F18C .*serial number.*LAMP-000417" "trouble codes: 0"'
	ecu_fault lamp dtc C10000
	check "and its trouble codes, as testers write them" eval \
		'tool 0 info "${lamp[@]}" && out_has "trouble codes: 1" "^  U0100-00  .*confirmedDTC"'
	check "as JSON too" eval \
		'tool 0 info --profile "$profiles/lamp.yaml" --json && json "r[\"dtcs\"][0][\"code\"] == \"U0100-00\" and \"confirmedDTC\" in r[\"dtcs\"][0][\"words\"]" &&
		 json "r[\"identity\"][\"serial_number\"] == \"LAMP-000417\""'
	check "uds sends a raw request and says the answer in words" eval \
		'tool 0 uds "${lamp[@]}" 22 F1 8C && out_has "^> 22 F1 8C$" "^< 62 F1 8C 4C 41" "ReadDataByIdentifier F18C \(serial number\): .LAMP-000417"'
	check "several in one session, and a pause for none" eval \
		'tool 0 uds "${lamp[@]}" 1003 , 22F186 , 3E 80 && out_has "^< 50 03" "^< 62 F1 86 03" "silence, as asked for"'
	check "a refusal ends it with 1, what it commonly means and what to try" eval \
		'tool 1 uds "${lamp[@]}" 22F190,22F18C && out_has "refused: request out of range \(NRC 31\)" "It commonly means: " "What to try: " "not sent"'
	check "no answer ends it with 5 and what to look at" eval \
		'tool 5 uds --request 700 --response 708 3E00 && err_has "no answer" "ecu-flash scan"'
	check "as JSON" eval \
		'tool 1 uds "${lamp[@]}" --json 27,22F18C && json "r[\"exit_code\"] == 1 and r[\"exchanges\"][0][\"nrc\"] == 0x13 and not r[\"exchanges\"][1][\"sent\"]"'
	check "with --functional all ECUs are asked, and each answer is said, long ones too" eval \
		'tool 0 uds --functional 7DF 22F18C && out_has "^7E8 < 62 F1 8C 4C 41" "LAMP-000417" "^7E9 < 62 F1 8C 44 4F" "DOOR-002210" &&
		 tool 0 uds --functional 7DF --json 3E00 && json "sorted(e[\"response\"] for e in r[\"ecus\"]) == [0x7e8, 0x7e9]"'
	check "nobody answers what nobody supports: 5, and why" eval \
		'tool 5 uds --functional 7DF 22F190 && err_has "nobody answers" "without an answer" && tool 2 uds --functional 7DF 22F190,3E00'
	check "identifiers beside a profile, which would not be used, are refused: 2" eval \
		'tool 2 uds "${lamp[@]}" --profile "$profiles/door.yaml" 3E00 && err_has "goes without --request" &&
		 tool 2 info --response 7E8 --profile "$profiles/door.yaml" && tool 2 info --fd --profile "$profiles/door.yaml"'
	check "what is no request is refused: 2" eval \
		'tool 2 uds "${lamp[@]}" 22F && err_has "two hexadecimal digits" && tool 2 uds "${lamp[@]}" , && tool 2 uds 3E00 && err_has "--request"'
}

watching() {
	bench
	check "--trace says each request and answer in words, with times" eval \
		'tool 0 info --profile "$profiles/lamp.yaml" --trace &&
		 err_has "^ +[0-9]+\.[0-9]{3} ms  lamp > 22 F1 91  ReadDataByIdentifier F191 \(hardware\)$" \
			"^ +[0-9]+\.[0-9]{3} ms  lamp < 62 F1 91 .*: .LAMP-HW-2.; after [0-9]+\.[0-9]{3} ms$"'
	check "functional requests are among it" eval \
		'image_of 512 && tool 0 flash --profile "$profiles/lamp.yaml" --keys "$keys" --trace "$stage/image.bin" &&
		 err_has "functional > 10 03  DiagnosticSessionControl" "functional > 3E 80 .*no positive answer wanted" "RequestDownload at 0x00000000, 512 bytes"'
	check "what is done to the bus is said in words" eval \
		'out_has "bus: 10 03 extended session" "bus: 31 0203 programming preconditions" "bus: 85 02 fault memory off" "bus: 28 03 01 normal communication off" "bus: 28 00 01 normal communication on"'
	check "--candump writes what was on the bus, frame by frame as the bus has it" eval \
		'tool 0 info --profile "$profiles/door.yaml" --candump "$stage/info.log" && same_frames "$stage/info.log" 7E1 7E9'
	check "and on standard output, with the words on standard error" eval \
		'tool 0 uds --request 7E1 --response 7E9 --candump - 3E00 && out_has "^\([0-9]+\.[0-9]{6}\) bus 7E1#023E00" "bus 7E9#027E00" &&
		 ! grep -v "^(" "$stage/out" && err_has "^< 7E 00"'
	check "but not together with --json: 2" eval 'tool 2 uds --request 7E1 --response 7E9 --json --candump - 3E00'
	check "output that cannot be written is said, and is no success" eval 'unwritable_output'
	check "a log that cannot be written whole hides nothing of the result, and is no success" eval 'unwritable_log'
	check "a reader of the log that goes away takes nothing of the result" eval 'reader_gone'
	check "a log that cannot be opened is said" eval \
		'tool 1 uds --request 7E1 --response 7E9 --candump "$stage/nowhere/log" 3E00 && err_has "nowhere/log: No such file"'
}

# a disk that is full
unwritable_log() {
	local lamp=(--profile "$profiles/lamp.yaml" --candump /dev/full)
	image_of 512
	tool 1 flash "${lamp[@]}" --keys "$keys" "$stage/image.bin" && out_has "verdict +verified" && err_has "/dev/full: the log" || return 1
	tool 1 flash "${lamp[@]}" --keys "$keys" --base 0x10000000 "$stage/image.bin" --json && err_has "/dev/full: the log" &&
		json 'r["error"]["nrc"] == 0x31 and r["error"]["ecu_state"] and r["log_error"] == "No space left on device"' || return 1
	tool 1 info "${lamp[@]}" --json && json 'r["exit_code"] == 1 and r["identity"]["serial_number"] == "LAMP-000417"' || return 1
	tool 1 uds --request 7E0 --response 7E8 --candump /dev/full 3E00 && out_has "^< 7E 00" && err_has "/dev/full: the log" || return 1
	tool 5 uds --request 700 --response 708 --candump /dev/full 3E00 && err_has "no answer" "/dev/full: the log" || return 1
	tool 1 scan --ids 7E0-7E1 --candump /dev/full && out_has "^7E0 +7E8" && err_has "/dev/full: the log" || return 1
	tool 1 read "${lamp[@]}" --address 0 --length 16 --out "$stage/none.bin" && err_has "refused" "Nothing was written" "/dev/full: the log" || return 1
	tool 1 uds --functional 7DF --candump /dev/full 3E00 && out_has "^7E8 < 7E 00"
}

reader_gone() { # of a log on standard output
	local -a ends
	"$BIN/ecu-flash" info --bus "unix:$stage/bus" --profile "$profiles/lamp.yaml" --candump - 2>"$stage/err" | true
	ends=("${PIPESTATUS[@]}")
	((ends[0] == 1)) && err_has "LAMP-000417" "-: the log"
}

unwritable_output() {
	local arguments
	printf ':0400000001020304F2\n:00000001FF\n' >"$stage/small.hex"
	for arguments in "info --bus unix:$stage/bus --profile $profiles/lamp.yaml --json" \
		"uds --bus unix:$stage/bus --request 7E0 --response 7E8 3E00" "scan --bus unix:$stage/bus --ids 7E0-7E1" \
		"image show $stage/small.hex" "profile check $profiles/lamp.yaml" "--help"; do
		# shellcheck disable=SC2086 # words
		expect_status 1 "$BIN/ecu-flash" $arguments 2>"$stage/err" >/dev/full && err_has "standard output could not be written" || return 1
	done
}

image_of() { # BYTES
	head -c "$1" /bin/bash >"$stage/image.bin"
}

# the frames of these identifiers in this log are the last ones in the broker's
same_frames() { # LOG ID…
	local log=$1 ids
	shift
	ids=$(printf '|%s' "$@")
	grep -oE " (${ids#|})#.*" "$log" >"$stage/a"
	stage_until 2 same_tail && [[ -s $stage/a ]] && return 0
	diff "$stage/a" "$stage/b"
	return 1
}
same_tail() {
	grep -oE " (${ids#|})#.*" "$stage/bus.log" | tail -n "$(wc -l <"$stage/a")" >"$stage/b"
	cmp -s "$stage/a" "$stage/b"
}

# an ECU made for this: the memory is in $stage/memory.bin, at 0x08000000
bench_ecu() { # OPTION…
	need stage_bus sim
	head -c 3000 /bin/bash >"$stage/memory.bin"
	stage_spawn bench-ecu python3 "$root/tests/daemon/bench_ecu.py" "$stage/bus" "$stage/memory.bin" 0x08000000 "$@"
	need stage_until 5 grep -q ready "$stage/bench-ecu.log"
	sed -E 's/aes-128-cmac, key: lamp-key/xor, key: bench-key/' "$profiles/lamp.yaml" >"$stage/bench.yaml"
	printf 'keys:\n  - {id: bench-key, hex: 01020304}\n' >"$stage/keys.yaml"
	memory=(--profile "$stage/bench.yaml" --address 0x08000000 --length 3000)
}

reading() {
	bench_ecu locked lossy
	check "read gets the memory of an ECU that loses answers, byte by byte" eval \
		'tool 0 read "${memory[@]}" --keys "$stage/keys.yaml" --out "$stage/got.bin" && cmp "$stage/got.bin" "$stage/memory.bin" &&
		 out_has "100 %" "got.bin: raw, 3 000 bytes"'
	check "as Intel HEX or S-record at its addresses" eval \
		'tool 0 read "${memory[@]}" --keys "$stage/keys.yaml" --out "$stage/got.hex" &&
		 tool 0 read "${memory[@]}" --keys "$stage/keys.yaml" --out "$stage/got.s37" --json && json "r[\"bytes\"] == 3000 and r[\"error\"] is None" &&
		 "$BIN/ecu-flash" image compare --base 0x08000000 "$stage/got.hex" "$stage/memory.bin" && "$BIN/ecu-flash" image compare "$stage/got.hex" "$stage/got.s37"'
	check "to standard output it is the data alone, and the words go to standard error" eval \
		'tool 0 read "${memory[@]}" --keys "$stage/keys.yaml" --to raw --out - && cmp "$stage/out" "$stage/memory.bin" && err_has "100 %" "3 000 bytes"'
	check "without the key it says that the ECU is locked and what to do, and writes no file" eval \
		'tool 1 read "${memory[@]}" --out "$stage/none.bin" && err_has "RequestUpload refused: .*NRC 33" "It commonly means: " "--keys" "Nothing was written" &&
		 [[ ! -e $stage/none.bin ]]'
	check "a range that is not there is refused by the ECU in words" eval \
		'tool 1 read --profile "$stage/bench.yaml" --keys "$stage/keys.yaml" --address 0x08001000 --length 16 --out "$stage/none.bin" --json &&
		 json "r[\"error\"][\"nrc\"] == 0x31 and r[\"error\"][\"step\"] == \"RequestUpload\" and r[\"out\"] is None"'
	check "every way out leads back to the default session" eval \
		'tool 0 read "${memory[@]}" --keys "$stage/keys.yaml" --out "$stage/got.bin" --candump "$stage/read.log" &&
		 last_requests "$stage/read.log" 0137 021001 &&
		 tool 1 read "${memory[@]}" --out "$stage/none.bin" --candump "$stage/read.log" && last_requests "$stage/read.log" 021001'
	check "verify --read says that the memory is the image" eval \
		'tool 0 verify --profile "$stage/bench.yaml" --keys "$stage/keys.yaml" --read "$stage/got.hex" && out_has "equals the image: 3000 bytes"'
	check "or where it is not, and ends with 1" eval \
		'{ cat "$stage/memory.bin" | head -c 1000; printf XXXX; tail -c +1005 "$stage/memory.bin"; } >"$stage/other.bin" &&
		 tool 1 verify --profile "$stage/bench.yaml" --keys "$stage/keys.yaml" --read --base 0x08000000 "$stage/other.bin" &&
		 out_has "0x080003E8: [1-4] bytes? differ" "differs from the image"'
}

# against the virtual ECU, whose first region may be read
reading_virtual() {
	local door=(--profile "$profiles/door.yaml" --keys "$keys")
	ecus_config
	sed -i -E 's/^( +- \{address: 0x08000000, size: [^}]*)\}/\1, upload: true}/' "$stage_ecus_config"
	need stage_bus sim
	if ! stage_ecus >/dev/null 2>&1; then
		skip "what was flashed is read back from the virtual ECU" "virtual-ecu has no upload"
		return
	fi
	image_of 1024
	check "what was flashed is read back, and verify --read agrees" eval \
		'tool 0 flash "${door[@]}" --base 0x08000000 "$stage/image.bin" &&
		 tool 0 read "${door[@]}" --address 0x08000000 --length 1024 --out "$stage/got.bin" && cmp "$stage/got.bin" "$stage/image.bin" &&
		 tool 0 verify "${door[@]}" --read --base 0x08000000 "$stage/image.bin"'
	check "a range beyond it is refused with what to look at" eval \
		'tool 1 read "${door[@]}" --address 0x09000000 --length 16 --out "$stage/none.bin" && err_has "NRC 31" "does not give this range"'
}

last_requests() { # LOG BEGIN… - the last frames to the ECU begin so
	local log=$1 begin
	shift
	grep -oE ' 7E0#.*' "$log" | tail -n "$#" >"$stage/last"
	for begin in "$@"; do
		printf ' 7E0#%s\n' "$begin"
	done >"$stage/begins"
	paste -d'|' "$stage/last" "$stage/begins" | awk -F'|' 'index($1, $2) != 1 { print; bad = 1 } END { exit bad || !NR }'
}

stopping() {
	local pid status=0
	bench_ecu slow
	env --default-signal=INT "$BIN/ecu-flash" read --bus "unix:$stage/bus" "${memory[@]}" --out "$stage/none.bin" \
		--candump "$stage/read.log" \
		>"$stage/out" 2>"$stage/err" &
	pid=$!
	stage_until 5 grep -q ' % ' "$stage/out"
	kill -INT "$pid"
	wait "$pid" || status=$?
	check "Ctrl-C ends a read after the block at hand: 130, the ECU in its default session, no file" eval \
		"((status == 130))"' && err_has "stopped after [0-9]+ bytes" "Nothing was written" && [[ ! -e $stage/none.bin ]] &&
		 last_requests "$stage/read.log" 0137 021001'
}

losing_its_session() {
	bench_ecu resets
	check "an ECU that resets while it is read is said to have left its session, and none is advised that it had" eval \
		'tool 1 read "${memory[@]}" --session 2 --out "$stage/none.bin" && err_has "TransferData refused: .*NRC 7F" "has left the session" && refute err_has "Try another session"'
	check "one that wants another session for it, is" eval \
		'tool 1 read "${memory[@]}" --session 1 --out "$stage/none.bin" && err_has "RequestUpload refused: .*NRC 7F" "Try another session"'
}

refusing_length() {
	bench_ecu overflow
	check "a request that the ECU refuses by flow control fails for that, and not for want of an answer: 1" eval \
		'tool 1 uds --request 7E0 --response 7E8 "2EF190$(printf "00%.0s" {1..5000})" && out_has "could not be sent: the message is too long for the receiver" "a shorter request" &&
		 refute err_has "no answer" && tool 1 uds --request 7E0 --response 7E8 --json "2EF190$(printf "00%.0s" {1..500})" &&
		 json "r[\"exit_code\"] == 1 and \"too long\" in r[\"exchanges\"][0][\"answer_text\"]"'
}

waiting() {
	local pid status=0
	bench_ecu pending
	env --default-signal=INT "$BIN/ecu-flash" uds --bus "unix:$stage/bus" --request 7E0 --response 7E8 3101FF00 \
		>"$stage/out" 2>"$stage/err" &
	pid=$!
	sleep 1
	kill -INT "$pid"
	wait "$pid" || status=$?
	check "Ctrl-C while an ECU asks for time says for how long it was waited for" eval \
		"((status == 130))"' && out_has "stopped; after [0-9]{3,}\.[0-9] ms and 2 times response pending"'
}

checking() {
	bench_ecu check
	"$BIN/ecu-flash" image convert --out "$stage/image.hex" --base 0x08000000 "$stage/memory.bin" >/dev/null
	printf ':020000040800F2\n:0400000001020304F2\n:00000001FF\n' >"$stage/wrong.hex"
	check "verify --check has the ECU judge its memory by the digest of the image" eval \
		'tool 0 verify --profile "$stage/bench.yaml" --check "$stage/image.hex" --candump "$stage/check.log" && out_has "own check of its memory passed"'
	check "and says so if it does not fit, and ends with 1" eval \
		'tool 1 verify --profile "$stage/bench.yaml" --check "$stage/wrong.hex" && err_has "check of its memory"'
	check "nothing was erased or written for that" eval \
		'grep -qE " 7E0#(1...|0.)31010202" "$stage/check.log" && ! grep -qE " 7E0#(1...|0.)(3101FF00|34|36|2E)" "$stage/check.log"'
	check "verify wants to know what to compare: 2" eval \
		'tool 2 verify --profile "$stage/bench.yaml" && tool 2 verify --profile "$stage/bench.yaml" "$stage/image.hex" && err_has "--read"'
}

# ends STATUS COMMAND ARGUMENT… - with a JSON object that says why; all that go well enough to be a command have one
ends() {
	expect_status "$1" "$BIN/ecu-flash" "${@:2}" --json >"$stage/out" 2>"$stage/err" &&
		json "r['exit_code'] == $1 and r['error']['text'] and r['error']['text'] in open('$stage/err').read() and 'advice' in r['error']" && return 0
	echo "$*"
	cat "$stage/out" "$stage/err"
	return 1
}

failing_early() {
	local lamp=(--profile "$profiles/lamp.yaml") away=(--bus "unix:$stage/nowhere")
	image_of 512
	check "with --json a file that is wrong or missing has its object" eval \
		'ends 3 image show "$stage/none" && ends 3 image compare "$stage/image.bin" "$stage/none" && ends 3 profile check "$stage/none" &&
		 ends 3 image convert --out "$stage/a.hex" "$stage/none" && ends 1 image convert --out "$stage/none/a.hex" "$stage/image.bin" &&
		 ends 3 flash "${away[@]}" --profile "$stage/none" "$stage/image.bin" && ends 3 flash "${away[@]}" "${lamp[@]}" --keys "$keys" "$stage/none" &&
		 ends 2 flash "${away[@]}" "${lamp[@]}" "$stage/image.bin" && ends 3 info "${away[@]}" --profile "$stage/none" &&
		 ends 3 read "${away[@]}" --profile "$stage/none" --address 0 --length 1 --out "$stage/a.bin" &&
		 ends 3 verify "${away[@]}" "${lamp[@]}" --check "$stage/image.bin" --keys "$stage/none" &&
		 ends 1 scan "${away[@]}" --candump "$stage/none/log"'
	check "and a bus that is missing, with what to do" eval 'without_bus'
}

without_bus() {
	local words
	for words in "info ${lamp[*]}" "uds --request 7E0 --response 7E8 3E00" "uds --functional 7DF 3E00" scan \
		"read ${lamp[*]} --address 0 --length 1 --out $stage/a.bin" "flash ${lamp[*]} --keys $keys $stage/image.bin" \
		"verify ${lamp[*]} --expect-version 1"; do
		# shellcheck disable=SC2086 # words
		ends 4 $words "${away[@]}" &&
			json '"not available" in r["error"]["text"] and "simbus" in r["error"]["advice"] and not r["error"].get("code")' ||
			return 1
	done
}

# advised FAULT WORDS… - a flash of the lamp with this fault fails with these words
advised() {
	local fault=$1
	shift
	# shellcheck disable=SC2086 # words
	ecu_fault lamp $fault
	tool 1 flash --profile "$stage/once.yaml" --keys "$keys" --recover "$stage/image.bin" && err_has "$@"
}

advising() {
	local step
	bench
	image_of 512
	cp "$profiles/lamp.yaml" "$stage/once.yaml"
	echo "steps:" >>"$stage/once.yaml"
	for step in "session, session: programming" security fingerprint "erase, point_of_no_return: true" transfer \
		check_memory "reset, reset: hard" wait_boot read_version; do
		echo "- {step: $step, retries: 0}" >>"$stage/once.yaml"
	done
	check "a refused erase, block or fingerprint has its advice" eval \
		'advised "negative 31:72 at 2E" "erase refused" "erase_argument" && advised "negative 36:72" "refused" "memory.max_block" &&
		 advised "negative 2E:31" "refused" "profile check"'
	check "blocks that hold no data are said with their length, and no repetition is advised" eval \
		'advised "block-length 2" "announced blocks of up to 2 bytes" "supply off and on" "a repetition ends here" && refute err_has "with --recover"'
}

helping() {
	local verb
	check "--help lists the verbs, and each has its own" eval \
		'"$BIN/ecu-flash" --help >"$stage/out" && out_has "^  scan " "^  image convert " &&
		 (for verb in flash verify info uds scan read "image show" "image convert" "image compare" "profile check"; do
			"$BIN/ecu-flash" $verb --help >"$stage/out" && out_has "^usage: ecu-flash $verb " || exit 1; done)'
	check "an option of another verb is refused: 2" eval \
		'tool 2 scan --expect-version 1 && err_has "scan does not take --expect-version"'
	check "a verb with one word missing says so" eval \
		'expect_status 2 "$BIN/ecu-flash" image 2>"$stage/err" && err_has "second word"'
}

run_groups helping advising failing_early scanning scanning_29_bits asking watching reading reading_virtual stopping losing_its_session refusing_length waiting checking
