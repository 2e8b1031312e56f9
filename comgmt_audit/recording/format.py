"""Recording, format 1: all observations of one run, as a folder that git can diff or the same folder as one .zip.

``manifest.json`` lists every observation; an observation's answer is one file beside it, named by the manifest with
size and SHA-256. ``docs/recording-format.md`` describes what each source writes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

FORMAT = 1
"""The only recording format that this version writes and reads."""

MANIFEST = "manifest.json"
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,119}(?:/[a-z0-9][a-z0-9._+-]{0,119}){0,5}")
"""What a file of a recording may be called: lower-case, relative, no dot-first part, so no ``..`` on any system."""

MAX_MANIFEST = 64 * 1024**2
MAX_DOCUMENT = 256 * 1024**2
MAX_LINE = 16 * 1024**2
MAX_TOTAL = 8 * 1024**3
MAX_RATIO = 250
"""Limits against hostile input, in bytes (and times: JSON of directory objects compresses 10 to 40 times)."""


Time: TypeAlias = Annotated[dt.datetime, Meta(tz=True)]
"""A time with its offset from UTC; without one it could not be compared with anything."""


class Form(StrEnum):
    """How an answer is written down."""

    JSON = "json"
    """One JSON document, indented, keys sorted."""
    LINES = "jsonl"
    """A list, one JSON object a line, in a stable order."""
    PEM = "pem"
    """Certificates or certificate revocation lists."""
    TEXT = "text"
    """UTF-8 text: log extracts, the output of a command, XML as it came."""


class Reason(StrEnum):
    """Why there is no answer."""

    REFUSED = "refused"
    """The source said that we may not: permission, role, licence of the API."""
    UNREACHABLE = "unreachable"
    """No connection, time-out, a server error that stayed."""
    ABSENT = "absent"
    """The source said that there is no such thing. This is knowledge, and a fact may rest on it."""
    UNREADABLE = "unreadable"
    """Something came that is not what the source documents."""


class Absence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why there is no answer: the reason, what the source said, and what the administrator does about it."""

    reason: Reason
    detail: str
    cure: str = ""
    status: int | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """The raw answer of a source: which file, in which form. ``size`` is in bytes, ``sha256`` in hex."""

    file: str
    form: Form
    size: int
    sha256: str


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One raw answer of a source: request, time, and the answer, or why there is none.

    ``about`` holds what belongs to the answer but is not in its body: a PFX file's cryptography, a log's encoding, the
    resolver asked.
    """

    id: str
    source: str
    request: str
    at: Time
    about: dict[str, Any] = field(default_factory=dict)
    answer: Answer | None = None
    absence: Absence | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """What a recording is: format, tool, time (UTC), declared design, observations, and the seal over all of it.

    ``partial`` says what is missing from an interrupted recording; empty: it is whole.
    """

    format: int
    tool: str
    recorded_at: Time
    design: dict[str, Any]
    observations: tuple[Observation, ...]
    partial: str = ""
    seal: str = ""


def seal(manifest: bytes) -> str:
    """SHA-256 over manifest.json with an empty seal: shows an edit or a torn file; it is no signature.

    Taken over the JSON itself, not over our types, so that a later version with more fields still agrees.
    Raises msgspec.DecodeError where the bytes are not a JSON object.
    """
    content = msgspec.json.decode(manifest, type=dict[str, Any]) | {"seal": ""}
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of manifest.json, sealed; indented, so that git shows one changed line per changed value."""
    unsealed = msgspec.json.encode(msgspec.structs.replace(manifest, seal=""))
    sealed = msgspec.structs.replace(manifest, seal=seal(unsealed))
    return msgspec.json.format(msgspec.json.encode(sealed, order="deterministic"), indent=1) + b"\n"
