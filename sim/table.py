#!/usr/bin/env python3
"""The result of a campaign as a table: the backend's record (oemctl campaign show --json) and the bus log's rates
(can-rate --json). Exit status 1 unless the backend recorded the campaign and every ECU as verified."""
import json
import sys

COLUMNS = [
    ("ECU", "<", 6), ("old version", "<", 13), ("new version", "<", 13), ("bytes", ">", 7), ("seconds", ">", 7),
    ("kB/s", ">", 6), ("of limit", ">", 8), ("bus load", ">", 8), ("verdict", "<", 8),
]


def row(cells):
    return "  ".join(f"{cell:{align}{width}}" for cell, (_, align, width) in zip(cells, COLUMNS)).rstrip()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        record = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        rates = {ecu["name"]: ecu for ecu in json.load(file)["ecus"]}
    campaign = record.get("campaign", record)
    print(row([title for title, _, _ in COLUMNS]))
    ok = bool(campaign["verified"])
    for target in campaign["targets"]:
        rate = rates.get(target["ecu"], {})
        print(row([
            target["ecu"], target["old_version"], target["new_version"], str(target["payload_bytes"]),
            f"{target['duration_ms'] / 1000:.1f}", f"{rate.get('kb_per_s', 0):.2f}", f"{rate.get('ratio', 0):.3f}",
            f"{rate.get('load_percent', 0):.1f} %", target["state"],
        ]))
        ok = ok and target["state"] == "verified" and rate.get("ratio", 0) > 0
    print("seconds: the ECU's whole sequence. kB/s: TransferData in bus time; of limit: against what these frames need")
    print("at least on the wire; bus load: the share of the wire that they used meanwhile.")
    if len(sys.argv) > 3:
        print(sys.argv[3])
    print(f"campaign {campaign['id']}: the backend recorded "
          f"{'every ECU as verified' if ok else 'state ' + campaign['state']}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
