"""JSON Schemas of what comgmt-audit reads and writes, and the reference of comgmt.toml, made of the types themselves.

``python -m comgmt_audit.schemas`` writes them anew in a source tree; a test says when they are stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from comgmt_audit.connections import Connections, Table
from comgmt_audit.design import Design, Section
from comgmt_audit.model import DriftReport, Outcome, Scan, Verdict
from comgmt_audit.recording.format import Manifest
from comgmt_audit.tables import CONNECT

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    tuple[str, ...]: "list of texts",
    tuple[Annotated[int, Meta(ge=0)], ...]: "list of whole numbers",
    tuple[str, ...] | None: "list of texts",
    dict[str, str]: "table of texts",
}


def schemas() -> dict[str, str]:
    """The text of every schema file by its name: for editors of comgmt.toml, readers of recordings and of scans."""
    scan = _schema(Scan, "The JSON report of a scan")
    scan["$defs"]["Scan"]["properties"] |= {
        "verdict": {"enum": [verdict.value for verdict in Verdict]},
        "counts": {
            "type": "object",
            "properties": {outcome.value: {"type": "integer"} for outcome in Outcome},
            "required": [outcome.value for outcome in Outcome],
        },
    }
    scan["$defs"]["Scan"]["required"] += ["format", "verdict", "counts"]
    documents = {
        "design.schema.json": _configuration_schema(),
        "drift.schema.json": _schema(DriftReport, "The JSON report of `comgmt-audit drift`"),
        "recording.schema.json": _schema(Manifest, "manifest.json of a recording"),
        "scan.schema.json": scan,
    }
    return {
        name: msgspec.json.format(msgspec.json.encode(d), indent=1).decode() + "\n" for name, d in documents.items()
    }


def configuration() -> str:
    """``docs/configuration.md``: every section and key of comgmt.toml with type, default and meaning."""
    return "\n".join(_configuration()) + "\n"


def write(root: Path) -> None:
    """Write schemas and reference into a source tree."""
    for name, text in schemas().items():
        (root / "comgmt_audit" / "schemas" / name).write_text(text, encoding="utf-8", newline="\n")
    (root / "docs" / "configuration.md").write_text(configuration(), encoding="utf-8", newline="\n")


def _schema(type: type[Struct], title: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, **msgspec.json.schema(type)}


def _configuration_schema() -> dict[str, Any]:
    """The declared design's schema, and ``[connect]`` beside it."""
    schema = _schema(Design, "comgmt.toml")
    connect = msgspec.json.schema_components([Connections], ref_template="#/$defs/Connect{name}")[1]
    schema["$defs"] |= {f"Connect{name}": definition for name, definition in connect.items()}
    schema["$defs"]["Design"]["properties"][CONNECT] = {"$ref": "#/$defs/ConnectConnections"}
    return schema


class Key(Struct, frozen=True, kw_only=True):
    """A key of comgmt.toml: what may be written (in words), its default, and what it means."""

    name: str
    type: Any
    values: str
    default: Any
    meaning: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it may have, where there are only some."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


class TableOfKeys(Struct, frozen=True, kw_only=True):
    """A table of comgmt.toml; ``name`` is empty at the top of the file."""

    name: str
    meaning: str
    keys: tuple[Key, ...]


def tables() -> Iterator[TableOfKeys]:
    """Every table of comgmt.toml, in the order of the types: the design, then how to connect."""
    yield _table("", Design())
    sections = [(name, value) for name, value in _fields(Design()) if isinstance(value, Section)]
    yield from (_table(name, section) for name, section in sections)
    yield from (_table(f"{CONNECT}.{name}", table) for name, table in _fields(Connections()))


def _table(name: str, section: Section | Table) -> TableOfKeys:
    hints = get_type_hints(type(section), include_extras=True)
    keys = [
        Key(
            name=key,
            type=(bare := _bare(hints[key])),
            values=", ".join(f"`{value}`" for value in get_args(bare)) if get_origin(bare) is Literal else _TYPES[bare],
            default=default,
            meaning=_description(hints[key]),
        )
        for key, default in _fields(section)
        if not isinstance(default, Section)
    ]
    return TableOfKeys(name=name, meaning=(type(section).__doc__ or "").strip(), keys=tuple(keys))


def _configuration() -> Iterator[str]:
    yield "# comgmt.toml: the declared design\n"
    yield (
        "What this environment means to be. Every key has a default: write only what differs. A key that does not\n"
        "exist is an error, and the message names the one that was probably meant. [`comgmt-audit\n"
        "init`](cli.md#comgmt-audit-init) writes the file, every key explained, from your answers and a first look.\n"
        "Editors can check it against `comgmt_audit/schemas/design.schema.json`.\n"
    )
    yield "This page is made of the descriptions in `comgmt_audit/design.py` by `python -m comgmt_audit.schemas`.\n"
    connecting = False
    for number, table in enumerate(tables()):
        if table.name.startswith(f"{CONNECT}.") and not connecting:
            yield "\n## How to connect\n"
            yield (
                "It says nothing of what is meant, and never goes into a recording. Its descriptions are in\n"
                "`comgmt_audit/connections.py`; [Reading live systems](live.md) shows how to sign in.\n"
            )
            connecting = True
        yield f"\n## [{table.name}]\n" if number else "## At the top of the file\n"
        if number:
            yield f"{table.meaning}\n"
        yield "| key | value | default | meaning |"
        yield "|---|---|---|---|"
        for key in table.keys:
            shown = "-" if key.default is None else f"`{msgspec.json.encode(key.default).decode()}`"
            yield f"| `{key.name}` | {key.values} | {shown} | {key.meaning} |"


def _fields(section: Section | Table) -> Iterator[tuple[str, Any]]:
    for name in type(section).__struct_fields__:
        yield name, getattr(section, name)


def _bare(hint: Any) -> Any:
    """The type without its notes."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint


def _description(hint: Any) -> str:
    notes = [note.description for note in get_args(hint)[1:] if isinstance(note, Meta) and note.description]
    return " ".join(notes)
