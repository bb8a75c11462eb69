#!/bin/bash
# Inside of the virtual machine (see run.sh), on top of the host's files: runs the command as process 1's child, or under
# systemd, and hands back what it printed and how it ended. Started once as process 1, and by systemd as `guest.sh run`.
out=/run/out
{
	read -r process_1
	read -r command
} <$out/command
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 VM_OUT=$out

hand_back() {
	bash -c "$command" >$out/stdout 2>$out/stderr </dev/null
	echo $? >$out/status.new
	mv $out/status.new $out/status
	sync
	echo o >/proc/sysrq-trigger
	sleep 60
}

# systemd without what a test does not need (run.sh made the units): 5 s instead of a minute
prune_systemd() {
	local units=/run/units
	cp -a $out/units $units
	mkdir -p /run/empty /etc/systemd/system /run/systemd/journald.conf.d
	rm -f /.dockerenv # of the machine whose files these are; in a container systemd leaves out half of its sandboxes
	mount --bind $units /etc/systemd/system
	mount --bind /run/empty /lib/systemd/system-generators
	[[ -d /etc/systemd/system-generators ]] && mount --bind /run/empty /etc/systemd/system-generators
	: >/run/empty-file
	[[ -e /etc/fstab ]] && mount --bind /run/empty-file /etc/fstab
	printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' >/run/systemd/journald.conf.d/test.conf
	[[ -s /etc/machine-id ]] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
}

if [[ ${1:-} != run && $process_1 == systemd ]]; then
	prune_systemd
	exec /lib/systemd/systemd
fi
hand_back
