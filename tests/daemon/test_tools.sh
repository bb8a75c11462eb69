#!/usr/bin/env bash
# The commands' common manners, and manifestctl's documents as text.
# shellcheck disable=SC2016,SC2154,SC2317  # check evaluates the quoted commands; stage.sh sets `stage`
# shellcheck source=tests/daemon/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

says_help() { # PROGRAM - on stdout, nothing on stderr
	local out
	out=$("$BIN/$1" --help 2>"$stage/err") && [[ ${out,,} == *"$1"* && ! -s $stage/err ]]
}
says_version() {
	"$BIN/$1" --version | grep -qE "^$1 [0-9]+\.[0-9]+\.[0-9]+"
}
refuses_option() { # on stderr, nothing on stdout
	local status=0
	"$BIN/$1" --no-such-option >"$stage/out" 2>"$stage/err" </dev/null || status=$?
	echo "status $status"
	cat "$stage/out" "$stage/err"
	((status == 2)) && [[ ! -s $stage/out && -s $stage/err ]]
}

manners() {
	local program
	for program in gatewayd gatewayctl ecu-flash manifestctl oem-backend oemctl simbus virtual-ecu vehicle-sim can-rate; do
		check "$program --help prints help and ends with 0" says_help "$program"
		check "$program --version prints name and version and ends with 0" says_version "$program"
		check "$program with an unknown option ends with 2 and says so on stderr" refuses_option "$program"
	done
	check "gatewayctl without a bus ends with 3" expect_status 3 "$BIN/gatewayctl" --address unix:path=/nowhere/dbus status
	check "oemctl without a backend ends with 3" expect_status 3 "$BIN/oemctl" --control /nowhere/control campaign list
	check "gatewayctl without a command ends with 2" expect_status 2 "$BIN/gatewayctl"
	check "oemctl without a command ends with 2" expect_status 2 "$BIN/oemctl"
}

documents() {
	stage_pki
	need release doc
	cat >"$stage/director.yaml" <<-END
		vehicle_id: $stage_vehicle_id
		expires: +7d
		campaigns:
		  - id: spring
		    manifest: doc.env
		    mode: negotiated
		    urgency: high
		    window: {start: +1h, end: +2h}
		    targets:
		      - {ecu: lamp, hardware_id: LAMP-HW-2, serial_number: LAMP-000417, component: lamp, rollback: none}
	END
	check "a director document is signed from a spec" \
		"$BIN/manifestctl" director --spec "$stage/director.yaml" --key "$stage/pki/director.key" --version 4 --out "$stage/director.env"
	check "a manifest is shown as text: component, hardware, image digest, conditions" eval \
		'"$BIN/manifestctl" show "$stage/doc.env" >"$stage/show"; cat "$stage/show"; grep -q LAMP-HW-2 "$stage/show" && grep -q "exterior lamps" "$stage/show" && grep -q "$(sha256sum "$stage/doc.lamp.bin" | cut -c1-64)" "$stage/show"'
	check "a director document is shown as text: vehicle, version, campaign, ECU" eval \
		'"$BIN/manifestctl" show "$stage/director.env" >"$stage/show"; cat "$stage/show"; grep -q "$stage_vehicle_id" "$stage/show" && grep -q spring "$stage/show" && grep -q LAMP-000417 "$stage/show"'
	check "both are shown as JSON" eval \
		'"$BIN/manifestctl" show --json "$stage/doc.env" | python3 -m json.tool && "$BIN/manifestctl" show --json "$stage/director.env" | python3 -m json.tool'
	check "a document is verified with the right key" \
		"$BIN/manifestctl" verify "$stage/doc.env" --type manifest --trust "$stage/pki/author.pub"
	check "and refused with another" expect_status 1 \
		"$BIN/manifestctl" verify "$stage/doc.env" --type manifest --trust "$stage/pki/director.pub"
	check "and as a document of another type" expect_status 1 \
		"$BIN/manifestctl" verify "$stage/doc.env" --type director --trust "$stage/pki/author.pub"
	printf '\xff' | dd of="$stage/doc.env" bs=1 seek=60 conv=notrunc 2>/dev/null
	check "a document with a byte changed is refused" expect_status 1 \
		"$BIN/manifestctl" verify "$stage/doc.env" --type manifest --trust "$stage/pki/author.pub"
	sed 's/kind: application/kind: applicatoin/' "$stage/doc.spec.yaml" >"$stage/wrong.yaml"
	check "a wrong spec is refused with file, line and key" eval \
		'"$BIN/manifestctl" manifest --spec "$stage/wrong.yaml" --key "$stage/pki/author.key" --out "$stage/x" 2>"$stage/err"; s=$?; cat "$stage/err"; ((s == 1)) && grep -qE "wrong.yaml:[0-9]+.*kind" "$stage/err"'
	local algorithm
	for algorithm in ed25519 ecdsa-p256; do
		check "a key of $algorithm signs and verifies" eval \
			'"$BIN/manifestctl" key new --algorithm '$algorithm' --out "$stage/'$algorithm'" && "$BIN/manifestctl" manifest --spec "$stage/doc.spec.yaml" --key "$stage/'$algorithm'" --out "$stage/x" && "$BIN/manifestctl" verify "$stage/x" --type manifest --trust "$stage/'$algorithm'.pub"'
	done
}

# second_simbus ARGUMENT… - one that cannot run, with the log of the one that does
second_simbus() {
	expect_status 1 timeout 5 "$BIN/simbus" --log "$stage/bus.log" "$@" && grep -qx "a frame" "$stage/bus.log"
}

bus_log() {
	stage_spawn simbus "$BIN/simbus" --listen "$stage/bus" --control "$stage/bus.control" --log "$stage/bus.log"
	need stage_ready simbus 5 "simbus: listening"
	check "simbus makes its log when it starts" test -f "$stage/bus.log"
	echo "a frame" >"$stage/bus.log"
	check "a second simbus at its socket leaves its log alone" second_simbus --listen "$stage/bus"
	check "and so does one at its control socket" second_simbus --listen "$stage/other" --control "$stage/bus.control"
	check "a log that cannot be made: it says so and leaves no socket behind" eval \
		'expect_status 1 timeout 5 "$BIN/simbus" --listen "$stage/other" --log "$stage/nowhere/log" 2>"$stage/err" && grep -q "nowhere/log: No such file" "$stage/err" && [[ ! -e $stage/other ]]'
}

run_groups manners documents bus_log
