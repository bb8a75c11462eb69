#!/usr/bin/env bash
# What the driver and the operator say to gatewayd with gatewayctl: each verb once, what it is answered, and what the
# backend hears of it; the loss of service; another tester that wants the buses.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ctl() {
	"$BIN/gatewayctl" --address "$stage_dbus_address" "$@"
}

# answers STATUS PATTERN ARGUMENT… - gatewayctl ends so, and says so
answers() {
	local status=0 wanted=$1 pattern=$2 output
	shift 2
	output=$(ctl "$@" 2>&1) || status=$?
	[[ $status == "$wanted" && $output =~ $pattern ]] && return 0
	echo "gatewayctl $*: ended with $status, said: $output"
	return 1
}

# why ID CONDITION - whether it holds
why() {
	ctl why "$1" --json | python3 -c '
import json, sys
print(*{c["holds"] for c in json.load(sys.stdin)["conditions"] if c["name"] == sys.argv[1]})' "$2"
}
why_is() { # ID CONDITION HOLDS
	[[ $(why "$1" "$2") == "$3" ]]
}
shows() { # ID PYTHON-EXPRESSION of the campaign c
	ctl show "$1" --json | python3 -c '
import json, sys
c = json.load(sys.stdin)
sys.exit(not eval("(" + sys.argv[1] + ")"))' "$2"
}

# the codes of all reports about a campaign itself, in order
codes() {
	stage_oemctl --json reports --campaign "$1" | python3 -c '
import json, sys
print(*(r["code_number"] for r in json.load(sys.stdin)["reports"] if not r["ecu"]))'
}
reported() { # ID CODE…, in this order, others between them
	local id=$1 pattern
	shift
	pattern=$(printf '.*\\b%s\\b' "$@")
	grep -qP "^$pattern" <(codes "$id") && return 0
	echo "reported of $id: $(codes "$id")"
	return 1
}

# gatewayctl and oemctl tell the same of state and code
same_in_other_worlds() { # ID
	python3 -c '
import json, sys
ours, theirs = json.loads(sys.argv[1]), json.loads(sys.argv[2])["campaign"]
keys = ("code", "code_number", "fumo", "lwm2m", "suit", "ucm")
pairs = [(ours, theirs)] + list(zip(ours["targets"], theirs["targets"]))
assert len(pairs) == 3 and len(theirs["targets"]) == 2
for one, other in pairs:
    for key in keys:
        if one[key] != other[key]:
            sys.exit(f"{key}: gatewayctl says {one[key]}, oemctl {other[key]}")' \
		"$(ctl show "$1" --json)" "$(stage_oemctl --json campaign show "$1")"
}

texts='s/^severity:.*/&\nrxswin: [{regulation: R155, value: CS-2}]\ntexts:\n  - {language: de, title: Neues Licht, body: Hellere Lampen}\n  - {language: en, title: New light}/'

consent() {
	world
	ignition off
	need stage_gateway
	need release one "$texts"
	need intake one
	need offer one --consent
	need reached one waiting 20
	check "show tells what the release is about in the reader's language, and what it costs" eval \
		'LANG=de_AT.UTF-8 ctl show one | grep -q "title *Neues Licht" && LANG=fr_FR ctl show one | grep -q "title *New light" &&
			ctl show one | grep -q "not working *exterior lamps" && ctl show one | grep -q "consent *asked for"'
	check "why names what holds and what is waited for" eval \
		'stage_until 5 why_is one consent no && why_is one trusted-time yes && why_is one gateway-ignition yes && why_is one window-end yes &&
			answers 0 "one: waits: waiting for the driver" why one'
	check "show --json tells the number beside the code" shows one 'c["code"] == "WAITING_CONSENT" and c["code_number"] == 215 and
		c["fumo"] == {"state": 50, "result": None} and c["lwm2m"]["state"] == 2'
	check "show tells who decides when, and how urgent it is" shows one 'c["mode"] == "negotiated" and c["urgency"] == "normal"'
	ignition on
	check "why follows the vehicle" stage_until 5 why_is one gateway-ignition no
	ignition off
	stage_until 5 why_is one gateway-ignition yes
	check "a time that is over, too far away, or none is refused in words" eval \
		'answers 1 "that time is over" postpone one 2020-01-01T00:00Z &&
			answers 1 "urgency does not let it be postponed so far: at most until 20..-" postpone one +30d &&
			answers 2 "postpone takes" postpone one tomorrow && answers 2 "a duration must be positive" postpone one -5m'
	check "postponed: the daemon waits for the driver's time, the backend has heard of it" eval \
		'answers 0 "one: postponed until 20" postpone one +1h && stage_until 5 why_is one driver-start no &&
			shows one "c[\"postponed_until_unix_s\"] > 0" && stage_until 5 reported one 261'
	check "approved: it is installed and verified" eval \
		'answers 0 "one: approved" approve one && verified one 30'
	check "the loss of service was told: when it began and when it was over" stage_until 5 reported one 261 263 272 273
	check "oemctl says what became of the functions" eval 'stage_oemctl reports --campaign one >"$stage/reports" &&
		grep -q " 272  out of service: exterior lamps; central locking" "$stage/reports" &&
		grep -q " 273  in service again: exterior lamps; central locking" "$stage/reports" &&
		grep -q " done  *0  .*; RXSWIN before: none; after: R155 CS-2" "$stage/reports" &&
		grep -q " lamp  verified " "$stage/reports"'
	check "show --json tells numbers, and what it is in other worlds" shows one 'c["code"] == "OK" and c["code_number"] == 0 and
		c["fumo"] == {"state": 100, "result": 200} and c["lwm2m"] == {"state": 0, "result": 1, "severity": 1, "max_defer_s": 1209600} and
		c["suit"] == {"reason": 0, "name": "ok"} and c["ucm"]["error"] == 0 and c["targets"][1]["lwm2m"]["result"] == 1'
	check "oemctl tells the same, under the same keys" same_in_other_worlds one
	check "approving, declining and cancelling it afterwards is refused" eval \
		'answers 1 "not possible now: campaign one is done" approve one && answers 1 "not possible now" decline one && answers 1 "not possible now" cancel one'
	check "why of a campaign that is done says that it is decided, and has no conditions" eval \
		'answers 0 "decided for good: done" why one && [[ $(why one consent) == "" ]]'
	check "history tells release, versions, times and the identification numbers before and after" eval \
		'ctl history | grep -q "^one .* done *New light" && ctl history one | grep -q "^RXSWIN after   R155 CS-2$" &&
			ctl history one | grep -qE "^lamp +verified +lamp-1.0 +crc-[0-9a-f]+ +[0-9.]+ +[0-9.]+" && ctl history one --json | grep -q "\"rxswin_before\":\"\"" &&
			answers 1 "no campaign .two. has come to an end" history two'
	check "a campaign that is not there is said to be unknown" eval \
		'answers 1 "there is no campaign .two.$" why two && answers 1 "there is no campaign" cancel two'
	close_campaign one
}

no() {
	world
	ignition off
	need stage_gateway
	need release one
	need intake one
	need offer one --consent
	need reached one waiting 20
	check "declined: the backend hears why" eval \
		'answers 0 "one: declined" decline one "not in winter" && reached one declined 10 && field_is one text "declined by the driver: not in winter"'
	check "and it is to start at no time any more" shows one 'c["start_unix_s"] is None'
	gateway_kill
	gateway_gone
	need stage_gateway_start
	check "after a SIGKILL it is still declined, and why says so" eval \
		'stage_until 10 said_now "registered with the backend" && sleep 1 && answers 0 "decided for good: declined: declined by the driver" why one'
	close_campaign one
	need release two
	need intake two
	need offer two --consent
	need reached two waiting 20
	check "cancelled: the backend hears of it" eval \
		'answers 0 "^\{.campaign.:.two.,.cancelled.:true\}$" --json cancel two && reached two cancelled 10 &&
			field_is two text "cancelled by the operator"'
	close_campaign two
	check "check-now: asked once, the next one is refused with the seconds to wait" eval \
		'answers 0 "asked for updates now" check-now && answers 1 "asked for too often: the next time in [0-9]+ s" check-now'
}

# --- the diagnostic buses

slow_ecus() {
	sed -i -E 's/^( +program_us_per_block: )[0-9]+/\1400000/' "$stage_ecus_config"
	stage_kill vecu TERM
	rm -rf "$stage/ecus" "$stage/ecus.control" "$stage/vecu.log"
	need stage_ecus
	lamp_bytes=20480
}

lock() { # NAME
	stage_spawn "$1" "$BIN/gatewayctl" --address "$stage_dbus_address" lock-diagnostics
}
locked() { # NAME
	grep -q 'the diagnostic buses are yours' "$stage/$1.log"
}

other_tester() {
	world
	slow_ecus
	gateway_config 's/^( *service_notice_s: ).*/\12/'
	ignition off
	need stage_gateway_start
	check "free buses are locked at once" eval 'lock first && stage_until 5 locked first && ctl status | grep -q "diagnostics *locked by another tester"'
	check "a second tester is refused" answers 1 'locked by :1\.' lock-diagnostics
	need campaign one
	need reached one waiting 20
	check "a campaign waits for it" eval 'stage_until 5 why_is one diagnostic-buses no && ! grep -q "one: lamp: the ECU is being erased" "$stage/gatewayd.log"'
	kill -INT "$(stage_pid first)"
	check "Ctrl-C ends with 0 and lets go" eval 'stage_wait "$(stage_pid first)" 5 && wait "$(stage_pid first)"'
	check "the loss of service is announced, and the first erase waits for it" eval \
		'stage_until 10 grep -q "one: waiting until the loss of service" "$stage/gatewayd.log" &&
			stage_until 20 grep -q "one: lamp: the ECU is being erased" "$stage/gatewayd.log"'
	check "nothing is cancelled past the point of no return, with that reason" answers 1 'too late: campaign one: an ECU is changed already' cancel one
	lock second
	check "a tester that comes while an ECU is erased gets the buses once it is verified, before the next is begun" eval \
		'stage_until 30 locked second && memory_equal one lamp && ! memory_equal one door'
	kill -KILL "$(stage_pid second)"
	check "a tester that dies lets go: the campaign ends verified" verified one 60
	check "what was announced was lost and came back" reported one 271 272 273
	close_campaign one
}

run_groups consent no other_tester
