"""The errors of Microsoft Graph, Azure Resource Manager and the AdminService, and what each of them means for us.

All three answer ``{"error": {"code", "message"}}`` (OData JSON format 4.01, section 21); Intune puts a JSON document
into the message. ``graph.md``, section A6, lists the bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources.redaction import quoted

_SCOPES = re.compile(r"must have one of the following scopes:\s*(.+?)\s*(?:-\s*Operation ID|$)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z]+(?:\.[A-Za-z]+)+")
_RENAMED = {"DeviceManagementServiceConfiguration": "DeviceManagementServiceConfig"}
"""What Intune calls a permission in its messages, and what can be granted."""

_NO_INTUNE = "not applicable to target tenant"
_NO_PREMIUM = "doesn't have premium license"


class Error(Struct, frozen=True, kw_only=True):
    """An error as a server states it. ``scopes``: the permissions of which Intune wants one, as they are granted."""

    code: str = ""
    message: str = ""
    scopes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Code and message, fit to be shown."""
        return quoted(": ".join(part for part in (self.code, self.message) if part))


def error(body: bytes | msgspec.Raw) -> Error:
    """The error in *body*; empty where there is none to be recognised: servers answer HTML, too."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Error()
    found = document.get("error") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        return Error()
    code, message = (value if isinstance(value, str) else "" for value in map(found.get, ("code", "message")))
    message = _inner(message)
    return Error(code=code, message=message, scopes=_scopes(message))


def _inner(message: str) -> str:
    """Intune's own message, where it comes as a JSON document in a string."""
    if not message.lstrip().startswith("{"):
        return message
    try:
        inner = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return message
    text = inner.get("Message") if isinstance(inner, dict) else None
    return text if isinstance(text, str) else message


def _scopes(message: str) -> tuple[str, ...]:
    listed = _SCOPES.search(message)
    names = _NAME.findall(listed.group(1)) if listed else []
    granted = (f"{_RENAMED.get(head, head)}.{rest}" for head, _, rest in (name.partition(".") for name in names))
    # Intune also names the permission to write: we never ask for that.
    return tuple(dict.fromkeys(name for name in granted if ".ReadWrite." not in name))


def absence(status: int, headers: Mapping[str, str], found: Error, cure: str = "") -> Absence:
    """Why an answer with *status* is none; *cure* is the caller's, for a refusal (the permission to grant)."""
    detail = f"HTTP {status}" + (f": {found.text}" if found.text else "")
    reason, known = _meaning(status, headers, found)
    return Absence(reason=reason, detail=detail, cure=known or cure, status=status)


def _meaning(status: int, headers: Mapping[str, str], found: Error) -> tuple[Reason, str]:
    """The reason, and the cure where the answer itself tells it."""
    message = found.message.casefold()
    if status in {400, 403} and _NO_INTUNE in message:
        return Reason.REFUSED, "Intune is not set up in this tenant: it needs a licence, and the MDM authority chosen."
    if status in {400, 403} and _NO_PREMIUM in message:
        return Reason.REFUSED, "The tenant needs Microsoft Entra ID P1 or P2 for this."
    if status == 401 and found.code == "InvalidAuthenticationToken":
        return Reason.REFUSED, "Sign in again: the token was not accepted."
    if status in {401, 403}:
        return Reason.REFUSED, f"Grant {' or '.join(found.scopes)} to the scanner." if found.scopes else ""
    if status in {404, 410}:
        return Reason.ABSENT, ""
    if status == 407:
        return Reason.UNREACHABLE, "Let the scanner through the proxy, or set NO_PROXY."
    if status == 429:
        return (
            Reason.UNREACHABLE,
            "The service throttles: record again later, or let fewer tools read at the same time.",
        )
    if status >= 500:
        return Reason.UNREACHABLE, "The service is in trouble: record again later."
    if 300 <= status < 400:
        target = quoted(headers.get("location", ""), 200)
        return Reason.UNREADABLE, f"It redirects to {target or 'nowhere'}; name the right address in comgmt.toml."
    return Reason.UNREADABLE, "Look at what the service says, then record again."
