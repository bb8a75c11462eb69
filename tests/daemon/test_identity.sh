#!/usr/bin/env bash
# Which ECU is flashed, and when it has its supply: one that was swapped, a profile that talks to another one, one that
# lives with the ignition.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# nothing was sent to the ECU with this request identifier but identifiers, preconditions and the way out
untouched() {
	! grep -E " $1#" "$stage/bus.log" | grep -qE "#(02)?1002|#(..|1...)(34|36|37|3101FF|2E)"
}

registered() { # WORDS - the backend's record of the vehicle has them
	stage_oemctl --json vehicle show "$stage_vehicle_id" | grep -q -- "$1"
}

# the bus stays up, and every ECU was there when the gateway asked
swapped_ecu() {
	world
	ignition off
	need stage_gateway
	need campaign swapped --start +6s
	need reached swapped waiting 5
	need stage_kill vecu TERM
	sed -i -E 's/LAMP-HW-2/LAMP-HW-9/; s/LAMP-000417/LAMP-999999/' "$stage_ecus_config"
	need stage_ecus
	check "an ECU that was put in another's place is not flashed: the campaign fails with WRONG_HARDWARE" eval \
		'reached swapped failed 30 && field_is swapped code_number "^121$" && field_is swapped targets.0.code_number "^121$"'
	check "the words name what was found and what was meant" \
		field_is swapped targets.0.text 'LAMP-HW-9.*LAMP-HW-2'
	check "the backend is told who is there now" stage_until 10 registered LAMP-999999
	check "the journal tells that it was replaced" said 5 'lamp was replaced'
	stage_until 10 said_now 'bus body is as before'
	stage_bus_end
	check "not one request on the bus was for its memory" untouched 7E0
}

foreign_profile() {
	local profile=$stage/foreign.yaml
	world
	ignition off
	need stage_gateway
	sed -E 's/0x7E1/0x7E0/; s/0x7E9/0x7E8/' "$root/sim/demo/profiles/door.yaml" >"$profile"
	need release foreign "s|[^ ]*profiles/door.yaml|$profile|"
	need stage_oemctl image add "$profile" >/dev/null
	need intake foreign
	need offer foreign --target ecu=door,component=door,hardware_id=DOOR-HW-5
	check "a signed profile with another ECU's addresses fails with BAD_PROFILE" eval \
		'reached foreign failed 20 && field_is foreign code_number "^146$" && field_is foreign text "7E0/7E8.*7E1/7E9"'
	check "and neither ECU was touched" eval 'untouched 7E0 && untouched 7E1'
	check "a good campaign is flashed afterwards" eval 'close_campaign foreign && good_campaign good'
}

ignition_supply() {
	local profile=$stage/kl15.yaml
	world
	ignition off
	need stage_gateway
	sed -E 's/^supply: .*/supply: kl15/' "$root/sim/demo/profiles/lamp.yaml" >"$profile"
	need grep -q kl15 "$profile"
	need release kl15 "s|[^ ]*profiles/lamp.yaml|$profile|; s/, \{kind: ignition_off\}//"
	need stage_oemctl image add "$profile" >/dev/null
	need intake kl15
	need offer kl15 --target ecu=lamp,component=lamp,hardware_id=LAMP-HW-2
	check "an ECU that lives with the ignition is not flashed while it is off" eval \
		'reached kl15 waiting 10; sleep 2; field_is kl15 state "^waiting$" && untouched 7E0'
	ignition on
	check "with the ignition on, standing still, it is flashed and verified" eval \
		'reached kl15 verified 40 && memory_equal kl15 lamp'
}

run_groups swapped_ecu foreign_profile ignition_supply
