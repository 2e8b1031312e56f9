"""Files with private keys (.pfx, .p12) on Windows computers, by the collect script: names and hashes, no content."""

from __future__ import annotations

from typing import Self

from msgspec import Struct, field

from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.hosts import Hosts, collected, host_of
from comgmt_audit.model import Evidence


class _RawFile(Struct, frozen=True):
    path: str
    sha256: str | None = None


class _RawFiles(Struct, frozen=True):
    drives: tuple[str, ...]
    files: tuple[_RawFile, ...] = field(default=())
    unread: tuple[str, ...] = field(default=())


class KeyFiles(Struct, frozen=True, kw_only=True):
    """The files of one computer in the roots of its fixed ``drives`` and in the folders directly there.

    ``hashes`` holds SHA-256 in lower-case hex by path in lower case; ``None`` where the file could not be read.
    ``unread`` are folders that could not be looked into. No path ends in a backslash.
    """

    host: str
    drives: tuple[str, ...]
    hashes: dict[str, str | None]
    unread: frozenset[str]
    evidence: Evidence

    def folders(self, sha256: str) -> tuple[str, ...]:
        """Where that very file lies."""
        return tuple(path.rpartition("\\")[0] for path, found in self.hashes.items() if found == sha256.lower())

    def unknown(self, folder: str, name: str) -> str:
        """Why it is not known whether *folder* holds a file; empty: it is known."""
        wanted = _plain(folder)
        parent, separator, _ = wanted.rpartition("\\")
        if wanted not in self.drives and not (separator and parent in self.drives):
            return f"the collect script does not look into {folder} of {self.host}"
        if wanted in self.unread:
            return f"the collect script may not look into {folder} of {self.host}"
        if self.hashes.get(f"{wanted}\\{name.lower()}", "") is None:
            return f"{name} in {folder} of {self.host} could not be read"
        return ""


class HostKeyFiles(Hosts, frozen=True):
    """The files with private keys on the computers whose evidence was collected."""

    def of(self, host: str) -> KeyFiles:
        """Those of one computer. Raises FactUnavailable."""
        files: KeyFiles = self._of(host, "list of files with private keys")
        return files

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """What the collector wrote."""
        return cls(collected(environment, "key-files", _files))


def _files(environment: Environment, id: str) -> KeyFiles:
    raw = environment.recording.json(id, _RawFiles)
    return KeyFiles(
        host=host_of(id),
        drives=tuple(map(_plain, raw.drives)),
        hashes={_plain(one.path): one.sha256.lower() if one.sha256 else None for one in raw.files},
        unread=frozenset(map(_plain, raw.unread)),
        evidence=Evidence(id),
    )


def _plain(path: str) -> str:
    return path.replace("/", "\\").rstrip("\\").lower()
