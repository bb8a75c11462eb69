#!/usr/bin/env bash
# vcan: the demo's whole campaign on it, with what a user without root sees and what Ctrl-C leaves; ecu-flash on it with
# classic CAN and CAN FD; and that the frames are those of the simulated bus, by the logs of candump and simbus. What
# simbus logs is made on the host, beside and before the machine (run.sh). Prints TAP. BIN holds the programs.
# shellcheck disable=SC2154,SC2034,SC2119  # stage.sh and one_ecu.sh set what is read here, and read what is set
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh"
# shellcheck source=tests/one_ecu.sh
source "$root/tests/one_ecu.sh"

declare -A name=([11]="classic CAN" [fd]="CAN FD")

# Where a machine that is slow at times must not make another campaign of it (requests that are repeated, blocks that are
# sent again), ECUs and profiles wait long for what takes milliseconds. The profile's P2 is also how long each functional
# request waits for answers.
patience="p2_ms: 800, boot_wait_ms: 300, boot_max_ms: 20000"
patient_link="n_as_ms: 5000, n_ar_ms: 5000, n_bs_ms: 5000, n_cr_ms: 5000"
patient_ecu="p2_ms: 2000, reset_ms: 50"

# demo DIR ARGUMENT… - patient, with keys and small images from $work
demo() {
	local dir=$1
	shift
	"${demo_as[@]}" mkdir "$dir"
	"${demo_as[@]}" cp -r "$work/material/." "$dir/"
	stage_ecus_config=$work/virtual-ecus.yaml stage_profiles=$work/profiles GU_SKIP_BUILD=1 \
		"${demo_as[@]}" env --default-signal=INT setsid "$root/sim/demo.sh" --batch --keep "$dir" "$@" \
		</dev/null >"$dir.out" 2>&1
}
demo_as=()

# tool EXPECTED-STATUS VERB OPTION…
tool() {
	local expected=$1 status
	"$BIN/ecu-flash" "$2" --bus "$stage_port" --profile "$stage/profile.yaml" "${@:3}" >"$stage/tool.out" 2>&1
	status=$?
	((status == expected))
}

ask() {
	tool 0 info && grep -q SN-000417 "$stage/tool.out" &&
		tool 0 verify --keys "$root/sim/demo/ecu-keys.yaml" --base 0 --read "$stage/image.bin"
}

flash_and_ask() {
	one_ecu_flash && ask
}

# --- on the host

material() {
	local dir=$work/material
	mkdir -p "$dir" "$work/profiles" || return 1
	"$root/sim/pki.sh" "$dir/pki" "$stage_vehicle_id" || return 1
	head -c 12288 "$BIN/gatewayd" >"$work/lamp.bin"
	head -c 8192 "$BIN/ecu-flash" >"$work/door.bin"
	objcopy -I binary -O ihex "$work/lamp.bin" "$work/lamp.hex" &&
		head -c 28 "$BIN/simbus" >"$work/words.bin" &&
		objcopy -I binary -O ihex --change-section-address .data=0x10001000 "$work/words.bin" "$work/words.hex" &&
		objcopy -I binary -O srec --change-section-address .data=0x08000000 "$work/door.bin" "$dir/door.srec" || return 1
	{ grep -v '^:00000001FF' "$work/lamp.hex" && cat "$work/words.hex"; } >"$dir/lamp.hex"
	sed -E -e '/^      (p2|reset)_ms:/d' -e "s/^    timing:.*/&\n      ${patient_ecu/, /\\n      }/" \
		-e 's/^( +size: )0x(20000|4000)\b/\10x400/' "$root/sim/demo/virtual-ecus.yaml" >"$work/virtual-ecus.yaml"
	cp "$root"/sim/demo/profiles/*.yaml "$work/profiles/"
	sed -i -e '/^timing:/d' -e "\$a\\timing: {$patience}\nlink: {$patient_link}" "$work"/profiles/*.yaml
}

# one_flash KIND DIR - what ecu-flash does in the machine, on the simulated bus, with the files for it
one_flash() (
	stage_new "$2" && one_ecu_files "$1" && one_ecu_image 16384 || exit 1
	sed -i -e "s/timing: {/&$patient_ecu, /" -e 's/sector: 1024/&, upload: true/' "$stage/ecu.yaml"
	sed -i -e "s/^timing:.*/timing: {$patience}/" -e "s/^link: {/&$patient_link, /" "$stage/profile.yaml"
	one_ecu_start && flash_and_ask >&2
	status=$?
	one_ecu_end
	stage_end >/dev/null
	exit $status
)

# frames of a log, without time and interface; kernels of today mark CAN FD frames as such with a flag (4) of their own
frames_of() {
	cut -d' ' -f3 "$1" | sed 's/##5/##1/'
}

diagnose() {
	tail -40 "$work/words"
}

# same_traffic LOG LOG REQUEST:RESPONSE…
same_traffic() {
	"$root/tests/vm/same_traffic.py" "$1" "$2" 7DF "${@:3}" >"$work/words" 2>&1
}

# spoiled SENTENCE COMMAND… - the log of vcan through a filter is no longer the same
spoiled() {
	"${@:2}" "$out/demo.log" >"$work/spoiled.log"
	! cmp -s "$out/demo.log" "$work/spoiled.log" &&
		! same_traffic "$work/spoiled.log" "$work/sim/bus.log" 7E0:7E8 7E1:7E9 && grep -q 'differs' "$work/words"
	result $? "$1"
}

compare() {
	local kind line
	same_traffic "$out/demo.log" "$work/sim/bus.log" 7E0:7E8 7E1:7E9
	result $? "the campaign on vcan is that on the simulated bus, frame by frame: candump's log and simbus's"
	sed 's/^equal frames/#: a campaign on vcan and on the simulated bus, equal frames/' "$work/words"
	for kind in 11 fd; do
		same_traffic "$out/$kind.log" "$work/$kind/bus.log" 7E0:7E8
		result $? "so is a flash by ecu-flash, with ${name[$kind]}"
	done

	# one whose next frame is of the same conversation: what lies between two of them has no order
	line=$(awk '/ 7E1#2B/ && before ~ / 7E1#2A/ {print NR - 1; exit} {before = $0}' "$out/demo.log")
	spoiled "the comparison sees a changed nibble in a consecutive frame" sed -E "${line}s/.\$/$(sed -n "${line}s/.*\(.\)\$/\1/p" "$out/demo.log" | tr '0-9A-F' '1-9A-F0')/"
	spoiled "a frame that is missing" sed "${line}d"
	spoiled "two frames in the other order" sed "${line}{h;d};$((line + 1)){G}"
	line=$(grep -nE ' 7E8#300000' "$out/demo.log" | tail -1 | cut -d: -f1)
	spoiled "another flow control" sed -E "${line}s/#300000/#300001/"
	line=$(grep -nE ' 7DF#028502' "$out/demo.log" | cut -d: -f1)
	spoiled "a functional request twice" sed "${line}p"

	"$BIN/can-rate" --json --ecu ecu=7E0:7E8 --bitrate 1000000 --data-bitrate 8000000 "$out/fd.log" >"$work/words" 2>&1 &&
		grep -q '"payload_bytes":16384,.*"repeats":0' "$work/words"
	result $? "can-rate reads candump's log of vcan with CAN FD frames"
	log2asc -I "$work/11/bus.log" body >"$work/bus.asc" 2>"$work/words" && asc2log -I "$work/bus.asc" -O "$work/back.log" 2>>"$work/words" &&
		diff <(frames_of "$work/11/bus.log") <(frames_of "$work/back.log") >"$work/words"
	result $? "log2asc reads simbus's log, and what it makes of it holds the same frames"
}

if ! vm_inside; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	out=$work/out
	chmod 755 "$work" && mkdir "$out" && material || exit 1
	one_flash 11 "$work/11" && one_flash fd "$work/fd" || exit 1
	chmod -R a+rX "$work" # for who is not root in the machine
	demo "$work/sim" --bus sim &
	simulated=$!
	vm_run --keep "$out" --deadline 550 -- "$work" >"$work/tap"
	status=$?
	cat "$work/tap"
	grep -q '^1\.\.' "$work/tap" && exit $status # there is no machine to be had
	number=$(grep -cE '^(not )?ok ' "$work/tap")
	failures=$((status != 0))
	wait $simulated
	cp "$work/sim.out" "$work/words"
	result $? "the demo with small images ends verified on the simulated bus"
	compare
	results_end
	exit
fi

# --- in the machine

work=$1
here=/tmp/vcan
mkdir -m 777 $here

diagnose() {
	ip -details link show type vcan
	tail -n 25 "$shown"
	[[ ! -e ${shown%.out}/gatewayd.log ]] || tail -n 25 "${shown%.out}/gatewayd.log"
}

# no process of ours, no interface but those that are meant to be there
left() { # INTERFACE…
	local interfaces
	interfaces=$(ip -o link show type vcan | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort | paste -sd' ')
	[[ $interfaces == "$*" ]] && ! pgrep -f "^$BIN/" && ! pgrep candump
}

# interrupted DIR FILE ARGUMENT… - a demo that gets Ctrl-C once DIR/FILE holds something; returns its status
interrupted() {
	local dir=$1 file=$2 demo group
	demo "$dir" "${@:3}" &
	demo=$!
	stage_until 60 test -s "$dir/$file"
	group=$(pgrep -o -f "demo\.sh --batch --keep $dir( |\$)") && kill -INT -- "-$group" && wait "$demo"
}

# --- the demo

rmmod vcan
shown=$here/root.out
demo $here/root --bus auto
status=$?
((status == 0)) && grep -qx "bus: vcan (gu-demo), unpaced: rates are those of this machine" $here/root.out &&
	grep -qx "campaign demo-1: the backend recorded every ECU as verified" $here/root.out
result $? "sim/demo.sh makes a vcan interface, also where its driver was not loaded, and the campaign on it ends verified"
[[ $(grep -c "^memory of .*: equal to the image" $here/root.out) == 2 ]] &&
	grep -q "^memory of lamp: equal to the image, $((12288 + 28)) bytes" $here/root.out
result $? "the memory of both ECUs holds the images"
stage_until 10 left ""
result $? "and neither the interface nor a process is left"
grep -E '^(lamp|door) ' $here/root.out | sed 's/^/# /'
cp $here/root/bus.log "$VM_OUT/demo.log"

shown=$here/stopped.out
interrupted $here/stopped vecu.log
status=$?
((status == 130)) && grep -q "^bus: vcan (gu-demo)" $shown && stage_until 10 left ""
result $? "nor after Ctrl-C, which ends it with 130"

demo_as=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
shown=$here/denied.out
demo $here/denied --bus vcan
status=$?
((status == 1)) && grep -qF "no bus: vcan needs root: \`sudo ip link add vcan0 type vcan && sudo ip link set vcan0 up\`, then --bus vcan0" $shown
result $? "who is not root is told the commands that need root, and what to run then"
command=$(cut -s -d'`' -f2 $shown)
bash -c "${command//sudo /}"
result $? "these commands work"
shown=$here/other.out
interrupted $here/other gatewayd.log --bus vcan0
status=$?
((status == 130)) && grep -q "^bus: vcan (vcan0)" $shown && ! grep "cannot be opened" $here/other/gatewayd.log &&
	stage_until 10 left vcan0
result $? "and the demo uses that interface without root, and leaves it there"
demo_as=()

# --- ecu-flash

# on_vcan KIND - the flash that the host made on the simulated bus, with the same files, on vcan0
on_vcan() {
	stage=$here/$1
	mkdir "$stage"
	cp "$work/$1"/{ecu.yaml,profile.yaml,image.bin} "$stage/"
	stage_ecus_config=$stage/ecu.yaml
	stage_bus vcan0 && stage_ecus && one_ecu_flash
}

for kind in 11 fd; do
	if [[ $kind == fd ]]; then
		ip link set vcan0 down
		ip link set vcan0 mtu 16 up
		cp "$work/fd/profile.yaml" $here/
		stage=$here shown=$here/tool.out
		tool 4 info && grep -qF "vcan0 carries no CAN FD frames, which are wanted: \`ip link set vcan0 down\` and \`ip link set vcan0 mtu 72 up\`" $shown
		result $? "on an interface for classic frames alone, ecu-flash says how it is made one for CAN FD"
		shown=$here/ecu.out
		! timeout 5 "$BIN/virtual-ecu" --config "$work/fd/ecu.yaml" --bus body=vcan0 >$shown 2>&1 &&
			grep -qF "bus body: vcan0 carries no CAN FD frames, which are wanted: \`ip link set vcan0 down\` and \`ip link set vcan0 mtu 72 up\`" $shown
		result $? "and so does virtual-ecu"
		shown=$here/tool.out
		ip link set vcan0 down && ip link set vcan0 mtu 72 up
		result $? "which works"
	fi
	shown=$here/$kind.out
	on_vcan $kind >$shown 2>&1
	result $? "ecu-flash flashes an ECU on vcan with ${name[$kind]}"
	shown=$stage/tool.out
	ask
	result $? "reads its identification, and its memory back, with ${name[$kind]}"
	stage_bus_end
	cp "$stage/bus.log" "$VM_OUT/$kind.log"
done

# --- simbus's log

n=$(wc -l <"$work/fd/bus.log")
shown=$here/played.log
timeout 60 candump -L -r 8388608 -n "$n" vcan0 >$shown &
listening=$!
stage_until 10 stage_candump_listens
canplayer -t -I "$work/fd/bus.log" vcan0=body && wait $listening &&
	diff <(frames_of "$work/fd/bus.log") <(frames_of $shown) >$here/differences
result $? "canplayer plays simbus's log, and candump sees the same frames"
((failures == 0))
