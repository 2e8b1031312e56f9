"""How a check is tested: change one thing in healthy Contoso, and compare every outcome that changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from comgmt_audit import baselines, packs
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.model import CheckResult
from comgmt_audit.recording import Recording
from tests.lab.estate import Estate, contoso, contoso_2018, record

Judge = Callable[[Estate], dict[str, CheckResult]]


def _judge(estate: Estate, folder: Path) -> dict[str, CheckResult]:
    recording = Recording.load(record(estate, folder))
    try:
        environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
        evaluation = Evaluation(packs.combine([packs.builtin()]), environment)
        return {id: evaluation.result(id) for id in evaluation.checks}
    finally:
        recording.close()


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Every check's result over an estate."""
    counter = iter(range(1000))
    return lambda estate: _judge(estate, tmp_path / f"recording-{next(counter)}")


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, CheckResult]]:
    """The results of both healthy estates, by the name of their baseline."""
    folder = tmp_path_factory.mktemp("healthy")
    return {
        "current": _judge(contoso(), folder / "current"),
        "tutorial-2018": _judge(contoso_2018(), folder / "tutorial-2018"),
    }


@pytest.fixture
def changed(judge: Judge, healthy: dict[str, dict[str, CheckResult]]) -> Callable[[Estate], dict[str, str]]:
    """The outcomes that differ from the healthy estate of the same baseline: ``{"TEN010": "fail"}``.

    Both a missing and an unexpected change fail a comparison with ``==``.
    """

    def difference(estate: Estate) -> dict[str, str]:
        before = healthy[estate.design["baseline"]]
        return {
            id: ("blocked" if result.blocked_by else result.outcome.value)
            for id, result in judge(estate).items()
            if result.outcome is not before[id].outcome
        }

    return difference
