"""Contoso's hosts: what the collector brings from the site's servers and from one sample client."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps, loads
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Struct

from comgmt_audit.recording import RecordingWriter
from tests.lab import certificates, pki, site
from tests.lab.certificates import SCHANNEL, Pfx

if TYPE_CHECKING:
    from tests.lab.estate import Estate

AUTOENROLMENT_KEY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment"


class Stored(Struct, frozen=True, kw_only=True):
    """A certificate of the role in a personal store."""

    role: str
    has_key: bool | None = True
    exportable: bool | None = False
    friendly_name: str = ""
    thumbprint: str = ""
    """Empty: the certificate's own."""
    with_pem: bool = True


class Host(Struct, frozen=True, kw_only=True):
    """A computer; text evidence is written where its field is not ``None``."""

    personal: tuple[Stored, ...] = ()
    roots: tuple[str, ...] | None = ("root",)
    intermediates: tuple[str, ...] = ("issuing",)
    groups: tuple[str, ...] | None = ("BUILTIN\\Administrators", "Everyone", "Domain Computers")
    gpresult: str | None = None
    """The whole output, in place of one that lists the groups."""
    listing: str | None = None
    """``certutil -store My`` in place of what the collector writes."""
    registry: dict[str, dict[str, int | str]] | None = None


class Joined(Struct, frozen=True, kw_only=True):
    """What dsregcmd prints; ``None``: the line is missing."""

    entra: str | None = "YES"
    domain: str | None = "YES"
    tenant_id: str | None = ""
    """Empty: the estate's."""
    mdm_url: str | None = "https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc"
    device_authentication: str | None = "SUCCESS"
    registered: str | None = "NO"
    """Is a work account of the user registered?"""
    text: str | None = None
    """The whole output, in place of one that says the above."""
    by_winrm: bool = False


_IIS_GROUPS = ("BUILTIN\\Administrators", "Everyone", "CM01$", "ConfigMgr IIS Servers", "Domain Computers")


class Hosts(Struct, frozen=True, kw_only=True):
    """Healthy by default: the exported certificates are gone from the site server."""

    site_server: Host = Host(personal=(Stored(role="site-client"),), groups=_IIS_GROUPS)
    management_point: Host = Host(
        personal=(Stored(role="management-point", exportable=True), Stored(role="mp-client")), groups=_IIS_GROUPS
    )
    client: Host = Host(personal=(Stored(role="client"),), groups=None, registry={AUTOENROLMENT_KEY: {"AEPolicy": 7}})
    joined: Joined = Joined()


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what the collector brings."""
    names, hosts = estate.names, estate.hosts
    found = {names.site_server: hosts.site_server, names.management_point: hosts.management_point}
    for host, evidence in {**found, names.client: hosts.client}.items():
        _record(estate, writer, host.lower(), evidence)
    host = f"host/{names.site_server.lower()}"
    rest = {"source": "host", "request": "files with private keys: names and hashes"}
    writer.json(f"{host}/key-files", key_files(estate), **rest)
    joined = hosts.joined
    text = _dsregcmd(estate, joined) if joined.text is None else joined.text
    about = {"collected": "winrm"} if joined.by_winrm else {}
    writer.text(f"host/{names.client.lower()}/dsregcmd", text, source="host", request="dsregcmd /status", about=about)


def _record(estate: Estate, writer: RecordingWriter, host: str, evidence: Host) -> None:
    if evidence.listing is not None:
        writer.text(f"host/{host}/certutil-my", evidence.listing, source="host", request="certutil -store My")
    else:
        stores = _stores(estate, evidence)
        writer.json(f"host/{host}/certificates", {"stores": stores}, source="host", request="certificate stores")
    if evidence.gpresult is not None or evidence.groups is not None:
        text = evidence.gpresult if evidence.gpresult is not None else gpresult(evidence.groups or ())
        writer.text(f"host/{host}/gpresult", text, source="host", request="gpresult")
    if evidence.registry is not None:
        writer.json(f"host/{host}/registry", evidence.registry, source="host", request="registry values")


def key_files(estate: Estate, hashes: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """What lies on the site server; *hashes* of real files, by name, are in place of those of the recording."""
    found = []
    for name, file in certificates.files(estate).items():
        if isinstance(file, Pfx) and file.folder.count("\\") == 1:  # the script looks no deeper
            sha256 = hashes.get(name) or certificates.pfx_about(estate, name, file)["sha256"]
            found.append({"path": f"{file.folder}\\{name}", "size": 4711, "sha256": sha256.upper()})
    return {"drives": ["C:\\", "D:\\"], "files": found, "unread": []}


def _stores(estate: Estate, evidence: Host) -> list[dict[str, Any]]:
    stores = [{"store": "My", "certificates": [_stored(estate, stored) for stored in evidence.personal]}]
    if evidence.roots is not None:
        stores.append({"store": "Root", "certificates": [_public(estate, role) for role in evidence.roots]})
    stores.append({"store": "CA", "certificates": [_public(estate, role) for role in evidence.intermediates]})
    return stores


def _public(estate: Estate, role: str) -> dict[str, Any]:
    return _stored(estate, Stored(role=role, has_key=False, exportable=None))


def _stored(estate: Estate, stored: Stored) -> dict[str, Any]:
    certificate = pki.certificate(estate, stored.role)
    attributes = {
        "thumbprint": stored.thumbprint or pki.thumbprint(estate, stored.role),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "notBefore": certificate.not_valid_before_utc,
        "notAfter": certificate.not_valid_after_utc,
        "friendlyName": stored.friendly_name,
        "hasPrivateKey": stored.has_key,
        "exportable": stored.exportable,
        "provider": SCHANNEL if stored.has_key else None,
        "keySpec": "AT_KEYEXCHANGE" if stored.has_key else None,
    }
    return attributes | ({"pem": pki.pem(estate, stored.role)} if stored.with_pem else {})


class _Evidence:
    """Takes what the estate records of its hosts, by computer and kind."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def json(self, id: str, content: Any, **_: Any) -> None:
        host, what = id.split("/")[1:]
        self.found.setdefault(host, {})[what] = content

    def text(self, id: str, content: str, **rest: Any) -> None:
        self.json(id, content, **rest)


def collections(estate: Estate, hashes: Mapping[str, str] = MappingProxyType({})) -> dict[str, bytes]:
    """What the collect script prints on each of the estate's computers, by name in lower case."""
    evidence = _Evidence()
    record(estate, cast("RecordingWriter", evidence))
    found = evidence.found
    server = found[estate.names.site_server.lower()]
    server["mobileclient"] = f"CertificateIssuers={'|'.join(site.trusted_roots(estate))}"
    server["key-files"] = key_files(estate, hashes)
    return {host: collection(host, parts) for host, parts in found.items()}


def collection(host: str, parts: Mapping[str, Any]) -> bytes:
    """Format 1 of the collect script: one line of ASCII."""
    outputs = {what: text for what, text in parts.items() if isinstance(text, str)}
    document = {
        "collector": 1,
        "host": host,
        "elevated": True,
        "certificates": parts.get("certificates"),
        "registry": parts.get("registry"),
        "keyFiles": parts.get("key-files"),
        "outputs": outputs,
        "logs": {},
        "errors": {},
    }
    return dumps(loads(msgspec.json.encode(document)), separators=(",", ":")).encode("ascii")


def gpresult(groups: tuple[str, ...]) -> str:
    """``gpresult /r`` of an elevated run, with the computer in these groups."""
    heading = "    The computer is a part of the following security groups"
    lines = [
        "",
        "Microsoft (R) Windows (R) Operating System Group Policy Result tool v2.0",
        "© 2018 Microsoft Corporation. All rights reserved.",
        "",
        "Created on 11/24/2026 at 6:55:12 AM",
        "",
        "RSOP data for CONTOSO\\cmadmin on CM01 : Logging Mode",
        "------------------------------------------------------",
        "",
        "OS Configuration:            Member Server",
        "OS Version:                  10.0.17763",
        "",
        "COMPUTER SETTINGS",
        "------------------",
        "    CN=CM01,OU=Servers,DC=corp,DC=contoso,DC=com",
        "    Last time Group Policy was applied: 11/24/2026 at 6:12:40 AM",
        "    Domain Name:                        CONTOSO",
        "",
        "    Applied Group Policy Objects",
        "    -----------------------------",
        "        Default Domain Policy",
        "",
        heading,
        "    " + "-" * (len(heading) - 4),
        *(f"        {group}" for group in groups),
        "        System Mandatory Level",
        "",
        "USER SETTINGS",
        "--------------",
        "    CN=cmadmin,CN=Users,DC=corp,DC=contoso,DC=com",
        "",
        "    The user is a part of the following security groups",
        "    ---------------------------------------------------",
        "        Domain Users",
        "        ConfigMgr Administrators",
        "",
    ]
    return "\r\n".join(lines)


def _dsregcmd(estate: Estate, joined: Joined) -> str:
    tenant_id = joined.tenant_id if joined.tenant_id is None else joined.tenant_id or estate.names.tenant_id
    sections: dict[str, dict[str, str | None]] = {
        "Device State": {
            "AzureAdJoined": joined.entra,
            "EnterpriseJoined": "NO",
            "DomainJoined": joined.domain,
            "DomainName": estate.names.netbios,
        },
        "Device Details": {
            "DeviceId": "00aa00aa-bb11-4c22-8d33-44ee44ee44ee",
            "KeyProvider": "Microsoft Platform Crypto Provider",
            "TpmProtected": "YES",
            "DeviceAuthStatus": joined.device_authentication,
        },
        "Tenant Details": {
            "TenantName": estate.names.company,
            "TenantId": tenant_id,
            "Idp": "login.windows.net",
            "MdmUrl": joined.mdm_url,
        },
        "User State": {"NgcSet": "NO", "WorkplaceJoined": joined.registered},
    }
    lines = []
    for title, values in sections.items():
        rule = "+" + "-" * 70 + "+"
        lines += [rule, f"| {title:<68} |", rule, ""]
        lines += [f"{key:>26} : {value}" for key, value in values.items() if value is not None]
        lines.append("")
    return "\r\n".join(lines)
