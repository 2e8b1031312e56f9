"""Certificates on the servers and on sample clients. Protects the connections: each end has what the other asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from comgmt_audit import Baseline, Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.errors import FactUnavailable, NotRecorded
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import CloudCertificates
from comgmt_audit.facts.directory import OwnAuthorities
from comgmt_audit.facts.hosts import (
    INTERMEDIATES,
    PERSONAL,
    TRUSTED_ROOTS,
    CertificateStores,
    GroupPolicyResults,
    HostCertificates,
    HostRegistry,
    StoredCertificate,
    place,
)
from comgmt_audit.facts.site import TrustedRoots
from comgmt_audit.facts.x509 import CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION, Certificate, covers, path

from . import _scope
from ._listed import looked_at
from ._shared import learn, unavailable, unseen, usage

family = Family(code="HST", title="Servers and sample clients", stage=Stage.PKI)

_REQUIREMENTS = learn(
    "PKI certificate requirements", "intune/configmgr/core/plan-design/network/pki-certificate-requirements"
)
_EXAMPLE = learn(
    "Example deployment of PKI certificates",
    "intune/configmgr/core/plan-design/network/example-deployment-of-pki-certificates",
)
_PLAN = learn("Plan for PKI certificates", "intune/configmgr/core/plan-design/security/plan-for-certificates")
_SERVER_CERTIFICATE = learn(
    "CMG server authentication certificate", "intune/configmgr/core/clients/manage/cmg/server-auth-cert"
)
_CLASSIC = learn(
    "Certificates overview for Azure Cloud Services (classic)", "azure/cloud-services/cloud-services-certs-create"
)
_MP_STEP = "Create and install the web server certificate on the management point"
_CLIENT_STEP = "Install the Client Authentication certificate to the management point"
_COLLECTOR = (
    "Collect that computer's certificate stores with the collect script, elevated: a listing tells neither usages nor "
    "all names."
)
_UNNAMED = "a server that the design does not name"
AUTOENROLMENT_KEY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment"
AUTOENROLMENT_ON, AUTOENROLMENT_OFF = 0x7, 0x8000
"""AEPolicy with both boxes ticked, and disabled; no page of Microsoft documents it, so other values say nothing."""


def _samples(design: Design) -> tuple[str, ...]:
    if not design.clients.samples:
        raise NotRecorded(
            "the design names no sample clients, so no client's evidence was collected",
            "Name a few pilot clients in comgmt.toml, [clients] samples, and collect their evidence (collect-script).",
        )
    return _servers(*design.clients.samples)


def _servers(*names: str) -> tuple[str, ...]:
    """Each server once, in order; one that the design leaves open stays, so that it is not passed over in silence."""
    return tuple(dict.fromkeys(name.casefold() for name in names))


def _one_of(
    subject: str,
    candidates: Iterable[tuple[StoredCertificate, bool | None]],
    *,
    expected: str,
    why_not: Callable[[StoredCertificate], str],
    stores: CertificateStores,
) -> Finding:
    """One certificate that fits is enough; one of which too little is known keeps the others from proving absence."""
    seen = tuple(candidates)
    if any(fits for _, fits in seen):
        return require(subject, True)
    unknown = [stored for stored, fits in seen if fits is None]
    if unknown:
        why = f"too little was collected of {', '.join(stored.label for stored in unknown)}"
        return cannot_tell(subject, why, cure=_COLLECTOR, evidence=[stored.evidence for stored in unknown])
    actual = tuple(f"{stored.label}: {why_not(stored)}" for stored, _ in seen) or "no certificate in the personal store"
    return require(subject, False, expected=expected, actual=actual, evidence=stores.evidence)


def _from_own_ca(stored: StoredCertificate, usage: str, authorities: OwnAuthorities, now: Now) -> bool | None:
    """Usable today, and signed by an enterprise CA of the forest."""
    usable = stored.serves(usage, now.time)
    if usable is False or stored.certificate is None:
        return usable
    return usable if authorities.issued(stored.certificate) else False


def _unfit(stored: StoredCertificate, wanted: str, authorities: OwnAuthorities, now: Now) -> str:
    """Why a certificate does not serve so, in the order in which an administrator looks; empty where it does."""
    own = stored.certificate
    if stored.has_key is False:
        return "without its private key"
    if own is None:
        return "known from a listing only"
    if not own.allows(wanted):
        return f"not for {usage(wanted)}"
    if now.time > own.not_after:
        return f"ended on {own.not_after:%Y-%m-%d}"
    if now.time < own.not_before:
        return f"begins on {own.not_before:%Y-%m-%d}"
    return "" if authorities.issued(own) else f"issued by {own.issuer_text}, no enterprise CA of the forest"


def _client_certificates(
    hosts: Iterable[str], stores: HostCertificates, authorities: OwnAuthorities, now: Now
) -> Iterator[Finding]:
    """Each host's personal store has a client authentication certificate of the own CA that works today."""
    for host in hosts:
        try:
            found = stores.of(host)
            personal = found.store(PERSONAL)
        except FactUnavailable as error:
            yield unavailable(host or _UNNAMED, error)
            continue
        yield _one_of(
            found.host,
            [(s, _from_own_ca(s, CLIENT_AUTHENTICATION, authorities, now)) for s in personal],
            expected="a valid client authentication certificate with its key, from the enterprise CA",
            why_not=lambda stored: _unfit(stored, CLIENT_AUTHENTICATION, authorities, now),
            stores=found,
        )


def _trusts_root(subject: str, host: str, stores: HostCertificates, authorities: OwnAuthorities) -> Iterator[Finding]:
    """One finding for each issuing CA: a chain from it ends in the computer's own trusted root store."""
    try:
        found = stores.of(host)
        roots = found.readable(TRUSTED_ROOTS)
    except FactUnavailable as error:
        yield unavailable(subject, error)
        return
    for authority in authorities.issuing:
        yield require(
            f"{subject}: root of {authority.common_name}",
            authorities.anchored(authority, roots),
            expected="in Trusted Root Certification Authorities",
            actual=tuple(root.common_name for root in roots),
            evidence=found.evidence,
        )


@check(
    "HST010",
    severity=Severity.HIGH,
    covers=["S13"],
    step="Prerequisites: on-premises infrastructure",
    after=["DIR010"],
    refs=[_PLAN],
    applies=_scope.own_ca,
)
def servers_trust_the_own_root(stores: HostCertificates, authorities: OwnAuthorities, design: Design) -> Findings:
    """The server that manages the cloud roles, and an HTTPS management point, trust the own root.

    Why: Without it the exported .pfx has no whole chain, and Windows on the management point refuses client
    certificates whatever the site's own list says.
    Remedy: On the server run `gpupdate /force`; where the root still lacks, `certutil -addstore Root
    TrustedRootCert.cer` (elevated), and see why Active Directory does not bring it (`certutil -viewstore Root`).
    """
    https = design.site.communication == "https"
    servers = (design.site.cloud_role_server, *([design.site.management_point] if https else []))
    for server in _servers(*servers):
        yield from _trusts_root(server or _UNNAMED, server, stores, authorities)


@check(
    "HST020",
    severity=Severity.HIGH,
    covers=["S36"],
    step="Trusted Root Certificate",
    after=["DIR010"],
    refs=[_PLAN],
    applies=_scope.own_ca,
)
def clients_trust_the_own_root(stores: HostCertificates, authorities: OwnAuthorities, design: Design) -> Findings:
    """Sample clients trust the own root.

    Why: A client that does not trust it refuses the management point, and a CMG with an own certificate.
    Remedy: On the client run `gpupdate /force`; publish the root with `certutil -dspublish -f TrustedRootCert.cer
    RootCA`, or distribute it by Group Policy (Computer Configuration > Policies > Windows Settings > Security Settings
    > Public Key Policies > Trusted Root Certification Authorities).
    """
    for client in _samples(design):
        yield from _trusts_root(client, client, stores, authorities)


@check(
    "HST030",
    severity=Severity.CRITICAL,
    covers=["S18", "S19"],
    step=_MP_STEP,
    refs=[_REQUIREMENTS],
    after=["DIR010"],
    applies=_scope.https_management_point,
)
def management_point_has_a_web_certificate(
    stores: HostCertificates, authorities: OwnAuthorities, now: Now, design: Design
) -> Findings:
    """The management point has a valid web server certificate with its key, from the enterprise CA.

    Why: Without one it cannot serve HTTPS, and neither clients nor the CMG connection point reach it. (Under Enhanced
    HTTP the site brings its own.)
    Remedy: On the management point open certlm.msc > Personal, Request New Certificate, choose the template
    ConfigMgrCloudWebServer, and enter the server's FQDN. Then bind it to port 443 in IIS Manager (Bindings > https).
    """
    found = stores.of(design.site.management_point)
    yield _one_of(
        found.host,
        [(s, _from_own_ca(s, SERVER_AUTHENTICATION, authorities, now)) for s in found.store(PERSONAL)],
        expected="a valid server authentication certificate with its key, from the enterprise CA",
        why_not=lambda stored: _unfit(stored, SERVER_AUTHENTICATION, authorities, now),
        stores=found,
    )


@check(
    "HST040",
    severity=Severity.HIGH,
    covers=["S106"],
    step=_MP_STEP,
    refs=[_REQUIREMENTS],
    after=["HST030"],
    applies=_scope.https_management_point,
)
def management_point_certificate_has_its_name(
    stores: HostCertificates, authorities: OwnAuthorities, now: Now, design: Design, baseline: Baseline
) -> Findings:
    """A web server certificate of the management point carries the server's FQDN.

    Why: Clients compare the name that they called with the names in the certificate.
    Remedy: Request it again from the template ConfigMgrCloudWebServer; on the tab Subject enter the FQDN as Common name
    and, under Alternative name, as DNS. Then bind the new certificate in IIS.
    """
    found = stores.of(design.site.management_point)
    fqdn = design.site.management_point

    def named(stored: StoredCertificate) -> bool | None:
        usable = _from_own_ca(stored, SERVER_AUTHENTICATION, authorities, now)
        if not usable or stored.certificate is None:
            return usable
        return _has_name(stored.certificate, fqdn, baseline.management_point_names)

    places = {"cn": "common name", "san": "DNS name of the SAN"}
    where = " and ".join(places[name] for name in baseline.management_point_names) or " or ".join(places.values())
    yield _one_of(
        found.host,
        [(stored, named(stored)) for stored in found.store(PERSONAL)],
        expected=f"a valid server authentication certificate with {fqdn} as {where}",
        why_not=lambda stored: (
            _unfit(stored, SERVER_AUTHENTICATION, authorities, now) or f"it is for {', '.join(stored.names)}"
        ),
        stores=found,
    )


def _has_name(certificate: Certificate, fqdn: str, places: tuple[str, ...]) -> bool:
    """The FQDN in every place that the baseline names; where it names none, in either."""
    found = {
        "cn": any(covers(name, fqdn) for name in certificate.common_names),
        "san": any(covers(name, fqdn) for name in certificate.dns_names),
    }
    return all(found[name] for name in places) if places else any(found.values())


def _client_servers(design: Design) -> tuple[str, ...]:
    """Who needs a client certificate: an HTTPS management point; with PKI clients the other two as well."""
    site = design.site
    others = (site.connection_point, site.server) if design.clients.authentication == "pki" else ()
    return _servers(site.management_point, *others)


@check(
    "HST050",
    severity=Severity.CRITICAL,
    covers=["S20", "S107"],
    step=_CLIENT_STEP,
    refs=[_REQUIREMENTS],
    after=["DIR010"],
    applies=_scope.https_management_point,
)
def servers_have_a_client_certificate(
    stores: HostCertificates, authorities: OwnAuthorities, now: Now, design: Design
) -> Findings:
    """Management point, connection point and site server have a client authentication certificate with its key.

    Why: The connection point forwards nothing to an HTTPS management point without one (403,
    CMGConnector_Clientcertificaterequired), and the site cannot watch the management point.
    Remedy: On the server open certlm.msc > Personal, Request New Certificate, and enrol ConfigMgrWorkstationAuth; a
    server outside Domain Computers needs Enroll on the template first.
    """
    yield from _client_certificates(_client_servers(design), stores, authorities, now)


@check(
    "HST060",
    severity=Severity.LOW,
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["HST050"],
    applies=_scope.https_management_point,
)
def client_keys_cannot_be_exported(
    stores: HostCertificates, authorities: OwnAuthorities, now: Now, design: Design
) -> Findings:
    """The keys of those client certificates cannot be exported.

    Why: With a copy of the key another computer passes for the server; nothing in the roll-out needs the copy.
    Remedy: In the client template, tab Request Handling, clear Allow private key to be exported, enrol anew on the
    server (certlm.msc > Personal > All Tasks > Request New Certificate), and delete the earlier certificate there.
    """
    for server in _client_servers(design):
        try:
            personal = stores.of(server).store(PERSONAL)
        except FactUnavailable as error:
            yield unavailable(server or _UNNAMED, error)
            continue
        for stored in personal:
            # A certificate for servers as well is another template's, with its own reason to be exportable.
            if _from_own_ca(stored, CLIENT_AUTHENTICATION, authorities, now) is not False and not _serves_web(stored):
                yield _kept(stored)


def _serves_web(stored: StoredCertificate) -> bool:
    return stored.certificate is not None and stored.certificate.allows(SERVER_AUTHENTICATION)


def _kept(stored: StoredCertificate) -> Finding:
    if stored.exportable is None:
        return cannot_tell(stored, "it was not collected whether its key can be exported", cure=_COLLECTOR)
    return require(stored, not stored.exportable, expected="not exportable", actual="exportable")


def _gone(stores: CertificateStores, names: Iterable[str], what: str, *, by_label: bool = False) -> Iterator[Finding]:
    """No certificate that serves one of the names is left in the personal store with an exportable key.

    A listing does not show friendly names (*by_label*: they count), and may not show the subject.
    """
    wanted = tuple(name for name in names if name)
    personal = stores.store(PERSONAL)
    left = [
        stored
        for stored in personal
        if any(covers(own, name) for own in stored.names for name in wanted) or stored.friendly_name in wanted
    ]
    hidden = [stored for stored in personal if stored not in left and stored.certificate is None]
    hidden = [stored for stored in hidden if (by_label or not stored.names) and not _stays(stored)]
    for stored in left:
        if stored.has_key is not False and stored.exportable is None:
            yield cannot_tell(stored, "it was not collected whether its key can be exported", cure=_COLLECTOR)
        else:
            yield require(stored, _stays(stored), expected="deleted, or its key not exportable", actual="exportable")
    for stored in hidden:
        yield cannot_tell(stored, "a listing does not show every name of it", cure=_COLLECTOR)
    if not left and not hidden:
        yield require(f"{what} on {stores.host}", True)


def _stays(stored: StoredCertificate) -> bool:
    """Is it known that nobody can take its key along?"""
    return stored.has_key is False or stored.exportable is False


@check(
    "HST070",
    severity=Severity.MEDIUM,
    covers=["S51"],
    step="Export the CMG web certificate (ConfigMgrCloudMGServer)",
    refs=[_EXAMPLE],
)
def exported_cloud_certificates_are_gone(stores: HostCertificates, design: Design) -> Findings:
    """The exportable copies of the cloud services' certificates were removed from the server that requested them.

    Why: Whoever administers that server can take the key along, and pass for the cloud service.
    Remedy: Once the .pfx is kept safely, delete the certificate: certlm.msc > Personal > Certificates on that server.
    """
    services = [design.gateway.service_name]
    if design.distribution_point.wanted:
        services.append(design.distribution_point.service_name)
    if not all(services):
        raise NotRecorded("the design does not name the cloud services", "Set gateway.service_name in comgmt.toml.")
    yield from _gone(stores.of(design.site.cloud_role_server), services, "cloud service certificates")


@check(
    "HST080",
    severity=Severity.HIGH,
    covers=["S59"],
    step="Export the Azure management certificate (AzureManagementCert)",
    refs=[_CLASSIC],
    applies=_scope.classic,
)
def exported_management_certificate_is_gone(stores: HostCertificates, design: Design) -> Findings:
    """The exportable Azure management certificate was deleted from the site server's store.

    Why: It can manage the entire Azure subscription, and its key could be taken along.
    Remedy: On the site server open certlm.msc > Personal > Certificates, select the certificate by its friendly name
    (AzureManagementCert), and delete it; the .pfx in a safe place is the copy to keep.
    """
    wanted = [design.management_certificate.name]
    yield from _gone(stores.of(design.site.server), wanted, "management certificate", by_label=True)


@check(
    "HST090",
    severity=Severity.MEDIUM,
    covers=["S39"],
    step="Create and issue the PKI web certificate template (ConfigMgrCloudWebServer)",
    refs=[_EXAMPLE],
    after=["DIR050"],
    applies=_scope.own_cloud_certificates,
)
def group_membership_was_applied_at_boot(results: GroupPolicyResults, design: Design) -> Findings:
    """gpresult on the server that manages cloud roles shows the enrolment group.

    Why: A computer learns its groups when it starts: until then the CA refuses it, whatever the directory says.
    Remedy: Restart that server, then run `gpresult /r` in an elevated prompt and look under *The computer is a part of
    the following security groups* (not under Domain Computers, as the tutorial has it).
    """
    server, group = design.site.cloud_role_server.casefold(), design.names.iis_group
    policy = results.of(server)
    yield require(
        server,
        policy.has(group),
        expected=f"member of {group}",
        actual=policy.groups,
        evidence=place(server, "gpresult"),
    )


@check(
    "HST100",
    severity=Severity.HIGH,
    covers=["S67"],
    step=_CLIENT_STEP,
    refs=[_REQUIREMENTS],
    after=["DIR010"],
    applies=_scope.pki_clients,
)
def clients_have_a_client_certificate(
    stores: HostCertificates, authorities: OwnAuthorities, now: Now, design: Design
) -> Findings:
    """Sample clients hold a valid client authentication certificate with its key, from the enterprise CA.

    Why: On the internet it is what proves that the client is one of ours.
    Remedy: Turn autoenrolment on by Group Policy and run `gpupdate /force` and `certutil -pulse` on the client, or
    enrol ConfigMgrWorkstationAuth in certlm.msc.
    """
    yield from _client_certificates(_samples(design), stores, authorities, now)


@check(
    "HST110",
    severity=Severity.HIGH,
    covers=["S72"],
    step="Configure the Trusted Root to be accepted for Client Communications",
    refs=[_PLAN],
    after=["HST100"],
    applies=_scope.pki_clients,
)
def client_certificates_chain_to_a_root_of_the_site(
    stores: HostCertificates, authorities: OwnAuthorities, trusted: TrustedRoots, now: Now, design: Design
) -> Findings:
    """Client certificates chain to a root in the site's list of trusted root certification authorities.

    Why: With such a list the management point takes no client certificate that leads elsewhere.
    Remedy: In the console open Administration > Site Configuration > Sites > Properties > Communication Security, Set
    under Trusted Root Certification Authorities, and add the root's .cer file.
    """
    for client in _samples(design):
        try:
            found = stores.of(client)
            personal = found.store(PERSONAL)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        pool = (*authorities.all, *_collected(found, TRUSTED_ROOTS), *_collected(found, INTERMEDIATES))
        for stored in personal:
            if stored.certificate and _from_own_ca(stored, CLIENT_AUTHENTICATION, authorities, now):
                yield _leads_to(stored, path(stored.certificate, pool)[-1], trusted)


def _collected(stores: CertificateStores, name: str) -> tuple[Certificate, ...]:
    """A store that helps to build the chain; the chain may do without it."""
    return stores.readable(name) if name in stores.stores else ()


def _leads_to(stored: StoredCertificate, root: Certificate, trusted: TrustedRoots) -> Finding:
    if not root.self_signed:
        why = f"its chain ends at {root.issuer_text}, whose certificate was not seen"
        return cannot_tell(stored, why, cure="Publish the root in the directory, or collect the client's stores.")
    return require(
        stored,
        any(entry.is_root(root) for entry in trusted),
        expected=tuple(entry.subject or entry.thumbprint for entry in trusted) or "a root in the site's list",
        actual=f"{root.subject_text}, which is not in the list",
        evidence=(stored.evidence, *looked_at(trusted)),
    )


@check(
    "HST120",
    severity=Severity.ADVICE,
    covers=["S66"],
    step="Create and issue a Workstation Authentication certificate template (ConfigMgrWorkstationAuth)",
    refs=[_EXAMPLE],
    applies=_scope.pki_clients,
)
def autoenrolment_is_on(registry: HostRegistry, design: Design) -> Findings:
    """Group Policy turns certificate autoenrolment on for sample clients.

    Why: Without it every client's certificate is enrolled, and renewed each year, by hand.
    Remedy: In a Group Policy object set Computer Configuration > Policies > Windows Settings > Security Settings >
    Public Key Policies > Certificate Services Client - Auto-Enrollment to Enabled, with both boxes ticked.
    """
    for client in _samples(design):
        try:
            policy = registry.of(client).value(AUTOENROLMENT_KEY, "AEPolicy")
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        evidence = place(client, "registry", f"/{AUTOENROLMENT_KEY}/AEPolicy")
        if policy == AUTOENROLMENT_ON or (isinstance(policy, int) and policy & AUTOENROLMENT_OFF):
            yield require(
                client,
                policy == AUTOENROLMENT_ON,
                expected=f"enabled, with both boxes (AEPolicy {AUTOENROLMENT_ON})",
                actual=f"disabled (AEPolicy {policy})",
                evidence=evidence,
            )
            continue
        why = f"AEPolicy is {policy}" if policy is not None else "no policy for autoenrolment was collected"
        cure = "See in `gpresult /h` of that client what Certificate Services Client - Auto-Enrollment is set to."
        yield cannot_tell(client, why, cure=cure, evidence=evidence)


@check(
    "HST130",
    severity=Severity.HIGH,
    step=_CLIENT_STEP,
    refs=[
        learn(
            "IIS may reject client certificate requests with HTTP 403.7 or 403.16 errors",
            "troubleshoot/developer/webapps/iis/www-authentication-authorization/errors-403-7-reject-client-certificate-rquest",
        )
    ],
    applies=_scope.https_management_point,
)
def trusted_roots_are_roots(stores: HostCertificates, design: Design) -> Findings:
    """The trusted root store of an HTTPS management point holds roots only.

    Why: With one certificate in it whose issuer is another, such as an issuing CA's, Windows trusts no client
    certificate any more: IIS refuses every client with 403.16 or 403.7.
    Remedy: On that server open certlm.msc and move the certificate from Trusted Root Certification Authorities to
    Intermediate Certification Authorities. Where Group Policy brings it, correct the policy first.
    """
    found = stores.of(design.site.management_point)
    roots = found.store(TRUSTED_ROOTS)
    readable = found.readable(TRUSTED_ROOTS)
    # By name, as Microsoft's article does: of many an old root the signature can no longer be verified.
    strangers = tuple(one.common_name for one in readable if one.issuer_text != one.subject_text)
    if strangers or len(readable) == len(roots):
        yield require(found, not strangers, expected="no issuer but itself", actual=strangers, evidence=found.evidence)
    else:
        yield cannot_tell(found, "not every certificate of the store was collected as a whole", cure=_COLLECTOR)


@check(
    "HST140",
    severity=Severity.MEDIUM,
    step="Export the CMG web certificate (ConfigMgrCloudMGServer)",
    refs=[_SERVER_CERTIFICATE],
    after=["CRT010"],
)
def files_hold_the_newest_certificate(
    stores: HostCertificates, certificates: CloudCertificates, design: Design
) -> Findings:
    """The file of every cloud service holds the newest certificate that its server has for the service.

    Why: A certificate that was renewed on the server and not exported stays there: the wizard uploads the file, whose
    certificate ends sooner.
    Remedy: Export the newer certificate (certlm.msc > Personal > Certificates > All Tasks > Export, with its key), and
    choose that file in the wizard; or delete it, where it was requested in error.
    """
    personal = stores.of(design.site.cloud_role_server).store(PERSONAL)
    for cloud in certificates:
        kept = [s for s in personal if s.has_key is not False and s.thumbprint != cloud.certificate.thumbprint]
        names = [name for name in (cloud.service.service_name, *cloud.served_names) if name]
        rivals = [s for s in kept if any(covers(own, name) for own in s.names for name in names)]
        newer = [s for s in rivals if s.certificate and s.certificate.not_before > cloud.certificate.not_before]
        undated = [s for s in kept if s.certificate is None and (s in rivals or not s.names)]
        if undated and not newer:
            yield cannot_tell(cloud, f"{undated[0].label} is known from a listing only", cure=_COLLECTOR)
        else:
            labels = tuple(stored.label for stored in newer)
            sides = (cloud.evidence, *(stored.evidence for stored in newer))
            yield require(cloud, not newer, expected="the newest certificate", actual=labels, evidence=sides)
    yield from unseen((*certificates.unseen, *certificates.locked))
