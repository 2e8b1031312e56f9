"""Certificates of a store as ``certutil -store My`` lists them (``pki`` 4.4).

Dates follow the locale, so they are not read. Labels and remarks follow the language of Windows: of a listing that is
not in English only what stands there untranslated is read, the thumbprint, the names and the provider. Whether the key
is there and may be exported is then not known. That labels change and the order, ``(sha1)`` and ``=`` do not is seen in
public German and French listings; no other language was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

_SEPARATOR = re.compile(r"=+ .*?\d+ =+")
_STORE = re.compile(r'(\w+) ".*"')
_ENGLISH = "Serial Number:"
# Between label and colon French has a no-break space, which another code page makes some other character of.
_HASH = re.compile(r"[^:]+\(sha1\).?[:\uff1a]\s*(?P<value>[0-9A-Fa-f ]{40,})")
_NAME = re.compile(r"[^:=\uff1a]+[:\uff1a]\s*(?P<value>(?:[A-Za-z]+|[0-9.]+)=.+)")
_SET = re.compile(r"[^=:]+=\s*(?P<value>.+)")
_PASSED = re.compile(r"(?:Encryption|Signature) test passed")
_FIELD = re.compile(
    r"(?P<name>Serial Number|Issuer|Subject|Template|Cert Hash\(sha1\)|Key Container|Provider)\s*[:=]\s*(?P<value>.*)"
)


class Listed(Struct, frozen=True, kw_only=True):
    """One certificate of a listing. ``thumbprint`` is SHA-1 in upper-case hex; ``line`` where it begins, from 1.

    ``store``: its name in lower case, such as ``my``; empty where the listing does not begin with it. ``has_key``: the
    private key is there and works. ``has_key`` and ``exportable`` are ``None`` where the listing cannot tell.
    """

    store: str
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
    return tuple(_certificate(number, store, block) for number, store, block in _blocks(lines))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Where each certificate begins, the store whose name stands last before it, and its lines."""
    starts = [number for number, line in enumerate(lines) if _SEPARATOR.fullmatch(line)]
    store, seen = "", 0
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        named = [found[1].lower() for found in map(_STORE.fullmatch, lines[seen:start]) if found]
        store, seen = (named[-1] if named else store), start
        yield start + 1, store, list(lines[start + 1 : end])


def _certificate(line: int, store: str, block: Sequence[str]) -> Listed:
    english = any(found.startswith(_ENGLISH) for found in block)
    fields = _fields(block) if english else _untranslated(block)
    thumbprint = re.sub(r"[^0-9A-Fa-f]", "", fields.get("Cert Hash(sha1)", "")).upper()
    if len(thumbprint) != 40:
        raise NotListing(f"line {line}: the certificate has no line `Cert Hash(sha1)`")
    has_key = _has_key(block) if english else None
    return Listed(
        store=store,
        thumbprint=thumbprint,
        subject=fields.get("Subject", ""),
        issuer=fields.get("Issuer", ""),
        template=fields.get("Template", "").partition(",")[0],
        provider=fields.get("Provider", ""),
        has_key=has_key,
        exportable=_exportable(block, has_key, "Provider" in fields) if english else None,
        archived="Archived!" in block,
        line=line,
    )


def _fields(block: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for found in filter(None, map(_FIELD.fullmatch, block)):
        fields.setdefault(found["name"], found["value"].strip())
    return fields


def _untranslated(block: Sequence[str]) -> dict[str, str]:
    """The same by place and form: the issuer's name, then the subject's; after the hash container and provider."""
    fields: dict[str, str] = {}
    hashes = [(place, found["value"]) for place, line in enumerate(block) if (found := _HASH.fullmatch(line))]
    if len(hashes) != 1:
        return fields
    ((place, fields["Cert Hash(sha1)"]),) = hashes
    names = [found["value"].strip() for found in map(_NAME.fullmatch, block[:place]) if found]
    fields |= dict(zip(("Issuer", "Subject"), names, strict=False)) if len(names) == 2 else {}
    values = [found["value"].strip() for found in map(_SET.fullmatch, block[place + 1 :]) if found]
    fields |= {"Provider": values[1]} if len(values) == 2 and values[1].startswith("Microsoft ") else {}
    return fields


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
