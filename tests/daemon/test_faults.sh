#!/usr/bin/env bash
# Faults of the simulated bus by rule, and what a flash makes of them; who is on the bus; the log while it is written.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

profile=$root/sim/demo/profiles/lamp.yaml
keys=$root/sim/demo/ecu-keys.yaml

# bus_with OPTION… - a bus, the ECUs on it, and an image
bus_with() {
	ecus_config
	stage_port=unix:$stage/bus
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --log "$stage/bus.log" --name body \
		--control "$stage/bus.control" "$@"
	need stage_ready simbus 5 listening
	need stage_ecus
	{ printf '\245' && head -c 32767 /dev/urandom; } >"$stage/image.bin" # its first byte is that of no other format
}

say() {
	stage_say "$stage/bus.control" "$1"
}

# flashed - ends verified, and the memory is the image
flashed() {
	"$BIN/ecu-flash" flash --bus "$stage_port" --profile "$profile" --keys "$keys" --base 0 --json --recover \
		"$stage/image.bin" >"$stage/flash.json" 2>"$stage/flash.err" &&
		grep -q '"verdict":"verified"' "$stage/flash.json" &&
		cmp -n 32768 "$stage/image.bin" "$stage/ecus/lamp.bin" && return 0
	tail -5 "$stage/flash.err" "$stage/flash.json"
	return 1
}

# hits RULE-BEGIN AT-LEAST
hits() {
	say faults | python3 -c '
import json, sys
rules = json.load(sys.stdin)
print(rules)
sys.exit(not any(r["rule"].startswith(sys.argv[1]) and r["hits"] >= int(sys.argv[2]) for r in rules))' "$1" "$2"
}

# repeats of TransferData requests, as the log shows them: the same counter again
repeats() {
	"$BIN/can-rate" --json --ecu lamp=7E0:7E8 "$stage/bus.log" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["ecus"][0]["repeats"])'
}

lost_frames() {
	bus_with --fault 'drop id=7E0-7E8 ppm=5000' --seed 3
	check "a flash with 0.5 % of its frames lost ends verified" flashed
	check "frames were lost" hits 'drop id=7E0-7E8' 5
	say quit >/dev/null
	stage_until 5 stage_ended "$(stage_pid simbus)"
	n=$(repeats)
	echo "# $n blocks were repeated"
	check "by block repeat" test "$n" -ge 1
}

odd_frames() {
	bus_with
	need test "$(say 'fault corrupt id=7E0-7E8 ppm=20000')" = '{"ok":true}'
	check "a flash with 2 % of its frames destroyed: they are sent again, and nobody sees more" flashed
	check "they were destroyed" hits corrupt 20
	say clear >/dev/null
	say 'fault delay id=7E8 ppm=300000 us=3000' >/dev/null
	check "a flash with answers and flow control that come 3 ms late ends verified" flashed
	check "they were late" hits delay 5
	say clear >/dev/null
	say 'fault duplicate id=7E0 ppm=2000' >/dev/null
	check "a flash with consecutive frames received twice ends verified, by block repeat" flashed
	check "they were sent twice" hits duplicate 1
	say clear >/dev/null
	say 'fault bus-off id=7E0 nth=2000 restart-ms=50' >/dev/null
	check "a tester that is off the bus for a moment comes back and ends verified" flashed
	check "it was off" hits bus-off 1
}

# field_of_client NAME KEY - of the per-client statistics; the last one of this name
field_of_client() {
	say stats | python3 -c '
import json, sys
found = [c for c in json.load(sys.stdin)["per_client"] if c["name"].startswith(sys.argv[1] + "[")]
print(found[-1][sys.argv[2]])' "$1" "$2"
}

counted() {
	bus_with
	need flashed
	check "clients are named by program and process" test "$(field_of_client virtual-ecu state)" = on
	check "one that has left is remembered" test "$(field_of_client ecu-flash state)" = left
	frames=$(field_of_client ecu-flash frames)
	bytes=$(field_of_client ecu-flash bytes)
	say quit >/dev/null
	stage_until 5 stage_ended "$(stage_pid simbus)"
	check "what a client sent is counted as the log has it" eval \
		'[[ $frames == "$(grep -cE " (7E0|7DF)#" "$stage/bus.log")" && $bytes == $((frames * 8)) ]]'
}

log_read() {
	command -v log2long >/dev/null || { skip "candump's readers read the log" "can-utils is not installed" && return; }
	stage_port=unix:$stage/bus
	ecus_config
	(exec "$BIN/simbus" --listen "$stage/bus" --log - --name body --fault 'corrupt id=7E0 nth=3' \
		--control "$stage/bus.control" 2>"$stage/simbus.log" | log2long >"$stage/long.txt") &
	stage_pids+=($!)
	need stage_until 5 test -S "$stage/bus.control"
	need stage_ecus
	"$BIN/ecu-flash" info --bus "$stage_port" --profile "$profile" --keys "$keys" >/dev/null 2>&1
	say quit >/dev/null
	check "log2long reads the live log from standard output" stage_until 5 grep -qE ' body +7E0 +\[8\] +03 22 F1 9' "$stage/long.txt"
	check "and decodes the error frame in it" grep -q 'ERRORFRAME' "$stage/long.txt"
}

killed() {
	bus_with
	need flashed
	sleep 0.3
	stage_kill simbus KILL
	check "a simbus that is killed leaves whole lines" eval \
		'test -s "$stage/bus.log" && ! grep -qvE "^\([0-9]{10}\.[0-9]{6}\) body [0-9A-F]{3}#[0-9A-F]{16}$" "$stage/bus.log" &&
			[[ $(tail -c 1 "$stage/bus.log" | od -An -tx1) == *0a ]]'
	printf '# the lamp answers late\ndelay id=7E8 us=100\n\ndrop id=7XX\n' >"$stage/rules"
	check "a wrong rule in a file is refused with its line" eval \
		'expect_status 2 "$BIN/simbus" --listen "$stage/other" --faults "$stage/rules" 2>&1 | grep -q "rules:4: id must be hexadecimal"'
}

# kept WORDS COMMAND… - it refuses with these words, and the notes are as they were
kept() {
	local words=$1 status=0
	shift
	timeout 10 "$@" >"$stage/kept.log" 2>&1 </dev/null || status=$?
	cat "$stage/kept.log" "$stage/notes"
	((status != 0 && status != 124)) && grep -q "$words" "$stage/kept.log" && [[ $(<"$stage/notes") == precious ]]
}

in_the_way() {
	bus_with
	echo precious >"$stage/notes"
	vehicle=("$BIN/vehicle-sim" --config "$root/sim/demo/vehicle.yaml" --bus "$stage_port")
	ecus=("$BIN/virtual-ecu" --config "$stage_ecus_config" --bus "body=$stage_port")
	check "simbus does not listen in the place of a file" kept 'no socket' "$BIN/simbus" --listen "$stage/notes"
	check "nor has it its control there" kept 'no socket' "$BIN/simbus" --listen "$stage/b" --control "$stage/notes"
	check "nor virtual-ecu" kept 'no socket' "${ecus[@]}" --control "$stage/notes"
	check "nor vehicle-sim" kept 'no socket' "${vehicle[@]}" --control "$stage/notes"
	check "a control socket in use stays: simbus" kept 'running program' \
		"$BIN/simbus" --listen "$stage/b" --control "$stage/bus.control"
	check "virtual-ecu" kept 'running program' "${ecus[@]}" --control "$stage/bus.control"
	check "vehicle-sim" kept 'running program' "${vehicle[@]}" --control "$stage/bus"
	check "it still answers" eval 'say stats | grep -q per_client'
	check "one path for the bus and its control is refused" kept 'a socket each' \
		"$BIN/simbus" --listen "$stage/b" --control "$stage/b"
	check "by another name too" kept 'running program' "$BIN/simbus" --listen "$stage/b" --control "$stage/./b"
	stage_kill simbus KILL
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --control "$stage/bus.control"
	check "the sockets of a bus that was killed are replaced" eval \
		'stage_ready simbus 5 listening && say stats | grep -q per_client'
}

wrong_options() {
	check "a fault with a key twice is refused" eval \
		'expect_status 2 timeout 10 "$BIN/simbus" --listen "$stage/b" --fault "drop ppm=500 ppm=2" 2>&1 | grep -q "given once"'
	local place
	mkdir "$stage/folder"
	for place in "$stage/none/stats.json" "$stage/folder" "$stage/folder/"; do
		check "statistics that could not be written are noticed at the start: ${place#"$stage/"}" eval \
			'expect_status 2 timeout 10 "$BIN/simbus" --listen "$stage/b" --stats-file "$place" 2>&1 |
				grep -q "stats-file $place: "'
	done
	stage_spawn simbus "$BIN/simbus" --listen "$stage/b" --stats-file "$stage/folder/stats.json"
	need stage_ready simbus 5 listening
	stage_kill simbus TERM
	check "and are written at the end where they can be" eval 'stage_until 5 grep -q per_client "$stage/folder/stats.json"'
}

run_groups lost_frames odd_frames counted log_read killed in_the_way wrong_options
