# What the scripts of this suite share: TAP, groups that run in parallel, small campaigns, checks of what must hold.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2317  # stage.sh reads what is set here, and sets `stage`; the scripts call these
#
# A script defines functions and calls `run_groups FUNCTION…`. Each function runs in a subshell with a stage of its own
# (sim/stage.sh) and prints tests through `check`; they run in parallel, and the numbers and the plan come at the end.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$root/build/release/bin}
export BIN
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh"

# small images, so that an ECU takes about a second; one size for all campaigns of a stage, since the virtual ECU's
# version is the CRC-32 of all its programmed bytes
lamp_bytes=8192
door_bytes=8192

# --- TAP

# check SENTENCE COMMAND… - one test
check() {
	local sentence=$1
	shift
	if "$@" >"$stage/check.out" 2>&1; then
		echo "ok - $sentence"
		return 0
	fi
	echo "not ok - $sentence"
	echo "# failed: $*"
	tail -15 "$stage/check.out" | sed 's/^/#   /'
	[[ -f $stage/gatewayd.log ]] && tail -25 "$stage/gatewayd.log" | sed 's/^/#   gatewayd: /'
	[[ -f $stage/backend.log ]] && tail -8 "$stage/backend.log" | sed 's/^/#   backend: /'
	return 1
}

skip() { # SENTENCE WHY
	echo "ok - $1 # SKIP $2"
}

# need COMMAND… - what the tests that follow stand on; if it fails, the group ends
need() {
	"$@" && return 0
	echo "not ok - ${FUNCNAME[1]}: could not go on: $*"
	tail -20 "$stage/stderr.log" | sed 's/^/#   /'
	exit 1
}

expect_status() { # STATUS COMMAND…
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	((status == wanted)) && return 0
	echo "ended with $status, not $wanted: $*"
	return 1
}

refute() { # COMMAND… - that must fail
	! "$@"
}

groups_work=
groups_pids=()

# shellcheck disable=SC2317  # called by the trap
groups_stop() {
	trap '' INT TERM
	((${#groups_pids[@]})) && kill "${groups_pids[@]}" 2>/dev/null
	wait
	rm -rf "$groups_work"
	exit 130
}

group_main() { # FUNCTION
	stage_new ""
	exec 2>>"$stage/stderr.log" # the shell's own words on killed processes among it
	trap 'stage_end 2>/dev/null' EXIT
	trap 'exit 143' INT TERM
	"$1"
	: >"$groups_work/$1.whole"
}

# run_groups FUNCTION… - in parallel; prints their tests numbered, in this order, and the plan
run_groups() {
	local function pid
	groups_work=$(mktemp -d "${TMPDIR:-/tmp}/groups.XXXXXX")
	trap groups_stop INT TERM
	for function in "$@"; do
		(group_main "$function") >"$groups_work/$function" 2>&1 &
		groups_pids+=($!)
	done
	for pid in "${groups_pids[@]}"; do
		wait "$pid"
	done
	for function in "$@"; do
		cat "$groups_work/$function"
		[[ -e $groups_work/$function.whole ]] || grep -q '^not ok' "$groups_work/$function" ||
			echo "not ok - $function: ended before its last test"
	done | awk '/^(not )?ok / { sub(/ok( -)? /, "ok " ++n " - ") } { print } END { print "1.." n + 0 }'
	rm -rf "$groups_work"
}

# --- a whole vehicle on the simulated bus

# The demo's two virtual ECUs, with little of the factory's software in them.
ecus_config() {
	stage_ecus_config=$stage/virtual-ecus.yaml
	sed -E 's/^( +size: )0x(20000|4000)( .*|)$/\10x400\3/' "$root/sim/demo/virtual-ecus.yaml" >"$stage_ecus_config"
}

# everything but the gateway
world() {
	stage_pki
	ecus_config
	world_of_ecus
}

# the same with the ECUs of $stage_ecus_config
world_of_ecus() {
	need stage_bus sim
	need stage_ecus
	need stage_vehicle
	need stage_dbus
	need stage_backend
	stage_gateway_config
}

# gateway_config SED-SCRIPT… - changes to the configuration that stage_gateway_config wrote
gateway_config() {
	sed -i -E "$@" "$stage/gatewayd.yaml"
}

# once the process is gone, however it went; its exit status
gateway_gone() {
	wait "$(stage_pid gatewayd)" 2>/dev/null
}

gateway_kill() {
	stage_kill gatewayd KILL
}

# lines of gatewayd.log since the last `mark`
mark() {
	marked=$(wc -l <"$stage/gatewayd.log")
}
marked=0
log_since() {
	tail -n "+$((marked + 1))" "$stage/gatewayd.log"
}

# said SECONDS TEXT - gatewayd says it after the mark
said_now() {
	log_since | grep -qE -- "$1"
}
said() {
	stage_until "$1" said_now "$2" && return 0
	echo "gatewayd did not say within $1 s: $2"
	return 1
}

ecu_fault() { # ECU FAULT [ARGUMENT]
	stage_say "$stage/ecus.control" "fault $*" >/dev/null
}

ignition() { # on|off
	stage_vehicle_set ignition "$1"
}

# --- campaigns

image_crc() { # FILE - CRC-32 as the virtual ECU says it (from gzip's trailer)
	gzip -c "$1" | tail -c 8 | od -An -N4 -tx4 | tr -d ' '
}

# release ID [SED-SCRIPT] - images for lamp (raw) and door (S-record) made from the id, and the author's manifest of them
release() {
	local id=$1 n
	python3 - "$stage/$id" "$lamp_bytes" "$door_bytes" <<-'END'
		import random, sys
		for name, size in (("lamp", sys.argv[2]), ("door", sys.argv[3])):
		    with open(f"{sys.argv[1]}.{name}.bin", "wb") as file:
		        file.write(random.Random(f"{sys.argv[1]} {name}").randbytes(int(size)))
	END
	objcopy -I binary -O srec --change-addresses=0x08000000 "$stage/$id.door.bin" "$stage/$id.door.srec"
	n=$(find "$stage" -maxdepth 1 -name '*.spec.yaml' | wc -l)
	cat >"$stage/$id.spec.yaml" <<-END
		id: release-$id
		version: $((n + 1))
		expires: +30d
		severity: {score: 50, change: bug_fix}
		components:
		  - name: lamp
		    hardware_ids: [LAMP-HW-2]
		    profile: $root/sim/demo/profiles/lamp.yaml
		    release_counter: 2
		    conditions: [{kind: standstill}, {kind: ignition_off}, {kind: battery_min_mv, value: 11800}]
		    functions_lost: [exterior lamps]
		    units:
		      - {kind: application, image: $id.lamp.bin, format: raw, base_address: 0, expected_version: crc-$(image_crc "$stage/$id.lamp.bin")}
		  - name: door
		    hardware_ids: [DOOR-HW-5]
		    profile: $root/sim/demo/profiles/door.yaml
		    release_counter: 7
		    conditions: [{kind: standstill}, {kind: ignition_off}]
		    functions_lost: [central locking]
		    units:
		      - {kind: application, image: $id.door.srec, format: srec, expected_version: crc-$(image_crc "$stage/$id.door.bin")}
	END
	[[ -z ${2:-} ]] || sed -i -E "$2" "$stage/$id.spec.yaml"
	"$BIN/manifestctl" manifest --spec "$stage/$id.spec.yaml" --key "${author_key:-$stage/pki/author.key}" \
		--out "$stage/$id.env" >"$stage/author.log" 2>&1 || { cat "$stage/author.log" && return 1; }
}

# intake ID - files and manifest to the backend
intake() {
	stage_oemctl image add "$stage/$1.lamp.bin" "$stage/$1.door.srec" "$root/sim/demo/profiles/lamp.yaml" \
		"$root/sim/demo/profiles/door.yaml" >"$stage/intake.log" 2>&1 &&
		stage_oemctl manifest add "$stage/$1.env" >>"$stage/intake.log" 2>&1 && return 0
	cat "$stage/intake.log"
	return 1
}

# offer ID [FLAG…] - the campaign itself, for both ECUs if no flag names a target
offer() {
	local id=$1
	shift
	local -a flags=(--id "$id" --vehicle "$stage_vehicle_id" --manifest "$stage/$id.env")
	[[ " $* " == *" --start "* ]] || flags+=(--start +0s)
	[[ " $* " == *" --end "* ]] || flags+=(--end +2h)
	[[ " $* " == *" --mode "* ]] || flags+=(--mode negotiated)
	[[ " $* " == *" --target "* ]] ||
		flags+=(--target "ecu=lamp,component=lamp,hardware_id=LAMP-HW-2,serial_number=LAMP-000417"
			--target "ecu=door,component=door,hardware_id=DOOR-HW-5")
	stage_oemctl campaign add "${flags[@]}" "$@" >"$stage/offer.log" 2>&1 && return 0
	cat "$stage/offer.log"
	return 1
}

campaign() { # ID [FLAG…]
	local id=$1
	shift
	release "$id" && intake "$id" && offer "$id" "$@"
}

reached() { # ID STATE SECONDS - at the backend
	stage_oemctl wait --campaign "$1" --state "$2" --timeout "$3" && return 0
	stage_oemctl campaign show "$1"
	return 1
}

# field ID PATH - of the backend's record of a campaign, as `state` or `targets.0.code`
field() {
	stage_oemctl --json campaign show "$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)["campaign"]
for key in sys.argv[1].split("."):
    value = value[int(key)] if key.isdigit() else value[key]
print(value)' "$2"
}

field_is() { # ID PATH PATTERN
	local value
	value=$(field "$1" "$2")
	[[ $value =~ $3 ]] && return 0
	echo "$1: $2 is '$value', not '$3'"
	return 1
}

# memory_equal ID [ECU…] - the ECUs hold the images of this campaign, byte for byte
memory_equal() {
	local id=$1 ecu
	shift
	(($#)) || set -- lamp door
	for ecu in "$@"; do
		cmp -n "$(stat -c %s "$stage/$id.$ecu.bin")" "$stage/$id.$ecu.bin" "$stage/ecus/$ecu.bin" || return 1
	done
}

# verified ID [SECONDS] - the backend recorded it, and the memory is the images'
verified() {
	reached "$1" verified "${2:-30}" && memory_equal "$1"
}

# close_campaign ID - off the vehicle's list, so that the next ones find room
close_campaign() {
	stage_oemctl campaign close "$1" >"$stage/close.log" 2>&1 || { cat "$stage/close.log" && return 1; }
}

# reports_whole [CAMPAIGN…] - each report applied once, none missing; each campaign done once, each of its ECUs verified once
reports_whole() {
	python3 "$root/tests/daemon/reports.py" "$stage/backend.control" "$stage/backend.db" "$@"
}

# good_campaign ID - that the daemon still takes and finishes one
good_campaign() {
	campaign "$1" && verified "$1" 40 && close_campaign "$1"
}

# at_frame NTH FRAME COMMAND… - runs the command the moment the nth frame ID#HEX… (a regular expression from its begin) is
# on the bus; prints nothing; ends with status 1 after 30 s without
at_frame() {
	python3 "$root/tests/daemon/at_frame.py" "$stage/bus" "$@" 2>>"$stage/at_frame.log" &
	at_frame_pid=$!
	stage_pids+=("$at_frame_pid")
	stage_until 5 grep -qx "watching $at_frame_pid" "$stage/at_frame.log"
}
at_frame_done() {
	wait "$at_frame_pid" && return 0
	echo "the frame was not seen"
	return 1
}

# nothing_left TEXT - no process whose command line holds this text; those that there are, are printed
nothing_left() {
	local file words left=0
	for file in /proc/[0-9]*/cmdline; do
		words=$(tr '\0' ' ' 2>/dev/null <"$file") || continue
		[[ $words == *"$1"* ]] || continue
		echo "still running: $words"
		left=1
	done
	return "$left"
}
