"""Revocation lists in the directory, by the addresses that certificates name (``docs/recording/directory.md``).

AD CS writes ``ldap:///CN=…,CN=CDP,…?certificateRevocationList?base?objectClass=cRLDistributionPoint``: no host means
whatever domain controller is near (RFC 4516, section 2, leaves that to the client).
"""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

LISTS = "directory/revocation-lists"
ASK = "On a computer of the domain run `certutil -urlfetch -verify` with the certificate."
_ATTRIBUTES = {"certificaterevocationlist": "base", "deltarevocationlist": "delta"}
_SEPARATOR = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"((?:\\[0-9a-f]{2})+)|\\(.)", re.IGNORECASE)
"""Between the parts of a distinguished name; its characters as UTF-8 in hex, or one as it is (RFC 4514, section 3)."""

Name = tuple[str, ...]
"""A distinguished name, part by part, such that two names of one object are equal."""


class _Row(Struct, frozen=True):
    dn: str
    base: bytes = msgspec.field(name="certificateRevocationList", default=b"")
    delta: bytes = msgspec.field(name="deltaRevocationList", default=b"")


class _About(Struct, frozen=True):
    container: str = ""
    too_large: tuple[str, ...] = ()


class DirectoryLists(Struct, frozen=True, kw_only=True):
    """What the objects below ``CN=CDP`` hold, by distinguished name; ``unread``: why nothing is known."""

    needs: ClassVar[tuple[str, ...]] = (LISTS,)
    container: str = ""
    objects: dict[Name, tuple[_Row, Evidence]] = {}
    too_large: tuple[str, ...] = ()
    unread: FactUnavailable | None = None

    def at(self, url: str) -> tuple[bytes, Evidence]:
        """The DER at an ``ldap:`` address. Raises Unreadable where it is known that none is there, else NotRecorded."""
        dn, attribute = entry(url)
        if attribute.casefold() not in _ATTRIBUTES:
            raise NotRecorded(f"{url} names no attribute that holds a list", ASK, LISTS)
        if self.unread:
            raise self.unread
        row, place = self.objects.get(folded(dn), (None, Evidence(LISTS)))
        if row is None:
            inside = self.container and folded(dn)[-len(folded(self.container)) :] == folded(self.container)
            if not inside or not self.objects:
                raise NotRecorded(f"{dn} is not among what the directory showed below CN=CDP", ASK, LISTS)
            raise Unreadable(f"the directory has no object {dn}", _publish(attribute), LISTS)
        der: bytes = getattr(row, _ATTRIBUTES[attribute.casefold()])
        if f"{attribute} of {row.dn}".casefold() in {one.casefold() for one in self.too_large}:
            raise NotRecorded(f"{attribute} of {dn} is too large to be recorded", ASK, LISTS)
        if len(der) < 2:
            raise Unreadable(f"{dn} has no {attribute}", _publish(attribute), LISTS)
        return der, Evidence(LISTS, f"{place.pointer}/{attribute}")

    @classmethod
    def read(cls, environment: Environment) -> DirectoryLists:
        """All of them; never raises, for most lists are fetched elsewhere."""
        try:
            about = msgspec.convert(environment.recording.answered(LISTS).about, _About)
            rows = {
                folded(row.dn): (row, Evidence(LISTS, f"line {number}"))
                for number, row in environment.recording.lines(LISTS, _Row)
            }
        except FactUnavailable as error:
            return cls(unread=error)
        except msgspec.ValidationError as error:
            return cls(
                unread=Unreadable(f"what the recording says about it is damaged: {error}", "Record again.", LISTS)
            )
        return cls(container=about.container, objects=rows, too_large=about.too_large)


def is_directory(url: str) -> bool:
    """Is it an address in a directory?"""
    return url.casefold().startswith("ldap://")


def _publish(attribute: str) -> str:
    return f"On the CA run `certutil -crl`, or put its list there with `certutil -dspublish`: {attribute} is empty."


def entry(url: str, observation: str = LISTS) -> tuple[str, str]:
    """Distinguished name and attribute of an address. Raises NotRecorded for what is in another directory."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotRecorded(f"{url} is no address", "Look at the CDP and AIA of the certificates.", observation) from None
    attribute = parts.query.partition("?")[0].partition(";")[0]
    if parts.netloc:
        raise NotRecorded(f"{parts.netloc} is asked by the address, and not the forest", ASK, observation)
    return unquote(parts.path.removeprefix("/")), attribute


def folded(dn: str) -> Name:
    """Two names of one object are equal so: case, blanks between the parts, and how a character is escaped."""
    return tuple(_ESCAPED.sub(_character, part.strip()).casefold() for part in _SEPARATOR.split(dn))


def _character(found: re.Match[str]) -> str:
    return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", errors="replace") if found[1] else found[2]
