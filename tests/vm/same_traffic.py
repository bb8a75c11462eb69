#!/usr/bin/env python3
"""same_traffic.py LOG LOG FUNCTIONAL REQUEST:RESPONSE... - whether two candump logs hold the same conversations.

A conversation is, in their order, the frames of one pair of identifiers and the functional requests, which belong to all
pairs. Both logs must know the same identifiers, and each conversation must be the same in both, frame by frame and byte
by byte, padding, flow control and block counters among it. Left out is what a clock or a die decides, and nothing else:

  * times, the interface's name, and how frames of different pairs are interleaved
  * the flag (4) with which kernels of today mark CAN FD frames beside their length; bit rate switch and error state count
  * frames of other identifiers: the vehicle's and the applications' own cyclic ones
  * TesterPresent without an answer (3E 80), functional or physical: it is sent after so much time, wherever that falls
  * "response pending" (7F xx 78): how many the ECU sends is how long it takes
  * the bytes of seeds (67, odd) and keys (27, even); frames, lengths and padding of these messages are compared
  * a probe repeated while nobody answers after a reset was confirmed (51): how many there are is how long it boots

Prints what differs, with the lines of the logs, or what was compared. Exit status 1 if anything differs or a
conversation is empty."""
import re
import sys

LINE = re.compile(r"\(\d+\.\d+\) \S+ ([0-9A-F]+)#(#[0-9A-F])?([0-9A-F]*)\s*$")
SHOWN = 3  # frames before a difference


class Frame:
    """one line of a log"""

    def __init__(self, number, identifier, flags, data):
        self.number, self.identifier, self.data = number, identifier, bytearray(data)
        self.flags = f"#{int(flags[1], 16) & 3}" if flags else ""

    def __str__(self):
        return f"{self.identifier}#{self.flags}{self.data.hex().upper()}"


def read(path):
    """frames of a log; a line that is none ends the program"""
    frames = []
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            match = LINE.match(line)
            if not match:
                sys.exit(f"{path}:{number}: no line of candump's log format: {line.rstrip()}")
            frames.append(Frame(number, match[1], match[2], bytes.fromhex(match[3])))
    return frames


def start(data):
    """where the payload of a single or first frame begins, and the message's length; None for any other frame"""
    kind = data[0] >> 4 if data else 15
    if kind == 0 and data[0]:
        return 1, data[0]
    if kind == 0 and len(data) > 2:
        return 2, data[1]
    if kind == 1 and len(data) >= 8:
        length = (data[0] & 15) << 8 | data[1]
        return (2, length) if length else (6, int.from_bytes(data[2:6], "big"))
    return None


def secret(payload):
    """whether a message is a seed or a key"""
    return len(payload) > 2 and (payload[0] == 0x67 and payload[1] & 1 or payload[0] == 0x27 and not payload[1] & 1)


class Secrets:
    """overwrites seeds and keys, in all frames of their messages, of one sender"""

    def __init__(self):
        self.left = 0

    def hide(self, frame):
        data, begin = frame.data, start(frame.data)
        if begin:
            at, length = begin
            n = min(length, len(data) - at)
            hidden = secret(data[at:at + n])
            self.left = length - n if hidden else 0
            if hidden:
                data[at + 2:at + n] = bytes(n - 2)
        elif data and data[0] >> 4 == 2 and self.left:
            n = min(self.left, len(data) - 1)
            data[1:1 + n] = bytes(n)
            self.left -= n


def conversation(frames, functional, request, response):
    """the frames of one pair, without what may differ"""
    secrets = {request: Secrets(), response: Secrets()}
    kept, booting = [], False
    for frame in frames:
        if frame.identifier not in (functional, request, response):
            continue
        begin = start(frame.data)
        payload = bytes(frame.data[begin[0]:begin[0] + begin[1]]) if begin else b""
        if frame.identifier == response:
            if payload[:1] == b"\x7f" and payload[2:] == b"\x78":
                continue
            booting = payload[:1] == b"\x51"
        elif payload == b"\x3e\x80" or booting and kept and str(kept[-1]) == str(frame):
            continue
        if frame.identifier in secrets:
            secrets[frame.identifier].hide(frame)
        kept.append(frame)
    return kept


def compare(name, a, b):
    """words on the first difference, else nothing"""
    for i in range(max(len(a), len(b))):
        if i < len(a) and i < len(b) and str(a[i]) == str(b[i]):
            continue
        before = [f"    both: {frame}" for frame in a[max(0, i - SHOWN):i]]
        sides = [f"    {path}:{side[i].number if i < len(side) else 'end'}: {side[i] if i < len(side) else '-'}"
                 for path, side in zip(sys.argv[1:3], (a, b))]
        return [f"{name}: frame {i + 1} differs, of {len(a)} and {len(b)}"] + before + sides
    return [] if a else [f"{name}: no frame in either log"]


def main():
    logs, functional, pairs = [read(path) for path in sys.argv[1:3]], sys.argv[3], sys.argv[4:]
    known = [{frame.identifier for frame in log} for log in logs]
    wrong, said = [], []
    for path, here, there in zip(sys.argv[1:3], known, known[::-1]):
        if here - there:
            wrong.append(f"only {path} has frames of {' '.join(sorted(here - there))}")
    for pair in pairs:
        a, b = [conversation(log, functional, *pair.split(":")) for log in logs]
        wrong += compare(pair, a, b)
        said.append(f"{pair} {len(a)}")
    print("\n".join(wrong) or f"equal frames: {', '.join(said)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
