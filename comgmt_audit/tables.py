"""comgmt.toml as a file: its tables become types, and what cannot be meant is said in the words of who wrote it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from comgmt_audit.errors import DesignError

T = TypeVar("T", bound=Struct)
CONNECT = "connect"
"""The table of how to connect. All others say what is meant."""
_TYPES = {
    "str": "text in quotes",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "array": "a list",
    "object": "a section",
}
"""msgspec's names of types in the words of who writes comgmt.toml."""


def read(path: Path) -> dict[str, Any]:
    """All tables of the file. Raises DesignError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DesignError(f"{path}: no such file.", "Write one, or name a recording instead.") from None
    except UnicodeDecodeError as error:
        raise DesignError(f"{path}: is not UTF-8 text ({error.reason}).", "Save the file as UTF-8.") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise DesignError(f"{path}: is not TOML: {error}.") from None
    except OSError as error:
        raise DesignError(f"{path}: cannot be read: {error.strerror}.") from None


def convert(raw: Any, type: type[T], where: str, under: str = "") -> T:
    """The tables as *type*, which lie under the table *under*. Raises DesignError, naming key and the likely one."""
    try:
        return msgspec.convert(raw, type)
    except msgspec.ValidationError as error:
        raise DesignError(f"{where}: {_explain(str(error), type, under)}") from None


def _explain(message: str, type: type[Struct], under: str) -> str:
    """msgspec's message in the user's words, with the key that was probably meant."""
    place = re.search(r" - at `\$\.?([^`]*)`", message)
    section = place.group(1) if place else ""
    text = message[: place.start()] if place else message
    unknown = re.search(r"unknown field `([^`]*)`", text)
    if not unknown:
        words = re.sub(r"`(\w+)`", lambda name: _TYPES.get(name[1], name[0]), text)
        name = _named(section, under)
        return f"{name}: {words}.{_allowed(section, type)}" if name else f"{words}."
    key = unknown.group(1)
    tables = _tables(type, under)
    known = tables.get(section, tables[""])
    import difflib  # slow to import, and needed only where something is wrong

    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    elsewhere = [_named(name, under) for name, keys in tables.items() if key in keys and name != section]
    meant = f" Did you mean {close[0]!r}?" if close else ""
    if elsewhere:
        places = " or ".join(f"in [{name}]" if name else "at the top of the file" for name in elsewhere)
        meant = f" It belongs {places}."
    name = _named(section, under)
    place_text = f"[{name}] has no key" if name else "there is no key or section"
    return f"{place_text} {key!r}.{meant} Known: {', '.join(known)}."


def _named(section: str, under: str) -> str:
    return ".".join(part for part in (under, section) if part)


def _allowed(key: str, type: Any) -> str:
    """The values that a key may have, where there are only some: `` Allowed: pilot, all.``."""
    for name in key.split("."):
        if get_origin(type) is not None:  # the values of a table of texts have no keys
            return ""
        type = get_type_hints(type).get(name.partition("[")[0])
    return f" Allowed: {', '.join(get_args(type))}." if get_origin(type) is Literal else ""


def _tables(type: type[Struct], under: str) -> dict[str, tuple[str, ...]]:
    """Every table and its keys; "" is the outermost one, in which the whole file also has ``[connect]``."""
    empty = type()
    inner = {name: getattr(empty, name) for name in type.__struct_fields__}
    tables = {"": (*type.__struct_fields__, *(() if under else (CONNECT,)))}
    return tables | {name: value.__struct_fields__ for name, value in inner.items() if isinstance(value, Struct)}
