"""comgmt.toml as it is written: every key with its meaning; those that nobody answered are commented out."""

from __future__ import annotations

import contextlib
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.items import Comment, Table, Trivia

from comgmt_audit import connections, design
from comgmt_audit.errors import ComgmtError
from comgmt_audit.init.answers import Answers
from comgmt_audit.init.discovery import Discovery
from comgmt_audit.schemas import Key, tables

_WIDTH = 100
_LONGEST = 2_000
"""Characters of a comment; a name that is longer is none."""
_HEAD = """\
comgmt.toml: what this environment is meant to be, and how to connect to it.
Written by comgmt-audit init. docs/configuration.md explains every key.
A line "#key = value" is a key at its default: take the # away to change it.
No password or secret has a place here: a key only says where one is."""


def text(answers: Answers, seen: Discovery) -> str:
    """The whole file. What was seen is written where nothing else was answered; a value that is empty is no answer."""
    document = tomlkit.document()
    _say(document, *_HEAD.splitlines())
    if seen.remarks:
        _say(document, "", "Seen beside what stands below:", *(f"- {remark}" for remark in seen.remarks))
    for table in tables():
        place: Container | Table = document
        if table.name:
            place = tomlkit.table()
            _parent(document, table.name).append(table.name.rpartition(".")[2], place)
            _say(place, table.meaning)
        for key in table.keys:
            _key(place, f"{table.name}.{key.name}".lstrip("."), key, answers, seen)
    return tomlkit.dumps(document)


def _parent(document: tomlkit.TOMLDocument, name: str) -> Any:
    """Where a table stands: ``connect.cloud`` under a table that has no line of its own."""
    outer, dot, _ = name.rpartition(".")
    if dot and outer not in document:
        document.append(outer, tomlkit.table(is_super_table=True))
    return document[outer] if dot else document


def _key(place: Container | Table, name: str, key: Key, answers: Answers, seen: Discovery) -> None:
    shown = seen.found.get(name)
    place.add(tomlkit.nl())
    _say(place, key.meaning, *([f"One of: {', '.join(key.choices)}."] if key.choices else ()))
    if name in seen.notes:
        _say(place, seen.notes[name])
    if name not in answers and shown:
        _say(place, f"Seen in {shown.place}.")
    elif shown and shown.value != answers[name]:
        _say(place, f"Answered otherwise than seen in {shown.place}: {shown.value}")
    value = answers.get(name, shown.value if shown else None)
    if value is None or (key.default is not None and value in ("", [], {}, ())):
        default = () if key.default is None else key.default
        _line(place, f"#{key.name} = {_item(default).as_string()}")
    else:
        place.add(key.name, _item(value))


def _item(value: Any) -> Any:
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(list(value) if isinstance(value, tuple) else value)


def _say(place: Container | Table, *lines: str) -> None:
    """A comment, wrapped. Whatever an environment brought is in it on one line, its control characters made visible."""
    for line in lines:
        for part in textwrap.wrap(printable(line), _WIDTH, subsequent_indent="  " * line.startswith("- ")) or [""]:
            _line(place, f"# {part}".rstrip())


def _line(place: Container | Table, comment: str) -> None:
    place.add(Comment(Trivia(indent="", comment_ws="", comment=comment)))


def printable(words: str) -> str:
    """On one line, what no comment may hold (and what reorders or hides text) as ``\\u202e``; no longer than that."""
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in words)


def write(path: Path, content: str, *, force: bool) -> None:
    """Write the file whole or not at all, and only where comgmt.toml's readers take it; over another one with *force*.

    Raises ComgmtError saying what stands in the way.
    """
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            file.write(content)
        design.load(partial)
        connections.load(partial)
        if force:
            partial.replace(path)
            return
        with _reserved(path):
            partial.replace(path)
    except OSError as error:
        raise ComgmtError(
            f"{path}: cannot be written: {error.strerror}.", "Name a file in a folder in which you may write."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _reserved(path: Path) -> Iterator[None]:
    """The name is ours: nobody else can have made the file since it was looked for."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        raise ComgmtError(f"{path}: is there already.", "Name another file, or say --force.") from None
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
