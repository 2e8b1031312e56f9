"""The certificates of the cloud services. Protects every client on the internet: a name, a chain or a date that is
wrong ends in a TLS failure that looks like a network fault.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

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
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import CloudCertificate, CloudCertificates, CloudFile, SiteBuild
from comgmt_audit.facts.key_files import HostKeyFiles, KeyFiles
from comgmt_audit.facts.x509 import SERVER_AUTHENTICATION, covers, under

from ._scope import (
    classic_service,
    custom_domain,
    distribution_point,
    listed_providers,
    own_cloud_certificates,
    public_cloud_certificates,
)
from ._shared import learn, lifetime, missing, unseen, usage

family = Family(code="CRT", title="Cloud service certificates", stage=Stage.PKI)

SERVER_CERTIFICATE = learn(
    "CMG server authentication certificate", "intune/configmgr/core/clients/manage/cmg/server-auth-cert"
)
REQUIREMENTS = learn(
    "PKI certificate requirements", "intune/configmgr/core/plan-design/network/pki-certificate-requirements"
)
CLASSIC = learn(
    "Certificates overview for Azure Cloud Services (classic)", "azure/cloud-services/cloud-services-certs-create"
)
CNG = learn("CNG certificates overview", "intune/configmgr/core/plan-design/network/cng-certificates-overview")
REQUEST = "Request public certificates"
OWN_REQUEST = "Request the CMG PKI web certificate (ConfigMgrCloudMGServer)"
EXPORT = "Export the CMG web certificate (ConfigMgrCloudMGServer)"

AZURE_DOMAINS = ("cloudapp.net", "azure.com", "usgovcloudapp.net", "usgovcloudapi.net")
"""Domains of Microsoft's, for which no public CA issues to anybody else (CMG server authentication certificate)."""

_KINDS = {
    "pkcs12": "a PFX (PKCS#12), with a private key",
    "certificate": "a single certificate (.cer)",
    "pkcs7": "a PKCS#7 collection (.p7b), which has no private key",
}

PLACE_FIELDS = ("O", "L", "ST", "C")
"""What a public CA validates of an organisation, as the tutorial lists it (Request public certificates)."""


def _unjudged(certificates: CloudCertificates) -> Iterator[Finding]:
    """The services whose certificate could not be seen."""
    yield from unseen((*certificates.unseen, *certificates.locked))


@check(
    "CRT010",
    severity=Severity.HIGH,
    covers=["S22", "S23", "S49", "S54"],
    step=EXPORT,
    refs=[SERVER_CERTIFICATE],
)
def files_are_pkcs12(certificates: CloudCertificates) -> Findings:
    """The certificate of every cloud service is there as a PFX (PKCS#12).

    Why: The wizards of the CMG and the CDP take nothing else; a .cer or .pem has no private key for the service.
    Remedy: On the computer where the certificate was requested, run `certlm.msc`, open Personal > Certificates, choose
    All Tasks > Export > Yes, export the private key > Personal Information Exchange - PKCS #12 (.PFX).
    """
    for file in certificates.files:
        container = file.file.container
        yield require(file, container == "pkcs12", expected=_KINDS["pkcs12"], actual=_KINDS.get(container, container))
    yield from missing(certificates.unseen)


@check(
    "CRT020",
    severity=Severity.CRITICAL,
    covers=["S33", "S49", "S54"],
    step=EXPORT,
    refs=[SERVER_CERTIFICATE],
    after=["CRT010"],
)
def files_hold_the_private_key(certificates: CloudCertificates) -> Findings:
    """The PFX of every cloud service holds the private key of its certificate.

    Why: Without the key, or with another certificate's, the service cannot open a single TLS session. It is missing
    where the certificate was completed on another computer than the one that made the request.
    Remedy: Complete the request on the computer that made it (`certreq -accept FILE.cer`, or `certutil -repairstore my
    SERIAL`), then export the certificate again with Yes, export the private key.
    """
    for cloud in certificates.files:
        file = cloud.file
        if file.has_private_key is None or (file.has_private_key and file.key_matches is None):
            yield cannot_tell(cloud, file.locked, cure="Give the password of the file when recording; it is not kept.")
        else:
            actual = "the private key of another certificate" if file.has_private_key else "no private key"
            holds = file.has_private_key and bool(file.key_matches)
            yield require(cloud, holds, expected="its private key", actual=actual)
    yield from unseen(certificates.unseen)


@check("CRT030", severity=Severity.MEDIUM, covers=["S49", "S54"], step=EXPORT, refs=[SERVER_CERTIFICATE])
def files_hold_the_whole_path(certificates: CloudCertificates) -> Findings:
    """The PFX of every cloud service holds every certificate of the path to the root.

    Why: The service sends to clients what the file holds; a client on the internet that does not find the issuing CA's
    certificate elsewhere refuses the connection.
    Remedy: Export it again and tick Include all certificates in the certification path if possible. The issuing and
    root certificates must be in the computer's stores first: `certutil -addstore CA ISSUING.cer`.
    """
    for cloud in certificates:
        last = cloud.path[-1]
        names = [link.label for link in cloud.path]
        # A public root that is missing harms nobody: every Windows has it.
        severity = Severity.LOW if cloud.public else None
        expected = f"the issuer of {last.label}: {last.issuer_text}"
        yield require(cloud, last.self_signed, expected=expected, actual=names, severity=severity)
    yield from _unjudged(certificates)


@check(
    "CRT040", severity=Severity.HIGH, covers=["S49", "S54"], step=EXPORT, refs=[SERVER_CERTIFICATE], after=["CRT010"]
)
def files_are_protected_by_a_password(certificates: CloudCertificates) -> Findings:
    """The PFX of every cloud service is protected by a password.

    Why: Whoever copies an unprotected file can pose as the service; and the wizard asks for a password.
    Remedy: In certlm.msc > Personal > Certificates > All Tasks > Export, export the certificate again, tick Password on
    the Security page, and delete the unprotected file.
    """
    for cloud in certificates.files:
        if cloud.file.protected is not None:
            yield require(cloud, cloud.file.protected, expected="a password", actual="opens without a password")
    yield from unseen(certificates.unseen)


@check(
    "CRT050",
    severity=Severity.HIGH,
    covers=["S22", "S23"],
    step=REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=public_cloud_certificates,
)
def certificates_come_from_a_public_ca(certificates: CloudCertificates) -> Findings:
    """The certificate of every cloud service comes from a public CA.

    Why: Clients on the internet that do not carry the organisation's root trust public CAs only.
    Remedy: Order the certificate from a public CA. Where the root named here is a public one that Mozilla does not
    list, put its SHA-256 fingerprint into comgmt.toml: [pki] public_roots. Where clients do carry your root, set
    [pki] cloud_certificates = "own".
    """
    for cloud in certificates:
        last = cloud.path[-1]
        if cloud.public is None:
            yield _unknown_root(cloud)
        else:
            actual = f"{last.label} (SHA-256 {last.fingerprint})"
            yield require(cloud, cloud.public, expected="a root that is known to be public", actual=actual)
    yield from _unjudged(certificates)


def _unknown_root(cloud: CloudCertificate) -> Finding:
    last = cloud.path[-1]
    return cannot_tell(
        cloud,
        f"its path ends at {last.label}; the issuer {last.issuer_text} is not in the file",
        cure="Export the file again with Include all certificates in the certification path if possible.",
    )


@check(
    "CRT060",
    severity=Severity.HIGH,
    covers=["S28"],
    step=REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=public_cloud_certificates,
)
def public_names_are_in_an_own_domain(certificates: CloudCertificates) -> Findings:
    """The common name of every public certificate is a host in a domain of the organisation.

    Why: A public CA issues for domains that the organisation owns. A name in Microsoft's Azure domains, or one without
    a public domain, cannot have come from one, so either the design or the file is not what it seems.
    Remedy: Request the certificate for a name of your own public domain, such as `cmg.contoso.com`, declare it as
    `gateway.service_name` in comgmt.toml, and create a CNAME record from it to the name in Azure.
    """
    for cloud in certificates:
        name = cloud.certificate.common_name or ""
        fits = "." in name.removeprefix("*.") and not any(under(name, domain) for domain in AZURE_DOMAINS)
        yield require(cloud, fits, expected="a host in your own public domain", actual=name or "no common name")
    yield from _unjudged(certificates)


@check("CRT070", severity=Severity.HIGH, covers=["S29"], step=REQUEST, refs=[SERVER_CERTIFICATE])
def alternative_names_repeat_the_common_name(certificates: CloudCertificates, design: Design) -> Findings:
    """The subject alternative name of every cloud certificate has the common name.

    Why: Where there is a SAN, clients look at it alone and ignore the common name; current TLS libraries want one.
    Remedy: Request the certificate again (certlm.msc > Personal > All Tasks > Request New Certificate), and on the tab
    Subject enter the common name under Alternative name as well, with the type DNS.
    """
    public = design.pki.cloud_certificates == "public"
    for cloud in certificates:
        name = cloud.certificate.common_name
        names = [known.casefold() for known in cloud.certificate.dns_names]
        if not public and not names:
            # Windows falls back to the common name, and the tutorial's own-CA request has no SAN.
            yield require(cloud, False, expected=name, actual="no SAN", severity=Severity.ADVICE)
        elif name is not None:
            yield require(cloud, name.casefold() in names, expected=name, actual=cloud.certificate.dns_names)
    yield from _unjudged(certificates)


@check(
    "CRT080",
    severity=Severity.LOW,
    covers=["S30"],
    step=REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=public_cloud_certificates,
)
def public_subjects_name_the_organisation(certificates: CloudCertificates) -> Findings:
    """The subject of every public certificate names the organisation, locality, state and country.

    Why: The tutorial orders an organisation-validated certificate. A domain-validated one works as well, but a renewal
    whose subject differs has been refused by the site before.
    Remedy: On the tab Subject of the request (certlm.msc > Personal > All Tasks > Request New Certificate) fill in
    Organization, Locality, State and Country, and renew with the same subject.
    """
    for cloud in certificates:
        present = {kind for kind, value in cloud.certificate.subject if value.strip()}
        absent = [kind for kind in PLACE_FIELDS if kind not in present]
        yield require(cloud, not absent, expected=PLACE_FIELDS, actual=f"without {', '.join(absent)}")
    yield from _unjudged(certificates)


@check(
    "CRT090",
    severity=Severity.HIGH,
    covers=["S31"],
    step=REQUEST,
    refs=[SERVER_CERTIFICATE],
    empty="no cloud certificate has an RSA key",
)
def keys_have_a_supported_size(certificates: CloudCertificates, baseline: Baseline) -> Findings:
    """The RSA key of every cloud certificate has a supported size.

    Why: Shorter keys are refused by Azure and by clients; sizes in between are documented nowhere for the CMG.
    Remedy: Request the certificate again with a key of 2048 or 4096 bits (template or request, tab Cryptography).
    """
    for cloud in certificates:
        bits = cloud.certificate.key_bits
        if cloud.certificate.key_type != "RSA" or bits is None:
            continue  # no RSA key: CRT100
        mild = Severity.LOW if bits > min(baseline.key_bits, default=0) else None
        expected = f"{' or '.join(map(str, baseline.key_bits))} bits"
        yield require(cloud, bits in baseline.key_bits, expected=expected, actual=f"{bits} bits", severity=mild)
    yield from _unjudged(certificates)


@check("CRT100", severity=Severity.HIGH, covers=["S27"], step=REQUEST, refs=[CNG], after=["CRT020"])
def keys_are_of_a_kind_that_the_role_takes(
    certificates: CloudCertificates, baseline: Baseline, site: SiteBuild
) -> Findings:
    """The key of every cloud certificate is RSA, and a CNG key only where the site version takes it.

    Why: The roles take RSA only. Before its version of support, a role does not find the key of a key storage provider
    (CNG, "version 3"), and the service does not start.
    Remedy: Request the certificate from a template whose tab Compatibility says Windows Server 2003, with the provider
    Microsoft RSA SChannel Cryptographic Provider; or bring the site to a version that supports CNG (console:
    Administration > Updates and Servicing).
    """
    for cloud in certificates:
        since = baseline.cng_since_build.get(cloud.role, 0)
        provider = cloud.file.key_provider or ""
        if cloud.certificate.key_type != "RSA":
            yield require(cloud, False, expected="RSA", actual=cloud.certificate.key_type)
        elif "key storage provider" not in provider.casefold() and "platform crypto" not in provider.casefold():
            yield require(cloud, True)
        elif since and site.build is None:
            yield cannot_tell(cloud, f"a CNG key, and {site.why}", cure=site.cure)
        else:
            taken = bool(since) and (site.build or 0) >= since
            expected = f"a legacy provider before build {since}" if since else "a legacy provider"
            yield require(cloud, taken, expected=expected, actual=provider)
    yield from _unjudged(certificates)


@check(
    "CRT110",
    severity=Severity.MEDIUM,
    covers=["S32"],
    step=REQUEST,
    refs=[REQUIREMENTS],
    after=["CRT020"],
    applies=listed_providers,
)
def keys_are_of_a_listed_provider(certificates: CloudCertificates, baseline: Baseline) -> Findings:
    """The provider of every cloud certificate's key is one that the baseline lists.

    Why: The tutorial was tried with these providers only; another one may hold a key that the service cannot load.
    Remedy: Request the certificate again and choose the provider on the tab Private Key (Cryptographic Service
    Provider), or judge by a baseline that allows more.
    """
    allowed = {provider.casefold() for provider in baseline.key_providers}
    for cloud in certificates.files:
        provider = cloud.file.key_provider
        if provider is None:
            yield cannot_tell(
                cloud,
                "the file names no provider, as of a key that was not made by Windows",
                cure="Import the file on Windows and look at `certutil -store My`, or request the certificate anew.",
            )
        else:
            yield require(cloud, provider.casefold() in allowed, expected=baseline.key_providers, actual=provider)
    yield from unseen(certificates.unseen)


@check(
    "CRT120",
    severity=Severity.HIGH,
    covers=["S34"],
    step=OWN_REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=own_cloud_certificates,
    empty="every service has a name in an own domain, which the baseline allows for certificates of the own CA",
)
def own_names_end_in_a_service_suffix(certificates: CloudCertificates, design: Design, baseline: Baseline) -> Findings:
    """The common name of every certificate of the own CA is the service's name in Azure.

    Why: Without a name in an own domain and a CNAME, clients connect to the name in Azure, so the certificate must
    carry it.
    Remedy: On the tab Subject of the request enter, as Common name, the name of the service in Azure, such as
    `contosocmg.cloudapp.net` (classic) or `contosocmg.westeurope.cloudapp.azure.com` (scale set).
    """
    suffixes = baseline.service_suffixes.get(design.rollout.cloud, ())
    if not suffixes:
        raise NotApplicable(f"the baseline knows no suffix of services in the cloud {design.rollout.cloud}")
    for cloud in certificates:
        name = cloud.certificate.common_name or ""
        fits = any(under(name, suffix) for suffix in suffixes)
        if fits or not (baseline.own_custom_domain and design.gateway.custom_domain):
            yield require(cloud, fits, expected=[f"*.{suffix}" for suffix in suffixes], actual=name)
    yield from _unjudged(certificates)


@check("CRT130", severity=Severity.HIGH, covers=["S35"], step=REQUEST, refs=[SERVER_CERTIFICATE])
def certificates_carry_every_name_that_clients_use(certificates: CloudCertificates, design: Design) -> Findings:
    """Every name by which clients reach a cloud service is in its certificate.

    Why: A client compares the name that it connects to with the certificate, not the name to which a CNAME leads. A
    certificate for NAME.cloudapp.net with an alias NAME.contoso.com fails for whoever connects by the alias.
    Remedy: Have a certificate issued that carries the name, and choose it in the properties of the CMG (Administration
    > Cloud Services > Cloud Management Gateway, tab Settings); or let clients use the name that it carries, as the
    service name of the CMG and as CCMHOSTNAME in the command line of the Intune app.
    """
    for cloud in certificates:
        alias = cloud.service.alias if design.gateway.custom_domain else ""
        names = [name for name in (cloud.service.service_name, alias) if name]
        covered = all(cloud.serves(name) for name in names)
        if names:
            yield require(cloud, covered, expected=names, actual=cloud.served_names)
        else:
            yield _undeclared(cloud)
    yield from _unjudged(certificates)


def _undeclared(cloud: CloudCertificate) -> Finding:
    return cannot_tell(
        cloud,
        "the design does not say by which name clients reach the service",
        cure=f"Set service_name in comgmt.toml, section [{cloud.role}].",
    )


@check(
    "CRT140",
    severity=Severity.MEDIUM,
    covers=["S35"],
    step=REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=custom_domain,
)
def own_domains_have_public_certificates(certificates: CloudCertificates, baseline: Baseline) -> Findings:
    """A service with a name in an own domain has a certificate of a public CA, where the baseline asks for it.

    Why: The tutorial of 2018 takes certificates of the own CA for names in Azure, and recommends a public one for a
    name in an own domain, which clients trust without the organisation's root. Today's guidance allows both.
    Remedy: Order a public certificate for the name, or judge by the baseline `current`.
    """
    if baseline.own_custom_domain:
        raise NotApplicable("this baseline allows certificates of the own CA for names in an own domain")
    for cloud in certificates:
        if cloud.public is None:
            yield _unknown_root(cloud)
        else:
            yield require(cloud, cloud.public, expected="a public certificate", actual=cloud.certificate.issuer_text)
    yield from _unjudged(certificates)


@check("CRT150", severity=Severity.HIGH, covers=["S47", "S53"], step=OWN_REQUEST, refs=[SERVER_CERTIFICATE])
def common_names_are_the_service_names(certificates: CloudCertificates) -> Findings:
    """The common name of every cloud certificate is the declared name of its service.

    Why: The wizard takes the service name from the common name, and clients are sent there; with another name they
    look for a service that does not exist. A wildcard is allowed, and then the name must be typed.
    Remedy: Choose the certificate of this service in the wizard or in the service's properties (Administration > Cloud
    Services, tab Settings), or correct `service_name` in comgmt.toml.
    """
    for cloud in certificates:
        declared, found = cloud.service.service_name, cloud.certificate.common_name or ""
        if declared:
            yield require(cloud, covers(found, declared), expected=declared, actual=found or "no common name")
        else:
            yield _undeclared(cloud)
    yield from _unjudged(certificates)


@check(
    "CRT160",
    severity=Severity.MEDIUM,
    covers=["S48", "S53"],
    step=OWN_REQUEST,
    refs=[SERVER_CERTIFICATE],
    applies=own_cloud_certificates,
)
def own_subjects_are_one_common_name(certificates: CloudCertificates) -> Findings:
    """The subject of every certificate of the own CA is one common name and nothing else.

    Why: The tutorial asks for it: the wizard reads the service's name from the subject, and two names are ambiguous.
    Remedy: Request the certificate again; on the tab Subject add Common name once, and no other attribute.
    """
    for cloud in certificates:
        kinds = [kind for kind, _ in cloud.certificate.subject]
        yield require(cloud, kinds == ["CN"], expected="one common name (CN)", actual=cloud.certificate.subject_text)
    yield from _unjudged(certificates)


@check("CRT170", severity=Severity.LOW, covers=["S50"], step=EXPORT, refs=[SERVER_CERTIFICATE])
def files_lie_where_the_wizard_looks(certificates: CloudCertificates, keys: HostKeyFiles, design: Design) -> Findings:
    """The PFX of every cloud service lies in the agreed folder of the site server.

    Why: The wizard is run there, and whoever runs it takes the file of that name: an old copy elsewhere is a trap.
    Remedy: Move the file to the folder, or correct certificate_folder in comgmt.toml, section [pki].
    """
    wanted = design.pki.certificate_folder.replace("/", "\\").rstrip("\\")
    try:
        on_server = keys.of(design.site.server)
        why = cure = ""
    except FactUnavailable as error:
        on_server, why, cure = None, error.why, error.cure
    for cloud in certificates.files:
        file = cloud.file
        unknown = on_server.unknown(wanted, file.file) if on_server else why
        if on_server and (not unknown or wanted.casefold() in on_server.folders(file.sha256)):
            yield _lies_in(cloud, wanted, on_server)
        elif file.folder is None:
            why = f"it was read as {file.path}, a copy, and {unknown}"
            yield cannot_tell(cloud, why, cure=cure or f"Record on the site server, or hand in the file from {wanted}.")
        else:
            yield require(cloud, file.folder.casefold() == wanted.casefold(), expected=wanted, actual=file.folder)
    yield from unseen(certificates.unseen)


def _lies_in(cloud: CloudFile, wanted: str, on_server: KeyFiles) -> Finding:
    """Does this very file lie there? Names may be those of an older one."""
    folders = on_server.folders(cloud.file.sha256)
    another = f"{wanted}\\{cloud.file.file}".lower() in on_server.hashes
    actual = folders or ("another file of that name" if another else "nowhere in the folders of its drives")
    evidence = (cloud.evidence, on_server.evidence)
    return require(cloud, wanted.casefold() in folders, expected=wanted, actual=actual, evidence=evidence)


@check("CRT180", severity=Severity.CRITICAL, tags=["beyond"], step=REQUEST, refs=[SERVER_CERTIFICATE])
def certificates_are_for_server_authentication(certificates: CloudCertificates) -> Findings:
    """Every cloud certificate may be used for server authentication.

    Why: Clients refuse a TLS server whose certificate is for something else.
    Remedy: Request it from a template that has Server Authentication (1.3.6.1.5.5.7.3.1) on its tab Extensions, under
    Application Policies; a public CA calls such certificates TLS or SSL certificates.
    """
    for cloud in certificates:
        allowed = cloud.certificate.allows(SERVER_AUTHENTICATION)
        usages = [usage(oid) for oid in cloud.certificate.usages or ()]
        yield require(cloud, allowed, expected=usage(SERVER_AUTHENTICATION), actual=usages)
    yield from _unjudged(certificates)


@check("CRT190", severity=Severity.CRITICAL, tags=["beyond"], step=REQUEST, refs=[SERVER_CERTIFICATE])
def certificates_are_valid(certificates: CloudCertificates, design: Design, now: Now) -> Findings:
    """Every cloud certificate and its issuers are valid today and beyond the warning horizon.

    Why: On the day after its end no client on the internet reaches the service, and the console raises no alert.
    Remedy: Renew it with the same names and subject, export it with its path, and choose it in the properties of the
    CMG or CDP: Administration > Cloud Services, tab Settings, Certificate file > Browse.
    """
    horizon = dt.timedelta(days=design.horizons.certificate_days)
    for cloud in certificates:
        for link in cloud.path:
            valid = link.not_before <= now.time <= link.not_after
            yield require(
                cloud.label if link is cloud.certificate else f"{cloud.label}: issuer {link.label}",
                valid and link.not_after - now.time > horizon,
                expected=f"valid for more than {design.horizons.certificate_days} days",
                actual=lifetime(link),
                evidence=link.evidence,
                severity=Severity.MEDIUM if valid else None,
            )
    yield from _unjudged(certificates)


@check("CRT200", severity=Severity.HIGH, tags=["beyond"], step=REQUEST, refs=[SERVER_CERTIFICATE])
def signatures_are_sha2(certificates: CloudCertificates) -> Findings:
    """No cloud certificate, nor an issuer of it below the root, is signed with SHA-1 or MD5.

    Why: Windows distrusts such signatures of TLS servers; a root's own signature does not matter.
    Remedy: Have the CA sign with SHA-256 (own CA: `certutil -setreg ca\\csp\\CNGHashAlgorithm SHA256`), then renew.
    """
    for cloud in certificates:
        weak = [link for link in cloud.path if not link.self_signed and link.signature_hash in {"sha1", "md5", "md2"}]
        actual = [f"{link.label}: {link.signature_hash}" for link in weak]
        yield require(cloud, not weak, expected="SHA-256 or better", actual=actual)
    yield from _unjudged(certificates)


@check(
    "CRT210",
    severity=Severity.HIGH,
    covers=["S53"],
    step="Request the CDP PKI web certificate (ConfigMgrCloudDPServer)",
    refs=[SERVER_CERTIFICATE],
    applies=distribution_point,
)
def every_service_has_its_own_certificate(certificates: CloudCertificates) -> Findings:
    """The CMG and the CDP have different certificates.

    Why: Each takes its name from its certificate; with one certificate both would claim the same name. The tutorial's
    example repeats the CMG's name for the CDP by mistake. A wildcard certificate may serve both.
    Remedy: Request a second certificate for the name of the CDP (certlm.msc > Personal > All Tasks > Request New
    Certificate), export it, and choose it in the wizard of the CDP.
    """
    found = list(certificates)
    names = [[name.casefold() for name in cloud.certificate.common_names] for cloud in found]
    wildcard = all(name.startswith("*.") for each in names for name in each)
    if len(found) == 2:
        same = found[0].certificate.der == found[1].certificate.der or names[0] == names[1]
        yield require(
            found[1],
            wildcard or not same,
            expected="another certificate than the CMG's",
            actual=found[1].certificate.subject_text,
            evidence=[cloud.evidence for cloud in found],
        )
    yield from _unjudged(certificates)


@check(
    "CRT220",
    severity=Severity.HIGH,
    covers=["S49", "S54"],
    step=EXPORT,
    refs=[CLASSIC],
    after=["CRT010"],
    applies=classic_service,
)
def classic_services_read_the_encryption(certificates: CloudCertificates, design: Design) -> Findings:
    """The PFX of a classic cloud service is encrypted in a way that Azure reads.

    Why: Azure cloud services (classic) do not accept a certificate that is encrypted with AES256-SHA256.
    Remedy: Export it again and choose TripleDES-SHA1 on the Security page (`Export-PfxCertificate
    -CryptoAlgorithmOption TripleDES_SHA1`).
    """
    for cloud in certificates.files:
        if cloud.role == "gateway" and design.gateway.deployment != "classic":
            continue
        used = [name for name in (cloud.file.key_encryption, cloud.file.certificate_encryption) if name]
        yield require(cloud, not any("AES-256" in name for name in used), expected="TripleDES-SHA1", actual=used)
    yield from unseen(certificates.unseen)
