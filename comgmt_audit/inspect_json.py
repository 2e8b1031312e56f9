"""What a JSON file says, for ``inspect_file``: the collect script's, an answer of a service, a part of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from comgmt_audit import inspect_file
from comgmt_audit.errors import EvidenceError
from comgmt_audit.inspect_file import Hit, Seen

if TYPE_CHECKING:
    from comgmt_audit.log_catalogue.own import OwnEntry

MAX_OBJECTS = 1_000_000
"""Objects and lists of one document: an empty one takes two characters in a file, and a hundred bytes in memory."""

_LISTED = 12
"""Objects that are named of many."""

_NAMES = (
    *("userPrincipalName", "displayName", "appDisplayName", "skuPartNumber", "deviceName", "name"),  # Graph, Azure
    *("ServiceName", "SiteName", "CollectionName", "LogonName", "Name", "NetworkOSPath", "ItemName"),  # AdminService
    *("id", "ID"),
)
"""Properties that tell a person which object it is; the first that is there."""


def read(text: str, own: Sequence[OwnEntry] = ()) -> Seen | None:
    """What the document says; nothing where it is no JSON. A document of several lines is one object a line.

    *own* are log lines of the user's own, for the logs in it.
    """
    from comgmt_audit.sources.host_files import one_line

    start = text.lstrip()[:1]
    if start not in {"{", "["}:
        return None
    if text.rstrip()[-1:] in {"}", "]"} and text.count("{") + text.count("[") > MAX_OBJECTS:
        return Seen(file="", unread=(f"is like JSON, and has more than {MAX_OBJECTS} objects and lists",))
    document = _decoded(text)
    if document is None and '"collector"' in text:
        document = _decoded(one_line(text))
    if document is None and start == "{":
        rows = [_decoded(line) for line in text.splitlines() if line.strip()]
        if len(rows) > 1 and all(isinstance(row, dict) for row in rows):
            return _rows("lines of JSON, as a recording keeps a list", rows)
    return None if document is None else _document(document, own)


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode(errors="replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def _document(document: Any, own: Sequence[OwnEntry]) -> Seen:
    if not isinstance(document, dict):
        return Seen(file="", unread=("is JSON, and no evidence that we know: no object",))
    if "collector" in document:
        return _collection(document, own)
    if {"format", "seal", "observations"} <= document.keys():
        return Seen(file="", kind="manifest of a recording", unread=("name its folder: comgmt-audit scan FOLDER",))
    if isinstance(document.get("error"), dict):
        return _error(document["error"])
    if isinstance(document.get("stores"), list):
        return Seen(file="", kind="certificate stores", facts=_stores(document))
    rows = document.get("value", document)
    rows = rows if isinstance(rows, list) else [document]
    if kind := _service(document, rows):
        return _rows(kind, rows, document)
    return Seen(
        file="", unread=("is JSON of neither Microsoft Graph, Azure nor the AdminService: no @odata.context, no id",)
    )


def _service(document: Mapping[str, Any], rows: list[Any]) -> str:
    """Whose answer it is; empty: nobody's that we know."""
    context = document.get("@odata.context")
    if isinstance(context, str):
        return "AdminService answer" if "adminservice" in context.casefold() else "Microsoft Graph answer"
    identity = rows[0].get("id") if rows and isinstance(rows[0], dict) else None
    return "Azure Resource Manager answer" if str(identity).casefold().startswith("/subscriptions/") else ""


def _rows(kind: str, rows: list[Any], document: Mapping[str, Any] | None = None) -> Seen:
    document = document or {}
    facts: dict[str, Any] = {"context": document["@odata.context"]} if "@odata.context" in document else {}
    objects = [row for row in rows if isinstance(row, dict)]
    facts["objects"] = len(rows)
    facts["names"] = [*map(_name, objects[:_LISTED]), *(["…"] if len(objects) > _LISTED else [])] or None
    columns = dict.fromkeys(key for row in objects for key in row if not key.startswith(("@", "__")))
    facts["properties"] = ", ".join(columns)
    more = any(key in document for key in ("@odata.nextLink", "nextLink"))
    return Seen(file="", kind=kind, facts=facts, unread=("the answer goes on at its next link",) if more else ())


def _name(row: Mapping[str, Any]) -> str:
    return next(
        (str(row[name])[:200] for name in _NAMES if isinstance(row.get(name), str | int) and row[name] != ""),
        "without a name",
    )


def _error(error: Mapping[str, Any]) -> Seen:
    """A refusal that was saved in place of an answer (OData JSON Format 4.01, section 21.1)."""
    facts = {"code": error.get("code"), "message": error.get("message")}
    return Seen(file="", kind="error of a service", facts=facts, unread=("the answer: the service refused it",))


def _collection(document: dict[str, Any], own: Sequence[OwnEntry]) -> Seen:
    """What the collect script wrote, part by part, each as it would be shown by itself."""
    from comgmt_audit.sources.host_files import parse
    from comgmt_audit.sources.site_files import issuers

    found = parse(msgspec.json.encode(document))
    commands = {what: text for what, text in found.outputs.items() if what != "mobileclient"}
    parts = {what: inspect_file.command(what, text) for what, text in commands.items()}
    parts |= {name: inspect_file.log(Path(name), text, own) for name, text in found.logs.items()}
    facts: dict[str, Any] = {"host": found.host, "elevated": found.elevated, **_stores(found.certificates or {})}
    facts |= {
        key: [f"{name} = {value}" for name, value in values.items()] for key, values in (found.registry or {}).items()
    }
    hits: list[Hit] = []
    unread = [f"{name}: {why}" for name, why in found.errors.items()]
    try:
        if "mobileclient" in found.outputs:
            facts["trusted roots of the site"] = [row["Subject"] for row in issuers(found.outputs["mobileclient"])]
    except EvidenceError as error:
        unread.append(error.message)
    for name, seen in parts.items():
        facts |= {f"{name}: {key}": value for key, value in seen.facts.items()}
        hits += seen.hits
        unread += [f"{name}: {why}" for why in seen.unread]
    return Seen(file="", kind="output of the collect script", facts=facts, hits=tuple(hits), unread=tuple(unread))


def _stores(document: Mapping[str, Any]) -> dict[str, Any]:
    """The stores: of the personal one its certificates, of the others how many there are."""
    facts: dict[str, Any] = {}
    stores = document.get("stores")
    for store in stores if isinstance(stores, list) else ():
        name, certificates = (
            (store.get("store"), store.get("certificates")) if isinstance(store, dict) else (None, None)
        )
        if not isinstance(name, str) or not isinstance(certificates, list):
            continue
        rows = list(_stored(certificates)) if name == "My" else []
        facts[f"store {name}"] = rows or len(certificates)
    return facts


def _stored(certificates: list[Any]) -> Iterator[str]:
    for one in certificates[:_LISTED]:
        if isinstance(one, dict):
            key = inspect_file.known(one.get("hasPrivateKey")), inspect_file.known(one.get("exportable"))
            yield (
                f"{one.get('thumbprint')}  {one.get('subject') or one.get('friendlyName') or ''}  "
                f"key {key[0]}, exportable {key[1]}, {one.get('provider') or 'provider not known'}"
            )
