#!/usr/bin/env bash
# How long a fleet stays exposed, from a campaign's creation to the verified ECU, by update mode and urgency: 1,000
# vehicles with weekly driving patterns for eight weeks, in simulated time. Prints TAP, with the table.
# shellcheck disable=SC2016  # check evaluates the quoted commands
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$root/build/release/bin}
exposure=$BIN/../tests/bench/exposure
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
check() { # SENTENCE COMMAND…
	local sentence=$1
	shift
	number=$((number + 1))
	if "$@"; then echo "ok $number - $sentence"; else echo "not ok $number - $sentence"; fi
}

# value MODE URGENCY COLUMN [TABLE] - of the line of all vehicles: 5 median, 6 90 %, 7 99 %, 8 expired, 9 not done
value() {
	awk -v mode="$1" -v urgency="$2" -v column="$3" '$1 == mode && $2 == urgency && $3 == "all" { print $column }' \
		"$work/${4:-table}"
}
less() { # NUMBER NUMBER
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 < b + 0) }'
}

lines_of_all() {
	[[ $(grep -cE '^(client|server|negotiated) +(critical|high|normal|low) +all +1000 ' "$work/table") == 12 ]]
}

urgent_first() {
	local mode
	for mode in client server negotiated; do
		less 0 "$(value "$mode" critical 5)" && less "$(value "$mode" critical 5)" "$(value "$mode" low 5)" || return 1
	done
}

# who drives to work each day, in coverage, is reached within the eight weeks whatever the mode
drivers_done() {
	[[ $(awk '$3 == "commuter" && $NF != "0.0"' "$work/kinds") == "" && $(grep -c commuter "$work/kinds") == 12 ]]
}

# a deadline ends the campaigns of those that are not there before it; a class without one ends none
deadlines_end() {
	local mode
	for mode in client server negotiated; do
		less "$(value "$mode" high 8)" "$(value "$mode" critical 8)" && [[ $(value "$mode" low 8) == 0.0 ]] || return 1
	done
}

# a gateway that sleeps is awake at the time that was agreed
alarms_help() {
	"$exposure" --no-alarms >"$work/asleep" && less "$(value negotiated high 5)" "$(value negotiated high 5 asleep)"
}

# who has no coverage where it parks gets its trigger on the road, and keeps it
triggers_reach() {
	local class
	"$exposure" --trigger-after 0 >"$work/parked" || return 1
	for class in critical high normal low; do
		less "$(value server "$class" 9)" "$(value server "$class" 9 parked)" || return 1
	done
}

same_again() {
	"$exposure" --vehicles 100 --seed 7 >"$work/a" && "$exposure" --vehicles 100 --seed 7 >"$work/b" &&
		"$exposure" --vehicles 100 --seed 8 >"$work/c" && cmp -s "$work/a" "$work/b" && ! cmp -s "$work/a" "$work/c"
}

SECONDS=0
check "every vehicle lives its weeks in each mode and class" eval '"$exposure" >"$work/table" && lines_of_all'
check "within two minutes" test "$SECONDS" -lt 120
check "what is critical is there sooner than what is low" urgent_first
"$exposure" --vehicles 200 --kinds >"$work/kinds"
check "every commuter is reached" drivers_done
check "a deadline ends what was not there in time" deadlines_end
check "an alarm for the agreed time brings it sooner" alarms_help
check "a vehicle that is never seen parked is triggered all the same" triggers_reach
check "a seed gives the same fleet again, and another one another" same_again
echo "1..$number"
sed 's/^/# /' "$work/table"
