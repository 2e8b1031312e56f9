"""Reading one fact of an estate, without any check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import baselines
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Recording
from tests.lab.estate import Estate, record


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Estate, type], Any]:
    """The fact of that type, as it is read from the estate's recording; raises what reading raises."""
    counter = iter(range(1000))

    def fact(estate: Estate, type: type) -> Any:
        recording = Recording.load(record(estate, tmp_path / f"recording-{next(counter)}"))
        try:
            return Environment(recording, recording.design, baselines.load(recording.design.baseline)).fact(type)
        finally:
            recording.close()

    return fact
