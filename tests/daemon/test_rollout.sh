#!/usr/bin/env bash
# Strategy and roll-outs with the real oem-backend and oemctl, and vehicles that say they have flashed (fleet.c).
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

backend() { # on the same port and with the same database, if there was one
	sed -E "s/^listen: .*/listen: 127.0.0.1:${stage_backend_port:-0}/" "$root/sim/demo/backend.yaml" >"$stage/backend.yaml"
	echo "strategy: strategy.yaml" >>"$stage/backend.yaml"
	rm -f "$stage/backend.port"
	stage_spawn backend "$BIN/oem-backend" --config "$stage/backend.yaml"
	stage_until 10 test -s "$stage/backend.port" && stage_backend_port=$(<"$stage/backend.port")
}

# the backend, a release that fits LAMP-HW-2, and vehicles as fleet.c takes them
fleet() { # VEHICLE[=WHAT]…
	"$root/sim/pki.sh" "$stage/pki" "${@%%=*}"
	cp "$root/sim/demo/strategy.yaml" "$stage/"
	need backend
	need release r1 's/score: 50, change: bug_fix/score: 75, change: security_fix, deadline: +10d/'
	need intake r1
	stage_spawn fleet "$BIN/../tests/daemon/fleet" "$stage_backend_port" "$stage/pki" "$@"
	local vehicle
	for vehicle in "${@%%=*}"; do
		need stage_oemctl wait --vehicle "$vehicle" --timeout 20 >/dev/null
	done
}

rollout() { # ID FLAG…
	local id=$1
	shift
	stage_oemctl rollout create --id "$id" --manifest "$stage/r1.env" --start +0s --end +2h \
		--target ecu=lamp,component=lamp "$@"
}

answer_has() { # WORDS COMMAND… - of oemctl
	local words=$1
	shift
	stage_oemctl "$@" >"$stage/answer" 2>&1
	grep -qE -- "$words" "$stage/answer" && return 0
	cat "$stage/answer"
	return 1
}

fleet_said() {
	stage_until "$1" grep -qxF -- "$2" "$stage/fleet.log"
}

in_waves() {
	local watcher
	fleet V1 V2=bad V3=hold V4 V5 V6
	check "all vehicles in waves" answer_has 'begins: 6 vehicles in waves of 1, 2, 3' --control "$stage/backend.control" \
		rollout create --id r --manifest "$stage/r1.env" --start +0s --end +2h --target ecu=lamp,component=lamp \
		--vehicles all --waves 1,2,rest --error-threshold 40
	stage_oemctl rollout watch r --timeout 60 >"$stage/watch.log" 2>&1 </dev/null &
	watcher=$!
	stage_pids+=("$watcher")
	expect_status 1 wait "$watcher"
	check "watching ends with status 1 when it is stopped, and said how it came to that, a line a change" eval \
		'grep -q "roll-out r: running, [0-5] of 6 verified" "$stage/watch.log" && tail -1 "$stage/watch.log" |
		grep -q "roll-out r: stopped, 1 of 6 verified, 1 failed, .*1 of the 2 vehicles of wave 2 failed, more than 40 %"'
	check "what was offered and not begun is taken back" fleet_said 10 "V3: r.V3 taken back"
	check "no vehicle of the next wave got its campaign" refute grep -q 'r\.V[456]' "$stage/fleet.log"
	check "it names the one that failed" answer_has 'V2 +2 +r.V2 +failed +7' rollout show r
	check "going on with the same threshold is refused" answer_has 'it would stop again at once' rollout resume r
	kill -USR1 "$(stage_pid fleet)"
	stage_oemctl rollout resume r --error-threshold 50 >/dev/null
	stage_kill backend KILL
	need test $? == 137
	need backend
	check "killed right after a person's word, the backend goes on with it" eval \
		'stage_oemctl rollout watch r --timeout 60 >"$stage/watch2.log" 2>&1'
	check "every other vehicle is verified, the one that was taken back by another campaign" eval \
		'answer_has "^r +done +6 +5 +1 +0 +0" rollout list && fleet_said 1 "V3: r.V3.2 done" && fleet_said 1 "V6: r.V6 done"'
	check "no vehicle was told twice" eval '[[ $(grep -c done "$stage/fleet.log") == 5 ]]'
}

paused_and_cancelled() {
	fleet V1=hold V2=hold V3=hold
	printf 'V1 # the first\n\n  V2\nV3\n' >"$stage/vehicles"
	need rollout r --vehicles "$stage/vehicles" --waves 1,rest >/dev/null
	need stage_until 10 answer_has ' offered ' campaign list
	need stage_oemctl rollout pause r >/dev/null
	kill -USR1 "$(stage_pid fleet)"
	need reached r.V1 verified 20 >/dev/null
	check "while it is paused, the next wave does not begin" eval \
		'answer_has "^state: +paused" rollout show r && refute answer_has r.V2 campaign list'
	need stage_oemctl rollout resume r >/dev/null
	check "resumed, it ends" stage_oemctl rollout watch r --timeout 30
	need rollout second --vehicles "$stage/vehicles" --waves 1,rest --soak 3600 >/dev/null
	need fleet_said 20 "V1: second.V1 done"
	check "the next wave waits for the time after the end of the first" stage_until 10 answer_has '^ +2 +soak' rollout show second
	check "cancelled, it is over" eval 'stage_oemctl rollout cancel second && answer_has "^state: +cancelled" rollout show second'
	check "on a terminal it is one line that changes" eval \
		'script -qec "$BIN/oemctl --control $stage/backend.control campaign watch second.V1 --timeout 20" /dev/null |
		tr "\r" "\n" | grep -q "campaign second.V1: done; lamp verified"'
	check "a campaign can be watched: JSON a change, status 0 as it is verified" eval \
		'stage_oemctl --json campaign watch second.V1 --timeout 20 | python3 -c "import json, sys
states = [json.loads(line)[\"campaign\"][\"state\"] for line in sys.stdin]
assert states and states[-1] == \"done\", states"'
}

by_the_strategy() {
	fleet V1=hold
	check "a test says which rule decides, why, and what follows" eval \
		'answer_has "^severe-hole +high +decides +the score 75 is within 70 to 100, the kind of change is security_fix" \
			strategy test "$stage/r1.env" && answer_has "^exploited +critical +no +it is not exploited in the field" \
			strategy test "$stage/r1.env" && answer_has "^deadline: .*, the author.s" strategy test "$stage/r1.env"'
	check "for a vehicle too" answer_has '^lamp +LAMP-HW-2 +negotiated' strategy test "$stage/r1.env" --vehicle V1
	check "the strategy can be shown" answer_has '^normal +90 days +21600 s +needed' strategy show
	need stage_oemctl campaign create --id c1 --vehicle V1 --manifest "$stage/r1.env" --start +0s --end +2h \
		--target ecu=lamp,component=lamp >/dev/null
	check "a campaign without an urgency has the class, the rule and the deadline of the strategy" eval \
		'field_is c1 urgency "^high$" && field_is c1 rule "^severe-hole$" && field_is c1 retry_pause_s "^3600$" &&
		field_is c1 deadline_unix_s "^[1-9]"'
	check "and says so" eval 'answer_has "^rule: +severe-hole: the score 75 is within" campaign show c1 &&
		answer_has "^retry pause: +1 h" campaign show c1 && answer_has "^consent: +not needed" campaign show c1'
	check "a vehicle shows the modes that it was told" answer_has '^all +all +negotiated' vehicle show V1
	printf '%s\n' 'mode: client_initiated' >>"$stage/strategy.yaml"
	kill -HUP "$(stage_pid backend)"
	check "after a SIGHUP with other modes it is told anew" stage_until 20 answer_has '^all +all +client_initiated' vehicle show V1
	printf '%s\n' 'colour: red' >>"$stage/strategy.yaml"
	kill -HUP "$(stage_pid backend)"
	check "a wrong file changes nothing and is named" stage_until 10 grep -qE 'stays as it was: .*strategy.yaml:[0-9]+: colour' \
		"$stage/backend.log"
	check "and one that begins with it ends with status 2" expect_status 2 "$BIN/oem-backend" --config "$stage/backend.yaml"
	rm "$stage/strategy.yaml"
	check "one that is not there is told with the line that names it" eval \
		'expect_status 2 "$BIN/oem-backend" --config "$stage/backend.yaml" 2>&1 | tee "$stage/answer" &&
			grep -qE "backend.yaml:[0-9]+: strategy: .*strategy.yaml: cannot be read" "$stage/answer"'
	check "the backend goes on with the old one" answer_has '^severe-hole' strategy show
}

run_groups in_waves paused_and_cancelled by_the_strategy
