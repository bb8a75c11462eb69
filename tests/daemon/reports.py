#!/usr/bin/env python3
"""reports.py DATABASE CAMPAIGN... - whether the backend's ledger holds each report exactly once.

Per queue of a vehicle the sequence numbers are 1..n without a gap, and n is what was applied. Each campaign named became
done once, and each of its ECUs verified once."""
import sqlite3
import subprocess
import sys
import json
import os


def wrong_reports(control, database, campaigns):
    wrong = []
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)
    queues = db.execute("SELECT vehicle, hex(queue_id), applied FROM queue").fetchall()
    for vehicle, queue, applied in queues:
        numbers = [n for n, in db.execute(
            "SELECT sequence FROM report WHERE vehicle = ? AND hex(queue_id) = ? ORDER BY n", (vehicle, queue))]
        if numbers != list(range(1, applied + 1)):
            wrong.append(f"queue {queue} of {vehicle}: applied up to {applied}, but recorded {numbers}")
    if not queues:
        wrong.append("no queue of any vehicle is recorded")
    binaries = os.environ["BIN"]
    for campaign in campaigns:
        answer = json.loads(subprocess.run(
            [f"{binaries}/oemctl", "--control", control, "--json", "reports", "--campaign", campaign],
            check=True, capture_output=True).stdout)
        states = [report.get("campaign_state") for report in answer["reports"] if not report["ecu"]]
        if states.count("done") != 1 or states[-1] != "done":
            wrong.append(f"{campaign}: its states were reported as {states}")
        ecus = {report["ecu"] for report in answer["reports"] if report["ecu"]}
        for ecu in ecus:
            verified = [r for r in answer["reports"] if r["ecu"] == ecu and r.get("ecu_state") == "verified"]
            if len(verified) != 1:
                wrong.append(f"{campaign}: {ecu} was reported verified {len(verified)} times")
        if not ecus:
            wrong.append(f"{campaign}: no ECU was reported")
    return wrong


def main():
    control, database, *campaigns = sys.argv[1:]
    wrong = wrong_reports(control, database, campaigns)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
