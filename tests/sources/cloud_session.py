"""One run of recording against the lab's cloud, and what the checks make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from comgmt_audit import baselines, packs
from comgmt_audit import design as designs
from comgmt_audit.connections import Cloud, Connections
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Observation, Recording, RecordingWriter
from comgmt_audit.sources import arm, graph, sign_in
from comgmt_audit.sources.session import Probe, Session
from tests.lab.estate import RECORDERS
from tests.lab.names import NOW
from tests.lab.servers.cloud import Address


def everything(_: str) -> bool:
    """Every observation is wanted."""
    return True


def only(*ids: str) -> Callable[[str], bool]:
    """Nothing else is wanted."""
    return ids.__contains__


class _Rest:
    """A writer for all that is not of the cloud."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> Callable[..., None]:
        def keep(id: str, *rest: Any, **more: Any) -> None:
            if not id.startswith(("graph/", "arm/")):
                getattr(self._writer, name)(id, *rest, **more)

        return keep


def session(
    at: Address,
    writer: RecordingWriter,
    *,
    wanted: Callable[[str], bool] = everything,
    progress: Callable[[str, str, int], None] = lambda *_: None,
    **design: Any,
) -> Session:
    """What the sources are given; *design* replaces keys of the estate's ``rollout``."""
    declared = at.estate.design | {"rollout": at.estate.design["rollout"] | design}
    cloud = Cloud(graph_root=at.graph_root, arm_root=at.arm_root, ca_file=str(at.ca_file))
    return Session(
        design=designs.from_mapping(declared, "the test's design"),
        connections=Connections(cloud=cloud),
        writer=writer,
        wanted=wanted,
        progress=progress,
        clock=lambda: NOW,
    )


class Runs:
    """Records from a lab's cloud with the tokens of its address."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch
        self._number = 0

    def sign_in(self, at: Address) -> None:
        """From now on, azure-identity's place is the lab's."""
        sign_in.sign_in.cache_clear()
        self._patch.setattr(sign_in, "credential", lambda *_: at.credential())

    def __call__(self, at: Address, *sources: ModuleType, **more: Any) -> Path:
        """A recording of the cloud, and of the rest as the estate has it."""
        self.sign_in(at)
        self._number += 1
        path = self._folder / f"recording-{self._number}"
        design = designs.from_mapping(at.estate.design, "the lab's design")
        with RecordingWriter(path, recorded_at=NOW, design=design) as writer:
            run = session(at, writer, **more)
            asyncio.run(_all(run, sources or (graph, arm)))
            rest = cast("RecordingWriter", _Rest(writer))
            for recorder in RECORDERS:
                recorder(at.estate, rest)
        return path

    def probe(self, at: Address, source: ModuleType, **more: Any) -> Probe:
        """What doctor would say."""
        self.sign_in(at)
        design = designs.from_mapping(at.estate.design, "the lab's design")
        writer = RecordingWriter(self._folder / "probe", recorded_at=NOW, design=design)
        (found,) = asyncio.run(source.probe(session(at, writer, **more)))
        assert isinstance(found, Probe)
        return found


async def _all(run: Session, sources: tuple[ModuleType, ...]) -> None:
    await asyncio.gather(*(source.record(run) for source in sources))


def observations(path: Path) -> dict[str, Observation]:
    """What was asked of the cloud, by id; without the time there, which is another one each time."""
    recording = Recording.load(path)
    found = {one.id: one for one in recording.manifest.observations if one.id.startswith(("graph/", "arm/"))}
    found.pop("graph/clock", None)
    recording.close()
    return found


def absences(path: Path) -> dict[str, str]:
    """Why what was not answered was not: reason and detail by id."""
    return {
        id: f"{one.absence.reason.value}: {one.absence.detail}" for id, one in observations(path).items() if one.absence
    }


def outcomes(path: Path) -> dict[str, str]:
    """Every check's outcome."""
    recording = Recording.load(path)
    environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
    evaluation = Evaluation(packs.combine([packs.builtin()]), environment)
    found = {id: evaluation.result(id) for id in evaluation.checks}
    recording.close()
    return {id: "blocked" if one.blocked_by else one.outcome.value for id, one in found.items()}


def changed(path: Path, healthy: Path) -> dict[str, str]:
    """The outcomes that are not those of the healthy recording."""
    before = outcomes(healthy)
    return {id: outcome for id, outcome in outcomes(path).items() if outcome != before[id]}
