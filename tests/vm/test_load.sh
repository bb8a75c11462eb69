#!/usr/bin/env bash
# A flash on a bus that misbehaves, in a virtual machine (run.sh): a flood beside it, a queue of ten frames, two flashes at
# once, frames that get lost, an interface that goes down in the middle. Each flash ends verified or with a documented exit
# code and words that say what happened; nobody is shown an error number of the kernel. Prints TAP. BIN holds the programs.
# shellcheck disable=SC2154  # stage.sh sets `stage` and `stage_vcan`
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh"

if ! vm_inside; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	"$root/sim/pki.sh" "$work/stage/pki" "$stage_vehicle_id" || exit 1
	vm_run --deadline 550 -- "$work"
	exit
fi

work=$1
profiles=$root/sim/demo/profiles
started=()

diagnose() {
	tail -15 "$work/$last.log"
	tail -5 "$work/ecus.log"
}

# flash ECU BYTES - in the foreground; sets status, seconds_used; the words are in $work/ECU.log
flash() {
	local base=0 began
	began=$(date +%s%3N)
	last=$1
	[[ $1 == door ]] && base=0x08000000
	head -c "$2" "$BIN/ecu-flash" >"$work/$1.raw"
	timeout 100 "$BIN/ecu-flash" flash --bus vcan0 --profile "$profiles/$1.yaml" --keys "$root/sim/demo/ecu-keys.yaml" \
		--base $base --raw --recover "$work/$1.raw" >"$work/$1.log" 2>&1
	status=$?
	took_ms=$(($(date +%s%3N) - began))
}

memory_is() { # ECU BYTES
	cmp -n "$2" "$work/$1.raw" "$work/state/$1.bin"
}

verified() { # ECU BYTES
	((status == 0)) && grep -q "verdict  *verified" "$work/$1.log" && memory_is "$1" "$2"
}

# verified, or a failure as documented: exit code 1, 4 or 5, and words
ended_well() { # ECU BYTES
	! grep -qiE "ENOBUFS|no buffer space" "$work/$1.log" || return 1
	verified "$1" "$2" || { [[ $status == [145] ]] && grep -qE "verdict|ecu-flash:" "$work/$1.log"; }
}

figure() { # WORDS ECU
	echo "#: $1: $(grep -oE '[0-9.]+ in TransferData' "$work/$2.log" | sed 's/ in.*/ kB\/s/;q')," \
		"$((took_ms / 1000)) s, repeats $(awk '$1 == "repeats" {print $2}' "$work/$2.log" | grep . || echo 0)," \
		"exit $status"
}

dropped() { # [INTERFACE] - by the queue so far
	tc -s qdisc show dev "${1:-vcan0}" | sed -nE 's/.*dropped ([0-9]+),.*/\1/p;T;q' | head -1
}

rmmod vcan && modprobe vcan echo=1 && modprobe -a sch_netem || exit 1
ip link add vcan0 type vcan && ip link set vcan0 mtu 72 up && mkdir "$work/state" || exit 1
# Blocks of 64 bytes: of 4095 not one would get through where every twentieth frame is lost. What a new ECU holds is small,
# so that the images of the campaign take its place.
sed 's/^    bus: body$/&\n    max_block_length: 66/; /^    max_block_length: 4095/d; s/^      size: 0x\(20000\|4000\)\b/      size: 0x400/' \
	"$root/sim/demo/virtual-ecus.yaml" >"$work/ecus.yaml"
"$BIN/virtual-ecu" --config "$work/ecus.yaml" --bus body=vcan0 --state-dir "$work/state" >"$work/ecus.log" 2>&1 &
started+=($!)
stage_until 30 grep -q ready "$work/ecus.log"

cangen vcan0 -g 0 -i -I 123 -L 8 -D r >/dev/null 2>&1 &
flood=$!
before=$(</sys/class/net/vcan0/statistics/tx_packets)
flash door 8192
kill $flood
(($(</sys/class/net/vcan0/statistics/tx_packets) - before > 5000)) && verified door 8192
result $? "beside a flood of frames a flash ends verified"
figure "flood beside it" door

flash_lamp() {
	flash lamp 4096
	echo $status >"$work/lamp.status"
}
flash_lamp &
other=$!
flash door 4096
wait $other
verified door 4096 && status=$(<"$work/lamp.status") && last=lamp && head -c 4096 "$BIN/ecu-flash" >"$work/lamp.raw" && verified lamp 4096
result $? "two flashes on one interface at once end verified"
figure "two at once" lamp

ip link set vcan0 txqueuelen 10 && tc qdisc add dev vcan0 root netem rate 1mbit limit 10
cangen vcan0 -g 0 -i -I 123 -L 8 -D r >/dev/null 2>&1 &
flood=$!
flash door 2048
kill $flood
(($(dropped) > 0)) && ended_well door 2048
result $? "with a queue of ten frames, and full, a flash ends defined, and nobody is told of ENOBUFS"
figure "queue of 10, refused $(dropped) frames" door
tc qdisc del dev vcan0 root

for percent in 1 5; do
	tc qdisc add dev vcan0 root netem loss $percent%
	attempts=0
	bad=0
	until ((attempts > 0)) && ((status == 0 || attempts == 5)); do
		flash door $((5120 / percent))
		attempts=$((attempts + 1))
		ended_well door $((5120 / percent)) || bad=1
	done
	((bad == 0 && $(dropped) > 0)) && verified door $((5120 / percent))
	result $? "with $percent % of the frames lost each flash ends verified or defined, and one of five verified"
	figure "$percent % lost, $(dropped) frames, attempt $attempts" door
	tc qdisc del dev vcan0 root
done

flash_down() {
	stage_until 60 grep -qE "transfer|erase" "$work/door.log" && ip link set vcan0 down && sleep 1 && ip link set vcan0 up &&
		touch "$work/was_down"
}
: >"$work/door.log"
flash_down &
other=$!
flash door 8192
wait $other
[[ -e $work/was_down ]] && ended_well door 8192
result $? "an interface that goes down in the middle ends a flash defined"
figure "down for 1 s" door
flash door 8192
verified door 8192
result $? "and the next one ends verified"

kill "${started[@]}" 2>/dev/null

# --- the gateway: its campaign has to end verified

stage_images() { # smaller ones: each twentieth frame is lost
	head -c 2048 "$BIN/ecu-flash" >"$stage/lamp.raw" && head -c 1024 "$BIN/gatewayd" >"$stage/door.raw" &&
		objcopy -I binary -O ihex "$stage/lamp.raw" "$stage/lamp.hex" &&
		objcopy -I binary -O srec --change-addresses 0x08000000 "$stage/door.raw" "$stage/door.srec"
}

diagnose() {
	tail -25 "$stage/gatewayd.log"
	stage_oemctl campaign show load-1
}

stage_ecus_config=$work/ecus.yaml
stage_new "$work/stage" && stage_images && stage_bus vcan && stage_ecus && stage_vehicle && stage_vehicle_set ignition off &&
	stage_dbus && stage_backend && stage_gateway && tc qdisc add dev "$stage_vcan" root netem loss 1% && stage_intake load-1
result $? "a campaign begins on a bus that loses 1 % of the frames"

began=$SECONDS
stage_until 120 grep -qE "7E0#10..36" "$stage/bus.log" && ip link set "$stage_vcan" down && stage_until 30 grep -q "bus body is lost" "$stage/gatewayd.log" &&
	ip link set "$stage_vcan" up && stage_until 30 grep -q "bus body is back" "$stage/gatewayd.log"
result $? "its interface goes down in the middle of a transfer, and comes back"

stage_until 120 grep -q "door: the ECU is being erased" "$stage/gatewayd.log" && # candump ended with the interface
	tc qdisc change dev "$stage_vcan" root netem loss 5% &&
	stage_oemctl wait --campaign load-1 --state "done" --timeout 150 >/dev/null &&
	stage_oemctl campaign show load-1 | grep -q "^verified: *yes"
result $? "the campaign ends verified all the same, its second ECU with 5 % lost"
stage_kill vecu TERM # its memory is in its files then
stage_memory lamp "$stage/lamp.hex" ihex 0x00000000:0x40000 0x10001000:0x400 >"$stage/memory.log" 2>&1 &&
	stage_memory door "$stage/door.srec" srec 0x08000000:0x20000 >>"$stage/memory.log" 2>&1 &&
	(($(dropped "$stage_vcan") > 0))
result $? "frames were lost, and both ECUs hold the images"
! grep -qiE "ENOBUFS|no buffer space" "$stage/gatewayd.log"
result $? "and nobody was told of ENOBUFS"
echo "#: campaign, down once, 1 % and 5 % lost: $(dropped "$stage_vcan") frames, $((SECONDS - began)) s"
stage_end >/dev/null

results_end
