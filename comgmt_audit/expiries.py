"""What ends, and when: certificates, revocation lists, application secrets, Configuration Manager versions.

Only what the checks of this scan have read is listed, so a calendar costs no evidence of its own. What could not be
read is missing from it; the report says elsewhere what was not looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from comgmt_audit.facts.certificates import CloudCertificates, ManagementCertificates, TrustedRootFiles
from comgmt_audit.facts.directory import OwnAuthorities
from comgmt_audit.facts.entra_apps import ServerApp
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.hosts import HostCertificates
from comgmt_audit.facts.responses import OcspAnswers
from comgmt_audit.facts.revocation import Crl, Crls
from comgmt_audit.facts.site import Sites
from comgmt_audit.facts.tls import ServedEndpoints
from comgmt_audit.facts.x509 import Certificate
from comgmt_audit.model import Expiry

RENEWED_BY_ITSELF = dt.timedelta(days=45)
"""Certificates of OCSP responders that live no longer are renewed by machines, and would fill the calendar: those of
AD CS' template OCSP Response Signing live for two weeks."""
NEVER = 9999
"""The year that Entra writes for a secret without an end."""


def expiries(environment: Environment) -> tuple[Expiry, ...]:
    """Everything that ends, in the order of time; the same certificate or list from several places stands once."""
    found: dict[tuple[str, str], Expiry] = {}
    for key, expiry in _all(environment):
        found.setdefault((expiry.kind, key), expiry)
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.kind, one.subject)))


def _all(environment: Environment) -> Iterator[tuple[str, Expiry]]:
    """(what makes it the same thing, when it ends); those with the most telling names first."""
    for certificate, label in _certificates(environment):
        end = Expiry(at=certificate.not_after, kind="certificate", subject=label, evidence=(certificate.evidence,))
        yield certificate.fingerprint, end
    yield from _lists(environment)
    yield from _secrets(environment)
    yield from _versions(environment)


def _certificates(environment: Environment) -> Iterator[tuple[Certificate, str]]:
    for cloud in environment.seen(CloudCertificates):
        yield from ((one.certificate, one.label) for one in cloud)
    for management in environment.seen(ManagementCertificates):
        own = management.certificate
        yield from [(own, management.label)] if own else []
    for endpoints in environment.seen(ServedEndpoints):
        yield from ((one.certificate, one.label) for one in endpoints)
    for hosts in environment.seen(HostCertificates):
        # Those with a key, which the computer can use: its trusted roots end by the hundred.
        stored = (one for stores in hosts.every for store in stores.stores.values() for one in store)
        yield from ((one.certificate, one.label) for one in stored if one.certificate and one.has_key)
    for authorities in environment.seen(OwnAuthorities):
        yield from ((one, one.label) for one in authorities.all)
    for roots in environment.seen(TrustedRootFiles):
        yield from ((one, one.label) for one in roots.certificates)
    for answers in environment.seen(OcspAnswers):
        signers = (one.signer for one in answers if one.signer and one.signer != one.issuer)
        named = (one for one in signers if one.not_after - one.not_before > RENEWED_BY_ITSELF)
        yield from ((one, f"OCSP responder {one.label}") for one in named)


def _lists(environment: Environment) -> Iterator[tuple[str, Expiry]]:
    for crls in environment.seen(Crls):
        for crl in crls.found.values():
            if isinstance(crl, Crl) and crl.next_update:
                kind = "delta revocation list" if crl.is_delta else "revocation list"
                ends = Expiry(
                    at=crl.next_update, kind=kind, subject=crl.label, since=crl.this_update, evidence=(crl.evidence,)
                )
                yield crl.label, ends


def _secrets(environment: Environment) -> Iterator[tuple[str, Expiry]]:
    registered = (fact.registration.application for fact in environment.seen(ServerApp))
    for app in (one for one in registered if one):
        for secret in app.secrets:
            if secret.ends.year < NEVER:
                subject = f"secret {secret.name} of {app.label}"
                expiry = Expiry(at=secret.ends, kind="application secret", subject=subject, evidence=(app.evidence,))
                yield f"{subject} {secret.ends}", expiry


def _versions(environment: Environment) -> Iterator[tuple[str, Expiry]]:
    ends = {build.build: build for build in environment.baseline.builds}
    for site in (site for sites in environment.seen(Sites) for site in sites):
        if build := ends.get(site.build or 0):
            at = dt.datetime.combine(build.ends, dt.time(), dt.UTC)
            subject = f"version {build.version}, {site.label}"
            yield site.label, Expiry(at=at, kind="support", subject=subject, evidence=(site.evidence,))
