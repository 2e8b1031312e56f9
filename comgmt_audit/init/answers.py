"""Answers by key of comgmt.toml, such as ``site.code``: from a file and the command line, and whether they fit."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comgmt_audit import design, tables
from comgmt_audit.connections import Connections
from comgmt_audit.design import Design
from comgmt_audit.errors import DesignError
from comgmt_audit.schemas import Key
from comgmt_audit.schemas import tables as all_tables

Answers = dict[str, Any]
"""Values as TOML has them, by dotted key."""

_SECRETS = re.compile(r"connect\.(?:.*\.)?(?:\w*password|secret|certificate_passwords|targets)")
_PLACE = re.compile(r"(?:env|file|keyring):\S.*")
_TRUTH = {"true": True, "false": False}


@functools.cache
def all_keys() -> dict[str, Key]:
    """Every key of comgmt.toml by its dotted name."""
    return {f"{table.name}.{key.name}".lstrip("."): key for table in all_tables() for key in table.keys}


def of_file(path: Path) -> Answers:
    """The answers of a file of the form of comgmt.toml, any part of it. Raises DesignError."""
    found: Answers = {}

    def gather(table: Mapping[str, Any], prefix: str) -> None:
        for name, value in table.items():
            if isinstance(value, dict) and prefix + name not in all_keys():
                gather(value, f"{prefix}{name}.")
            else:
                found[prefix + name] = value

    raw = tables.read(path)
    gather(raw, "")
    checked(found, str(path))
    return found


def of_words(words: str) -> tuple[str, Any]:
    """The answer that ``KEY=VALUE`` gives; text needs no quotes, a list may be ``a,b``. Raises DesignError."""
    name, separator, text = words.partition("=")
    name = name.strip()
    if not _is_text(words):
        raise DesignError(f"--set {name!a}: is no text in UTF-8.")
    if not separator:
        raise DesignError(f"--set {name}: has no value.", "Write KEY=VALUE, such as site.code=PS1.")
    if name not in all_keys():
        checked({name: text}, "--set")  # says which key was probably meant
        raise DesignError(f"--set {name}: there is no such key.", "See docs/configuration.md.")
    return name, parsed(name, text)


def _is_text(words: str) -> bool:
    """The shell's bytes were text: none of them is kept as a surrogate (PEP 383)."""
    return not any("\ud800" <= one <= "\udfff" for one in words)


def parsed(name: str, text: str) -> Any:
    """What was typed for a key, as TOML has it. Raises DesignError, also for a secret in place of where it is."""
    value = _value(all_keys()[name], text)
    checked({name: value}, "answer")
    return value


def _value(key: Key, text: str) -> Any:
    if key.type is str or key.choices:
        return text
    if key.type is bool:
        return _TRUTH.get(text.strip().casefold(), text)
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        if isinstance(key.default, tuple) and not text.lstrip().startswith("["):
            return [word.strip() for word in text.split(",") if word.strip()]
        return text


def checked(answers: Answers, where: str) -> tuple[Design, Connections]:
    """The design and the connections that the answers state. Raises DesignError, naming the key, never a secret."""
    for name, value in answers.items():
        if _SECRETS.fullmatch(name):
            _refuse_secret(name, value)
    raw: dict[str, Any] = {}
    for name, value in answers.items():
        *path, last = name.split(".")
        place = raw
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise DesignError(f"{where}: {name}: {part} is a key, not a table.")
        place[last] = value
    connect = raw.get(tables.CONNECT, {})
    return design.from_mapping(raw, where), tables.convert(connect, Connections, where, tables.CONNECT)


def _refuse_secret(name: str, value: Any) -> None:
    places = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(place, str) and place and not _PLACE.fullmatch(place) for place in places):
        # The text may be the secret itself: it is not repeated.
        raise DesignError(
            f"{name} does not say where the secret is; a secret has no place in comgmt.toml.",
            "Write env:NAME, file:PATH or keyring:SERVICE/USER.",
        )
