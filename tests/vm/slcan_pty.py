"""A CAN interface (slcan) on a pseudo terminal whose far side, a serial CAN adapter, is this program. With the name of
another CAN interface as argument frames flow between the two, as if the adapter were on that bus.

Each line of standard input is a command to the adapter: "off-after N" and it goes bus-off after N more frames of the
kernel's; "broken-after N" and it does so with each later one too, until "repaired". Any other line is sent to the kernel
as it is: "sb256256" says that the controller is bus-off, "sp000130" that it is error passive (with the
counters of receiving and sending), "e1a" that an acknowledgement is missing. Whatever has said that it is bus-off takes
part in nothing until the kernel closes and opens it."""

import fcntl
import os
import select
import socket
import struct
import sys
import termios
import tty

N_SLCAN = 17
FRAME = struct.Struct("=IB3x8s")  # of <linux/can.h>
EXTENDED = 0x80000000
BUS_OFF = b"sb256256\r"


class Adapter:
    def __init__(self, bus):
        self.far, near = os.openpty()
        self.near = near  # kept open: the interface lives as long as it
        tty.setraw(self.far)
        tty.setraw(near)
        fcntl.ioctl(near, termios.TIOCSETD, struct.pack("i", N_SLCAN))
        self.bus = bus
        self.unread = b""
        self.off = False
        self.broken = False
        self.frames_left = None  # until it goes off

    def say(self, line):
        self.off = self.off or line == BUS_OFF
        os.write(self.far, line)

    def command(self, words):
        if words[:1] in (["off-after"], ["broken-after"]):
            self.broken = words[0] == "broken-after"
            self.frames_left = int(words[1])
        elif words == ["repaired"]:
            self.broken = False
            self.frames_left = None
        elif words:
            self.say(words[0].encode() + b"\r")

    def from_kernel(self):
        *lines, self.unread = (self.unread + os.read(self.far, 4096)).split(b"\r")
        for line in lines:
            if line[:1] == b"O":  # opened
                self.off = False
            elif line[:1] in b"tT" and line:
                self.frame(line)

    def frame(self, line):
        digits = 3 if line[:1] == b"t" else 8
        if self.off:
            return
        if self.frames_left is not None:
            self.frames_left -= 1
            if self.frames_left < 0:
                self.frames_left = 0 if self.broken else None
                self.say(BUS_OFF)
                return
        if self.bus:
            identifier = int(line[1 : 1 + digits], 16) | (EXTENDED if digits == 8 else 0)
            data = bytes.fromhex(line[2 + digits :].decode())
            self.bus.send(FRAME.pack(identifier, len(data), data))

    def from_bus(self):
        identifier, n, data = FRAME.unpack(self.bus.recv(FRAME.size))
        if self.off:
            return
        head = f"T{identifier & 0x1FFFFFFF:08X}" if identifier & EXTENDED else f"t{identifier:03X}"
        os.write(self.far, f"{head}{n}{data[:n].hex().upper()}\r".encode())


def main():
    bus = None
    if len(sys.argv) > 1:
        bus = socket.socket(socket.PF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        bus.bind((sys.argv[1],))
    adapter = Adapter(bus)
    commands = sys.stdin.fileno()
    while True:
        ready = select.select([adapter.far, commands] + ([bus] if bus else []), [], [])[0]
        if adapter.far in ready:
            adapter.from_kernel()
        if bus in ready:
            adapter.from_bus()
        if commands in ready:
            lines = os.read(commands, 4096).decode()
            if not lines:
                return
            for line in lines.splitlines():
                adapter.command(line.split())


main()
