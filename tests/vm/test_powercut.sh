#!/usr/bin/env bash
# Power cuts: gatewayd runs in a virtual machine with its state on a disk of its own, and the machine is killed 20 times at
# random moments of campaigns for two ECUs. After each: the database is sound, each file with a final name has its digest,
# nothing that backend or ECUs were told is lost, the daemon starts, and at last each campaign ends verified.
#
# The backend, the bus and the ECUs are on the host: they keep what they have been told, as they do in the world. In half of
# the rounds the ECUs lose their power, too. Prints TAP. BIN holds the programs; SEED repeats a run's moments.
# shellcheck disable=SC2154  # stage.sh sets `stage`
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"

if vm_inside; then
	echo "10.0.2.2 localhost" >/etc/hosts
	mkdir /run/disk && busybox mount -t ext4 /dev/vda /run/disk && mkdir -p /run/disk/state || exit 1
	"${BIN%/bin}/tests/vm/bus_link" unix:/run/bus "tcp:10.0.2.2:$2" &
	until [[ -S /run/bus ]]; do sleep 0.05; done
	exec "$BIN/gatewayd" --config "$1/gatewayd.yaml" >>"$VM_OUT/gatewayd.log" 2>&1
fi

# shellcheck source=tests/daemon/lib.sh
source "$root/tests/daemon/lib.sh"

cuts=20
cuts_per_campaign=4
lamp_bytes=4096
door_bytes=4096
last_frame=560 # of those that carry an image: 4096 bytes are some 585
seed=${SEED:-$RANDOM$RANDOM}
RANDOM=$((seed % 32768))

diagnose() {
	[[ ! -s $stage/wrong ]] || cat "$stage/wrong"
	echo "repeat with SEED=$seed; gatewayd:"
	tail -25 "$stage/vm/gatewayd.log"
	echo "backend:"
	tail -8 "$stage/backend.log"
}

give_up() {
	result 1 "$1"
	results_end
	exit 1
}

machine_starts() {
	mark
	stage_spawn vm "$root/tests/vm/run.sh" --network --disk "$stage/disk" --deadline 550 --keep "$stage/vm" \
		env BIN="$BIN" bash "$0" "$stage" "$bus_port"
}

# shellcheck disable=SC2317  # called by the trap
machine_ends() {
	local vm
	vm=$(stage_pid vm)
	[[ ! $vm ]] || stage_ended "$vm" || kill -KILL "$(<"$stage/vm/qemu.pid")"
	stage_end 2>/dev/null
}

# machine_was_cut CAMPAIGN - the plug was pulled, and the backend has read all that the gateway sent before
machine_was_cut() {
	local status
	cut_when_done "$1" &
	stage_until 200 stage_ended "$(stage_pid vm)"
	stage_ended "$plug_pid" || kill "$plug_pid" # it must not hit another process of that number
	kill $! 2>/dev/null
	stage_ended "$(stage_pid vm)" || return 1
	wait "$(stage_pid vm)"
	status=$?
	((status == 123)) && stage_until 20 backend_is_alone
}
# what was to be hit may have been done before: an ECU boots the new software, and is not flashed again
cut_when_done() {
	stage_oemctl wait --campaign "$1" --state verified --timeout 200 >/dev/null && sleep 1 &&
		kill -KILL "$(<"$stage/vm/qemu.pid")"
}
backend_is_alone() {
	[[ $(grep -oE 'connected from|disconnected' "$stage/backend.log" | tail -1) != "connected from" ]]
}

# arm MAX_MS [NTH FRAME]… - the plug will be pulled at a random time after the first of these frames, up to so many ms
arm() {
	local delay=$((RANDOM % $1))
	shift
	python3 "$root/tests/vm/pull_plug.py" "$stage/bus" "$stage/vm/qemu.pid" "0.$(printf %03d $delay)" "$@" \
		>"$stage/plug" 2>"$stage/plug.log" &
	plug_pid=$!
	stage_pids+=("$plug_pid")
	stage_until 20 grep -q watching "$stage/plug.log"
}

# arm_flash REQUEST_ID FRAME - in the flash of this ECU, most often in its transfer; or at this frame, if that is over
arm_flash() {
	local steps=("$1#021002" "$1#022701" "$1#10..2EF15A" "$1#10..3101FF00" "$1#10..34" "$1#0137" "$1#....310102" "$1#021101")
	if ((RANDOM % 10 < 7)); then
		arm 40 $((RANDOM % last_frame + 1)) "$1#2" 1 "$2"
	else
		arm 40 1 "${steps[RANDOM % ${#steps[@]}]}" 1 "$2"
	fi
}

downloading() {
	tail -n "+$backend_lines" "$stage/backend.log" | grep -q 'file [0-9a-f]* from byte'
}

# a machine that runs, or a new one; and the campaign, if it is not offered yet
go_on() { # CAMPAIGN
	backend_lines=$(($(wc -l <"$stage/backend.log") + 1))
	[[ $offered == "$1" ]] || offer "$1" || return 1
	offered=$1
	$running || machine_starts
	running=true
}

# cut_in PHASE CAMPAIGN
cut_in() {
	case $1 in
	download) stage_oemctl debug rate 30000 && go_on "$2" && stage_until 60 downloading && arm 999 ;;
	wait) go_on "$2" && reached "$2" waiting 60 && arm 500 ;;
	lamp) ignition off && arm_flash 7E0 7E1#021002 && go_on "$2" ;;
	door) ignition off && arm_flash 7E1 7DF#032800 && go_on "$2" ;;
	report) ignition off && arm 600 1 7DF#032800 && go_on "$2" ;;
	esac >"$stage/cut.log" && machine_was_cut "$2" && running=false && stage_oemctl debug rate 0 >>"$stage/cut.log" && count "$2"
}

# count CAMPAIGN - which phase was hit
count() {
	local phase words=
	phase=$(<"$stage/plug")
	[[ $phase ]] || phase=report
	[[ $phase != none ]] || phase=$([[ $(field "$1" state) == waiting ]] && echo wait || echo download)
	hits[$phase]=$((${hits[$phase]:-0} + 1))
	if ((RANDOM % 2)); then
		ecus_lose_power || return 1
		words=", of the ECUs too"
	fi
	echo "# cut $((++round)) at $SECONDS s: $1, $phase$words"
}

# like the vehicle's battery; their memories keep what they have
ecus_lose_power() {
	stage_kill vecu KILL
	((++ecu_cuts))
	stage_ecus
}

plan() { # - four phases of a campaign in their order, both ECUs among them
	local more=(download wait lamp door report)
	{
		printf '%s\n' lamp door
		shuf -n 2 --random-source=<(yes "$RANDOM") -e "${more[@]}"
	} | sed 's/download/1 &/; s/wait/2 &/; s/lamp/3 &/; s/door/4 &/; s/report/5 &/' | sort | cut -d' ' -f2
}

disk_is_sound() {
	python3 "$root/tests/vm/crash_state.py" "$stage/disk" "$stage" >"$stage/wrong" 2>&1
}

# --- everything but the gateway

stage_new ""
trap machine_ends EXIT
trap 'exit 143' INT TERM
exec 2>>"$stage/stderr.log"
declare -A hits=()
round=0 ecu_cuts=0 offered='' running=false plug_pid=
mkdir "$stage/vm"
if ! { stage_pki && ecus_config && stage_bus sim && stage_ecus && stage_vehicle && stage_backend; }; then
	give_up "there are bus, ECUs, vehicle and backend"
fi
stage_spawn link "${BIN%/bin}/tests/vm/bus_link" tcp:0 "unix:$stage/bus"
stage_ready link 20 "listening on" || give_up "the bus is linked"
bus_port=$(sed -n 's/listening on //p' "$stage/link.log")
stage_gateway_config
gateway_config 's,^state_dir:.*,state_dir: /run/disk/state,; s,^dbus:.*,dbus: none,; s,unix:[^"]*/bus",unix:/run/bus",'
if ! truncate -s 24M "$stage/disk" || ! PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q "$stage/disk"; then
	give_up "there is a disk"
fi
for ((n = 1; n <= cuts / cuts_per_campaign; n++)); do
	if ! release "power-$n" "s/release_counter: .*/release_counter: $((10 + n))/" || ! intake "power-$n"; then
		give_up "there are releases"
	fi
done

# --- the rounds

echo "# SEED=$seed"
for ((n = 1; n <= cuts / cuts_per_campaign; n++)); do
	id=power-$n
	ignition on
	sound=0
	for phase in $(plan); do
		cut_in "$phase" "$id" || give_up "$id is cut in the phase $phase"
		disk_is_sound || { sound=1 && break; }
	done
	result $sound "$id, cut $cuts_per_campaign times: each time the disk holds what backend and ECUs were told"
	ignition off
	go_on "$id" && verified "$id" 90 >"$stage/cut.log" && reports_whole "$id" && close_campaign "$id"
	result $? "the daemon started each time; in the end $id is verified, and each report of it recorded once"
	((failures == 0)) || break
done
arm 300
machine_was_cut "$id" && disk_is_sound
result $? "cut once more when all is done, the disk is sound"
((${hits[lamp]:-0} >= 3 && ${hits[door]:-0} >= 3))
result $? "the flash of each ECU was hit at least three times"
echo "#: power cuts: $round; in download ${hits[download]:-0}, wait ${hits[wait]:-0}, flash of lamp ${hits[lamp]:-0}," \
	"flash of door ${hits[door]:-0}, report ${hits[report]:-0}; with the ECUs $ecu_cuts; $SECONDS s"
results_end
