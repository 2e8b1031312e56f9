"""What several reports use: the words for a verdict, a value and a place of evidence; the order; how a file is written.

Reports see hostile data (names from a directory, log lines, certificates): everything that is shown passes
:func:`printable` or :func:`phrase`, which make control characters visible and cut what is too long to read.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import (
    CheckResult,
    Evidence,
    Finding,
    Gate,
    ObservationNote,
    Outcome,
    Scan,
    Severity,
    Stage,
    Value,
    Verdict,
)
from comgmt_audit.runner_commands import defused

LONGEST_TEXT = 2000
"""Characters of one value that a report for people shows; the JSON report holds all of it."""

LONGEST_ID = 100
"""Characters of the id of a check or a family; ours have six and three."""

LONGEST_LIST = 30
"""Items of one list that a report for people shows."""

STAGE_TITLES = {
    Stage.TENANT: "Tenant",
    Stage.ON_PREMISES: "On-premises",
    Stage.PKI: "PKI",
    Stage.AZURE_SERVICES: "Azure services",
    Stage.DNS: "DNS",
    Stage.CLIENTS: "Clients",
    Stage.CO_MANAGEMENT: "Co-management",
    Stage.ENROLMENT: "Enrolment",
}

# What XML 1.0 (section 2.2) forbids, what moves a terminal's cursor, and what reorders text (Unicode, UAX 9).
# Joiners (U+200C, U+200D) stay: several scripts cannot be written without them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BOUNDS = {"at least", "at most", "since", "until", "more than", "less than"}
"""First words of a pair that states a bound, such as ``("since", <time>)``."""
_UTC_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?Z")


class StageState(StrEnum):
    """Whether a stage of the roll-out may go ahead."""

    GO = "go"
    WAIVERS = "go with waivers"
    ADVICE = "go with advice"
    CANNOT_TELL = "cannot tell"
    NO_GO = "no-go"
    NOTHING = "nothing to judge"


class StageView(Struct, frozen=True, kw_only=True):
    """One stage of the roll-out: its state, its results in the order in which to read them, and what it waits for."""

    stage: Stage
    title: str
    state: StageState
    failed: tuple[CheckResult, ...]
    waived: tuple[CheckResult, ...]
    unknown: tuple[CheckResult, ...]
    settled: tuple[CheckResult, ...]
    waits_for: tuple[str, ...]

    def count(self, outcome: Outcome) -> int:
        """How many of its checks ended so."""
        return sum(result.outcome is outcome for result in (*self.failed, *self.waived, *self.unknown, *self.settled))


def headline(scan: Scan) -> str:
    """The first line of every report: the verdict, and the counts of all five outcomes."""
    counts = [f"{count} {outcome.value}" for outcome, count in scan.counts.items()]
    if waived := len(scan.waived):
        counts[list(Outcome).index(Outcome.FAIL)] += f" ({waived} waived)"
    return f"{scan.verdict.value.upper()}: {', '.join(counts)}"


def explanation(scan: Scan) -> str:
    """Why the verdict is what it is, in one sentence."""
    failed, gating = len(scan.failed), len(scan.gating)
    unknown = scan.count(Outcome.NOT_ASSESSED) + scan.count(Outcome.ERROR)
    level = "" if scan.fail_on is Severity.CRITICAL else " or above"
    if scan.verdict is Verdict.NOT_READY:
        which = counted(failed, "failed check") if gating == failed else f"{gating} of {failed} failed checks"
        stand = "stands" if gating == 1 else "stand"
        if not gating:
            return f"{counted(unknown, 'check')} could not be judged, which --fail-on counts as a failure."
        fresh = "new, " if Gate.NEW in scan.gate else ""
        return f"{which} {stand} in the way of the roll-out ({fresh}severity {scan.fail_on.value}{level})."
    if scan.verdict is Verdict.CANNOT_TELL and unknown:
        return f"Nothing that was judged stands in the way, but {counted(unknown, 'check')} could not be judged."
    if scan.verdict is Verdict.CANNOT_TELL:
        return "Nothing was judged."
    if failed:
        return (
            f"Nothing stands in the way; {counted(failed, 'check')} below severity {scan.fail_on.value} did not pass."
        )
    if waived := len(scan.waived):
        return f"Every check that applies has passed, but for {counted(waived, 'check')} whose failures are waived."
    return "Every check that applies has passed."


def counted(number: int, noun: str) -> str:
    """``1 check``, ``12 checks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def stages(scan: Scan) -> tuple[StageView, ...]:
    """All stages in the order of the roll-out; in each, the gravest first."""
    gating = {result.check.id for result in scan.gating}
    return tuple(_stage(scan, stage, gating) for stage in Stage)


def _stage(scan: Scan, stage: Stage, gating: Collection[str]) -> StageView:
    here = [result for result in scan.results if result.check.stage is stage]
    all_failed = sorted((r for r in here if r.outcome is Outcome.FAIL), key=lambda r: (-r.severity.rank, r.check.id))
    failed = [r for r in all_failed if not r.waived]
    waived = [r for r in all_failed if r.waived]
    unknown = sorted(
        (r for r in here if r.outcome in {Outcome.NOT_ASSESSED, Outcome.ERROR}),
        key=lambda r: (bool(r.blocked_by), -r.severity.rank, r.check.id),
    )
    settled = sorted((r for r in here if r.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}), key=lambda r: r.check.id)
    if any(r.check.id in gating for r in failed) or (unknown and Gate.UNKNOWN in scan.gate):
        state = StageState.NO_GO
    elif unknown:
        state = StageState.CANNOT_TELL
    elif waived:
        state = StageState.WAIVERS
    elif failed:
        state = StageState.ADVICE
    elif any(r.outcome is Outcome.PASS for r in settled):
        state = StageState.GO
    else:
        state = StageState.NOTHING
    return StageView(
        stage=stage,
        title=STAGE_TITLES[stage],
        state=state,
        failed=tuple(failed),
        waived=tuple(waived),
        unknown=tuple(unknown),
        settled=tuple(settled),
        waits_for=tuple(dict.fromkeys(shown_id(id) for r in unknown for id in r.blocked_by)),
    )


def blocked(scan: Scan) -> dict[str, tuple[str, ...]]:
    """The checks that wait for a failed one, by the failed one's id."""
    waiting: dict[str, list[str]] = {}
    for result in scan.results:
        for id in result.blocked_by:
            waiting.setdefault(id, []).append(result.check.id)
    return {id: tuple(ids) for id, ids in waiting.items()}


def phrase(value: Value) -> str:
    """An expected or actual value in words: lists, times, yes and no, and nothing at all."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return _phrase_list(value)
    if isinstance(value, str):
        if time := _UTC_TIME.fullmatch(value):
            seconds = time[3] if time[3] not in {None, ":00"} else ""
            return f"{time[1]} {time[2]}{seconds} UTC"
        return printable(value) or "(empty)"
    return str(value)


def _phrase_list(items: tuple[Value, ...]) -> str:
    if not items:
        return "none"
    if len(items) == 2 and items[0] in _BOUNDS:
        return f"{items[0]} {phrase(items[1])}"
    shown = [phrase(item) for item in items[:LONGEST_LIST]]
    if len(items) > LONGEST_LIST:
        shown.append(f"and {len(items) - LONGEST_LIST:,} more")
    nested = any(isinstance(item, tuple) for item in items)
    return ("; " if nested else ", ").join(shown)


def moment(time: dt.datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def printable(text: str, *, lines: bool = False, limit: int = LONGEST_TEXT) -> str:
    r"""*text* with control, direction and invisible characters made visible (``\x1b``), and cut at *limit*.

    :param lines: leave line feeds as they are.
    """
    if len(text) > limit:
        text = f"{text[:limit]} … ({len(text):,} characters)"
    if text.isprintable():
        return text
    if lines:
        return "\n".join(_UNSEEN.sub(_visible, line) for line in text.replace("\r\n", "\n").split("\n"))
    return _UNSEEN.sub(_visible, text)


def shown_id(id: str) -> str:
    """A check's or a family's id where it stands many times; ours are short, and a scan of somebody else's may lie."""
    return printable(id, limit=LONGEST_ID)


def printed(line: str) -> str:
    """A line as it may be printed where a CI service reads along: nothing in it moves a cursor or is a command."""
    return defused(printable(line, limit=len(line)))


def _visible(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def prose(text: str) -> str:
    """A paragraph of a docstring without the source's line breaks; list items and blank lines keep theirs."""
    text = printable(text, lines=True, limit=LONGEST_TEXT * 4)
    return re.sub(r"(?<=\S)[ \t]*\n(?!\s*\n|\s*(?:[-*•]|\d+[.)])\s)[ \t]*(?=\S)", " ", text)


def place(evidence: Evidence, observations: dict[str, ObservationNote]) -> str:
    """Where a value was seen, on one line: which request or file, which field, and what stood there."""
    request, field, excerpt = place_parts(evidence, observations)
    return request + (f" → {field}" if field else "") + (f": “{excerpt}”" if excerpt else "")


def place_parts(evidence: Evidence, observations: dict[str, ObservationNote]) -> tuple[str, str, str]:
    """(request or file, field, what stood there) of a piece of evidence."""
    note = observations.get(evidence.observation)
    request = note.request if note else evidence.observation
    return printable(request), printable(evidence.pointer), printable(evidence.excerpt, limit=300)


def expectation(finding: Finding) -> str:
    """What was expected, in words; empty where a finding does not say it."""
    return "" if finding.expected is None else phrase(finding.expected)


def waiver(finding: Finding) -> str:
    """Who accepts this failure, why and until when; or that the waiver has expired. Empty: there is none."""
    accepted = finding.waiver
    if accepted is None:
        return ""
    by = f" by {printable(accepted.owner)}" if accepted.owner else ""
    ticket = f" ({printable(accepted.ticket)})" if accepted.ticket else ""
    until = f" until {accepted.expires}" if accepted.expires else ""
    if accepted.expired:
        return f"the waiver{by} expired on {accepted.expires}: {printable(accepted.reason)}{ticket}"
    return f"waived{by}{until}: {printable(accepted.reason)}{ticket}"


def reason(result: CheckResult) -> str:
    """Why a check has its outcome; where subjects could not be judged, the first of them says why."""
    text = printable(result.reason)
    first = next((f for f in result.findings if f.outcome is Outcome.NOT_ASSESSED), None)
    if result.outcome is not Outcome.NOT_ASSESSED or first is None or first.actual == result.reason:
        return text
    return f"{text}: {printable(first.subject)}: {phrase(first.actual)}"


def subjects(result: CheckResult) -> str:
    """How many subjects failed, could not be told and passed, in words."""
    counts = {
        "failed": sum(f.counts for f in result.findings),
        "waived": sum(f.waived for f in result.findings),
        "could not be judged": sum(f.outcome is Outcome.NOT_ASSESSED for f in result.findings),
        "passed": result.passed,
    }
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


def write_text(path: Path, parts: Iterable[str]) -> None:
    """Write a report whole or not at all: under a temporary name in the same folder, then renamed.

    Raises ComgmtError saying what stands in the way.
    """
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(parts)
        partial.replace(path)
    except OSError as error:
        missing = not path.parent.is_dir()
        raise ComgmtError(
            f"{path}: the report cannot be written: {'no such folder' if missing else error.strerror}.",
            f"Make the folder {path.parent} first." if missing else "Name a file in a folder in which you may write.",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
