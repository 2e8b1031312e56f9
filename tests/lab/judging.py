"""Judging a recording by all of our checks, and what differs between two judgements."""

from __future__ import annotations

import functools
from pathlib import Path

from comgmt_audit import baselines, packs
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.model import Check, CheckResult
from comgmt_audit.recording import Recording


@functools.cache
def _pack() -> tuple[Check, ...]:
    """Our pack, loaded once a process: checks keep nothing from one judgement to the next."""
    return packs.combine([packs.builtin()])


def results(path: Path) -> dict[str, CheckResult]:
    """Every check's result over a recording, by the baseline that its design names."""
    recording = Recording.load(path)
    try:
        environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
        evaluation = Evaluation(_pack(), environment)
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
