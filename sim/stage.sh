# A stage for demos and tests: bus, virtual ECUs, vehicle, D-Bus, backend and gateway in a folder of their own.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034  # root and BIN are set by whoever sources this; what is set here is read there
#
# Each part is a function; each says on stderr what failed, with the end of the log. All processes end with stage_end.

# what a test may set to something else
stage_vehicle_id=${stage_vehicle_id:-DEMO0000000000001}
stage_ecus_config=${stage_ecus_config:-$root/sim/demo/virtual-ecus.yaml}
stage_profiles=${stage_profiles:-$root/sim/demo/profiles} # of the ECUs' profiles, of gateway and author
stage_slowness=${stage_slowness:-1} # times which the waits are longer, on an emulated machine
stage_strategy=${stage_strategy:-} # file of urgencies for the backend; none if empty
stage_pids=()
stage_named=()

# stage_new [DIR] - the folder of this run; a temporary one is removed by stage_end
stage_new() {
	if [[ -n ${1:-} ]]; then
		mkdir -p "$1" && stage=$(cd "$1" && pwd) || return 1
		stage_keep=yes
	else
		stage=$(mktemp -d "${TMPDIR:-/tmp}/gateway.XXXXXX") || return 1
		stage_keep=no
	fi
}

# stage_spawn NAME COMMAND… - in the background, its output in NAME.log
stage_spawn() {
	local name=$1
	shift
	"$@" >>"$stage/$name.log" 2>&1 </dev/null &
	stage_pids+=($!)
	stage_named+=("$name:$!")
}

# stage_pid NAME - process id of the part started last under this name
stage_pid() {
	local entry pid=
	for entry in "${stage_named[@]}"; do
		[[ $entry == "$1:"* ]] && pid=${entry#*:}
	done
	echo "$pid"
}

# stage_until SECONDS COMMAND… - polls until the command succeeds; on an emulated machine less often, since it would do
# little else. It waits for what never comes, without a process for each time.
exec {stage_never}<> <(:)
stage_until() {
	local deadline=$((SECONDS + $1 * stage_slowness)) pause=0.05
	((stage_slowness == 1)) || pause=0.5
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		read -rt $pause -u "$stage_never" || : # the status of a loop is that of its last command
	done
}

# stage_ready NAME SECONDS TEXT - waits for a text in the part's log
stage_ready() {
	stage_until "$2" grep -qF -- "$3" "$stage/$1.log" && return 0
	echo "$1 did not start; its log:" >&2
	tail -20 "$stage/$1.log" >&2
	return 1
}

# a process that has ended, though nobody may have waited for it yet
stage_ended() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${stat##*) } == Z* ]]
}

# stage_wait PID SECONDS - for a child; SIGKILL after so many seconds. Returns its exit status.
stage_wait() {
	stage_until "$2" stage_ended "$1" || kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# stage_kill NAME SIGNAL - and waits until the process is gone; returns its exit status
stage_kill() {
	local pid
	pid=$(stage_pid "$1")
	[[ -n $pid ]] || return 0
	kill "-$2" "$pid" 2>/dev/null
	stage_wait "$pid" 20
}

# The gateway is killed: its safe point may be far away, and a stage has nothing to lose.
stage_end() {
	local gateway
	trap '' INT TERM
	gateway=$(stage_pid gatewayd)
	{
		[[ -n $gateway ]] && kill -KILL "$gateway"
		kill -CONT "${stage_pids[@]}"
		kill -TERM "${stage_pids[@]}"
		stage_until 3 stage_gone || kill -KILL "${stage_pids[@]}"
		wait "${stage_pids[@]}"
	} 2>/dev/null # the shell's own words on killed processes among it
	[[ ${stage_vcan_made:-} ]] && ip link del "$stage_vcan_made" 2>/dev/null
	if [[ $stage_keep == yes ]]; then
		echo "all files of this run are in $stage"
	else
		rm -rf "$stage"
	fi
}

stage_gone() {
	local pid
	for pid in "${stage_pids[@]}"; do
		stage_ended "$pid" || return 1
	done
}

stage_pki() {
	[[ -f $stage/pki/ca.crt ]] || "$root/sim/pki.sh" "$stage/pki" "$stage_vehicle_id"
}

# The images: real firmware for the lamp (Intel HEX, several segments), and for the door an S-record that objcopy makes
# of the code and constants of an ELF program of the toolchain.
stage_images() {
	[[ -f $stage/lamp.hex && -f $stage/door.srec ]] && return
	cp /usr/share/firmware-microbit-micropython/firmware.hex "$stage/lamp.hex" &&
		objcopy -O srec -j .text -j .rodata --change-section-address .text=0x08000000 \
			--change-section-address .rodata=0x08018000 "$(command -v objcopy)" "$stage/door.srec"
}

# stage_sections IMAGE FORMAT - each section as ADDRESS FILE, extracted by binutils, in rising addresses
stage_sections() {
	local name size address
	[[ -f $1.sections ]] || objdump -h -b "$2" "$1" | awk '$2 ~ /^\.sec/ {print $2, $3, $4}' | sort -k3 |
		while read -r name size address; do
			objcopy -I "$2" -O binary -j "$name" "$1" "$1$name.bin"
			echo "$address $1$name.bin"
		done >"$1.sections"
	cat "$1.sections"
}

# stage_version IMAGE FORMAT - what the virtual ECU will say as its version: the CRC-32 of all bytes (from gzip's trailer)
stage_version() {
	local -a files
	mapfile -t files < <(stage_sections "$1" "$2" | cut -d' ' -f2)
	echo "crc-$(cat "${files[@]}" | gzip -c | tail -c 8 | od -An -N4 -tx4 | tr -d ' ')"
}

# stage_memory ECU IMAGE FORMAT BASE:SIZE… - the ECU's memory (regions one after another in its file) against the image
stage_memory() {
	local ecu=$1 image=$2 format=$3 address file region base size offset n bytes=0
	shift 3
	while read -r address file; do
		offset=0
		n=$(stat -c %s "$file")
		for region in "$@"; do
			base=$((${region%:*})) size=$((${region#*:}))
			if ((16#$address >= base && 16#$address < base + size)); then
				if ! cmp -s -n "$n" -i "0:$((offset + 16#$address - base))" "$file" "$stage/ecus/$ecu.bin"; then
					echo "memory of $ecu: differs from $image in the section at 0x$address" >&2
					return 1
				fi
				bytes=$((bytes + n))
			fi
			offset=$((offset + size))
		done
	done < <(stage_sections "$image" "$format")
	((bytes)) || return 1
	echo "memory of $ecu: equal to the image, $bytes bytes compared"
}

# whether a virtual interface of this name is there, and up
stage_vcan_is() {
	ip -details link show "$1" up 2>/dev/null | grep -qE '^ +vcan '
}

# why there is no interface of our own, where the kernel did not let us make one; and what to do
stage_vcan_denied() {
	local name
	if [[ ! -d /sys/module/vcan ]] && ! PATH=$PATH:/usr/sbin:/sbin modprobe -n -q vcan 2>/dev/null; then
		echo "this kernel has no vcan"
		return
	fi
	for name in vcan{0..9}; do
		stage_vcan_is "$name" && echo "making a vcan interface needs root; --bus $name takes the one that is there" && return
		[[ -e /sys/class/net/$name ]] && continue
		echo "vcan needs root: \`sudo ip link add $name type vcan && sudo ip link set $name up\`, then --bus $name"
		return
	done
	echo "vcan needs root"
}

# stage_vcan_make - sets stage_vcan to a virtual interface of our own (others may be there, of a run beside this one or of
# one that was killed), or stage_vcan_words to why there is none. The kernel loads its driver by itself.
stage_vcan_make() {
	local name words
	for name in gu-demo gu-demo{2..9}; do
		[[ -e /sys/class/net/$name ]] && continue
		if ! words=$(ip link add "$name" type vcan 2>&1) || ! words=$(ip link set "$name" up 2>&1); then
			case $words in
			*"Unknown device type"* | *"not supported"*) stage_vcan_words="this kernel has no vcan" ;;
			*"not permitted"*) stage_vcan_words=$(stage_vcan_denied) ;;
			*) stage_vcan_words="vcan: $words" ;;
			esac
			ip link del "$name" 2>/dev/null
			return 1
		fi
		stage_vcan=$name
		stage_vcan_made=$name
		return 0
	done
	stage_vcan_words="gu-demo to gu-demo9 are there already; 'ip link del NAME' removes one"
	return 1
}

# stage_vcan_take NAME - the same with one that somebody else has made, and keeps; never with a controller, whose bus may
# be that of a vehicle
stage_vcan_take() {
	if ! stage_vcan_is "$1"; then
		stage_vcan_words="$1 is no vcan interface, or down: \`sudo ip link set $1 up\`"
		return 1
	fi
	stage_vcan=$1
}

stage_candump_listens() {
	grep -qE "^ +$stage_vcan " /proc/net/can/rcvlist_all
}

# stage_bus auto|sim|vcan|INTERFACE - sets stage_port and stage_bus_words
stage_bus() {
	local kind=$1
	stage_vcan_words=
	case $kind in
	sim) ;;
	auto | vcan) stage_vcan_make ;;
	*) stage_vcan_take "$kind" ;;
	esac
	if [[ ${stage_vcan:-} ]]; then
		stage_port=$stage_vcan
		stage_bus_words="vcan ($stage_vcan), unpaced: rates are those of this machine"
		# nothing paces a block either: its frames all come before candump is next
		# shellcheck disable=SC2016  # for the other shell
		stage_spawn candump sh -c 'exec candump -L -r 8388608 "$0" >"$1"' "$stage_vcan" "$stage/bus.log"
		stage_until 30 stage_candump_listens && return 0
		echo "candump did not start; its words:" >&2
		tail -20 "$stage/candump.log" >&2
		return 1
	fi
	if [[ $kind != sim && $kind != auto ]]; then
		echo "no bus: $stage_vcan_words" >&2
		return 1
	fi
	stage_bus_words="simulated (500 kbit/s, bit-exact${stage_vcan_words:+; $stage_vcan_words})"
	stage_port=unix:$stage/bus
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --bitrate 500000 --log "$stage/bus.log" --name body \
		--control "$stage/bus.control"
	stage_ready simbus 30 listening
}

# the log is complete once who writes it has ended; the ECUs have written their memory once they have
stage_bus_end() {
	stage_kill vecu TERM
	stage_kill candump TERM
	stage_kill simbus TERM
}

stage_ecus() {
	mkdir -p "$stage/ecus"
	stage_spawn vecu "$BIN/virtual-ecu" --config "$stage_ecus_config" --bus "body=$stage_port" \
		--state-dir "$stage/ecus" --control "$stage/ecus.control"
	stage_ready vecu 30 ready
}

stage_vehicle() {
	stage_spawn vehicle "$BIN/vehicle-sim" --config "$root/sim/demo/vehicle.yaml" --bus "$stage_port" \
		--control "$stage/vehicle.control"
	stage_until 30 test -S "$stage/vehicle.control"
}

# stage_vehicle_set SIGNAL VALUE
stage_vehicle_set() {
	stage_say "$stage/vehicle.control" "set $1 $2" >/dev/null
}

# stage_say SOCKET LINE - one line to a control socket, one line back
stage_say() {
	python3 - "$1" "$2" <<'EOF'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline().rstrip())
EOF
}

stage_dbus() {
	cat >"$stage/dbus.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path=$stage/dbus</listen>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="signal"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
  </policy>
</busconfig>
EOF
	stage_dbus_address=unix:path=$stage/dbus
	stage_spawn dbus dbus-daemon --config-file "$stage/dbus.conf" --nofork
	stage_until 30 test -S "$stage/dbus"
}

# stage_backend - with the update mode $stage_mode, if set, and the lines of $stage_backend_lines in its configuration
stage_backend() {
	sed "s/^mode: .*/mode: ${stage_mode:-negotiated}/" "$root/sim/demo/backend.yaml" >"$stage/backend.yaml"
	printf '%s\n' "${stage_backend_lines:-}" >>"$stage/backend.yaml"
	if [[ $stage_strategy ]]; then
		cp "$stage_strategy" "$stage/strategy.yaml"
		echo "strategy: strategy.yaml" >>"$stage/backend.yaml"
	fi
	rm -f "$stage/backend.port"
	stage_spawn backend "$BIN/oem-backend" --config "$stage/backend.yaml"
	stage_until 30 test -s "$stage/backend.port" && stage_backend_port=$(<"$stage/backend.port") && return 0
	echo "oem-backend did not start; its log:" >&2
	tail -20 "$stage/backend.log" >&2
	return 1
}

stage_gateway_config() {
	cat >"$stage/gatewayd.yaml" <<EOF
vehicle_id: $stage_vehicle_id
state_dir: state
dbus: unix:path=$stage/dbus
ecu_keys: $root/sim/demo/ecu-keys.yaml
backend:
  host: localhost
  port: $stage_backend_port
  ca: pki/ca.crt
  certificate: pki/client.crt
  key: pki/client.key
  backoff_min_ms: 200
  backoff_max_ms: 2000
trust:
  author: {keys: [pki/author.pub]}
  director: {keys: [pki/director.pub]}
  time: {keys: [pki/time.pub]}
buses:
  - {name: body, port: "$stage_port", bitrate: 500000}
ecus:
  - {name: lamp, bus: body, profile: $stage_profiles/lamp.yaml}
  - {name: door, bus: body, profile: $stage_profiles/door.yaml}
signals:
  ignition: {bus: body, id: 0x120, start_bit: 0, length: 3, values: {off: 0, accessory: 1, on: 2, cranking: 3}, survives_silence: true}
  speed_kmh: {bus: body, id: 0x130, start_bit: 7, length: 16, byte_order: big, factor: 0.01, survives_silence: true}
  battery_mv: {bus: body, id: 0x140, start_bit: 8, length: 16, survives_silence: true}
policy:
  postpone_s: 3600
  service_notice_s: 0
  retry_pause_s: 2
EOF
}

stage_gateway() {
	stage_gateway_config
	stage_gateway_start
}

stage_gateway_start() {
	stage_spawn gatewayd "$BIN/gatewayd" --config "$stage/gatewayd.yaml"
	stage_ready gatewayd 30 "gatewayd "
}

stage_oemctl() {
	"$BIN/oemctl" --control "$stage/backend.control" "$@"
}

# stage_author - the author's release, signed offline
stage_author() {
	cat >"$stage/manifest.yaml" <<EOF
id: demo-release-1
version: 1
expires: +30d
description: New firmware of lamp and door
severity: {score: 50, change: bug_fix}
components:
  - name: lamp
    hardware_ids: [LAMP-HW-2]
    profile: $stage_profiles/lamp.yaml
    release_counter: 2
    conditions: [{kind: standstill}, {kind: ignition_off}, {kind: battery_min_mv, value: 11800}]
    functions_lost: [exterior lamps]
    units:
      - {kind: application, image: lamp.hex, format: ihex, expected_version: $(stage_version "$stage/lamp.hex" ihex)}
  - name: door
    hardware_ids: [DOOR-HW-5]
    profile: $stage_profiles/door.yaml
    release_counter: 7
    conditions: [{kind: standstill}, {kind: ignition_off}]
    functions_lost: [central locking]
    units:
      - {kind: application, image: door.srec, format: srec, expected_version: $(stage_version "$stage/door.srec" srec)}
EOF
	"$BIN/manifestctl" manifest --spec "$stage/manifest.yaml" --key "$stage/pki/author.key" --out "$stage/manifest.env"
}

# stage_intake CAMPAIGN [START [END]] - images and manifest to the backend, then the campaign
stage_intake() {
	local out
	stage_author >"$stage/author.log" 2>&1 || { cat "$stage/author.log" >&2 && return 1; }
	cat >"$stage/campaign-$1.yaml" <<EOF
id: $1
vehicle: $stage_vehicle_id
manifest: manifest.env
urgency: normal
mode: ${stage_mode:-negotiated}
window: {start: ${2:-+0s}, end: ${3:-+2h}}
targets:
  - {ecu: lamp, hardware_id: LAMP-HW-2, serial_number: LAMP-000417, component: lamp, rollback: none}
  - {ecu: door, hardware_id: DOOR-HW-5, component: door, rollback: none}
EOF
	if ! out=$(stage_oemctl image add "$stage/lamp.hex" "$stage/door.srec" "$stage_profiles/lamp.yaml" \
		"$stage_profiles/door.yaml" 2>&1 && stage_oemctl manifest add "$stage/manifest.env" 2>&1 &&
		stage_oemctl campaign add --spec "$stage/campaign-$1.yaml" 2>&1); then
		echo "$out" >&2
		return 1
	fi
}

# stage_table CAMPAIGN - ECU, versions, bytes, seconds, kB/s, bus load, verdict; from the backend's record and the bus log
stage_table() {
	stage_oemctl campaign show "$1" --json >"$stage/campaign.json" || return 1
	"$BIN/can-rate" --json --ecu lamp=7E0:7E8 --ecu door=7E1:7E9 "$stage/bus.log" >"$stage/rate.json" || return 1
	python3 "$root/sim/table.py" "$stage/campaign.json" "$stage/rate.json" \
		${stage_vcan:+"(vcan is not paced: limit and load are those of a bus at 500 kbit/s)"}
}
