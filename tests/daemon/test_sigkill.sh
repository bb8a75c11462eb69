#!/usr/bin/env bash
# SIGKILL of the daemon in each phase: it is started again, and each time the campaign ends verified at the backend, the
# ECUs' memory is the images', and each report was applied exactly once. SIGTERM while an ECU is erased: it is finished.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# killed_at NTH FRAME CAMPAIGN - SIGKILL at a frame on the bus while the campaign runs, then started again
killed_at() {
	at_frame "$1" "$2" kill KILL "$(stage_pid gatewayd)" || return 1
	campaign "$3" && at_frame_done && gateway_gone
	(($? == 137)) || return 1
	stage_gateway_start && verified "$3" 40 && close_campaign "$3"
}

partial_bytes() {
	cat "$stage"/state/partial/* 2>/dev/null | wc -c
}
partial_above() { # BYTES
	(($(partial_bytes) > $1))
}
# the offset of the last request for a file, as the backend logged it
asked_from() {
	sed -nE 's/.* file [0-9a-f]+ from byte ([0-9]+) .*/\1/p' "$stage/backend.log" | tail -1
}

# offered: the manifest comes at a crawl; killed while it does
killed_when_offered() {
	stage_oemctl debug rate 600 && campaign offered && reached offered offered 5 && gateway_kill
	stage_oemctl debug rate 0 && stage_gateway_start && verified offered 40 && close_campaign offered
}

killed_in_download() {
	lamp_bytes=65536
	stage_oemctl debug rate 20000 && campaign download && stage_until 20 partial_above 30000 && gateway_kill
	(($? == 137)) || return 1
	held=$(partial_bytes)
	echo "held when killed: $held"
	((held < 65536)) || return 1
	ignition on && stage_gateway_start && stage_until 10 eval '[[ $(asked_from) != 0 ]]'
	echo "asked from byte $(asked_from)"
	# what had been written when it died is not asked for again
	[[ $(asked_from) == "$held" ]]
}

before_install() {
	world
	ignition off
	stage_gateway_start || exit 1
	gateway_kill
	for delay in 0 0.002 0.005 0.01 0.02 0.03 0.05; do
		stage_spawn gatewayd "$BIN/gatewayd" --config "$stage/gatewayd.yaml"
		sleep $delay
		gateway_kill
	done
	stage_gateway_start
	check "killed seven times before it registered: a campaign ends verified" good_campaign first
	check "killed when offered" killed_when_offered
	check "killed in the middle of a download: it goes on at the byte where it stopped" killed_in_download
	stage_oemctl debug rate 0
	check "and waits with the files it then holds" reached download waiting 20
	gateway_kill
	stage_gateway_start
	ignition off
	check "killed when waiting" verified download 40
	close_campaign download >/dev/null
	check "every report was applied exactly once" reports_whole first offered download
}

while_installing() {
	world
	ignition off
	need stage_gateway
	check "killed while the bus is made quiet: at 10 03" killed_at 1 7DF#021003 session
	check "killed while the bus is made quiet: at 85 02" killed_at 1 7DF#028502 dtc
	check "killed while the bus is made quiet: at 28 03" killed_at 1 7DF#032803 communication
	check "killed when the first ECU is unlocked" killed_at 1 '7E0#022701' security
	check "killed at the erase" killed_at 1 '7E0#10..3101FF00' erase
	check "killed at the download's request" killed_at 1 '7E0#10..34' request-download
	check "killed at the first block" killed_at 1 '7E0#1...36' block-1
	check "killed in the middle of the transfer" killed_at 700 '7E0#2' frame-700
	check "all reports of these were applied exactly once" \
		reports_whole session dtc communication security erase request-download block-1 frame-700
}

after_transfer() {
	world
	ignition off
	need stage_gateway
	check "killed at the last block" killed_at 3 '7E0#1...36' block-3
	check "killed at the transfer's exit" killed_at 1 '7E0#0137' transfer-exit
	check "killed at the check of the memory" killed_at 1 '7E0#....310102' check-memory
	check "killed at the check of dependencies" killed_at 1 '7E0#043101FF01' dependencies
	check "killed at the reset" killed_at 1 '7E0#021101' reset
	check "killed between the ECUs" killed_at 1 '7E1#021002' second-session
	check "killed in the transfer to the second ECU" killed_at 300 '7E1#2' second-frame-300
	check "killed while the bus is made loud" killed_at 1 7DF#032800 loud
	check "killed when done but for the last frame" killed_at 1 7DF#0414 clear-dtc
	check "all reports of these were applied exactly once" \
		reports_whole block-3 transfer-exit check-memory dependencies reset second-session second-frame-300 loud clear-dtc
}

# the backend does not answer any more: reports wait in the queue, the daemon is killed, later all arrive once
killed_while_reporting() {
	mark
	campaign reporting && reached reporting installing 10 || return 1
	kill -STOP "$(stage_pid backend)"
	said 20 'all its ECUs are verified' || return 1
	gateway_kill
	kill -CONT "$(stage_pid backend)"
	stage_gateway_start && verified reporting 30 && reports_whole reporting && close_campaign reporting
}

# at each of the first instants after the backend has the reports, too
killed_while_acknowledged() {
	local i
	for i in 1 2 3; do
		campaign "ack-$i" --target ecu=door,component=door || return 1
		reached "ack-$i" verified 20 || return 1
		gateway_kill
		stage_gateway_start
	done
	stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 10 && reports_whole ack-1 ack-2 ack-3
}

stopped_in_transfer() {
	at_frame 300 '7E0#2' kill TERM "$(stage_pid gatewayd)" || return 1
	campaign stopped && at_frame_done && stage_wait "$(stage_pid gatewayd)" 20
	local status=$?
	echo "exit status $status"
	((status == 0)) && memory_equal stopped lamp && ! memory_equal stopped door
}

# killed in the transfer, and the stored director document is not what it was when it starts again
document_lost() {
	at_frame 300 '7E0#2' kill KILL "$(stage_pid gatewayd)" || return 1
	campaign lost --target ecu=lamp,component=lamp && at_frame_done && gateway_gone
	(($? == 137)) || return 1
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE director SET bytes = zeroblob(length(bytes))")
db.commit()' "$stage/state/state.db" || return 1
	mark
	stage_gateway_start && said 10 'campaign lost cannot be restored' && reached lost verified 40 && memory_equal lost lamp &&
		close_campaign lost
}

stopped_and_killed() {
	world
	ignition off
	need stage_gateway
	check "killed with all reports queued: they arrive once" killed_while_reporting
	check "killed as the last report is acknowledged, three times: none is applied twice" killed_while_acknowledged
	for i in 1 2 3; do
		close_campaign "ack-$i"
	done
	check "killed in the transfer, its director document damaged: the erased ECU is recovered, the campaign verified" document_lost
	check "SIGTERM in the transfer: the erased ECU is finished, the next is not begun, exit 0" stopped_in_transfer
	check "the bus was made loud before the end" eval 'tail -3 "$stage/gatewayd.log" | grep -q stopped && said_now "is as before"'
	check "nothing was erased on the second ECU" eval '[[ $(grep -c " 7E1#10..3101FF00" "$stage/bus.log") == $(grep -c "door: the ECU is being erased" "$stage/gatewayd.log") ]]'
	stage_gateway_start
	check "started again it goes on with the other ECU" verified stopped 30
	check "and each report of it was applied once" reports_whole stopped
	stage_kill gatewayd TERM
	check "SIGTERM in idleness ends with 0" test $? = 0
}

run_groups before_install while_installing after_transfer stopped_and_killed
