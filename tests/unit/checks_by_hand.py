"""Checks, facts and environments made by hand: the engine needs no pack to be tested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from comgmt_audit import Family, Severity, Stage, baselines
from comgmt_audit.design import Design
from comgmt_audit.facts import Environment
from comgmt_audit.model import Check
from comgmt_audit.recording import Recording
from tests.unit.recordings import write


def environment(folder: Path, **design: Any) -> Environment:
    return Environment(Recording.load(write(folder)), Design(**design), baselines.load("current"))


def a_check(id: str, function: Callable[..., Any], **rest: Any) -> Check:
    stage = rest.pop("stage", Stage.TENANT)
    return Check(
        **{
            "id": id,
            "title": f"{id} holds.",
            "why": "because",
            "remedy": "mend it",
            "family": Family(code=id[:3], title=id[:3].title(), stage=stage),
            "severity": Severity.HIGH,
            "function": function,
            "name": function.__name__,
            "pack": "by hand",
            **rest,
        }
    )


def a_fact(read: Callable[[Environment], Any]) -> Any:
    """A type of fact whose ``read`` does that; ``reads`` counts how often it was asked."""

    class Fact:
        needs: ClassVar[tuple[str, ...]] = ()
        reads = 0

        @classmethod
        def read(cls, environment: Environment) -> Any:
            cls.reads += 1
            return read(environment)

    return Fact
