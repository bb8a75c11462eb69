#!/usr/bin/env bash
# Runs a command as root on a stock Debian kernel, in a throw-away virtual machine that sees this machine's files.
#
#   tests/vm/run.sh [--systemd] [--controllers N] [--disk FILE] [--network] [--deadline SECONDS] [--keep DIR] COMMAND [ARGUMENT…]
#
# What the command prints comes out here, and its exit status is this one's. The whole file tree is there at the same
# paths, read-only below a layer in memory: whatever the command writes is gone with the machine, but for what it puts
# into the folder $VM_OUT, which --keep keeps. Needs no root here. Software emulation alone (KVM hangs in nested
# machines): boots in about 3 s, runs at about a tenth of the speed, on one CPU.
#
#   --systemd           systemd is process 1 (about 8 s), pruned to D-Bus and what the command starts itself
#   --controllers N     can0 … on one bus, emulated PCI cards with a real driver (modprobe kvaser_pci in the command): no
#                       FD, and frames are neither paced nor ever wrong
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
cache=$here/../../build/vm
packages=(qemu-system-x86 linux-image-amd64 busybox-static cpio kmod xz-utils)
base_modules=(virtio_pci 9pnet_virtio 9p overlay can can-raw can-isotp can-dev vcan)
disk_modules=(virtio_blk ext4 crc32c_generic)
network_modules=(virtio_net)

process_1=shell
deadline=120
keep=
devices=()
load=base
while (($#)); do
	case $1 in
	--systemd) process_1=systemd ;;
	--network)
		devices+=(-netdev "user,id=net" -device "virtio-net-pci,netdev=net")
		load+=,network
		;;
	--deadline | --keep | --controllers | --disk)
		(($# > 1)) || { echo "tests/vm/run.sh: $1 needs a value; see its header" >&2 && exit 2; }
		case $1 in
		--keep) keep=$2 ;;
		--deadline) deadline=$2 ;;
		--controllers)
			devices+=(-object "can-bus,id=bus")
			for ((i = 0; i < $2; i++)); do devices+=(-device "kvaser_pci,canbus=bus"); done
			;;
		--disk)
			devices+=(-drive "file=$2,format=raw,if=virtio,cache=writeback")
			[[ $load == *disk* ]] || load+=,disk
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

# the newest kernel here whose modules hold CAN and the file share; never that of `uname -r`, which is the host's
find_kernel() {
	local image
	while read -r image; do
		kernel=${image#/boot/vmlinuz-}
		modprobe -n -q -S "$kernel" -a "${base_modules[@]}" "${disk_modules[@]}" "${network_modules[@]}" && return
	done < <(printf '%s\n' /boot/vmlinuz-* | sort -rV)
	return 1
}

missing() {
	echo "no virtual machine here: $1 (apt-get install ${packages[*]})" >&2
	exit 77
}

for tool in qemu-system-x86_64 busybox cpio modprobe xz; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || missing "$tool is not installed"
done
PATH=$PATH:/usr/sbin:/sbin
find_kernel || missing "no kernel in /boot has the modules ${base_modules[*]} ${disk_modules[*]} ${network_modules[*]}"
[[ $process_1 == shell || -x /lib/systemd/systemd ]] || missing "systemd is not installed"

number_at() { # OFFSET BYTES
	od -An -v -j "$1" -N "$2" -t "u$2" "/boot/vmlinuz-$kernel" | tr -d ' '
}

# Decompressing itself costs the emulated kernel seconds. The payload is XZ, with its length behind it.
unpack_kernel() {
	local image=/boot/vmlinuz-$kernel offset
	offset=$(((($(number_at $((0x1f1)) 1)) + 1) * 512 + $(number_at $((0x248)) 4)))
	tail -c +$((offset + 1)) "$image" | head -c $(($(number_at $((0x24c)) 4) - 4)) | xz -dc >"$1" 2>/dev/null ||
		cp "$image" "$1"
}

pack_initramfs() {
	local tree=$1.tree list names module kind path
	mkdir -p "$tree/bin" && cp "$(command -v busybox)" "$tree/bin/busybox" && cp "$here/init.sh" "$tree/init" || return 1
	chmod +x "$tree/init"
	for list in base disk network; do
		names="${list}_modules[@]"
		for module in "${!names}"; do
			while read -r kind path; do
				[[ $kind == insmod && ! -e $tree/$(basename "$path") ]] || continue
				cp "$path" "$tree/" && basename "$path" >>"$tree/modules.$list" || return 1
			done < <(modprobe -n -S "$kernel" --show-depends "$module")
		done
	done
	(cd "$tree" && find . | cpio -o -H newc --quiet) >"$1"
	rm -rf "$tree"
}

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

mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 1
vmlinux=$cache/vmlinux-$kernel
initramfs=$cache/initramfs-$kernel-$(cat "$here/init.sh" "$here/run.sh" | cksum | cut -d' ' -f1)
(
	flock 9
	[[ -s $vmlinux ]] || { unpack_kernel "$vmlinux.new" && mv "$vmlinux.new" "$vmlinux"; }
	[[ -s $initramfs ]] || { rm -f "$cache"/initramfs-* && pack_initramfs "$initramfs.new" && mv "$initramfs.new" "$initramfs"; }
) 9>"$cache/lock"
[[ -s $vmlinux && -s $initramfs ]] || { echo "cannot prepare the kernel in $cache" >&2 && exit 1; }

if [[ $keep ]]; then
	mkdir -p "$keep" && out=$(cd "$keep" && pwd) || exit 1
	rm -f "$out/status"
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

started=$SECONDS
# What the kernel may leave out when it boots, and need not wait for: a quarter of the time, with a processor that has no
# fifth level of page tables and no wide vectors to emulate.
sooner="rcupdate.rcu_expedited=1 random.trust_cpu=on cryptomgr.notests no_timer_check rodata=off initcall_blacklist=init_kprobe_trace"
# The clock is the HPET, whose rate is known. What the kernel measures the TSC's to be while this machine is busy was seen
# to be wrong by a factor of up to 20, above all against the PIT, and the clock with it.
timeout -k 5 "$deadline" nice qemu-system-x86_64 -machine pc,pit=off -accel tcg,thread=multi -cpu Westmere,+rdrand -m 768 -smp 1 -nodefaults \
	-no-user-config -display none -no-reboot -kernel "$vmlinux" -initrd "$initramfs" -monitor none \
	-pidfile "$out/qemu.pid" -serial "file:$out/console.log" \
	-append "console=ttyS0 quiet panic=-1 oops=panic mitigations=off apparmor=0 audit=0 nokaslr clocksource=hpet $sooner load=$load" \
	-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap" \
	-device virtio-9p-pci,fsdev=root,mount_tag=hostroot \
	-fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out "${devices[@]}" </dev/null
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
