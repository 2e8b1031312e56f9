"""Writing a recording: every file under a temporary name, then renamed; the manifest last."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import stat
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from comgmt_audit.design import Design
from comgmt_audit.errors import RecordingError
from comgmt_audit.recording.format import (
    FORMAT,
    MANIFEST,
    Absence,
    Answer,
    Form,
    Manifest,
    Observation,
    encode_manifest,
)
from comgmt_audit.version import __version__

_SUFFIX = {Form.JSON: "json", Form.LINES: "jsonl", Form.PEM: "pem", Form.TEXT: "txt"}
_FILE_END = re.compile(r"\.(json|jsonl|pem|txt)$")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
"""Names that Windows keeps for devices, whatever their suffix (Win32: Naming Files, Paths, and Namespaces)."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Every member of a .zip carries this time, so that the same recording is the same file."""


class RecordingWriter:
    """Collects observations into a folder, or a .zip where the name ends so.

    Used as a context manager: leaving it without an error publishes the recording in one rename; an error leaves
    nothing behind. The order in which observations come does not show in the files. Threads may write side by side.
    ``partial`` may be set until it is left; what comes after :meth:`close` is refused.
    """

    def __init__(self, target: Path, *, recorded_at: dt.datetime, design: Design, partial: str = "") -> None:
        self.target = target
        self._recorded_at = recorded_at
        self._design = design
        self.partial = partial
        self._observations: dict[str, Observation] = {}
        self._files: set[str] = {MANIFEST}
        self._folder = Path()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        if self.target.exists():
            raise RecordingError(f"{self.target} exists already.", "Name a new folder, or remove the old one first.")
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f".{self.target.name}.", dir=self.target.parent))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        try:
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def has(self, id: str) -> bool:
        """Is this written down, answer or absence?"""
        return id in self._observations

    def answers(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        """The answers that are written down, by id, whole: for what one source learns from the others."""
        with self._lock:
            found = sorted((id, one.answer.file) for id, one in self._observations.items() if one.answer)
        for id, file in found:
            if id.startswith(prefixes):
                yield id, (self._folder / file).read_bytes()

    def close(self) -> None:
        """Take nothing more: a thread that nobody waits for any longer may still want to write."""
        with self._lock:
            self._closed = True

    def json(self, id: str, document: object, **rest: Any) -> None:
        """Keep one JSON document: *id* such as ``graph/organization``; *rest* as in :meth:`keep`."""
        text = msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1)
        self.keep(id, Form.JSON, text + b"\n", **rest)

    def lines(self, id: str, items: Iterable[object], **rest: Any) -> None:
        """Keep a list, one object a line. The caller gives a stable order; memory stays flat."""
        encoder = msgspec.json.Encoder(order="sorted")
        self.stream(id, Form.LINES, (encoder.encode(item) + b"\n" for item in items), **rest)

    def text(self, id: str, text: str, **rest: Any) -> None:
        """Keep text as it came; line ends are kept."""
        self.keep(id, Form.TEXT, text.encode("utf-8", errors="replace"), **rest)

    def pem(self, id: str, blocks: Iterable[str], **rest: Any) -> None:
        """Keep certificates or CRLs, PEM blocks in the order given."""
        self.keep(id, Form.PEM, "".join(block.rstrip("\n") + "\n" for block in blocks).encode(), **rest)

    def keep(self, id: str, form: Form, content: bytes, **rest: Any) -> None:
        """Keep one answer. *rest*: ``source``, ``request``, and optionally ``at`` (UTC) and ``about``."""
        self.stream(id, form, (content,), **rest)

    def stream(self, id: str, form: Form, chunks: Iterable[bytes], **rest: Any) -> None:
        """Keep one answer that comes in pieces; nothing of it stays in memory."""
        digest = hashlib.sha256()
        size = 0
        with self._lock:
            self._still_open(id)
            name = self._file_name(id, form)
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("wb")
        with file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
        self._add(id, answer=Answer(file=name, form=form, size=size, sha256=digest.hexdigest()), **rest)

    def absent(self, id: str, absence: Absence, **rest: Any) -> None:
        """Keep why there is no answer."""
        self._add(id, absence=absence, **rest)

    def _add(
        self,
        id: str,
        *,
        source: str,
        request: str,
        at: dt.datetime | None = None,
        about: dict[str, Any] | None = None,
        answer: Answer | None = None,
        absence: Absence | None = None,
    ) -> None:
        observation = Observation(
            id=id,
            source=source,
            request=request,
            at=at or self._recorded_at,
            about=about or {},
            answer=answer,
            absence=absence,
        )
        with self._lock:
            self._still_open(id)
            if id in self._observations:
                raise ValueError(f"observation {id} was recorded twice")
            self._observations[id] = observation

    def _still_open(self, id: str) -> None:
        if self._closed:
            raise ValueError(f"observation {id} came after the recording was closed")

    def _file_name(self, id: str, form: Form) -> str:
        """A name that is legal on every system and unique without regard to case."""
        stem = _legal(id)
        name = f"{stem}.{_SUFFIX[form]}"
        number = 1
        while name in self._files:
            number += 1
            name = f"{stem}-{number}.{_SUFFIX[form]}"
        self._files.add(name)
        return name

    def _publish(self) -> None:
        kept = {observation.answer.file for observation in self._observations.values() if observation.answer}
        for torn in self._files - kept - {MANIFEST}:
            (self._folder / torn).unlink(missing_ok=True)
        manifest = Manifest(
            format=FORMAT,
            tool=__version__,
            recorded_at=self._recorded_at,
            design=msgspec.to_builtins(self._design),
            observations=tuple(self._observations[id] for id in sorted(self._observations)),
            partial=self.partial,
        )
        (self._folder / MANIFEST).write_bytes(encode_manifest(manifest))
        # Git must not convert line ends, or the checksums break on the next checkout on Windows.
        (self._folder / ".gitattributes").write_bytes(b"* -text\n")
        if self.target.suffix.lower() == ".zip":
            self._zip()
        else:
            self._folder.chmod(0o755)
            self._folder.replace(self.target)

    def _zip(self) -> None:
        packed = self._folder.with_name(self._folder.name + ".zip")
        try:
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                for path in sorted(p for p in self._folder.rglob("*") if p.is_file()):
                    info = zipfile.ZipInfo(path.relative_to(self._folder).as_posix(), _ZIP_TIME)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    info.create_system = 3  # Unix, also where it is written on Windows: the same bytes everywhere
                    info.external_attr = (stat.S_IFREG | 0o644) << 16
                    info.file_size = path.stat().st_size  # decides between ZIP and ZIP64
                    with path.open("rb") as source, archive.open(info, "w") as member:
                        shutil.copyfileobj(source, member, 1024 * 1024)
            packed.replace(self.target)
        finally:
            packed.unlink(missing_ok=True)


def _legal(id: str) -> str:
    """The id as a relative path that every system accepts: at most six short parts, none a device's name.

    A folder never ends as a file does (``a.json``), so that none can be in the other's way.
    """
    *folders, last = [re.sub(r"[^a-z0-9._+-]+", "-", part.lower()) for part in id.split("/")]
    parts = [*folders[:5], "-".join([*folders[5:], last])]
    parts = [part.lstrip("._+-")[:80].rstrip(".-") or "x" for part in parts]
    *folders, last = (f"x-{part}" if _DEVICE.match(part) else part for part in parts)
    return "/".join([*(_FILE_END.sub(r"-\1", folder) for folder in folders), last])
