"""CSV: one row for each subject that failed or could not be judged, one for every other check; for spreadsheets.

RFC 4180, UTF-8 with a byte order mark, because Excel takes the file for ANSI without one. No cell can be a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from comgmt_audit.model import CheckResult, Evidence, Outcome, Scan

from ._shared import expectation, phrase, place, printable, reason, waiver, write_text

COLUMNS = (
    *("check", "title", "stage", "severity", "outcome", "subject", "expected", "actual"),
    *("advice", "remedy", "evidence", "statements", "waiver"),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""What a spreadsheet may take for a formula at the start of a cell (OWASP, CSV Injection), and DDE's beginnings."""


def render(scan: Scan) -> str:
    """The scan as CSV, with the byte order mark."""
    return "".join(_parts(scan))


def write(scan: Scan, path: Path) -> None:
    """Write the report to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, _parts(scan))


def _parts(scan: Scan) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    yield "\ufeff" + buffer.getvalue()
    for result in scan.results:
        buffer.seek(0)
        buffer.truncate()
        writer.writerows([safe(cell) for cell in row] for row in _rows(result, scan))
        yield buffer.getvalue()


def _rows(result: CheckResult, scan: Scan) -> Iterator[tuple[str, ...]]:
    check = result.check
    statements = " ".join(check.covers)
    for finding in result.findings:
        severity = finding.severity or check.severity
        yield (
            *(check.id, check.title, check.stage.value, severity.value, finding.outcome.value),
            *(finding.subject, expectation(finding), phrase(finding.actual), finding.advice, check.remedy),
            _evidence(finding.evidence, scan),
            *(statements, waiver(finding)),
        )
    if not result.findings:
        actual = f"blocked by {', '.join(result.blocked_by)}" if result.blocked_by else reason(result)
        remedy = check.remedy if result.outcome is Outcome.FAIL else result.cure
        yield (
            *(check.id, check.title, check.stage.value, result.severity.value, result.outcome.value),
            *("", "", actual, "", remedy, "", statements, ""),
        )


def _evidence(evidence: tuple[Evidence, ...], scan: Scan) -> str:
    return "; ".join(place(one, scan.observations) for one in evidence)


def safe(cell: str) -> str:
    """A cell on one line that no spreadsheet takes for a formula."""
    shown = " ".join(printable(cell, lines=True).split())
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
