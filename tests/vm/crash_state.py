#!/usr/bin/env python3
"""crash_state.py IMAGE STAGE - what a gateway's disk holds after a power cut, against what the world has been told.

IMAGE is an ext4 file system with the state directory `state` in it; it is left as it is. STAGE is the folder of a run
(tests/daemon/lib.sh) with backend.db, ecus/ and the files of each release. Prints what is wrong; status 1 if anything is."""
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ANSWER_ACCEPT = 1
CAMPAIGN_OFFERED, CAMPAIGN_READY, CAMPAIGN_VERIFYING, CAMPAIGN_DONE = 1, 3, 8, 9
ECU_VERIFIED = 6
PROFILES = pathlib.Path(__file__).resolve().parents[2] / "sim/demo/profiles"


def extract(image, folder):
    """the files of a file system that was not unmounted, its journal replayed first, into a folder; image is changed"""
    fsck = subprocess.run(["e2fsck", "-fy", image], capture_output=True, text=True)
    if fsck.returncode > 1:  # 1: repaired, such as the journal
        raise RuntimeError(f"e2fsck ended with {fsck.returncode}: {fsck.stdout}{fsck.stderr}")
    os.makedirs(folder)
    subprocess.run(["debugfs", "-R", f"rdump / {folder}", image], check=True, capture_output=True)


def in_memory(connection):
    memory = sqlite3.connect(":memory:")
    connection.backup(memory)
    connection.close()
    memory.row_factory = sqlite3.Row
    return memory


def read_database(path):
    """a database that nobody uses, left as it is: opening one replays its log"""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if os.path.exists(f"{path}{suffix}"):
                shutil.copy(f"{path}{suffix}", f"{folder}/copy{suffix}")
        return in_memory(sqlite3.connect(f"{folder}/copy"))


def read_live_database(path):
    return in_memory(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30))


def fields(message):
    """numbers and bytes of a serialized protobuf message, by field number"""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 2:
            length = varint()
            found[key >> 3] = message[at:at + length]
            at += length
        else:
            found[key >> 3] = varint()
    return found


def check_images(folder, wrong):
    for name in os.listdir(folder):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest != name:
            wrong.append(f"images/{name} is complete by its name, and its digest is {digest}")


def check_reports(state, backend, wrong):
    """what the backend has recorded is in the queue or behind it, as the same report, and none is missing after it"""
    queue_id = state.execute("SELECT value FROM meta WHERE key = 'queue_id'").fetchone()
    next_sequence = (state.execute("SELECT value FROM meta WHERE key = 'next_sequence'").fetchone() or [1])[0]
    applied = 0
    for queue in backend.execute("SELECT queue_id, applied FROM queue"):
        if not queue_id or queue["queue_id"] != queue_id[0]:
            wrong.append(f"the queue that the backend knows, {queue['queue_id'].hex()}, is not there any more")
        applied = queue["applied"]
    if applied >= next_sequence:
        wrong.append(f"the backend has recorded report {applied}, the next one here is {next_sequence}")
    held = {row["sequence"]: row for row in state.execute("SELECT * FROM report")}
    missing = [n for n in range(applied + 1, next_sequence) if n not in held]
    if missing:
        wrong.append(f"reports {missing} are neither recorded by the backend nor held")
    for row in backend.execute("SELECT sequence, body FROM report"):
        if (mine := held.get(row["sequence"])) is None:
            continue
        theirs = fields(row["body"])
        if ((mine["campaign_id"].encode(), mine["ecu"].encode(), mine["campaign_state"], mine["target_state"],
             mine["code"]) != (theirs.get(2, b""), theirs.get(3, b""), theirs.get(4, 0), theirs.get(5, 0),
                               theirs.get(6, 0))):
            wrong.append(f"report {row['sequence']} has another meaning here than at the backend: "
                         f"{tuple(mine)} and {theirs}")


def check_campaigns(state, backend, wrong):
    """a campaign that the backend had an answer or a report of is not behind it here; one that is closed may be gone"""
    for told in backend.execute("SELECT * FROM campaign WHERE answer <> 0 OR state > ?", (CAMPAIGN_OFFERED,)):
        mine = state.execute("SELECT * FROM campaign WHERE id = ?", (told["id"],)).fetchone()
        if not mine:
            if told["removed"] is None:
                wrong.append(f"campaign {told['id']} is not there any more")
            continue
        if told["answer"] and not mine["answer"] or told["answer"] == ANSWER_ACCEPT != mine["answer"]:
            wrong.append(f"campaign {told['id']}: the backend has the answer {told['answer']}, here it is {mine['answer']}")
        if told["state"] == CAMPAIGN_DONE != mine["state"]:
            wrong.append(f"campaign {told['id']} is done at the backend, here it is in state {mine['state']}")
        for ecu in backend.execute("SELECT ecu FROM target WHERE campaign = ? AND state = ?", (told["id"], ECU_VERIFIED)):
            target = state.execute("SELECT state FROM target WHERE campaign_id = ? AND ecu = ?",
                                   (told["id"], ecu["ecu"])).fetchone()
            if not target or target["state"] != ECU_VERIFIED:
                wrong.append(f"campaign {told['id']}: {ecu['ecu']} is verified at the backend, not here")
    held = (state.execute("SELECT value FROM meta WHERE key = 'director_version'").fetchone() or [0])[0]
    for vehicle in backend.execute("SELECT director_held FROM vehicle"):
        if vehicle["director_held"] > held:
            wrong.append(f"director document {vehicle['director_held']} was said to be held, here is {held}")


def check_files(state, images, stage, wrong):
    """what the database says is downloaded, and what an ECU runs, is there"""
    for campaign in state.execute("SELECT id FROM campaign WHERE state BETWEEN ? AND ?",
                                  (CAMPAIGN_READY, CAMPAIGN_VERIFYING)):
        for path in (*(stage / f"{campaign['id']}.{kind}" for kind in ("env", "lamp.bin", "door.srec")),
                     PROFILES / "lamp.yaml", PROFILES / "door.yaml"):
            if not (images / hashlib.sha256(path.read_bytes()).hexdigest()).exists():
                wrong.append(f"campaign {campaign['id']} is downloaded, but {path.name} is not there")
    for row in state.execute("SELECT * FROM installed"):
        if not (images / row["sha256"].hex()).exists():
            wrong.append(f"what {row['ecu']} runs is not there: {row['sha256'].hex()}")


def check_erased(state, ecus, wrong):
    """an ECU that has nothing to boot is known to be erased"""
    for ecu, words in ecus.items():
        if re.search(r"^app_valid: false", words, re.M) and not state.execute(
                "SELECT 1 FROM ecu WHERE name = ?1 AND erased UNION SELECT 1 FROM target WHERE ecu = ?1 AND erased",
                (ecu,)).fetchone():
            wrong.append(f"{ecu} is erased, and the database does not know")


def check(state_dir, backend, ecus, stage):
    """Return: what is wrong with a state directory. backend: the backend's database; ecus: their state files by name"""
    wrong = []
    images = state_dir / "images"
    told = backend.execute("SELECT count(*) FROM queue").fetchone()[0]
    if damaged := [path.name for path in state_dir.glob("*.corrupt-*")]:
        wrong.append(f"the daemon found its database damaged: {damaged}")
    if images.is_dir():
        check_images(images, wrong)
    if not (state_dir / "state.db").exists():
        return wrong + (["there is no database, and the backend was told of one"] if told else [])
    try:
        state = read_database(state_dir / "state.db")
        sound = state.execute("PRAGMA integrity_check").fetchone()[0]
        if sound != "ok":
            return wrong + [f"the database is not sound: {sound}"]
        if state.execute("SELECT 1 FROM sqlite_master WHERE name = 'installed'").fetchone():
            check_reports(state, backend, wrong)
            check_campaigns(state, backend, wrong)
            check_files(state, images, stage, wrong)
            check_erased(state, ecus, wrong)
        elif told:
            wrong.append("the database is empty, and the backend was told of one")
    except sqlite3.DatabaseError as error:
        wrong.append(f"the database is not sound: {error}")
    return wrong


def main():
    image, stage = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(image, f"{folder}/image")
        extract(f"{folder}/image", f"{folder}/files")
        ecus = {path.stem: path.read_text() for path in (stage / "ecus").glob("*.state")}
        wrong = check(pathlib.Path(folder) / "files/state", read_live_database(stage / "backend.db"), ecus, stage)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
