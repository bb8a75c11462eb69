#!/usr/bin/env bash
# An ECU with two banks in campaigns of the daemon: written beside one with one bank, switched over and back, and a SIGKILL as
# it is switched over.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# bank_holds CAMPAIGN BANK - the door's image of that campaign, in bank a or b of its memory, of 128 KiB each
bank_holds() {
	cmp -n "$(stat -c %s "$stage/$1.door.bin")" "$stage/$1.door.bin" \
		<(tail -c "+$(($([[ $2 == b ]] && echo 0x20000 || echo 0) + 1))" "$stage/ecus/door.bin")
}
door_says() { # PATTERN
	stage_say "$stage/ecus.control" status | grep -q "\"name\":\"door\".*$1"
}

# banks ID [SED-SCRIPT] - a release of which the door's ECU, which has two banks, is flashed by the template alone
banks() {
	release "$1" "s|[^ ]*profiles/door.yaml|$stage/door.yaml|;${2:-}" && stage_oemctl image add "$stage/door.yaml" >/dev/null &&
		intake "$1"
}

two_banks() {
	local door=ecu=door,component=door,hardware_id=DOOR-HW-5
	stage_pki
	ecus_config
	sed -i '/name: door/,$s/^    security:/    banks: {session: extended}\n    security:/' "$stage_ecus_config"
	sed '/^steps:/,$d; s/^supply:/template: dual-bank\nsupply:/' "$root/sim/demo/profiles/door.yaml" >"$stage/door.yaml"
	world_of_ecus
	gateway_config 's/^policy:/&\n  max_attempts: 1/'
	ignition off
	cp "$stage/ecus/door.bin" "$stage/factory.bin"
	need stage_gateway_start
	need banks first
	need offer first
	check "an ECU with two banks is flashed beside one with one" eval 'reached first verified 60 && memory_equal first lamp'
	check "into the bank that did not run, which runs now" eval \
		'bank_holds first b && cmp -n 131072 "$stage/factory.bin" "$stage/ecus/door.bin" && door_says "\"bank\":\"b\""'
	need close_campaign first
	need banks wrong 's/(door.srec.*expected_version: ).*}/\1other}/'
	need offer wrong --target "$door"
	check "with another version than promised it is switched back: the campaign fails, and has changed nothing" eval \
		'reached wrong failed 60 && field_is wrong targets.0.code_number "^10$" && field_is wrong text "switched back" &&
		 door_says "\"bank\":\"b\"" && bank_holds first b'
	need close_campaign wrong
	need banks killed
	need at_frame 1 '7E1#..31010210' kill KILL "$(stage_pid gatewayd)"
	need offer killed --target "$door"
	need at_frame_done
	gateway_gone
	need stage_gateway_start
	check "killed as it switches the banks over, the daemon flashes it again" eval \
		'reached killed verified 60 && door_says "\"bank\":\"a\"" && bank_holds killed a'
	check "all reports were applied exactly once" reports_whole first killed
}

run_groups two_banks
