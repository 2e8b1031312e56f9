"""The nouns that everything else talks about: Check, Finding, Outcome, Scan, Severity.

Imports nothing of ours. All of it is frozen; a scan is a value that reports render, history keeps and drift compares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

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


class Gate(StrEnum):
    """What may stop a roll-out beside the severity of a failure (``--fail-on``)."""

    NEW = "new"
    """Only failures that the last scan of the history did not have."""
    UNKNOWN = "unknown"
    """What was not assessed, as well."""
    EXPIRED_WAIVER = "expired-waiver"
    """A failure whose waiver has expired, however harmless."""


class Change(StrEnum):
    """What became of a failure from one scan to another."""

    NEW = "new"
    WORSE = "worse"
    FIXED = "fixed"
    STILL_FAILING = "still failing"
    UNKNOWN_NOW = "unknown now"


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


class Waiver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a failure is accepted: who answers for it, and until which day (inclusive); after it the failure counts.

    ``expires`` is None for what was accepted as it stood (``--accept-current``); ``expired`` as of the scan's time.
    """

    reason: str
    owner: str = ""
    ticket: str = ""
    expires: dt.date | None = None
    expired: bool = False


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subject judged. ``severity`` is set only where it differs from the check's."""

    subject: str
    outcome: Outcome
    expected: Value = None
    actual: Value = None
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    severity: Severity | None = None
    waiver: Waiver | None = None

    @property
    def counts(self) -> bool:
        """Has it failed, and is it not waived?"""
        return self.outcome is Outcome.FAIL and (self.waiver is None or self.waiver.expired)

    @property
    def waived(self) -> bool:
        """Has it failed, and is that accepted?"""
        return self.outcome is Outcome.FAIL and self.waiver is not None and not self.waiver.expired


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
        """The gravest severity among the failed findings that count; of the waived ones where none does."""
        failed = [f for f in self.findings if f.outcome is Outcome.FAIL]
        counting = [f.severity or self.check.severity for f in failed if f.counts]
        found = counting or [f.severity or self.check.severity for f in failed]
        return max(found, key=lambda severity: severity.rank) if found else self.check.severity

    @property
    def waived(self) -> bool:
        """Has it failed, and is every failure of it accepted?"""
        failed = [f for f in self.findings if f.outcome is Outcome.FAIL]
        return self.outcome is Outcome.FAIL and bool(failed) and all(f.waived for f in failed)


class ObservationNote(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, when, and whether it was answered: the part of an observation that a report shows."""

    source: str
    request: str
    at: dt.datetime
    file: str = ""
    absence: str = ""


class Right(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A right that the recording was made with, or lacked: how many requests were answered by it, which were refused.

    ``kind`` is application, delegated, azure-role, configmgr-role, directory, network or host; ``refused`` holds ids of
    observations. A request that needs two rights does not say which of them it was refused for.
    """

    source: str
    name: str
    kind: str
    answered: int = 0
    refused: tuple[str, ...] = ()


_RENEWED = dt.timedelta(days=60)
"""Between the weeks of an online CA's list and the months of an offline root's (AD CS: CRL publication intervals)."""


class Expiry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that ends: ``kind`` is certificate, revocation list, application secret, support, waiver and the like.

    ``since``: when it began, of what somebody or something renews while it lives.
    """

    at: dt.datetime
    kind: str
    subject: str
    since: dt.datetime | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_renewed(self) -> bool:
        """Does it live so short that a service renews it by itself, as a CA does its lists?

        An offline root's list lives for months, and somebody must carry the next one over.
        """
        return self.since is not None and self.at - self.since < _RENEWED


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


class Drifted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subject that failed in one of two scans. ``severity`` is that of the later one, if it failed there.

    ``since`` is the first scan of the history in which it has failed without having been in order in between;
    ``flapping``: it has come and gone several times.
    """

    change: Change
    check: str
    subject: str
    severity: Severity
    before: Value = None
    after: Value = None
    since: dt.datetime | None = None
    flapping: bool = False
    waived: bool = False


class Drift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed between the verdicts of two scans; ``notes`` say in what they cannot be compared."""

    before: dt.datetime
    after: dt.datetime
    changes: tuple[Drifted, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, *kinds: Change) -> tuple[Drifted, ...]:
        """The changes of these kinds."""
        return tuple(change for change in self.changes if change.change in kinds)


class ValueChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A difference between two recordings: in which observation, of which object, where, and both values as JSON."""

    kind: Literal["added", "removed", "changed"]
    observation: str
    object: str = ""
    path: str = ""
    before: str = ""
    after: str = ""


class DriftReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``comgmt-audit drift`` shows. ``values`` is None where only scans were compared.

    ``unseen`` says what could not be compared, and why; ``titles`` are those of the checks.
    """

    environment: str
    verdicts: Drift
    values: tuple[ValueChange, ...] | None = None
    unseen: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def has_drifted(self) -> bool:
        """Did anything come, go, become worse or unknown, or change its value?"""
        return bool(self.values) or any(one.change is not Change.STILL_FAILING for one in self.verdicts.changes)


class Point(Struct, frozen=True, kw_only=True):
    """One scan in the trend: counts of checks."""

    at: dt.datetime
    verdict: Verdict
    passed: int
    failed: int
    waived: int
    unknown: int


class History(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The scans of the same environment, this one last, and what changed since the one before."""

    points: tuple[Point, ...]
    drift: Drift | None = None


class Scan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All outcomes of one environment at one time.

    ``recorded_by`` is the version that made the recording, ``recording_format`` the format of it; 0: not stated.
    """

    format: int = SCAN_FORMAT
    tool: str
    environment: str
    baseline: str
    recorded_at: dt.datetime
    started_at: dt.datetime
    fail_on: Severity
    source: str = ""
    recorded_by: str = ""
    recording_format: int = 0
    selection: str = ""
    partial: str = ""
    packs: tuple[str, ...] = ()
    design: dict[str, Any] = field(default_factory=dict)
    results: tuple[CheckResult, ...] = ()
    observations: dict[str, ObservationNote] = field(default_factory=dict)
    expiries: tuple[Expiry, ...] = ()
    events: tuple[Event, ...] = ()
    rights: tuple[Right, ...] = ()
    gate: tuple[Gate, ...] = ()
    history: History | None = None

    def count(self, outcome: Outcome) -> int:
        """How many checks ended so."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def counts(self) -> dict[Outcome, int]:
        """All five outcomes, none left out."""
        return {outcome: self.count(outcome) for outcome in Outcome}

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed, but for those whose every failure is waived."""
        return tuple(r for r in self.results if r.outcome is Outcome.FAIL and not r.waived)

    @property
    def waived(self) -> tuple[CheckResult, ...]:
        """The checks that failed, and whose every failure is waived."""
        return tuple(r for r in self.results if r.waived)

    @property
    def gating(self) -> tuple[CheckResult, ...]:
        """The failures that are grave enough to stop the roll-out."""
        return tuple(r for r in self.failed if self._gates(r))

    def _gates(self, result: CheckResult) -> bool:
        grave = result.severity.rank >= self.fail_on.rank
        if not self.gate:
            return grave
        counting = [finding for finding in result.findings if finding.counts]
        if Gate.EXPIRED_WAIVER in self.gate and any(finding.waiver for finding in counting):
            return True
        drift = self.history.drift if self.history else None
        if not grave or Gate.NEW not in self.gate or drift is None:
            return grave
        fresh = {(one.check, one.subject) for one in drift.of(Change.NEW, Change.WORSE)}
        return any(
            (result.check.id, finding.subject) in fresh
            and (finding.severity or result.check.severity).rank >= self.fail_on.rank
            for finding in counting
        )

    @property
    def verdict(self) -> Verdict:
        """Not ready where something grave fails; cannot tell where something was not seen; else ready."""
        unknown = self.count(Outcome.NOT_ASSESSED) + self.count(Outcome.ERROR)
        if self.gating or (unknown and Gate.UNKNOWN in self.gate):
            return Verdict.NOT_READY
        judged = self.count(Outcome.PASS) + self.count(Outcome.FAIL)
        return Verdict.CANNOT_TELL if unknown or not judged else Verdict.READY


class News(Struct, frozen=True, kw_only=True):
    """What is worth telling about a scan: what changed since the last one, and what is about to end.

    ``before`` is the verdict of the scan before; None for the first one.
    """

    scan: Scan
    before: Verdict | None
    changes: tuple[Drifted, ...] = ()
    expiring: tuple[Expiry, ...] = ()


EXIT_CODES: dict[Verdict, int] = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.CANNOT_TELL: 3}
"""The exit code of a scan by its verdict; 2 is usage or configuration."""

__all__ = [
    "EXIT_CODES",
    "SCAN_FORMAT",
    "Change",
    "Check",
    "CheckResult",
    "CheckText",
    "Drift",
    "DriftReport",
    "Drifted",
    "Event",
    "Evidence",
    "Expiry",
    "Family",
    "Finding",
    "Gate",
    "History",
    "News",
    "ObservationNote",
    "Outcome",
    "Point",
    "Reference",
    "Right",
    "Scan",
    "Severity",
    "Stage",
    "Value",
    "ValueChange",
    "Verdict",
    "Waiver",
    "fingerprint",
]
