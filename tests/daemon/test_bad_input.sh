#!/usr/bin/env bash
# What is wrong is refused with words that name it, and loses nothing: after each, a good campaign still works.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# --- the configuration; no daemon gets to run

# refused SED-SCRIPT PATTERN - the configuration with this change ends with 3 and words that match
refused() {
	local out status=0
	sed -E "$1" "$stage/gatewayd.yaml" >"$stage/wrong.yaml"
	if cmp -s "$stage/gatewayd.yaml" "$stage/wrong.yaml"; then
		echo "the change changes nothing: $1"
		return 1
	fi
	out=$(timeout 5 "$BIN/gatewayd" --config "$stage/wrong.yaml" 2>&1) || status=$?
	echo "status $status: $out"
	((status == 3)) && [[ $out =~ $2 ]]
}

# the same of what only shows when it is used; --check says it, too
not_started() {
	local out status=0
	sed -E "$1" "$stage/gatewayd.yaml" >"$stage/wrong.yaml"
	out=$(timeout 5 "$BIN/gatewayd" --config "$stage/wrong.yaml" 2>&1) || status=$?
	echo "status $status: $out"
	((status == 1)) && [[ $out =~ $2 ]] || return 1
	out=$("$BIN/gatewayd" --config "$stage/wrong.yaml" --check 2>&1) && return 1
	echo "--check: $out"
	[[ $out =~ $2 ]]
}

# unguarded SED-SCRIPT WORDS - the configuration with this change is valid, and the check says what is not guarded
unguarded() {
	local out
	sed -E "$1" "$stage/gatewayd.yaml" >"$stage/unguarded.yaml"
	out=$("$BIN/gatewayd" --config "$stage/unguarded.yaml" --check 2>&1) || return 1
	echo "$out"
	[[ $(grep -c warning <<<"$out") == 1 && $out == *unguarded.yaml:\ valid:* && $out == *" warning "*"unguarded.yaml: $2; configure "* ]]
}

configuration() {
	stage_port=unix:$stage/bus
	stage_backend_port=1
	stage_pki
	stage_gateway_config
	check "a good configuration passes --check" "$BIN/gatewayd" --config "$stage/gatewayd.yaml" --check
	check "with ignition and speed it warns of nothing" eval '! "$BIN/gatewayd" --config "$stage/gatewayd.yaml" --check 2>&1 | grep warning'
	check "without the speed it is valid, with a warning" unguarded '/^  speed_kmh:/d' \
		"signals.speed_kmh is not configured: ECUs are erased also while the vehicle rolls with its ignition off, and erased ones are flashed while it drives"
	check "without the ignition it is valid, with a warning" unguarded '/^  ignition:/d' \
		"signals.ignition is not configured: ECUs are erased whenever the vehicle stands still, also with its ignition on, as at a traffic light"
	check "without both it is valid, with one warning" unguarded '/^  (speed_kmh|ignition):/d' \
		"signals.ignition and signals.speed_kmh are not configured: ECUs are erased whatever the vehicle does, also while it drives, unless campaign or author ask for conditions on other signals"
	check "a file that is not there" expect_status 3 "$BIN/gatewayd" --config "$stage/nothing.yaml"
	check "an empty file" eval ': >"$stage/empty.yaml"; expect_status 3 "$BIN/gatewayd" --config "$stage/empty.yaml"'
	check "no YAML: file and line" refused 's/^buses:/buses: [}/' 'wrong\.yaml:[0-9]+'
	check "an unknown key: file, line and key" refused 's/^(  )host:/\1hots:/' 'wrong\.yaml:[0-9]+.*hots'
	check "a key left out: file, line and key" refused '/^vehicle_id:/d' 'wrong\.yaml:.*vehicle_id'
	check "a text where a number is due: file, line and key" refused 's/^(  port: ).*/\1many/' 'wrong\.yaml:[0-9]+.*port'
	check "a number out of range: file, line and key" refused 's/^(  postpone_s: ).*/\15/' 'wrong\.yaml:[0-9]+.*policy\.postpone_s.*60'
	check "the line in the message is that of the key" eval \
		'refused "s/^(  retry_pause_s: ).*/\10/" "wrong\.yaml:$(grep -n retry_pause_s "$stage/gatewayd.yaml" | cut -d: -f1): policy.retry_pause_s"'
	check "an ECU on a bus that is not there" refused 's/name: door, bus: body/name: door, bus: boby/' 'wrong\.yaml:[0-9]+.*ecus\[1\]\.bus.*boby'
	check "two ECUs of one name" refused 's/name: door, bus/name: lamp, bus/' 'wrong\.yaml:[0-9]+.*lamp'
	check "a profile that is not there: file, line and key" refused 's/door\.yaml/doro.yaml/' 'wrong\.yaml:[0-9]+: ecus\[1\]\.profile: .*doro\.yaml'
	check "a signal that does not fit its frame" refused 's/start_bit: 8, length: 16/start_bit: 60, length: 16/' 'wrong\.yaml:[0-9]+.*battery_mv'
	sed 's/level: 1/level: 2/' "$root/sim/demo/profiles/door.yaml" >"$stage/profile.yaml"
	check "a broken profile: the profile's own file, line and key" refused "s|[^ ]*door\.yaml|$stage/profile.yaml|" 'profile\.yaml:5.*security\.level'
	printf 'not a key\n' >"$stage/pki/broken.pub"
	check "a key file that holds no key: file, line and key" not_started 's/author\.pub/broken.pub/' \
		'wrong\.yaml:[0-9]+: trust\.author\.keys\[0\]: .*broken\.pub'
	check "a key file that is not there: file, line and key" refused 's/director\.pub/no.pub/' \
		'wrong\.yaml:[0-9]+: trust\.director\.keys\[0\]: .*no\.pub'
	check "a client certificate that is not there: file, line and key" refused 's/client\.crt/no.crt/' \
		'wrong\.yaml:[0-9]+: backend\.certificate: .*no\.crt'
	check "a CA file that is not there: file, line and key" refused 's/ca\.crt/no.crt/' 'wrong\.yaml:[0-9]+: backend\.ca: .*no\.crt'
	check "a file of revoked certificates that is not there: file, line and key" refused 's/^( *)ca: .*/&\n\1crl: no.crl/' \
		'wrong\.yaml:[0-9]+: backend\.crl: .*no\.crl'
	check "a file of revoked certificates that holds no list: file and line" not_started 's/^( *)ca: (.*)/&\n\1crl: \2/' \
		'wrong\.yaml:[0-9]+: backend: .*revoked certificates.*ca\.crt'
	check "a key that does not belong to the certificate: file and line" not_started 's/client\.key/author.key/' 'wrong\.yaml:[0-9]+: backend: .*author\.key'
}

# --- campaigns that are wrong

declined() { # ID CODE
	reached "$1" declined 15 && field_is "$1" code_number "^$2$"
}
failed() { # ID CODE
	reached "$1" failed "${3:-25}" && field_is "$1" code_number "^$2$"
}

bad_line() {
	release bad-line || return 1
	sed -i '7s/..\r\?$/00/' "$stage/bad-line.door.srec"
	"$BIN/manifestctl" manifest --spec "$stage/bad-line.spec.yaml" --key "$stage/pki/author.key" --out "$stage/bad-line.env" &&
		intake bad-line && offer bad-line --unchecked && failed bad-line 145 && field_is bad-line text '7' &&
		field_is bad-line text 'door' && close_campaign bad-line
}

other_author() {
	openssl genpkey -algorithm ED25519 -out "$stage/pki/other.key" 2>/dev/null
	release other-author || return 1
	"$BIN/manifestctl" manifest --spec "$stage/other-author.spec.yaml" --key "$stage/pki/other.key" --out "$stage/other-author.env" || return 1
	stage_oemctl image add "$stage/other-author.lamp.bin" "$stage/other-author.door.srec" || return 1
	offer other-author --unchecked && declined other-author 102 &&
		! grep -q "file $(sha256sum "$stage/other-author.lamp.bin" | cut -c1-64)" "$stage/backend.log" &&
		[[ ! -e $stage/state/images/$(sha256sum "$stage/other-author.lamp.bin" | cut -c1-64) ]] && close_campaign other-author
}

no_manifest() { # what is offered as a manifest is none
	release no-manifest && head -c 500 /dev/urandom >"$stage/no-manifest.env" && offer no-manifest --unchecked &&
		reached no-manifest declined 15 && field_is no-manifest code_number '^10[0-9]$' && close_campaign no-manifest
}

wrong_campaigns() {
	world
	ignition off
	need stage_gateway
	check "an image with a bad line fails with BAD_IMAGE and names line and ECU" bad_line
	check "a manifest signed by another author is declined with BAD_SIGNATURE, nothing of it is fetched" other_author
	check "bytes that are no manifest are declined" no_manifest
	need release unknown
	need intake unknown
	check "a campaign for an ECU that the vehicle does not have is declined with UNKNOWN_ECU" eval \
		'offer unknown --unchecked --target ecu=roof,component=door,hardware_id=DOOR-HW-5 && declined unknown 120 && close_campaign unknown'
	check "a campaign for other hardware is declined with WRONG_HARDWARE" eval \
		'release hw && intake hw && offer hw --unchecked --target ecu=door,component=door,hardware_id=DOOR-HW-9 && declined hw 121 && close_campaign hw'
	check "a component for other hardware is declined with WRONG_HARDWARE" eval \
		'release swap && intake swap && offer swap --unchecked --target ecu=door,component=lamp && declined swap 121 && close_campaign swap'
	check "a campaign for another serial number is declined with WRONG_SERIAL" eval \
		'release serial && intake serial && offer serial --unchecked --target ecu=door,component=door,serial_number=DOOR-999999 && declined serial 122 && close_campaign serial'
	check "a component that the manifest does not have is declined with UNKNOWN_COMPONENT" eval \
		'release part && intake part && offer part --unchecked --target ecu=door,component=roof && declined part 123 && close_campaign part'
	check "a window that is over: expired, or refused by the backend" eval \
		'release late && intake late && offer late --unchecked --start 2026-01-01T00:00:00Z --end 2026-01-02T00:00:00Z && reached late expired 15 && field_is late code_number "^127$" && close_campaign late'
	check "a version other than the one promised fails with WRONG_VERSION, and the ECU is named" eval \
		'release version "s/(door.srec.*expected_version: ).*}/\1other}/" && intake version && offer version --target ecu=door,component=door && reached version inconsistent 40 && field_is version targets.0.code_number "^10$" && close_campaign version'
	check "nothing of these has erased the lamp" eval '! grep -qE " 7E0#10..3101FF00" "$stage/bus.log"'
	check "and a good campaign is flashed and verified afterwards" good_campaign good
	check "each report was applied exactly once" reports_whole good
}

# --- ECUs

# it was there when the gateway started, and answers no more
silent() {
	ecu_fault lamp silent 600000
	campaign silent || return 1
	reached silent failed 30 && field_is silent text 'lamp' && field_is silent targets.0.code_number '^1$' &&
		field_is silent targets.0.state failed && field_is silent targets.1.state pending
}

# it has never been there for this gateway: waited for while the window is open
absent() {
	stage_kill gatewayd TERM
	stage_gateway_start
	campaign absent --end +30s && reached absent waiting 20 && field_is absent code_number '^129$' && field_is absent text lamp &&
		reached absent expired 60 && close_campaign absent
}

stops_answering() {
	local id=stops-answering
	campaign $id && stage_until 15 grep -q 'lamp: the ECU is being erased' "$stage/gatewayd.log" || return 1
	sleep 0.15
	ecu_fault lamp silent 6000
	verified $id 60 && close_campaign $id
}

ecus() {
	world
	ignition off
	gateway_config 's/retry_pause_s: .*/retry_pause_s: 1\n  max_attempts: 2/'
	need stage_gateway_start
	need stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 10 >/dev/null
	check "an ECU that never answers: the campaign fails, and says that it did not answer" silent
	check "nothing was erased for it, and the bus is loud" eval \
		'! grep -qE "#10..3101FF00" "$stage/bus.log" && { ! grep -q "7DF#032803" "$stage/bus.log" || [[ $(grep -E "7DF#0[0-9A-F]28" "$stage/bus.log" | tail -1) == *7DF#0328[08]0* ]]; }'
	close_campaign silent >/dev/null
	check "one that was absent from the start is waited for, and reported, until the window ends" absent
	ecu_fault lamp silent 0
	need stage_say "$stage/ecus.control" "reset lamp" >/dev/null
	sleep 1 # it boots
	# the next identification of an absent ECU comes within a minute, or at a start
	stage_kill gatewayd TERM
	stage_gateway_start
	check "and a good campaign is flashed once it answers again" good_campaign good
	check "an ECU that falls silent for 6 s in the middle of its flash is recovered" stops_answering
	ecu_fault door wrong-crc on
	check "an ECU whose check fails again and again: the campaign waits with ATTEMPTS_EXHAUSTED, the ECU with CHECK_FAILED" eval \
		'campaign crc && stage_until 40 field_is crc code_number "^161$" && field_is crc targets.1.code_number "^7$" && stage_oemctl campaign cancel crc'
	check "the other ECU of it was verified" field_is crc targets.0.state '^verified$'
	ecu_fault door wrong-crc off
	check "and a good campaign repairs it" good_campaign repair
	check "each report was applied exactly once" reports_whole good stops-answering repair
}

# --- the backend

wrong_director() {
	stage_kill backend TERM
	openssl genpkey -algorithm ED25519 -out "$stage/pki/wrong.key" 2>/dev/null
	restart_backend "$stage_backend_port" 's|pki/director.key|pki/wrong.key|' || return 1
	mark
	campaign not-signed || return 1
	said 15 "signature" && sleep 0.5 && field_is not-signed answer "^none$" &&
		stage_until 5 grep -qE 'says error 102.*signature' "$stage/backend.log"
}

# restart_backend PORT [SED-SCRIPT] - on the same port and with the same database
restart_backend() {
	sed -E "s/^listen: .*/listen: 127.0.0.1:$1/; ${2:-}" "$root/sim/demo/backend.yaml" >"$stage/backend.yaml"
	rm -f "$stage/backend.port"
	stage_spawn backend "$BIN/oem-backend" --config "$stage/backend.yaml"
	stage_until 10 test -s "$stage/backend.port"
}

backend() {
	world
	ignition off
	local port=$stage_backend_port
	stage_kill backend TERM
	stage_gateway_start
	sleep 3
	check "a backend that cannot be reached is told of once" eval '[[ $(grep -ciE "refused|reach" "$stage/gatewayd.log") == 1 ]]'
	check "and in words that name the trouble" grep -qE 'warning.*(Connection refused|connection refused)' "$stage/gatewayd.log"
	need restart_backend "$port"
	check "once it is there the session comes up by itself, and a campaign works" good_campaign good-1
	stage_backend_port=$port
	check "a director document signed with another key is refused, and the backend is told" wrong_director
	stage_kill backend TERM
	need restart_backend "$port"
	stage_oemctl campaign cancel not-signed >/dev/null
	check "with the right key again a good campaign works" good_campaign good-2
	"$root/sim/pki.sh" "$stage/pki2" OTHER00000000000 >/dev/null
	# a certificate of another vehicle, of the right CA: what it says and what it registers as differ
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$stage/pki/other-vehicle.key" 2>/dev/null
	openssl req -new -key "$stage/pki/other-vehicle.key" -subj "/CN=OTHER00000000000" 2>/dev/null |
		openssl x509 -req -CA "$stage/pki/ca.crt" -CAkey "$stage/pki/ca.key" -set_serial 77 -days 30 -out "$stage/pki/other-vehicle.crt" 2>/dev/null
	stage_kill gatewayd TERM
	cp "$stage/gatewayd.yaml" "$stage/good.gatewayd.yaml"
	gateway_config 's/client\.(crt|key)/other-vehicle.\1/'
	mark
	stage_gateway_start
	check "the certificate of another vehicle: no session, and the log says why" eval \
		'said 10 "(another vehicle|OTHER00000000000|the registration)" && ! stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 1 2>/dev/null'
	stage_kill gatewayd TERM
	sed "s|pki/client|pki2/client|" "$stage/good.gatewayd.yaml" >"$stage/gatewayd.yaml"
	mark
	stage_gateway_start
	check "a certificate of another CA: no session, and the log says why" eval \
		'said 10 "(TLS|certificate|alert|closed)" && ! stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 1 2>/dev/null'
	stage_kill gatewayd TERM
	sed "s|ca: pki/|ca: pki2/|" "$stage/good.gatewayd.yaml" >"$stage/gatewayd.yaml"
	mark
	stage_gateway_start
	check "a backend with a certificate of another CA: no session, and the log says why" eval \
		'said 10 "certificate" && ! stage_oemctl wait --vehicle "$stage_vehicle_id" --timeout 1 2>/dev/null'
	stage_kill gatewayd TERM
	cp "$stage/good.gatewayd.yaml" "$stage/gatewayd.yaml"
	stage_gateway_start
	check "with its own certificate a good campaign works" good_campaign good-3
	check "each report was applied exactly once" reports_whole good-1 good-2 good-3
}

# --- a full disk

full_disk() {
	world
	ignition off
	mkdir -p "$stage/state"
	if ! mount -t tmpfs -o size=8m tmpfs "$stage/state" 2>"$stage/mount.err"; then
		skip "a full disk is reported and waited out" "mount: $(<"$stage/mount.err")"
		return
	fi
	trap 'stage_end 2>/dev/null; umount "$stage/state" 2>/dev/null; rm -rf "$stage"' EXIT
	gateway_config 's/^state_dir: .*/&\nmin_free_mib: 4/'
	need stage_gateway_start
	check "a campaign works on a small disk" good_campaign small
	head -c 4M /dev/zero >"$stage/state/ballast"
	mark
	check "too little space: the campaign waits, says NO_SPACE and what to do" eval \
		'campaign full && stage_until 15 no_space full && said 1 "make room"'
	check "and so does the backend, with the same words" eval \
		'stage_until 5 full_at_backend && field_is full state "^downloading$" && field_is full text "KiB are needed.*make room"'
	check "oemctl shows them" eval 'stage_oemctl campaign show full | grep -qE "^ *why:? +140 .*make room"'
	check "nothing was erased meanwhile" eval '[[ $(grep -cE " 7E0#10..3101FF00" "$stage/bus.log") == 1 ]]'
	rm -f "$stage/state/ballast"
	check "once there is room it goes on by itself" verified full 40
	close_campaign full >/dev/null
	head -c 9M /dev/zero >"$stage/state/ballast" 2>/dev/null
	mark
	check "a disk without a free byte: the daemon says so and begins nothing that it cannot record" eval \
		'campaign none && said 15 "disk is full|NO_SPACE|make room|No space" && sleep 1 && ! memory_equal none lamp 2>/dev/null'
	rm -f "$stage/state/ballast"
	check "once there is room it goes on by itself, too" verified none 40
	close_campaign none >/dev/null
	check "each report was applied exactly once" reports_whole small full none
	stage_kill gatewayd TERM
	check "and the daemon still ends cleanly" test $? = 0
}

full_at_backend() {
	field_is full code '^NO_SPACE$' >/dev/null
}

no_space() { # CAMPAIGN
	"$BIN/gatewayctl" --address "$stage_dbus_address" show "$1" --json | grep -q NO_SPACE
}

run_groups configuration wrong_campaigns ecus backend full_disk
