#!/usr/bin/env bash
# sim/demo.sh as a newcomer runs it: the table, the exit status, and that Ctrl-C leaves nothing behind.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# demo ARGUMENT… - with temporary files in a folder of this test; a process group of its own; SIGINT as from a terminal
demo() {
	mkdir -p "$stage/t"
	TMPDIR=$stage/t GU_SKIP_BUILD=1 BIN=$BIN env --default-signal=INT setsid "$root/sim/demo.sh" "$@" </dev/null \
		>"$stage/demo.out" 2>&1
}

left_nothing() {
	local status=0
	stage_until 2 nothing_left "$stage/t/" || nothing_left "$stage/t/" || status=1
	[[ -z $(ls -A "$stage/t") ]] || { ls "$stage/t" && status=1; }
	return "$status"
}

phases() {
	local phase
	cat "$stage/demo.out"
	for phase in downloading waiting installing verifying "done"; do
		grep -q "demo-1: $phase" "$stage/demo.out" || return 1
	done
}

batch() {
	local started=$SECONDS
	demo --batch --bus sim
	local status=$?
	cp "$stage/demo.out" "$stage/check.out"
	check "sim/demo.sh --batch ends with 0" eval 'cat "$stage/demo.out"; '"((status == 0))"
	check "it takes less than 60 s" test $((SECONDS - started)) -lt 60
	check "it prints the table: each ECU with versions, bytes, rate and verdict" eval \
		'grep -qE "^lamp +lamp-1.0 +crc-[0-9a-f]{8} +[0-9]+ .*verified" "$stage/demo.out" && grep -qE "^door +door-1.0 +crc-[0-9a-f]{8} +[0-9]+ .*verified" "$stage/demo.out"'
	check "it says that the memories equal the images, and which bus it used" eval \
		'[[ $(grep -c "^memory of .*equal to the image" "$stage/demo.out") == 2 ]] && grep -q "^bus: simulated" "$stage/demo.out"'
	check "a line per phase" phases
	check "and no word of the shell's own on what it ended" eval '! grep -E "line [0-9]+:|Killed|Terminated" "$stage/demo.out"'
	check "no process and no folder is left" left_nothing
}

# interrupted_at TEXT - SIGINT to the process group once the output has the text
interrupted_at() {
	demo --batch --bus sim &
	local pid=$! group
	stage_until 30 grep -qi "$1" "$stage/demo.out" || return 1
	group=$(leader_in "$stage/t/") || return 1
	kill -INT -- "-$group"
	wait "$pid"
	local status=$?
	echo "status $status"
	((status == 130))
}

# leader_in TEXT - the process group of whoever has this text in its command line or environment and runs demo.sh
leader_in() {
	local process
	for process in /proc/[0-9]*; do
		if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qx "TMPDIR=${1%/}" &&
			tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q 'sim/demo\.sh'; then
			ps -o pgid= -p "${process#/proc/}" | tr -d ' '
			return 0
		fi
	done
	return 1
}

other_modes() {
	local mode
	for mode in client server; do
		demo --batch --bus sim --mode "$mode"
		local status=$?
		check "sim/demo.sh --mode $mode ends with 0, both ECUs verified" eval \
			'cat "$stage/demo.out"; '"((status == 0))"' && [[ $(grep -c "^memory of .*equal to the image" "$stage/demo.out") == 2 ]]'
	done
	check "in the server's mode the vehicle says why it did not begin" grep -q 'the ignition is on' "$stage/demo.out"
	check "no process and no folder is left" left_nothing
}

stopped_early() {
	check "Ctrl-C before the ignition is off ends it with 130" interrupted_at 'agreed time'
	check "and leaves no process and no folder" left_nothing
}

stopped_in_flash() {
	check "Ctrl-C while an ECU is flashed ends it with 130" interrupted_at 'installing'
	check "and leaves no process and no folder" left_nothing
}

usage() {
	check "--help tells what it does" eval '"$root/sim/demo.sh" --help | grep -q -- --batch'
	check "an unknown option ends with 2" expect_status 2 "$root/sim/demo.sh" --wrong
	check "a mode of no kind ends with 2" expect_status 2 "$root/sim/demo.sh" --mode wrong
	check "a bus of no kind ends with 2" expect_status 2 "$root/sim/demo.sh" --bus wrong
}

run_groups batch other_modes stopped_early stopped_in_flash usage
