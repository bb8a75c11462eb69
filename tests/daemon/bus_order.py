#!/usr/bin/env python3
"""bus_order.py LOG REQUEST_ID... - whether a candump log shows one quiet bus around the flashes of all these ECUs.

Functionally (7DF): 10 03, 85 02, 28 03, once each; then each ECU's flash on its own identifier; then 28 00, 85 01,
10 01, 14. What ends the quiet may be said twice, since a lost frame would leave the vehicle silent. Tester present (3E)
may come at any time; nothing else in between."""
import re
import sys


def single(data):
    """payload of a single frame, else nothing"""
    return data[1:1 + data[0]] if data and data[0] <= 7 else b""


def main():
    log, *ecus = sys.argv[1:]
    functional, flashes = [], {}
    with open(log, encoding="ascii") as file:
        for number, line in enumerate(file):
            match = re.match(r"\(([\d.]+)\) \S+ ([0-9A-F]+)#([0-9A-F]*)", line)
            if not match:
                continue
            identifier, data = match[2], bytes.fromhex(match[3])
            if identifier == "7DF":
                payload = single(data)
                if payload[:1] != b"\x3e":
                    functional.append((number, payload))
            elif identifier in ecus and data:
                sid = data[2] if data[0] >> 4 == 1 else data[1] if data[0] <= 7 else None
                if sid in (0x10, 0x27, 0x31, 0x34, 0x36, 0x37, 0x11):
                    flashes.setdefault(identifier, []).append(number)
    wrong = []
    words = [payload.hex(" ") for _, payload in functional]
    sids = [payload[:2] for _, payload in functional if payload[0] in (0x10, 0x11, 0x28, 0x85, 0x14)]
    sids = [bytes([s[0], s[1] & 0x7F]) if s[0] != 0x14 else bytes([0x14]) for s in sids]
    sids = [s for i, s in enumerate(sids) if s not in (b"\x28\x00", b"\x85\x01") or sids[i - 1:i] != [s]]
    expected = [b"\x10\x03", b"\x85\x02", b"\x28\x03", b"\x28\x00", b"\x85\x01", b"\x10\x01", b"\x14"]
    if sids != expected:
        wrong.append("functional frames were " + ", ".join(words))
    elif sorted(flashes) != sorted(ecus):
        wrong.append(f"requests went to {sorted(flashes)}")
    else:
        quiet = max(number for number, payload in functional if payload[0] == 0x28 and payload[1] & 0x7F == 3)
        loud = min(number for number, payload in functional if payload[0] == 0x28 and payload[1] & 0x7F == 0)
        # the preconditions (31 01 0203) belong to making the bus quiet; everything else lies between
        for identifier, numbers in flashes.items():
            inside = [n for n in numbers if quiet < n < loud]
            if len(inside) < 10:
                wrong.append(f"{identifier}: only {len(inside)} of {len(numbers)} requests lie in the quiet time")
            if [n for n in numbers if n > loud]:
                wrong.append(f"{identifier}: requests of a flash after the bus was loud again")
    print("\n".join(wrong) or "quiet and loud once: " + ", ".join(words))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
