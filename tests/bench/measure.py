#!/usr/bin/env python3
"""measure.py OUT COMMAND... - runs a command and prints its CPU time, user and system, in seconds.

Its output goes to the file OUT. Ends with the command's exit status."""
import os
import sys


def main():
    out, *command = sys.argv[1:]
    pid = os.fork()
    if pid == 0:
        fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    print(f"{usage.ru_utime + usage.ru_stime:.3f}")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
