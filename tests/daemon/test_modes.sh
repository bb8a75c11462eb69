#!/usr/bin/env bash
# Each update mode once with the real binaries: who asks, who answers, who triggers, and what is refused.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # check evaluates the quoted commands; stage.sh reads and sets `stage_…`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

online() { # SECONDS
	stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout "$1" >/dev/null
}
offline() { # SECONDS
	stage_oemctl wait --vehicle "$stage_vehicle_id" --state offline --timeout "$1" >/dev/null
}
backend_said() { # PATTERN
	grep -qE -- "$1" "$stage/backend.log"
}
waits_with() { # ID CODE TEXT - the backend's record of why it waits
	field_is "$1" state '^waiting$' && field_is "$1" code_number "^$2\$" && field_is "$1" text "$3"
}
trigger_refused() { # ID WORDS
	local words status=0
	words=$(stage_oemctl trigger "$1" 2>&1) || status=$?
	echo "$words"
	((status == 1)) && [[ $words =~ $2 ]]
}

client_initiated() {
	stage_mode=client_initiated
	stage_backend_lines='poll_s: 14'
	world
	need stage_gateway
	check "client-initiated: the vehicle asks when it has registered, and closes the session when nothing is new" eval \
		'online 15; stage_until 15 backend_said "asks what is new" && offline 20'
	check "that it closed the session is no failure" refute grep -qiE 'warning|error' "$stage/gatewayd.log"
	need campaign mine --mode client_initiated
	check "a campaign is not sent: it is queued until the vehicle asks again" field_is mine state '^queued$'
	check "asked for, it is downloaded; with the ignition on it waits for the vehicle" reached mine waiting 40
	check "nobody answered or confirmed" eval 'field_is mine confirmed "^(0|False)$" && refute backend_said "campaign mine: (accepted|postponed)"'
	check "oemctl trigger is refused: the vehicle decides" trigger_refused mine 'its vehicle decides'
	ignition off
	check "parked it installs, and connects to report it" verified mine 40
	check "all reports were applied exactly once" reports_whole mine
}

server_initiated() {
	stage_mode=server_initiated
	stage_backend_lines='trigger: operator'
	world
	need stage_gateway
	need online 15
	need campaign theirs --mode server_initiated
	check "server-initiated: the campaign is downloaded and waits for the trigger" eval \
		'reached theirs waiting 20 && stage_until 10 waits_with theirs 133 trigger'
	check "manifest, profiles and images were sent without being asked for" eval \
		'[[ $(grep -c "pushed" "$stage/backend.log") == 5 ]] && refute backend_said "from byte"'
	check "a trigger with the ignition on is refused by the vehicle, with the reason" eval \
		'stage_oemctl trigger theirs && stage_until 15 waits_with theirs 212 "the ignition is on"'
	gateway_kill
	stage_kill backend KILL
	need stage_backend
	gateway_config "s/^  port: .*/  port: $stage_backend_port/"
	need stage_gateway
	need online 20
	check "after a restart of both sides nothing is flashed with the ignition on" refute memory_equal theirs lamp
	ignition off
	check "parked it executes the trigger of before, without another" eval \
		'verified theirs 40 && [[ $(grep -c "triggered by hand" "$stage/backend.log") -le 1 ]]'
	check "all reports were applied exactly once" reports_whole theirs
	need ignition on
	need campaign unwanted --mode negotiated
	check "a campaign of another mode is declined" eval \
		'reached unwanted declined 15 && field_is unwanted code_number "^126$"'
}

# part_held SHA256 - some bytes of the file have reached the gateway's disk
part_held() {
	[[ -s $(find "$stage/state" -name "$1*" | head -1) ]]
}

push_goes_on() {
	local lamp door
	stage_mode=server_initiated
	stage_backend_lines='trigger: operator'
	world
	need stage_gateway
	need online 15
	need stage_oemctl debug rate 1500
	need campaign long --mode server_initiated
	lamp=$(sha256sum "$stage/long.lamp.bin" | cut -c1-64)
	door=$(sha256sum "$stage/long.door.srec" | cut -c1-64)
	check "an image is being pushed" stage_until 30 part_held "$lamp"
	stage_kill backend KILL
	check "nothing was asked for, and that image is not whole" eval \
		'backend_said "file $lamp pushed" && refute backend_said "from byte" && refute backend_said "file $door"'
	mv "$stage/backend.log" "$stage/before.log"
	# as it was, where the gateway looks for it
	sed -i "s/^listen: .*/listen: 127.0.0.1:$stage_backend_port/" "$stage/backend.yaml"
	stage_spawn backend "$BIN/oem-backend" --config "$stage/backend.yaml"
	need online 20
	check "the backend is killed in the middle of it: after its restart the rest comes" eval \
		'reached long waiting 30 && stage_until 10 waits_with long 133 trigger'
	check "from the byte that the gateway lacks, and what follows is pushed" eval \
		'[[ $(grep -c "from byte" "$stage/backend.log") == 1 ]] && backend_said "file $lamp from byte [1-9]" &&
			[[ $(grep -c "pushed" "$stage/backend.log") == 2 ]] && backend_said "file $door pushed"'
	need stage_oemctl trigger long
	ignition off
	check "triggered, it is installed" verified long 40
	check "all reports were applied exactly once" reports_whole long
}

negotiated() {
	stage_mode=negotiated
	stage_backend_lines='notice: existence'
	world
	need stage_gateway
	need online 15
	need campaign ours --end +44s
	check "negotiated: a notice is sent, and the vehicle asks for the document" eval \
		'stage_until 15 backend_said "campaign ours: noticed" && stage_until 15 backend_said "asks what is new"'
	check "with the ignition on it is postponed and confirmed" stage_until 15 field_is ours answer '^postpone$'
	check "a trigger before the agreed time is refused" trigger_refused ours 'the agreed time has not come'
	check "at the agreed time the backend triggers, and the vehicle says why it does not begin" eval \
		'stage_until 40 backend_said "campaign ours: triggered" && stage_until 15 waits_with ours 212 "the ignition is on"'
	ignition off
	check "parked it installs" verified ours 30
	check "all reports were applied exactly once" reports_whole ours
}

run_groups client_initiated server_initiated push_goes_on negotiated
