"""The words in which a check is written: ``check``, ``require`` and ``cannot_tell``."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias, runtime_checkable

from comgmt_audit.baselines import Baseline
from comgmt_audit.design import Design
from comgmt_audit.model import Evidence, Finding, Outcome, Reference, Severity, Value

Findings: TypeAlias = Iterator[Finding]
"""What a check yields: one finding a subject."""

Scope: TypeAlias = Callable[[Design], str | None] | Callable[[Design, Baseline], str | None]
"""Says why a check does not apply, or ``None`` where it does."""

_PLAIN = frozenset({str, bool, int, float})

MARK = "__comgmt_check__"
"""The attribute under which the decorator leaves its data; the pack loader collects it."""


@runtime_checkable
class Subject(Protocol):
    """What a finding is about: anything with a label that stays the same from run to run, and its evidence."""

    @property
    def label(self) -> str:
        """Its name in reports, such as ``adele@contoso.com``."""

    @property
    def evidence(self) -> Evidence:
        """Where it was seen."""


class Declared:
    """What ``@check`` said, before the loader adds the family and the pack."""

    __slots__ = ("after", "applies", "covers", "empty", "id", "refs", "severity", "step", "tags")

    def __init__(
        self,
        id: str,
        severity: Severity,
        covers: Sequence[str],
        refs: Sequence[Reference],
        tags: Sequence[str],
        step: str,
        after: Sequence[str],
        empty: str,
        applies: Scope | None,
    ) -> None:
        self.id = id
        self.severity = severity
        self.covers = tuple(covers)
        self.refs = tuple(refs)
        self.tags = tuple(tags)
        self.step = step
        self.after = tuple(after)
        self.empty = empty
        self.applies = applies


def check(
    id: str,
    *,
    severity: Severity,
    covers: Sequence[str] = (),
    refs: Sequence[Reference] = (),
    tags: Sequence[str] = (),
    step: str = "",
    after: Sequence[str] = (),
    empty: str = "",
    applies: Scope | None = None,
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Mark a function as a check.

    The function's parameters ask for facts by type; its docstring is the documentation: first line = the claim, then
    a paragraph ``Why:`` and one ``Remedy:``.

    :param id: three letters of the family and three digits, such as ``CRT010``; never reused.
    :param covers: the statements of the requirements that it proves (``S31``).
    :param step: the step of the tutorial that brings the claim about.
    :param after: checks whose failure makes this one *blocked* instead of failing again.
    :param empty: why it is in order that there is no subject at all (outcome *not applicable*); without it, a check
        that saw nothing is *not assessed*.
    :param applies: reads the design (and the baseline, as a second parameter); returns why the check does not apply,
        or ``None`` where it does.
    """

    def mark(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        declared = Declared(id, severity, covers, refs, tags, step, after, empty, applies)
        setattr(function, MARK, declared)
        return function

    return mark


def require(
    subject: Subject | str,
    holds: bool,
    *,
    expected: object = None,
    actual: object = None,
    evidence: Evidence | Iterable[Evidence] | None = None,
    advice: str = "",
    severity: Severity | None = None,
) -> Finding:
    """Judge one subject.

    :param subject: a fact, or a name where there is none.
    :param holds: the verdict; where it cannot be told, yield :func:`cannot_tell` instead.
    :param expected: what it should be; data, not prose (reports phrase it).
    :param actual: what it is.
    :param evidence: where that was seen; by default the subject's own place.
    :param advice: what mends this very subject, where the check's remedy does not say it.
    :param severity: where this finding is graver or milder than the check.
    """
    if holds:
        # A passing subject is counted and named, never shown in full: no need to render its values.
        return Finding(subject=subject if isinstance(subject, str) else subject.label, outcome=Outcome.PASS)
    return Finding(
        subject=subject if isinstance(subject, str) else subject.label,
        outcome=Outcome.FAIL,
        expected=plain(expected),
        actual=plain(actual),
        evidence=_evidence(subject, evidence),
        advice=advice,
        severity=severity,
    )


def cannot_tell(
    subject: Subject | str,
    why: str,
    *,
    cure: str,
    evidence: Evidence | Iterable[Evidence] | None = None,
) -> Finding:
    """Say of one subject that its evidence is missing, why, and what brings it; the others are still judged."""
    return Finding(
        subject=subject if isinstance(subject, str) else subject.label,
        outcome=Outcome.NOT_ASSESSED,
        actual=why,
        evidence=_evidence(subject, evidence),
        advice=cure,
    )


def plain(value: object) -> Value:
    """A value as plain data: times in ISO 8601 (UTC), enumerations by value, sets in order."""
    if value is None or type(value) in _PLAIN:
        return value  # type: ignore[return-value]  # narrowed by the exact type: the hot path of 100,000 findings
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value.tzinfo else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return (
            f"{value.days} days" if abs(value) >= dt.timedelta(days=2) else f"{value.total_seconds() / 3600:.1f} hours"
        )
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset):
        return tuple(sorted((plain(item) for item in value), key=str))
    if isinstance(value, Iterable):
        items = tuple(value)
        return items if all(type(item) is str for item in items) else tuple(plain(item) for item in items)
    return str(value)


def _evidence(subject: Subject | str, given: Evidence | Iterable[Evidence] | None) -> tuple[Evidence, ...]:
    if isinstance(given, Evidence):
        return (given,)
    if given is not None:
        return tuple(given)
    return () if isinstance(subject, str) else (subject.evidence,)


def documentation(function: Callable[..., Any]) -> tuple[str, str, str]:
    """(title, why, remedy) of a check's docstring. Raises ValueError naming the part that is missing."""
    text = inspect.getdoc(function) or ""
    title, _, rest = text.partition("\n")
    if title.startswith(("Why:", "Remedy:")):
        title, rest = "", text
    parts = re.split(r"^(Why|Remedy):", rest, flags=re.MULTILINE)
    found = {parts[i]: _paragraph(parts[i + 1]) for i in range(1, len(parts) - 1, 2)}
    for name, part in {"first line": title, "Why:": found.get("Why"), "Remedy:": found.get("Remedy")}.items():
        if not (part or "").strip():
            raise ValueError(f"its docstring has no {name!r}")
    return title.strip(), found["Why"], found["Remedy"]


def _paragraph(text: str) -> str:
    """Without the indentation of its further lines; most have none, and looking is cheaper than removing."""
    return inspect.cleandoc(text) if "\n " in text else text.strip()
