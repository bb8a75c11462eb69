#!/usr/bin/env bash
# CAN controllers with a real driver: gatewayd brings one up, checks it, refuses one at another bit rate, and follows its
# state; ecu-flash and virtual-ecu talk over two of them. In a virtual machine (run.sh): two emulated PCI cards on one bus,
# and a serial adapter (slcan) whose far side is slcan_pty.py, since only that can be made to go bus-off. Prints TAP.
# BIN holds the programs.
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"

if ! vm_inside; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	"$root/sim/pki.sh" "$work/pki" VIN-1 || exit 1
	chmod -R a+rX "$work/pki" # gatewayd runs without privilege in one of the tests
	vm_run --controllers 2 --deadline 300 -- "$work"
	exit
fi

work=$1
started=()
marked=0

diagnose() {
	ip -details link show type can | grep -vE 'tseg|clock'
	tail -n +$((marked + 1)) "$work/gatewayd.log"
}

said() { # WORDS - gatewayd has said them since the last `mark`
	tail -n +$((marked + 1)) "$work/gatewayd.log" | grep -F -- "$1"
}

log_says() { # WORDS - gatewayd says them within 15 s, after the last `mark`
	until_true 15 said "$1"
}

mark() {
	marked=$(wc -l <"$work/gatewayd.log")
}

link_says() { # INTERFACE WORDS
	ip -details link show "$1" | grep -qF -- "$2"
}

configure() { # BUS-LINE…
	cat >"$work/gatewayd.yaml" <<-END
		vehicle_id: VIN-1
		state_dir: state
		dbus: none
		backend: {host: localhost, port: 9, ca: pki/ca.crt, certificate: pki/client.crt, key: pki/client.key}
		trust:
		  author: {keys: [pki/author.pub]}
		  director: {keys: [pki/director.pub]}
		  time: {keys: [pki/time.pub]}
		buses:
	END
	printf -- '- %s\n' "$@" >>"$work/gatewayd.yaml"
	cat >>"$work/gatewayd.yaml" <<-END
		ecus:
		- {name: lamp, bus: body, profile: $root/sim/demo/profiles/lamp.yaml}
	END
}

start_gateway() { # [COMMAND…] - before gatewayd
	: >>"$work/gatewayd.log"
	mark
	"$@" "$BIN/gatewayd" --config "$work/gatewayd.yaml" >>"$work/gatewayd.log" 2>&1 </dev/null &
	gateway=$!
	log_says "gatewayd "
}

stop_gateway() {
	kill "$gateway"
	wait "$gateway"
}

modprobe -a kvaser_pci slcan || exit 1
mkdir "$work/state" && chmod 777 "$work/state"

# --- bringing up

configure '{name: body, port: can0, bitrate: 250000, sample_point: 0.875, restart_ms: 100, bring_up: true}'
start_gateway setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all
log_says "bringing it up needs the capability CAP_NET_ADMIN" && log_says "ip link set can0 up type can bitrate 250000" &&
	link_says can0 "state STOPPED"
result $? "without CAP_NET_ADMIN an interface stays down, and the log says what is missing and what to do instead"
stop_gateway
rm -rf "$work/state" && mkdir "$work/state"

configure '{name: body, port: can0, bitrate: 250000, sample_point: 0.875, restart_ms: 100, bring_up: true}' \
	'{name: chassis, port: can1, bitrate: 250000}'
start_gateway
until_true 10 link_says can0 "state ERROR-ACTIVE" && link_says can0 "restart-ms 100" &&
	link_says can0 "bitrate 250000 sample-point 0.875" && ! grep -q RTNETLINK "$work/gatewayd.log"
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
	! said "bus chassis is back"
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
stop_gateway

ip link set can0 down
configure '{name: body, port: can0, bitrate: 250000, fd: true, data_bitrate: 2000000, bring_up: true}'
start_gateway
log_says "can0 is not set up for CAN FD, which is wanted" && link_says can0 "state STOPPED"
result $? "a controller without CAN FD is refused for a bus with it, and left down"
stop_gateway

configure '{name: body, port: can0, bitrate: 1000000, sample_point: 0.6, bring_up: true}'
start_gateway
log_says "of a bit, 0.600 is wanted" && link_says can0 "state STOPPED"
result $? "a sample point that the clock cannot do is seen after bringing up, and the interface is taken down again"
stop_gateway

configure '{name: body, port: can0, bitrate: 950000, bring_up: true}'
start_gateway
log_says "the driver of can0 refused bit rate and sample point" && sleep 4 && [[ $(said RTNETLINK | wc -l) == 1 ]]
result $? "a bit rate that the driver refuses is told once, and not tried each second"
stop_gateway

ip link add vcan0 type vcan
configure '{name: body, port: vcan0, bitrate: 250000, bring_up: true}'
start_gateway
until_true 10 grep -q '1$' /sys/class/net/vcan0/flags && ! said "cannot be opened" && ! said RTNETLINK
result $? "a virtual interface is brought up too, without a word about what it has not"
stop_gateway

# --- flashing over two controllers

info() { # OPTION… - of the bench tool; nobody answers
	timeout 60 "$BIN/ecu-flash" info --bus can0 --profile "$root/sim/demo/profiles/door.yaml" "$@" >"$work/info.log" 2>&1
}

ip link set can0 down
info --bitrate 250000
(($? == 4)) && grep -qF "can0 is down: \`ip link set can0 up type can bitrate 250000\`" "$work/info.log"
result $? "ecu-flash says how an interface that is down is brought up"

info --bitrate 250000 --bring-up
(($? == 5)) && link_says can0 "bitrate 250000" && link_says can0 "state ERROR-ACTIVE"
result $? "and does it itself where that is asked for"

info --bitrate 125000 --bring-up
(($? == 4)) && grep -qF 'can0 is up at 250000 bit/s, 125000 is wanted' "$work/info.log" && link_says can0 "bitrate 250000"
result $? "one that is up at another bit rate it refuses, and leaves as it is"

ip link set can0 down
ip link set can1 down
ip link set can0 up type can bitrate 500000
ip link set can1 up type can bitrate 500000
"$BIN/virtual-ecu" --config "$root/sim/demo/virtual-ecus.yaml" --bus body=can1 --state-dir "$work/state" >"$work/ecus.log" 2>&1 &
started+=($!)
until_true 10 grep -q ready "$work/ecus.log"
head -c 8192 "$BIN/ecu-flash" >"$work/door.raw"
"$BIN/ecu-flash" flash --bus can0 --profile "$root/sim/demo/profiles/door.yaml" --keys "$root/sim/demo/ecu-keys.yaml" \
	--base 0x08000000 "$work/door.raw" >"$work/flash.log" 2>&1 && cmp -n 8192 "$work/door.raw" "$work/state/door.bin"
result $? "ecu-flash on can0 flashes a virtual ECU on can1"
tail -3 "$work/flash.log" | sed 's/^/# /'

# --- a tester of another program on this very machine

configure '{name: body, port: can0, bitrate: 500000}'
candump -n 1 -T 20000 can1,7E8:7FF >"$work/candump.log" &
answered=$!
start_gateway
wait $answered
[[ -s $work/candump.log ]] && ! said "another tester"
result $? "requests of our own are not those of another tester"
cansend can0 7E0#023E80
log_says "bus body: another tester sends requests (identifier 7E0)"
result $? "a request that another program of this host sends is noticed as another tester's"
stop_gateway

# --- errors

coproc adapter { exec python3 "$root/tests/vm/slcan_pty.py" 2>"$work/slcan.log"; }
started+=("$adapter_PID")
until_true 10 test -e /sys/class/net/can2
ip link set can2 up type can bitrate 500000
configure '{name: body, port: can2, bitrate: 500000}'
start_gateway
sleep 1
adapter_says() { echo "$1" >&"${adapter[1]}"; }

adapter_says e1a
log_says "bus body: nobody acknowledges our frames"
result $? "a missing acknowledgement is told"

adapter_says sp000130
log_says "the controller of bus body is error passive (errors: sending 130, receiving 0)"
result $? "error passive is told with the counters"

mark
adapter_says sb256256
log_says "the controller of bus body is bus-off" && log_says "bus body is lost" && log_says "can2 is bus-off"
result $? "bus-off is told, and the bus is lost"

mark
ip link set can2 down
ip link set can2 up
log_says "bus body is back"
result $? "and back once the interface was set down and up"
stop_gateway

kill "${started[@]}" 2>/dev/null
results_end
