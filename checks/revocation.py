"""Revocation, and the CA certificates at the CMG. Protects PKI clients: where the CMG cannot build or check their
chain, it refuses them with 403, and the log does not say why.
"""

from __future__ import annotations

import datetime as dt

from comgmt_audit import (
    Baseline,
    Design,
    Family,
    Finding,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts import Now
from comgmt_audit.facts.chains import ClientPaths
from comgmt_audit.facts.directory_lists import is_directory
from comgmt_audit.facts.revocation import (
    INSIDE,
    OUTSIDE,
    ClientRevocation,
    CloudRevocation,
    Crl,
    Distribution,
    GatewayCertificates,
    is_public_host,
    is_web,
)
from comgmt_audit.facts.revoked import RevocationStates
from comgmt_audit.facts.site import CommunicationSecurity
from comgmt_audit.facts.x509 import Certificate

from ._scope import own_cloud_certificates, pki_clients, pki_clients_over_https
from ._shared import learn, lifetime, unseen

family = Family(code="CRL", title="Revocation and the CMG's trust", stage=Stage.AZURE_SERVICES)

SETUP = learn("Set up a CMG", "intune/configmgr/core/clients/manage/cmg/setup-cloud-management-gateway")
PLAN = learn("Plan for PKI certificates", "intune/configmgr/core/plan-design/security/plan-for-certificates")
STEP = "Create the CMG"


@check(
    "CRL010", severity=Severity.CRITICAL, covers=["S96"], step=STEP, applies=pki_clients, refs=[SETUP], after=["DIR010"]
)
def roots_of_the_clients_are_uploaded(clients: ClientPaths, uploaded: GatewayCertificates) -> Findings:
    """The root of every client certificate is uploaded to the CMG.

    Why: The CMG checks client certificates against these roots only; without it every PKI client gets 403. That the
    CMG's own certificate is public does not change that.
    Remedy: Administration > Cloud Services > Cloud Management Gateway > Properties > Settings (or Client
    Authentication) > Certificates uploaded to the cloud service: add the root's .cer.
    """
    for authority in clients.authorities:
        if authority.self_signed:
            yield _uploaded(authority, uploaded)
    yield from unseen(clients.unseen)


def _uploaded(authority: Certificate, uploaded: GatewayCertificates) -> Finding:
    return require(
        authority,
        uploaded.holds(authority),
        expected=f"{authority.subject_text} (SHA-1 {authority.thumbprint})",
        actual=[f"{one.subject_text} (SHA-1 {one.thumbprint})" for one in uploaded.certificates],
        evidence=(authority.evidence, uploaded.evidence),
    )


@check("CRL020", severity=Severity.HIGH, covers=["S97"], step=STEP, refs=[SETUP])
def uploads_are_within_the_limits(uploaded: GatewayCertificates, baseline: Baseline) -> Findings:
    """No more root and subordinate CA certificates are uploaded to the CMG than it takes.

    Why: Version 1902 and earlier take two roots and four subordinate CAs; later versions have no limit.
    Remedy: In the console (Administration > Cloud Services > Cloud Management Gateway > Properties > Settings), remove
    the certificates that no client chains to, or update the site.
    """
    limits = (
        ("root CA certificates", uploaded.roots, baseline.issued_roots_limit),
        ("subordinate CA certificates", uploaded.subordinates, baseline.issued_subordinates_limit),
    )
    if all(limit is None for _, _, limit in limits):
        raise NotApplicable("this baseline knows no limit")
    for what, found, limit in limits:
        if limit is not None:
            actual = [f"{len(found)} certificates", *(one.subject_text for one in found)]
            yield require(
                f"{what} at the CMG",
                len(found) <= limit,
                expected=f"at most {limit}",
                actual=actual,
                evidence=uploaded.evidence,
            )


@check(
    "CRL030",
    severity=Severity.CRITICAL,
    covers=["S98"],
    step=STEP,
    applies=pki_clients,
    refs=[SETUP],
    empty="the root itself issues the client certificates",
    after=["DIR010"],
)
def intermediates_of_the_clients_are_uploaded(clients: ClientPaths, uploaded: GatewayCertificates) -> Findings:
    """Every issuing CA between a client certificate and its root is uploaded to the CMG.

    Why: A client sends its own certificate only. The CMG builds the chain from what was uploaded, and refuses the
    client where a link is missing.
    Remedy: In the console, open Administration > Cloud Services > Cloud Management Gateway > Properties > Settings (or
    Client Authentication), and add the issuing CA's .cer under Certificates uploaded to the cloud service.
    """
    for authority in clients.authorities:
        if not authority.self_signed:
            yield _uploaded(authority, uploaded)
    yield from unseen(clients.unseen)


@check(
    "CRL040",
    severity=Severity.CRITICAL,
    covers=["S96", "S98"],
    step=STEP,
    refs=[SETUP],
    empty="no CA certificate is uploaded",
)
def uploads_are_valid(uploaded: GatewayCertificates, design: Design, now: Now) -> Findings:
    """Every CA certificate at the CMG is valid today and beyond the warning horizon.

    Why: A chain through a CA certificate that has ended is refused; after a CA's renewal the new one must be uploaded.
    Remedy: Upload the renewed certificate in the properties of the CMG, then remove the old one.
    """
    days = design.horizons.certificate_days
    for one in uploaded.certificates:
        valid = one.not_before <= now.time <= one.not_after
        yield require(
            one,
            valid and one.not_after - now.time > dt.timedelta(days=days),
            expected=f"valid for more than {days} days",
            actual=lifetime(one),
            severity=Severity.MEDIUM if valid else None,
        )


@check(
    "CRL050",
    severity=Severity.CRITICAL,
    covers=["S99"],
    step=STEP,
    applies=pki_clients,
    refs=[SETUP, PLAN],
    after=["DIR010"],
)
def the_gateway_can_check_revocation(revocation: ClientRevocation, design: Design) -> Findings:
    """Verify Client Certificate Revocation is off at the CMG, or every list that it needs is published on the internet.

    Why: A CMG that cannot fetch one of the lists treats all certificates of the chain as revoked, so one CA with an
    LDAP address only refuses every client.
    Remedy: Publish the lists on a web server that the internet reaches, and let the CA write its http:// address into
    certificates (CA properties > Extensions > CDP) before they are renewed; or clear the box in the CMG's properties.
    """
    box = design.gateway.verify_client_revocation
    if box == "unknown":
        yield cannot_tell(
            "Verify Client Certificate Revocation",
            "no interface of Configuration Manager says whether the box is ticked",
            cure="Look at the properties of the CMG, and say it in comgmt.toml, section [gateway]: "
            'verify_client_revocation = "on" or "off".',
        )
    elif box == "off":
        yield require("Verify Client Certificate Revocation: off", True)
    else:
        for certificate, _ in revocation.links:
            yield _published(certificate, revocation.of(certificate, OUTSIDE))
        yield from unseen(revocation.unseen)


def _published(certificate: Certificate, places: tuple[Distribution, ...]) -> Finding:
    """One good place is enough; that there is none must be known of each."""
    expected = "an http:// list that can be fetched from the internet"
    public = [place for place in places if is_public_host(place.url)]
    if any(place.crl for place in public):
        return require(certificate, True)
    unknown = next((place.unseen for place in public if place.unseen and not place.gone), None)
    if unknown:
        return cannot_tell(certificate, unknown.why, cure=unknown.cure, evidence=unknown.evidence)
    seen = [place.unseen.why for place in public if place.unseen]
    evidence = (certificate.evidence, *(place.evidence for place in public))
    return require(certificate, False, expected=expected, actual=seen or certificate.crl_urls, evidence=evidence)


@check(
    "CRL060",
    severity=Severity.HIGH,
    tags=["beyond"],
    step=STEP,
    applies=pki_clients_over_https,
    refs=[PLAN],
    after=["DIR010"],
)
def the_management_point_can_check_revocation(revocation: ClientRevocation) -> Findings:
    """Every revocation list that the management point needs for client certificates can be fetched inside.

    Why: IIS always checks the lists of client certificates, and that cannot be switched off: where one is out of reach
    all clients get 403.13.
    Remedy: On the management point run `certutil -urlfetch -verify CLIENT.cer`, and mend the address that fails.
    """
    for certificate, _ in revocation.links:
        places = revocation.of(certificate, INSIDE)
        other = [url for url in certificate.crl_urls if not is_web(url) and not is_directory(url)]
        unknown = next((place.unseen for place in places if place.unseen and not place.gone), None)
        if any(place.crl for place in places):
            yield require(certificate, True)
        elif unknown:
            yield cannot_tell(certificate, unknown.why, cure=unknown.cure, evidence=unknown.evidence)
        elif other:
            yield cannot_tell(
                certificate,
                "its list can be fetched from a file or over HTTPS at most, which this scanner does not try",
                cure="On the management point run `certutil -urlfetch -verify` with the certificate.",
            )
        else:
            seen = [place.unseen.why for place in places if place.unseen]
            yield require(certificate, False, expected="a list that can be fetched", actual=seen or "no address at all")
    yield from unseen(revocation.unseen)


@check(
    "CRL070", severity=Severity.CRITICAL, covers=["S99"], step=STEP, applies=pki_clients, refs=[PLAN], after=["DIR010"]
)
def lists_are_signed_by_their_authority(revocation: ClientRevocation) -> Findings:
    """Every revocation list that was fetched comes from the CA whose certificates it is for, and is signed by it.

    Why: A list of another CA, or of an earlier key of the same CA, says nothing about these certificates.
    Remedy: On the CA run `certutil -crl`, and publish the list that it writes to
    C:\\Windows\\System32\\CertSrv\\CertEnroll at the address in the certificate; after a renewal with a new key there
    are several, whose names end in (1), (2).
    """
    for place, crl in revocation.fetched:
        named = crl.issuer_text.casefold() == place.issuer.subject_text.casefold()
        actual = f"{crl.issuer_text}, {'signed by another key' if named else 'another CA'}"
        yield require(
            crl, named and crl.signed_by(place.issuer), expected=f"signed by {place.issuer.subject_text}", actual=actual
        )


@check(
    "CRL080", severity=Severity.CRITICAL, covers=["S99"], step=STEP, applies=pki_clients, refs=[PLAN], after=["DIR010"]
)
def lists_are_in_date(revocation: ClientRevocation, now: Now) -> Findings:
    """Every revocation list that was fetched is in date, and its successor is not overdue.

    Why: A list that has ended counts as none, and then every certificate counts as revoked. A successor that is overdue
    says that publishing has stopped, and when that will happen.
    Remedy: On the CA run `certutil -crl`, copy the lists to the web server, and mend the task that does so; an offline
    root CA must be started for it.
    """
    for _, crl in revocation.fetched:
        started = crl.this_update <= now.time
        ended = crl.next_update is not None and crl.next_update < now.time
        late = crl.next_publish is not None and crl.next_publish < now.time
        yield require(
            crl,
            started and not ended and not late,
            expected=f"in date at {now.time:%Y-%m-%d %H:%M} UTC, and the next one not overdue",
            actual=_dates(crl),
            severity=Severity.LOW if started and not ended else None,
        )


def _dates(crl: Crl) -> list[str]:
    """The dates of a list, each with its name in the CA's console."""
    dates = {"published": crl.this_update, "next publish": crl.next_publish, "next update": crl.next_update}
    return [f"{name} {date:%Y-%m-%d %H:%M} UTC" for name, date in dates.items() if date]


@check("CRL090", severity=Severity.HIGH, covers=["S99"], step=STEP, applies=pki_clients, refs=[PLAN], after=["DIR010"])
def delta_lists_go_with_their_base(revocation: ClientRevocation) -> Findings:
    """Every delta list that is named can be fetched, and fits the base list that is published.

    Why: Windows asks for the delta where one is named; without it the check ends as if the server were offline.
    Remedy: Publish base and delta together. IIS refuses the + in the delta's name with 404.11 until
    `allowDoubleEscaping` is on: `appcmd set config "SITE" /section:requestfiltering /allowdoubleescaping:true`.
    """
    bases = [place for place in revocation.distributions if not place.delta]
    if not revocation.unseen and all(
        place.crl and place.crl.signed_by(place.issuer) and not place.crl.delta_urls for place in bases
    ):
        raise NotApplicable("no revocation list names a delta list")
    for place in revocation.distributions:
        if not place.delta and place.crl and not place.crl.signed_by(place.issuer):
            why = "what is published there is no list of this CA, so that its delta list is not known"
            yield cannot_tell(place, why, cure="Publish the CA's own list there first (CRL070).")
        if not place.delta and place.unseen and not place.gone and not _has_base(bases, place.issuer):
            yield cannot_tell(place, place.unseen.why, cure=place.unseen.cure)
        if not place.delta or not place.bases:
            continue  # without a base list there is nothing to add to: CRL050 and CRL060
        if place.crl:
            needed, numbers = place.crl.base_number, [base.number for base in place.bases]
            fits = needed is not None and any(number is not None and number >= needed for number in numbers)
            yield require(place, fits, expected=f"a base list numbered {needed} or later", actual=_numbered(numbers))
        elif place.unseen and not place.gone:
            yield cannot_tell(place, place.unseen.why, cure=place.unseen.cure)
        else:
            yield require(place, False, expected="a delta list", actual=place.unseen.why if place.unseen else None)


def _has_base(bases: list[Distribution], issuer: Certificate) -> bool:
    """Did any of the CA's complete lists come, which would name its delta list?"""
    return any(place.crl for place in bases if place.issuer.der == issuer.der)


def _numbered(numbers: list[int | None]) -> list[str]:
    return [f"a base list {'without a number' if number is None else f'numbered {number}'}" for number in numbers]


@check("CRL100", severity=Severity.HIGH, covers=["S99"], step=STEP, applies=pki_clients, refs=[PLAN], after=["DIR010"])
def lists_cover_the_certificates(revocation: ClientRevocation) -> Findings:
    """Every revocation list that was fetched covers the certificates that name it.

    Why: A list can be limited to a kind of certificates or to one address (issuing distribution point); Windows ignores
    a list that does not cover the certificate, and then has none.
    Remedy: In the CA's properties, tab Extensions, CDP, clear Include in the IDP extension of issued CRLs for the wrong
    address, and publish again.
    """
    for place, crl in revocation.fetched:
        if place.delta:
            continue
        kinds = {"CA certificates" if one.is_ca else "user certificates" for one in place.covered}
        wrong = [limit for limit in crl.scope if {limit} != kinds]
        addresses = {url for one in place.covered for url in one.crl_urls}
        elsewhere = bool(crl.scope_urls) and not addresses & set(crl.scope_urls)
        yield require(
            crl,
            not wrong and not elsewhere and not crl.is_delta,
            expected=f"covers {', '.join(sorted(kinds))}",
            actual=("a delta list",) if crl.is_delta else (*wrong, *crl.scope_urls),
        )


@check(
    "CRL110",
    severity=Severity.MEDIUM,
    covers=["S99"],
    step="Export the Trusted Root Certificate of your on-premises Microsoft Certificate Authority",
    applies=own_cloud_certificates,
    refs=[PLAN],
)
def clients_can_check_the_cloud_certificates(revocation: CloudRevocation, security: CommunicationSecurity) -> Findings:
    """Clients do not check the revocation of site systems, or find the lists of the own cloud certificates outside.

    Why: A client on the internet that must check the list and cannot fetch it refuses the CMG: CcmMessaging.log shows
    12175 and CERT_REV_FAILED.
    Remedy: Publish the lists on the internet; or clear Clients check the certificate revocation list (CRL) for site
    systems (Administration > Site Configuration > Sites > Properties > Communication Security), and install clients
    with `/NoCRLCheck`.
    """
    checking = [site for site in security if site.checks_revocation]
    for site in security:
        if site.checks_revocation is None:
            yield cannot_tell(site, "the site does not say it", cure="Record the site's components again.")
        elif not site.checks_revocation:
            yield require(site, True)
    if checking:
        for certificate in revocation.certificates:
            yield _published(certificate, revocation.of(certificate))
        yield from unseen(revocation.unseen)


@check("CRL120", severity=Severity.CRITICAL, tags=["beyond"], step=STEP, refs=[PLAN])
def no_certificate_is_revoked(states: RevocationStates) -> Findings:
    """No certificate of a cloud service, the management point or a sample client is revoked, nor a CA above it.

    Why: Whoever checks a revoked certificate refuses it at once. It happens where the old certificate was revoked after
    a renewal, and a service or client still has it.
    Remedy: Request a new certificate and install it (the CMG: its properties, tab Settings). One that is on hold can be
    released in the CA's console: Revoked Certificates > All Tasks > Unrevoke.
    """
    for state in states:
        if state.known or state.revoked:
            actual = f"revoked since {state.revoked:%Y-%m-%d %H:%M} UTC" if state.revoked else ""
            yield require(state.label, not state.revoked, expected="on no list", actual=actual, evidence=state.evidence)
        else:
            yield cannot_tell(
                state.label,
                "no list that its issuer signed came from an address in its CDP",
                cure="Record the sources crl and directory where the addresses in its CDP are reached; or run there "
                "`certutil -urlfetch -verify` with the certificate.",
                evidence=state.evidence,
            )
    yield from unseen(states.unseen)
