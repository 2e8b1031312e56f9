"""Contoso's directory: one domain with an enterprise CA, its templates, groups, computers and accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from comgmt_audit.recording import Absence, Reason, RecordingWriter
from tests.lab import pki
from tests.lab import security_descriptor as sd
from tests.lab.names import Names

if TYPE_CHECKING:
    from tests.lab.estate import Estate

SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
NO_CERTIFICATE = b"\x00"
SERVER_2019 = "10.0 (17763)"

READ = (sd.READ, None)
ENROLL = (sd.CONTROL_ACCESS, sd.ENROLL)
AUTOENROLL = (sd.CONTROL_ACCESS, sd.AUTOENROLL)
WRITE = (sd.READ_AND_WRITE, None)
FULL = (sd.FULL_CONTROL, None)


class Entry(Struct, frozen=True):
    """An entry of a DACL: who (a key of :func:`sids`), what, and whether it is denied."""

    who: str
    what: tuple[int, UUID | None]
    deny: bool = False


_ADMINS = (Entry("authenticated-users", READ), Entry("domain-admins", WRITE), Entry("enterprise-admins", WRITE))


class Template(Struct, frozen=True, kw_only=True):
    """A certificate template; ``entries`` is ``None`` where the reader was not shown its descriptor."""

    exists: bool = True
    hidden: bool = False
    """The reader's account may not read it."""
    published: bool = True
    display_name: str = ""
    schema_version: int = 2
    private_key_flag: int | None = 0x01010000
    name_flag: int | None = 0
    enrolment_flag: int | None = 0
    signatures: int = 0
    usages: tuple[str, ...] = ()
    providers: tuple[str, ...] = ("1,Microsoft RSA SChannel Cryptographic Provider",)
    request_policies: tuple[str, ...] = ()
    entries: tuple[Entry, ...] | None = _ADMINS
    descriptor: bytes | None = None


WEB = Template(
    name_flag=1,
    usages=(SERVER_AUTHENTICATION,),
    # As Web Server has them.
    providers=("2,Microsoft DH SChannel Cryptographic Provider", "1,Microsoft RSA SChannel Cryptographic Provider"),
    entries=(*_ADMINS, Entry("iis-group", READ), Entry("iis-group", ENROLL)),
)
WEB_OF_CLOUD_SERVICES = msgspec.structs.replace(WEB, private_key_flag=0x01010010)
"""With *Allow private key to be exported*, as the tutorial makes it for the CMG's own certificate."""
CLIENT = Template(
    name_flag=0x08000000,
    enrolment_flag=0x20,
    usages=(CLIENT_AUTHENTICATION,),
    entries=(
        *_ADMINS,
        *(Entry("domain-computers", right) for right in (READ, ENROLL, AUTOENROLL)),
        Entry("domain-admins", ENROLL),
    ),
)


class Domain(Struct, frozen=True, kw_only=True):
    """A domain of the forest beside Contoso's own."""

    name: str
    sid: str
    forest_root: bool = False


class Directory(Struct, frozen=True, kw_only=True):
    """Healthy by default."""

    web: Template = WEB
    client: Template = CLIENT
    other_domains: tuple[Domain, ...] = ()
    forest_root: bool = True
    ca_published: bool = True
    ca_system_version: str | None = SERVER_2019
    ca_has_account: bool = True
    published_roots: tuple[str, ...] = ("root",)
    published_intermediates: tuple[str, ...] = ("issuing",)
    iis_group_exists: bool = True
    iis_members: tuple[str, ...] = ("CM01", "MP01")
    nested_group_members: tuple[str, ...] = ()
    """Where there are some, a group of them exists, and is a member of the IIS group."""
    computers_primary_group: int = 515
    admin_exists: bool = True
    admin_control: int | None = 0x200
    admin_groups: tuple[str, ...] = ("Domain Admins",)
    admin_primary_group: int = 513
    keywords: tuple[str, ...] | None = None
    """Of the service connection point; ``None``: those of the estate's tenant."""
    connection_point_exists: bool = True
    client_user_certificates: int | None = 1
    more_clients: tuple[str, ...] = ("PC002",)
    """Windows clients beside the one that the design names; all carry their certificate."""


def domain_dn(name: str) -> str:
    """The distinguished name of a domain: ``DC=corp,DC=contoso,DC=com``."""
    return ",".join(f"DC={label}" for label in name.split("."))


def base_dn(names: Names) -> str:
    """The distinguished name of Contoso's domain."""
    return domain_dn(names.ad_domain)


def services_dn(names: Names) -> str:
    """The container Public Key Services of the forest."""
    return f"CN=Public Key Services,CN=Services,CN=Configuration,{base_dn(names)}"


def sids(estate: Estate) -> dict[str, str]:
    """Who may stand in an entry."""
    domain = estate.names.domain_sid
    return {
        "everyone": "S-1-1-0",
        "authenticated-users": "S-1-5-11",
        "domain-admins": f"{domain}-512",
        "domain-users": f"{domain}-513",
        "domain-computers": f"{domain}-515",
        "enterprise-admins": f"{_root(estate)[1]}-519",
        "iis-group": f"{domain}-1601",
        "nested-group": f"{domain}-1602",
    }


class Search(Struct, frozen=True, kw_only=True):
    """One observation of the directory: what is asked for, and the objects that answer it, as they are recorded."""

    request: str
    objects: list[dict[str, Any]]
    about: dict[str, Any] = {}


def searches(estate: Estate) -> dict[str, Search]:
    """What an ordinary account reads over LDAP, by the name of the observation."""
    directory = estate.directory
    authorities = {
        container: [_authority(estate, role, container) for role in roles]
        for container, roles in {
            "Certification Authorities": directory.published_roots,
            "AIA": directory.published_intermediates,
        }.items()
    }
    found = {
        "domains": ("CN=Partitions (crossRef)", _domains(estate)),
        "certificate-templates": ("CN=Certificate Templates, one level, SD flags 7", _templates(estate)),
        "enrollment-services": ("CN=Enrollment Services", _enrollment_services(estate)),
        "certification-authorities": ("CN=Certification Authorities", authorities["Certification Authorities"]),
        "aia": ("CN=AIA", authorities["AIA"]),
        "computers": ("(&(objectCategory=computer)(dNSHostName=…))", _computers(estate)),
        "client-computers": (
            "(&(objectCategory=computer)(operatingSystem=Windows 1*)), enabled, and which have a userCertificate",
            [_client(one) for one in clients(estate)],
        ),
        "accounts": ("(&(objectCategory=person)(sAMAccountName=…))", _accounts(estate)),
        "groups": ("(objectCategory=group), closed under membership", _groups(estate)),
    }
    lists = Search(
        request="CN=CDP, subtree (cRLDistributionPoint)",
        objects=_ordered(_revocation_lists(estate)),
        about={"container": f"CN=CDP,{services_dn(estate.names)}"},
    )
    return {
        **{name: Search(request=request, objects=_ordered(objects)) for name, (request, objects) in found.items()},
        "revocation-lists": lists,
    }


def _ordered(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """By distinguished name, and values by themselves: LDAP knows no order, and recordings have one."""
    ordered = [
        {name: sorted(value) if isinstance(value, list | tuple) else value for name, value in item.items()}
        for item in objects
    ]
    return sorted(ordered, key=lambda item: item["dn"].casefold())


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what an ordinary account reads over LDAP."""
    for name, search in searches(estate).items():
        request = f"LDAP search {search.request}"
        rest: dict[str, Any] = {"source": "directory", "request": request, "about": search.about}
        writer.lines(f"directory/{name}", search.objects, **rest)
    _connection_point(estate, writer)


def _root(estate: Estate) -> tuple[str, str]:
    """Name and SID of the forest root domain."""
    roots = [domain for domain in estate.directory.other_domains if domain.forest_root]
    return (roots[0].name, roots[0].sid) if roots else (estate.names.ad_domain, estate.names.domain_sid)


def _domains(estate: Estate) -> list[dict[str, Any]]:
    directory, names = estate.directory, estate.names
    own = {
        "dn": base_dn(names),
        "netbios": names.netbios,
        "sid": names.domain_sid,
        "forestRoot": directory.forest_root,
    }
    others = [
        {
            "dn": domain_dn(domain.name),
            "netbios": domain.name.split(".")[0].upper(),
            "sid": domain.sid,
            "forestRoot": domain.forest_root,
        }
        for domain in directory.other_domains
    ]
    return [own, *others]


def _templates(estate: Estate) -> list[dict[str, Any]]:
    directory, names = estate.directory, estate.names
    machine = Template(schema_version=1, private_key_flag=0, usages=(CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION))
    wanted = [
        (names.web_template, directory.web, names.web_template_oid),
        (names.client_template, directory.client, names.client_template_oid),
        ("Machine", machine, "1.3.6.1.4.1.311.21.8.11034890.834619.12601478.16236816.7255827.176.1.14"),
    ]
    shown = [_template(estate, cn, template, oid) for cn, template, oid in wanted if template.exists]
    hidden = {cn for cn, template, _ in wanted if template.hidden}
    return [{"dn": one["dn"]} if one["cn"] in hidden else one for one in shown]


def _template(estate: Estate, cn: str, template: Template, oid: str) -> dict[str, Any]:
    attributes = {
        "dn": f"CN={cn},CN=Certificate Templates,{services_dn(estate.names)}",
        "cn": cn,
        "displayName": template.display_name or cn,
        "flags": 0x20241,
        "revision": 100,
        "msPKI-Template-Schema-Version": template.schema_version,
        "msPKI-Template-Minor-Revision": 4,
        "msPKI-Private-Key-Flag": template.private_key_flag,
        "msPKI-Certificate-Name-Flag": template.name_flag,
        "msPKI-Enrollment-Flag": template.enrolment_flag,
        "msPKI-Minimal-Key-Size": 2048,
        "msPKI-RA-Signature": template.signatures,
        "msPKI-Cert-Template-OID": oid,
        "msPKI-Certificate-Application-Policy": (template.usages if template.schema_version > 1 else None) or None,
        "msPKI-RA-Application-Policies": template.request_policies or None,
        "pKIExtendedKeyUsage": template.usages or None,
        "pKIDefaultCSPs": template.providers or None,
        "pKIExpirationPeriod": bytes.fromhex("0080720e5dc2fdff"),
        "nTSecurityDescriptor": _descriptor(estate, template),
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _descriptor(estate: Estate, template: Template) -> bytes | None:
    if template.descriptor is not None or template.entries is None:
        return template.descriptor
    known = sids(estate)
    aces = [sd.ace(known[entry.who], *entry.what, deny=entry.deny) for entry in template.entries]
    return sd.descriptor(aces, owner=known["enterprise-admins"], group=known["enterprise-admins"], protected=True)


def _enrollment_services(estate: Estate) -> list[dict[str, Any]]:
    directory, names = estate.directory, estate.names
    published = [
        name
        for name, template in {names.web_template: directory.web, names.client_template: directory.client}.items()
        if template.published
    ]
    service = {
        "dn": f"CN={names.ca_name},CN=Enrollment Services,{services_dn(names)}",
        "cn": names.ca_name,
        "displayName": names.ca_name,
        "dNSHostName": names.ca_server,
        "cACertificate": [pki.der(estate, "issuing")],
        "cACertificateDN": f"CN={names.ca_name}, DC=corp, DC=contoso, DC=com",
        "certificateTemplates": ["Machine", *published],
        "flags": 10,
    }
    return [service] if directory.ca_published else []


def _authority(estate: Estate, role: str, container: str) -> dict[str, Any]:
    name = pki.common_name(estate.names, role)
    return {
        "dn": f"CN={name},CN={container},{services_dn(estate.names)}",
        "cn": name,
        "cACertificate": [pki.der(estate, role), NO_CERTIFICATE],
    }


def _revocation_lists(estate: Estate) -> list[dict[str, Any]]:
    """What the own CAs publish in the directory: the lists of a root that is offline are put there by hand."""
    part, names = estate.certificates, estate.names
    host = f"CN={names.ca_server.partition('.')[0]},CN=CDP,{services_dn(names)}"
    published = {
        "root": {"certificateRevocationList": part.root_ldap},
        "issuing": {"certificateRevocationList": part.issuing_ldap, "deltaRevocationList": part.issuing_delta_ldap},
    }
    # The class makes the list mandatory, so AD CS writes a zero byte where there is none.
    none = {"certificateRevocationList": NO_CERTIFICATE}
    return [
        {"dn": f"CN={pki.common_name(names, role)},{host}"}
        | none
        | {name: pki.crl_der(estate, wanted) for name, wanted in lists.items() if wanted}
        for role, lists in published.items()
        if any(lists.values())
    ]


def _groups(estate: Estate) -> list[dict[str, Any]]:
    """The groups that matter, and every group that one of them, or a recorded computer or account, is in."""
    directory, names = estate.directory, estate.names
    root, root_sid = _root(estate)
    domain, known = base_dn(names), sids(estate)
    administrator = f"CN=Administrator,CN=Users,{domain}"
    root_administrator = [administrator] if root == names.ad_domain else []
    admins = [_user_dn(names)] if directory.admin_exists and "Domain Admins" in directory.admin_groups else []
    # Another primary group than Domain Users leaves an account a listed member of Domain Users.
    users = [_user_dn(names)] if directory.admin_exists and directory.admin_primary_group != 513 else []
    domain_admins = _group(domain, "Domain Admins", known["domain-admins"], [administrator, *admins])
    domain_users = _group(domain, "Domain Users", known["domain-users"], users)
    enterprise_admins = _group(domain_dn(root), "Enterprise Admins", known["enterprise-admins"], root_administrator)
    schema_admins = _group(domain_dn(root), "Schema Admins", f"{root_sid}-518", root_administrator)
    owners = _group(domain, "Group Policy Creator Owners", f"{names.domain_sid}-520", [administrator])
    dns = {group["dn"] for group in (domain_admins, enterprise_admins, schema_admins, owners)}
    builtin = f"CN=Builtin,{domain}"
    admins_of_all = [administrator, domain_admins["dn"], enterprise_admins["dn"]]
    denied = f"{names.domain_sid}-572"
    found = [
        domain_admins,
        _group(domain, "Domain Computers", known["domain-computers"], []),
        domain_users,
        enterprise_admins,
        schema_admins,
        owners,
        _group(domain, "Administrators", "S-1-5-32-544", admins_of_all, container=builtin),
        _group(domain, "Users", "S-1-5-32-545", [domain_users["dn"]], container=builtin),
        _group(domain, "Denied RODC Password Replication Group", denied, dns),
    ]
    members = [_computer_dn(names, host) for host in directory.iis_members]
    if directory.nested_group_members:
        nested = [_computer_dn(names, host) for host in directory.nested_group_members]
        found.append(_group(domain, "Cloud role servers", known["nested-group"], nested))
        members.append(found[-1]["dn"])
    if directory.iis_group_exists:
        found.append(_group(domain, names.iis_group, known["iis-group"], members))
    return found


def _group(domain: str, name: str, sid: str, members: Iterable[str], container: str = "") -> dict[str, Any]:
    dn = f"CN={name},{container or f'CN=Users,{domain}'}"
    return {"dn": dn, "sAMAccountName": name, "objectSid": sid, "member": list(members)}


def _computer_dn(names: Names, host: str) -> str:
    return f"CN={host},OU=Servers,{base_dn(names)}"


def _computers(estate: Estate) -> list[dict[str, Any]]:
    directory, names = estate.directory, estate.names
    servers = {names.site_server: SERVER_2019, names.management_point: SERVER_2019}
    if directory.ca_published and directory.ca_has_account:
        servers[names.ca_server] = directory.ca_system_version or ""
    found = [
        _computer(estate, host, 1100 + number, "Windows Server 2019 Standard", version)
        for number, (host, version) in enumerate(servers.items())
    ]
    client = _computer(estate, names.client, 1200, "Windows 11 Enterprise", "10.0 (26100)")
    client["userCertificateCount"] = directory.client_user_certificates
    return [*found, {name: value for name, value in client.items() if value is not None}]


def _computer(estate: Estate, host: str, rid: int, system: str, version: str) -> dict[str, Any]:
    names = estate.names
    short = host.partition(".")[0]
    attributes = {
        "dn": f"CN={short},OU=Servers,{base_dn(names)}",
        "sAMAccountName": f"{short}$",
        "dNSHostName": host,
        "objectSid": f"{names.domain_sid}-{rid}",
        "primaryGroupID": estate.directory.computers_primary_group,
        "operatingSystem": system,
        "userCertificateCount": 0,
    }
    return attributes | ({"operatingSystemVersion": version} if version else {})


def clients(estate: Estate) -> list[dict[str, Any]]:
    """The domain-joined Windows clients, as _computer describes one."""
    directory, names = estate.directory, estate.names
    own = [one for one in _computers(estate) if one["dNSHostName"] == names.client]
    hosts = [f"{name}.{names.ad_domain}" for name in directory.more_clients]
    more = [
        _computer(estate, host, 1201 + number, "Windows 11 Enterprise", "10.0 (26100)") | {"userCertificateCount": 1}
        for number, host in enumerate(hosts)
    ]
    return [*own, *more]


def _client(computer: dict[str, Any]) -> dict[str, Any]:
    """What is kept of one: of the certificate only whether there is one."""
    count = computer.get("userCertificateCount")
    kept = {"dn": computer["dn"], "sAMAccountName": computer["sAMAccountName"]}
    return kept if count is None else kept | {"hasUserCertificate": bool(count)}


def _user_dn(names: Names) -> str:
    return f"CN={names.domain_admin},CN=Users,{base_dn(names)}"


def _accounts(estate: Estate) -> list[dict[str, Any]]:
    directory, names = estate.directory, estate.names
    administrator = {
        "dn": f"CN=Administrator,CN=Users,{base_dn(names)}",
        "sAMAccountName": "Administrator",
        "objectSid": f"{names.domain_sid}-500",
        "primaryGroupID": 513,
        "userAccountControl": 0x200,
    }
    admin = {
        "dn": _user_dn(names),
        "sAMAccountName": names.domain_admin,
        "objectSid": f"{names.domain_sid}-1300",
        "primaryGroupID": directory.admin_primary_group,
    }
    if directory.admin_control is not None:
        admin["userAccountControl"] = directory.admin_control
    return [administrator, admin] if directory.admin_exists else [administrator]


def connection_point_dn(names: Names) -> str:
    """The object that hybrid join looks for, by the name that it has in every forest."""
    container = f"CN=Device Registration Configuration,CN=Services,CN=Configuration,{base_dn(names)}"
    return f"CN=62a0ff2e-97b9-4513-943f-0d221bd30080,{container}"


def keywords(estate: Estate) -> list[str]:
    """What the service connection point says."""
    names, wanted = estate.names, estate.directory.keywords
    healthy = (f"azureADName:{names.initial_domain}", f"azureADId:{names.tenant_id}")
    return sorted(healthy if wanted is None else wanted)


def _connection_point(estate: Estate, writer: RecordingWriter) -> None:
    dn = connection_point_dn(estate.names)
    about = {"source": "directory", "request": f"LDAP search {dn.partition(',')[0]}, base"}
    if estate.directory.connection_point_exists:
        writer.json("directory/service-connection-point", {"dn": dn, "keywords": keywords(estate)}, **about)
        return
    absence = Absence(reason=Reason.ABSENT, detail="noSuchObject")
    writer.absent("directory/service-connection-point", absence, **about)
