"""One run of a source that asks the addresses which recorded certificates name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec

from comgmt_audit import design as designs
from comgmt_audit.connections import Connections, Web
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources.session import Session
from tests.lab.estate import Estate, record
from tests.lab.names import NOW

Wanted = Callable[[str], bool]


def run(
    source: ModuleType,
    writer: RecordingWriter,
    addresses: dict[str, str],
    vantage: str = "inside",
    wanted: Wanted = lambda _: True,
) -> None:
    """Ask from *vantage*; *addresses* lead to the lab's servers."""
    session = Session(
        design=designs.Design(),
        connections=Connections(web=msgspec.convert({"vantage": vantage, "addresses": addresses}, Web)),
        writer=writer,
        wanted=wanted,
        progress=lambda *_: None,
        clock=lambda: NOW,
        timeout=5,
    )
    asyncio.run(source.record(session))


def recorded(
    source: ModuleType,
    estate: Estate,
    folder: Path,
    addresses: dict[str, str],
    vantage: str = "inside",
    wanted: Wanted = lambda _: True,
) -> Recording:
    """The estate's recording in which *source* is read live."""
    design = designs.from_mapping(estate.design, "the lab's design")
    with (
        contextlib.closing(Recording.load(record(estate, folder / "lab"))) as lab,
        RecordingWriter(folder / "live", recorded_at=NOW, design=design) as writer,
    ):
        for id in [id for id in lab.ids("") if not id.startswith(f"{source.NAME}/")]:
            one = lab.observation(id)
            if one.answer:
                rest = {"source": one.source, "request": one.request, "about": one.about}
                writer.stream(id, one.answer.form, lab.chunks(id), **rest)
        run(source, writer, addresses, vantage, wanted)
    return Recording.load(folder / "live")
