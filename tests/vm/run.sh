#!/usr/bin/env bash
# Runs a command as root on a stock Debian kernel, in a throw-away virtual machine that sees this machine's files.
#
#   tests/vm/run.sh [--systemd] [--disk FILE] [--network] [--deadline SECONDS] [--keep DIR] COMMAND [ARGUMENT…]
#
# What the command prints comes out here, and its exit status is this one's. The whole file tree is there at the same
# paths, read-only below a layer in memory: whatever the command writes is gone with the machine, but for what it puts
# into the folder $VM_OUT, which --keep keeps. Needs no root here. Software emulation alone (KVM hangs in nested
# machines): boots in about 3 s, runs at about a tenth of the speed, on one CPU.
#
#   --systemd           systemd is process 1 (about 8 s), pruned to D-Bus and what the command starts itself
#   --disk FILE         a disk whose bytes are this file's, /dev/vda; may be given more than once; ext4 is there, too
#   --network           eth0, up, as 10.0.2.15/24: 10.0.2.2 is this machine's loopback
#   --deadline SECONDS  [120]
#   --keep DIR          leave console.log, stdout, stderr and whatever the command put into $VM_OUT in DIR; qemu.pid is
#                       there while the machine runs, for whoever wants to pull its plug
#
# Modules beyond vcan, can-raw and can-isotp: modprobe them in the command. The kernel, unpacked, and the initial file
# system are cached in build/vm. Exit status besides the command's: 77 something is not installed (says what; count it as skipped),
# 124 the deadline passed, 125 the machine died (the console's end is printed), 123 somebody pulled its plug (SIGKILL).
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/machine.sh
source "$here/machine.sh"

process_1=shell
deadline=120
keep=
files=()
wanted=
while (($#)); do
	case $1 in
	--systemd) process_1=systemd ;;
	--network) wanted+=" network" ;;
	--deadline | --keep | --disk)
		(($# > 1)) || { echo "tests/vm/run.sh: $1 needs a value; see its header" >&2 && exit 2; }
		case $1 in
		--keep) keep=$2 ;;
		--deadline) deadline=$2 ;;
		--disk)
			files+=("$2")
			[[ $wanted == *disk* ]] || wanted+=" disk"
			;;
		esac
		shift
		;;
	-*) echo "tests/vm/run.sh: unknown option $1; see its header" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done
(($#)) || { echo "tests/vm/run.sh: no command; see its header" >&2 && exit 2; }

# systemd's units in the machine: a target of our own with the command, and masks for what a test does not need
make_units() {
	local unit
	mkdir -p "$1"
	cat >"$1/test.target" <<-END
		[Unit]
		Requires=basic.target dbus.socket
		Wants=test.service
		After=basic.target
		AllowIsolate=yes
	END
	cat >"$1/test.service" <<-END
		[Unit]
		After=basic.target dbus.socket
		[Service]
		Type=oneshot
		ExecStart=/bin/bash /run/out/guest.sh run
		StandardInput=null
		TimeoutStartSec=infinity
	END
	ln -sf test.target "$1/default.target"
	for unit in systemd-{udevd,udev-trigger,udev-settle,hwdb-update,sysusers,firstboot,random-seed,machine-id-commit} \
		systemd-{update-utmp,update-utmp-runlevel,update-done,binfmt,modules-load,journal-flush,journal-catalog-update} \
		systemd-{pcrphase,pcrphase-sysinit,pcrmachine,remount-fs,tmpfiles-setup,tmpfiles-setup-dev,tmpfiles-clean} \
		systemd-{boot-system-token,pstore,sysctl,repart,logind,timesyncd,ask-password-console,ask-password-wall} \
		systemd-user-sessions getty@tty1 kmod-static-nodes keyboard-setup console-setup ldconfig apparmor e2scrub_reap; do
		ln -sf /dev/null "$1/$unit.service"
	done
	for unit in dev-hugepages.mount dev-mqueue.mount sys-kernel-{config,debug,tracing}.mount sys-fs-fuse-connections.mount \
		proc-sys-fs-binfmt_misc.automount systemd-udevd-{control,kernel}.socket systemd-ask-password-{console,wall}.path \
		swap.target cryptsetup.target veritysetup.target integritysetup.target timers.target getty.target; do
		ln -sf /dev/null "$1/$unit"
	done
}

need
prepare_machine || { echo "tests/vm/run.sh: the machine cannot be prepared in build/vm" >&2 && exit 125; }

if [[ $keep ]]; then
	mkdir -p "$keep" && out=$(cd "$keep" && pwd) || exit 1
	rm -f "$out"/{status,console.log}
else
	out=$(mktemp -d) || exit 1
	trap 'rm -rf "$out"' EXIT
fi
cp "$here/guest.sh" "$out/guest.sh"
[[ $process_1 == shell ]] || make_units "$out/units"
{
	echo "$process_1"
	printf 'cd %q && ' "$PWD"
	printf '%q ' "$@"
} >"$out/command"
: >"$out/stdout"
: >"$out/stderr"

# once it goes on it is told what time it is by now, and what is wanted
told() {
	until [[ -s $out/console.log ]]; do sleep 0.02; done
	echo "$(date +%s) $wanted"
}

started=$SECONDS
mapfile -t more < <(shares "$out" "${files[@]}")
timeout -k 5 "$deadline" nice qemu-system-x86_64 "${machine[@]}" "${more[@]}" -pidfile "$out/qemu.pid" -monitor none \
	-chardev "stdio,id=console,signal=off,logfile=$out/console.log" -incoming fd:9 9<"$snapshot" < <(told) >/dev/null
ended=$?
cat "$out/stdout"
cat "$out/stderr" >&2
[[ -s $out/status ]] && exit "$(<"$out/status")"
((ended == 137 && SECONDS - started < deadline)) && exit 123
echo "tests/vm/run.sh: $( ((ended == 124 || ended == 137)) && echo "not done in $deadline s" || echo "the machine died")" \
	"(qemu ended with $ended); its console:" >&2
tail -30 "$out/console.log" >&2
((ended == 124 || ended == 137)) && exit 124
exit 125
