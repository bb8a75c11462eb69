#!/usr/bin/env python3
"""pull_plug.py BUS PIDFILE DELAY [NTH FRAME]... - kills a virtual machine so many seconds after the first of these frames.

NTH FRAME: the nth frame on the simulated bus that matches, as in tests/daemon/at_frame.py; only those from the first
programming session on count. Without any, the delay counts from the start. Says "watching" on stderr once it listens, and
prints which ECU was being flashed at the end: lamp, door, report (after both), or none."""
import os
import pathlib
import re
import selectors
import signal
import socket
import sys
import time

BEGIN_OF = {"7E0#021002": "lamp", "7E1#021002": "door", "7DF#032800": "report"}


def main():
    bus, pidfile, delay, *rest = sys.argv[1:]
    left = [[int(nth), re.compile(frame)] for nth, frame in zip(rest[::2], rest[1::2])]
    flashed = "none"
    until = None if left else time.monotonic() + float(delay)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(bus)
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ)
    print("watching", file=sys.stderr, flush=True)
    while until is None or time.monotonic() < until:
        if not selector.select(until and max(0, until - time.monotonic())):
            continue
        packet = sock.recv(80)
        if not packet:
            return 1
        identifier = int.from_bytes(packet[:4], sys.byteorder) & 0x1FFFFFFF
        frame = f"{identifier:03X}#{packet[8:8 + packet[4]].hex().upper()}"
        phase = BEGIN_OF.get(frame[:10], flashed)
        if phase == "report" and flashed == "none":
            continue  # what an earlier session left is tidied up
        flashed = phase
        for trigger in left if flashed != "none" else ():
            if trigger[1].match(frame):
                trigger[0] -= 1
                if not trigger[0] and until is None:
                    until = time.monotonic() + float(delay)
    os.kill(int(pathlib.Path(pidfile).read_text()), signal.SIGKILL)
    print(flashed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
