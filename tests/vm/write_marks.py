#!/usr/bin/env python3
"""write_marks.py DEVICE STAGE BUS BACKEND_PORT OUT - stands between gatewayd and the world, and marks in the log of its disk
what has gone out.

DEVICE is a device-mapper device of kind log-writes. gatewayd's bus is STAGE/marked.bus, its backend the port that is printed;
they are those of BUS and BACKEND_PORT. Nothing is forwarded before its mark is in the log:

  out:N          the Nth piece of what gatewayd tells the backend
  in:N           the backend answers; what it has recorded by then is OUT/backend.N.db (also at the start)
  lamp:erased    the ECU is asked to erase itself (door: the same); once it has, its files are copied to OUT/lamp.erased.*
  lamp:new       the ECU boots what it was given; OUT/lamp.new.*

What is marked out may be known outside from there on, so it must not be lost by a power cut after the mark."""
import fcntl
import re
import selectors
import shutil
import socket
import sqlite3
import struct
import sys

DM_TARGET_MSG = 3 << 30 | 312 << 16 | 0xFD << 8 | 14
REQUESTS = {re.compile("7E0#10..3101FF00"): "lamp", re.compile("7E1#10..3101FF00"): "door"}
ERASED = {re.compile("7E8#0.7101FF00"): "lamp", re.compile("7E9#0.7101FF00"): "door"}
BOOTING = {re.compile("7E8#025101"): "lamp", re.compile("7E9#025101"): "door"}


class Marks:
    def __init__(self, device, stage, out):
        self.device, self.stage, self.out = device.encode(), stage, out
        self.control = open("/dev/mapper/control", "rb+", buffering=0)
        self.backend = sqlite3.connect(f"file:{stage}/backend.db?mode=ro", uri=True, timeout=30)
        self.pieces = self.snapshots = 0
        self.data_version = None
        for ecu in ("lamp", "door"):
            self.copy_ecu(ecu, "old")
        self.answered(None)

    def put(self, words):
        message = struct.pack("Q", 0) + b"mark " + words.encode() + b"\0"
        header = struct.pack("10IQ128s136x", 4, 0, 0, 312 + len(message), 312, 0, 0, 0, 0, 0, 0, self.device)
        fcntl.ioctl(self.control, DM_TARGET_MSG, bytearray(header + message))

    def new_snapshot(self):
        """what the backend has recorded, if that is not what it was the last time"""
        version = self.backend.execute("PRAGMA data_version").fetchone()
        if version == self.data_version:
            return
        self.data_version = version
        self.snapshots += 1
        with sqlite3.connect(":memory:") as copy:
            self.backend.backup(copy)
            with open(f"{self.out}/backend.{self.snapshots}.db", "wb") as file:
                file.write(copy.serialize())

    def copy_ecu(self, name, kind):
        for suffix in ("bin", "state"):
            shutil.copy(f"{self.stage}/ecus/{name}.{suffix}", f"{self.out}/{name}.{kind}.{suffix}")

    def told(self, _piece):
        self.pieces += 1
        self.put(f"out:{self.pieces}")

    def answered(self, _piece):
        self.new_snapshot()
        self.put(f"in:{self.snapshots}")

    def sent(self, packet):
        for ecu in matches(REQUESTS, packet):
            self.put(f"{ecu}:erased")

    def received(self, packet):
        for ecu in matches(ERASED, packet):
            self.copy_ecu(ecu, "erased")
        for ecu in matches(BOOTING, packet):
            self.copy_ecu(ecu, "new")
            self.put(f"{ecu}:new")


def matches(table, packet):
    frame = f"{int.from_bytes(packet[:4], sys.byteorder) & 0x1FFFFFFF:03X}#{packet[8:8 + packet[4]].hex().upper()}" \
        if len(packet) > 8 else ""
    return [ecu for pattern, ecu in table.items() if pattern.match(frame)]


def main():
    device, stage, bus, port, out = sys.argv[1:]
    marks = Marks(device, stage, out)
    kinds = []
    for family, kind, at, to, outward, inward in (
            (socket.AF_UNIX, socket.SOCK_SEQPACKET, f"{stage}/marked.bus", bus, marks.sent, marks.received),
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0), ("127.0.0.1", int(port)), marks.told, marks.answered)):
        listener = socket.socket(family, kind)
        listener.bind(at)
        listener.listen()
        kinds.append((listener, family, kind, to, outward, inward))
    selector = selectors.DefaultSelector()

    def accept(listener, family, kind, to, outward, inward):
        near, far = listener.accept()[0], socket.socket(family, kind)
        far.connect(to)
        for source, sink, mark in ((near, far, outward), (far, near, inward)):
            if family == socket.AF_INET:
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(source, selectors.EVENT_READ, (forward, (source, sink, mark)))

    def forward(source, sink, mark):
        try:
            piece = source.recv(65536)
            if piece:
                mark(piece)
                sink.sendall(piece)
                return
        except OSError:
            pass  # one side is gone, so the other goes
        for sock in (source, sink):
            selector.unregister(sock)
            sock.close()

    for arguments in kinds:
        selector.register(arguments[0], selectors.EVENT_READ, (accept, arguments))
    print("port", kinds[1][0].getsockname()[1], flush=True)
    while True:
        for key, _events in selector.select():
            if key.fileobj.fileno() >= 0:  # its other half may have closed it in this very turn
                function, arguments = key.data
                function(*arguments)


if __name__ == "__main__":
    main()
