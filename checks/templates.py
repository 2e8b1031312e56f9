"""Certificate templates. Protects enrolment: the right computers get the right certificates, and nobody else does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from comgmt_audit import (
    Baseline,
    Design,
    Evidence,
    Family,
    Finding,
    Findings,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.directory import Domains, EnrollmentServices, Groups
from comgmt_audit.facts.security_descriptor import (
    AUTHENTICATED_USERS,
    DOMAIN_ADMINS,
    DOMAIN_COMPUTERS,
    DOMAIN_USERS,
    ENTERPRISE_ADMINS,
    EVERYONE,
    Right,
)
from comgmt_audit.facts.site import Sites
from comgmt_audit.facts.templates import WINDOWS_2003, CertificateTemplate, CertificateTemplates
from comgmt_audit.facts.x509 import CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION

from . import _scope
from ._shared import learn, usage

family = Family(code="TPL", title="Certificate templates", stage=Stage.PKI)

_WEB_STEP = "Create and issue the PKI web certificate template (ConfigMgrCloudWebServer)"
_CLIENT_STEP = "Create and issue a Workstation Authentication certificate template (ConfigMgrWorkstationAuth)"
_EXAMPLE = learn(
    "Example deployment of PKI certificates",
    "intune/configmgr/core/plan-design/network/example-deployment-of-pki-certificates",
)
_CNG = learn("CNG certificates overview", "intune/configmgr/core/plan-design/network/cng-certificates-overview")
_FLAGS_CURE = "Read the attribute from a domain controller over LDAP, not from the global catalog, which lacks it."
_DACL_CURE = (
    "Record with `comgmt-audit record`, or read nTSecurityDescriptor with the control LDAP_SERVER_SD_FLAGS_OID set to "
    "7 (owner, group, DACL): without it an ordinary account is shown no descriptor at all."
)
_WELL_KNOWN = {
    "S-1-1-0": "Everyone",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-32-545": "Users",
    "S-1-5-7": "Anonymous Logon",
}
"""Groups that a token holds without being a member ([MS-DTYP] 2.4.2.4)."""


def _holds(
    template: CertificateTemplate, attribute: str, value: bool | None, *, expected: object, actual: object
) -> Finding:
    """One property of a template, or what to do where the directory did not show it."""
    place = template.place(attribute)
    if value is None:
        return cannot_tell(template, f"the directory did not show {attribute}", cure=_FLAGS_CURE, evidence=place)
    return require(template, value, expected=expected, actual=actual, evidence=place)


def _rights(
    template: CertificateTemplate, who: str, token: frozenset[str], rights: Iterable[Right], *, wanted: bool
) -> Iterator[Finding]:
    """Whether somebody effectively has each right; an unread descriptor is no knowledge, least of all *nobody*."""
    for right in rights:
        subject = f"{template.label}: {right.label} for {who}"
        place = template.place("nTSecurityDescriptor")
        access = template.access(token, right)
        if access is None or access.allowed is None:
            why = template.descriptor_problem or "a conditional entry decides, and only the CA can answer its condition"
            yield cannot_tell(subject, why, cure=_DACL_CURE, evidence=place)
            continue
        yield require(
            subject,
            access.allowed is wanted,
            expected="allowed" if wanted else "not allowed",
            actual=f"allowed through {', '.join(map(_trustee, access.through))}" if access.allowed else "not allowed",
            evidence=place,
        )


def _trustee(name: str) -> str:
    return f"{_WELL_KNOWN[name]} ({name})" if name in _WELL_KNOWN else name


def _compatibility(template: CertificateTemplate) -> Finding:
    """Schema version 2, and no number of the Compatibility tab above 2003 and XP; the version alone is no proof."""
    numbers = template.compatibility
    fits = None if numbers is None else template.schema_version == 2 and WINDOWS_2003.issuperset(numbers)
    return _holds(
        template,
        "msPKI-Private-Key-Flag",
        fits,
        expected="schema version 2; Compatibility: CA 0 or 1 (Windows Server 2003), recipient 0 or 1 (Windows XP)",
        actual=f"schema version {template.schema_version}; Compatibility: {_levels(numbers)}",
    )


def _levels(numbers: tuple[int, ...] | None) -> str:
    """The two numbers that stand for the lists of the Compatibility tab ([MS-CRTD] 2.27)."""
    names = zip(("CA", "recipient"), numbers or (), strict=False)
    return ", ".join(f"{name} {number}" for name, number in names)


def _provider(
    template: CertificateTemplate, roles: Iterable[str], baseline: Baseline, sites: Sites, design: Design
) -> Iterator[Finding]:
    """A CNG key serves a role from some site build on, and is RSA; a legacy CSP always serves."""
    if not template.is_cng:
        yield _holds(
            template, "msPKI-Private-Key-Flag", None if template.is_cng is None else True, expected=None, actual=None
        )
        return
    yield _holds(
        template,
        "msPKI-RA-Application-Policies",
        template.algorithm in ("", "RSA"),
        expected="RSA",
        actual=template.algorithm,
    )
    place = template.place("msPKI-Template-Schema-Version")
    for role in roles:
        since = baseline.cng_since_build[role]
        subject = f"{template.label}: {role.replace('_', ' ')}"
        builds = _builds(sites, design)
        if since and not builds:
            yield cannot_tell(subject, "the site's build is not known", cure="Record the site (source `site`) as well.")
            continue
        yield require(
            subject,
            bool(since) and min(builds) >= since,
            expected=f"a legacy CSP, or site build {since} or later" if since else "a legacy CSP",
            actual=f"a CNG key storage provider, site build {min(builds)}" if builds else "a CNG key storage provider",
            evidence=place,
        )


def _builds(sites: Sites, design: Design) -> tuple[int, ...]:
    """The builds of the design's site, or of every primary site where it names none."""
    code = design.site.code.casefold()
    chosen = [site for site in sites if (site.code.casefold() == code if code else site.is_primary)]
    return tuple(site.build for site in chosen if site.build is not None)


def _web_roles(design: Design) -> tuple[str, ...]:
    """What certificates of the web template serve in this design."""
    own = design.pki.cloud_certificates == "own"
    roles = {
        "gateway": own,
        "distribution_point": own and design.distribution_point.wanted,
        "management_point": design.site.communication == "https",
    }
    return tuple(role for role, used in roles.items() if used)


def _exists(templates: CertificateTemplates, name: str) -> Finding:
    found = templates.named(name)
    return require(
        found[0] if found else f"template {name}",
        bool(found),
        expected=name,
        actual="no template has that name, shown or common",
        evidence=found[0].evidence if found else Evidence("directory/certificate-templates"),
    )


def _used_for(template: CertificateTemplate, wanted: str) -> Finding:
    return require(
        template,
        wanted in template.usages,
        expected=usage(wanted),
        actual=[usage(oid) for oid in template.usages],
        evidence=template.place("pKIExtendedKeyUsage"),
    )


def _exportable(template: CertificateTemplate, *, wanted: bool) -> Finding:
    """Bit CT_FLAG_EXPORTABLE_KEY ([MS-CRTD] 2.27) is as its role asks."""
    return _holds(
        template,
        "msPKI-Private-Key-Flag",
        None if template.exportable is None else template.exportable is wanted,
        expected=f"Allow private key to be exported is {'ticked' if wanted else 'clear'}",
        actual=f"it is {'clear' if wanted else 'ticked'} (flags {template.private_key_flags or 0:#x})",
    )


def _published(templates: CertificateTemplates, services: EnrollmentServices, name: str) -> Iterator[Finding]:
    for template in templates.named(name):
        issuers = [service.name for service in services if service.issues(template.name)]
        yield require(
            template,
            bool(issuers),
            expected=f"{template.name} is listed at a CA",
            actual=issuers,
            evidence=services.evidence,
        )


@check(
    "TPL010",
    severity=Severity.HIGH,
    covers=["S40"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["DIR010"],
    applies=_scope.web_template,
)
def web_template_exists(templates: CertificateTemplates, design: Design) -> Findings:
    """The template for web server certificates exists.

    Why: The management point's certificate, and those of cloud services with own certificates, are made from it.
    Remedy: In certsrv.msc right-click Certificate Templates > Manage, duplicate Web Server, and give it the name in
    `names.web_template` (ConfigMgrCloudWebServer).
    """
    yield _exists(templates, design.names.web_template)


@check(
    "TPL020",
    severity=Severity.HIGH,
    covers=["S40"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template,
)
def web_template_is_for_servers(templates: CertificateTemplates, design: Design) -> Findings:
    """The web template's certificates are for server authentication.

    Why: Clients refuse a server whose certificate is not meant for one.
    Remedy: In the template, tab Extensions > Application Policies > Edit, add Server Authentication
    (1.3.6.1.5.5.7.3.1); best start again from a duplicate of Web Server.
    """
    for template in templates.named(design.names.web_template):
        yield _used_for(template, SERVER_AUTHENTICATION)


@check(
    "TPL030",
    severity=Severity.HIGH,
    covers=["S40"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template,
)
def web_template_takes_the_subject_from_the_request(templates: CertificateTemplates, design: Design) -> Findings:
    """The web template takes the subject from the request.

    Why: The name of the cloud service is no computer's name: it must be typed in when the certificate is requested.
    Remedy: In the template, tab Subject Name, select Supply in the request.
    """
    for template in templates.named(design.names.web_template):
        supplied = template.subject_in_request
        yield _holds(
            template, "msPKI-Certificate-Name-Flag", supplied, expected="supply in the request", actual="built"
        )


@check(
    "TPL040",
    severity=Severity.HIGH,
    covers=["S41"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template_of_2003,
)
def web_template_is_compatible_with_2003(templates: CertificateTemplates, design: Design) -> Findings:
    """The web template keeps the compatibility Windows Server 2003.

    Why: A later compatibility lets the template use CNG keys (version 3), which the cloud roles of that time refuse.
    Remedy: Duplicate Web Server again, and on the tab Compatibility choose Windows Server 2003 for the CA and Windows
    XP / Server 2003 for the recipient: a template cannot be lowered afterwards.
    """
    for template in templates.named(design.names.web_template):
        yield _compatibility(template)


@check(
    "TPL050",
    severity=Severity.HIGH,
    covers=["S41"],
    step=_WEB_STEP,
    refs=[_CNG],
    after=["TPL010", "TPL040"],
    applies=_scope.web_template,
)
def web_template_makes_keys_that_the_site_takes(
    templates: CertificateTemplates, sites: Sites, design: Design, baseline: Baseline
) -> Findings:
    """The web template makes keys that the roles take: by a legacy CSP, or CNG RSA keys where the site is new enough.

    Why: A role that cannot use CNG keys does not start with such a certificate, or cannot be created at all.
    Remedy: Update the site (Administration > Updates and Servicing), or duplicate Web Server again, on the tab
    Compatibility with Windows Server 2003 and on the tab Cryptography with the Legacy Cryptographic Service Provider
    Microsoft RSA SChannel Cryptographic Provider, and have the certificates issued anew.
    """
    for template in templates.named(design.names.web_template):
        yield from _provider(template, _web_roles(design), baseline, sites, design)


@check(
    "TPL060",
    severity=Severity.HIGH,
    covers=["S42"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.own_cloud_certificates,
)
def web_template_lets_keys_be_exported(templates: CertificateTemplates, design: Design) -> Findings:
    """The web template allows the private key to be exported.

    Why: The cloud service's certificate leaves the server where it was requested as a .pfx file, with its key.
    Remedy: In the template, tab Request Handling, tick Allow private key to be exported, then request the certificate
    anew: the key of an earlier one stays where it is.
    """
    for template in templates.named(design.names.web_template):
        yield _exportable(template, wanted=True)


@check(
    "TPL130",
    severity=Severity.LOW,
    covers=["S42"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template_for_site_systems_only,
)
def web_template_of_site_systems_keeps_keys_where_they_are(templates: CertificateTemplates, design: Design) -> Findings:
    """A web template that serves management points only does not allow the private key to be exported.

    Why: Only a cloud service's certificate must travel with its key. Where that one comes from a public CA, a key that
    can be copied from a management point lets another computer pass for it.
    Remedy: In the template, tab Request Handling, clear Allow private key to be exported, then request the management
    points' certificates anew: the key of an earlier one stays as it is.
    """
    for template in templates.named(design.names.web_template):
        yield _exportable(template, wanted=False)


@check(
    "TPL070",
    severity=Severity.MEDIUM,
    covers=["S43"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template,
)
def admins_may_not_enrol_the_web_template(
    templates: CertificateTemplates, groups: Groups, domains: Domains, design: Design
) -> Findings:
    """Domain Admins and Enterprise Admins do not have Enroll on the web template.

    Why: Its subject comes from the request and its key can be exported; only the chosen servers should enrol it. An
    admin can still give the right back to himself: this guards against mistakes, not against admins.
    Remedy: In the template, tab Security, clear Enroll (and Full Control) for both groups, and for groups they are in.
    """
    admins = [(f"Domain Admins of {domain.name}", domain, DOMAIN_ADMINS) for domain in domains]
    root = domains.root
    if root is None:
        cure = "Record the source directory again, from a domain controller of the forest's root domain."
        yield cannot_tell("Enterprise Admins", "the forest root domain is not known", cure=cure)
    else:
        admins.append((f"Enterprise Admins of {root.name}", root, ENTERPRISE_ADMINS))
    for template in templates.named(design.names.web_template):
        for who, domain, rid in admins:
            token = groups.token(domain.group(rid), domain.group(DOMAIN_USERS))
            yield from _rights(template, who, token, [Right.ENROLL], wanted=False)


@check(
    "TPL080",
    severity=Severity.HIGH,
    covers=["S44"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010", "DIR040"],
    applies=_scope.web_template,
)
def enrolment_group_may_enrol_the_web_template(
    templates: CertificateTemplates, groups: Groups, design: Design
) -> Findings:
    """The enrolment group has Read and Enroll on the web template.

    Why: Without Enroll the request is refused; without Read the template is not even offered.
    Remedy: In the template, tab Security, add the group (ConfigMgr IIS Servers) and tick Read and Enroll.
    """
    group = groups.named(design.names.iis_group)
    if group is None:
        return
    for template in templates.named(design.names.web_template):
        yield from _rights(template, group.name, groups.token(group.sid), [Right.READ, Right.ENROLL], wanted=True)


@check(
    "TPL090",
    severity=Severity.HIGH,
    covers=["S45"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template,
)
def web_template_is_published(
    templates: CertificateTemplates, services: EnrollmentServices, design: Design
) -> Findings:
    """The web template is issued by a CA.

    Why: A template that no CA lists cannot be enrolled.
    Remedy: In certsrv.msc right-click Certificate Templates > New > Certificate Template to Issue, and choose it.
    """
    yield from _published(templates, services, design.names.web_template)


@check(
    "TPL100",
    severity=Severity.HIGH,
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010"],
    applies=_scope.web_template,
)
def not_everybody_may_enrol_the_web_template(
    templates: CertificateTemplates, groups: Groups, domains: Domains, design: Design
) -> Findings:
    """No group that everybody is in may enrol the web template.

    Why: Its subject comes from the request, so whoever may enrol it can get a certificate in any server's name.
    Remedy: In the template, tab Security, clear Enroll and Full Control for Authenticated Users, Everyone, Domain Users
    and Domain Computers.
    """
    crowds = {"Everyone": EVERYONE, "Authenticated Users": AUTHENTICATED_USERS}
    for domain in domains:
        crowds[f"Domain Users of {domain.name}"] = domain.group(DOMAIN_USERS)
        crowds[f"Domain Computers of {domain.name}"] = domain.group(DOMAIN_COMPUTERS)
    for template in templates.named(design.names.web_template):
        for who, sid in crowds.items():
            token = frozenset({EVERYONE}) if sid == EVERYONE else groups.token(sid)
            yield from _rights(template, who, token, [Right.ENROLL], wanted=False)


@check(
    "TPL110",
    severity=Severity.ADVICE,
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010", "TPL210"],
    applies=_scope.own_ca,
)
def certificates_are_issued_at_once(templates: CertificateTemplates, design: Design) -> Findings:
    """Requests for both templates are issued at once, without approval or further signatures.

    Why: A pending request looks like a failed one on the server, and autoenrolled clients wait for a person each time.
    Remedy: In the template, tab Issuance Requirements, clear CA certificate manager approval and the number of
    authorised signatures; or plan the approval: `certutil -resubmit <request id>` on the CA.
    """
    wanted = ((_scope.web_template, design.names.web_template), (_scope.pki_clients, design.names.client_template))
    for why_not, name in wanted:
        for template in templates.named(name) if why_not(design) is None else ():
            waits = template.waits_for_approval
            at_once = None if waits is None else not waits
            yield _holds(template, "msPKI-Enrollment-Flag", at_once, expected="issued at once", actual="waits")


@check(
    "TPL120",
    severity=Severity.MEDIUM,
    covers=["S32"],
    step=_WEB_STEP,
    refs=[_EXAMPLE],
    after=["TPL010", "TPL040"],
    applies=_scope.web_template_of_listed_providers,
)
def web_template_prefers_an_allowed_provider(
    templates: CertificateTemplates, design: Design, baseline: Baseline
) -> Findings:
    """The first key provider of the web template is one that the roles take.

    Why: The provider with the highest priority makes the key; a second one in the list does no harm.
    Remedy: In the template, tab Cryptography (or Request Handling > CSPs), tick Microsoft RSA SChannel Cryptographic
    Provider and move it to the top.
    """
    for template in templates.named(design.names.web_template):
        first = template.providers[:1]
        known = first[0] in baseline.key_providers if first else None
        yield _holds(template, "pKIDefaultCSPs", known, expected=baseline.key_providers, actual=template.providers)


@check(
    "TPL210",
    severity=Severity.HIGH,
    covers=["S62"],
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["DIR010"],
    applies=_scope.pki_clients,
)
def client_template_exists(templates: CertificateTemplates, design: Design) -> Findings:
    """The template for client authentication certificates exists.

    Why: With it clients prove who they are where the domain cannot be reached.
    Remedy: In certsrv.msc right-click Certificate Templates > Manage, duplicate Workstation Authentication, and give it
    the name in `names.client_template` (ConfigMgrWorkstationAuth).
    """
    yield _exists(templates, design.names.client_template)


@check(
    "TPL220",
    severity=Severity.HIGH,
    covers=["S62"],
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["TPL210"],
    applies=_scope.pki_clients,
)
def client_template_is_for_clients(templates: CertificateTemplates, design: Design) -> Findings:
    """The client template's certificates are for client authentication.

    Why: The management point and the CMG refuse a client certificate that is not meant for one.
    Remedy: In the template, tab Extensions > Application Policies > Edit, add Client Authentication
    (1.3.6.1.5.5.7.3.2).
    """
    for template in templates.named(design.names.client_template):
        yield _used_for(template, CLIENT_AUTHENTICATION)


@check(
    "TPL230",
    severity=Severity.HIGH,
    covers=["S63"],
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["TPL210"],
    applies=_scope.client_template_of_2003,
)
def client_template_is_compatible_with_2003(templates: CertificateTemplates, design: Design) -> Findings:
    """The client template keeps the compatibility Windows Server 2003.

    Why: A later compatibility lets the template use CNG keys (version 3), which clients of that time cannot use.
    Remedy: Duplicate Workstation Authentication again, and on the tab Compatibility choose Windows Server 2003 and
    Windows XP / Server 2003: a template cannot be lowered afterwards.
    """
    for template in templates.named(design.names.client_template):
        yield _compatibility(template)


@check(
    "TPL240",
    severity=Severity.HIGH,
    covers=["S63"],
    step=_CLIENT_STEP,
    refs=[_CNG],
    after=["TPL210", "TPL230"],
    applies=_scope.pki_clients,
)
def client_template_makes_keys_that_clients_take(
    templates: CertificateTemplates, sites: Sites, design: Design, baseline: Baseline
) -> Findings:
    """The client template makes keys that clients take: by a legacy CSP, or CNG RSA keys where the site is new enough.

    Why: A client of an older site does not find a certificate whose key is a CNG key, and stays unmanaged.
    Remedy: Update the site and its clients (Administration > Updates and Servicing), or duplicate Workstation
    Authentication again, on the tab Compatibility with Windows Server 2003; clients enrol the new one at the next
    policy refresh.
    """
    for template in templates.named(design.names.client_template):
        yield from _provider(template, ["client"], baseline, sites, design)


@check(
    "TPL250",
    severity=Severity.MEDIUM,
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["TPL210"],
    applies=_scope.pki_clients,
)
def client_template_keeps_keys_where_they_are(templates: CertificateTemplates, design: Design) -> Findings:
    """The client template does not allow the private key to be exported.

    Why: A client's key that can be copied lets another computer pass for it; nothing in the roll-out needs the copy.
    Remedy: In the template, tab Request Handling, clear Allow private key to be exported, then right-click the template
    and choose Reenroll All Certificate Holders.
    """
    for template in templates.named(design.names.client_template):
        yield _exportable(template, wanted=False)


@check(
    "TPL260",
    severity=Severity.HIGH,
    covers=["S64"],
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["TPL210"],
    applies=_scope.pki_clients,
)
def domain_computers_may_enrol_the_client_template(
    templates: CertificateTemplates, groups: Groups, domains: Domains, design: Design
) -> Findings:
    """Domain Computers have Read, Enroll and Autoenroll on the client template.

    Why: Clients enrol as themselves; without Autoenroll somebody must request a certificate on each of them.
    Remedy: In the template, tab Security, select Domain Computers and tick Read, Enroll and Autoenroll.
    """
    domain = domains.of_host(design.site.server)
    if domain is None and len(domains.domains) == 1:
        domain = domains.domains[0]
    if domain is None:
        why = "it is not known which domain the clients are in"
        yield cannot_tell("Domain Computers", why, cure="Set site.server in comgmt.toml to its name in that domain.")
        return
    rights = (Right.READ, Right.ENROLL, Right.AUTOENROLL)
    token = groups.token(domain.group(DOMAIN_COMPUTERS))
    for template in templates.named(design.names.client_template):
        yield from _rights(template, f"Domain Computers of {domain.name}", token, rights, wanted=True)


@check(
    "TPL270",
    severity=Severity.HIGH,
    covers=["S65"],
    step=_CLIENT_STEP,
    refs=[_EXAMPLE],
    after=["TPL210"],
    applies=_scope.pki_clients,
)
def client_template_is_published(
    templates: CertificateTemplates, services: EnrollmentServices, design: Design
) -> Findings:
    """The client template is issued by a CA.

    Why: A template that no CA lists cannot be enrolled.
    Remedy: In certsrv.msc right-click Certificate Templates > New > Certificate Template to Issue, and choose it.
    """
    yield from _published(templates, services, design.names.client_template)
