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


def _configuration() -> Iterator[str]:
    sections = {name: value for name, value in _keys(Design()) if isinstance(value, Section)}
    yield "# comgmt.toml: the declared design\n"
    yield (
        "What this environment means to be. Every key has a default: write only what differs. A key that does not\n"
        "exist is an error, and the message names the one that was probably meant. Editors can check the file against\n"
        "`comgmt_audit/schemas/design.schema.json`.\n"
    )
    yield "This page is made of the descriptions in `comgmt_audit/design.py` by `python -m comgmt_audit.schemas`.\n"
    yield "## At the top of the file\n"
    yield from _table(Design())
    for name, section in sections.items():
        yield f"\n## [{name}]\n"
        yield f"{(type(section).__doc__ or '').strip()}\n"
        yield from _table(section)
    yield "\n# How to connect\n"
    yield "It says nothing of what is meant, and never goes into a recording. Its descriptions are in\n"
    yield "`comgmt_audit/connections.py`; `docs/live.md` shows how to sign in.\n"
    for name, table in _keys(Connections()):
        yield f"\n## [{CONNECT}.{name}]\n"
        yield f"{(type(table).__doc__ or '').strip()}\n"
        yield from _table(table)


def _table(section: Section | Table) -> Iterator[str]:
    hints = get_type_hints(type(section), include_extras=True)
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, default in _keys(section):
        if not isinstance(default, Section):
            shown = "-" if default is None else f"`{msgspec.json.encode(default).decode()}`"
            yield f"| `{name}` | {_values(hints[name])} | {shown} | {_description(hints[name])} |"


def _keys(section: Section | Table) -> Iterator[tuple[str, Any]]:
    for name in type(section).__struct_fields__:
        yield name, getattr(section, name)


def _values(hint: Any) -> str:
    """What may be written, in the user's words."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    return _TYPES[hint]


def _description(hint: Any) -> str:
    notes = [note.description for note in get_args(hint)[1:] if isinstance(note, Meta) and note.description]
    return " ".join(notes)
