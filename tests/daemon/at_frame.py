#!/usr/bin/env python3
"""at_frame.py BUS NTH FRAME kill SIGNAL PID... | run COMMAND... | send ID#HEX - acts the moment a frame is on the simulated
bus; NTH 0 at once.

FRAME is a regular expression, matched from the begin of ID#HEX as candump -L prints it ("7DF#021003", "7E0#1...36").
Says "watching PID" on stderr once it listens. Exit status 1 if the frame did not come within 60 s."""
import os
import re
import signal
import socket
import struct
import sys
import time


def act(action, arguments, sock):
    if action == "kill":
        for pid in arguments[1:]:
            os.kill(int(pid), getattr(signal, "SIG" + arguments[0]))
    elif action == "send":
        identifier, data = arguments[0].split("#")
        data = bytes.fromhex(data)
        sock.send(struct.pack("=IB3x8s", int(identifier, 16), len(data), data))
    else:
        os.execvp(arguments[0], arguments)


def main():
    bus, nth, frame, action, *arguments = sys.argv[1:]
    left, wanted, until = int(nth), re.compile(frame), time.monotonic() + 60
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(bus)
    sock.settimeout(1)
    print("watching", os.getpid(), file=sys.stderr, flush=True)
    if not left:
        return act(action, arguments, sock)
    while time.monotonic() < until:
        try:
            packet = sock.recv(80)
        except TimeoutError:
            continue
        if not packet:
            break
        identifier = int.from_bytes(packet[:4], sys.byteorder) & 0x1FFFFFFF
        if wanted.match(f"{identifier:03X}#{packet[8:8 + packet[4]].hex().upper()}"):
            left -= 1
            if not left:
                act(action, arguments, sock)
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
