"""Drift of verdicts: which failures are new, worse, fixed, still there, or unknown now, by check and subject.

What was not seen is never taken for fixed, and what was not asked for (another ``--select``) is not compared at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from comgmt_audit.model import Change, CheckResult, Drift, Drifted, Finding, Outcome, Scan, Severity, fingerprint

Fates: TypeAlias = Mapping[str, "Fate"]
"""By fingerprint of check and subject."""

_ORDER = tuple(Change)
_UNSEEN = frozenset({Outcome.NOT_ASSESSED, Outcome.ERROR})


class Fate(Struct, frozen=True, kw_only=True):
    """What the history knows of a failure: since when it fails, whether it did when it was last seen, and its ups and
    downs."""

    since: dt.datetime
    failed_when_last_seen: bool = False
    flapping: bool = False


class Sight(Struct, frozen=True):
    """What a check did not see: everything (``blind``), or subjects by name."""

    check: str
    blind: bool
    subjects: frozenset[str]

    @classmethod
    def of(cls, result: CheckResult, scan: Scan) -> Sight:
        """A request that had no answer stands for subjects that nobody can name."""
        unseen = frozenset(f.subject for f in result.findings if f.outcome is Outcome.NOT_ASSESSED)
        blind = result.outcome in _UNSEEN or not unseen.isdisjoint(scan.observations)
        return cls(result.check.id, blind, unseen)

    @property
    def fingerprints(self) -> frozenset[str]:
        """The unseen subjects, as a history names them."""
        return frozenset(fingerprint(self.check, subject) for subject in self.subjects)


def compare(before: Scan, after: Scan, fates: Fates | None = None) -> Drift:
    """What changed from one scan to the next; *fates* is what a history knows of the failures of both."""
    fates = fates or {}
    old = {result.check.id: result for result in before.results}
    new = {result.check.id: result for result in after.results}
    changes: list[Drifted] = []
    for id, result in new.items():
        if id in old:
            changes += _changes(old[id], result, after, fates)
        elif before.selection == after.selection:
            changes += _first_seen(result, fates)
    changes.sort(key=lambda one: (_ORDER.index(one.change), -one.severity.rank, one.check, one.subject))
    return Drift(
        before=before.recorded_at, after=after.recorded_at, changes=tuple(changes), notes=tuple(_notes(before, after))
    )


def _notes(before: Scan, after: Scan) -> Iterator[str]:
    """In what the scans cannot be compared."""
    for what in ("environment", "baseline", "tool"):
        one, other = getattr(before, what), getattr(after, what)
        if one != other:
            yield f"another {what}: {one} before, {other} after"
    old, new = ({result.check.id for result in scan.results} for scan in (before, after))
    if gone := sorted(old - new):
        yield f"not judged any more: {', '.join(gone)}"
    if came := sorted(new - old):
        yield f"judged for the first time: {', '.join(came)}"
    for when, scan in (("earlier", before), ("later", after)):
        if scan.partial:
            yield f"the {when} recording is not whole: {scan.partial}"


def _failures(result: CheckResult) -> dict[str, Finding]:
    """What failed, by subject; of several failures of one subject the gravest."""
    found: dict[str, Finding] = {}
    for finding in result.findings:
        if finding.outcome is Outcome.FAIL:
            other = found.get(finding.subject)
            if other is None or _severity(finding, result).rank > _severity(other, result).rank:
                found[finding.subject] = finding
    return found


def _severity(finding: Finding, result: CheckResult) -> Severity:
    return finding.severity or result.check.severity


def _first_seen(result: CheckResult, fates: Fates) -> Iterator[Drifted]:
    for finding in _failures(result).values():
        yield _drifted(Change.NEW, finding, result, fates)


def _changes(old: CheckResult, new: CheckResult, after: Scan, fates: Fates) -> Iterator[Drifted]:
    was, now = _failures(old), _failures(new)
    for subject, finding in now.items():
        before = was.get(subject)
        yield _drifted(_kind(before, finding, old, new, fates), finding, new, fates, before)
    gone = [finding for subject, finding in was.items() if subject not in now]
    sight = Sight.of(new, after)
    for finding in gone:
        unknown = sight.blind or finding.subject in sight.subjects
        change = Change.UNKNOWN_NOW if unknown else Change.FIXED
        yield _drifted(change, finding, old, fates, finding, new.reason if unknown or new.reason else None)


def _kind(before: Finding | None, now: Finding, old: CheckResult, new: CheckResult, fates: Fates) -> Change:
    if before is None:
        fate = fates.get(fingerprint(new.check.id, now.subject))
        return Change.STILL_FAILING if fate and fate.failed_when_last_seen else Change.NEW
    if before.waived and now.counts:
        return Change.NEW  # its waiver ended: from now on it counts
    return Change.WORSE if _severity(now, new).rank > _severity(before, old).rank else Change.STILL_FAILING


def _drifted(
    change: Change,
    finding: Finding,
    result: CheckResult,
    fates: Fates,
    before: Finding | None = None,
    reason: str | None = None,
) -> Drifted:
    fate = fates.get(fingerprint(result.check.id, finding.subject)) if fates else None
    gone = change in {Change.FIXED, Change.UNKNOWN_NOW}
    return Drifted(
        change=change,
        check=result.check.id,
        subject=finding.subject,
        severity=_severity(finding, result),
        before=before.actual if before else None,
        after=reason if gone else finding.actual,
        since=fate.since if fate else None,
        flapping=bool(fate and fate.flapping),
        waived=finding.waived,
    )
