#!/usr/bin/env bash
# Our ISO-TP against another one, the kernel's, in a virtual machine (run.sh): kernel_isotp.c and kernel_isotp_refusals.c
# have our stack, as the product runs it, at one end of a vcan and CAN_ISOTP sockets at the other. Prints TAP. BIN holds the
# programs of the product; those of the tests are beside it.
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"

if ! vm_inside; then
	vm_run --deadline 550 --
	exit
fi

programs=$BIN/../tests/vm
output=$(mktemp)

diagnose() {
	grep -v '^ok' "$output"
}

# run PROGRAM - its figures, and a test of ours for each of its own
run() {
	local line name
	"$programs/$1" vcan0 >"$output" 2>&1
	grep '^#: ' "$output"
	while read -r line; do
		name=${line#*- }
		[[ $line == ok* ]]
		result $? "${name//_/ }"
	done < <(grep -E '^(not )?ok [0-9]' "$output")
	[[ $(grep -cE '^(not )?ok [0-9]' "$output") == "$(sed -n 's/^1\.\.//p' "$output")" ]]
	result $? "$1 ran all of its tests"
}

ip link add vcan0 type vcan && ip link set vcan0 mtu 72 up || exit 1
started=$SECONDS
run kernel_isotp
run kernel_isotp_refusals
echo "#: $((SECONDS - started)) s in the machine"
results_end
