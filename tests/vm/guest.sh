#!/bin/bash
# Inside of the virtual machine (see run.sh), on top of the host's files: runs the command as process 1's child, or under
# systemd, and hands back what it printed and how it ended. Started once as process 1, and by systemd as `guest.sh run`.
out=/run/out
command=$(tail -n +2 $out/command)
process_1=$(sed -n 's/^process_1=//p;q' $out/command)
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 VM_OUT=$out

hand_back() {
	bash -c "$command" >$out/stdout 2>$out/stderr </dev/null
	echo $? >$out/status.new
	mv $out/status.new $out/status
	sync
	echo o >/proc/sysrq-trigger
	sleep 60
}

# systemd without what a test does not need: 5 s instead of a minute
prune_systemd() {
	local units=/run/units unit
	mkdir -p $units /run/empty /etc/systemd/system /run/systemd
	rm -f /.dockerenv # of the machine whose files these are; in a container systemd leaves out half of its sandboxes
	cat >$units/test.target <<-END
		[Unit]
		Requires=basic.target dbus.socket
		Wants=test.service
		After=basic.target
		AllowIsolate=yes
	END
	cat >$units/test.service <<-END
		[Unit]
		After=basic.target dbus.socket
		[Service]
		Type=oneshot
		ExecStart=/bin/bash $out/guest.sh run
		StandardInput=null
		TimeoutStartSec=infinity
	END
	ln -s test.target $units/default.target
	for unit in systemd-{udevd,udev-trigger,udev-settle,hwdb-update,sysusers,firstboot,random-seed,machine-id-commit} \
		systemd-{update-utmp,update-utmp-runlevel,update-done,binfmt,modules-load,journal-flush,journal-catalog-update} \
		systemd-{pcrphase,pcrphase-sysinit,pcrmachine,remount-fs,tmpfiles-setup,tmpfiles-setup-dev,tmpfiles-clean} \
		systemd-{boot-system-token,pstore,sysctl,repart,logind,timesyncd,ask-password-console,ask-password-wall} \
		systemd-user-sessions getty@tty1 kmod-static-nodes keyboard-setup console-setup ldconfig apparmor e2scrub_reap; do
		ln -sf /dev/null "$units/$unit.service"
	done
	for unit in dev-hugepages.mount dev-mqueue.mount sys-kernel-{config,debug,tracing}.mount sys-fs-fuse-connections.mount \
		proc-sys-fs-binfmt_misc.automount systemd-udevd-{control,kernel}.socket systemd-ask-password-{console,wall}.path \
		swap.target cryptsetup.target veritysetup.target integritysetup.target timers.target getty.target; do
		ln -sf /dev/null "$units/$unit"
	done
	mount --bind $units /etc/systemd/system
	mount --bind /run/empty /lib/systemd/system-generators
	[[ -d /etc/systemd/system-generators ]] && mount --bind /run/empty /etc/systemd/system-generators
	: >/run/empty-file
	[[ -e /etc/fstab ]] && mount --bind /run/empty-file /etc/fstab
	mkdir -p /run/systemd/journald.conf.d
	printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' >/run/systemd/journald.conf.d/test.conf
	[[ -s /etc/machine-id ]] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
}

if [[ ${1:-} == run ]]; then
	hand_back
elif [[ $process_1 == systemd ]]; then
	prune_systemd
	exec /lib/systemd/systemd
fi
mkdir -p /dev/pts /dev/shm
ln -sfn /proc/self/fd /dev/fd # what udev would do; process substitution needs it
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
hand_back
