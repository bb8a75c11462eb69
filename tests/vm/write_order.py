#!/usr/bin/env python3
"""write_order.py STAGE CAMPAIGN STATES SEED - the power cuts that a disk's log of writes allows, each looked at.

STAGE is the folder of test_write_order.sh: disk.before, log (of dm-log-writes), and what write_marks.py left in vm/. A crash
state is the disk as of a flush, a forced write or a mark: all that was durable by then, and of the writes that were not a
random choice, some of them torn. Each is checked against what the backend and the ECUs had been told by then
(crash_state.py); for each different content of the state directory the daemon is started, with a backend and ECUs as they
were, and has to bring the campaign to its end. Prints TAP, and figures as lines that begin with '#: '."""
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import crash_state

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["BIN"])
sys.path.insert(0, str(ROOT / "tests/daemon"))
import reports  # noqa: E402  (it is in the folder beside)

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
TORN = 0.1      # of the writes that had not been flushed
AT_ONCE = 12    # daemons: they wait most of their time
RUN_SECONDS = 150


class Entry:
    def __init__(self, flags, sector, data):
        self.is_mark = bool(flags & MARK)
        self.flushes = bool(flags & FLUSH)
        self.forced = bool(flags & FUA)
        self.mark = data.decode() if self.is_mark else ""
        self.offset = sector * SECTOR
        self.data = b"" if self.is_mark else data

    @property
    def cached(self):
        return bool(self.data) and not self.forced


def read_log(path):
    with open(path, "rb") as file:
        magic, _version, n, sector_bytes = struct.unpack("<QQQI", file.read(SECTOR)[:28])
        assert magic == MAGIC and sector_bytes == SECTOR, f"{path} is no log of dm-log-writes"
        for _ in range(n):
            head = file.read(SECTOR)
            sector, n_sectors, flags, n_data = struct.unpack("<4Q", head[:32])
            assert not flags & DISCARD, "the file system discards"
            yield Entry(flags, sector, head[32:32 + n_data] if flags & MARK else file.read(n_sectors * SECTOR))


def put(image, entry, sectors=None):
    """the write, or those of its sectors"""
    if sectors is None:
        image[entry.offset:entry.offset + len(entry.data)] = entry.data
        return
    for at in sectors:
        image[entry.offset + at * SECTOR:entry.offset + (at + 1) * SECTOR] = entry.data[at * SECTOR:(at + 1) * SECTOR]


class World:
    """what had been told outside, by position in the log"""

    def __init__(self, entries, out):
        self.out = out
        self.marks = [(at, *entry.mark.split(":")) for at, entry in enumerate(entries) if entry.is_mark and ":" in entry.mark]
        self.first = self.marks[0][0]
        self.databases = {}

    def at(self, position):
        """the number of the backend's snapshot, and what the ECUs hold: old, erased, new"""
        ecus, told = {"lamp": "old", "door": "old"}, 0
        for at, who, what in self.marks:
            if at <= position and who in ecus:
                ecus[who] = what
            elif at <= position and who == "out":
                told = int(what)
        # what the backend had recorded of the pieces told by then, be it that the snapshot was taken after
        snapshot, so_far = 0, 0
        for _at, who, what in self.marks:
            if who == "out":
                so_far = int(what)
            elif who == "in" and so_far <= told:
                snapshot = int(what)
        return snapshot, ecus

    def backend(self, snapshot):
        if snapshot not in self.databases:
            self.databases[snapshot] = crash_state.read_database(self.out / f"backend.{snapshot}.db")
        return self.databases[snapshot]

    def ecu_files(self, ecu, kind):
        return {suffix: self.out / f"{ecu}.{kind}.{suffix}" for suffix in ("bin", "state")}


def choose(candidates, rng):
    """of the writes that were under way some have arrived, some in part"""
    chance = rng.choice((0, 0.2, 0.5, 0.8, 1))
    for entry in candidates:
        if rng.random() < chance:
            n = len(entry.data) // SECTOR
            yield entry, (rng.sample(range(n), rng.randrange(n)) if n > 1 and rng.random() < TORN else None)


def crash_images(entries, image, first, n_states, rng):
    """(position, disk) in the order of the log; the disk is good until the next one is asked for"""
    points = [at for at, entry in enumerate(entries) if at >= first and not entry.cached]
    wanted = sorted(rng.sample(points, n_states) if len(points) >= n_states else rng.choices(points, k=n_states))
    flushes = [at for at, entry in enumerate(entries) if entry.flushes] + [len(entries)]
    applied = 0  # all before is on the disk
    forced = 0   # as are the forced ones before
    for point in wanted:
        flushed = max((at for at in flushes if at <= point), default=0)
        for at in range(applied, flushed):
            put(image, entries[at])
        applied = max(applied, flushed)
        for at in range(max(forced, applied), point + 1):
            if entries[at].forced:
                put(image, entries[at])
        forced = point + 1
        coming = next(at for at in flushes if at > point)
        under_way = [entry for entry in entries[flushed:coming] if entry.cached]
        under_way += [entry for entry in entries[point + 1:coming] if entry.forced][:1]
        disk = bytearray(image)
        for entry, sectors in choose(under_way, rng):
            put(disk, entry, sectors)
        yield point, disk


def content(folder):
    """a name for what is in a state directory; SQLite makes its -shm file anew"""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".db-shm", ".lock"):
            whole.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return whole.hexdigest()


class Run:
    """a vehicle with its backend, as both were at a power cut; the campaign ends verified, or `wrong` says what is"""

    def __init__(self, stage, campaign, state_dir, world, snapshot, ecus):
        self.stage, self.campaign = stage, campaign
        self.state_dir, self.world, self.snapshot, self.ecus = state_dir, world, snapshot, ecus
        self.folder = state_dir.parent
        self.processes = []

    def start(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes.append(subprocess.Popen([BIN / command[0], *command[1:]], cwd=self.folder, stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=subprocess.STDOUT))

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_for(self, what, condition):
        until = time.monotonic() + RUN_SECONDS
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not come within {RUN_SECONDS} s")
            time.sleep(0.05)

    def start_world(self):
        bus = f"unix:{self.folder}/bus"
        self.start("simbus", "simbus", "--listen", f"{self.folder}/bus", "--bitrate", "500000", "--name", "body")
        for name in ("pki", "blobs"):
            (self.folder / name).symlink_to(self.stage / name)
        shutil.copy(ROOT / "sim/demo/backend.yaml", self.folder)
        shutil.copy(self.world.out / f"backend.{self.snapshot}.db", self.folder / "backend.db")
        self.start("backend", "oem-backend", "--config", "backend.yaml")
        (self.folder / "ecus").mkdir()
        for ecu, kind in self.ecus.items():
            for suffix, path in self.world.ecu_files(ecu, kind).items():
                shutil.copy(path, self.folder / f"ecus/{ecu}.{suffix}")
        self.wait_for("the bus", lambda: "listening" in self.log("simbus"))
        self.start("vehicle", "vehicle-sim", "--config", self.stage / "vehicle.yaml", "--bus", bus)
        self.start("vecu", "virtual-ecu", "--config", self.stage / "virtual-ecus.yaml", "--bus", f"body={bus}",
                   "--state-dir", "ecus")
        self.wait_for("the ECUs", lambda: "ready" in self.log("vecu"))
        port = self.folder / "backend.port"
        self.wait_for("the backend", lambda: port.exists() and port.read_text())
        config = (self.stage / "gatewayd.yaml").read_text()
        for pattern, value in ((r"^state_dir: .*", "state_dir: state"), (r"^  port: .*", f"  port: {port.read_text()}"),
                               (r'port: "unix:[^"]*"', f'port: "{bus}"')):
            config, n = re.subn(pattern, value, config, flags=re.M)
            assert n == 1, f"{pattern} is not once in gatewayd.yaml"
        (self.folder / "gatewayd.yaml").write_text(config)

    def wrong(self):
        try:
            self.start_world()
            self.start("gatewayd", "gatewayd", "--config", "gatewayd.yaml")
            self.wait_for("the daemon's session", lambda: "connected from" in self.log("backend"))
            oemctl = subprocess.run([BIN / "oemctl", "--control", self.folder / "backend.control", "wait", "--campaign",
                                     self.campaign, "--state", "verified", "--timeout", str(RUN_SECONDS)],
                                    capture_output=True, text=True)
            if oemctl.returncode:
                return f"the campaign is not verified: {oemctl.stdout}{oemctl.stderr}{self.log('gatewayd')[-3000:]}"
            for ecu in self.ecus:
                image = (self.stage / f"{self.campaign}.{ecu}.bin").read_bytes()
                if (self.folder / f"ecus/{ecu}.bin").read_bytes()[:len(image)] != image:
                    return f"{ecu} is verified, and its memory is not the image"
            if "corrupt" in " ".join(os.listdir(self.state_dir)):
                return f"the daemon found its database damaged: {self.log('gatewayd')[-3000:]}"
            return "; ".join(reports.wrong_reports(self.folder / "backend.control", self.folder / "backend.db",
                                                   [self.campaign]))
        except (OSError, AssertionError) as error:
            return f"{error}: {self.log('gatewayd')[-3000:] if (self.folder / 'gatewayd.log').exists() else ''}"
        finally:
            for process in reversed(self.processes):
                process.kill()
                process.wait()
            shutil.rmtree(self.folder)


def tap(number, wrong, name):
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    for words in wrong[:5]:
        print("\n".join(f"#   {line}" for line in words.splitlines()))


def main():
    stage, campaign, n_states, seed = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    started = time.monotonic()
    print(f"# SEED={seed}")
    entries = list(read_log(stage / "log"))
    world = World(entries, stage / "vm")
    image = bytearray((stage / "disk.before").read_bytes())
    wrong_states, runs, checked = [], {}, set()
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="write-order.") as work, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for position, disk in crash_images(entries, image, world.first, n_states, random.Random(seed)):
            folder = pathlib.Path(tempfile.mkdtemp(dir=work))
            with open(folder / "image", "wb") as file:
                file.write(disk)
            crash_state.extract(folder / "image", folder / "files")
            os.unlink(folder / "image")
            state_dir = (folder / "files/state").rename(folder / "state")
            snapshot, ecus = world.at(position)
            name = content(state_dir)
            if (name, snapshot, *ecus.values()) not in checked:
                checked.add((name, snapshot, *ecus.values()))
                words = {ecu: world.ecu_files(ecu, kind)["state"].read_text() for ecu, kind in ecus.items()}
                wrong_states += [f"write {position} of {len(entries)}: {words}" for words in
                                 crash_state.check(state_dir, world.backend(snapshot), words, stage)]
            if (name, *ecus.values()) in runs:
                shutil.rmtree(folder)
            else:
                run = Run(stage, campaign, state_dir, world, snapshot, ecus)
                runs[name, *ecus.values()] = position, pool.submit(run.wrong)
        looked = time.monotonic() - started
        wrong_runs = [f"write {position} of {len(entries)}: {run.result()}" for position, run in runs.values() if run.result()]
    tap(1, wrong_states, f"of {n_states} crash states each has a sound database, no file with a wrong digest, "
        "and nothing is lost that backend or ECUs were told")
    tap(2, wrong_runs, "from each the daemon starts, and the campaign ends verified")
    print(f"1..2\n#: write order: {n_states} crash states of {sum(entry.flushes for entry in entries)} flushes and "
          f"{sum(bool(entry.data) for entry in entries)} writes, {len({name for name, *_ in runs})} different, "
          f"{len(runs)} daemons; states in {looked:.0f} s, all in {time.monotonic() - started:.0f} s")
    return 1 if wrong_states or wrong_runs else 0


if __name__ == "__main__":
    sys.exit(main())
