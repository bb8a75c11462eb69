"""A CAN interface (slcan) on a pseudo terminal whose far side is this program: each line of standard input is sent to the
kernel as an adapter would send it. "sb256256" says that the controller is bus-off, "sp000130" that it is error passive
(with the counters of receiving and sending), "e1a" that an acknowledgement is missing. What the kernel writes to the
adapter is thrown away."""

import fcntl
import os
import select
import struct
import sys
import termios
import tty

N_SLCAN = 17

far, near = os.openpty()
tty.setraw(far)
tty.setraw(near)
fcntl.ioctl(near, termios.TIOCSETD, struct.pack("i", N_SLCAN))
while True:
    for ready in select.select([far, sys.stdin.fileno()], [], [])[0]:
        data = os.read(ready, 4096)
        if ready != far:
            if not data:
                sys.exit()
            os.write(far, data.replace(b"\n", b"\r"))
