#!/usr/bin/env python3
"""tshark_log.py FORM LOG TRACE BYTES FUNCTIONAL REQUEST RESPONSE - tshark's view of a flash against the flash's own.

Reads a candump -l log with tshark as ISO 15765 and UDS and says what is wrong with it: frames that tshark calls
malformed or of an unknown kind, messages that do not come together, requests and answers of which tshark counts others
than `ecu-flash --trace` printed, TransferData that does not carry BYTES bytes. Exit status 1 if there is anything.

FORM is normal or extended: tshark takes one form for all identifiers, so with extended the functional requests, which go
out in normal form, are left out."""
import collections
import re
import subprocess
import sys

FIELDS = ["frame.number", "can.id", "can.flags.err", "iso15765.message_type.bad", "iso15765.fragment.error",
          "_ws.malformed", "_ws.expert.message", "iso15765.message_type", "iso15765.reassembled.length",
          "iso15765.data_length", "uds.sid", "uds.reply"]


def dissect(form, log, identifiers):
    """a dictionary of FIELDS for each frame, as tshark sees it"""
    bound = ",".join(f"0x{identifier}" for identifier in identifiers)
    command = ["tshark", "-r", log, "-o", f"iso15765.addressing:{form.capitalize()} addressing", "-o", f"iso15765.can.ids:{bound if len(identifiers[0]) == 3 else ''}",
               "-o", f"iso15765.can.extended_ids:{bound if len(identifiers[0]) == 8 else ''}",
               "-d", "iso15765.subdissector,uds", "-T", "fields", "-E", "separator=|"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("tshark: " + done.stderr)
    return [dict(zip(FIELDS, line.split("|"))) for line in done.stdout.splitlines()]


def main():
    form, log, trace, n_bytes, *identifiers = sys.argv[1:]
    functional, request, response = (int(identifier, 16) for identifier in identifiers)
    frames = dissect(form, log, identifiers[1:] if form == "extended" else identifiers)
    wrong = []
    seen = collections.Counter()  # ("->", SID)
    first, whole, payload = 0, 0, 0
    for frame in frames:
        number, identifier = frame["frame.number"], int(frame["can.id"] or "0", 0)
        if frame["can.flags.err"] in ("1", "True"):
            wrong.append(f"frame {number}: an error frame")
            continue
        for field in ("_ws.malformed", "_ws.expert.message", "iso15765.message_type.bad", "iso15765.fragment.error"):
            if frame[field]:
                wrong.append(f"frame {number}: {field} {frame[field]}")
        first += frame["iso15765.message_type"] in ("1", "0x01")
        whole += bool(frame["iso15765.reassembled.length"])
        if not frame["uds.sid"] or identifier not in (functional, request, response):
            continue
        sid, reply = int(frame["uds.sid"].split(",")[0], 0), identifier == response
        if (int(frame["uds.reply"].split(",")[0], 0) != 0) != reply:
            wrong.append(f"frame {number}: {'a request' if reply else 'an answer'} on the identifier of the other side")
        seen["<-" if reply else "->", sid + 0x40 if reply else sid] += 1
        if sid == 0x36 and not reply:
            length = frame["iso15765.reassembled.length"] or frame["iso15765.data_length"]
            payload += int(length.split(",")[0], 0) - 2
    if first == 0 or first != whole:
        wrong.append(f"{first} first frames, but {whole} messages came together")
    told = collections.Counter()
    with open(trace, encoding="utf-8") as file:
        for line in file:
            match = re.match(r" *\d+\.\d+ ms  (\S+) ([<>]) ([0-9A-F]{2})\b", line)
            if match and not (match[1] == "functional" and form == "extended"):
                told[{">": "->", "<": "<-"}[match[2]], int(match[3], 16)] += 1
    for key in sorted(seen.keys() | told.keys()):
        if seen[key] != told[key]:
            wrong.append(f"{key[0]} {key[1]:02X}: tshark sees {seen[key]}, the trace says {told[key]}")
    if payload != int(n_bytes):
        wrong.append(f"TransferData carries {payload} bytes, not {n_bytes}")
    print("\n".join(wrong) or f"{len(frames)} frames, {whole} segmented messages, {sum(seen.values())} requests and "
          f"answers, {payload} bytes of TransferData")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
