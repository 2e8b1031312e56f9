"""What fails today, accepted as it stands, so that only what is new stands in the way (``--accept-current``).

Unlike a waiver nobody answers for it and it does not end: it is for starting in an environment that fails in many ways.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from comgmt_audit.errors import WaiverError
from comgmt_audit.model import CheckResult, Outcome, Scan, Waiver
from comgmt_audit.waivers import is_whole

FILE = "accepted.json"
"""The name under which it is looked for beside comgmt.toml."""
FORMAT = 1
"""The only format of the file that this version writes and reads."""


class Entry(Struct, frozen=True, order=True):
    """A failure that is accepted; ``since`` is the day."""

    check: str
    subject: str
    since: dt.date


class Accepted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: every accepted failure, sorted, so that git shows what came and went."""

    format: int
    environment: str
    failures: tuple[Entry, ...]


def of(scan: Scan, before: Accepted | None = None) -> Accepted:
    """Everything that fails in *scan* and has no waiver.

    What was accepted *before* keeps its day, and stays where its check was not judged whole: it may fail still.
    """
    known = {(entry.check, entry.subject): entry for entry in before.failures} if before else {}
    today = scan.recorded_at.date()
    failures = {
        known.get((result.check.id, finding.subject)) or Entry(result.check.id, finding.subject, today)
        for result in scan.results
        for finding in result.findings
        if finding.counts and not finding.waiver
    }
    whole = {result.check.id for result in scan.results if is_whole(result)}
    kept = (entry for entry in known.values() if entry.check not in whole)
    return Accepted(format=FORMAT, environment=scan.environment, failures=tuple(sorted(failures.union(kept))))


def load(path: Path) -> Accepted:
    """Read the file. Raises WaiverError."""
    hint = "Write it anew with `comgmt-audit scan --accept-current`."
    try:
        accepted = msgspec.json.decode(path.read_bytes(), type=Accepted)
    except OSError as error:
        raise WaiverError(f"{path}: cannot be read: {error.strerror}.", hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WaiverError(f"{path}: does not say what was accepted: {error}.", hint) from None
    if accepted.format != FORMAT:
        raise WaiverError(f"{path}: has format {accepted.format}; this version reads {FORMAT}.", hint)
    return accepted


def write(accepted: Accepted, path: Path) -> None:
    """Write the file, whole or not at all. Raises WaiverError."""
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    try:
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(accepted), indent=1) + b"\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise WaiverError(f"{path}: cannot be written: {error.strerror}.", "Name another with --accepted.") from None


def apply(scan: Scan, accepted: Accepted) -> tuple[Scan, tuple[str, ...]]:
    """The scan with what was accepted marked, and the stale entries: those whose check was judged and did not find it.

    A waiver in force stays; one that has expired is not mended by having been accepted.
    """
    entries = {(entry.check, entry.subject): entry for entry in accepted.failures}
    seen: set[tuple[str, str]] = set()
    results = tuple(_marked(result, entries, seen) for result in scan.results)
    whole = {result.check.id for result in results if is_whole(result)}
    stale = [
        f"{entry.check}, {entry.subject}: was accepted on {entry.since} and no longer fails"
        for key, entry in entries.items()
        if key not in seen and entry.check in whole
    ]
    return replace(scan, results=results), tuple(stale)


def _marked(result: CheckResult, entries: dict[tuple[str, str], Entry], seen: set[tuple[str, str]]) -> CheckResult:
    if result.outcome is not Outcome.FAIL:
        return result
    findings = []
    for finding in result.findings:
        entry = entries.get((result.check.id, finding.subject))
        if entry and finding.outcome is Outcome.FAIL:
            seen.add((entry.check, entry.subject))
            waiver = Waiver(reason=f"accepted as it stood on {entry.since}")
            findings.append(finding if finding.waiver else replace(finding, waiver=waiver))
        else:
            findings.append(finding)
    return replace(result, findings=tuple(findings))
