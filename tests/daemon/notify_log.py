"""A service manager's notification socket: prints each variable it is told, with the seconds since the first.

    notify_log.py SOCKET
"""

import socket
import sys
import time

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print("listening", flush=True)
begin = time.monotonic()
while True:
    message = listener.recv(65536).decode()
    for line in message.splitlines():
        print(f"{time.monotonic() - begin:9.3f} {line}", flush=True)
