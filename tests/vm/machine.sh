# The machine that tests/vm/run.sh runs, up to the moment at which the kernel and its modules are up: that is made once and
# kept in build/vm, and each run goes on from there. Expects `here`, `process_1`; sets `snapshot` and `machine`.
# shellcheck shell=bash
# shellcheck disable=SC2154

packages=(qemu-system-x86 linux-image-amd64 busybox-static cpio kmod xz-utils)
base_modules=(virtio_pci 9pnet_virtio 9p overlay can can-raw can-isotp can-dev vcan ext4 crc32c_generic virtio_net)
disk_modules=(virtio_blk) # behind the snapshot: it asks for the size of a disk once
disks=2
controllers=3
PATH=$PATH:/usr/sbin:/sbin

# the newest kernel here whose modules hold CAN and the file share; never that of `uname -r`, which is the host's
find_kernel() {
	local image
	while read -r image; do
		kernel=${image#/boot/vmlinuz-}
		modprobe -n -q -S "$kernel" -a "${base_modules[@]}" "${disk_modules[@]}" && return
	done < <(printf '%s\n' /boot/vmlinuz-* | sort -rV)
	return 1
}

missing() {
	echo "no virtual machine here: $1 (apt-get install ${packages[*]})" >&2
	exit 77
}

need() { # what is not there ends the script with 77
	local tool
	for tool in qemu-system-x86_64 busybox cpio modprobe xz; do
		command -v "$tool" >/dev/null || missing "$tool is not installed"
	done
	find_kernel || missing "no kernel in /boot has the modules ${base_modules[*]} ${disk_modules[*]}"
	[[ $process_1 == shell || -x /lib/systemd/systemd ]] || missing "systemd is not installed"
}

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
	for list in base disk; do
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

# prepare_machine - what is not kept yet is made; by one at a time
prepare_machine() {
	local cache key vmlinux initramfs
	mkdir -p "$here/../../build/vm" && cache=$(cd "$here/../../build/vm" && pwd) || exit 1
	key=$kernel-$({ cat "$here/init.sh" "$here/machine.sh" && qemu-system-x86_64 --version; } | cksum | cut -d' ' -f1)
	vmlinux=$cache/vmlinux-$kernel
	initramfs=$cache/initramfs-$key
	snapshot=$cache/snapshot-$key
	describe_machine
	(
		flock 9
		[[ -s $vmlinux ]] || { unpack_kernel "$vmlinux.new" && mv "$vmlinux.new" "$vmlinux"; }
		[[ ! -s $snapshot ]] || exit
		rm -f "$cache"/{initramfs,snapshot}-*
		pack_initramfs "$initramfs" && take_snapshot "$snapshot.new" && mv "$snapshot.new" "$snapshot"
	) 9>"$cache/lock"
	[[ -s $snapshot ]]
}

# what is the same before and after the snapshot: processor, memory, each device that a run may want
describe_machine() {
	local i
	# What the kernel may leave out when it boots, and need not wait for, with a processor that has no fifth level of page
	# tables and no wide vectors to emulate. The clock is the HPET, whose rate is known: what the kernel measures the TSC's to
	# be while this machine is busy was seen to be wrong by a factor of up to 20, above all against the PIT. A program that is
	# always at the same addresses (norandmaps) is translated once, not each time it starts: a third of all processor time.
	local parameters="console=ttyS0 quiet panic=-1 oops=panic mitigations=off apparmor=0 audit=0 nokaslr clocksource=hpet
		rcupdate.rcu_expedited=1 random.trust_cpu=on cryptomgr.notests no_timer_check rodata=off
		initcall_blacklist=init_kprobe_trace norandmaps init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off
		transparent_hugepage=never psi=0 page_alloc.shuffle=0"
	machine=(-machine "pc,pit=off" -accel "tcg,thread=multi" -cpu "Westmere,+rdrand" -m 768 -smp 1 -nodefaults -no-user-config
		-display none -no-reboot -kernel "$vmlinux" -initrd "$initramfs" -append "${parameters//[$'\n\t']/ }"
		-device "vmgenid,guid=auto" # has the kernel draw new random numbers when it goes on
		-device "isa-serial,chardev=console"
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=root,mount_tag=hostroot" -device "virtio-9p-pci,fsdev=out,mount_tag=out"
		-netdev "user,id=net" -device "virtio-net-pci,netdev=net" -object "can-bus,id=bus")
	for ((i = 0; i < disks; i++)); do machine+=(-device "virtio-blk-pci,drive=disk$i"); done
	for ((i = 0; i < controllers; i++)); do machine+=(-device "kvaser_pci,canbus=bus"); done
}

# a folder for what the machine hands back, and the files of its disks
shares() { # DIR [FILE…]
	local i dir=$1
	shift
	printf '%s\n' -fsdev "local,id=out,path=$dir,security_model=none"
	for ((i = 0; i < disks; i++)); do
		printf '%s\n' -drive "if=none,id=disk$i,${1:+format=raw,cache=writeback,file=}${1:-driver=null-co,size=0}"
		shift $(($# > 0))
	done
}

# take_snapshot FILE
take_snapshot() {
	local dir qemu more
	dir=$(mktemp -d) && mkfifo "$dir/monitor.in" "$dir/monitor.out" || return 1
	mapfile -t more < <(shares "$dir")
	cat "$dir/monitor.out" >"$dir/monitor" &
	timeout -k 5 120 qemu-system-x86_64 "${machine[@]}" "${more[@]}" -chardev "file,id=console,path=$dir/console.log" \
		-monitor "pipe:$dir/monitor" </dev/null >"$dir/words" 2>&1 &
	qemu=$!
	until grep -q '^up' "$dir/console.log" 2>/dev/null || ! kill -0 $qemu 2>/dev/null; do sleep 0.1; done
	kill -0 $qemu 2>/dev/null && printf '%s\n' "migrate_set_parameter max-bandwidth 100G" "migrate \"exec:cat >$1\"" quit >"$dir/monitor.in"
	wait $qemu && [[ -s $1 ]]
	local status=$?
	((status == 0)) || tail -n 20 "$dir"/{words,console.log,monitor} >&2
	rm -rf "$dir"
	return $status
}
