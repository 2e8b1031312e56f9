"""One run of recording from files and folders alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from comgmt_audit import design as designs
from comgmt_audit.connections import Connections, Files
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources.session import Probe, Session
from tests.lab.estate import contoso
from tests.lab.names import NOW


def _session(
    writer: RecordingWriter,
    connections: Connections,
    wanted: Callable[[str], bool],
    own_logs: frozenset[str] = frozenset(),
) -> Session:
    return Session(
        design=writer_design(),
        connections=connections,
        writer=writer,
        wanted=wanted,
        progress=lambda *_: None,
        clock=lambda: NOW,
        timeout=5,
        own_logs=own_logs,
    )


def writer_design() -> designs.Design:
    """That of the lab's estate."""
    return designs.from_mapping(contoso().design, "the lab's design")


def recorded(
    folder: Path,
    source: ModuleType,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    connections: Connections | None = None,
    own_logs: frozenset[str] = frozenset(),
    **files: Any,
) -> Recording:
    """The recording that *source* makes of ``[connect.files]``."""
    with RecordingWriter(folder, recorded_at=NOW, design=writer_design()) as writer:
        run = _session(writer, connections or Connections(files=Files(**files)), wanted, own_logs)
        asyncio.run(source.record(run))
    return Recording.load(folder)


def probed(source: ModuleType, connections: Connections | None = None, **files: Any) -> list[Probe]:
    """What doctor would say."""
    writer = RecordingWriter(Path("never-written"), recorded_at=NOW, design=writer_design())
    run = _session(writer, connections or Connections(files=Files(**files)), lambda _: True)
    return list(asyncio.run(source.probe(run)))


def absences(recording: Recording) -> dict[str, tuple[str, str]]:
    """Reason and detail of what is not there, by id."""
    return {
        one.id: (one.absence.reason.value, one.absence.detail) for one in recording.manifest.observations if one.absence
    }
