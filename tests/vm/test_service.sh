#!/usr/bin/env bash
# gatewayd under systemd and logind, in a virtual machine (run.sh): the status that `systemctl status` shows, reload and stop
# in the middle of a flash, the lock against shutdown, a hung loop, SIGKILL. With the unit of systemd/, on vcan, with the
# demo's backend, vehicle and ECUs, which take seconds to be programmed. Prints TAP. BIN holds the programs.
# shellcheck disable=SC2154,SC2317  # stage.sh sets `stage`; stage_until calls the functions
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/daemon/lib.sh
source "$root/tests/daemon/lib.sh"

campaigns=(one two three)
lamp_bytes=6144
door_bytes=6144

if ! vm_inside; then
	stage_new "" && trap 'rm -rf "$stage"' EXIT
	stage_pki
	# an emulated machine may be slow to answer
	for ecu in lamp door; do
		sed 's/^timing: {/timing: {p2_ms: 500, /' "$root/sim/demo/profiles/$ecu.yaml" >"$stage/$ecu.yaml"
	done
	grep -q ^timing "$stage/door.yaml" || echo 'timing: {p2_ms: 500}' >>"$stage/door.yaml"
	DESTDIR=$stage/installed cmake --install "$BIN/.." --prefix /usr >"$stage/install.log" || exit 1
	for id in "${campaigns[@]}"; do
		release "$id" 's|profile: .*/|profile: |' || exit 1
	done
	vm_run --systemd --deadline 550 -- "$stage"
	exit
fi

diagnose() {
	systemctl status gatewayd --no-pager --lines=0
	tail -40 "$stage/journal.log"
}

shows() { # PROPERTY
	systemctl show gatewayd --property "$1" --value
}

# asked again and again: the one property, not all of the unit's as `systemctl show` does
status_is() { # PATTERN
	busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/gatewayd_2eservice \
		org.freedesktop.systemd1.Service StatusText | sed 's/^s "//; s/"$//' | grep -qE -- "^$1"
}

# how often the unit's journal, which is followed into this file, says it; cheap to ask again and again
said() { # PATTERN
	grep -cE -- "$1" "$stage/journal.log"
}

said_times() { # N PATTERN
	(($(said "$2") >= $1))
}

locks() { # those of gatewayd, a line each
	systemd-inhibit --list --no-legend --no-pager | grep gatewayd
}

no_lock() {
	! locks
}

erasing() { # CAMPAIGN [FLAG…] - it is offered, and the first erase has begun
	offer "$@" && stage_until 5 said_times 1 "^$1: lamp: the ECU is being erased"
}

# what an ECU takes for its erase, so that the machine may be as slow as it is
hold() { # ECU
	ecu_fault "$1" stuck-erase on
}
let_go() { # ECU
	ecu_fault "$1" stuck-erase off
}

ends_verified() { # CAMPAIGN [ECU…]
	reached "$1" verified 90 && memory_equal "$@" && close_campaign "$1"
}

starts=0
started_again() { # gatewayd says that it runs, once more than when it was last asked
	stage_until 5 said_times $((starts + 1)) '^gatewayd [0-9.]+: vehicle' && starts=$(said '^gatewayd [0-9.]+: vehicle')
}

boot_version_is() { # TEXT - of the lamp
	gatewayctl --json ecus | grep -A6 '"lamp"' | grep -q "\"boot_version\": *\"$1\""
}

seconds_since() { # EPOCHREALTIME - with one decimal
	local ms=$(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
	echo "$((ms / 1000)).$((ms % 1000 / 100)) s"
}

# --- the gateway's system

kill -s SIGRTMIN+21 1 # no progress on the console: that costs an emulated machine much
mkdir -p /srv/stage /run/systemd/system/gatewayd.service.d
cp -r "$1/." /srv/stage
for file in sbin/gatewayd bin/gatewayctl lib/systemd/system/gatewayd.service lib/sysusers.d/gatewayd.conf \
	share/dbus-1/system.d/org.gateway.Update1.conf share/polkit-1/rules.d/50-org.gateway.Update1.rules; do
	cp /srv/stage/installed/usr/$file /usr/$file || exit 1
done
systemd-sysusers /usr/lib/sysusers.d/gatewayd.conf
cat >/run/systemd/system/gatewayd.service.d/test.conf <<-'END'
	[Unit]
	ConditionPathExists=
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/gatewayd --config /srv/stage/gatewayd.yaml
	LoadCredential=
	WatchdogSec=10
	TimeoutStopSec=3
END
rm /etc/systemd/system/systemd-logind.service
systemctl daemon-reload
busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
systemctl start polkit systemd-logind || exit 1

# --- the vehicle and its backend

stage_slowness=20 # limits here are a twentieth of what they come to
stage_new /srv/stage
trap stage_end EXIT
ecus_config
# time to be seen in the transfer, and patience: nothing of this is about what an ECU may ask for
sed -i -E '/^ +((p2|s3)_ms|max_block_length): /d; s/^  - name: (lamp|door)( .*)?$/&\n    max_block_length: 1026/
	s/^( +)program_us_per_block: .*/\1program_us_per_block: 300000\n\1p2_ms: 500\n\1s3_ms: 30000/' "$stage_ecus_config"
sed "s/ignition: *on/ignition: off/" "$root/sim/demo/vehicle.yaml" >"$stage/vehicle.yaml"
stage_bus vcan || exit 1
stage_kill candump TERM # nobody reads its log
stage_ecus && stage_backend || exit 1
stage_spawn vehicle "$BIN/vehicle-sim" --config "$stage/vehicle.yaml" --bus "$stage_port"
stage_gateway_config
mkdir "$stage/own"
cp "$stage/lamp.yaml" "$stage/door.yaml" "$root/sim/demo/ecu-keys.yaml" "$stage/own/"
gateway_config "s|^dbus: .*|dbus: system|; s|^state_dir: .*|state_dir: /var/lib/gatewayd|; s|$root/sim/demo/(profiles/)?|own/|
	s#^( *(ignition|speed_kmh|battery_mv): \{)#\1max_age_ms: 30000, #"
chmod -R a+rX /srv/stage

stage_oemctl image add "$stage"/*.lamp.bin "$stage"/*.door.srec "$stage/lamp.yaml" "$stage/door.yaml" >/dev/null || exit 1
for id in "${campaigns[@]}"; do
	stage_oemctl manifest add "$stage/$id.env" >/dev/null || exit 1
done

# --- status, lock, reload

stage_spawn journal journalctl -f -n all -o cat -u gatewayd
systemctl start gatewayd && [[ $(shows ActiveState) == active ]] && started_again
result $? "systemctl start returns when gatewayd is ready"
stage_until 3 status_is 'idle; backend connected; 2 ECUs known$' && stage_until 2 boot_version_is BL-1.3
result $? "its status says that it has nothing to do, and with whom"
no_lock
result $? "logind holds no lock of it"

hold lamp && erasing one && stage_until 3 locks &&
	locks | grep -q 'shutdown:sleep ECU lamp is erased and has no software before it is verified *block'
result $? "systemd-inhibit --list shows a block lock that names the erased ECU, for the unit's user by the polkit rule"
pid=$(shows MainPID)
echo 'dids: {boot: 0x0111}' >>"$stage/own/lamp.yaml"
systemctl reload gatewayd && [[ $(shows ActiveState) == active ]] &&
	stage_until 2 said_times 1 'read again: changed: ecus\[0\].profile \(lamp\)$' && [[ $(said '^one: done') == 0 ]]
result $? "systemctl reload in the middle of the flash has the profile read again"
let_go lamp && stage_until 3 status_is 'flashing [a-z]+: transfer, [0-9]+ %' &&
	shown=$(systemctl status gatewayd --no-pager --lines=0 | sed -n 's/^ *Status: //p') && [[ $shown == '"flashing '*'; campaign one"' ]]
result $? "systemctl status shows ECU, step and progress of a flash"
echo "#: systemctl status: $shown"
ends_verified one
result $? "the flash goes on to its end"
[[ $(shows MainPID) == "$pid" && $(said 'registered with the backend') == 1 && $(said 'attempt [0-9]') == 0 ]]
result $? "in the same process, the same session, at the first attempt"
stage_until 3 boot_version_is left
result $? "the next identification is with the new profile"
stage_until 2 no_lock
result $? "and the lock is released"

# --- stop

hold lamp && erasing two && began=$EPOCHREALTIME
systemctl stop gatewayd &
stop=$!
stage_until 3 status_is 'stopping once ECU lamp is verified \(it is erased\): '
result $? "systemctl stop in the middle of a flash: the status says for whose sake it goes on"
let_go lamp && wait $stop
echo "#: stop in mid-flash: $(seconds_since "$began") to the safe point, with TimeoutStopSec=3"
[[ $(shows Result) == success && $(shows ExecMainStatus) == 0 ]] && memory_equal two lamp && ! memory_equal two door
result $? "it is not killed at TimeoutStopSec=, but ends by itself with the erased ECU finished and the next not begun"

# --- SIGKILL, when it goes on after that

hold door && systemctl start gatewayd && started_again && stage_until 5 said_times 1 '^two: door: the ECU is being erased' && began=$EPOCHREALTIME
result $? "started again it goes on with the other ECU"
systemctl kill --kill-who=main --signal=KILL gatewayd && [[ $(said '^two: door: the ECU is verified') == 0 ]] && started_again && let_go door &&
	[[ $(shows Restart) == always && $(shows StartLimitIntervalUSec) == 0 ]]
result $? "killed in the middle of that flash it is started again, however often: there is no start limit"
echo "#: from SIGKILL to ready: $(seconds_since "$began")"
ends_verified two
result $? "and the campaign ends verified"

# --- a hung loop

erasing three --target ecu=lamp,component=lamp && began=$EPOCHREALTIME
systemctl kill --kill-who=main --signal=STOP gatewayd
started_again && said_times 1 'Watchdog timeout'
result $? "a process that hangs in the middle of a flash is killed by the watchdog and started again"
echo "#: from hang to ready: $(seconds_since "$began"), with WatchdogSec=10"
ends_verified three lamp
result $? "the campaign goes on and ends verified"

systemctl stop gatewayd && [[ $(shows Result) == success ]] && no_lock
result $? "idle, it stops at once, and no lock is left"
results_end
