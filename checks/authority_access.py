"""Authority Information Access: where certificates say that their issuer's certificate and their OCSP responder are.
Protects every computer that has not got the issuing CA, or asks whether a certificate is revoked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from comgmt_audit import Design, Family, Finding, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.issuers import IssuerPlace, IssuerPlaces
from comgmt_audit.facts.responses import OcspAnswer, OcspAnswers

from ._shared import learn, lifetime, unseen

family = Family(code="AIA", title="Authority Information Access", stage=Stage.AZURE_SERVICES)

PLAN = learn("Plan for PKI certificates", "intune/configmgr/core/plan-design/security/plan-for-certificates")
STEP = "Create the CMG"
NAMES_NONE = "no certificate in use names an address for its issuer, over http:// or in the directory"
NAMES_NO_RESPONDER = "no certificate in use names an OCSP responder"
PASSING = ("try later", "internal error", "malformed request")
"""What a responder says that may be another thing a minute later, or that is about our question only."""
SKEW = dt.timedelta(minutes=5)
"""By how much a responder's clock may be ahead."""


@check("AIA010", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def issuers_can_be_fetched(places: IssuerPlaces) -> Findings:
    """Something is at every address where a certificate in use says that its issuer's certificate is.

    Why: A computer that has not got the issuing CA fetches it there. Where nothing is, it builds no path:
    a client whose CMG sends no intermediate refuses it, and a server refuses the client.
    Remedy: Copy the .crt from C:\\Windows\\System32\\CertSrv\\CertEnroll on the CA to the web server, under the name
    that the certificate has (`certutil -dump`), and into the directory with `certutil -dspublish -f CA.crt SubCA`; or
    correct the address in the CA's properties, tab Extensions, AIA.
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


@check("AIA040", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def responders_answer(answers: OcspAnswers) -> Findings:
    """Every OCSP responder that a certificate in use names answers.

    Why: Windows asks the responder first, and each computer waits for its time-out before it fetches the list instead.
    A responder that is not authorised for the CA answers nobody.
    Remedy: In the console Online Responder Management (`ocsp.msc`), open Revocation Configuration and mend what is
    marked red; or remove the responder in the CA's properties, tab Extensions, AIA. Of a public CA, ask the CA.
    """
    _must_name_a_responder(answers)
    for one in answers:
        if one.unseen and not one.gone:
            yield cannot_tell(one, one.unseen.why, cure=one.unseen.cure)
        elif one.refusal in PASSING:
            cure = "Record again later; where it stays so, ask the responder with `certutil -url`."
            yield cannot_tell(one, f"the responder says: {one.refusal}", cure=cure)
        else:
            said = f"the responder says: {one.refusal}" if one.refusal else one.unseen and one.unseen.why
            yield require(one, one.answered, expected="an answer of the responder", actual=said)
    yield from unseen(answers.unseen)


@check("AIA050", severity=Severity.MEDIUM, tags=["beyond"], step=STEP, refs=[PLAN])
def answers_of_responders_count(answers: OcspAnswers) -> Findings:
    """What an OCSP responder answers is about the certificate, in date, and signed by the issuer or whom it named.

    Why: Windows passes over any other answer, as if the responder were offline.
    Remedy: In the console Online Responder Management (`ocsp.msc`), open Revocation Configuration, and renew the
    signing certificate (template OCSP Response Signing, of the same CA), or mend the revocation provider's lists.
    """
    _must_name_a_responder(answers)
    for one in answers:
        if one.answered:
            faults = list(_faults(one))
            expected = f"good or revoked, in date, and signed by {one.issuer.label} or a responder that it named"
            yield require(one, not faults, expected=expected, actual=faults)
    yield from _unanswered(answers)


@check("AIA060", severity=Severity.CRITICAL, tags=["beyond"], step=STEP, refs=[PLAN])
def no_responder_calls_a_certificate_revoked(answers: OcspAnswers) -> Findings:
    """No OCSP responder says that a certificate in use is revoked.

    Why: Whoever asks the responder refuses the certificate at once, whatever the list says that is still in date.
    Remedy: Request a new certificate and install it (the CMG: Administration > Cloud Services > Cloud Management
    Gateway > Properties > Settings). One that is on hold can be released in the CA's console: Revoked Certificates >
    All Tasks > Unrevoke.
    """
    _must_name_a_responder(answers)
    for one in answers:
        if one.answered and not any(_faults(one)):
            since = f"revoked since {one.revoked:%Y-%m-%d %H:%M} UTC" if one.revoked else one.status
            yield require(one, one.status == "good", expected="good", actual=since)
        elif one.answered:
            why = "its answer does not count, so that it is not known what it would say"
            yield cannot_tell(one, why, cure="Mend the responder first (AIA050). Then record again.")
    yield from _unanswered(answers)


def _must_name_a_responder(answers: OcspAnswers) -> None:
    if not answers.answers and not answers.unseen:
        raise NotApplicable(NAMES_NO_RESPONDER)


def _faults(answer: OcspAnswer) -> Iterator[str]:
    """Why the answer does not count."""
    if answer.signer is None:
        yield answer.unsigned
    if not answer.status:
        yield f"it says nothing of the certificate with the serial number {answer.certificate.serial}"
    if answer.status == "unknown":
        yield "the responder does not know the certificate"
    if answer.asked and answer.this_update and answer.this_update > answer.asked + SKEW:
        yield f"it counts from {answer.this_update:%Y-%m-%d %H:%M} UTC on only"
    if answer.asked and answer.next_update and answer.next_update < answer.asked:
        yield f"it ended on {answer.next_update:%Y-%m-%d %H:%M} UTC"


def _unanswered(answers: OcspAnswers) -> Iterator[Finding]:
    """What did not come; that a responder refuses or is gone AIA040 says, and here only where none answered."""
    none = not any(one.answered for one in answers)
    for one in answers:
        if one.unseen and (none or not one.gone):
            yield cannot_tell(one, one.unseen.why, cure=one.unseen.cure)
        elif one.refusal and (none or one.refusal in PASSING):
            yield cannot_tell(one, f"the responder says: {one.refusal}", cure="Mend the responder first (AIA040).")
    yield from unseen(answers.unseen)
