#!/usr/bin/env bash
# Windows that recur in the local time of a place, with the real binaries: an open one, one too short for the update, and
# one of a place that nobody knows.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# campaign_at ID WINDOW [FLAG…]
campaign_at() {
	local id=$1 window=$2
	shift 2
	campaign "$id" --recurring "$window,time_zone=${zone:-Europe/Berlin}" "$@"
}

recurring() {
	world
	ignition off
	need stage_gateway
	check "a campaign whose window is open all day there, before its deadline, is flashed and verified" eval \
		'campaign_at open days=daily,start=00:00,duration_s=86400 --deadline +1h --retry-pause 5 && verified open 60'
	check "the backend shows what it asked for" eval \
		'field_is open recurring.0.time_zone "^Europe/Berlin$" && field_is open retry_pause_s "^5$"'
	check "the estimate is shown beside what it took" eval \
		'"$BIN/gatewayctl" --address "$stage_dbus_address" --json show open | grep -qE "\"duration_ms\":[1-9][0-9]*.*\"estimate_ms\":[1-9]"'
	check "at the backend, too" eval \
		'field_is open targets.0.estimate_ms "^[1-9]" && field_is open targets.1.estimate_ms "^[1-9]"'
	check "oemctl tells windows, deadline, retry pace and estimate in words as well" eval 'stage_oemctl campaign show open >"$stage/show" &&
		grep -qE "^deadline: +20[0-9T:-]+Z$" "$stage/show" && grep -qE "^retry pause: +5 s$" "$stage/show" &&
		grep -qE "^recurring: +daily 00:00 for 24 h, Europe/Berlin$" "$stage/show" &&
		grep -qE "^lamp .* [0-9]+ +[0-9.]*[1-9][0-9.]* +[0-9.]*[1-9][0-9.]* +[0-9.]+ +self_reported" "$stage/show"'
	check "one whose window is closed there waits for it" eval \
		'close_campaign open &&
			campaign_at closed days=daily,start=$(TZ=Europe/Berlin date -d "-6 hours" +%H:%M),duration_s=7200 --end +2d && reached closed waiting 30 &&
			field_is closed code_number "^210$"'
	check "and it is cancelled without a trace" eval \
		'stage_oemctl campaign cancel closed && reached closed cancelled 20 && close_campaign closed && memory_equal open'
	check "a window too short for the update ends it before anything is erased, with both times" eval \
		'campaign_at short days=daily,start=00:00,duration_s=86400 --start +3600s --end +3602s && reached short failed 30 &&
			field_is short code_number "^130$" && field_is short text "takes about [0-9]+ s.*longest window is [0-9]+ s"'
	check "and every ECU has what it had" eval 'memory_equal open && close_campaign short'
	check "a place that there is not is declined by its name" eval \
		'zone=Europe/Atlantis campaign_at nowhere days=daily,start=00:00,duration_s=86400 &&
			reached nowhere declined 30 && field_is nowhere code_number "^148$" && field_is nowhere text Europe/Atlantis'
}

run_groups recurring
