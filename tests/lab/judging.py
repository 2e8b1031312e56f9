"""Judging a recording by all of our checks, and what differs between two judgements."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from comgmt_audit import baselines, packs
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.log_catalogue import own
from comgmt_audit.model import Check, CheckResult, Outcome
from comgmt_audit.recording import Recording

UNREAD = "what was not read"
"""Stands for the subject of a finding that is the missing observation itself."""


class Change(NamedTuple):
    """That a check says something else of a subject than in the healthy estate; the subject is empty where none is."""

    check: str
    subject: str
    outcome: str


@functools.cache
def pack() -> tuple[Check, ...]:
    """Our pack, loaded once a process: checks keep nothing from one judgement to the next."""
    return packs.combine([packs.builtin()])


def environment(recording: Recording, *, own_lines: bool = True) -> Environment:
    """A recording to be judged, by the baseline that its design names.

    Catalogues of log lines that the design names lie in the lab's folder; without *own_lines* they did not travel.
    """
    design = recording.design
    lines = own.load(Path(__file__).parent / name for name in design.logs.catalogues) if own_lines else ()
    return Environment(recording, design, baselines.load(design.baseline), lines)


def results(path: Path, checks: Sequence[Check] = (), *, own_lines: bool = True) -> dict[str, CheckResult]:
    """Every check's result over a recording; by default of our pack."""
    recording = Recording.load(path)
    try:
        evaluation = Evaluation(checks or pack(), environment(recording, own_lines=own_lines))
        return {id: evaluation.result(id) for id in evaluation.checks}
    finally:
        recording.close()


def differences(before: dict[str, CheckResult], after: dict[str, CheckResult]) -> dict[str, str]:
    """The outcomes that changed: ``{"TEN010": "fail", "LIC040": "blocked"}``."""
    return {
        id: "blocked" if result.blocked_by else result.outcome.value
        for id, result in after.items()
        if result.outcome is not before[id].outcome
    }


def changes(
    before: dict[str, CheckResult], after: dict[str, CheckResult], absent: Container[str] = ()
) -> Iterator[Change]:
    """Every (check, subject, outcome) that was found, and every outcome that changed without a finding.

    The healthy estates pass without findings, so a finding is a change. *absent* are the ids of the observations that
    the estate takes away: as a subject, each is ``UNREAD``.
    """
    changed = differences(before, after)
    for id, result in after.items():
        for found in result.findings:
            unread = found.outcome is Outcome.NOT_ASSESSED and found.subject in absent
            yield Change(id, UNREAD if unread else found.subject, found.outcome.value)
        if id in changed and not result.findings:
            yield Change(id, "", changed[id])
