"""What a check says when it fails: made by running it on a defect of the lab, never written by hand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from msgspec import Struct

from comgmt_audit.engine import Evaluation, notes
from comgmt_audit.model import CheckResult, ObservationNote
from comgmt_audit.recording import Recording
from tests.lab import coverage, judging
from tests.lab.defects.defect import Defect
from tests.lab.estate import record


class Example(Struct, frozen=True):
    """A defect, what the check says of it, and what its evidence was read from."""

    defect: Defect
    result: CheckResult
    observations: dict[str, ObservationNote]


def of(check: str) -> Example:
    """An example for the check: the plainest defect, which changes the fewest other outcomes."""
    defect = min(coverage.proving(check), key=lambda defect: len(defect.outcomes))
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording.load(record(defect.estate(), Path(folder) / "recording"))
        try:
            environment = judging.environment(recording)
            result = Evaluation(judging.pack(), environment).result(check)
            return Example(defect, result, notes(environment))
        finally:
            recording.close()
