"""What the CMG, the CDP and the management point really serve: the chain as it was sent, and the protocols.

``docs/recording/tls.md`` describes the observation ``tls/<inside|outside>/<host>:443``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

import msgspec
from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.certificates import CloudCertificates, TrustedRootFiles, Unseen, is_public
from comgmt_audit.facts.directory import OwnAuthorities
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.revocation import INSIDE, OUTSIDE
from comgmt_audit.facts.x509 import Certificate, certificate, covers, ders, path
from comgmt_audit.model import Evidence

ROLES = {"gateway": "CMG", "distribution_point": "CDP", "management_point": "management point"}
"""The roles of ``Design.tls_names``, as reports call them."""
CLOUD = ("gateway", "distribution_point")
_MOST = 20
"""Certificates of a chain that are looked at: real ones have two to four."""


class _About(Struct, frozen=True):
    protocol: str = ""
    old_protocol: str | None = None


class Served(Struct, frozen=True, kw_only=True):
    """What one service served to one vantage.

    ``chain`` as it was sent, the service's own certificate first; ``way`` its path, each link verified: from the chain,
    and where that ends without a root, on through what is known otherwise. ``public`` and ``own``: the way leads to a
    public root, to a root of the organisation; ``None``: that cannot be told. ``protocol``: the newest that is spoken
    (``TLSv1.3``); ``old_protocol``: TLS 1.0 or 1.1 where it is accepted, empty where not, ``None`` where unknown.
    """

    role: str
    host: str
    vantage: str
    chain: tuple[Certificate, ...]
    way: tuple[Certificate, ...]
    public: bool | None
    own: bool | None
    protocol: str
    old_protocol: str | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """The service, its name and the vantage."""
        return f"{ROLES[self.role]} {self.host} ({self.vantage})"

    @property
    def certificate(self) -> Certificate:
        """The service's own."""
        return self.chain[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a client accepts: the DNS names of the SAN; the common name only without any (RFC 9525)."""
        return self.certificate.dns_names or self.certificate.common_names

    @property
    def is_for_its_name(self) -> bool:
        """Does a client that connects to the host accept the name?"""
        return any(covers(pattern, self.host) for pattern in self.names)

    @property
    def missing(self) -> tuple[Certificate, ...]:
        """Known intermediate CAs of the way that were not sent; a root need not be."""
        sent = {one.der for one in self.chain}
        return tuple(one for one in self.way if not one.self_signed and one.der not in sent)

    @property
    def in_order(self) -> bool:
        """Does each certificate certify the one before it, with nothing between (RFC 5246, section 7.4.2)?"""
        return [one.der for one in self.chain] == [one.der for one in self.way[: len(self.chain)]]


class ServedEndpoints(Struct, frozen=True, kw_only=True):
    """What every service of the design served; ``unseen``: those of which nothing came.

    A cloud service is for the internet, so an answer from inside stands in only where nobody asked from outside.
    """

    needs: ClassVar[tuple[str, ...]] = ("tls/", *CloudCertificates.needs, *OwnAuthorities.needs)
    served: tuple[Served, ...]
    unseen: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[Served]:
        return iter(self.served)

    def of(self, role: str) -> tuple[Served, ...]:
        """What the service of that role served, by vantage."""
        return tuple(one for one in self.served if one.role == role)

    @classmethod
    def read(cls, environment: Environment) -> ServedEndpoints:
        """What is there of each; never raises, so that one service leaves the others to be judged."""
        served: list[Served] = []
        unseen: list[Unseen] = []
        for role, host in environment.design.tls_names.items():
            found, failed = _role(environment, role, host)
            served += found
            if failed and (not found or not isinstance(failed, NotRecorded)):
                unseen.append(Unseen.of(f"{ROLES[role]} {host}".rstrip(), failed, environment))
        return cls(served=tuple(served), unseen=tuple(unseen))


def _role(environment: Environment, role: str, host: str) -> tuple[list[Served], FactUnavailable | None]:
    """What came, by vantage, and why the one that counts most did not; where none came, the failure that was seen."""
    found: list[Served] = []
    failed: list[FactUnavailable | None] = []
    for vantage in (OUTSIDE, INSIDE) if role in CLOUD else (INSIDE,):
        try:
            found.append(_served(environment, role, host, vantage))
            failed.append(None)
        except FactUnavailable as error:
            failed.append(error)
    if found:
        return found, failed[0]
    return found, next((error for error in failed if not isinstance(error, NotRecorded)), failed[0])


def _served(environment: Environment, role: str, host: str, vantage: str) -> Served:
    if not host:
        key = "site, key management_point" if role == "management_point" else f"{role}, key service_name"
        raise NotRecorded(f"the design does not name the {ROLES[role]}", f"Name it in comgmt.toml, section {key}.")
    id = f"tls/{vantage}/{host}:443"
    if not environment.recording.has(id):
        cure = "Record the source tls (connect.web) on a computer that reaches it."
        raise NotRecorded(f"no TLS handshake with {host} was recorded", cure, id)
    try:
        about = msgspec.convert(environment.recording.answered(id).about, _About)
    except msgspec.ValidationError as error:
        raise Unreadable(f"{id}: what the recording says about the handshake is damaged: {error}", "", id) from None
    sent = islice(ders(environment.recording.pem(id), id), _MOST)
    chain = tuple(certificate(der, id, number) for number, der in enumerate(sent, 1))
    if not chain:
        raise Unreadable(f"{id}: it holds no certificate", "Record it again.", id)
    way, roots, complete = _way(environment, chain)
    return Served(
        role=role,
        host=host,
        vantage=vantage,
        chain=chain,
        way=way,
        public=is_public(way, environment.design.pki.public_roots),
        own=_is_own(way[-1], roots, complete=complete),
        protocol=about.protocol,
        old_protocol=about.old_protocol,
        evidence=chain[0].evidence,
    )


def _way(
    environment: Environment, chain: tuple[Certificate, ...]
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...], bool]:
    """The path of the service's certificate, the organisation's roots, and whether all places that name them were seen.

    What was sent goes first: a cross-certified CA may have another way elsewhere.
    """
    sent = path(chain[0], chain[1:])
    files = environment.fact(TrustedRootFiles)
    roots, known = files.roots, [*files.certificates]
    known += [link for cloud in environment.fact(CloudCertificates) for link in cloud.path[1:]]
    try:
        own = environment.fact(OwnAuthorities)
    except FactUnavailable:  # said by the checks of the directory; the exported files may still do
        own = None
    if own:
        roots, known = (*roots, *own.roots), [*known, *own.all]
    return (*sent[:-1], *path(sent[-1], known)), roots, own is not None and not files.unseen


def _is_own(last: Certificate, roots: tuple[Certificate, ...], *, complete: bool) -> bool | None:
    if last.der in {root.der for root in roots}:
        return True
    return False if last.self_signed and complete else None
