#!/usr/bin/env bash
# gatewayd as a service: what it tells the service manager, the lock against shutdown around an erased ECU, a stop in the
# middle of a flash, the configuration read again. Without systemd: its notification socket and logind are stood in for.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ECUs that take seconds to be programmed, and a service manager that listens
slow_world() {
	world
	sed -i -E 's/^( +program_us_per_block: )[0-9]+/\1400000/' "$stage_ecus_config"
	stage_kill vecu TERM
	rm -rf "$stage/ecus" "$stage/ecus.control" "$stage/vecu.log"
	need stage_ecus
	lamp_bytes=20480
	stage_spawn notify python3 "$root/tests/daemon/notify_log.py" "$stage/notify"
	need stage_until 5 grep -q listening "$stage/notify.log"
	export NOTIFY_SOCKET=$stage/notify
	ignition off
}

told() { # PATTERN - to the service manager, at any time
	grep -qE " $1" "$stage/notify.log"
}

erased() { # CAMPAIGN - it has begun to erase the first ECU
	stage_until 20 grep -q "$1: lamp: the ECU is being erased" "$stage/gatewayd.log"
}

logind_start() {
	echo "$1" >"$stage/mode"
	stage_spawn logind "$BIN/../tests/daemon/fake-logind" "$stage_dbus_address" "$stage/mode"
	stage_until 5 grep -q ready "$stage/logind.log"
}

lock_of() { # ECU HOW - what logind was asked
	grep -qxF "asked: shutdown:sleep by gatewayd, $2: ECU $1 is erased and has no software before it is verified" "$stage/logind.log"
}

locks_balanced() { # N - so many were granted, all are released, and none is missing one
	[[ $(grep -c '^granted' "$stage/logind.log") == "$1" && $(grep -c '^released' "$stage/logind.log") == "$1" ]] && return 0
	cat "$stage/logind.log"
	return 1
}

# --- status and lock

locked() {
	slow_world
	need logind_start late
	need stage_gateway
	check "READY=1 is told once it runs" stage_until 5 told READY=1
	check "the status of a gateway without work: connected, with its ECUs" stage_until 10 told \
		'STATUS=idle; backend connected; 2 ECUs known$'
	check "no lock is asked for while nothing is flashed" refute grep -q asked "$stage/logind.log"

	at_frame 1 '7E0#10..3101FF00' run cp "$stage/logind.log" "$stage/at-erase.log"
	check "a campaign that takes a while" campaign one
	check "the status says ECU, step, progress and campaign" stage_until 20 told \
		'STATUS=flashing lamp: transfer, [0-9]+ %, [0-9.]+ kB/s, 0:[0-9]+ left; then door; campaign one$'
	check "the campaign ends verified" verified one 60
	check "logind answered after a second; the erase had not begun before" eval \
		'at_frame_done && grep -q ^granted "$stage/at-erase.log" && ! grep -q ^released "$stage/at-erase.log"'
	check "each ECU had its lock, by its name" eval 'lock_of lamp block && lock_of door block'
	check "both are released" locks_balanced 2
	close_campaign one
	check "the status is told about once a second" eval \
		'awk "/STATUS=/ { if (seen && \$1 - last < 0.9) bad = 1; last = \$1; seen = 1 } END { exit bad }" "$stage/notify.log"'

	echo silent >"$stage/mode"
	check "a logind that does not answer holds the erase up for two seconds, no longer" eval \
		'campaign two && verified two 60 && grep -q "logind does not answer; an ECU is erased without" "$stage/gatewayd.log"'
	close_campaign two

	echo refuse-block >"$stage/mode"
	mark
	check "where blocking is refused the shutdown is delayed" eval \
		'campaign three && verified three 60 && lock_of lamp delay && said_now "shutdown and sleep are delayed" && locks_balanced 4'
	close_campaign three
}

without_logind() {
	slow_world
	need stage_gateway
	check "without logind a campaign ends verified as well" eval 'campaign one && verified one 60'
	check "that is told once, although two ECUs were erased" eval \
		'[[ $(grep -c "nothing keeps this machine from going down" "$stage/gatewayd.log") == 1 ]]'
	close_campaign one
	need logind_start refuse
	mark
	check "where every lock is refused the campaign ends verified" eval 'campaign two && verified two 60'
	check "both kinds were asked for" eval 'lock_of lamp block && lock_of lamp delay'
	close_campaign two
	gateway_config 's/^dbus: .*/dbus: none/'
	stage_kill gatewayd TERM
	need stage_gateway_start
	check "without D-Bus, too" eval 'campaign three && verified three 60'
}

# --- stop

# SIGTERM while the first ECU is erased
stopped() {
	campaign stopped && erased stopped && kill -TERM "$(stage_pid gatewayd)" || return 1
	stage_wait "$(stage_pid gatewayd)" 30
}

stopping() {
	slow_world
	need stage_gateway
	check "SIGTERM in the middle of a flash ends with 0, at the safe point" stopped
	check "the ECU is finished, the next is not begun" eval 'memory_equal stopped lamp && ! memory_equal stopped door'
	check "STOPPING=1 is told, and more time asked for" eval 'told STOPPING=1 && told EXTEND_TIMEOUT_USEC=30000000'
	check "the status says for whose sake it goes on" told 'STATUS=stopping once ECU lamp is verified \(it is erased\): '
	export WATCHDOG_USEC=500000
	stage_gateway_start
	check "started again it goes on with the other ECU" verified stopped 60
	check "the watchdog is fed, also in the middle of a flash" eval '(($(grep -c WATCHDOG=1 "$stage/notify.log") >= 4))'
}

# --- the configuration read again

reload() {
	mark
	kill -HUP "$(stage_pid gatewayd)"
}

boot_version_is() { # TEXT - of the lamp, as its last identification said
	"$BIN/gatewayctl" --address "$stage_dbus_address" --json ecus | python3 -c '
import json, sys
lamp = next(ecu for ecu in json.load(sys.stdin) if ecu["name"] == "lamp")
sys.exit(lamp["boot_version"] != sys.argv[1])' "$1"
}

reloading() {
	slow_world
	stage_gateway_config
	cp "$root/sim/demo/profiles/lamp.yaml" "$stage/lamp.yaml"
	cp "$root/sim/demo/ecu-keys.yaml" "$stage/keys.yaml"
	gateway_config "s|profile: .*/lamp.yaml|profile: lamp.yaml|; s|^ecu_keys: .*|ecu_keys: keys.yaml|"
	need stage_gateway_start
	local pid
	pid=$(stage_pid gatewayd)
	check "the lamp is identified with the profile it has" stage_until 10 boot_version_is BL-1.3

	reload
	check "read again without a change: so it is said" eval 'said 5 "nothing changed that counts at once" && ! said_now "after a restart"'
	check "the service manager is told of the begin and the end" eval \
		'told RELOADING=1 && told MONOTONIC_USEC=[0-9]+ && stage_until 5 eval "[[ \$(grep -c READY=1 \"$stage/notify.log\") == 2 ]]"'

	check "a campaign that takes a while" eval 'campaign one && erased one'
	echo 'dids: {boot: 0x0111}' >>"$stage/lamp.yaml"
	gateway_config 's/^  retry_pause_s: .*/  retry_pause_s: 3/'
	reload
	check "in the middle of a flash: what changed is named" said 5 \
		'changed: ecus\[0\]\.profile \(lamp\), policy\.retry_pause_s$'
	check "the flash goes on to its end" verified one 60
	check "in the same process and the same session, at the first attempt" eval \
		'[[ $(stage_pid gatewayd) == "$pid" ]] && kill -0 "$pid" && [[ $(grep -c "registered with the backend" "$stage/gatewayd.log") == 1 ]] && ! grep -q "attempt 1" "$stage/gatewayd.log"'
	check "the next identification is with the new profile" stage_until 15 boot_version_is left
	close_campaign one

	gateway_config 's/^  retry_pause_s: .*/  retry_pause_s: 0/'
	reload
	check "a wrong configuration is refused with file, line and key" said 5 \
		'gatewayd.yaml:[0-9]+: policy.retry_pause_s: must be 1..86400, is 0; the configuration in use stays as it is'
	gateway_config 's/^  retry_pause_s: .*/  retry_pause_s: 3/'
	echo 'security: {level: 1, algorithm: rot13}' >>"$stage/lamp.yaml"
	reload
	check "and so is a wrong profile" said 5 'lamp.yaml:[0-9]+: .*the configuration in use stays as it is'
	sed -i '/rot13/d' "$stage/lamp.yaml"

	sed -i 's/hex: 6c61/hex: 0000/' "$stage/keys.yaml"
	gateway_config 's/^  host: .*/  host: 127.0.0.1/; s/bitrate: 500000/bitrate: 250000/; s/factor: 0.01/factor: 0.02/'
	reload
	check "what waits for a restart is named" said 5 \
		'changed, but in force only after a restart: backend\.host, buses\[0\], signals\.speed_kmh$'
	check "the ECU's secret is the new one, which is wrong: it does not unlock" eval \
		'campaign two && said 30 "two: lamp: attempt 1 of 3 failed"'
	sed -i 's/hex: 0000/hex: 6c61/' "$stage/keys.yaml"
	reload
	check "read again with the right one, the ECU is flashed" verified two 90
	check "each time the end was told" eval '[[ $(grep -c RELOADING=1 "$stage/notify.log") == 6 && $(grep -c READY=1 "$stage/notify.log") == 7 ]]'
	check "each report was applied exactly once" reports_whole one two
}

# --- SIGHUP while it starts

has_open() { # PID FILE
	local open
	for open in "/proc/$1/fd"/*; do
		[[ $open -ef $2 ]] && return 0
	done
	return 1
}

# It waits for its configuration, which comes through a pipe, and is told to reload. By the time that it reads on, the file is
# another one: whoever asked wants that one.
early_hup() {
	mkfifo "$stage/early.yaml" || return 1
	stage_spawn gatewayd "$BIN/gatewayd" --config "$stage/early.yaml"
	exec {early}<>"$stage/early.yaml"
	stage_until 5 has_open "$(stage_pid gatewayd)" "$stage/early.yaml" || return 1
	kill -HUP "$(stage_pid gatewayd)"
	sed 's/^  retry_pause_s: .*/  retry_pause_s: 3/' "$stage/gatewayd.yaml" >"$stage/changed.yaml"
	mv "$stage/changed.yaml" "$stage/early.yaml"
	cat "$stage/gatewayd.yaml" >&"$early"
	exec {early}>&-
	stage_ready gatewayd 30 "gatewayd "
}

starting() {
	local early
	stage_port=unix:$stage/bus
	stage_backend_port=1
	stage_pki
	need stage_dbus
	stage_gateway_config
	check "a SIGHUP that comes before the configuration is read does not end it" early_hup
	check "and is obeyed once it runs: the file may have changed since it was read" said 5 'changed: policy\.retry_pause_s$'
	check "the next one, too" eval 'mark; kill -HUP "$(stage_pid gatewayd)"; said 5 "nothing changed that counts at once"'
}

run_groups locked without_logind stopping reloading starting
