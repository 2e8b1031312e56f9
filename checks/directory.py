"""The forest. Protects the own PKI: who issues, who may ask for certificates, and who trusts them."""

from __future__ import annotations

from comgmt_audit import Design, Family, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.errors import FactUnavailable, NotRecorded
from comgmt_audit.facts import security_descriptor as sd
from comgmt_audit.facts.directory import (
    Accounts,
    Computers,
    Domains,
    EnrollmentServices,
    Groups,
    OwnAuthorities,
)
from comgmt_audit.facts.hosts import TRUSTED_ROOTS, HostCertificates
from comgmt_audit.facts.x509 import Certificate

from . import _scope
from ._shared import learn

family = Family(code="DIR", title="Active Directory", stage=Stage.PKI)

SERVER_2008_R2 = (6, 1)
"""The oldest Windows of an issuing CA (tutorial, Prerequisites: on-premises infrastructure), as major and minor."""
_PREREQUISITES = "Prerequisites: on-premises infrastructure"
_TEMPLATE_STEP = "Create and issue the PKI web certificate template (ConfigMgrCloudWebServer)"
_READER = "Record again with an account of the forest that holds the site's servers."


_REQUIREMENTS = learn(
    "PKI certificate requirements", "intune/configmgr/core/plan-design/network/pki-certificate-requirements"
)
_EXAMPLE = learn(
    "Example deployment of PKI certificates",
    "intune/configmgr/core/plan-design/network/example-deployment-of-pki-certificates",
)
_PRIVILEGED = learn(
    "Privileged accounts and groups in Active Directory",
    "windows-server/identity/ad-ds/plan/security-best-practices/"
    "appendix-b--privileged-accounts-and-groups-in-active-directory",
)


@check(
    "DIR010",
    severity=Severity.CRITICAL,
    covers=["S12"],
    step=_PREREQUISITES,
    refs=[
        learn(
            "Install the certification authority",
            "windows-server/networking/core-network-guide/cncg/server-certs/install-the-certification-authority",
        )
    ],
    applies=_scope.own_ca,
)
def an_enterprise_ca_is_published(
    services: EnrollmentServices, domains: Domains, computers: Computers, design: Design
) -> Findings:
    """An enterprise CA is published in the forest that contains the site.

    Why: Templates, enrolment by group membership and automatic trust in the root exist with an enterprise CA only.
    Remedy: On a member server run `Install-WindowsFeature ADCS-Cert-Authority -IncludeManagementTools`, then
    `Install-AdcsCertificationAuthority -CAType EnterpriseSubordinateCA` (or EnterpriseRootCA) as an Enterprise Admin.
    `certutil -TCAInfo` lists the CAs that the forest knows.
    """
    forest = domains.root.label if domains.root else "forest"
    server = design.site.server
    if server and domains.of_host(server) is None and computers.on(server) is None:
        yield cannot_tell(forest, f"it is not known to hold the site server {server}", cure=_READER)
        return
    names = tuple(service.name for service in services)
    yield require(forest, bool(names), expected="an enterprise CA", actual=names, evidence=services.evidence)


@check(
    "DIR020",
    severity=Severity.HIGH,
    covers=["S11"],
    step=_PREREQUISITES,
    refs=[_REQUIREMENTS],
    after=["DIR010"],
    applies=_scope.own_ca,
)
def issuing_ca_runs_a_supported_windows(services: EnrollmentServices, computers: Computers, design: Design) -> Findings:
    """Every issuing CA runs on Windows Server 2008 R2 or later.

    Why: The steps are written for that version and later; what is older has had no security updates for years, and a
    CA that can be taken over issues certificates for anybody.
    Remedy: Move the CA to a current Windows Server (back up CA and key with `certutil -backup`, restore it there), then
    republish its templates. A CA that is gone leaves an object behind: remove it with `certutil -f -dsDeleteCA`.
    """
    for service in services.issuing((design.names.web_template, design.names.client_template)):
        computer = computers.on(service.host)
        if computer is None or computer.system_version is None:
            why = f"the directory does not say which Windows {service.host or 'its server'} runs"
            yield cannot_tell(service, why, cure="Read the domain of that server too, or look with `winver` on it.")
            continue
        yield require(
            service,
            computer.system_version >= SERVER_2008_R2,
            expected="Windows Server 2008 R2 (6.1) or later",
            actual=f"{computer.system} ({computer.system_version[0]}.{computer.system_version[1]})",
            evidence=computer.evidence,
        )


@check(
    "DIR030",
    severity=Severity.HIGH,
    covers=["S36"],
    step="Trusted Root Certificate",
    refs=[_REQUIREMENTS],
    after=["DIR010"],
    applies=_scope.own_ca,
)
def own_root_is_published(authorities: OwnAuthorities, stores: HostCertificates, design: Design) -> Findings:
    """The root of every issuing CA is published in the forest, or sample clients trust it otherwise.

    Why: Domain members trust what stands in Certification Authorities; without it a client refuses the management
    point, and a CMG whose certificate comes from the own CA.
    Remedy: As an Enterprise Admin run `certutil -dspublish -f TrustedRootCert.cer RootCA`, then `gpupdate /force` on a
    client. Where Group Policy distributes the root instead, collect a sample client's stores, so that it can be seen.
    """
    for authority in authorities.issuing:
        published = authorities.anchored(authority, authorities.roots)
        yield require(
            authority,
            published or _clients_trust(authority, authorities, stores, design),
            expected="its root is in CN=Certification Authorities",
            actual=tuple(root.common_name for root in authorities.roots),
            evidence=(authority.evidence, *(root.evidence for root in authorities.roots)),
        )


def _clients_trust(
    authority: Certificate, authorities: OwnAuthorities, stores: HostCertificates, design: Design
) -> bool:
    """Every sample client has the root, and there is one: Group Policy may bring it where the forest does not."""
    try:
        roots = [stores.of(client).readable(TRUSTED_ROOTS) for client in design.clients.samples]
    except FactUnavailable:
        return False
    return bool(roots) and all(authorities.anchored(authority, trusted) for trusted in roots)


@check(
    "DIR040",
    severity=Severity.HIGH,
    covers=["S37"],
    step=_TEMPLATE_STEP,
    refs=[_EXAMPLE],
    applies=_scope.web_template,
)
def enrolment_group_exists(groups: Groups, design: Design) -> Findings:
    """The group that may enrol web server certificates exists.

    Why: The template takes its subject from the request: whoever may enrol it can pass for any server, so a group of
    chosen servers limits it.
    Remedy: In Active Directory Users and Computers create a security group with the name in `names.iis_group`
    (ConfigMgr IIS Servers), or `New-ADGroup 'ConfigMgr IIS Servers' -GroupScope Global`.
    """
    name = design.names.iis_group
    group = groups.named(name)
    yield require(
        group or f"group {name}", group is not None, expected="a group of that name", actual="no group of that name"
    )


@check(
    "DIR050",
    severity=Severity.HIGH,
    covers=["S38"],
    step=_TEMPLATE_STEP,
    refs=[_EXAMPLE],
    after=["DIR040"],
    applies=_scope.own_cloud_certificates,
)
def cloud_role_server_is_a_member(groups: Groups, computers: Computers, design: Design) -> Findings:
    """The server that manages cloud roles is a member of that group, directly or by nesting.

    Why: The cloud services' certificates are requested on it, and only members may enrol the template.
    Remedy: `Add-ADGroupMember 'ConfigMgr IIS Servers' -Members CM01$`, then restart that server: a computer learns its
    groups when it starts.
    """
    server = design.site.cloud_role_server
    if not server:
        raise NotRecorded("the design does not name the server that manages cloud roles", "Set site.cloud_role_server.")
    computer = computers.on(server)
    if computer is None:
        yield cannot_tell(f"computer {server}", "the directory showed no computer of that name", cure=_READER)
        return
    held = groups.of(computer)
    wanted = design.names.iis_group
    yield require(
        computer,
        any(group.name.casefold() == wanted.casefold() for group in held),
        expected=f"member of {wanted}",
        actual=f"member of {', '.join(sorted(group.name for group in held)) or 'no group'}",
    )


@check(
    "DIR060",
    severity=Severity.MEDIUM,
    covers=["S25"],
    step="Permissions",
    refs=[_PRIVILEGED],
    applies=_scope.domain_admin,
)
def domain_admin_is_enabled(accounts: Accounts, design: Design) -> Findings:
    """The named domain admin account exists and is enabled.

    Why: The group, the templates and the root in the directory need its rights; with a disabled account the work stops.
    Remedy: `Enable-ADAccount <name>`, or name the right account in `names.domain_admin`.
    """
    name = design.names.domain_admin
    account = accounts.named(name)
    if account is not None and account.enabled is None:
        yield cannot_tell(account, "the directory did not show userAccountControl", cure=_READER)
        return
    found = account is not None and account.enabled is True
    yield require(
        account or f"account {name}",
        found,
        expected="exists and is enabled",
        actual="disabled" if account else "no account of that name",
    )


@check(
    "DIR070",
    severity=Severity.LOW,
    covers=["S25"],
    step="Permissions",
    refs=[_PRIVILEGED],
    after=["DIR060"],
    applies=_scope.domain_admin,
)
def domain_admin_is_one(accounts: Accounts, groups: Groups, domains: Domains, design: Design) -> Findings:
    """The named domain admin is a member of Domain Admins, directly or by nesting.

    Why: Creating templates and publishing the root takes rights that an ordinary account does not have.
    Remedy: `Add-ADGroupMember 'Domain Admins' -Members <name>` for the time of the work, or name the right account.
    """
    account = accounts.named(design.names.domain_admin)
    if account is None:
        return
    held = {group.sid for group in groups.of(account)} | {account.primary_group_sid}
    admins = {domain.group(sd.DOMAIN_ADMINS) for domain in domains}
    names = sorted(group.name for group in groups.of(account))
    actual = f"member of {', '.join(names) or 'no group'}"
    yield require(account, bool(held & admins), expected="member of Domain Admins", actual=actual)
