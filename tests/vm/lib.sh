# What the scripts of this suite share: getting into the virtual machine, and TAP.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2317  # root and BIN are for the scripts, which call what is defined here
#
# A script sources this and runs twice: on the host it prepares what takes long there and calls `vm_run`, which starts
# the script again in the machine, where `vm_inside` is true. It prints TAP; a line that begins with '#: ' is a figure
# that tests/check.sh shows, whether the script fails or not.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$root/build/release/bin}
export BIN

vm_inside() {
	[[ ${VM_OUT:-} ]]
}

# vm_run OPTION… -- ARGUMENT… - this very script in a machine with these options of run.sh, with these arguments. Returns
# its status; where there is no machine to be had, one skipped test and 0.
vm_run() {
	local -a options=()
	local words status
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	words=$(mktemp)
	"$root/tests/vm/run.sh" "${options[@]}" env BIN="$BIN" bash "$0" "$@" 2>"$words"
	status=$?
	if ((status == 77)); then
		echo "1..1"
		echo "ok 1 - $(basename "$0" .sh) # SKIP $(<"$words")"
		status=0
	else
		sed 's/^/# /' "$words"
	fi
	rm -f "$words"
	return $status
}

number=0
failures=0

# result STATUS NAME - one test, of the command before; what `diagnose` prints is shown where it failed
result() {
	number=$((number + 1))
	if (($1 == 0)); then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failures=$((failures + 1))
		diagnose 2>&1 | sed 's/^/# /'
	fi
}

diagnose() { :; } # a script's own takes its place

# the plan, at the end; the status for the script to end with
results_end() {
	echo "1..$number"
	((failures == 0))
}
