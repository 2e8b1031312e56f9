"""What is really served on port 443. Protects every client: a certificate in a file or in the console helps nobody
while the service shows another one.
"""

from __future__ import annotations

import datetime as dt

from comgmt_audit import Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import CloudCertificates
from comgmt_audit.facts.cloud_services import Gateways
from comgmt_audit.facts.tls import CLOUD, ROLES, Served, ServedEndpoints

from ._shared import learn, lifetime, unseen

family = Family(code="TLS", title="TLS endpoints", stage=Stage.AZURE_SERVICES)

SERVER_CERTIFICATE = learn(
    "CMG server authentication certificate", "intune/configmgr/core/clients/manage/cmg/server-auth-cert"
)
REQUIREMENTS = learn(
    "PKI certificate requirements", "intune/configmgr/core/plan-design/network/pki-certificate-requirements"
)
TLS_12 = learn("How to enable TLS 1.2", "intune/configmgr/core/plan-design/security/enable-tls-1-2")
CREATE = "Create the CMG"
MP_STEP = "Create and install the web server certificate on the management point"
INSPECTED = (
    "Where a proxy that inspects TLS stands between the scanner and the service, this is the proxy's certificate: "
    "exempt the name from inspection (clients and the connection point need that as well), or record elsewhere."
)
NEW_PROTOCOLS = ("TLSv1.2", "TLSv1.3")
OLD_PROTOCOLS = ("TLSv1", "TLSv1.1")


@check("TLS010", severity=Severity.HIGH, covers=["S22", "S23"], step=CREATE, refs=[SERVER_CERTIFICATE])
def the_served_certificate_is_that_of_the_file(endpoints: ServedEndpoints, files: CloudCertificates) -> Findings:
    """Every cloud service serves the certificate of its file.

    Why: Everything else that is said of the file is said of a certificate that clients never see, such as after a
    renewal that was not uploaded.
    Remedy: In the properties of the CMG, tab Settings, choose the certificate file again; or name the file that was
    really uploaded in comgmt.toml (`certificate_file`).
    """
    filed = {one.role: one for one in files}
    for role in CLOUD:
        for served in endpoints.of(role):
            if wanted := filed.get(role):
                yield require(
                    served,
                    served.certificate.der == wanted.certificate.der,
                    expected=f"{wanted.certificate.thumbprint} ({wanted.file.file})",
                    actual=f"{served.certificate.thumbprint}, issued by {served.certificate.issuer_text}",
                    evidence=(served.evidence, wanted.evidence),
                    advice="" if served.public or served.own else INSPECTED,
                )
    yield from unseen(one for one in endpoints.unseen if not one.label.startswith(ROLES["management_point"]))
    yield from unseen((*files.unseen, *files.locked))


@check("TLS020", severity=Severity.HIGH, tags=["beyond"], step=CREATE, refs=[SERVER_CERTIFICATE], after=["CMG010"])
def the_served_certificate_is_that_of_the_site(
    endpoints: ServedEndpoints, gateways: Gateways, design: Design
) -> Findings:
    """The CMG serves the certificate that the site knows for it.

    Why: Where the site and the service in Azure differ, the last change of the certificate did not arrive; the next
    maintenance by the site may replace what is served.
    Remedy: Look at CloudMgr.log for the last configuration of the service, and choose the certificate file again
    (Administration > Cloud Services > Cloud Management Gateway > Properties, tab Settings).
    """
    known = [site for site in gateways.declared(design.gateway) if site.thumbprint]
    for served in endpoints.of("gateway"):
        if not known:
            why = "the site does not say the thumbprint of its certificate"
            yield cannot_tell(served, why, cure="Record the site's cloud services again (AdminService).")
            continue
        yield require(
            served,
            served.certificate.thumbprint in {site.thumbprint for site in known},
            expected=[site.thumbprint for site in known],
            actual=f"{served.certificate.thumbprint}, issued by {served.certificate.issuer_text}",
            evidence=(served.evidence, *(site.at("ServiceThumbprint") for site in known)),
            advice="" if served.public or served.own else INSPECTED,
        )
    yield from unseen(one for one in endpoints.unseen if one.label.startswith(ROLES["gateway"]))


@check("TLS030", severity=Severity.CRITICAL, tags=["beyond"], step=CREATE, refs=[SERVER_CERTIFICATE, REQUIREMENTS])
def served_certificates_are_valid(endpoints: ServedEndpoints, design: Design, now: Now) -> Findings:
    """Every certificate that is served is valid today and beyond the warning horizon.

    Why: Clients refuse a certificate that has ended (CcmMessaging.log: FLAG_CERT_DATE_INVALID); neither console nor
    Azure says so beforehand.
    Remedy: Renew it. CMG: choose the new file in its properties. Management point: enrol a new one and bind it in IIS
    Manager > Default Web Site > Bindings > https.
    """
    days = design.horizons.certificate_days
    for served in endpoints:
        own = served.certificate
        valid = own.not_before <= now.time <= own.not_after
        yield require(
            served,
            valid and own.not_after - now.time > dt.timedelta(days=days),
            expected=f"valid for more than {days} days",
            actual=lifetime(own),
            severity=Severity.MEDIUM if valid else None,
        )
    yield from unseen(endpoints.unseen)


@check("TLS040", severity=Severity.HIGH, tags=["beyond"], step=CREATE, refs=[SERVER_CERTIFICATE])
def served_chains_are_complete(endpoints: ServedEndpoints) -> Findings:
    """Every service sends the certificates of all CAs between its own and the root, in order.

    Why: A client that does not have the issuing CA's certificate, and cannot fetch it, builds no chain and refuses the
    service. Another order is only untidy for Windows.
    Remedy: CMG: choose a .pfx that holds the whole path. Management point: put the issuing CA's certificate into the
    computer's store Intermediate Certification Authorities (`certutil -addstore CA ISSUING.cer`), and bind again.
    """
    for served in endpoints:
        last = served.way[-1]
        ended = last.self_signed or bool(served.public)
        if served.in_order and not served.missing and not ended:
            why = f"it ends at {last.label}, and the issuer {last.issuer_text} is not known to be a root"
            cure = "Name the file of the root in comgmt.toml, section [names], key root_files."
            yield cannot_tell(served, why, cure=cure)
            continue
        yield require(
            served,
            not served.missing and served.in_order,
            expected=[one.label for one in served.way if not one.self_signed],
            actual=[one.label for one in served.chain],
            severity=Severity.LOW if ended and not served.missing else None,
        )
    yield from unseen(endpoints.unseen)


@check(
    "TLS050", severity=Severity.CRITICAL, covers=["S18", "S22"], step=CREATE, refs=[SERVER_CERTIFICATE, REQUIREMENTS]
)
def served_chains_lead_to_a_trusted_root(endpoints: ServedEndpoints, design: Design) -> Findings:
    """What every service serves leads to a root that its clients trust.

    Why: A cloud service whose certificate is to be public is refused by every client that does not carry another root;
    a management point serves domain members, who carry the organisation's root.
    Remedy: Use a certificate of the CA that the design names (`pki.cloud_certificates`). Management point: bind the
    certificate of the own CA in IIS, not the self-signed one of the site.
    """
    for served in endpoints:
        public = served.role in CLOUD and design.pki.cloud_certificates == "public"
        trusted = served.public if public else served.public or served.own
        last = served.way[-1]
        if trusted is None:
            why = f"it ends at {last.label}; whether {last.issuer_text} is such a root is not known"
            cure = "Name it in comgmt.toml: its file in [names] root_files, or a public root in [pki] public_roots."
            yield cannot_tell(served, why, cure=cure)
            continue
        yield require(
            served,
            trusted,
            expected="a public root" if public else "a root of the organisation, or a public one",
            actual=f"{last.label} (SHA-256 {last.fingerprint})",
            advice=INSPECTED if served.role in CLOUD and not served.own else "",
        )
    yield from unseen(endpoints.unseen)


@check("TLS060", severity=Severity.CRITICAL, covers=["S106"], step=MP_STEP, refs=[REQUIREMENTS, SERVER_CERTIFICATE])
def served_certificates_have_the_name(endpoints: ServedEndpoints) -> Findings:
    """Every certificate that is served is for the name that clients connect to.

    Why: Clients compare the name; with another one they end the connection, whatever else is in order.
    Remedy: Serve a certificate whose subject alternative name has the service name (CMG, CDP) or the FQDN (management
    point); on the management point look at IIS Manager > Default Web Site > Bindings, for a newer certificate may not
    be bound.
    """
    for served in endpoints:
        yield require(served, served.is_for_its_name, expected=served.host, actual=served.names or "no name")
    yield from unseen(endpoints.unseen)


@check("TLS070", severity=Severity.CRITICAL, tags=["beyond"], step=CREATE, refs=[TLS_12])
def services_speak_a_current_protocol(endpoints: ServedEndpoints) -> Findings:
    """Every service speaks TLS 1.2 or newer.

    Why: Current Windows and .NET refuse older versions, so nobody connects.
    Remedy: Switch TLS 1.2 on in SChannel of the server, at
    `HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols`, and restart it. A CMG speaks it
    anyway: look at what stands between.
    """
    for served in endpoints:
        yield _protocol(served, served.protocol, served.protocol in NEW_PROTOCOLS, "TLS 1.2 or newer")
    yield from unseen(endpoints.unseen)


@check("TLS080", severity=Severity.LOW, tags=["beyond"], step=CREATE, refs=[TLS_12])
def services_refuse_old_protocols(endpoints: ServedEndpoints) -> Findings:
    """No service accepts TLS 1.0 or 1.1 any more.

    Why: Both are deprecated (RFC 8996); a service that accepts them can be talked down to them.
    Remedy: CMG: tick Enforce TLS 1.2 in its properties, tab Settings. Management point: switch off TLS 1.0 and 1.1 in
    SChannel, once no client needs them.
    """
    for served in endpoints:
        yield _protocol(served, served.old_protocol, served.old_protocol == "", "neither TLS 1.0 nor 1.1")
    yield from unseen(endpoints.unseen)


def _protocol(served: Served, seen: str | None, holds: bool, expected: str) -> Finding:
    if not holds and seen not in (*NEW_PROTOCOLS, *OLD_PROTOCOLS):
        cure = "Record it again on a computer whose OpenSSL can speak TLS 1.0 to 1.3."
        return cannot_tell(served, "the handshake did not show the protocol", cure=cure)
    return require(served, holds, expected=expected, actual=seen)
