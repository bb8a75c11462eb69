#!/usr/bin/env bash
# Another tester on the bus of the ECUs: given way to before the first erase and for a minute after it was last heard, and
# no reason to stop after the erase.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# yields CAMPAIGN - at the first security access, which is before the erase
yields() {
	at_frame 1 '7E0#022701' send 7E1#023E80 || return 1
	campaign "$1" && at_frame_done || return 1
	stage_until 10 grep -q "bus body: another tester sends requests (identifier 7E1)" "$stage/gatewayd.log" &&
		stage_until 10 grep -q "$1: .*another tester uses the bus" "$stage/gatewayd.log"
}

before_the_erase() {
	local heard
	world
	ignition off
	need stage_gateway
	check "another tester before the first erase: the gateway gives way, and says so" yields given-way
	check "nothing was erased" eval '! grep -q "is being erased" "$stage/gatewayd.log"'
	check "the bus is left as it was" stage_until 10 grep -q "bus body is as before" "$stage/gatewayd.log"
	check "another tester is heard also while the gateway waits" at_frame 0 '' send 7DF#023E80
	heard=$SECONDS
	check "after a minute without it the campaign goes on, and ends verified" verified given-way 110
	check "not before that minute" eval '((SECONDS - heard >= 60))'
	check "no attempt was counted" eval '! grep -q "attempt [1-9] of" "$stage/gatewayd.log"'
	check "each report was applied exactly once" reports_whole given-way
}

finishes() { # CAMPAIGN
	at_frame 50 '7E0#2' send 7E1#023E80 || return 1
	campaign "$1" && at_frame_done && verified "$1" 40
}

after_the_erase() {
	world
	ignition off
	need stage_gateway
	check "another tester while an ECU is erased: it, and what belongs to it, is finished" finishes finished
	check "the other tester was noticed" grep -q "bus body: another tester sends requests (identifier 7E1)" \
		"$stage/gatewayd.log"
	check "each report was applied exactly once" reports_whole finished
}

run_groups before_the_erase after_the_erase
