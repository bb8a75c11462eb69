#!/usr/bin/env bash
# gatewayd as the service that it is installed as, with systemd as process 1: activation and policy of D-Bus, credentials,
# the sandbox from inside, a campaign on vcan, restarts, the journal's catalog, test benches. In a virtual machine
# (run.sh), into whose /usr everything is installed. Prints TAP. BIN holds the programs.
# shellcheck disable=SC2016  # what is quoted so is for a shell in the machine
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
stage_slowness=10 # limits here are a tenth of what they come to
stage_profiles=/etc/gatewayd/profiles
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh"

score() { # ARGUMENT… - of systemd-analyze security
	systemd-analyze security --no-pager "$@" 2>&1 | sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p'
}

if ! vm_inside; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	DESTDIR=$work/installed cmake --install "$(dirname "$BIN")" --prefix /usr >"$work/install.log" ||
		{ cat "$work/install.log" && exit 1; }
	"$root/sim/pki.sh" "$work/pki" "$stage_vehicle_id" || exit 1
	# the images, in the formats of the demo's, of bytes that are there anyhow; a seed-and-key library for the door
	head -c 4096 "$BIN/ecu-flash" >"$work/image.bin"
	objcopy -I binary -O ihex "$work/image.bin" "$work/lamp.hex" || exit 1
	objcopy -I binary -O srec --change-addresses 0x08000000 "$work/image.bin" "$work/door.srec" || exit 1
	mkdir -p "$work/installed/usr/lib/gatewayd/seed-key"
	cat >"$work/oem.c" <<-'END'
		#include "ecu-flash/load/seed_key_abi.h"
		const uint32_t seed_key_abi_version = SEED_KEY_ABI_VERSION;
		int seed_key_compute(const struct seed_key_request *r, uint8_t *key, size_t *n_key)
		{
			for (size_t i = 0; i < r->n_seed; i++)
				key[i] = r->seed[i] ^ r->secret[i % r->n_secret];
			*n_key = r->n_seed;
			return 0;
		}
	END
	cc -std=c99 -shared -fPIC -I"$root" -o "$work/installed/usr/lib/gatewayd/seed-key/oem_seed_key.so" "$work/oem.c" || exit 1
	# with the drop-in for buses that it brings up itself; what it counts alone is asked of the running service
	bring_up=gatewayd@bring-up.service
	install -D -t "$work/installed/etc/systemd/system/$bring_up.d" "$root/systemd/gatewayd-bring-up.conf"
	score --offline=true --root="$work/installed" $bring_up >"$work/bring-up"
	vm_run --systemd --deadline 550 -- "$work"
	exit
fi

work=$1
manager=(org.gateway.Update1 /org/gateway/Update1)
no_campaign=(org.gateway.Update1 /org/gateway/Update1/campaigns/none org.gateway.Update1.Campaign)

diagnose() {
	systemctl status --no-pager --lines 20 gatewayd 'gatewayd@*' 'vcan@*'
	cat "$stage/out"
}

# out COMMAND… - what it prints is kept in $stage/out, for `says` and for whoever looks why a test failed
out() {
	"$@" >"$stage/out" 2>&1
}

says() { # WORDS
	grep -qF -- "$1" "$stage/out"
}

as() { # USER COMMAND…
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
}

show() { # UNIT PROPERTY
	systemctl show --value -p "$2" "$1"
}

is() { # UNIT STATE
	[[ $(show "$1" ActiveState) == "$2" ]]
}

# in the journal of this unit, of its last start
journal_says() { # UNIT WORDS
	journalctl --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$(show "$1" InvocationID)" + "INVOCATION_ID=$(show "$1" InvocationID)" |
		grep -qF -- "$2"
}

configure() { # FILE NAME-OF-ITS-CREDENTIALS
	sed -e 's|^state_dir: .*|seed_key_dir: /usr/lib/gatewayd/seed-key|' -e 's|^dbus: .*|dbus: system|' \
		-e "s|^ecu_keys: .*|ecu_keys: credential:$2.ecu-keys.yaml|" \
		-e "s|^  key: .*|  key: credential:$2.vehicle.key|" \
		-e 's|^policy:|&\n  max_attempts: 20|' "$stage/gatewayd.yaml" >"$1"
}

# --- installed

cp -a "$work/installed/usr/." /usr/ && stage_new "" || exit 1
trap stage_end EXIT
BIN=/usr/bin
cp -r "$work/pki" "$work"/*.hex "$work"/*.srec "$stage/"
{
	systemd-sysusers && systemd-tmpfiles --create gatewayd.conf && echo 'm driver gateway-update
u driver - "may give consent"
u visitor - "may look"' | systemd-sysusers - && journalctl --update-catalog && systemctl daemon-reload &&
		busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
} >"$stage/out" 2>&1 && id gatewayd >/dev/null && getent group gateway-update >/dev/null &&
	[[ $(stat -c '%U %a' /etc/gatewayd /etc/credstore) == $'root 755\nroot 700' ]]
result $? "once it is installed there are gatewayd's user and folders, and a group for those who may give consent"

out systemd-analyze verify --man=no gatewayd.service gatewayd@bench.service vcan@vcan0.service && [[ ! -s $stage/out ]]
result $? "systemd finds nothing to say about the units"

security=$(score gatewayd.service)
bring_up=$(<"$work/bring-up")
at_most() { # SCORE LIMIT
	[[ $1 ]] && awk -v "score=$1" -v "limit=$2" 'BEGIN {exit !(score <= limit)}'
}
at_most "$security" 2.0 && at_most "$bring_up" 2.0
result $? "systemd-analyze security is at most 2.0, also where it brings buses up"

out systemctl start vcan@vcan0 && out ip -details link show vcan0 && says "mtu 72" && says "UP" && says "vcan"
result $? "vcan@vcan0 is a virtual bus that carries CAN FD"

# --- D-Bus and credentials; the private keys lie on the disk for root alone

cp -r "$root/sim/demo/profiles" /etc/gatewayd/
sed -i 's/^security:.*/security: {level: 1, algorithm: library, library: oem_seed_key, key: door-key}/' \
	/etc/gatewayd/profiles/door.yaml
# a door with that library's algorithm, factory software that the image covers, answers in time on this slow machine
sed -e '/name: door/,$s/aes-128-cmac/xor/' -e '/factory:/,/ size:/s/ size: 0x[0-9a-f]*/ size: 0x1000/' \
	-e '/p2_ms:/d' -e 's/^    timing:/&\n      p2_ms: 2000/' "$root/sim/demo/virtual-ecus.yaml" >"$stage/ecus.yaml"
stage_ecus_config=$stage/ecus.yaml
stage_port=vcan0
stage_ecus && stage_vehicle && stage_backend || exit 1
stage_vehicle_set ignition off
stage_gateway_config
install -m 755 -d /etc/gatewayd/pki
install -m 644 -t /etc/gatewayd/pki "$stage"/pki/{ca.crt,client.crt,author.pub,director.pub,time.pub}
configure /etc/gatewayd/gatewayd.yaml gatewayd
install -m 600 "$stage/pki/client.key" /etc/credstore/gatewayd.vehicle.key
install -m 600 "$root/sim/demo/ecu-keys.yaml" /etc/credstore/gatewayd.ecu-keys.yaml

out gatewayd --check
(($? == 3)) && says "/etc/gatewayd/gatewayd.yaml:" && says "CREDENTIALS_DIRECTORY=/etc/credstore"
result $? "a check by hand says how it is given the credentials"
CREDENTIALS_DIRECTORY=/etc/credstore out gatewayd --check && says "valid: vehicle $stage_vehicle_id"
result $? "and passes with them"

get=(busctl call "${manager[@]}" org.freedesktop.DBus.Properties Get ss org.gateway.Update1.Manager VehicleId)
! out as visitor "${get[@]}" && is gatewayd inactive
result $? "a call on D-Bus starts no service that is not enabled"
systemctl enable --quiet gatewayd
activated() {
	out as visitor "${get[@]}" && says "$stage_vehicle_id"
}
stage_until 6 activated && is gatewayd active
result $? "one that is enabled is started by whoever asks for its state"

out as visitor gatewayctl status && says "$stage_vehicle_id" && says lamp &&
	out as visitor busctl introspect "${manager[@]}" && says org.gateway.Update1.Manager
result $? "everybody may read"
! out as visitor busctl call "${no_campaign[@]}" Consent b true && says "Access denied" &&
	! out as visitor busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus RequestName su \
		org.gateway.Update1 0 && says "Access denied"
result $? "and neither give consent nor take the name"
unknown_to() { # USER
	! out as "$1" busctl call "${no_campaign[@]}" Consent b true && says "Unknown object"
}
unknown_to driver && unknown_to root
result $? "a member of gateway-update and root may"

# --- the sandbox

pid=$(show gatewayd MainPID)
grep -E '^(Uid|Gid|Cap|NoNewPrivs|Seccomp)' "/proc/$pid/status" >"$stage/out"
user=$(id -u gatewayd)
says "$(printf 'Uid:\t%s\t%s\t%s\t%s' "$user" "$user" "$user" "$user")" && ! grep -E '^Cap[A-Za-z]*:.*[1-9a-f]' "$stage/out" >/dev/null &&
	says "$(printf 'NoNewPrivs:\t1')" && says "$(printf 'Seccomp:\t2')"
result $? "the process is gatewayd's own user's, without any capability, behind a filter of system calls"

# the very unit, with a program in it that tries what gatewayd must be able to do and what it must not
mkdir -p /run/systemd/system/gatewayd@probe.service.d
cat >/run/systemd/system/gatewayd@probe.service.d/probe.conf <<-END
	[Service]
	Type=oneshot
	Restart=no
	ExecStart=
	ExecStart=/usr/bin/python3 -S -B $root/tests/vm/sandbox_probe.py
	StandardOutput=file:$stage/out
	BindReadOnlyPaths=$root/tests/vm/sandbox_probe.py
END
install -m 600 "$stage/pki/client.key" /etc/credstore/gatewayd-probe.vehicle.key
: >/etc/gatewayd/probe.yaml # which the unit waits for
systemctl daemon-reload
systemctl start gatewayd@probe && ! grep -v '^as it must be' "$stage/out" >/dev/null && says "as it must be: CAN"
result $? "what it needs is there, and nothing else can be written, run, opened or asked of the kernel"

# --- a campaign

began=$SECONDS
stage_intake demo-1 && out as visitor timeout 200 gatewayctl watch demo-1 --until "done" &&
	out stage_oemctl wait --campaign demo-1 --state "done" --timeout 60
result $? "a campaign on vcan ends verified, with a key from a library for one of its ECUs"
stage_bus_end
took=$((SECONDS - began))
cmp -s "$work/image.bin" <(head -c 4096 "$stage/ecus/lamp.bin") && cmp -s "$work/image.bin" <(head -c 4096 "$stage/ecus/door.bin")
result $? "both ECUs hold the image"
out systemctl status --no-pager gatewayd && grep -qE '^ +Status: "idle; backend connected; 2 ECUs known"' "$stage/out"
result $? "systemctl status says in words what it does"
out journalctl --no-pager -x -u gatewayd && says "ECU lamp is verified" && says "Subject: Campaign demo-1 is done" &&
	says "Every ECU of the campaign is verified." && says "man:gatewayctl(1)"
result $? "journalctl -x explains the chief events"
out journalctl --no-pager -o cat --output-fields=MESSAGE _SYSTEMD_UNIT=gatewayd.service ECU=door CAMPAIGN_ID=demo-1 && says "verified"
result $? "and finds them by ECU and campaign"
[[ $(stat -c '%U %a' /var/lib/gatewayd /run/gatewayd /var/lib/gatewayd/state.db) == $'gatewayd 700\ngatewayd 755\ngatewayd 600' ]]
result $? "what it keeps can be read by nobody else"

# --- restarts, here without a pause, so that the default limit of 5 in 10 seconds would be met

mkdir -p /run/systemd/system/gatewayd.service.d
printf '[Service]\nRestartSec=0\n' >/run/systemd/system/gatewayd.service.d/at-once.conf
systemctl daemon-reload
processes=/sys/fs/cgroup/system.slice/gatewayd.service/cgroup.procs
another() { # PID - than this one is the process now; at times a helper of systemd's, which dies with it
	local now
	read -r now <$processes && ((now != $1)) && pid=$now
}
began=$SECONDS
kills=0
pid=$(show gatewayd MainPID)
while ((kills < 14)); do
	kill -KILL "$pid" || break
	stage_until 6 another "$pid" || break
	kills=$((kills + 1))
done
killed_in=$((SECONDS - began))
((kills == 14)) && stage_until 6 is gatewayd active && restarts=$(show gatewayd NRestarts) && ((restarts >= 8))
result $? "it is started again after more kills than the limit has"
stage_until 6 as visitor gatewayctl show demo-1 && out as visitor gatewayctl show demo-1 && says verified
result $? "and knows its campaign"
rm -r /run/systemd/system/gatewayd.service.d

# --- a configuration that is wrong, a credential that is missing

stays_down() { # WORDS - after a restart, with exit status 3 and these words in the journal
	systemctl restart gatewayd >"$stage/out" 2>&1 && return 1
	is gatewayd failed && [[ $(show gatewayd ExecMainStatus) == 3 && $(show gatewayd NRestarts) == 0 ]] && journal_says gatewayd "$1"
}
systemctl daemon-reload
sed -i.good 's/^  retry_pause_s: .*/  retry_pause_s: 0/' /etc/gatewayd/gatewayd.yaml
stays_down "gatewayd.yaml:$(grep -n retry_pause_s /etc/gatewayd/gatewayd.yaml | cut -d: -f1): policy.retry_pause_s"
result $? "a wrong configuration is told by file, line and key, and is not tried again"
mv /etc/gatewayd/gatewayd.yaml.good /etc/gatewayd/gatewayd.yaml
mv /etc/credstore/gatewayd.vehicle.key "$stage/"
stays_down "backend.key: there is no credential gatewayd.vehicle.key" && journal_says gatewayd "/etc/credstore"
result $? "so is a credential that nobody put there, and where it belongs"
mv "$stage/gatewayd.vehicle.key" /etc/credstore/
systemctl start gatewayd && is gatewayd active
result $? "with both put right it starts"

# --- a test bench beside it, which brings its bus up itself

ip link add bench0 type vcan
configure /etc/gatewayd/bench.yaml gatewayd-bench
sed -i -e 's/^dbus: .*/dbus: none/' -e 's/^  port: .*/  port: 9/' -e 's/port: "vcan0".*/port: bench0, bitrate: 500000, bring_up: true}/' /etc/gatewayd/bench.yaml
install -m 600 "$stage/pki/client.key" /etc/credstore/gatewayd-bench.vehicle.key
install -m 600 "$root/sim/demo/ecu-keys.yaml" /etc/credstore/gatewayd-bench.ecu-keys.yaml
install -D -m 644 /usr/share/doc/gateway-update/gatewayd-bring-up.conf /etc/systemd/system/gatewayd@bench.service.d/bring-up.conf
systemctl daemon-reload
out systemctl enable --now gatewayd@bench && stage_until 6 journal_says gatewayd@bench "state in /var/lib/gatewayd-bench" &&
	[[ -e /var/lib/gatewayd-bench/state.db && -d /run/gatewayd-bench ]] && is gatewayd active && is gatewayd@bench active
result $? "gatewayd@bench runs beside gatewayd, with a configuration, state and credentials of its own"
stage_until 6 ip link show up dev bench0 && out ip link show up dev bench0 && says bench0
result $? "with the drop-in for it, it brings its bus up itself"

# --- stopped

systemctl stop gatewayd gatewayd@bench vcan@vcan0 && is gatewayd inactive && [[ $(show gatewayd Result) == success ]] &&
	[[ ! -e /sys/class/net/vcan0 && ! -e /run/gatewayd ]]
result $? "it stops cleanly, and a virtual bus goes with its unit"

echo "#: security score $security, $bring_up where it brings buses up; ${restarts:-no} restarts in $killed_in s; campaign in $took s"
results_end
