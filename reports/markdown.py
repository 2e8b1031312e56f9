"""Markdown: for a job summary, a pull request or a ticket. The verdict first, then what to mend, and what was not seen.

Written for GitHub Flavored Markdown; Azure DevOps and GitLab read it as well. Whatever an environment brought stands in
code spans, where nothing is a mention, a link or markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from comgmt_audit.model import CheckResult, Finding, Outcome, Scan

from ._shared import (
    LONGEST_ID,
    StageView,
    counted,
    expectation,
    explanation,
    headline,
    moment,
    phrase,
    place,
    printable,
    prose,
    reason,
    stages,
    waiver,
    write_text,
)

SHOWN_FINDINGS = 10
"""Subjects of one check; the other reports have all of them."""
LONGEST = 60_000
"""Characters of the details. A comment on GitHub holds 65,536 ("body is too long" above it)."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#])")
_CODE = re.compile(r"`([^`\n]+)`")
# GitHub links addresses and notifies whoever is mentioned after all escapes are gone: only code spans are left alone.
_ACTIVE = re.compile(r"(\S*(?:@|://|www\.|#\d|GH-\d)\S*)", re.IGNORECASE)
_LONGEST_VALUE = 300


def render(scan: Scan) -> str:
    """The scan as Markdown."""
    return "\n".join(_lines(scan)) + "\n"


def write(scan: Scan, path: Path) -> None:
    """Write the report to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


def _lines(scan: Scan) -> Iterator[str]:
    views = stages(scan)
    yield f"# {headline(scan)}"
    yield ""
    yield explanation(scan)
    yield ""
    yield f"- Environment: {code(scan.environment)}"
    yield f"- Recorded: {moment(scan.recorded_at)}, baseline {code(scan.baseline)}"
    if scan.history:
        from ._history import summary

        yield f"- {summary(scan)}"
    if scan.partial:
        yield f"- The recording is not whole: {code(scan.partial)}"
    if scan.selection:
        yield f"- Only some checks were asked for: {code(scan.selection)}"
    yield ""
    yield "| Stage | State | To mend | Waived | Not looked at | In order |"
    yield "|---|---|---:|---:|---:|---:|"
    for view in views:
        numbers = (len(view.failed), len(view.waived), len(view.unknown), view.count(Outcome.PASS))
        row = (view.title, view.state.value, *numbers)
        yield f"| {' | '.join(str(cell) for cell in row)} |"
    yield from _bounded(_sections(scan, views))


def _bounded(sections: Iterator[tuple[str, list[str]]]) -> Iterator[str]:
    """The sections, until they are too long for a comment; the rest by name."""
    room, rest = LONGEST, []
    for name, lines in sections:
        room -= sum(len(line) + 1 for line in lines)
        if room < 0 and name:
            rest.append(name)
        elif room >= 0:
            yield from lines
    if rest:
        yield ""
        yield f"{counted(len(rest), 'more check')}, for which there was no room: {', '.join(rest)}."


def _sections(scan: Scan, views: tuple[StageView, ...]) -> Iterator[tuple[str, list[str]]]:
    """(check id, or nothing for a heading; lines)."""
    failed = [result for view in views for result in view.failed]
    waived = [result for view in views for result in view.waived]
    unknown = [result for view in views for result in view.unknown]
    if failed:
        yield "", ["", "## To mend"]
        yield from ((_id(result), list(_failure(result, scan))) for result in failed)
    if waived:
        yield "", ["", "## Waived", ""]
        yield from ((_id(result), list(_waived(result))) for result in waived)
    if unknown:
        yield "", ["", "## Not looked at", ""]
        yield from ((_id(result), [_unknown(result)]) for result in unknown)


def _failure(result: CheckResult, scan: Scan) -> Iterator[str]:
    check = result.check
    yield ""
    yield f"### {_id(result)} ({result.severity.value}): {text(check.title)}"
    yield ""
    failed = [finding for finding in result.findings if finding.counts]
    for finding in failed[:SHOWN_FINDINGS]:
        yield from _finding(finding, scan)
    if len(failed) > SHOWN_FINDINGS:
        yield f"- and {len(failed) - SHOWN_FINDINGS:,} more"
    if waived := sum(finding.waived for finding in result.findings):
        yield f"- and {waived:,} waived"
    yield ""
    yield f"**Why:** {text(check.why)}"
    yield ""
    yield f"**Remedy:** {text(check.remedy)}"
    links = [f"[{text(reference.title)}](<{reference.url}>)" for reference in check.refs if _is_link(reference.url)]
    if links:
        yield ""
        yield f"**See:** {', '.join(links)}"


def _finding(finding: Finding, scan: Scan) -> Iterator[str]:
    expected = expectation(finding)
    wanted = f", expected {code(expected)}" if expected else ""
    yield f"- {code(finding.subject)}: {code(phrase(finding.actual))}{wanted}"
    for evidence in finding.evidence[:1]:
        yield f"  seen in {code(place(evidence, scan.observations))}"
    if finding.advice:
        yield f"  Advice: {text(finding.advice)}"
    if finding.waiver:
        yield f"  {code(waiver(finding))}"


def _waived(result: CheckResult) -> Iterator[str]:
    yield f"- {_id(result)} ({result.severity.value}) {text(result.check.title)}"
    waived = [finding for finding in result.findings if finding.waived]
    for finding in waived[:SHOWN_FINDINGS]:
        yield f"  - {code(finding.subject)}: {code(waiver(finding))}"
    if len(waived) > SHOWN_FINDINGS:
        yield f"  - and {len(waived) - SHOWN_FINDINGS:,} more"


def _unknown(result: CheckResult) -> str:
    blocked = f"blocked by {', '.join(map(_name, result.blocked_by))}" if result.blocked_by else ""
    parts = [blocked or code(reason(result) or result.outcome.value), text(result.cure)]
    return f"- {_id(result)} {text(result.check.title)} {' '.join(part for part in parts if part)}"


def _id(result: CheckResult) -> str:
    return _name(result.check.id)


def _name(id: str) -> str:
    """The id of a check; one that is none of ours may be anything."""
    return id if id.isascii() and id.isalnum() and len(id) < LONGEST_ID else code(id)


def code(value: str) -> str:
    """*value* as a code span on one line, whatever is in it."""
    shown = printable(value, limit=_LONGEST_VALUE).replace("\t", " ").strip() or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def text(value: str) -> str:
    """Prose with what stands between backticks as code, and everything else as it reads; on one line."""
    parts = _CODE.split(" ".join(prose(value).split()))
    return "".join(code(part) if number % 2 else _words(part) for number, part in enumerate(parts))


def _words(part: str) -> str:
    words = _ACTIVE.split(part)
    return "".join(code(word) if number % 2 else _SPECIAL.sub(r"\\\1", word) for number, word in enumerate(words))


def _is_link(url: str) -> bool:
    return url.startswith("https://") and url.isprintable() and not re.search(r"[\s<>\\]", url)
