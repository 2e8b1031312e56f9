"""The whole lab recorded live: every source side by side, against one after another and the slowest alone.

Each server waits before it answers, as one at the other end of a network does; so the time goes where it does with real
ones. ``python -m benchmarks.live_scan`` runs it alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Table
from tests.lab import live
from tests.lab.estate import contoso
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.faulty import Failure

FACTOR = 1.3
"""Side by side, in times of the slowest source, with those whose answers it needs."""
_CLOUD, _SITE, _WEB, _DNS = 0.2, 0.5, 0.4, 0.4
"""Seconds before an answer."""

_MEASURE = """
import asyncio, datetime as dt, json, os, pathlib, sys, time
from types import SimpleNamespace
from comgmt_audit import connections, design, packs, recorder
toml, folder = map(pathlib.Path, sys.argv[1:])
meant, connected = design.load(toml), connections.load(toml)
clock = lambda: dt.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), dt.UTC)
needs = recorder.Needs.of(packs.builtin())
took = {}

def timed(source):
    async def record(session):
        start = time.perf_counter()
        await source.record(session)
        took[source.NAME] = time.perf_counter() - start
    after = getattr(source, "AFTER", ())
    return SimpleNamespace(NAME=source.NAME, AFTER=after, PERMISSIONS=source.PERMISSIONS, record=record, probe=None)

def recorded(name, sources):
    start = time.perf_counter()
    asyncio.run(recorder.record(
        meant, connected, folder / name, wanted=needs, clock=clock, progress=lambda *_: None, timeout=300, read=sources
    ))
    return time.perf_counter() - start

def chained(sources):
    waiting, ordered = list(sources), []
    while waiting:
        ready = next(s for s in waiting if not {w.NAME for w in waiting if w is not s} & set(s.AFTER))
        waiting.remove(ready)
        if ordered:
            ready.AFTER = (*ready.AFTER, ordered[-1].NAME)
        ordered.append(ready)
    return ordered

recorded("warm", [timed(s) for s in recorder.sources(connected)])
plain = {s.NAME: tuple(getattr(s, "AFTER", ())) for s in recorder.sources(connected)}
one_by_one = recorded("one-by-one", chained([timed(s) for s in recorder.sources(connected)]))
alone = dict(took)

def chain(name):
    return alone[name] + max((chain(one) for one in plain[name] if one in alone), default=0.0)

slowest = max(alone, key=chain)
together = recorded("together", [timed(s) for s in recorder.sources(connected)])
found = {"together": together, "one by one": one_by_one, "slowest": chain(slowest)}
print(json.dumps({**found, "name": slowest, "sources": len(alone)}))
"""


def live_scan(table: Table, folder: Path) -> None:
    """Wall time, for here it is the waiting that counts."""
    if missing := live.missing():
        raise RuntimeError(f"the lab cannot be raised: {missing}")
    (folder / "lab").mkdir(parents=True)
    slow = {name: [Failure(kind="slow", probability=1, seconds=seconds)] for name, seconds in _SLOW.items()}
    faults = [Fault(kind="slow", seconds=_CLOUD)]
    with live.running(contoso(), folder / "lab", faults=faults, failures=slow) as at:
        environment = {**os.environ, **at.environment}
        words = [sys.executable, "-c", _MEASURE, str(at.comgmt_toml), str(folder)]
        output = subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout
    found = json.loads(output.splitlines()[-1])
    sources = f"{found['sources']} sources one by one {found['one by one']:.1f} s"
    note = f"{sources}; the slowest, {found['name']}, {found['slowest']:.1f} s"
    table.add("the whole lab recorded", found["together"], FACTOR * found["slowest"], "s", note)


_SLOW = {"adminservice": _SITE, "web": _WEB, "dns": _DNS}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="comgmt-audit-") as name:
        live_scan(Table(), Path(name))
