"""A million lines of a Configuration Manager log against the whole catalogue of known lines, beside a bare pass of
``re`` that only splits the same lines; and the memory that it takes.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Table, inside

LINES = 1_000_000
TIMES = 2
"""As long as the bare pass, at most."""
MEMORY = 80
"""MB."""

_OURS = """
import sys, time
from comgmt_audit import log_catalogue
from comgmt_audit.facts.log_records import visit
entries = [entry for name in log_catalogue.names() for entry in log_catalogue.log(name).entries]
assert all(entry.literals for entry in entries)
literals = tuple(sorted({literal for entry in entries for literal in entry.literals}))
found = 0
def see(record):
    global found
    found += any(entry.search(record.message) is not None for entry in entries)
start = time.process_time()
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    span = visit(iter(lambda: file.read(256 * 1024), ""), literals, see)
figures = {"cpu": time.process_time() - start, "found": found, "entries": len(entries)}
"""

_PEER = r"""
import re, sys, time
line_of = re.compile(
    r'<!\\[LOG\\[(.*?)\\]LOG\\]!><time="([^"]*)" date="([^"]*)" component="([^"]*)" context="([^"]*)" type="([^"]*)"'
    r' thread="([^"]*)" file="([^"]*)">'
)
split = 0
start = time.process_time()
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        split += line_of.match(line) is not None
figures = {"cpu": time.process_time() - start, "split": split}
""".replace("\\\\", "\\")

_NOISE = (
    "Policy arrived for parent package 00100012, evaluating again",
    "Reading workload flags from the local policy store, attempt {n}",
    "Location request was sent, waiting for the management point {n}",
    "State message {n} was queued for the next transmission",
)
_KNOWN = "MDM enrollment succeeded"
_EACH = 10_000
"""One line of so many is known."""


def log_lines(table: Table, folder: Path) -> None:
    """The streaming scanner of logs."""
    path = folder / "CoManagementHandler.log"
    with path.open("w", encoding="utf-8", newline="") as file:
        for number in range(LINES):
            message = _KNOWN if number % _EACH == 0 else _NOISE[number % len(_NOISE)].format(n=number)
            clock = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000-60"
            file.write(
                f'<![LOG[{message}]LOG]!><time="{clock}"'
                ' date="11-24-2026" component="CoManagementHandler" context="" type="1" thread="4711"'
                ' file="handler.cpp:100">\r\n'
            )
    ours = min((inside(_OURS, str(path)) for _ in range(2)), key=lambda figures: figures["cpu"])
    peer = min((inside(_PEER, str(path)) for _ in range(2)), key=lambda figures: figures["cpu"])
    if ours["found"] != LINES // _EACH or peer["split"] != LINES:
        raise RuntimeError(f"lines were not seen: {ours}, {peer}")
    size = path.stat().st_size / 1e6
    claim = f"{LINES:,} log lines ({size:.0f} MB) against {ours['entries']:.0f} known ones"
    table.add(claim, ours["cpu"], TIMES * peer["cpu"], "s CPU", f"re alone: {peer['cpu']:.2f} s")
    table.add(f"{claim}, memory", ours["memory"], MEMORY, "MB")
    path.unlink()
