"""For every test: how an estate is judged, hypothesis without deadlines (the machine may be busy), pytest's test bench.

A check is tested by changing one thing in healthy Contoso, and comparing every outcome that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from comgmt_audit.model import CheckResult
from tests import reading
from tests.lab import judging
from tests.lab.estate import Estate, contoso, contoso_2018, record

pytest_plugins = ["pytester"]

settings.register_profile(
    "comgmt", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("comgmt")

reading.install()


@pytest.fixture(autouse=True)
def nothing_but_reads() -> Iterator[None]:
    """What the product sent to anybody was a read, in every test."""
    yield
    found = reading.violations.copy()
    reading.violations.clear()
    assert not found


Judge = Callable[[Estate], dict[str, CheckResult]]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Every check's result over an estate."""
    counter = iter(range(1000))
    return lambda estate: judging.results(record(estate, tmp_path / f"recording-{next(counter)}"))


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, CheckResult]]:
    """The results of both healthy estates, by the name of their baseline."""
    folder = tmp_path_factory.mktemp("healthy")
    estates = {"current": contoso(), "tutorial-2018": contoso_2018()}
    return {name: judging.results(record(estate, folder / name)) for name, estate in estates.items()}


@pytest.fixture
def changed(judge: Judge, healthy: dict[str, dict[str, CheckResult]]) -> Callable[[Estate], dict[str, str]]:
    """The outcomes that differ from the healthy estate of the same baseline: ``{"TEN010": "fail"}``.

    Both a missing and an unexpected change fail a comparison with ``==``.
    """
    return lambda estate: judging.differences(healthy[estate.design["baseline"]], judge(estate))
