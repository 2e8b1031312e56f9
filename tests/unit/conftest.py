"""Reading one fact of an estate, without any check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import baselines
from comgmt_audit.design import Design
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab.estate import Estate, record
from tests.lab.names import NOW


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


@pytest.fixture
def observed(tmp_path: Path) -> Callable[..., Environment]:
    """An environment of which nothing was seen but these observations: a list of rows, or one JSON document, by id."""
    counter = iter(range(1000))

    def environment(observations: dict[str, Any], about: dict[str, Any] | None = None) -> Environment:
        target = tmp_path / f"observed-{next(counter)}"
        with RecordingWriter(target, recorded_at=NOW, design=Design()) as writer:
            for id, answer in observations.items():
                write = writer.lines if isinstance(answer, list) else writer.json
                write(id, answer, source=id.partition("/")[0], request=f"GET {id}", about=about or {})
        return Environment(Recording.load(target), Design(), baselines.load("current"))

    return environment
