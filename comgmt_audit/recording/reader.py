"""Reading a recording: a folder or a .zip, verified against its manifest before anything is believed."""

from __future__ import annotations

import codecs
import collections
import contextlib
import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol, TypeVar

import msgspec

from comgmt_audit import design
from comgmt_audit.errors import NotRecorded, RecordingError, Refused, Unreachable, Unreadable
from comgmt_audit.recording.format import (
    FILE_NAME,
    FORMAT,
    MANIFEST,
    MAX_DOCUMENT,
    MAX_LINE,
    MAX_MANIFEST,
    MAX_RATIO,
    MAX_TOTAL,
    Answer,
    Form,
    Manifest,
    Observation,
    Reason,
    seal,
)
from comgmt_audit.recording.needed import reach_cure, refusal_cure

T = TypeVar("T")
_CHUNK = 1024 * 1024
_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)
"""What the standard library raises for a file that cannot be read; ValueError: member names that are not text."""


class Store(Protocol):
    """Where the files of a recording lie."""

    name: str

    def open(self, file: str) -> IO[bytes]:
        """The file's bytes. Raises FileNotFoundError, or RecordingError for what must not be opened."""

    def close(self) -> None:
        """Let go of the recording."""


class FolderStore:
    """A recording as a folder. Links are refused: they could lead out of it."""

    def __init__(self, folder: Path) -> None:
        self.name = _printable(folder)
        self._folder = folder

    def open(self, file: str) -> IO[bytes]:
        """The file's bytes."""
        path = self._folder
        for part in file.split("/"):
            path = path / part
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise RecordingError(f"{path}: is a symbolic link; a recording has plain files only.")
        if not stat.S_ISREG(mode):
            raise RecordingError(f"{path}: is not a plain file.")
        return path.open("rb")

    def close(self) -> None:
        """Nothing is held open."""


class ZipStore:
    """A recording as a .zip; one folder around it (as Explorer makes) is allowed."""

    def __init__(self, path: Path) -> None:
        self.name = _printable(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except PermissionError:
            raise
        except (*_BROKEN, struct.error) as error:
            raise RecordingError(f"{self.name}: is not a .zip archive, or it is cut off ({error}).") from None
        names = [member.filename for member in self._zip.infolist()]
        self._prefix = ""
        if MANIFEST not in names:
            inner = [name for name in names if name.count("/") == 1 and name.endswith("/" + MANIFEST)]
            self._prefix = inner[0].removesuffix(MANIFEST) if len(inner) == 1 else ""
        twice = [name for name, count in collections.Counter(names).items() if count > 1]
        if twice:
            self._zip.close()
            raise RecordingError(f"{self.name}: holds {min(twice)!r} twice; one of them is not what was recorded.")

    def open(self, file: str) -> IO[bytes]:
        """The member's bytes."""
        try:
            info = self._zip.getinfo(self._prefix + file)
        except KeyError:
            raise FileNotFoundError(file) from None
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RecordingError(f"{self.name}: {file} is a symbolic link; a recording has plain files only.")
        if info.file_size > _CHUNK and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise RecordingError(
                f"{self.name}: {file} would grow from {info.compress_size} to {info.file_size} bytes:"
                " a ZIP bomb, refused."
            )
        if info.flag_bits & 1:
            raise RecordingError(f"{self.name}: {file} is encrypted.", "Unpack the archive, then name the folder.")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            # LZMA lets the archive name how much memory it takes; we write Deflate only.
            raise RecordingError(
                f"{self.name}: {file} is packed by another method than Deflate.",
                "Unpack the archive, then name the folder.",
            )
        try:
            return self._zip.open(info)
        except (*_BROKEN, struct.error) as error:
            raise RecordingError(f"{self.name}: {file} cannot be unpacked ({error}).") from None

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


class Recording:
    """A verified recording. Facts read it by observation id; a missing or refused answer is raised, never guessed."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store = store
        self.manifest = manifest
        self.name = store.name
        self.design = design.from_mapping(manifest.design, f"{store.name}: {MANIFEST}")
        self._observations = {observation.id: observation for observation in manifest.observations}
        if len(self._observations) < len(manifest.observations):
            raise RecordingError(f"{store.name}: {MANIFEST} lists an observation twice.")

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Open and verify *path*, a folder or .zip. Raises RecordingError naming the file and what to do."""
        store = _store(path)
        try:
            recording = cls(store, _manifest(store))
            recording._verify()
        except BaseException:
            store.close()
            raise
        return recording

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()

    def has(self, id: str) -> bool:
        """Was this asked, whatever became of it?"""
        return id in self._observations

    def ids(self, prefix: str) -> list[str]:
        """The observations whose id begins so, sorted."""
        return sorted(id for id in self._observations if id.startswith(prefix))

    def observation(self, id: str) -> Observation:
        """What was asked and what became of it. Raises NotRecorded."""
        try:
            return self._observations[id]
        except KeyError:
            source = id.partition("/")[0]
            raise NotRecorded(
                f"the recording has no observation {id!r}",
                f"Record the environment again with the source {source!r} included.",
                id,
            ) from None

    def answered(self, id: str) -> Observation:
        """The observation, if the source answered. Raises NotRecorded, Refused, Unreachable or Unreadable."""
        observation = self.observation(id)
        absence = observation.absence
        if absence is None:
            return observation
        why = f"{observation.request}: {absence.detail}"
        if absence.reason is Reason.REFUSED:
            raise Refused(why, absence.cure or refusal_cure(id), id)
        if absence.reason is Reason.UNREACHABLE:
            raise Unreachable(why, absence.cure or reach_cure(id), id)
        if absence.reason is Reason.UNREADABLE:
            raise Unreadable(why, absence.cure or "Look at the source's answer, then record again.", id)
        raise Unreadable(why, absence.cure or "See whether comgmt.toml names the right one. Then record again.", id)

    def is_absent(self, id: str) -> bool:
        """Did the source say that there is no such thing? (Not asked, refused or unreachable is not that.)"""
        absence = self.observation(id).absence
        return absence is not None and absence.reason is Reason.ABSENT

    def json(self, id: str, type: type[T]) -> T:
        """One JSON document, decoded strictly as *type*. Raises what :meth:`answered` raises."""
        observation = self.answered(id)
        try:
            return msgspec.json.decode(self._bytes(observation, Form.JSON), type=type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(observation, str(error)) from None

    def lines(self, id: str, type: type[T]) -> Iterator[tuple[int, T]]:
        """A list, object by object, with line numbers from 1. Memory is flat; cost is linear."""
        observation = self.answered(id)
        decoder = msgspec.json.Decoder(type)
        with self._open(observation, Form.LINES) as file:
            for number, line in enumerate(_lines(file, observation), 1):
                try:
                    item = decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise _unreadable(observation, f"line {number}: {error}") from None
                yield number, item

    def text(self, id: str) -> str:
        """A text answer, whole."""
        return self._bytes(self.answered(id), Form.TEXT).decode("utf-8", errors="replace")

    def text_lines(self, id: str) -> Iterator[str]:
        """A text answer line by line, with line ends; memory is flat."""
        observation = self.answered(id)
        with self._open(observation, Form.TEXT) as file:
            for line in _lines(file, observation):
                yield line.decode("utf-8", errors="replace")

    def text_blocks(self, id: str, size: int = 256 * 1024) -> Iterator[str]:
        """A text answer in pieces of about *size* bytes, cut anywhere; memory is flat whatever its lines are."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        with self._open(self.answered(id), Form.TEXT) as file:
            while chunk := file.read(size):
                yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)

    def chunks(self, id: str) -> Iterator[bytes]:
        """An answer of whatever form, byte for byte, in pieces."""
        observation = self.answered(id)
        answer = observation.answer
        if answer is not None:
            with self._store.open(answer.file) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk

    def pem(self, id: str) -> bytes:
        """PEM blocks, as they were recorded."""
        return self._bytes(self.answered(id), Form.PEM)

    def _bytes(self, observation: Observation, form: Form) -> bytes:
        answer = observation.answer
        if answer is not None and answer.size > MAX_DOCUMENT:
            raise _unreadable(
                observation, f"{answer.size} bytes are more than the {MAX_DOCUMENT} that are read at once"
            )
        with self._open(observation, form) as file:
            return file.read()

    def _open(self, observation: Observation, form: Form) -> IO[bytes]:
        answer = observation.answer
        if answer is None:
            raise _unreadable(observation, "there is neither an answer nor a reason why not")
        if answer.form is not form:
            raise _unreadable(observation, f"it was recorded as {answer.form.value}, and {form.value} was expected")
        return self._store.open(answer.file)

    def _verify(self) -> None:
        answers = [observation.answer for observation in self.manifest.observations if observation.answer]
        total = sum(answer.size for answer in answers)
        if total > MAX_TOTAL:
            raise RecordingError(f"{self.name}: says it holds {total} bytes; more than {MAX_TOTAL} are refused.")
        seen: set[str] = set()
        for answer in answers:
            if not FILE_NAME.fullmatch(answer.file) or answer.size < 0:
                raise RecordingError(f"{self.name}: the manifest names a file {answer.file!r}, which no recording has.")
            if answer.file in seen:
                raise RecordingError(f"{self.name}: the manifest names {answer.file} twice.")
            seen.add(answer.file)
            _verify_file(self._store, answer)


def _store(path: Path) -> Store:
    try:
        if path.is_dir():
            return FolderStore(path)
        if path.is_file():
            return ZipStore(path)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}.") from None
    raise RecordingError(f"{path}: no such file or folder.", "Name a recording (folder or .zip) or a comgmt.toml.")


def _manifest(store: Store) -> Manifest:
    try:
        with store.open(MANIFEST) as file:
            raw = file.read(MAX_MANIFEST + 1)
    except FileNotFoundError:
        raise RecordingError(
            f"{store.name}: is not a recording: it has no {MANIFEST}.",
            "Name the folder (or .zip) that `comgmt-audit record` wrote.",
        ) from None
    except _BROKEN as error:
        raise RecordingError(f"{store.name}: {MANIFEST} cannot be read ({error}).") from None
    if len(raw) > MAX_MANIFEST:
        raise RecordingError(f"{store.name}: {MANIFEST} is larger than {MAX_MANIFEST} bytes: refused.")
    try:
        number = msgspec.json.decode(raw, type=_FormatOnly).format
        if number < 1:
            raise RecordingError(f"{store.name}: says that it is a recording of format {number}; there is none.")
        if number > FORMAT:
            raise RecordingError(
                f"{store.name}: is a recording of format {number}; this version reads format {FORMAT}.",
                "Judge it with the version of comgmt-audit that wrote it, or a later one.",
            )
        manifest = msgspec.json.decode(raw, type=Manifest)
        expected = seal(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(
            f"{store.name}: {MANIFEST} is not that of a recording: {error}.",
            "The file is cut off, was edited by hand, or belongs to something else.",
        ) from None
    if expected != manifest.seal:
        raise RecordingError(
            f"{store.name}: {MANIFEST} was altered after the recording was made.",
            "To judge it with another design, leave it as it is and name a comgmt.toml with `recording = ...`.",
        )
    return manifest


class _FormatOnly(msgspec.Struct):
    format: int


def _verify_file(store: Store, answer: Answer) -> None:
    digest = hashlib.sha256()
    size = 0
    try:
        with store.open(answer.file) as file:
            while chunk := file.read(min(_CHUNK, answer.size - size + 1)):
                size += len(chunk)
                digest.update(chunk)
                if size > answer.size:
                    break
    except FileNotFoundError:
        raise RecordingError(f"{store.name}: {answer.file} is missing.", "Copy the whole recording.") from None
    except _BROKEN as error:
        raise RecordingError(f"{store.name}: {answer.file} cannot be read ({error}).") from None
    if size == answer.size and digest.hexdigest() == answer.sha256:
        return
    hint = "Record again, or take an unaltered copy."
    if _differs_by_line_ends(store, answer):
        hint = "Only the line ends differ: git converted them. Check it out again with `core.autocrlf` off."
    raise RecordingError(
        f"{store.name}: {answer.file} was cut off or altered: {size} bytes read, {answer.size} recorded.",
        hint,
    )


def _differs_by_line_ends(store: Store, answer: Answer) -> bool:
    if answer.size > MAX_DOCUMENT:
        return False
    with contextlib.suppress(*_BROKEN), store.open(answer.file) as file:
        content = file.read(2 * answer.size + 1).replace(b"\r\n", b"\n")
        return hashlib.sha256(content).hexdigest() == answer.sha256
    return False


def _lines(file: IO[bytes], observation: Observation) -> Iterator[bytes]:
    """The lines of a file with their ends, none longer than a document may be, however many there are."""
    rest = b""
    while chunk := file.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > MAX_LINE:
            raise _unreadable(observation, f"a line is longer than {MAX_LINE} bytes")
    if rest:
        yield rest


def _printable(path: Path) -> str:
    """The path as text that every report can write, also where the file system's bytes are not UTF-8."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def _unreadable(observation: Observation, what: str) -> Unreadable:
    return Unreadable(
        f"{observation.request}: the answer cannot be read: {what}",
        "Look at the recorded answer; if the source really says so, please report it as a defect of comgmt-audit.",
        observation.id,
    )
