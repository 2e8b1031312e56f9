"""``python -m benchmarks``: every speed claim, measured on this machine beside its limit or a peer, in one run.

Ends with exit code 1 where a claim does not hold. Figures are CPU seconds, so that a busy machine disturbs them less.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.certificates import certificates
from benchmarks.drift_values import drift_values
from benchmarks.graph_users import graph_users
from benchmarks.html_writing import html_writing
from benchmarks.live_scan import live_scan
from benchmarks.log_lines import log_lines
from benchmarks.measure import Table, inside, median
from benchmarks.page_search import page_search
from benchmarks.revocation_lists import revocation_lists
from tests.lab.estate import contoso, record

START_LIMIT = 0.15
"""CPU seconds for ``--version``."""
DEMO_FACTOR = 3
"""``scan --demo`` with all reports, in times of importing what it cannot do without."""
USERS = 100_000
USERS_FACTOR = 2
"""Judging users, in times of decoding the same lines with the standard library's json."""
USERS_MEMORY = 250
"""MB."""

_PEER = "import jinja2, cryptography.x509, rich"

_DECODE = """
import json, sys, time, zipfile, pathlib
lines = pathlib.Path(sys.argv[1], "graph/users.jsonl").read_bytes()
start = time.process_time()
for line in lines.splitlines():
    json.loads(line)
figures = {"cpu": time.process_time() - start}
"""

_JUDGE = """
import sys, time, pathlib
from comgmt_audit import baselines, packs
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Recording
from comgmt_audit.selection import select
checks = select(packs.builtin(), "LIC")
start = time.process_time()
recording = Recording.load(pathlib.Path(sys.argv[1]))
evaluation = Evaluation(checks, Environment(recording, recording.design, baselines.load(sys.argv[2])))
results = [evaluation.result(check.id) for check in checks]
figures = {"cpu": time.process_time() - start, "passed": max(r.passed for r in results)}
"""


def start_up(table: Table) -> None:
    """The command is there at once."""
    cost = median([sys.executable, "-m", "comgmt_audit", "--version"])
    table.add("comgmt-audit --version", cost.cpu, START_LIMIT, "s CPU")


def demo(table: Table, folder: Path) -> None:
    """The main job, with every report, against the bare import of three libraries that it uses."""
    peer = median([sys.executable, "-c", _PEER])
    reports = [f"--{form}={folder / form}" for form in ("html", "junit", "json")]
    cost = median([sys.executable, "-m", "comgmt_audit", "scan", "--demo", *reports], accept=(1,))
    note = f"{_PEER}: {peer.cpu:.3f} s"
    table.add("scan --demo with HTML, JUnit, JSON", cost.cpu, DEMO_FACTOR * peer.cpu, "s CPU", note)


def users(table: Table, folder: Path) -> None:
    """A large organisation: both baselines' licence checks over every user."""
    recording = record(contoso(people__users=USERS), folder / "users")
    decode = min(inside(_DECODE, str(recording))["cpu"] for _ in range(3))
    for baseline in ("current", "tutorial-2018"):
        runs = [inside(_JUDGE, str(recording), baseline) for _ in range(3)]
        if any(run["passed"] < USERS * 0.9 for run in runs):
            raise RuntimeError("the licence checks did not see the users")
        table.add(
            f"{USERS:,} users judged ({baseline})",
            min(run["cpu"] for run in runs),
            USERS_FACTOR * decode,
            "s CPU",
            f"json.loads: {decode:.2f} s",
        )
        table.add(f"{USERS:,} users judged ({baseline}), memory", max(r["memory"] for r in runs), USERS_MEMORY, "MB")


def main() -> int:
    """Run all; 1 where a claim does not hold."""
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_up(table)
        demo(table, folder)
        users(table, folder)
        graph_users(table, folder)
        drift_values(table, folder)
        certificates(table, folder)
        log_lines(table, folder)
        html_writing(table, folder)
        page_search(table, folder)
        revocation_lists(table, folder)
        live_scan(table, folder)
    return 0 if table.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
