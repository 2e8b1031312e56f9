"""The nouns that everything else talks about: Check, Finding, Outcome, Scan, Severity.

Imports nothing of ours. All of it is frozen; a scan is a value that reports render, history keeps and drift compares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct, field

SCAN_FORMAT = 1
"""Version of the JSON form of a scan (``schemas/scan.schema.json``)."""

if TYPE_CHECKING:
    Value: TypeAlias = str | int | float | bool | tuple["Value", ...] | None
else:  # msgspec decodes no recursive alias: three levels are deeper than any finding goes
    _Plain = str | int | float | bool | None
    Value = _Plain | tuple[_Plain | tuple[_Plain | tuple[_Plain, ...], ...], ...]
"""What a finding may state as expected or actual: plain data; reports phrase it."""


class Outcome(StrEnum):
    """What became of a check (or, in a finding, of one subject)."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_ASSESSED = "not assessed"
    ERROR = "error"


class Severity(StrEnum):
    """How much a failure hurts; ordered from harmless to fatal."""

    ADVICE = "advice"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for advice, 4 for critical."""
        return _SEVERITIES.index(self)


_SEVERITIES = tuple(Severity)


class Stage(StrEnum):
    """The stages of a roll-out, in the order in which they stand in each other's way."""

    TENANT = "tenant"
    ON_PREMISES = "on-premises"
    PKI = "pki"
    AZURE_SERVICES = "azure-services"
    DNS = "dns"
    CLIENTS = "clients"
    CO_MANAGEMENT = "co-management"
    ENROLMENT = "enrolment"

    @property
    def rank(self) -> int:
        """0 for the first stage."""
        return _STAGES.index(self)


_STAGES = tuple(Stage)


class Verdict(StrEnum):
    """The first word of every report."""

    READY = "ready"
    NOT_READY = "not ready"
    CANNOT_TELL = "cannot tell"


class Family(Struct, frozen=True, kw_only=True):
    """Checks that live in one file: ``CRT``, its title, and the stage of the roll-out that it guards."""

    code: str
    title: str
    stage: Stage


class Reference(Struct, frozen=True):
    """A public page that says why a check asks what it asks."""

    title: str
    url: str


class Check(Struct, frozen=True, kw_only=True):
    """A claim that is true when all is well. ``function`` and ``applies`` never leave the process."""

    id: str
    title: str
    why: str
    remedy: str
    family: Family
    severity: Severity
    covers: tuple[str, ...] = ()
    refs: tuple[Reference, ...] = ()
    tags: tuple[str, ...] = ()
    step: str = ""
    after: tuple[str, ...] = ()
    name: str = ""
    pack: str = ""
    empty: str = ""
    function: Callable[..., Iterable[Finding]]
    applies: Callable[[Any, Any], str | None] | None = None
    facts: dict[str, type] = field(default_factory=dict)


class CheckText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a report says of a check, once, however many findings it has."""

    id: str
    title: str
    why: str
    remedy: str
    family: str
    family_title: str
    stage: Stage
    severity: Severity
    covers: tuple[str, ...] = ()
    refs: tuple[Reference, ...] = ()
    tags: tuple[str, ...] = ()
    step: str = ""
    after: tuple[str, ...] = ()
    pack: str = ""

    @classmethod
    def of(cls, check: Check) -> CheckText:
        """The text of a check, without its function."""
        return cls(
            id=check.id,
            title=check.title,
            why=check.why,
            remedy=check.remedy,
            family=check.family.code,
            family_title=check.family.title,
            stage=check.family.stage,
            severity=check.severity,
            covers=check.covers,
            refs=check.refs,
            tags=check.tags,
            step=check.step,
            after=check.after,
            pack=check.pack,
        )


class Evidence(Struct, frozen=True, omit_defaults=True):
    """Where a value was seen: an observation (``Scan.observations`` has its request), and the place in its answer.

    ``pointer`` is a JSON pointer (``/value/0/State``), ``line 17`` or a PEM index; ``excerpt`` is a short quotation.
    """

    observation: str
    pointer: str = ""
    excerpt: str = ""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subject judged. ``severity`` is set only where it differs from the check's."""

    subject: str
    outcome: Outcome
    expected: Value = None
    actual: Value = None
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    severity: Severity | None = None


class CheckResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of one check. ``findings`` holds what failed or could not be told; what passed is counted.

    ``passed_subjects`` names the first few that passed, so that a reader sees what was looked at.
    """

    check: CheckText
    outcome: Outcome
    reason: str = ""
    cure: str = ""
    blocked_by: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    passed: int = 0
    passed_subjects: tuple[str, ...] = ()
    traceback: str = ""

    @property
    def severity(self) -> Severity:
        """The gravest severity among the failed findings; the check's own where none failed."""
        failed = [f.severity or self.check.severity for f in self.findings if f.outcome is Outcome.FAIL]
        return max(failed, key=lambda severity: severity.rank) if failed else self.check.severity


class ObservationNote(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, when, and whether it was answered: the part of an observation that a report shows."""

    source: str
    request: str
    at: dt.datetime
    file: str = ""
    absence: str = ""


class Expiry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that ends: ``kind`` is certificate, revocation list, application secret, support and the like."""

    at: dt.datetime
    kind: str
    subject: str
    evidence: tuple[Evidence, ...] = ()


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A known line of a log: ``kind`` is success, failure or pending; times are in UTC, where the log says one."""

    log: str
    kind: str
    meaning: str
    count: int
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    evidence: tuple[Evidence, ...] = ()


def fingerprint(check: str, subject: str) -> str:
    """Names a finding from scan to scan: 32 hex digits of the check's id and the subject (BLAKE2b)."""
    from hashlib import blake2b

    return blake2b(f"{check}\0{subject}".encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


class Scan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All outcomes of one environment at one time."""

    format: int = SCAN_FORMAT
    tool: str
    environment: str
    baseline: str
    recorded_at: dt.datetime
    started_at: dt.datetime
    fail_on: Severity
    source: str = ""
    selection: str = ""
    partial: str = ""
    packs: tuple[str, ...] = ()
    design: dict[str, Any] = field(default_factory=dict)
    results: tuple[CheckResult, ...] = ()
    observations: dict[str, ObservationNote] = field(default_factory=dict)
    expiries: tuple[Expiry, ...] = ()
    events: tuple[Event, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many checks ended so."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def counts(self) -> dict[Outcome, int]:
        """All five outcomes, none left out."""
        return {outcome: self.count(outcome) for outcome in Outcome}

    @property
    def gating(self) -> tuple[CheckResult, ...]:
        """The failures that are grave enough to stop the roll-out."""
        return tuple(r for r in self.results if r.outcome is Outcome.FAIL and r.severity.rank >= self.fail_on.rank)

    @property
    def verdict(self) -> Verdict:
        """Not ready where something grave fails; cannot tell where something was not seen; else ready."""
        if self.gating:
            return Verdict.NOT_READY
        unknown = self.count(Outcome.NOT_ASSESSED) + self.count(Outcome.ERROR)
        judged = self.count(Outcome.PASS) + self.count(Outcome.FAIL)
        return Verdict.CANNOT_TELL if unknown or not judged else Verdict.READY


EXIT_CODES: dict[Verdict, int] = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.CANNOT_TELL: 3}
"""The exit code of a scan by its verdict; 2 is usage or configuration."""

__all__ = [
    "EXIT_CODES",
    "SCAN_FORMAT",
    "Check",
    "CheckResult",
    "CheckText",
    "Event",
    "Evidence",
    "Expiry",
    "Family",
    "Finding",
    "ObservationNote",
    "Outcome",
    "Reference",
    "Scan",
    "Severity",
    "Stage",
    "Value",
    "Verdict",
    "fingerprint",
]
