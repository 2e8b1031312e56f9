"""Waivers: failures that are accepted for a time, by whom and why, as code beside comgmt.toml (``waivers.toml``).

A waiver accepts what is known to fail. What was not seen cannot be accepted: leave the check out with ``--select`` if
its evidence will never be there. Nothing that is waived vanishes from a report.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from comgmt_audit import tables
from comgmt_audit.errors import WaiverError
from comgmt_audit.model import CheckResult, Expiry, Finding, Outcome, Scan, Waiver

FILE = "waivers.toml"
"""The name under which waivers are looked for beside comgmt.toml."""

_ENTRY = re.compile(r"\s*\[\[\s*waiver\s*\]\]")
_WILD = frozenset("*?")


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[waiver]]`` of the file; ``subject`` is a pattern (``*``, ``?``), in which case does not matter."""

    check: str
    subject: Annotated[str, Meta(min_length=1)]
    reason: Annotated[str, Meta(min_length=1)]
    owner: Annotated[str, Meta(min_length=1)]
    expires: dt.date
    ticket: str = ""
    broad: bool = False


class Waivers(Struct, frozen=True, kw_only=True):
    """The waivers of one file, and where each stands: file and line."""

    entries: tuple[Entry, ...] = ()
    places: tuple[str, ...] = ()


def load(path: Path, checks: Collection[str]) -> Waivers:
    """The waivers of a file. *checks* are the ids that there are.

    :raises WaiverError: naming the line of an entry that is incomplete, names an unknown check, or takes in every
        subject without saying ``broad = true``.
    """
    raw = tables.read(path)
    stated = raw.pop("waiver", [])
    if raw or not isinstance(stated, list):
        wrong = f"there is no key or section {min(raw)!r}" if raw else "`waiver` is no list of tables"
        raise WaiverError(f"{path}: {wrong}.", "Every waiver is a table of its own, which begins with [[waiver]].")
    lines = tuple(n for n, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1) if _ENTRY.match(line))
    # A header inside a text of several lines would shift the count: then no line is named, rather than a wrong one.
    known = lines if len(lines) == len(stated) else ()
    places = [f"{path}: line {known[n]}" if known else f"{path}: waiver {n + 1}" for n in range(len(stated))]
    entries = tuple(_entry(one, place) for one, place in zip(stated, places, strict=True))
    for entry, place in zip(entries, places, strict=True):
        _refuse(entry, place, checks)
    return Waivers(entries=entries, places=tuple(places))


def _entry(stated: object, place: str) -> Entry:
    try:
        return msgspec.convert(stated, Entry)
    except msgspec.ValidationError as error:
        text = (
            str(error).partition(" - at ")[0].replace("Object ", "The waiver ").replace("missing required", "lacks the")
        )
        wanted = f"A waiver has {', '.join(Entry.__struct_fields__)}; all but ticket and broad are required."
        raise WaiverError(f"{place}: {text}.", f"{wanted} A date is written 2027-03-31, without quotes.") from None


def _refuse(entry: Entry, place: str, checks: Collection[str]) -> None:
    if entry.check not in checks:
        import difflib

        close = difflib.get_close_matches(entry.check.upper(), sorted(checks), n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "`comgmt-audit list` shows all checks."
        raise WaiverError(f"{place}: there is no check {entry.check!r}.", hint)
    if _WILD.issuperset(entry.subject) and not entry.broad:
        raise WaiverError(
            f"{place}: the subject {entry.subject!r} takes in everything that {entry.check} will ever find.",
            "Name the subject as the report does, or say `broad = true` where all of them are meant.",
        )


def apply(scan: Scan, waivers: Waivers) -> tuple[Scan, tuple[str, ...]]:
    """The scan with its accepted failures marked, and what is wrong with the waivers: those that accept nothing.

    A waiver that finds nothing to accept is wrong only where its check was judged whole: what could not be seen now may
    fail still.
    """
    today = scan.recorded_at.date()
    used: set[int] = set()
    results = [_waive(result, waivers.entries, today, used) for result in scan.results]
    judged = {result.check.id for result in results if is_whole(result)}
    idle = [
        f"{waivers.places[number]}: the waiver of {entry.check} for {entry.subject!r} accepts nothing: no such subject"
        " fails. Remove it."
        for number, entry in enumerate(waivers.entries)
        if number not in used and entry.check in judged
    ]
    ends = [_end(entry) for number, entry in enumerate(waivers.entries) if number in used and entry.expires >= today]
    expiries = sorted((*scan.expiries, *ends), key=lambda one: (one.at, one.kind, one.subject))
    return replace(scan, results=tuple(results), expiries=tuple(expiries)), tuple(idle)


def _end(entry: Entry) -> Expiry:
    """It holds until the end of its last day."""
    at = dt.datetime.combine(entry.expires, dt.time(23, 59, 59), dt.UTC)
    return Expiry(at=at, kind="waiver", subject=f"{entry.check} for {entry.subject}, accepted by {entry.owner}")


def is_whole(result: CheckResult) -> bool:
    """Was everything seen that the check judges? Only then is what it does not name known to be in order."""
    unseen = any(finding.outcome is Outcome.NOT_ASSESSED for finding in result.findings)
    return result.outcome not in {Outcome.NOT_ASSESSED, Outcome.ERROR} and not unseen


def _waive(result: CheckResult, entries: Sequence[Entry], today: dt.date, used: set[int]) -> CheckResult:
    ours = [(number, entry) for number, entry in enumerate(entries) if entry.check == result.check.id]
    if not ours or result.outcome is not Outcome.FAIL:
        return result
    patterns = [(number, entry, _pattern(entry.subject)) for number, entry in ours]
    findings = []
    for finding in result.findings:
        fits = [(n, entry) for n, entry, pattern in patterns if pattern.fullmatch(finding.subject.casefold())]
        used.update(number for number, _ in fits if finding.outcome is Outcome.FAIL)
        findings.append(_marked(finding, [entry for _, entry in fits], today))
    return replace(result, findings=tuple(findings))


def _pattern(subject: str) -> re.Pattern[str]:
    """Only ``*`` and ``?`` mean more than themselves: names in a directory have brackets."""
    meaning = {"*": ".*", "?": "."}
    return re.compile("".join(meaning.get(one) or re.escape(one) for one in subject.casefold()), re.DOTALL)


def _marked(finding: Finding, entries: Iterable[Entry], today: dt.date) -> Finding:
    """The finding with the waiver that lasts longest, if it fails and has one."""
    if finding.outcome is not Outcome.FAIL:
        return finding
    longest = max(entries, key=lambda entry: entry.expires, default=None)
    if longest is None:
        return finding
    waiver = Waiver(
        reason=longest.reason,
        owner=longest.owner,
        ticket=longest.ticket,
        expires=longest.expires,
        expired=longest.expires < today,
    )
    return replace(finding, waiver=waiver)
