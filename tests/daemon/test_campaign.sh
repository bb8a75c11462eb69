#!/usr/bin/env bash
# The main job with the real binaries: a campaign from the backend flashes two virtual ECUs and is recorded as verified.
# Real images: firmware for a Cortex-M (Intel HEX, several segments) and an S-record made by objcopy.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ctl() {
	"$BIN/gatewayctl" --address "$stage_dbus_address" "$@"
}
ctl_json() { # ARGUMENT… - valid JSON that holds what the backend's record says too
	ctl "$@" --json | python3 -m json.tool
}
property() { # PATH INTERFACE PROPERTY
	busctl --address="$stage_dbus_address" get-property org.gateway.Update1 "/org/gateway/Update1$1" \
		"org.gateway.Update1.$2" "$3"
}
objects() {
	busctl --address="$stage_dbus_address" tree --list org.gateway.Update1
}
manager_says() { # TEXT
	busctl --address="$stage_dbus_address" call org.gateway.Update1 /org/gateway/Update1 \
		org.freedesktop.DBus.ObjectManager GetManagedObjects | grep -q -- "$1"
}

inventory() {
	stage_oemctl --json vehicle show "$stage_vehicle_id" | python3 -c '
import json, sys
ecus = {e["name"]: e for e in json.load(sys.stdin)["vehicle"]["ecus"]}
lamp, door = ecus["lamp"], ecus["door"]
want = ("LAMP-HW-2", "LAMP-000417", "BL-1.3", "lamp-1.0", "D-1.0", True)
got = tuple(lamp[k] for k in ("hardware_id", "serial_number", "boot_version", "application_version", "data_version",
                              "present"))
print(got)
sys.exit(got != want or door["serial_number"] != "DOOR-002210")'
}

whole_campaign() {
	stage_images
	world
	need stage_gateway
	need stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 10 >/dev/null
	check "the gateway registers with an inventory of what each ECU says of itself" inventory

	dbus-monitor --address "$stage_dbus_address" "sender='org.gateway.Update1'" >"$stage/signals.log" 2>&1 &
	stage_pids+=($!)
	need stage_intake demo-1
	check "with the ignition on the campaign is postponed, and the backend confirms a later time" \
		stage_until 10 field_is demo-1 answer '^postpone$'
	check "meanwhile everything is downloaded: it waits for the agreed time" reached demo-1 waiting 15
	field_is demo-1 proposed_unix_s '^[1-9]' >"$stage/check.out" &&
		field_is demo-1 start_unix_s "^$(field demo-1 proposed_unix_s)$" >>"$stage/check.out"
	check "the confirmed time is the one that the gateway proposed" test $? = 0
	check "nothing is sent to an ECU before that but identification" refute grep -qE ' 7DF#02(10|85|28)' "$stage/bus.log"
	check "gatewayctl status, campaigns, ecus and show print text" eval \
		'ctl status | grep -q demo-1 && ctl campaigns | grep -q waiting && ctl ecus | grep -q LAMP-000417 && ctl show demo-1 | grep -q door'
	check "gatewayctl status, campaigns, ecus and show print valid JSON" eval \
		'ctl_json status && ctl_json campaigns && ctl_json ecus && ctl_json show demo-1'
	check "gatewayctl ends with 1 for a campaign that is not there" expect_status 1 ctl show nothing
	check "campaigns and ECUs are objects on D-Bus" eval \
		'objects | grep -q /org/gateway/Update1/campaigns/demo && objects | grep -q /org/gateway/Update1/ecus/lamp'
	check "ObjectManager tells all of them at once" eval 'manager_says LAMP-000417 && manager_says demo-1'
	check "each object can be introspected" eval \
		"busctl --address='$stage_dbus_address' introspect org.gateway.Update1 /org/gateway/Update1/ecus/lamp | grep -q SerialNumber"
	check "a property reads as the vehicle is: ignition on" eval 'property "" Manager Ignition | grep -q "\"on\""'
	check "consent to a campaign that is not there is refused with a named error" eval \
		"busctl --address='$stage_dbus_address' call org.gateway.Update1 /org/gateway/Update1/campaigns/no org.gateway.Update1.Campaign Consent b true 2>&1 | grep -qi 'unknown object'"

	ctl --json watch demo-1 </dev/null >"$stage/watch.json" 2>"$stage/watch.err" &
	local watch=$!
	ignition off
	check "ignition off: both ECUs are flashed, and the backend records the campaign as verified" \
		reached demo-1 verified 60
	wait $watch
	check "gatewayctl watch ends with 0 when the campaign is done" test $? = 0
	check "gatewayctl watch --json printed a JSON object a line" python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
sys.exit(len(lines) < 5)' "$stage/watch.json"
	check "the record says that the verdict rests on what the ECU says of itself" \
		field_is demo-1 targets.0.evidence '^self_reported$'
	check "old and new version of each ECU are recorded" eval \
		'field_is demo-1 targets.0.old_version "^lamp-1.0$" && field_is demo-1 targets.1.new_version "^$(stage_version "$stage/door.srec" srec)$"'
	check "properties changed with signals while it ran" eval \
		'grep -q "member=PropertiesChanged" "$stage/signals.log" && grep -q "\"installing\"" "$stage/signals.log"'
	check "InterfacesAdded told of the campaign's object" grep -q 'member=InterfacesAdded' "$stage/signals.log"
	check "every report was applied exactly once" reports_whole demo-1
	stage_until 10 said_now 'bus body is as before'
	check "an offered campaign that is done is closed at the backend" close_campaign demo-1
	check "the last signal about reports says that none waits any more" stage_until 10 eval \
		'grep -A2 PendingReports "$stage/signals.log" | grep -oE "uint32 [0-9]+" | tail -1 | grep -qx "uint32 0"'
	check "and its object leaves D-Bus" stage_until 10 refute eval 'objects | grep -q campaigns/demo'
	grep -q 'member=InterfacesRemoved' "$stage/signals.log"
	check "with InterfacesRemoved" test $? = 0
	stage_kill gatewayd TERM
	check "SIGTERM ends the daemon with 0" test $? = 0
	stage_bus_end
	check "the lamp's memory equals its Intel HEX image byte for byte" \
		stage_memory lamp "$stage/lamp.hex" ihex 0x00000000:0x40000 0x10001000:0x400
	check "the door's memory equals its S-record image byte for byte" stage_memory door "$stage/door.srec" srec 0x08000000:0x20000
	check "the bus was made quiet once before and loud once after both ECUs, in order, and nothing functional between" \
		python3 "$root/tests/daemon/bus_order.py" "$stage/bus.log" 7E0 7E1
	check "TransferData ran at 0.95 of the wire's limit or more" eval \
		'"$BIN/can-rate" --json --ecu lamp=7E0:7E8 --ecu door=7E1:7E9 "$stage/bus.log" | python3 -c "
import json, sys
ratios = [ecu[\"ratio\"] for ecu in json.load(sys.stdin)[\"ecus\"]]
print(ratios)
sys.exit(len(ratios) != 2 or min(ratios) < 0.95)"'
}

# signed by the author long ago, offered by the backend today
older_release() {
	release older 's/release_counter: 7/release_counter: 6/' && intake older &&
		offer older --unchecked --target ecu=door,component=door && reached older declined 10 &&
		field_is older code_number '^104$' && ! grep -q "file $(sha256sum "$stage/older.door.srec" | cut -c1-64)" "$stage/backend.log" &&
		close_campaign older
}

# store_is CAMPAIGN - the store holds the files of that one campaign, and no other
store_is() {
	diff <(cd "$stage/state/images" && printf '%s\n' *) \
		<(sha256sum "$stage/$1.env" "$stage/$1.lamp.bin" "$stage/$1.door.srec" "$root/sim/demo/profiles/lamp.yaml" \
			"$root/sim/demo/profiles/door.yaml" | cut -c1-64 | sort)
}

# accepted at once with the ignition off; one ECU only; the next campaign on the same vehicle
later_campaigns() {
	world
	ignition off
	need stage_gateway
	check "with the ignition off a campaign is accepted at once and verified" eval \
		'campaign now-1 && verified now-1 && field_is now-1 answer "^accept$"'
	check "a campaign for one ECU leaves the other alone" eval \
		'campaign one-ecu --target ecu=door,component=door,hardware_id=DOOR-HW-5 && verified one-ecu 30 >/dev/null; reached one-ecu verified 1 && memory_equal one-ecu door && memory_equal now-1 lamp'
	check "a campaign whose window opens later is downloaded and waits for it" eval \
		'campaign later --start +6s && reached later waiting 4 && ! memory_equal later'
	check "and is flashed when it opens" verified later 30
	check "a campaign that is cancelled before its window ends as cancelled, nothing flashed" eval \
		'campaign not-wanted --start +1h && reached not-wanted waiting 10 && stage_oemctl campaign cancel not-wanted && reached not-wanted cancelled 10 && memory_equal later'
	check "an older release than the one installed is declined with ROLLBACK, and no image of it is fetched" older_release
	check "what the ECUs run stays in the store when its campaigns are closed, and nothing else does" eval \
		'close_campaign now-1 && close_campaign one-ecu && close_campaign later && close_campaign not-wanted && stage_until 10 store_is later'
	ctl status >"$stage/status.out" 2>&1
	check "gatewayctl without a daemon ends with 3" eval \
		'stage_kill gatewayd TERM; expect_status 3 ctl status'
	check "all reports were applied exactly once" reports_whole now-1 one-ecu later
}

run_groups whole_campaign later_campaigns
