"""Runs inside gatewayd's unit in the place of gatewayd: tries what the daemon needs and what it must not be able to do, and
prints a line for each, "as it must be: …" or "NOT …"."""

import errno
import mmap
import os
import shutil
import socket
import subprocess

STATE = os.environ["STATE_DIRECTORY"]
CREDENTIALS = os.environ["CREDENTIALS_DIRECTORY"]


def write(path):
    with open(path, "w") as file:
        file.write("x")


def read(path):
    with open(path) as file:
        return file.read()


def can():
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as bus:
        bus.bind(("vcan0",))
        bus.send(b"\x23\x01\0\0\1\0\0\0\x55\0\0\0\0\0\0\0")


def netlink():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.bind((0, 0))


def run_downloaded():
    shutil.copy("/bin/true", f"{STATE}/true")
    os.chmod(f"{STATE}/true", 0o755)
    subprocess.run([f"{STATE}/true"], check=True)


def other_processes():
    if [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]:
        return
    raise PermissionError(errno.EPERM, "hidden")


def sync():
    with open(f"{STATE}/probe", "w") as file:
        file.write("x")
        os.fsync(file.fileno())
    os.rename(f"{STATE}/probe", f"{STATE}/probe.done")


needed = {
    "CAN": can,
    "netlink": netlink,
    "an address of the Internet": lambda: socket.socket(socket.AF_INET6).close(),
    "D-Bus": lambda: socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket"),
    "a credential": lambda: read(f"{CREDENTIALS}/gatewayd-probe.vehicle.key"),
    "the configuration": lambda: read("/etc/gatewayd/gatewayd.yaml"),
    "its state, synced": sync,
    "its runtime directory": lambda: write(os.environ["RUNTIME_DIRECTORY"] + "/x"),
}
refused = {
    "to write /etc": lambda: write("/etc/gatewayd/x"),
    "to write /usr": lambda: write("/usr/x"),
    "to write another's state": lambda: write("/var/lib/x"),
    "to write the state of another instance": lambda: write("/var/lib/gatewayd/x"),
    "the credentials on the disk": lambda: read("/etc/credstore/gatewayd.vehicle.key"),
    "a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "memory that is written and run": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "to run what it wrote": run_downloaded,
    "real-time scheduling": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "another priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
    "another user": lambda: os.setuid(0),
    "the processes of others": other_processes,
    "the kernel's settings": lambda: read("/proc/sys/kernel/hostname"),
    "raw memory": lambda: read("/dev/mem"),
    "homes": lambda: os.listdir("/root"),
    "the system's log": lambda: read("/dev/kmsg"),
}
for name, attempt in needed.items():
    try:
        attempt()
        print(f"as it must be: {name}")
    except OSError as error:
        print(f"NOT as it must be: {name}: {error}")
for name, attempt in refused.items():
    try:
        attempt()
        print(f"NOT refused: {name}")
    except OSError as error:
        print(f"as it must be: not {name}: {error}")
