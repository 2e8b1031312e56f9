"""What became of each failure from scan to scan: since when it fails, and whether it comes and goes."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from comgmt_audit.drift.verdicts import Fate, Sight
from comgmt_audit.model import Outcome, Scan, fingerprint

REMEMBERED = 20
"""Scans over which a failure is remembered after it was mended, and over which ups and downs are counted."""
UPS_AND_DOWNS = 3
"""Changes between failed and in order from which a failure is said to flap: gone, back, and gone or back again."""

_FAILED, _FINE, _UNSEEN = "F", ".", "?"


class Trace(Struct, frozen=True):
    """One failure's last states (``F`` failed, ``.`` in order, ``?`` not seen; the newest last).

    ``since`` is when it began to fail: not having been seen in between does not begin it anew.
    """

    check: str
    since: dt.datetime
    states: str

    @property
    def fate(self) -> Fate:
        """What a comparison with the next scan needs of it."""
        seen = self.states.replace(_UNSEEN, "")
        changes = sum(one != other for one, other in itertools.pairwise(seen))
        return Fate(since=self.since, failed_when_last_seen=seen.endswith(_FAILED), flapping=changes >= UPS_AND_DOWNS)


def advance(traces: Mapping[str, Trace], scan: Scan) -> dict[str, Trace]:
    """The traces after one more scan, by fingerprint; what was in order for long enough is forgotten."""
    now: dict[str, Trace] = {}
    sights: dict[str, Sight] = {}
    for result in scan.results:
        sights[result.check.id] = Sight.of(result, scan)
        for finding in result.findings:
            if finding.outcome is Outcome.FAIL:
                key = fingerprint(result.check.id, finding.subject)
                now[key] = _failed(traces.get(key), result.check.id, scan.recorded_at)
    for key, trace in traces.items():
        if key not in now:
            sight = sights.get(trace.check)
            unseen = sight is None or sight.blind or key in sight.fingerprints
            states = (trace.states + (_UNSEEN if unseen else _FINE))[-REMEMBERED:]
            if _FAILED in states:
                now[key] = Trace(trace.check, trace.since, states)
    return now


def fates(traces: Mapping[str, Trace], scan: Scan) -> dict[str, Fate]:
    """What a comparison of the scan with the one before needs: since when, by the traces after it; and before it, did
    it fail?"""
    found = {}
    for key, after in advance(traces, scan).items():
        before = traces.get(key)
        failed = before is not None and before.fate.failed_when_last_seen
        found[key] = replace(after.fate, failed_when_last_seen=failed)
    return found


def _failed(before: Trace | None, check: str, at: dt.datetime) -> Trace:
    if before is None:
        return Trace(check, at, _FAILED)
    since = before.since if before.fate.failed_when_last_seen else at
    return Trace(check, since, (before.states + _FAILED)[-REMEMBERED:])
