"""Certificates of a store as ``certutil -store My`` lists them (``pki`` 4.4).

Only what the tool prints untranslated and unambiguously is read. Dates follow the locale, so they are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

_SEPARATOR = re.compile(r"=+ .*?\d+ =+")
_PASSED = re.compile(r"(?:Encryption|Signature) test passed")
_FIELD = re.compile(
    r"(?P<name>Serial Number|Issuer|Subject|Template|Cert Hash\(sha1\)|Key Container|Provider)\s*[:=]\s*(?P<value>.*)"
)


class Listed(Struct, frozen=True, kw_only=True):
    """One certificate of a listing. ``thumbprint`` is SHA-1 in upper-case hex; ``line`` where it begins, from 1.

    ``has_key``: the private key is there and works. ``exportable`` is ``None`` where the listing cannot tell.
    """

    thumbprint: str
    subject: str
    issuer: str
    template: str
    provider: str
    has_key: bool | None
    exportable: bool | None
    archived: bool
    line: int


class NotListing(ValueError):  # noqa: N818 -- what happened, in the words of the report
    """The text is not a listing that certutil finished."""


def parse(text: str) -> tuple[Listed, ...]:
    """The certificates of a listing; an empty store gives none. Raises NotListing.

    A listing that breaks off is refused: what is missing from it might be the certificate in question.
    """
    lines = [line.strip() for line in text.splitlines()]
    # What follows is translated; the switch is not, nor is the code of a failure.
    if not any(line.startswith("CertUtil: -store") for line in lines):
        raise NotListing("it does not end as `certutil -store My` ends, so it is none, or broke off")
    if any(line.startswith("CertUtil: -store") and re.search(r"\b0x[0-9a-fA-F]{8}\b", line) for line in lines):
        raise NotListing("certutil reports that it failed")
    return tuple(_certificate(number, block) for number, block in _blocks(lines))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    starts = [number for number, line in enumerate(lines) if _SEPARATOR.fullmatch(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        yield start + 1, list(lines[start + 1 : end])


def _certificate(line: int, block: Sequence[str]) -> Listed:
    fields: dict[str, str] = {}
    for found in filter(None, map(_FIELD.fullmatch, block)):
        fields.setdefault(found["name"], found["value"].strip())
    thumbprint = re.sub(r"[^0-9A-Fa-f]", "", fields.get("Cert Hash(sha1)", "")).upper()
    if len(thumbprint) != 40:
        raise NotListing(f"line {line}: the certificate has no line `Cert Hash(sha1)`")
    has_key = _has_key(block)
    return Listed(
        thumbprint=thumbprint,
        subject=fields.get("Subject", ""),
        issuer=fields.get("Issuer", ""),
        template=fields.get("Template", "").partition(",")[0],
        provider=fields.get("Provider", ""),
        has_key=has_key,
        exportable=_exportable(block, has_key, "Provider" in fields),
        archived="Archived!" in block,
        line=line,
    )


def _has_key(block: Sequence[str]) -> bool | None:
    """A test that passed proves the key; a missing keyset its absence; silence may be a lack of rights."""
    if any(_PASSED.fullmatch(line) for line in block):
        return True
    return False if "Missing stored keyset" in block else None


def _exportable(block: Sequence[str], has_key: bool | None, provider: bool) -> bool | None:
    """*NOT exportable* is said only where it is so; its absence counts only beside a provider and a passed test."""
    if has_key is False or "Private key is NOT exportable" in block:
        return False
    return True if has_key and provider else None
