"""Log lines of your own: the files that ``[logs] catalogues`` of comgmt.toml names (``docs/log-lines.md``).

Their expressions are not ours, and the logs that they search are nobody's: RE2 looks for them, whose time grows with
the length of the line and with nothing else, whatever the expression says.
"""

from __future__ import annotations

import functools
import importlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from comgmt_audit import log_catalogue, plain_file, tables
from comgmt_audit.errors import DesignError
from comgmt_audit.log_catalogue import Entry, Kind
from comgmt_audit.model import Severity

MAX_SIZE = 1024 * 1024
"""Bytes of one file."""
MAX_LINES = 500
"""Lines of all files; each is tried on each record of its log."""
MAX_PATTERN = 1000
"""Characters of an expression."""

_MEMORY = 64 * 1024 * 1024
"""Bytes that RE2 may take for an expression, or for all of a log together."""

_MUST = ("log", "id", "kind", "pattern", "meaning", "example")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LOG = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_@ .-]*")
_TABLE = re.compile(r"^[ \t]*\[\[[ \t]*entries[ \t]*\]\]", re.MULTILINE)


class OwnEntry(Entry, frozen=True, kw_only=True):
    """A line of the user's; ``log`` is the log's name without its extension, in lower case."""

    literals: tuple[str, ...] = ()
    source: str = ""
    log: str

    def search(self, message: str) -> str | None:
        """The part of a message that matches, or ``None``; in time that grows with the message alone."""
        for text in _readings(message):
            if found := _compiled(self.pattern).search(text):
                return str(found[0])
        return None


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry as it is written; what it must have is checked by hand, in the user's words."""

    log: str = ""
    id: str = ""
    kind: Literal["success", "failure", "pending", "noise"] = "noise"
    pattern: str = ""
    meaning: str = ""
    example: str = ""
    cause: str = ""
    remedy: str = ""
    severity: Literal["critical", "high", "medium", "low", "advice"] = "medium"


def load(paths: Iterable[Path]) -> tuple[OwnEntry, ...]:
    """The entries of all files, in their order. Raises DesignError: file, line, entry, what is wrong and what helps."""
    found: dict[str, tuple[OwnEntry, str]] = {}
    for path in paths:
        for where, raw in _entries(path):
            entry = _entry(raw, where)
            if entry.id in found:
                raise DesignError(f"{where}: the id {entry.id!r} is that of {found[entry.id][1]}.", "Choose another.")
            found[entry.id] = entry, where
    if len(found) > MAX_LINES:
        raise DesignError(f"{len(found)} log lines are named, and {MAX_LINES} is the limit.", "Leave some out.")
    return tuple(entry for entry, _ in found.values())


def likely(entries: Sequence[OwnEntry]) -> Callable[[str], bool]:
    """Whether any of the entries may be in a message: one search for all, most messages having none."""
    every = "|".join(f"(?:{entry.pattern})" for entry in entries)
    if _error(every):  # together they are too many for RE2
        return lambda _: True
    return lambda message: any(_compiled(every).search(text) for text in _readings(message))


def _readings(message: str) -> tuple[str, ...]:
    """A message as it is, and put together: one writer breaks long ones in mid-word."""
    joined = message.replace("\r", "").replace("\n", "")
    return (message, joined) if len(joined) < len(message) else (message,)


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    """Each table as it is written, and how it is called in errors."""
    try:
        with plain_file.opened(path) as file:
            data = file.read(MAX_SIZE + 1)
        text = data.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except OSError as error:
        cure = "Correct the name: it is relative to comgmt.toml."
        raise DesignError(f"{path}: cannot be read: {error.strerror}.", cure) from None
    except UnicodeDecodeError as error:
        raise DesignError(f"{path}: is not UTF-8 text ({error.reason}).", "Save the file as UTF-8.") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        cure = "Write patterns in single quotes: nothing in them needs escaping for TOML."
        raise DesignError(f"{path}: is not TOML: {error}.", cure) from None
    if len(data) > MAX_SIZE:
        raise DesignError(f"{path}: is larger than {MAX_SIZE} bytes.", "Name a catalogue of log lines.")
    tables_of_it = raw.pop("entries", None)
    if raw or not isinstance(tables_of_it, list) or not tables_of_it:
        other = f" It has {', '.join(map(repr, raw))}." if raw else ""
        raise DesignError(f"{path}: has no list of [[entries]], or something else beside it.{other}", _HOW)
    starts = [text.count("\n", 0, found.start()) + 1 for found in _TABLE.finditer(text)]
    for number, table in enumerate(tables_of_it, 1):
        line = f", line {starts[number - 1]}" if len(starts) == len(tables_of_it) else ""
        yield f"{path}{line} (entry {number})", table


_HOW = "Begin each line's table with [[entries]]; docs/log-lines.md shows one."


def _entry(raw: Any, where: str) -> OwnEntry:
    written = tables.convert(raw, _Written, where, "entries")
    missing = [key for key in _MUST if not raw.get(key)]
    if written.kind == "failure" and not written.remedy:
        missing.append("remedy")
    if missing:
        raise DesignError(f"{where}: has no {', '.join(missing)}.", _HOW)
    for wrong, key, cure in _objections(written):
        raise DesignError(f"{where}: {key}: {wrong}.", cure)
    return OwnEntry(
        log=written.log.lower(),
        id=written.id,
        kind=Kind(written.kind),
        pattern=written.pattern,
        meaning=written.meaning,
        example=written.example,
        cause=written.cause,
        remedy=written.remedy,
        severity=Severity(written.severity),
    )


def _objections(written: _Written) -> Iterator[tuple[str, str, str]]:
    """What is wrong with it, at which key, and what helps."""
    if not _LOG.fullmatch(written.log) or written.log.lower().endswith((".log", ".lo_")):
        yield f"{written.log!r} is no log's name", "log", 'Write the file\'s name without .log, such as "ccmsetup".'
    if not _ID.fullmatch(written.id):
        yield f"{written.id!r} is no id", "id", "Use lower-case letters, digits and single hyphens: proxy-refused."
    if written.id in _shipped():
        yield f"{written.id!r} is one of ours", "id", "Put the name of your organisation before it."
    if len(written.pattern) > MAX_PATTERN:
        yield f"is longer than {MAX_PATTERN} characters", "pattern", "Match less, or split it into several entries."
        return
    error = _error(written.pattern)
    if error:
        cure = "RE2's syntax is that of re, without look-around and back references: they cannot be searched in time."
        yield f"is no regular expression that RE2 takes: {error}", "pattern", cure
        return
    if _compiled(written.pattern).search("") is not None:
        yield "matches an empty line, so it matches every line", "pattern", "Name words that the line has."
    if _compiled(written.pattern).search(written.example) is None:
        yield "the pattern does not match it", "example", "Copy a real line's message, or correct the pattern."


@functools.cache
def _shipped() -> frozenset[str]:
    logs = (log_catalogue.log(name) for name in log_catalogue.names())
    return frozenset(entry.id for log in logs for entry in log.entries)


def _error(pattern: str) -> str:
    """What RE2 says against an expression; empty: nothing."""
    try:
        _compiled(pattern)
    except _re2().error as error:
        said = error.args[0] if error.args else ""
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return ""


@functools.cache
def _compiled(pattern: str) -> Any:
    options = _re2().Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    return _re2().compile(pattern, options=options)


def _re2() -> Any:
    """RE2, which is only needed where there are such files. Raises DesignError where it is not installed."""
    try:
        return importlib.import_module("re2")
    except ImportError:
        raise DesignError(
            "Log lines of your own need google-re2, which is not installed.", 'pip install "comgmt-audit[log-lines]"'
        ) from None
