"""Authority Information Access: where certificates say that their issuer's certificate is. Protects every computer that
has not got the issuing CA: it builds no path, and refuses what it should trust.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from comgmt_audit import Design, Family, Finding, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.issuers import IssuerPlace, IssuerPlaces

from ._shared import learn, lifetime, unseen

family = Family(code="AIA", title="Authority Information Access", stage=Stage.AZURE_SERVICES)

PLAN = learn("Plan for PKI certificates", "intune/configmgr/core/plan-design/security/plan-for-certificates")
STEP = "Create the CMG"
NAMES_NONE = "no certificate in use names an http:// address for its issuer"


@check("AIA010", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def issuers_can_be_fetched(places: IssuerPlaces) -> Findings:
    """Something is at every http:// address where a certificate in use says that its issuer's certificate is.

    Why: A computer that has not got the issuing CA fetches it there. Where nothing is, it builds no path:
    a client whose CMG sends no intermediate refuses it, and a server refuses the client.
    Remedy: Copy the .crt from C:\\Windows\\System32\\CertSrv\\CertEnroll on the CA to the web server, under the name
    that the certificate has (`certutil -dump`); or correct the address in the CA's properties, tab Extensions, AIA.
    """
    _must_name_some(places)
    for place in places:
        if place.found is not None or place.gone:
            actual = place.unseen.why if place.unseen else None
            expected = f"the certificate that issued {place.named_by[0].label}"
            yield require(place, place.found is not None, expected=expected, actual=actual)
    yield from _unread(places)


@check("AIA020", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def what_is_fetched_is_the_issuer(places: IssuerPlaces) -> Findings:
    """What is at such an address is the certificate of the issuer, or a PKCS#7 bundle that holds it.

    Why: Windows tries what it finds by name and signature. A revocation list, a web server's certificate, or the CA's
    certificate of an earlier key completes no path.
    Remedy: Publish there the CA certificate whose key signed these certificates (on the CA: `certutil -ca.cert`). After
    a renewal with a new key there are several, whose names end in (1), (2): the address in older certificates must keep
    the older one.
    """
    _must_name_some(places)
    for place in places:
        if place.found is not None:
            orphans = [one for one in place.named_by if not place.issuers(one)]
            expected = sorted({f"{one.issuer_text}, the issuer of {one.label}" for one in orphans})
            actual = [f"{one.subject_text} (SHA-1 {one.thumbprint})" for one in place.found]
            yield require(place, not orphans, expected=expected, actual=actual or "no certificate")
    yield from _nothing_to_judge(places)


@check("AIA030", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def what_is_fetched_is_in_date(places: IssuerPlaces, design: Design, now: Now) -> Findings:
    """The issuers' certificates at these addresses are valid today and beyond the warning horizon.

    Why: A CA that was renewed with the same key has two certificates for one address, and the older one is of no use
    when it has ended.
    Remedy: Export the renewed certificate on the CA (`certutil -ca.cert`), and publish it at the same address.
    """
    _must_name_some(places)
    horizon = now.time + dt.timedelta(days=design.horizons.certificate_days)
    for place in places:
        issuers = {issuer.der: issuer for one in place.named_by for issuer in place.issuers(one)}.values()
        if issuers:
            best = max(issuers, key=lambda one: one.not_after)
            valid = best.not_before <= now.time <= best.not_after
            yield require(
                place,
                valid and best.not_after > horizon,
                expected=f"valid for more than {design.horizons.certificate_days} days",
                actual=lifetime(best),
                severity=Severity.LOW if valid else None,
            )
        elif place.found is not None:
            why = "what is there is not the issuer's certificate"
            yield cannot_tell(place, why, cure="Publish the issuer's certificate there first (AIA020).")
    yield from _nothing_to_judge(places)


def _must_name_some(places: IssuerPlaces) -> None:
    if not places.places and not places.unseen:
        raise NotApplicable(NAMES_NONE)


def _unread(places: IssuerPlaces) -> Iterator[Finding]:
    """What did not come, though it may be there."""
    yield from (_unknown(place, place.unseen) for place in places if place.unseen and not place.gone)
    yield from unseen(places.unseen)


def _nothing_to_judge(places: IssuerPlaces) -> Iterator[Finding]:
    """The same; that nothing is there AIA010 says, and here it counts only where there is nothing anywhere."""
    yield from _unread(places)
    if not any(place.found is not None for place in places):
        yield from (_unknown(place, place.unseen) for place in places if place.unseen and place.gone)


def _unknown(place: IssuerPlace, why: Unseen) -> Finding:
    return cannot_tell(place, why.why, cure=why.cure)
