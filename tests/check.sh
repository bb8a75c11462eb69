#!/usr/bin/env bash
# Installs what the tests need, builds, runs the test suites and closes with 'N passed, M failed'.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=sim/setup.sh
source "$root/sim/setup.sh"

all_suites=(unit scenario daemon vm arch lint fuzz)
named_suites=(bench aarch64) # that run only if they are named
usage() {
	cat <<EOF
Usage: tests/check.sh [--yes] [--list] [SUITE…]

Runs the test suites, all of the first list without names. What is missing is installed with apt, asked for first.

  --yes    install without asking (also with CI=true)
  --list   list the suites
  unit     pure cores in simulated time, and modules; with AddressSanitizer and UBSan
  scenario whole campaigns in one process in simulated time, with lost frames and lost sessions
  daemon   the real binaries: simulated bus, TLS, D-Bus, SIGKILL in each phase, bad input
  vm       the real binaries under a real kernel in QEMU: vcan, kernel ISO-TP, controllers, systemd, power cuts, packages
  arch     who includes whom; pure archives pull in no clock, file, random number or log; what documents, manual
           pages and bash completion promise
  lint     formatting, clang-tidy and shellcheck; the analyzer follows ${TIDY_NODES:-50000} states of a function
           (TIDY_NODES; it would take its default of 225000 three times as long)
  fuzz     each fuzzer for ${FUZZ_SECONDS:-5} s (FUZZ_SECONDS)

Only if they are named:

  bench    CPU time of ecu-flash and its rates against what the wire allows, medians of ${BENCH_RUNS:-3} runs
           (BENCH_RUNS); fails if a goal marked as a test is missed, and prints the others. Takes two minutes on a
           machine that does nothing else. And how long a simulated fleet of 1,000 vehicles stays exposed, by update
           mode and urgency
  aarch64  cross-built for ARM, and the unit and scenario programs run under qemu-user; about ten minutes. Adds the
           architecture arm64 to dpkg and installs its packages, asked for first

Exit status: 0 if nothing failed, 1 if something did, 2 wrong usage.
EOF
}

assume_yes=no
[[ ${CI:-} == true ]] && assume_yes=yes
suites=()
for argument in "$@"; do
	case $argument in
	--yes) assume_yes=yes ;;
	--list) printf '%s\n' "${all_suites[@]}" "${named_suites[@]}" && exit 0 ;;
	-h | --help) usage && exit 0 ;;
	-*) echo "tests/check.sh: unknown option $argument; see --help" >&2 && exit 2 ;;
	*)
		if [[ " ${all_suites[*]} ${named_suites[*]} " != *" $argument "* ]]; then
			echo "tests/check.sh: there is no suite '$argument'; there are: ${all_suites[*]} ${named_suites[*]}" >&2
			exit 2
		fi
		suites+=("$argument")
		;;
	esac
done
((${#suites[@]})) || suites=("${all_suites[@]}")

passed=0
failed=0
skipped=0
log=$(mktemp)
lanes=$(mktemp -d)
declare -A lane_name=() lane_started=() # of what runs beside, by process
tidy=                                   # the process of clang-tidy, while there is one
trap 'kill "${!lane_name[@]}" $tidy 2>/dev/null; rm -rf "$log" "$lanes"' EXIT

# tap NAME SECONDS COMMAND… - run a program that prints TAP, and judge it
tap() {
	local name=$1 limit=$2 started=$SECONDS
	shift 2
	timeout -k 5 "$limit" "$@" >"$log" 2>&1 </dev/null
	judge "$name" $? "$limit" $((SECONDS - started))
}

# tap_beside NAME SECONDS COMMAND… - the same, with up to $n_lanes such programs at once
n_lanes=2
tap_beside() {
	local name=$1 limit=$2
	shift 2
	((${#lane_name[@]} < n_lanes)) || end_lane "$limit"
	timeout -k 5 "$limit" "$@" >"$lanes/$name" 2>&1 </dev/null &
	lane_name[$!]=$name
	lane_started[$!]=$SECONDS
}

# end_lane SECONDS - wait for the next of them to end, and judge it
end_lane() {
	local limit=$1 pid status name
	wait -n -p pid "${!lane_name[@]}"
	status=$?
	name=${lane_name[$pid]}
	cp "$lanes/$name" "$log"
	unset "lane_name[$pid]"
	judge "$name" $status "$limit" $((SECONDS - lane_started[$pid]))
}

# end_lanes SECONDS - wait for all that are left
end_lanes() {
	while ((${#lane_name[@]})); do
		end_lane "$1"
	done
}

# judge NAME STATUS LIMIT SECONDS - count the lines of $log; show it if anything failed
judge() {
	local name=$1 status=$2 limit=$3 seconds=$4 ok bad skip plan
	skip=$(grep -cE '^(not )?ok .*# SKIP' "$log") # cmocka writes a skip as 'not ok … # SKIP'
	ok=$(grep -E '^ok ' "$log" | grep -cvE '# SKIP')
	bad=$(grep -E '^not ok ' "$log" | grep -cvE '# SKIP')
	plan=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$log" | head -1)
	if ((status == 124 || status == 137)); then
		bad=$((bad + 1))
		echo "not ok - $name: not done after $limit s" >>"$log"
	elif ((bad == 0 && (status != 0 || ok + skip == 0 || (${plan:-0} > 0 && plan != ok + skip)))); then
		bad=$((bad + 1))
		echo "not ok - $name: ended with status $status after $((ok + skip)) of ${plan:-?} tests" >>"$log"
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if ((bad)); then
		printf '  %-40s %4d passed, %d FAILED (%d s)\n' "$name" "$ok" "$bad" "$seconds"
		grep -vE '^(ok |#: )' "$log" | tail -60 | sed 's/^/    /'
	else
		printf '  %-40s %4d passed (%d s)\n' "$name" "$ok" "$seconds"
	fi
	grep '^#: ' "$log" | sed 's/^#: /    /'
	((skip == 0)) || grep -E '^(not )?ok .*# SKIP' "$log" | sed 's/^/    SKIPPED: /'
}

# clang-tidy may begin beside a suite that waits most of its time, and gives way to it; tests/tidy.sh, its words in $lanes/tidy
begin_tidy() {
	timeout -k 5 900 chrt -i 0 "$root/tests/tidy.sh" >"$lanes/tidy" 2>&1 </dev/null &
	tidy=$!
}
end_tidy() {
	local status
	[[ $tidy ]] || begin_tidy
	wait "$tidy"
	status=$?
	tidy=
	cat "$lanes/tidy"
	return $status
}

# check NAME COMMAND… - one test: a command that must succeed
check() {
	local name=$1
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		printf '  %-40s    1 passed\n' "$name"
	else
		failed=$((failed + 1))
		printf '  %-40s FAILED\n' "$name"
		tail -40 "$log" | sed 's/^/    /'
	fi
}

suite_unit() {
	local program
	for program in "$root"/build/asan/tests/unit/*; do
		[[ -x $program && -f $program ]] && tap_beside "$(basename "$program")" 120 "$program"
	done
	end_lanes 120
}

suite_scenario() {
	local preset program
	for preset in release asan; do
		for program in "$root/build/$preset"/tests/scenario/*; do
			[[ -x $program && -f $program ]] && tap_beside "$preset-$(basename "$program")" 300 "$program"
		done
	done
	end_lanes 300
}

# Those that hold rates against the wire run alone, and the longest of the others first. These wait most of their time, for
# buses at real bit rates, for pauses and time-outs.
suite_daemon() {
	local n_lanes=3 script alone=(campaign demo) first=(other_tester bad_input sigkill) begun=
	for script in "${alone[@]}"; do
		tap "test_$script" 300 env BIN="$root/build/release/bin" "$root/tests/daemon/test_$script.sh"
	done
	[[ " ${suites[*]} " != *" lint "* ]] || begin_tidy
	for script in "${first[@]/#/$root/tests/daemon/test_}" "$root"/tests/daemon/test_*; do
		script=$(basename "$script" .sh)
		[[ " ${alone[*]/#/test_} $begun " == *" $script "* ]] && continue
		begun+=" $script"
		tap_beside "$script" 300 env BIN="$root/build/release/bin" "$root/tests/daemon/$script.sh"
	done
	end_lanes 300
}

# The longest first. A machine waits for a third of its time, for what takes as long as it does everywhere.
suite_vm() {
	local script n_lanes=3
	for script in powercut service package systemd vcan load controllers write_order kernel_isotp; do
		tap_beside "test_$script" 600 env BIN="$root/build/release/bin" "$root/tests/vm/test_$script.sh"
	done
	end_lanes 600
}

suite_arch() {
	tap includes 60 "$root/tests/arch/includes.sh"
	tap symbols 60 "$root/tests/arch/symbols.sh" "$root/build/release"
	tap documents 60 "$root/tests/arch/documents.sh" "$root/build/release"
	tap mapping 60 "$root/tests/arch/mapping.sh"
	tap formats 60 "$root/tests/arch/formats.sh" "$root/build/release"
	tap completion 60 "$root/tests/arch/completion.sh" "$root/build/release/bin"
}

suite_lint() {
	local -a sources scripts
	mapfile -t sources < <(cd "$root" && git ls-files '*.c' '*.h' | sed "s|^|$root/|")
	mapfile -t scripts < <(cd "$root" && git ls-files '*.sh' 'packaging/debian/*/p*' | sed "s|^|$root/|")
	check clang-format clang-format --dry-run -Werror "${sources[@]}"
	check shellcheck shellcheck -x -P "$root" "${scripts[@]}"
	check clang-tidy end_tidy
}

suite_fuzz() {
	local program seconds=${FUZZ_SECONDS:-5}
	for program in "$root"/build/fuzz/tests/fuzz/fuzz_*; do
		[[ -x $program && -f $program ]] &&
			tap_beside "$(basename "$program")" $((seconds + 60)) "$root/tests/fuzz/run.sh" "$program" "$seconds"
	done
	end_lanes $((seconds + 60))
}

suite_bench() {
	local script
	for script in "$root"/tests/bench/*.sh; do
		tap "$(basename "$script" .sh)" 900 env BIN="$root/build/release/bin" "$script"
		grep -q '^not ok ' "$log" || grep '^# ' "$log" | sed 's/^# /    /' # else it is shown already
	done
}

# tests that an emulated process cannot do, and why
not_emulated() { # PROGRAM
	case $1 in
	unit-ctl-gatewayctl | unit-ctl-verbs | unit-proto-manifestctl) echo "it starts another program, which the kernel does not emulate" ;;
	unit-port-simbus_control) echo "the kernel names a process after its emulator" ;;
	*) return 1 ;;
	esac
}

suite_aarch64() {
	local program name why
	for program in "$root"/build/aarch64/tests/{unit,scenario}/*; do
		[[ -x $program && -f $program ]] || continue
		name=$(basename "$program")
		if why=$(not_emulated "$name"); then
			tap "$name" 5 printf '1..1\nok 1 - %s # SKIP %s\n' "$name" "$why"
		else
			tap_beside "$name" 900 qemu-aarch64 "$program"
		fi
	done
	end_lanes 900
}

ensure_packages "$assume_yes" "${build_packages[@]}" "${demo_packages[@]}" "${test_packages[@]}" || exit 1
[[ " ${suites[*]} " != *" vm "* ]] || ensure_packages "$assume_yes" "${vm_packages[@]}" || exit 1
if [[ " ${suites[*]} " == *" aarch64 "* ]]; then
	ensure_architecture "$assume_yes" arm64 && ensure_packages "$assume_yes" "${cross_packages[@]}" || exit 1
fi
presets=()
for suite in "${suites[@]}"; do
	case $suite in
	unit) presets+=(asan) ;;
	scenario) presets+=(release asan) ;;
	daemon | vm | arch | lint | bench) presets+=(release) ;;
	fuzz | aarch64) presets+=("$suite") ;;
	esac
done
for preset in $(printf '%s\n' "${presets[@]}" | sort -u); do
	if ! build_preset "$preset"; then
		echo "0 passed, 1 failed"
		exit 1
	fi
done
started=$SECONDS
for suite in "${suites[@]}"; do
	echo "$suite"
	begun=$SECONDS
	"suite_$suite"
	echo "$suite took $((SECONDS - begun)) s"
done
echo "ran ${suites[*]} in $((SECONDS - started)) s"
if ((skipped)); then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
((failed == 0))
