"""Drift in words: for the terminal, and as Markdown for a message or a job summary. News first, then what stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from comgmt_audit.model import Change, Drift, Drifted, DriftReport, ValueChange

from ._shared import counted, moment, phrase, printable, printed, write_text
from .markdown import code

TITLES = {
    Change.NEW: "New",
    Change.WORSE: "Worse",
    Change.FIXED: "Fixed",
    Change.UNKNOWN_NOW: "Unknown now",
    Change.STILL_FAILING: "Still failing",
}
SHOWN = 20
"""Lines of one kind; the other reports have all of them."""


def headline(report: DriftReport) -> str:
    """How much has changed, in one line."""
    counts = [f"{len(of)} {kind.value}" for kind in TITLES if (of := report.verdicts.of(kind)) or kind is Change.NEW]
    if report.values is not None:
        counts.append(counted(len(report.values), "changed value"))
    return f"{'DRIFT' if report.has_drifted else 'NO DRIFT'}: {', '.join(counts)}"


def render(report: DriftReport, *, verbose: bool = False) -> str:
    """Plain text."""
    return "".join(f"{printed(line)}\n" for line in _lines(report, verbose))


def _lines(report: DriftReport, verbose: bool) -> Iterator[str]:
    drift = report.verdicts
    yield headline(report)
    yield f"{printable(report.environment)} · {moment(drift.before)} → {moment(drift.after)}"
    yield from (f"Note: {printable(note)}" for note in drift.notes)
    for kind, title in TITLES.items():
        changes = drift.of(kind)
        if changes:
            yield ""
            yield title
            shown = changes if verbose else changes[:SHOWN]
            yield from (f"  {line(change, drift)}" for change in shown)
            if len(shown) < len(changes):
                yield f"  and {len(changes) - len(shown):,} more (--verbose shows all)"
    if report.values:
        yield ""
        yield "Values"
        shown_values = report.values if verbose else report.values[:SHOWN]
        yield from (f"  {value(change)}" for change in shown_values)
        if len(shown_values) < len(report.values):
            yield f"  and {len(report.values) - len(shown_values):,} more (--verbose shows all)"
    if report.unseen:
        yield ""
        yield "Not compared"
        yield from (f"  {printable(one)}" for one in report.unseen)


def line(change: Drifted, drift: Drift) -> str:
    """One change: what, how grave, since when, and what it was and is."""
    parts = [f"{printable(change.check)} ({change.severity.value}) {printable(change.subject)}"]
    if change.change in {Change.FIXED, Change.UNKNOWN_NOW}:
        parts.append(f"was: {phrase(change.before)}")
        if change.after:
            parts.append(f"now: {phrase(change.after)}")
    else:
        parts.append(f"found: {phrase(change.after)}")
    if age := days(change, drift):
        parts.append(age)
    parts += ["comes and goes"] if change.flapping else []
    parts += ["waived"] if change.waived else []
    return "; ".join(parts)


def days(change: Drifted, drift: Drift) -> str:
    """Since when it fails, and how many days that is; empty where no history says it, or it began just now."""
    if change.since is None or change.since >= drift.after:
        return ""
    age = (drift.after - change.since).days
    return f"since {change.since:%Y-%m-%d} ({counted(age, 'day')})"


def value(change: ValueChange) -> str:
    """One changed value: where, and both values."""
    where = " ".join(printable(part) for part in (change.observation, change.object, change.path) if part)
    values = " → ".join(printable(part, limit=200) for part in (change.before, change.after) if part)
    return f"{change.kind} {where}" + (f": {values}" if values else "")


def markdown(report: DriftReport) -> str:
    """Markdown; what the environment brought stands in code spans."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: DriftReport) -> Iterator[str]:
    drift = report.verdicts
    yield f"# {headline(report)}"
    yield ""
    yield f"{code(report.environment)}, {moment(drift.before)} to {moment(drift.after)}"
    for note in drift.notes:
        yield f"- Note: {code(note)}"
    for kind, title in TITLES.items():
        yield from _section(title, [line(change, drift) for change in drift.of(kind)])
    yield from _section("Values", [value(change) for change in report.values or ()])
    yield from _section("Not compared", list(report.unseen))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {title}"
        yield ""
        yield from (f"- {code(one)}" for one in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"- and {len(lines) - SHOWN:,} more"


def write(report: DriftReport, path: Path) -> None:
    """Write the Markdown to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [markdown(report)])
