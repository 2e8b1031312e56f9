"""SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): for code scanning.

A failed subject is a result of kind *fail*; one that could not be judged is of kind *open* (section 3.27.9: information
is lacking), which no gate counts as a failure and no reader takes for a pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from comgmt_audit.model import CheckResult, CheckText, Finding, Outcome, Scan, Severity, fingerprint

from ._shared import counted, expectation, phrase, place, printable, prose, reason, waiver, write_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a run with more (GitHub Docs, SARIF support for code scanning: limits)."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.ADVICE: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.ADVICE: "0.5",
}
"""``security-severity``: above 9.0 critical, 7.0 high, 4.0 medium, else low (GitHub Docs, as above)."""


def render(scan: Scan) -> str:
    """The scan as one run."""
    run = {
        "tool": {"driver": _driver(scan)},
        "automationDetails": {"id": f"comgmt-audit/{quote(printable(scan.environment), safe='')}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(scan)],
        "results": list(_results(scan)),
        "properties": {"verdict": scan.verdict.value, "baseline": printable(scan.baseline)},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1).decode() + "\n"


def write(scan: Scan, path: Path) -> None:
    """Write the report to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


def _driver(scan: Scan) -> dict[str, Any]:
    name, _, version = scan.tool.partition(" ")
    return {
        "name": printable(name) or "comgmt-audit",
        "version": printable(version) or "0",
        "rules": [_rule(result.check) for result in scan.results],
    }


def _rule(check: CheckText) -> dict[str, Any]:
    links = [printable(reference.url) for reference in check.refs if reference.url.startswith("https://")]
    title, why, remedy = printable(check.title), prose(check.why), prose(check.remedy)
    rule = {
        "id": printable(check.id),
        "shortDescription": {"text": title},
        "fullDescription": {"text": why or title},
        "help": {"text": f"{why}\n\n{remedy}".strip() or title},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": list(dict.fromkeys(printable(tag) for tag in (check.stage.value, *check.covers, *check.tags))),
            "security-severity": _SCORES[check.severity],
        },
    }
    return rule | ({"helpUri": quote(links[0], safe=":/?#[]@!$&'()*+,;=%-._~")} if links else {})


def _invocation(scan: Scan) -> dict[str, Any]:
    failed = [result for result in scan.results if result.outcome is Outcome.ERROR]
    notes = [_note(f"{printable(result.check.id)}: {reason(result)}", "error") for result in failed]
    if scan.partial:
        notes.append(_note(f"The recording is not whole: {printable(scan.partial)}", "warning"))
    total = sum(1 for _ in _every(scan))
    if total > MOST_RESULTS:
        left = counted(total - MOST_RESULTS, "result")
        notes.append(_note(f"{left} of the least severity were left out; the JSON report has all.", "warning"))
    started = scan.started_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rest = {"toolExecutionNotifications": notes} if notes else {}
    return {"executionSuccessful": not failed, "startTimeUtc": started, **rest}


def _note(text: str, level: str) -> dict[str, Any]:
    return {"message": {"text": text}, "level": level}


def _every(scan: Scan) -> Iterator[tuple[int, CheckResult, Finding]]:
    """Every failed or unjudged subject with its rule's index; a check that was not assessed as a whole is one."""
    for index, result in enumerate(scan.results):
        if result.outcome in {Outcome.FAIL, Outcome.NOT_ASSESSED} and result.findings:
            yield from ((index, result, finding) for finding in result.findings)
        elif result.outcome in {Outcome.FAIL, Outcome.NOT_ASSESSED}:
            yield index, result, Finding(subject="", outcome=result.outcome, actual=_why(result), advice=result.cure)


def _why(result: CheckResult) -> str:
    return f"blocked by {printable(', '.join(result.blocked_by))}" if result.blocked_by else reason(result)


def _results(scan: Scan) -> Iterator[dict[str, Any]]:
    every = list(_every(scan))
    if len(every) > MOST_RESULTS:
        every = sorted(every, key=lambda one: -_weight(one[1], one[2]))[:MOST_RESULTS]
    return (_result(index, result, finding, scan) for index, result, finding in every)


def _weight(result: CheckResult, finding: Finding) -> int:
    failed = finding.outcome is Outcome.FAIL
    return ((finding.severity or result.check.severity).rank + 1) if failed else 0


def _result(index: int, result: CheckResult, finding: Finding, scan: Scan) -> dict[str, Any]:
    failed = finding.outcome is Outcome.FAIL
    subject = printable(finding.subject) or printable(scan.environment)
    accepted = {"kind": "external", "status": "accepted", "justification": waiver(finding)}
    return {
        "ruleId": printable(result.check.id),
        "ruleIndex": index,
        "kind": "fail" if failed else "open",
        "level": _LEVELS[finding.severity or result.check.severity] if failed else "none",
        "message": {"text": _message(finding, result, scan)},
        "locations": [_location(finding, subject, scan)],
        "partialFingerprints": {"comgmtAudit/v1": fingerprint(result.check.id, finding.subject)},
        **({"suppressions": [accepted]} if finding.waived else {}),
    }


def _message(finding: Finding, result: CheckResult, scan: Scan) -> str:
    expected = expectation(finding)
    lines = [
        printable(result.check.title),
        f"Subject: {printable(finding.subject)}" if finding.subject else "",
        f"Found: {phrase(finding.actual)}" + (f" (expected: {expected})" if expected else ""),
        *(f"Seen in: {place(evidence, scan.observations)}" for evidence in finding.evidence),
        prose(finding.advice),
        waiver(finding) if finding.waiver else "",
    ]
    return "\n".join(line for line in lines if line)


def _location(finding: Finding, subject: str, scan: Scan) -> dict[str, Any]:
    """The file of the recording where it was seen; without one the design's, for a result needs a file to be shown."""
    notes = (scan.observations.get(evidence.observation) for evidence in finding.evidence)
    file = next((note.file for note in notes if note and note.file), "comgmt.toml")
    return {
        "physicalLocation": {"artifactLocation": {"uri": quote(printable(file), safe="/.-_~")}},
        "logicalLocations": [{"fullyQualifiedName": subject}],
    }
