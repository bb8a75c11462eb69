#!/usr/bin/env bash
# The main job, end to end: a campaign from the backend flashes two virtual ECUs and reports them verified.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=sim/setup.sh
source "$root/sim/setup.sh"
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh"

usage() {
	cat <<'EOF'
Usage: sim/demo.sh [--batch] [--yes] [--mode client|server|negotiated] [--bus auto|sim|vcan|INTERFACE] [--keep DIR]

Builds, starts a CAN bus, two virtual ECUs, a vehicle, an OEM backend and the gateway daemon, runs one campaign and
shows it live. Needs a Debian 12; what is missing is installed with apt, asked for first.

  --batch     never ask, plain output; exit 0 only if the backend recorded the campaign as verified
  --yes       install without asking (also with CI=true)
  --mode MODE who decides when: negotiated (default): a notice, an answer that postpones, a confirmation; client: the
              vehicle asks what is new, and installs when it is parked; server: the backend triggers, and the vehicle
              refuses until it is safe
  --bus BUS   auto (default): a vcan interface of its own where the kernel and the user's rights allow one, else the
              simulated bus, and why; vcan: no other; sim: the simulated bus; or the name of a vcan interface that is
              up, which needs no root: sudo ip link add vcan0 type vcan && sudo ip link set vcan0 up
  --keep DIR  leave all files of the run (logs, databases, bus.log as candump writes it) in DIR; keys (pki/) and images
              (lamp.hex, door.srec) that are there already are taken

Exit status: 0 the backend recorded both ECUs as verified and their memory holds the images; 1 not; 2 wrong usage;
130 stopped by Ctrl-C.
EOF
}

assume_yes=no
[[ ${CI:-} == true ]] && assume_yes=yes
batch=no
bus=auto
mode=negotiated
keep=
while (($#)); do
	case $1 in
	--batch) batch=yes assume_yes=yes ;;
	--yes) assume_yes=yes ;;
	--bus | --keep | --mode)
		(($# > 1)) || { echo "sim/demo.sh: $1 needs a value; see --help" >&2 && exit 2; }
		case $1 in
		--bus) bus=$2 ;;
		--mode) mode=$2 ;;
		--keep) keep=$2 ;;
		esac
		shift
		;;
	-h | --help) usage && exit 0 ;;
	*) echo "sim/demo.sh: unknown option $1; see --help" >&2 && exit 2 ;;
	esac
	shift
done
if [[ ! $bus =~ ^(auto|sim|vcan)$ && ! -e /sys/class/net/$bus ]]; then
	echo "sim/demo.sh: --bus $bus: must be auto, sim, vcan or an interface, and there is none of this name" >&2
	exit 2
fi

case $mode in
client) stage_mode=client_initiated stage_backend_lines='poll_s: 4' ;;
server) stage_mode=server_initiated stage_backend_lines='trigger: operator' ;;
negotiated) stage_mode=negotiated stage_backend_lines='notice: existence' ;;
*) echo "sim/demo.sh: --mode $mode: must be client, server or negotiated" >&2 && exit 2 ;;
esac

packages=("${demo_packages[@]}")
[[ ${GU_SKIP_BUILD:-} ]] || packages+=("${build_packages[@]}")
ensure_packages "$assume_yes" "${packages[@]}" || exit 1
# the tests bring programs of their own
if [[ -z ${GU_SKIP_BUILD:-} ]]; then
	build_preset release || exit 1
	BIN=$root/build/release/bin
elif [[ ! -x ${BIN:-}/gatewayd ]]; then
	echo "sim/demo.sh: GU_SKIP_BUILD is set, but BIN names no folder with the programs" >&2
	exit 1
fi

stage_new "${keep:-}" || exit 1
trap stage_end EXIT
trap 'echo; echo "stopped"; exit 130' INT TERM
started=$SECONDS

stage_pki
stage_images
stage_bus "$bus" || exit 1
echo "bus: $stage_bus_words"
stage_ecus || exit 1
stage_vehicle || exit 1
stage_dbus || exit 1
stage_strategy=$root/sim/demo/strategy.yaml
stage_backend || exit 1
stage_gateway || exit 1
stage_intake demo-1 || exit 1
echo "campaign: demo-1 for vehicle $stage_vehicle_id"
echo "  lamp: MicroPython for a Cortex-M, Intel HEX; door: an S-record made of an ELF program"
case $mode in
client) echo "ignition: on; the gateway asks what is new, downloads it, and waits until the vehicle is parked." ;;
server) echo "ignition: on; the gateway downloads and waits. Triggered at once by oemctl, it will refuse." ;;
negotiated) echo "ignition: on; the gateway will postpone, and download meanwhile. Off in 3 s." ;;
esac
waits() { # the backend has heard that it is downloaded
	stage_oemctl wait --campaign demo-1 --state waiting --timeout 60 >/dev/null 2>&1
}
pause() { # SECONDS
	sleep "$1" &
	pause=$!
	wait "$pause"
}
(
	pause=
	trap '[[ $pause ]] && kill "$pause"; exit' TERM
	if [[ $mode != negotiated ]]; then
		waits &
		pause=$!
		wait "$pause"
	fi
	[[ $mode == server ]] && stage_oemctl trigger demo-1
	pause 3
	stage_vehicle_set ignition off
) &
stage_pids+=($!)
if [[ $batch == yes ]]; then
	timeout --foreground 300 "$BIN/gatewayctl" --address "$stage_dbus_address" watch demo-1 --until "done" </dev/null | cat
else
	timeout --foreground 300 "$BIN/gatewayctl" --address "$stage_dbus_address" watch demo-1 --until "done"
fi

# what counts is the backend's record, not what the gateway shows of itself
if ! "$BIN/oemctl" --control "$stage/backend.control" wait --campaign demo-1 --state "done" --timeout 30 >/dev/null; then
	echo "the backend did not record the campaign as done; its last words and the gateway's:" >&2
	"$BIN/oemctl" --control "$stage/backend.control" campaign show demo-1 >&2
	tail -15 "$stage/gatewayd.log" >&2
	exit 1
fi
stage_bus_end
echo
stage_table demo-1
status=$?
if [[ $mode == server ]]; then
	echo "the vehicle's reports of why it did not begin when it was triggered:"
	stage_oemctl reports --campaign demo-1 | grep 'the ignition is on'
fi
stage_memory lamp "$stage/lamp.hex" ihex 0x00000000:0x40000 0x10001000:0x400 &&
	stage_memory door "$stage/door.srec" srec 0x08000000:0x20000 || status=1
echo "took $((SECONDS - started)) s"
exit "$status"
