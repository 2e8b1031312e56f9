"""Lines of Configuration Manager logs whose meaning is known, as data: one TOML file a log.

A file ``<log>.toml`` is named like the log without its extension, in lower case; one that begins with ``_`` is no log,
but a family of lines that several logs share. Entries are tried in order, the file's own first, and the first that
matches a record decides: what looks like a failure and is none stands before the failure that it resembles.
"""

from __future__ import annotations

import functools
import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from comgmt_audit.model import Severity

_HERE = Path(__file__).parent


class Kind(StrEnum):
    """What a line says of its log's subject."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"
    """Under way, or waiting: neither good nor bad."""
    NOISE = "noise"
    """Known, and without weight: progress, or an error that Microsoft says to ignore."""


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line whose meaning is known."""

    id: str
    kind: Kind
    pattern: Annotated[str, Meta(description="Regular expression, searched in the message without regard to case.")]
    literals: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="For the quick search, lower-case: one of them is in every such line, at the start of a word.",
        ),
    ]
    meaning: str
    example: Annotated[str, Meta(description="A message that the pattern matches.")]
    source: Annotated[str, Meta(description="Where the line is documented, or was seen.")]
    cause: str = ""
    remedy: str = ""
    severity: Severity = Severity.MEDIUM
    feeds: Annotated[tuple[str, ...], Meta(description="The checks that rest on it.")] = ()
    excused_by: Annotated[
        str, Meta(description="The id of a noise entry that, written just before, makes this line noise as well.")
    ] = ""

    def search(self, message: str) -> str | None:
        """The part of a message that matches, or ``None``. One writer breaks long messages in mid-word."""
        joined = message.replace("\r", "").replace("\n", "")
        for text in (message, joined) if len(joined) < len(message) else (message,):
            # Most patterns are never needed: the quick words spare compiling them.
            lower = text.lower()
            if self.literals and not any(literal in lower for literal in self.literals):
                continue
            if found := _compiled(self.pattern).search(text):
                return found[0]
        return None


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One log: where it lies, and its known lines in the order in which they are tried."""

    title: str
    where: str
    folder: str
    component: str = ""
    levels: Annotated[
        tuple[str, ...], Meta(description="Registry values of its computer that hold its logging level.")
    ] = ()
    includes: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


def names() -> tuple[str, ...]:
    """The logs with known lines, such as ``cloudmgr``."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml") if not path.stem.startswith("_")))


@functools.cache
def log(name: str) -> Log:
    """The known lines of a log of :func:`names`, those of its families included."""
    return _read(name, ())


@functools.cache
def of_families() -> frozenset[str]:
    """The ids of the lines that families have."""
    return frozenset(entry.id for path in _HERE.glob("_*.toml") for entry in _read(path.stem, ()).entries)


def _read(name: str, path: tuple[str, ...]) -> Log:
    raw = tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))
    own = msgspec.convert(raw, Log)
    if name in path:
        raise ValueError(f"the log catalogue includes {name} in itself")
    included = [entry for other in own.includes for entry in _read(other, (*path, name)).entries]
    once = {entry.id: entry for entry in (*own.entries, *included)}  # a family may come by two ways
    return msgspec.structs.replace(own, entries=tuple(once.values()))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
