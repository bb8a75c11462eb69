#!/usr/bin/env bash
# The order of writes: in a virtual machine gatewayd's state is on a disk whose writes are logged (dm-log-writes), with marks
# for what it told backend and ECUs, while it runs a campaign for two ECUs. Then write_order.py makes the disks that a power
# cut at any moment could have left, and starts the daemon from them. Prints TAP. BIN holds the programs; SEED and STATES
# choose the crash states.
# shellcheck disable=SC2154,SC2034  # stage.sh sets `stage`, and reads what is set here
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/daemon/lib.sh
source "$root/tests/daemon/lib.sh"

lamp_bytes=2048
door_bytes=2048
id=order
disk_mib=32 # gatewayd wants 16 MiB to spare

# what gatewayd sees is what write_marks.py lets through
in_the_machine() {
	export DM_DISABLE_UDEV=1
	stage_slowness=10
	modprobe dm-log-writes || return 1
	dmsetup create logged --table "0 $((disk_mib * 2048)) log-writes /dev/vda /dev/vdb" && mkdir /run/disk &&
		mount /dev/mapper/logged /run/disk && mkdir /run/disk/state && sync || return 1
	stage_bus sim && ecus_config && stage_ecus && stage_vehicle && stage_backend || return 1
	stage_spawn marks python3 "$root/tests/vm/write_marks.py" logged "$stage" "$stage/bus" "$stage_backend_port" "$VM_OUT"
	stage_ready marks 10 port || return 1
	gateway_config "s,^  port: .*,  port: $(sed -n 's/^port //p' "$stage/marks.log"),"
	stage_spawn gatewayd "$BIN/gatewayd" --config "$stage/gatewayd.yaml"
	# stopped once, so that the database is closed and opened in the middle
	reached $id waiting 100 && stage_kill gatewayd TERM || return 1
	ignition off
	stage_spawn gatewayd "$BIN/gatewayd" --config "$stage/gatewayd.yaml"
	verified $id 100 && reports_whole $id && stage_kill gatewayd TERM && umount /run/disk && dmsetup remove logged
}

if vm_inside; then
	stage_new "$1"
	in_the_machine >"$VM_OUT/machine.log" 2>&1
	status=$?
	tail -n 30 "$VM_OUT/machine.log" "$stage"/{gatewayd,backend,marks}.log >"$VM_OUT/words"
	stage_end >/dev/null 2>&1
	exit $status
fi

diagnose() {
	cat "$stage/vm/words"
}

prepare() {
	stage_port=unix:$stage/bus
	stage_pki && ecus_config && stage_backend && stage_gateway_config || return 1
	gateway_config 's,^state_dir:.*,state_dir: /run/disk/state,; s,^dbus:.*,dbus: none,; s,unix:[^"]*/bus",unix:'"$stage"'/marked.bus",'
	sed -E 's/^  ignition: on/  ignition: off/' "$root/sim/demo/vehicle.yaml" >"$stage/vehicle.yaml"
	release $id && intake $id && offer $id && stage_kill backend TERM || return 1
	truncate -s ${disk_mib}M "$stage/disk.before" && PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q "$stage/disk.before" || return 1
	cp "$stage/disk.before" "$stage/disk" && truncate -s 128M "$stage/log"
}

stage_new ""
trap 'stage_end 2>/dev/null' EXIT
trap 'exit 143' INT TERM
if ! prepare >"$stage/prepare.log" 2>&1; then
	diagnose() { cat "$stage/prepare.log"; }
	result 1 "a release is made and offered"
	results_end
	exit 1
fi
vm_run --disk "$stage/disk" --disk "$stage/log" --deadline 550 --keep "$stage/vm" -- "$stage"
status=$?
[[ -e $stage/vm/status ]] || exit $status # skipped, or the machine died
if ((status)); then
	result 1 "the campaign is verified in the machine"
	results_end
	exit 1
fi
python3 "$root/tests/vm/write_order.py" "$stage" "$id" "${STATES:-210}" "${SEED:-$RANDOM}"
