#!/bin/busybox sh
# shellcheck shell=dash
# First process of the virtual machine (see run.sh): loads what a file share needs, lays a layer in memory over the
# host's files, and goes on with guest.sh in there.
/bin/busybox mkdir -p /proc /sys /dev /host /memory /root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
load_list() {
	while read -r module; do
		insmod "/$module"
	done <"/modules.$1"
}
load_list base
# Here it is put to sleep. It says something when it goes on, and is told the time and what is wanted.
(while :; do echo up && sleep 0.05; done >/dev/ttyS0) &
read -r seconds wanted </dev/ttyS0
kill $!
date -s "@$seconds" >/dev/null
case $wanted in *disk*) load_list disk ;; esac
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose hostroot /host
mount -t tmpfs -o size=80% memory /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work root /root
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/out /root/run/memory
mount --move /memory /root/run/memory # upper/ is what was changed in the machine
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none out /root/run/out
mkdir -p /dev/pts /dev/shm
ln -sfn /proc/self/fd /dev/fd # what udev would do; process substitution needs it
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
case $wanted in *network*) ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up ;; esac
for dir in proc sys dev; do
	mount --move "/$dir" "/root/$dir"
done
exec switch_root /root /bin/bash /run/out/guest.sh
