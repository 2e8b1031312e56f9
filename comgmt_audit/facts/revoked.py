"""Which certificates of the roll-out are revoked, by the lists that were fetched (RFC 5280, section 5.3)."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.in_use import CertificatesInUse
from comgmt_audit.facts.revocation import Crl, Crls
from comgmt_audit.facts.x509 import Certificate
from comgmt_audit.model import Evidence

if TYPE_CHECKING:
    from cryptography import x509


class RevocationState(Struct, frozen=True, kw_only=True):
    """A certificate, and what the lists of its issuer say.

    ``lists``: those that its issuer signed, from either vantage; ``revoked``: since when, ``None``: no list has it.
    """

    certificate: Certificate
    lists: tuple[Crl, ...]
    revoked: dt.datetime | None

    @property
    def label(self) -> str:
        """The certificate, and its serial number, for a revoked one has a successor of the same name."""
        return f"{self.certificate.common_name or self.certificate.label} (serial {self.certificate.serial})"

    @property
    def known(self) -> bool:
        """Is there a complete list of its issuer?"""
        return any(not one.is_delta for one in self.lists)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The certificate and the lists."""
        return (self.certificate.evidence, *(one.evidence for one in self.lists))


class RevocationStates(Struct, frozen=True, kw_only=True):
    """Every certificate below a root: of the cloud services' files, of what is served, and of the sample clients."""

    needs: ClassVar[tuple[str, ...]] = (*CertificatesInUse.needs, *Crls.needs)
    states: tuple[RevocationState, ...]
    unseen: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[RevocationState]:
        return iter(self.states)

    @classmethod
    def read(cls, environment: Environment) -> RevocationStates:
        """From the paths of all of them; never raises."""
        used, crls = environment.fact(CertificatesInUse), environment.fact(Crls)
        return cls(states=tuple(_state(child, issuer, crls) for child, issuer in used.links), unseen=used.unseen)


def _state(child: Certificate, issuer: Certificate, crls: Crls) -> RevocationState:
    bases = _lists(child.crl_urls, issuer, crls)
    named = (*child.delta_urls, *(url for one in bases for url in one.delta_urls))
    lists = (*bases, *_lists(tuple(dict.fromkeys(named)), issuer, crls))
    try:
        revoked = _revoked(child, lists)
    except (ValueError, TypeError, OverflowError):  # entries are parsed late: a damaged list says nothing of anybody
        revoked, lists = None, ()
    return RevocationState(certificate=child, lists=lists, revoked=revoked)


def _lists(urls: tuple[str, ...], issuer: Certificate, crls: Crls) -> tuple[Crl, ...]:
    """The lists at these addresses that the issuer signed, each once: both vantages show the same."""
    found: dict[bytes, Crl] = {}
    for url in urls:
        for one in crls.everywhere(url):
            if one.der not in found and one.signed_by(issuer):
                found[one.der] = one
    return tuple(found.values())


def _revoked(child: Certificate, lists: tuple[Crl, ...]) -> dt.datetime | None:
    """Since when a list has it; a delta list may take it out again (a hold that ended: removeFromCRL).

    Of two lists of the same time, from two places, the one that has it counts.
    """
    since: dt.datetime | None = None
    entries = [(one, _entry(one, int(child.serial, 16))) for one in lists]
    for one, entry in sorted(entries, key=lambda pair: (pair[0].this_update, pair[1] is not None)):
        if entry is not None:
            since = None if one.is_delta and _is_removal(entry) else entry.revocation_date_utc
        elif not one.is_delta:
            since = None  # a later complete list
    return since


def _entry(one: Crl, serial: int) -> x509.RevokedCertificate | None:
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as where the list was read
        return x509.load_der_x509_crl(one.der).get_revoked_certificate_by_serial_number(serial)


def _is_removal(entry: object) -> bool:
    from cryptography import x509

    try:
        extensions = list(getattr(entry, "extensions", ()))
    except ValueError:
        return False  # damaged: what is on the list counts
    reasons = [one.value.reason for one in extensions if isinstance(one.value, x509.CRLReason)]
    return x509.ReasonFlags.remove_from_crl in reasons
