# Sourced by scripts that run ecu-flash one command after the other: a folder, results in TAP, the tool's words, waiting.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # root comes from whoever sources this
set -u
BIN=${BIN:-$root/build/release/bin}
work=$(mktemp -d)
started=()
number=0

# shellcheck disable=SC2317  # called by the trap
clean_up() {
	((${#started[@]})) && kill "${started[@]}" 2>/dev/null
	wait
	rm -rf "$work"
}
trap clean_up EXIT

result() { # STATUS NAME
	number=$((number + 1))
	if (($1 == 0)); then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/out" "$work/err" | tail -60
	fi
}

skip() { # NAME WHY
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# flash_tool EXPECTED-STATUS ARGUMENT… - out and err are kept
flash_tool() {
	local expected=$1 status
	shift
	"$BIN/ecu-flash" "$@" >"$work/out" 2>"$work/err"
	status=$?
	echo "status $status, expected $expected: ecu-flash $*" >>"$work/err"
	((status == expected))
}

wait_for() { # COMMAND… - at most 10 s
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	return 1
}
