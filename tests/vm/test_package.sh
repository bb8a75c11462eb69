#!/usr/bin/env bash
# The Debian packages: built by one command, judged by lintian, installed, used as docs/integration.md says from there to a
# first flash, upgraded in the middle of another one, removed and purged, under systemd in a virtual machine (run.sh). TAP.
# shellcheck source=tests/vm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guide.sh
source "$root/tests/guide.sh"
# shellcheck source=sim/stage.sh
source "$root/sim/stage.sh" # stage_say

hardened() { # PROGRAM - position independent, bound at start, fortified where it can be, with guarded stacks, stripped
	readelf -hW "$1" | grep -q 'DYN (Position' && readelf -dW "$1" | grep -q BIND_NOW && readelf -lW "$1" | grep -q GNU_RELRO &&
		readelf -sW --dyn-syms "$1" | grep -qE '__(sn|vsn|f)?printf_chk' &&
		readelf -sW --dyn-syms "$1" | grep -q __stack_chk_fail && ! readelf -SW "$1" | grep -q '\.symtab'
}

# dpkg_database FOLDER PACKAGE-FILE… - one of nothing but what the packages depend on and whose triggers they pull: reading
# what else is installed here takes the machine ten seconds each time
dpkg_database() {
	local folder=$1 name names file
	mkdir -p "$folder"/{info,updates,triggers,alternatives,parts}
	names=$({ for file in "${@:2}"; do dpkg-deb -f "$file" Depends; done && echo ,systemd, dbus; } | tr ',|' '\n' |
		awk 'NF {print $1}' | sort -u)
	for name in $names; do
		{ dpkg-query -s "$name:$(dpkg --print-architecture)" || dpkg-query -s "$name"; } 2>/dev/null && echo && cp /var/lib/dpkg/info/"$name"[.:]* "$folder/info"
	done | grep -vE '^(Pre-)?Depends:' >"$folder/status" # what they depend on themselves is not there
	cp /var/lib/dpkg/info/format "$folder/info"
	cp /var/lib/dpkg/{arch,diversions,statoverride} "$folder" 2>/dev/null
	: >"$folder/triggers/Unincorp" # else dpkg takes the database for one from before there were triggers
	grep -E " (${names//[$'\n' ]/|})(/|$)" /var/lib/dpkg/triggers/File >"$folder/triggers/File"
}

if ! vm_inside; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	guide_read "$root/docs/integration.md" "$work/guide"
	cd "$root" || exit 1
	rm -rf "$root/build/release/packages"
	guide_run "$work/guide" build
	cp -r "$root/build/release/packages" "$work/packages"
	dpkg_database "$work/dpkg" "$work"/packages/*.deb
	lintian --tag-display-limit 0 "$work"/packages/*.deb >"$work/lintian" 2>&1 &
	lintian=$!

	vm_run --systemd --deadline 550 -- "$work" "$number" >"$work/tap"
	grep -v '^1\.\.' "$work/tap"
	number=$((number + $(grep -cE '^(not )?ok ' "$work/tap")))
	failures=$((failures + $(grep -c '^not ok ' "$work/tap")))
	grep -qE '^#: |SKIP' "$work/tap"
	result $? "the machine came to the end"

	wait $lintian
	diagnose() { cat "$work/lintian"; }
	! grep -E '^[EW]: ' "$work/lintian" && grep -qE '^(I|N|running)|^$' <(cat "$work/lintian" && echo)
	result $? "lintian has neither an error nor a warning"
	for package in "$work"/packages/*.deb; do
		dpkg-deb -x "$package" "$work/root"
	done
	missing=
	for command in gatewayd gatewayctl ecu-flash manifestctl can-rate simbus virtual-ecu vehicle-sim oem-backend oemctl; do
		[[ $(compgen -G "$work/root/usr/*bin/$command") && -s $work/root/usr/share/bash-completion/completions/$command && $(compgen -G "$work/root/usr/share/man/man[18]/$command.[18].gz") ]] || missing+="$command "
	done
	for page in gatewayd.yaml ecu-profile ecu-keys manifest-spec campaign-spec virtual-ecu.yaml vehicle-sim.yaml oem-backend.yaml \
		oem-strategy.yaml simbus-faults; do
		[[ -s $work/root/usr/share/man/man5/$page.5.gz ]] || missing+="$page(5) "
	done
	[[ -z $missing ]] && MANPATH=$work/root/usr/share/man man -w gatewayd.yaml >/dev/null
	result $? "every command has its manual page and completion, every file format its page${missing:+ - but $missing}"
	diagnose() { cat "$work/soft"; }
	n=0
	for program in "$work"/root/usr/bin/* "$work"/root/usr/sbin/*; do
		n=$((n + 1))
		hardened "$program" || echo "$program" >>"$work/soft"
	done
	[[ $n == 10 && ! -s $work/soft ]]
	result $? "all $n programs are hardened and stripped"
	results_end
	exit
fi

work=$1
number=$2
cp -r "$work/guide" "$work/packages" "$work/dpkg" /run
cd /run/packages || exit 1
mount --bind /run/dpkg /var/lib/dpkg
rm -f /var/lib/man-db/auto-update # its index takes longer than all else here
rm -f /usr/sbin/policy-rc.d       # of the container that this machine's files may be one of: nothing is started there

diagnose() {
	tail -40 /run/dpkg.log
	journalctl --no-pager -t gatewayd -n 30
}

# what is in the layer over the host's files, but for what all packages share, and the folder of the guide
files() {
	find /run/memory/upper \( -path '*/var/lib/dpkg' -o -path '*/var/log' -o -path '*/var/cache' -o -path '*/var/tmp' \
		-o -path '*/srv' -o -path '*/tmp' -o -path '*/var/lib/systemd/catalog' \) -prune \
		-o \( ! -type c ! -type d -o -name '*gateway*' -o -name '*ecu-flash*' \) -printf '/%P\n' |
		grep -vE '^/etc/(passwd|group|shadow|gshadow)-?$|^/etc/\.pwd\.lock$' | sort
}

# package COMMAND… - dpkg, its words in dpkg.log and, of this call alone, dpkg.out
package() {
	dpkg "$@" >/run/dpkg.out 2>&1
	local status=$?
	cat /run/dpkg.out >>/run/dpkg.log
	return $status
}

journal_says() { # WORDS MATCH… - the daemon says them within a minute, or has
	timeout 60 grep -qm 1 -- "$1" < <(exec journalctl -q -f -n all -o cat "${@:2}")
}
about_to_erase=709bb36f94524838aed9f86c87c5a619

# --- installation and use, as written

files >/run/before
start=$SECONDS
guide_run /run/guide sh
figures="guide $((SECONDS - start)) s"

pid=$(systemctl show -P MainPID gatewayd)
[[ $(stat -c %U /var/lib/gatewayd "/proc/$pid") == $'gatewayd\ngatewayd' ]] && getent group gateway-update >/dev/null &&
	runuser -u nobody -- gatewayctl status >/dev/null && ! runuser -u nobody -- gatewayctl consent first-1 yes >/run/refused 2>&1
result $? "the daemon runs as a user of its own; others may read what it knows, and change nothing"

# of the host's interfaces: not those of a user namespace of its own
[[ $(readlink "/proc/$pid/ns/user") == "$(readlink /proc/1/ns/user)" ]] &&
	((0x$(awk '/^CapEff:/ {print $2}' "/proc/$pid/status") == 1 << 12))
result $? "on a bench it may bring buses up, and has no other privilege"

# --- an upgrade in the middle of a flash

start=$SECONDS
package --unpack gatewayd_*.deb && [[ $(systemctl show -P MainPID gatewayd) == "$pid" ]]
result $? "while an upgrade unpacks, the daemon goes on"

cd /srv/try || exit 1
export OEMCTL_CONTROL=$PWD/backend.control
stage_say ecus.control "fault door stuck-erase on" >>/run/dpkg.log
head -c 16384 /usr/sbin/gatewayd >door.bin
version=crc-$(ecu-flash image show door.bin | tail -1 | awk '{print $NF}')
sed "s/^id: .*/id: door-3.0/; s/crc-[0-9a-f]*/$version/" release.yaml >release-3.yaml
{
	manifestctl manifest --spec release-3.yaml --key pki/author.key --out release-3.manifest &&
	oemctl image add door.bin && oemctl campaign add --id second-1 --vehicle DEMO0000000000001 \
		--manifest release-3.manifest --start +0s --end +2h --target ecu=door,component=door,rollback=none
} >>/run/dpkg.log 2>&1
# the ECU's erase lasts until the daemon was asked to end
journal_says . CAMPAIGN_ID=second-1 MESSAGE_ID=$about_to_erase && {
	package --configure gatewayd &
	journal_says '^SIGTERM' _PID="$pid" && systemctl status gatewayd | grep -q deactivating
	stopping=$?
	stage_say ecus.control "fault door stuck-erase off" >>/run/dpkg.log
	wait $! && ((stopping == 0)) && grep -q 'restarting; it ends at its next safe point' /run/dpkg.out &&
		journalctl -q -o cat _PID="$pid" | grep -q 'second-1: door: the ECU is verified'
}
result $? "it then asks the daemon that flashes to end, which flashes the ECU to the end before"

[[ $(systemctl is-active gatewayd) == active && $(systemctl show -P MainPID gatewayd) != "$pid" ]] &&
	oemctl wait --campaign second-1 --timeout 60 >>/run/dpkg.log && gatewayctl show first-1 | grep -qw "done"
result $? "the new one runs, reports that campaign, and still knows the one before"
figures+=", upgrade in a flash $((SECONDS - start)) s"

# --- removal

start=$SECONDS
package -r gatewayd && grep -q 'stopping; it ends at its next safe point' /run/dpkg.out &&
	[[ ! -e /usr/sbin/gatewayd && -s /var/lib/gatewayd/state.db && $(systemctl is-active gatewayd) == inactive ]]
result $? "a removal stops the daemon and keeps what it stored"

package -P gatewayd ecu-flash gateway-sim && grep -q 'removing /var/lib/gatewayd' /run/dpkg.out && [[ ! -e /var/lib/gatewayd ]] &&
	grep -q '/etc/gatewayd stays' /run/dpkg.out && [[ -s /etc/gatewayd/gatewayd.yaml && -s /etc/credstore/gatewayd.vehicle.key ]]
result $? "a purge removes that, says so, and leaves the vehicle's keys"
figures+=", removal and purge $((SECONDS - start)) s"

rm -r /etc/gatewayd /etc/credstore/gatewayd.* /etc/systemd/system/gatewayd.service.d
diagnose() { diff /run/before /run/after; }
files >/run/after
(($(wc -l </run/after) > 0)) && [[ -z $(comm -13 /run/before /run/after) ]]
result $? "without them nothing is left of the packages"
echo "#: $figures"
results_end
