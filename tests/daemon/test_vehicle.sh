#!/usr/bin/env bash
# What the vehicle is asked for while its ECUs are flashed: it stays awake, holds terminal 15 and cannot be driven away
# from before the first erase on, also after a SIGKILL, and it is let go on every way out. What it cannot tell or does
# not grant begins nothing, and a network that sleeps is woken to hear what it tells.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# a vehicle that tells more of itself, and grants what it is asked for
vehicle_world() {
	world
	need stage_kill vehicle TERM
	rm -f "$stage/vehicle.control"
	{
		cat "$root/sim/demo/vehicle.yaml"
		cat <<-END
			  charge_percent: {id: 0x141, cycle_ms: 200, start_bit: 0, length: 7}
			  gear_park: {id: 0x150, start_bit: 0, length: 2}
			  parking_brake: {id: 0x150, start_bit: 2, length: 2}
			  kl15_held: {id: 0x170, start_bit: 0, length: 1}
			  drive_inhibited: {id: 0x170, start_bit: 1, length: 1}
			grants:
			  - {signal: kl15_held, id: 0x521, delay_ms: 50, timeout_ms: 3000}
			  - {signal: drive_inhibited, id: 0x522, delay_ms: 50, timeout_ms: 3000}
		END
	} >"$stage/vehicle.yaml"
	stage_spawn vehicle "$BIN/vehicle-sim" --config "$stage/vehicle.yaml" --bus "$stage_port" \
		--control "$stage/vehicle.control"
	need stage_until 30 test -S "$stage/vehicle.control"
	cat >>"$stage/gatewayd.yaml" <<-END
		power:
		  awake: {bus: body, id: 0x520, data: "01"}
		  kl15_hold: {bus: body, id: 0x521, data: "01", release_data: "00", confirm_ms: 5000}
		  drive_inhibit: {bus: body, id: 0x522, data: "01", release_data: "00", confirm_ms: 5000}
		  max_awake_s: 3600
		  min_battery_mv: 11000
	END
	local others='gear_park: {bus: body, id: 0x150, start_bit: 0, length: 2, survives_silence: true}\
  parking_brake: {bus: body, id: 0x150, start_bit: 2, length: 2, survives_silence: true}\
  kl15_held: {bus: body, id: 0x170, start_bit: 0, length: 1, survives_silence: true}\
  drive_inhibited: {bus: body, id: 0x170, start_bit: 1, length: 1, survives_silence: true}'
	# a busy machine is no vehicle that has fallen silent
	gateway_config "s|^signals:|&\n  $others|"
	gateway_config "s/survives_silence: true/max_age_ms: 15000, &/"
	ignition off
}

vehicle() { # WORDS - to its control socket
	stage_say "$stage/vehicle.control" "$*"
}
vehicle_says() { # KEY VALUE
	[[ $(vehicle get) =~ \"$1\":$2[,\}] ]]
}
let_go() {
	vehicle_says drive_inhibited 0 && vehicle_says kl15_held 0
}

# finishing ID - a release whose ECUs are finished with drive-away inhibited
finishing() {
	release "$1" 's/^( +)release_counter: .*/&\n\1driver_return: finish_inhibited/' && intake "$1"
}

backend_knows() {
	stage_oemctl --json vehicle show "$stage_vehicle_id" | grep -q '"gear_park":"yes"'
}

manager() { # PROPERTY
	dbus-send --bus="$stage_dbus_address" --print-reply=literal --dest=org.gateway.Update1 /org/gateway/Update1 \
		org.freedesktop.DBus.Properties.Get string:org.gateway.Update1.Manager "string:$1"
}
manager_says() { # PROPERTY PATTERN
	[[ $(manager "$1") =~ $2 ]]
}

# in the log of the whole bus: no erase while drive-away was not confirmed, and at the end it was let go
inhibited_in_log() {
	awk '
		/ 170#/ { split($3, frame, "#"); inhibited = substr(frame[2], 2, 1) ~ /[2367abefABEF]/ }
		/#10..3101FF00/ { erases++; if (!inhibited) { print "not inhibited: " $0; bad = 1 } }
		/ 522#01/ { asked++ }
		/ 522#00/ { released++ }
		END { print erases " erases, asked " asked ", let go " released; exit bad || erases != 2 || released < 6 } # three when the daemon starts
	' "$stage/bus.log"
}

driver_returns() {
	vehicle_world
	need stage_gateway_start
	need finishing back
	at_frame 1 '7E0#1...36' run true
	need offer back
	need at_frame_done
	check "while an ECU is flashed, D-Bus says that drive-away is inhibited" manager_says DriveInhibited true
	check "and how long it will take" manager_says RemainingSeconds 'uint32 [1-9]'
	check "the vehicle says so too" vehicle_says drive_inhibited 1
	ignition on
	check "a driver who returns in the middle waits: both ECUs are finished" verified back 40
	check "then the vehicle is let go" stage_until 30 let_go
	check "and D-Bus says so" manager_says DriveInhibited false
	check "with a heartbeat the backend knows the gear and the brake" stage_until 30 backend_knows
	check "and oemctl shows them" eval 'stage_oemctl vehicle show "$stage_vehicle_id" | grep -E "^parking brake: +yes"'
	sleep 0.5
	stage_bus_end
	check "no erase began before drive-away was confirmed to be inhibited" inhibited_in_log
	check "the network was kept awake, and is no more" eval \
		'grep -q " 520#01" "$stage/bus.log" && refute eval "tail -4 \"$stage/bus.log\" | grep -q 520#"'
}

not_granted() {
	vehicle_world
	vehicle refuse drive_inhibited >/dev/null
	need stage_gateway_start
	need finishing refused
	need offer refused
	check "a vehicle that does not confirm the inhibition keeps its ECUs" said 60 'does not confirm that it cannot be driven'
	check "and is let go" stage_until 30 let_go
	check "nothing was asked of an ECU's memory" refute grep -qE ' 7E0#(02)?1002' "$stage/bus.log"
	vehicle grant drive_inhibited >/dev/null
	check "once it does, they are flashed" verified refused 60
}

killed_and_stopped() {
	vehicle_world
	need stage_gateway_start
	need finishing killed
	at_frame 1 '7E0#1...36' kill KILL "$(stage_pid gatewayd)"
	need offer killed
	need at_frame_done
	gateway_gone
	check "SIGKILL: nobody asks any more" stage_until 30 vehicle_says drive_inhibited 0
	ignition on
	need stage_gateway_start
	check "the new process asks again, since an ECU is erased" stage_until 30 vehicle_says drive_inhibited 1
	check "its ECU is finished, though the ignition is on" stage_until 40 field_is killed targets.0.state verified
	# the other one too, or it waits: by whether trusted time was there before the first was verified
	check "then the vehicle is let go" stage_until 20 let_go
	ignition off
	check "and the campaign comes to its end" verified killed 40
	need close_campaign killed
	need finishing stopped
	at_frame 1 '7E0#1...36' kill TERM "$(stage_pid gatewayd)"
	need offer stopped
	need at_frame_done
	gateway_gone
	check "SIGTERM: let go as well, and at once" let_go
	need stage_gateway_start
	check "the campaign is finished by the next process" verified stopped 40
}

# since it was last asked for
let_go_in_log() {
	[[ $(awk '/ 521#01/ { released = 0 } / 521#00/ { released++ } END { print released }' "$stage/bus.log") == 3 ]]
}

held() {
	local profile=$stage/held.yaml
	vehicle_world
	need stage_gateway_start
	sed -E 's/^supply: .*/supply: kl15_held/' "$root/sim/demo/profiles/lamp.yaml" >"$profile"
	need grep -q kl15_held "$profile"
	need release held "s|[^ ]*profiles/lamp.yaml|$profile|"
	need stage_oemctl image add "$profile" >/dev/null
	need intake held
	at_frame 1 '7E0#10..3101FF00' run true
	need offer held --target ecu=lamp,component=lamp,hardware_id=LAMP-HW-2
	need at_frame_done
	check "terminal 15 is held while an ECU that needs it is erased" vehicle_says kl15_held 1
	kill -TERM "$(stage_pid gatewayd)"
	gateway_gone
	check "SIGTERM: it is flashed to the end, and terminal 15 let go at once" vehicle_says kl15_held 0
	check "with three frames" let_go_in_log
	need stage_gateway_start
	check "the next process takes note of it" eval 'reached held verified 40 && memory_equal held lamp'
	check "and holds terminal 15 no longer than that" stage_until 30 let_go
}

without_signal() {
	vehicle_world
	need stage_gateway_start
	need release charge
	need intake charge
	need offer charge --condition charge_min_percent=50
	check "a condition without a signal in this vehicle declines the campaign" eval \
		'reached charge declined 20 && field_is charge text "signals.charge_percent"'
	need close_campaign charge
	need stage_kill gatewayd TERM
	gateway_config '/speed_kmh/ s/, survives_silence: true//'
	need stage_gateway_start
	need campaign silent
	check "so does a signal that is silent while the ECUs of its bus are flashed" eval \
		'reached silent declined 20 && field_is silent text "signals.speed_kmh is silent"'
}

# as on a bench
without_interlock() {
	stage_mode=client_initiated
	world
	ignition on
	gateway_config '/^  (ignition|speed_kmh):/d'
	need release bench '/conditions:/d'
	need intake bench
	need offer bench --mode client_initiated --unchecked
	need stage_gateway_start
	check "a gateway that has neither ignition nor speed starts, and warns once" eval \
		'[[ $(grep -c " warning .*signals.ignition and signals.speed_kmh are not configured" "$stage/gatewayd.log") == 1 ]]'
	check "its ECUs are flashed, with the ignition on" verified bench 40
}

# on a network that sleeps signals have stopped, and come back while the frame that keeps it awake is sent
asleep() {
	local -a ctl
	vehicle_world
	ctl=("$BIN/gatewayctl" --address "$stage_dbus_address")
	gateway_config 's/max_age_ms: 15000/max_age_ms: 8000/'
	need stage_gateway_start
	need campaign night --consent
	need reached night waiting 20
	vehicle mute speed_kmh >/dev/null
	need stage_until 30 manager_says SpeedKmh '-1'
	check "what waits for the driver keeps nobody awake" refute grep -q ' 520#' "$stage/bus.log"
	need "${ctl[@]}" approve night
	check "what waits for nothing but to know the speed has the network woken" \
		stage_until 20 grep -q ' 520#01' "$stage/bus.log"
	check "gatewayctl why says so" eval '"${ctl[@]}" why night | grep -q "asked to wake, [1-6]"'
	vehicle unmute speed_kmh >/dev/null
	check "then it is installed" verified night 60
}

run_groups driver_returns not_granted killed_and_stopped held without_signal without_interlock asleep
