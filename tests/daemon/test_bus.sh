#!/usr/bin/env bash
# A bus that goes away in the middle of a flash, one that loses frames, a controller that goes bus-off, ECUs that reset or are
# held up.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_bus() {
	rm -f "$stage/bus"
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --bitrate 500000 --log "$stage/bus-$1.log" --name body \
		--control "$stage/bus.control"
	stage_until 5 test -S "$stage/bus"
}

# bus_killed NTH FRAME CAMPAIGN SECONDS - the broker is killed at a frame and comes back after so long
bus_killed() {
	at_frame "$1" "$2" kill KILL "$(stage_pid simbus)" || return 1
	campaign "$3" && at_frame_done || return 1
	sleep "$4"
	start_bus "$3" && verified "$3" 60 && close_campaign "$3"
}

bus_gone() {
	world
	ignition off
	need stage_gateway
	check "the bus gone for 1 s in the middle of a transfer: the ECU is flashed again and verified" bus_killed 500 '7E0#2' transfer 1
	check "the bus gone in the erase of the second ECU" bus_killed 1 '7E1#10..3101FF00' erase 1
	check "the bus gone for 8 s, longer than any session of an ECU lasts" bus_killed 200 '7E0#2' long 8
	check "the log says that it was lost and is back" eval \
		'[[ $(grep -c "bus body is lost" "$stage/gatewayd.log") == 3 && $(grep -c "bus body is back" "$stage/gatewayd.log") == 3 ]]'
	check "the ECUs talk again: their own messages are on the bus" eval \
		'sleep 1; tail -50 "$stage/bus-long.log" | grep -q " 3A1#" && tail -50 "$stage/bus-long.log" | grep -q " 3A2#"'
	check "each report was applied exactly once" reports_whole transfer erase long
}

losses() {
	world
	ignition off
	lamp_bytes=32768
	need stage_gateway
	stage_say "$stage/bus.control" "drop 5000" >/dev/null
	check "one frame in 200 lost: the campaign ends verified" eval 'campaign loss && verified loss 90 && close_campaign loss'
	stage_say "$stage/bus.control" "drop 0" >/dev/null
	check "the frames were really lost, and it was told which requests were repeated" eval \
		'stage_say "$stage/bus.control" stats | python3 -c "
import json, sys
stats = json.load(sys.stdin)
print(stats)
sys.exit(not any(value for key, value in stats.items() if \"drop\" in key or \"lost\" in key))"'
	check "each report was applied exactly once" reports_whole loss
}

bus_off() {
	world
	ignition off
	need stage_gateway
	stage_say "$stage/bus.control" "fault bus-off id=7E0 nth=300 restart-ms=200" >/dev/null
	check "the gateway's controller goes bus-off in the middle of a transfer: the ECU is flashed again and verified" \
		eval 'campaign off && verified off 60 && close_campaign off'
	check "the log says what the controller did, and that the bus was lost and is back" eval \
		'grep -q "the controller of bus body is bus-off" "$stage/gatewayd.log" &&
		grep -q "bus body is lost: Network is down" "$stage/gatewayd.log" && grep -q "bus body is back" "$stage/gatewayd.log"'
	stage_say "$stage/bus.control" "fault corrupt id=7E0 count=20" >/dev/null
	check "frames that are destroyed and sent again: the campaign ends verified" good_campaign corrupt
	check "and the controller's state was followed" stage_until 5 grep -q "the controller of bus body is error passive" \
		"$stage/gatewayd.log"
	check "each report was applied exactly once" reports_whole off corrupt
}

ecu_reset() { # ID - 11 01 from nowhere, in the middle of the transfer
	campaign "$1" && stage_until 15 grep -q "$1: lamp: the ECU is being erased" "$stage/gatewayd.log" || return 1
	sleep 0.2
	stage_say "$stage/ecus.control" "reset lamp" >/dev/null
	verified "$1" 60 && close_campaign "$1"
}

ecus_misbehave() {
	world
	ignition off
	need stage_gateway
	check "an ECU that resets in the middle of its transfer is flashed again" ecu_reset reset
	ecu_fault lamp drop-answers 2
	check "two answers of an ECU that get lost are asked for again" good_campaign answers
	stage_say "$stage/ecus.control" "preconditions door off" >/dev/null
	check "an ECU that is not ready to be programmed: nothing is erased while it is not" eval \
		'campaign not-ready && stage_until 15 grep -qE "not-ready.*(precondition|conditions)" "$stage/gatewayd.log" && ! memory_equal not-ready door'
	stage_say "$stage/ecus.control" "preconditions door on" >/dev/null
	check "and it is flashed when it is" verified not-ready 60
	close_campaign not-ready
	ignition on
	mark
	check "the ignition on again: a campaign waits" eval 'campaign driven && reached driven waiting 15'
	at_frame 100 '7E0#2' run python3 -c 'import socket,sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"set ignition on\n"); s.recv(100)' "$stage/vehicle.control"
	ignition off
	check "the ignition switched on while an ECU is erased: it is brought to its end" eval \
		'at_frame_done && stage_until 15 grep -q "driven: lamp: the ECU is verified" "$stage/gatewayd.log" && memory_equal driven lamp'
	check "the next ECU is not begun" eval 'sleep 1; ! memory_equal driven door'
	ignition off
	check "and is flashed once the ignition is off" verified driven 30
	close_campaign driven
	check "each report was applied exactly once" reports_whole reset answers not-ready driven
}

run_groups bus_gone losses bus_off ecus_misbehave
