"""What the lab's Microsoft Graph and Azure Resource Manager have in common: a request, an answer, and an error.

Nothing here knows of sockets, so a ``$batch`` answers its requests by the same functions as the web server does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec
from msgspec import Struct, field

from tests.lab.servers.cloud_tokens import Claims

JSON = {"Content-Type": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false"}
_DATE = "2026-11-24T06:00:00"
_REQUEST_ID = "0f4a7f0e-3c1e-4f7e-9a55-0d6b1c2d3e4f"


class Asked(Struct, frozen=True, kw_only=True):
    """One request: the root of the service, its path with single slashes, its query options decoded, and who asks."""

    root: str
    method: str
    path: str
    options: Mapping[str, str]
    claims: Claims
    eventual: bool = False
    """Was ``ConsistencyLevel: eventual`` sent?"""
    body: bytes = b""
    product: bool = False
    """Does comgmt-audit ask, and not a test?"""

    @property
    def address(self) -> str:
        """Path and query, as a link to the same place has them: ``$`` and ``,`` as they are."""
        return f"{self.path}?{query(self.options)}" if self.options else self.path


class Answer(Struct, frozen=True, kw_only=True):
    """One answer, ready to be sent."""

    status: int = 200
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: dict(JSON))


class Refusal(Exception):  # noqa: N818 -- says what the server does: it refuses
    """The server answers with an error; as OData JSON format 4.01 has it, section 21.1."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def answer(self, *, inner: bool) -> Answer:
        """The error's envelope; Graph puts an ``innerError`` into it, Resource Manager does not."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if inner:
            error["innerError"] = {"date": _DATE, "request-id": _REQUEST_ID, "client-request-id": _REQUEST_ID}
        return Answer(status=self.status, body=msgspec.json.encode({"error": error}), headers=JSON | self.headers)


def target(url: str) -> tuple[str, dict[str, str]]:
    """Path and options of a URL. Clients encode ``$`` and ``,`` or not; msgraph-sdk sends two slashes at the root."""
    parts = urlsplit("/" + url.lstrip("/"))
    path = "/" + "/".join(part for part in unquote(parts.path).split("/") if part)
    return path, dict(parse_qsl(parts.query, keep_blank_values=True))


def query(options: Mapping[str, str]) -> str:
    """Query options as Graph writes them into its links."""
    return "&".join(f"{quote(name, safe='$')}={quote(value, safe='$,()/:')}" for name, value in options.items())


def skip_token(position: int, nonce: int = 0) -> str:
    """Where a list goes on: opaque to clients. With another *nonce* it is another link to the same place."""
    return base64.urlsafe_b64encode(f"RFN:{position}:{nonce}".encode()).decode().rstrip("=")


def position(token: str) -> int:
    """Where the token's list goes on. Raises ValueError for what no server gave out."""
    try:
        kind, place, _ = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"not a token: {token!r}") from error
    if kind != "RFN":
        raise ValueError(f"not a token: {token!r}")
    return int(place)
