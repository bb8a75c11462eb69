#!/usr/bin/env bash
# CAN controllers with a real driver: gatewayd brings one up, checks it, refuses one at another bit rate, and follows its
# state; ecu-flash and a whole campaign flash over them, also where a controller goes bus-off in the middle. In a virtual
# machine (run.sh): emulated PCI cards on one bus, and a serial adapter (slcan) whose far side is slcan_pty.py, since only
# that can be made to go bus-off. Prints TAP. BIN holds the programs.
# shellcheck disable=SC2034,SC2154,SC2317  # of tests/daemon/lib.sh; diagnose is called by lib.sh
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "$0")/../daemon/lib.sh"
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
stage_vehicle_id=VIN-1

# What the kernel says nothing of is prepared outside, where it is faster: keys, and the releases of two campaigns.
if ! vm_inside; then
	stage_new || exit 1
	trap 'rm -rf "$stage"' EXIT
	chmod 755 "$stage"
	stage_pki || exit 1
	chmod -R a+rX "$stage/pki" # gatewayd runs without privilege in one of the tests
	# blocks of 150 frames; a bus that is gone ends an attempt soon, and one that is slow does not
	sed 's/^estimate:/memory: {max_block: 1026}\ntiming: {block_retries: 2}\n&/
		s/^supply:/link: {n_as_ms: 2000, n_bs_ms: 2000}\n&/
		s/step: transfer, retries: 3/step: transfer, retries: 0/' "$root/sim/demo/profiles/door.yaml" >"$stage/door.yaml"
	# two buses, and answers that may take as long as they do where the machine is slow
	ecus_config
	sed -i -E 's/^  - name: body/&\n  - name: chassis/; /- name: door/,$ s/bus: body/bus: chassis/
		/^ +p2_ms:/d; s/^    timing:/&\n      p2_ms: 2000/' "$stage_ecus_config"
	door_bytes=3000
	for id in one two; do
		release "$id" "s#/.*/door.yaml#$stage/door.yaml#" || exit 1
	done
	vm_run --deadline 550 -- "$stage"
	exit
fi

stage=$1
serial=can3 # the serial adapter, after three cards

diagnose() {
	ip -details link show type can | grep -vE 'tseg|clock'
	log_since
}

said_plainly() { # WORDS - since the last `mark`
	log_since | grep -F -- "$1"
}

log_says() { # WORDS - gatewayd says them within 30 s, after the last `mark`
	stage_until 30 said_plainly "$1"
}

link_says() { # INTERFACE WORDS
	ip -details link show "$1" | grep -qF -- "$2"
}

# by_hand - the commands that the last line of standard input names between backquotes are run
by_hand() {
	local command
	# shellcheck disable=SC2016  # these are no expressions
	tail -1 | grep -o '`[^`]*`' | tr -d '`' | while read -r command; do
		echo "# by hand: $command"
		bash -c "$command"
	done
}

configure() { # BUS-LINE…
	cat >"$stage/gatewayd.yaml" <<-END
		vehicle_id: $stage_vehicle_id
		state_dir: state
		dbus: none
		ecu_keys: $root/sim/demo/ecu-keys.yaml
		backend:
		  {host: localhost, port: ${stage_backend_port:-9}, ca: pki/ca.crt, certificate: pki/client.crt, key: pki/client.key}
		trust:
		  author: {keys: [pki/author.pub]}
		  director: {keys: [pki/director.pub]}
		  time: {keys: [pki/time.pub]}
		policy: {retry_pause_s: 1, service_notice_s: 0}
		buses:
	END
	printf -- '- %s\n' "$@" >>"$stage/gatewayd.yaml"
	cat >>"$stage/gatewayd.yaml" <<-END
		ecus:
		- {name: lamp, bus: body, profile: $root/sim/demo/profiles/lamp.yaml}
	END
}

start_gateway() { # [COMMAND…] - before gatewayd
	: >>"$stage/gatewayd.log"
	mark
	"$@" "$BIN/gatewayd" --config "$stage/gatewayd.yaml" >>"$stage/gatewayd.log" 2>&1 </dev/null &
	gateway=$!
	log_says "gatewayd "
}

stop_gateway() {
	kill "$gateway"
	wait "$gateway"
}

modprobe -a kvaser_pci slcan vcan || exit 1
ip link add vcan0 type vcan
ip link add vcan1 type vcan
ip link set vcan1 up
coproc adapter { exec python3 "$root/tests/vm/slcan_pty.py" vcan1 2>"$stage/slcan.log"; }
adapter_says() { echo "$1" >&"${adapter[1]}"; }
mkdir "$stage/state" && chmod 777 "$stage/state"

# --- bringing up

configure '{name: body, port: can0, bitrate: 250000, sample_point: 0.875, restart_ms: 100, bring_up: true}'
start_gateway setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all
log_says "bringing it up needs the capability CAP_NET_ADMIN" && log_says "ip link set can0 up type can bitrate 250000" &&
	link_says can0 "state STOPPED"
result $? "without CAP_NET_ADMIN an interface stays down, and the log says what is missing and what to do instead"
stop_gateway
rm -rf "$stage/state" && mkdir "$stage/state"

stage_until 30 test -e "/sys/class/net/$serial"
ip link set "$serial" up type can bitrate 500000
configure '{name: body, port: can0, bitrate: 250000, sample_point: 0.875, restart_ms: 100, bring_up: true}' \
	'{name: chassis, port: can1, bitrate: 250000}' "{name: serial, port: $serial, bitrate: 500000}"
start_gateway
stage_until 30 link_says can0 "state ERROR-ACTIVE" && link_says can0 "restart-ms 100" &&
	link_says can0 "bitrate 250000 sample-point 0.875" && ! grep -q RTNETLINK "$stage/gatewayd.log"
result $? "gatewayd brings up a controller with bit rate, sample point and restart time"

log_says "can1 is down: \`ip link set can1 up type can bitrate 250000\`" && link_says can1 "state STOPPED"
result $? "one that it may not bring up stays down, and the log says how to bring it up"

# --- checking

mark
ip link set can1 up type can bitrate 125000
log_says "bus chassis (can1) cannot be opened: can1 is up at 125000 bit/s, 250000 is wanted"
result $? "a bus that is up with another bit rate is refused, with both rates"

mark
ip link set can1 down
ip link set can1 up type can bitrate 250000
log_says "bus chassis (can1) is open"
result $? "and is used once it is right"

mark
ip link set can1 down
ip link set can1 up type can bitrate 500000
log_says "bus chassis is lost" && log_says "bus chassis: can1 is up at 500000 bit/s, 250000 is wanted" &&
	! said_plainly "bus chassis is back"
result $? "a bus that comes back with another bit rate is refused too"

mark
ip link set can1 down
ip link set can1 up type can bitrate 250000
log_says "bus chassis is back"
result $? "until it is right again"

mark
ip link set can0 down
log_says "bus body is lost" && log_says "bus body is back" && link_says can0 "bitrate 250000"
result $? "an interface that went down is brought up again"

# --- errors

mark
stage_until 30 grep -qE "^ +$serial " /proc/net/can/rcvlist_err
adapter_says e1a
log_says "bus serial: nobody acknowledges our frames"
result $? "a missing acknowledgement is told"

adapter_says sp000130
log_says "the controller of bus serial is error passive (errors: sending 130, receiving 0)"
result $? "error passive is told with the counters"

adapter_says sb256256
log_says "the controller of bus serial is bus-off" && log_says "bus serial is lost" &&
	log_says "bus serial: $serial is bus-off after too many errors" && log_says "it stays so"
result $? "bus-off is told, the bus is lost, and what the gateway may not bring up it leaves so"

said_plainly "it stays so" | by_hand && log_says "bus serial is back"
result $? "and back once the interface was set down and up, with the commands that the log names"
stop_gateway

# --- settings that cannot be

ip link set can0 down
ip link set can1 down
configure '{name: body, port: can0, bitrate: 250000, fd: true, data_bitrate: 2000000, bring_up: true}' \
	'{name: chassis, port: can1, bitrate: 950000, bring_up: true}' \
	'{name: trunk, port: can2, bitrate: 1000000, sample_point: 0.6, bring_up: true}' \
	'{name: virtual, port: vcan0, bitrate: 250000, bring_up: true}'
start_gateway
log_says "can0 is not set up for CAN FD, which is wanted" && link_says can0 "state STOPPED"
result $? "a controller without CAN FD is refused for a bus with it, and left down"

log_says "of a bit, 0.600 is wanted" && stage_until 10 link_says can2 "state STOPPED"
result $? "a sample point that the clock cannot do is seen after bringing up, and the interface is taken down again"

log_says "the driver of can1 refused bit rate and sample point" && refused=$SECONDS

stage_until 10 grep -q '1$' /sys/class/net/vcan0/flags && ! said_plainly "bus virtual" && ! said_plainly vcan0
result $? "a virtual interface is brought up too, without a word about what it has not"

stage_until 10 eval '((SECONDS - refused > 2))' && [[ $(said_plainly RTNETLINK | wc -l) == 1 ]]
result $? "a bit rate that the driver refuses is told once, and not tried each second"
stop_gateway

# --- ecu-flash over two controllers

info() { # OPTION… - of the bench tool
	timeout 60 "$BIN/ecu-flash" info --bus can0 --profile "$root/sim/demo/profiles/lamp.yaml" "$@" >"$stage/info.log" 2>&1
}

flash() { # BUS PROFILE BASE IMAGE - into flash.log
	"$BIN/ecu-flash" flash --bus "$1" --profile "$2" --keys "$root/sim/demo/ecu-keys.yaml" --base "$3" "$4" \
		>"$stage/flash.log" 2>&1
}

diagnose() {
	ip -details link show type can | grep -vE 'tseg|clock'
	cat "$stage/info.log" "$stage/flash.log"
}

ip link set can1 up type can bitrate 500000
mkdir "$stage/ecus"
"$BIN/virtual-ecu" --config "$stage/virtual-ecus.yaml" --bus body=can1 --bus chassis=vcan1 --state-dir "$stage/ecus" \
	>"$stage/ecus.log" 2>&1 &
stage_until 30 grep -q ready "$stage/ecus.log"

info --bitrate 500000
(($? == 4)) && grep -qF "can0 is down: \`ip link set can0 up type can bitrate 500000\`" "$stage/info.log"
result $? "ecu-flash says how an interface that is down is brought up"

info --bitrate 500000 --bring-up && link_says can0 "bitrate 500000" && link_says can0 "state ERROR-ACTIVE"
result $? "and does it itself where that is asked for"

info --bitrate 125000 --bring-up
(($? == 4)) && grep -qF 'can0 is up at 500000 bit/s, 125000 is wanted' "$stage/info.log" && link_says can0 "bitrate 500000"
result $? "one that is up at another bit rate it refuses, and leaves as it is"

head -c 3000 "$BIN/ecu-flash" >"$stage/lamp.raw"
flash can0 "$root/sim/demo/profiles/lamp.yaml" 0 "$stage/lamp.raw" && cmp -n 3000 "$stage/lamp.raw" "$stage/ecus/lamp.bin"
result $? "ecu-flash on can0 flashes a virtual ECU on can1"
echo "#: ecu-flash over two controllers: $(sed -nE 's/^ *kB\/s +([0-9.]+).*/\1 kB\/s/p' "$stage/flash.log")"

adapter_says "off-after 300" # in the second of three blocks
flash "$serial" "$stage/door.yaml" 0x08000000 "$stage/lamp.raw" &
flashing=$!
stage_until 30 grep -qF "it stays so" "$stage/flash.log"
grep -F "it stays so" "$stage/flash.log" | by_hand
wait "$flashing" && cmp -n 3000 "$stage/lamp.raw" "$stage/ecus/door.bin" &&
	grep -qF "the controller of $serial is bus-off" "$stage/flash.log" && grep -qF "the bus $serial is back" "$stage/flash.log"
result $? "bus-off in the middle of its flash: it waits, says what to do, and after that the flash ends verified"

# --- a whole campaign over both

diagnose() {
	ip -details link show type can | grep -vE 'tseg|clock'
	log_since
	cat "$stage/slcan.log"
	tail -5 "$stage/backend.log"
	cat "$stage/reports.log"
}

erases() { # ECU - of the campaigns so far
	grep -c "$1.*being erased" "$stage/gatewayd.log"
}

stage_port=can1
stage_vehicle && stage_vehicle_set ignition off && stage_backend && stage_oemctl image add "$stage/door.yaml" && intake one && intake two || exit 1
ip link set can0 down
ip link set "$serial" down
configure '{name: body, port: can0, bitrate: 500000, sample_point: 0.875, restart_ms: 100, bring_up: true}' \
	"{name: chassis, port: $serial, bitrate: 500000, restart_ms: 100, bring_up: true}"
cat >>"$stage/gatewayd.yaml" <<-END
	- {name: door, bus: chassis, profile: $stage/door.yaml}
	signals:
	  ignition: {bus: body, id: 0x120, start_bit: 0, length: 3, values: {off: 0, accessory: 1, on: 2, cranking: 3}, survives_silence: true}
	  speed_kmh: {bus: body, id: 0x130, start_bit: 7, length: 16, byte_order: big, factor: 0.01, survives_silence: true}
	  battery_mv: {bus: body, id: 0x140, start_bit: 8, length: 16, survives_silence: true}
END
start_gateway
stage_until 30 link_says "$serial" "state ERROR-ACTIVE" && link_says "$serial" "bitrate 500000" &&
	! said_plainly "comes back from bus-off"
result $? "gatewayd brings up a serial adapter; that its driver has no restart of its own is no trouble"

candump -L vcan1 >"$stage/candump.log" &
adapter_says "off-after 300"
offer one
log_says "the controller of bus chassis is bus-off" &&
	log_says "bus chassis: $serial is bus-off after too many errors: check cable, termination and bit rate; it is set" &&
	log_says "bus chassis is back"
result $? "bus-off in the middle of a campaign's flash is told, and gatewayd sets the controller down and up"

reached one verified 60 && memory_equal one
result $? "the campaign ends verified over both controllers, and the ECUs' memory is the images'"

# 31 01 FF00 once, and no block twice from the begin
[[ $(grep -cE ' 7E1#1[0-9A-F]{3}3101FF00' "$stage/candump.log") == 1 && $(erases door) == 1 ]]
result $? "the flash went on where it was: the ECU was erased once"

mark
offer two --target ecu=door,component=door,hardware_id=DOOR-HW-5
adapter_says "broken-after 300"
stage_until 60 said_plainly "failed: door: bus chassis"
result $? "a bus that goes off for good ends the attempt with its reason"

adapter_says repaired
said_plainly "after 0.2 s (try 2 of 10 in a row" && said_plainly "after 0.4 s (try 3 of 10 in a row"
result $? "the controller is tried again in growing pauses"

log_says "two: waiting: door: bus chassis"
result $? "the campaign waits for it"

reached two verified 90 && memory_equal two door
result $? "once the bus is back the erased ECU is finished"

stage_oemctl reports --campaign two >"$stage/reports.log" && grep -qE "waiting.*bus chassis" "$stage/reports.log"
result $? "and the backend was told what it waited for"

results_end
