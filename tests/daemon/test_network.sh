#!/usr/bin/env bash
# Peers that go away: the backend during download and flash, single connections, the D-Bus daemon. All comes back by itself.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# on the same port and with the same database
restart_backend() {
	sed -E "s/^listen: .*/listen: 127.0.0.1:$stage_backend_port/" "$root/sim/demo/backend.yaml" >"$stage/backend.yaml"
	rm -f "$stage/backend.port"
	stage_spawn backend "$BIN/oem-backend" --config "$stage/backend.yaml"
	stage_until 10 test -s "$stage/backend.port"
}

partial_above() { # BYTES
	(($(cat "$stage"/state/partial/* 2>/dev/null | wc -c) > $1))
}
# offsets of the requests for a file of this length, in order
offsets() { # LENGTH
	sed -nE "s/.* from byte ([0-9]+) of $1\$/\1/p" "$stage/backend.log"
}

backend_killed_in_download() {
	lamp_bytes=65536
	stage_oemctl debug rate 20000 && campaign download && stage_until 20 partial_above 30000 && stage_kill backend KILL
	(($? == 137)) && restart_backend && verified download 30 || return 1
	offsets 65536
	[[ $(offsets 65536 | wc -l) == 2 ]] && (($(offsets 65536 | tail -1) >= 30000)) && close_campaign download
}

backend_killed_in_flash() {
	mark
	at_frame 400 '7E0#2' kill KILL "$(stage_pid backend)" || return 1
	campaign flash && at_frame_done || return 1
	# an erased ECU waits for no network
	said 20 'all its ECUs are verified' && memory_equal flash && restart_backend && verified flash 20 && close_campaign flash
}

connection_dropped() {
	stage_oemctl debug drop-after 20000 && campaign dropped && verified dropped 30 || return 1
	offsets 65536 | tail -2
	[[ $(offsets 65536 | tail -1) -ge 10000 ]] && close_campaign dropped
}

disconnected_again_and_again() {
	stage_oemctl debug rate 60000 && campaign again || return 1
	for _ in 1 2 3 4 5; do
		sleep 0.4
		stage_oemctl debug disconnect >/dev/null
	done
	stage_oemctl debug rate 0 && verified again 40 && close_campaign again
}

backend_trouble() {
	world
	ignition off
	need stage_gateway
	need stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 10 >/dev/null
	check "the backend killed in a download: the session comes back, the file goes on where it stopped" backend_killed_in_download
	stage_oemctl debug rate 0
	check "the backend killed while an ECU is flashed: it is finished without, and reported when it is back" backend_killed_in_flash
	check "a connection closed in the middle of a file: it goes on where it stopped" connection_dropped
	check "a session that is cut five times: the campaign ends verified" disconnected_again_and_again
	check "the trouble was told once each time, not at each attempt" eval \
		'(($(grep -c "cannot connect" "$stage/gatewayd.log") <= 2))'
	check "each report was applied exactly once" reports_whole download flash dropped again
}

status_works() {
	"$BIN/gatewayctl" --address "$stage_dbus_address" status
}

restart_dbus() {
	stage_kill dbus "$1"
	rm -f "$stage/dbus"
	sleep "$2"
	stage_spawn dbus dbus-daemon --config-file "$stage/dbus.conf" --nofork
	stage_until 5 test -S "$stage/dbus"
}

dbus_trouble() {
	world
	ignition off
	stage_kill dbus KILL
	rm -f "$stage/dbus"
	need stage_gateway
	check "without a D-Bus daemon the gateway registers all the same" \
		stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 10
	need restart_dbus KILL 0
	check "once there is one, it is on D-Bus" stage_until 10 status_works
	at_frame 300 '7E0#2' kill KILL "$(stage_pid dbus)" || exit 1
	check "the D-Bus daemon killed while an ECU is flashed: the flash does not notice" eval \
		'campaign dbus && at_frame_done && verified dbus 30'
	need restart_dbus KILL 0
	check "once it is back the gateway is on it again, with all its objects" eval \
		'stage_until 10 status_works && status_works | grep -q lamp && stage_until 5 eval "\"$BIN/gatewayctl\" --address \"$stage_dbus_address\" campaigns | grep -q dbus"'
	check "it was told once, and that it is back" eval \
		'[[ $(grep -c "D-Bus.*trying again" "$stage/gatewayd.log") == 2 && $(grep -c "D-Bus.*connected" "$stage/gatewayd.log") == 2 ]]'
	close_campaign dbus
	stage_kill gatewayd TERM
	check "it ends cleanly" test $? = 0
}

run_groups backend_trouble dbus_trouble
