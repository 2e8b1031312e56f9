"""Certificate revocation lists (RFC 5280, section 5) as they were fetched, and the CA certificates at the CMG.

``docs/recording/crl.md`` describes the observations ``crl/inside/<url>`` and ``crl/outside/<url>``. A list that an
administrator's computer can fetch may be out of reach for a client on the internet, so the vantage is part of the id.
"""

from __future__ import annotations

import binascii
import contextlib
import datetime as dt
import functools
import ipaddress
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from msgspec import Struct, structs

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.certificates import CloudCertificates, Unseen
from comgmt_audit.facts.chains import ClientPaths
from comgmt_audit.facts.directory_lists import LISTS, DirectoryLists, is_directory
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.x509 import Certificate, certificates, urls, verifies
from comgmt_audit.model import Evidence

if TYPE_CHECKING:
    from cryptography import x509

INSIDE, OUTSIDE = "inside", "outside"
_CURES = {
    INSIDE: "Record on a computer in the organisation's network.",
    OUTSIDE: "Take the recording (scan --keep leaves one) and comgmt.toml to a computer on the internet, and run "
    "`comgmt-audit record --outside` there.",
}
GATEWAY_CERTIFICATES = "site/gateway-certificates"

_NEXT_PUBLISH = "1.3.6.1.4.1.311.21.4"
"""When the CA should publish the next list, before the end of this one (wincrypt.h: szOID_CRL_NEXT_PUBLISH)."""

_PRIVATE_SUFFIXES = ("local", "localhost", "internal", "intranet", "corp", "home", "lan", "private", "test")
"""Top-level names that no public DNS answers for (RFC 6762, RFC 6761, ICANN resolution 2024.07.29.06 and habit)."""


class Crl(Struct, frozen=True, kw_only=True):
    """A revocation list, as it was fetched from ``url`` at ``vantage``. Times are UTC.

    ``base_number`` makes it a delta: the number of the base that it needs. ``next_publish`` is AD CS's own.
    """

    url: str
    vantage: str
    der: bytes
    issuer_text: str
    this_update: dt.datetime
    next_update: dt.datetime | None
    next_publish: dt.datetime | None
    number: int | None
    base_number: int | None
    delta_urls: tuple[str, ...]
    scope_urls: tuple[str, ...]
    """The distribution points in its IDP; empty: it has none, or names none."""
    scope: tuple[str, ...]
    """What its IDP limits it to: ``user certificates``, ``CA certificates``, ``attribute certificates``, ``reasons``,
    ``indirect``; empty: it covers everything."""
    evidence: Evidence
    signers: dict[bytes, bool]
    """What ``signed_by`` has found out, by issuer: each answer takes a pass over all of the list."""

    @property
    def label(self) -> str:
        """Its URL and the vantage."""
        return f"{self.url} ({self.vantage})"

    @property
    def is_delta(self) -> bool:
        """It lists only what changed since its base."""
        return self.base_number is not None

    def signed_by(self, issuer: Certificate) -> bool:
        """Does the issuer's key verify it?"""
        if not issuer.key_hash:
            return False  # of an algorithm that is not known
        if issuer.der not in self.signers:
            self.signers[issuer.der] = self._verified_by(issuer)
        return self.signers[issuer.der]

    def _verified_by(self, issuer: Certificate) -> bool:
        from cryptography import x509

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as where it was read
            parsed = x509.load_der_x509_crl(self.der)
            key = x509.load_der_x509_certificate(issuer.der).public_key()
        return verifies(key, parsed, parsed.tbs_certlist_bytes)


class Crls(Struct, frozen=True, kw_only=True):
    """The revocation lists that were asked for, by vantage and URL; a failure in place of what did not come."""

    needs: ClassVar[tuple[str, ...]] = ("crl/", *DirectoryLists.needs)
    found: dict[tuple[str, str], Crl | FactUnavailable]
    directory: DirectoryLists = DirectoryLists()

    def at(self, vantage: str, url: str) -> Crl:
        """The list; one in the directory is seen from inside. Raises FactUnavailable."""
        if is_directory(url) and vantage == INSIDE:
            der, place = self.directory.at(url)
            return structs.replace(_of_directory(der, url), evidence=place)
        found = self.found.get((vantage, url))
        if found is None:
            raise NotRecorded(
                f"{url} was not fetched from {vantage}",
                _CURES[vantage],
                f"crl/{vantage}/{url}",
            )
        if isinstance(found, FactUnavailable):
            raise found
        return found

    @classmethod
    def read(cls, environment: Environment) -> Crls:
        """All that was asked for; never raises, for each list is judged by itself."""
        found: dict[tuple[str, str], Crl | FactUnavailable] = {}
        known: dict[bytes, Crl] = {}  # most are seen from both vantages: one value, parsed once
        for id in environment.recording.ids("crl/"):
            _, vantage, url = ([*id.split("/", 2), "", ""])[:3]
            try:
                der = _der(environment.recording.pem(id))
                if der not in known:
                    known[der] = _crl(der, id, vantage, url)
                at = Evidence(id)
                found[vantage, url] = structs.replace(known[der], vantage=vantage, url=url, evidence=at)
            except FactUnavailable as error:
                found[vantage, url] = error
        return cls(found=found, directory=environment.fact(DirectoryLists))

    def everywhere(self, url: str) -> tuple[Crl, ...]:
        """What is there, from both vantages."""
        found = []
        for vantage in (INSIDE, OUTSIDE):
            with contextlib.suppress(FactUnavailable):
                found.append(self.at(vantage, url))
        return tuple(found)


class Distribution(Struct, frozen=True, kw_only=True):
    """A place that a certificate or a base list names for a revocation list, seen from one vantage.

    ``covered``: the certificates that are looked up there; ``bases``: of a delta, the base lists that go with it;
    ``gone``: it is known that no revocation list is there (in place of ``crl``, which ``unseen`` explains).
    """

    url: str
    vantage: str
    issuer: Certificate
    covered: tuple[Certificate, ...]
    delta: bool
    bases: tuple[Crl, ...]
    crl: Crl | None
    unseen: Unseen | None
    gone: bool

    @property
    def label(self) -> str:
        """The URL and the vantage."""
        return f"{self.url} ({self.vantage})"

    @property
    def evidence(self) -> Evidence:
        """The observation."""
        if is_directory(self.url):
            return self.crl.evidence if self.crl else Evidence(LISTS)
        return Evidence(f"crl/{self.vantage}/{self.url}")


class ClientRevocation(Struct, frozen=True, kw_only=True):
    """Where the revocation of the sample clients' certificates and of their issuers is looked up.

    That is over HTTP, and inside in the directory as well.

    ``links``: every certificate below the root with its issuer.
    """

    needs: ClassVar[tuple[str, ...]] = (*ClientPaths.needs, *Crls.needs)
    links: tuple[tuple[Certificate, Certificate], ...]
    unseen: tuple[Unseen, ...]
    distributions: tuple[Distribution, ...]

    @property
    def fetched(self) -> tuple[tuple[Distribution, Crl], ...]:
        """The places where a list was found, with the list."""
        return tuple((place, place.crl) for place in self.distributions if place.crl)

    def of(self, certificate: Certificate, vantage: str) -> tuple[Distribution, ...]:
        """The places where a base list for the certificate is looked up, from a vantage."""
        return tuple(
            place
            for place in self.distributions
            if place.vantage == vantage and not place.delta and certificate in place.covered
        )

    @classmethod
    def read(cls, environment: Environment) -> ClientRevocation:
        """From the sample clients' paths and the lists; never raises.

        Where the CMG does not check revocation, nobody outside looks these certificates up.
        """
        paths = environment.fact(ClientPaths)
        outside = environment.design.gateway.verify_client_revocation != "off"
        vantages = (INSIDE, OUTSIDE) if outside else (INSIDE,)
        found = [place for vantage in vantages for place in _distributions(paths.links, environment, vantage)]
        return cls(links=paths.links, unseen=paths.unseen, distributions=tuple(found))


class CloudRevocation(Struct, frozen=True, kw_only=True):
    """Where a client on the internet looks up the cloud services' certificates and their issuers over HTTP."""

    needs: ClassVar[tuple[str, ...]] = (*CloudCertificates.needs, *Crls.needs)
    certificates: tuple[Certificate, ...]
    unseen: tuple[Unseen, ...]
    distributions: tuple[Distribution, ...]

    def of(self, certificate: Certificate) -> tuple[Distribution, ...]:
        """The places where a base list for the certificate is looked up."""
        return tuple(place for place in self.distributions if not place.delta and certificate in place.covered)

    @classmethod
    def read(cls, environment: Environment) -> CloudRevocation:
        """From the paths in the certificate files; never raises."""
        cloud = environment.fact(CloudCertificates)
        pairs = [pair for one in cloud for pair in zip(one.path, one.path[1:], strict=False)]
        links = {child.der: (child, issuer) for child, issuer in pairs}.values()
        return cls(
            certificates=tuple(child for child, _ in links),
            unseen=(*cloud.unseen, *cloud.locked),
            distributions=tuple(_distributions(links, environment, OUTSIDE)),
        )


def _distributions(
    links: Iterable[tuple[Certificate, Certificate]], environment: Environment, vantage: str
) -> Iterator[Distribution]:
    """Every place that the certificates of the links, or their base lists, name, and that the vantage can reach."""
    by_issuer: dict[bytes, tuple[Certificate, list[Certificate]]] = {}
    for child, issuer in links:
        by_issuer.setdefault(issuer.der, (issuer, []))[1].append(child)
    for issuer, children in by_issuer.values():
        bases = [
            _distribution(
                environment, vantage, url, issuer, tuple(one for one in children if url in one.crl_urls), None
            )
            for url in _places(children, "crl_urls", vantage)
        ]
        yield from bases
        lists = tuple(place.crl for place in bases if place.crl)
        for url in _places([*children, *lists], "delta_urls", vantage):
            yield _distribution(environment, vantage, url, issuer, tuple(children), lists)


def _places(sources: Iterable[Certificate | Crl], field: str, vantage: str) -> tuple[str, ...]:
    """The addresses that can be looked at: the directory is for computers of the domain."""
    urls = dict.fromkeys(url for source in sources for url in getattr(source, field))
    return tuple(url for url in urls if is_web(url) or (vantage == INSIDE and is_directory(url)))


def _distribution(
    environment: Environment,
    vantage: str,
    url: str,
    issuer: Certificate,
    covered: tuple[Certificate, ...],
    bases: tuple[Crl, ...] | None,
) -> Distribution:
    crl, unseen, gone = None, None, False
    try:
        crl = environment.fact(Crls).at(vantage, url)
    except FactUnavailable as error:
        unseen = Unseen.of(f"{url} ({vantage})", error, environment)
        gone = isinstance(error, Unreadable)
    return Distribution(
        url=url,
        vantage=vantage,
        issuer=issuer,
        covered=covered,
        delta=bases is not None,
        bases=bases or (),
        crl=crl,
        unseen=unseen,
        gone=gone,
    )


def is_web(url: str) -> bool:
    """Is it fetched over HTTP? LDAP and file URLs are for members of the domain; HTTPS would need its own CRL."""
    return url.casefold().startswith("http://")


def is_public_host(url: str) -> bool:
    """May the host be known in public DNS: no single label, no private suffix, no private address?"""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        labels = host.split(".")
        return len(labels) > 1 and all(labels) and labels[-1] not in _PRIVATE_SUFFIXES


_PEM = re.compile(rb"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----")


def _der(pem: bytes) -> bytes:
    """The one list of a PEM file; nothing where there is none. (The library reads PEM by way of three more copies.)"""
    found = _PEM.search(pem)
    try:
        return binascii.a2b_base64(memoryview(pem)[slice(*found.span(1))]) if found else b""
    except binascii.Error:
        return b""


def _crl(der: bytes, id: str, vantage: str, url: str) -> Crl:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        # Everything is parsed when it is asked for, so any of these can be what is refused.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a serial of zero is read, and warned about
            parsed = x509.load_der_x509_crl(der)
            return Crl(
                url=url,
                vantage=vantage,
                der=der,
                issuer_text=parsed.issuer.rfc4514_string(),
                this_update=parsed.last_update_utc,
                next_update=parsed.next_update_utc,
                evidence=Evidence(id),
                signers={},
                **_extensions(parsed),
            )
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    ):
        raise Unreadable(
            f"{url}: what came is not a revocation list",
            "Open the URL in a browser: a page of the web server in place of the list also comes with status 200.",
            id,
        ) from None


@functools.lru_cache(maxsize=64)
def _of_directory(der: bytes, url: str) -> Crl:
    """A list as it would have been recorded, had it been fetched: from here on both are one."""
    return _crl(der, LISTS, INSIDE, url)


def _extensions(parsed: x509.CertificateRevocationList) -> dict[str, Any]:
    from cryptography import x509

    found: dict[str, Any] = {
        "next_publish": None,
        "number": None,
        "base_number": None,
        "delta_urls": (),
        "scope_urls": (),
        "scope": (),
    }
    for extension in parsed.extensions:
        value = extension.value
        match value:
            case x509.CRLNumber():
                found["number"] = value.crl_number
            case x509.DeltaCRLIndicator():
                found["base_number"] = value.crl_number
            case x509.FreshestCRL():
                found["delta_urls"] = urls(value)
            case x509.IssuingDistributionPoint():
                found["scope"], found["scope_urls"] = _scope(value), _scope_urls(value)
            case x509.UnrecognizedExtension() if extension.oid.dotted_string == _NEXT_PUBLISH:
                found["next_publish"] = der_time(value.value)
            case _:
                continue
    return found


def _scope(value: x509.IssuingDistributionPoint) -> tuple[str, ...]:
    limits = {
        "user certificates": value.only_contains_user_certs,
        "CA certificates": value.only_contains_ca_certs,
        "attribute certificates": value.only_contains_attribute_certs,
        "reasons": bool(value.only_some_reasons),
        "indirect": value.indirect_crl,
    }
    return tuple(name for name, limited in limits.items() if limited)


def _scope_urls(value: x509.IssuingDistributionPoint) -> tuple[str, ...]:
    from cryptography import x509

    names = value.full_name or ()
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def der_time(der: bytes) -> dt.datetime | None:
    """A DER UTCTime or GeneralizedTime in Zulu form (RFC 5280, section 4.1.2.5); ``None`` where it is neither."""
    text = der[2:].decode("ascii", errors="replace")
    if len(der) < 2 or der[0] not in {0x17, 0x18} or len(text) != der[1]:
        return None
    if der[0] == 0x17:
        text = ("20" if text[:2] < "50" else "19") + text
    if not (len(text) == 15 and text[:14].isdecimal()):
        return None
    try:
        return dt.datetime.fromisoformat(f"{text[:8]}T{text[8:14]}{text[14]}")
    except ValueError:
        return None


class GatewayCertificates(Struct, frozen=True, kw_only=True):
    """The CA certificates that were uploaded to the CMG (its properties, tab Settings)."""

    needs: ClassVar[tuple[str, ...]] = (GATEWAY_CERTIFICATES,)
    certificates: tuple[Certificate, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """What they are."""
        return "certificates uploaded to the cloud service"

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The self-signed ones."""
        return tuple(one for one in self.certificates if one.self_signed)

    @property
    def subordinates(self) -> tuple[Certificate, ...]:
        """The others."""
        return tuple(one for one in self.certificates if not one.self_signed)

    def holds(self, wanted: Certificate) -> bool:
        """Is this very certificate among them?"""
        return any(one.der == wanted.der for one in self.certificates)

    @classmethod
    def read(cls, environment: Environment) -> GatewayCertificates:
        """All of them; an empty answer is known to be empty."""
        found = certificates(environment.recording.pem(GATEWAY_CERTIFICATES), GATEWAY_CERTIFICATES)
        return cls(
            certificates=tuple(structs.replace(one, label=f"{one.label} at the CMG") for one in found),
            evidence=Evidence(GATEWAY_CERTIFICATES),
        )
