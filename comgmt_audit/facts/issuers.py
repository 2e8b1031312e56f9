"""Where certificates in use say that their issuer's certificate lies, and what is there (``docs/recording/aia.md``)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar

import msgspec
from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded
from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.directory import INTERMEDIATES, rows
from comgmt_audit.facts.directory_lists import ASK, Name, entry, folded, is_directory
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.in_use import CertificatesInUse
from comgmt_audit.facts.revocation import INSIDE, is_web
from comgmt_audit.facts.x509 import Certificate, certificate, certificates, signed_by
from comgmt_audit.model import Evidence

NEED = "aia/"


class IssuerPlace(Struct, frozen=True, kw_only=True):
    """An address for the issuer of the certificates ``named_by``, as it was seen from one vantage.

    ``found``: the certificates there, none where something else is; ``None``: nothing came, which ``unseen`` explains.
    """

    url: str
    vantage: str
    named_by: tuple[Certificate, ...]
    found: tuple[Certificate, ...] | None
    unseen: Unseen | None

    @property
    def label(self) -> str:
        """The URL and the vantage."""
        return f"{self.url} ({self.vantage})"

    @property
    def evidence(self) -> Evidence:
        """The observation."""
        return Evidence(INTERMEDIATES if is_directory(self.url) else _id(self.url, self.vantage))

    @property
    def gone(self) -> bool:
        """Does the server, or the directory, say that nothing is there?"""
        return self.unseen is not None and self.unseen.absent

    def issuers(self, child: Certificate) -> tuple[Certificate, ...]:
        """Those that are there and issued the certificate: by name, and by its signature."""
        named = (one for one in self.found or () if one.subject_text.casefold() == child.issuer_text.casefold())
        return tuple(one for one in named if signed_by(child, one))


class IssuerPlaces(Struct, frozen=True, kw_only=True):
    """Every address for an issuer that a certificate in use names, over http or in the directory."""

    needs: ClassVar[tuple[str, ...]] = (*CertificatesInUse.needs, NEED)
    places: tuple[IssuerPlace, ...]
    unseen: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[IssuerPlace]:
        return iter(self.places)

    @classmethod
    def read(cls, environment: Environment) -> IssuerPlaces:
        """All of them; never raises, for each place is judged by itself."""
        used = environment.fact(CertificatesInUse)
        naming: dict[tuple[str, str], list[Certificate]] = {}
        for one in used.issued:
            for url in dict.fromkeys(one.issuer_urls):
                if is_directory(url):
                    naming.setdefault((INSIDE, url), []).append(one)
                elif is_web(url):
                    vantage = used.vantage(environment, one, functools.partial(_id, url))
                    naming.setdefault((vantage, url), []).append(one)
        places = (_place(environment, vantage, url, tuple(by)) for (vantage, url), by in naming.items())
        return cls(places=tuple(places), unseen=used.unseen)


def _id(url: str, vantage: str) -> str:
    return f"{NEED}{vantage}/{url}"


def _place(environment: Environment, vantage: str, url: str, named_by: tuple[Certificate, ...]) -> IssuerPlace:
    id = _id(url, vantage)
    found, unseen = None, None
    try:
        if is_directory(url):
            found = _in_directory(environment, url)
            unseen = None if found is not None else _missing(url)
        elif not environment.recording.has(id):
            cure = "Record the source aia (connect.web) with the certificates that name the address."
            raise NotRecorded(f"{url} was not asked from {vantage}", cure, id)
        else:
            found = certificates(environment.recording.pem(id), id)
    except FactUnavailable as error:
        unseen = Unseen.of(f"{url} ({vantage})", error, environment)
    return IssuerPlace(url=url, vantage=vantage, named_by=named_by, found=found, unseen=unseen)


class _Row(Struct, frozen=True):
    dn: str
    certificates: tuple[bytes, ...] = msgspec.field(name="cACertificate", default=())


_CONTAINER: Name = ("cn=aia", "cn=public key services", "cn=services", "cn=configuration")


def _in_directory(environment: Environment, url: str) -> tuple[Certificate, ...] | None:
    """The certificates of the object; ``None``: it is known that there are none. Raises FactUnavailable.

    A single zero byte stands for none, as the attribute is mandatory.
    """
    dn, attribute = entry(url, INTERMEDIATES)
    name = folded(dn)
    found = {folded(row.dn): row.certificates for _, row in rows(environment, INTERMEDIATES, _Row)}
    known = name[1:5] == _CONTAINER and any(other[1:] == name[1:] for other in found)
    if attribute.casefold() != "cacertificate" or not known:
        raise NotRecorded(f"{dn} is not among what the directory showed below CN=AIA", ASK, INTERMEDIATES)
    ders = [der for der in found.get(name, ()) if len(der) > 1]
    return tuple(certificate(der, INTERMEDIATES, number) for number, der in enumerate(ders, 1)) or None


def _missing(url: str) -> Unseen:
    return Unseen(
        label=f"{url} ({INSIDE})",
        evidence=Evidence(INTERMEDIATES),
        why=f"the directory has no certificate at {entry(url)[0]}",
        cure="Publish it with `certutil -dspublish -f CA.crt SubCA`. Then record again.",
        absent=True,
    )
