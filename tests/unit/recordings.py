"""Small recordings for tests of the format: what is in them does not matter, only whether it comes back."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from comgmt_audit.design import Design
from comgmt_audit.recording import Absence, Reason, RecordingWriter
from comgmt_audit.recording.format import MANIFEST, seal

TIME = dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC)


def write(target: Path) -> Path:
    """A recording with one answer of each form, and one absence of each reason."""
    with RecordingWriter(target, recorded_at=TIME, design=Design(name="Small")) as writer:
        fill(writer)
    return target


def fill(writer: RecordingWriter) -> None:
    rest = {"source": "graph", "request": "GET /v1.0/x"}
    writer.json("graph/x", {"b": 1, "a": [None, "ä"]}, about={"page": 1}, **rest)
    writer.lines("graph/users", [{"n": 1}, {"n": 2}], **rest)
    writer.text("host/cm01/log", "one\r\ntwo\n", **rest)
    writer.pem("file/root", ["-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"], **rest)
    for reason in Reason:
        writer.absent(f"arm/{reason.value}", Absence(reason=reason, detail=f"it was {reason.value}"), **rest)


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None], *, sealed: bool = True) -> Path:
    """The recording with another manifest; sealed anew, as an attacker would."""
    path = folder / MANIFEST
    content = msgspec.json.decode(path.read_bytes())
    change(content)
    if sealed:
        content["seal"] = seal(msgspec.json.encode(content))
    path.write_bytes(msgspec.json.encode(content))
    return folder


def pack(folder: Path, target: Path, *, prefix: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The folder as a .zip, as somebody's tool makes it."""
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, prefix + path.relative_to(folder).as_posix())
    return target


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
