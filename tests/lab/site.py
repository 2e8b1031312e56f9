"""Contoso's Configuration Manager site, as its AdminService shows it: sites, roles, components, administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from comgmt_audit.recording import RecordingWriter
from tests.lab import pki, site_clients, site_cloud
from tests.lab.site_clients import Device, Settings
from tests.lab.site_cloud import Service

if TYPE_CHECKING:
    from tests.lab.estate import Estate

Number = int | str | None
"""A column that real sites fill with a number, or the same as text."""


class Site(Struct, frozen=True, kw_only=True):
    """Healthy by default: one primary site with one HTTPS management point, which is the connection point as well."""

    full_access: bool = True
    """The recorder's account sees every row."""
    version: str = "5.00.9141.1000"
    listed: bool = True
    type: Number = 2
    parent: str = ""
    """The code of the central administration site above it, which is then listed as well."""
    security_mask: Number = 480
    """``IISSSLState``: HTTPS or HTTP, clients use PKI certificates and check the CRL."""
    administrators: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("CONTOSO\\cmadmin", ("Full Administrator",), ("All",)),
        ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),
    )
    """Account, roles, security scopes."""
    trusts_root: bool = True
    management_points: int = 1
    mp_ssl_state: Number = 1
    mp_allows_gateway: Number = 1
    mp_internet: Number = "1"
    mp_intranet: Number = "1"
    intranet_mp: bool = False
    """A second management point, HTTP and for the intranet only."""
    connection_point: str | None = ""
    """Its server; empty: that of the management point; ``None``: there is none."""
    proxy_state: Number = 1
    proxy_status: Number = 0
    discovery_state: Number = 1
    discovery_status: Number = 0
    discovery_starts: Number = 0
    """``Type`` of the component: 0 autostart, 1 scheduled, 2 manual."""
    gateway: Service | None = Service()
    distribution_point: Service | None = Service(instances=1)
    """Recorded only where the estate's names have a cloud distribution point, or where ``old_distribution_point``."""
    old_distribution_point: bool = False
    tenant_ids: tuple[str, ...] = ("",)
    """Onboarded tenants; empty: Contoso's own."""
    server_app: bool = True
    client_app: bool = True
    app_uris: bool = True
    """The site keeps the App ID URI of the server app."""
    management_thumbprint: str | None = ""
    """At classic services; empty: that of the management certificate; ``None``: the site does not say."""
    azure_services: tuple[Number, ...] = (1, 5)
    """Their ``ServiceType``; 1 is a placeholder, for the number of Cloud Management is not documented."""
    settings: tuple[Settings, ...] = (Settings(),)
    default_settings: dict[str, Any] | None = None
    pilot_members: Number = 2
    co_management: bool = True
    enrolment: str = "pilot"
    enrolment_deployed: bool = True
    workload_flags: Number = 1
    pilot_workloads: tuple[str, ...] = ("CP",)
    """Suffixes of the pilot policies that are assigned."""
    pilot_workloads_deployed: bool = True
    policy_xml: str | None = ""
    """Empty: as the site makes it; ``None``: the lazy column was not read."""
    intune_policies: dict[str, int | None] = field(default_factory=lambda: dict(site_clients.INTUNE_POLICIES))
    devices: tuple[Device, ...] = (Device(), Device(number=1, name="PC002", user="bob"))
    members_recorded: bool = True
    others: tuple[Device, ...] = ()
    """Devices outside the pilot that have a primary user."""
    undiscovered: tuple[str, ...] = ()
    """Users that the site has not discovered in the directory."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what the AdminService answers."""
    site, names = estate.site, estate.names
    lines = Lines(estate, writer)
    lines.write("SMS_Site", _sites(estate) if site.listed else [])
    lines.write("SMS_SCI_SysResUse", _roles(estate))
    lines.write(
        "SMS_SCI_Component", [_component(estate)], query="$filter=ComponentName eq 'SMS_SITE_COMPONENT_MANAGER'"
    )
    lines.write("SMS_Admin", [_administrator(*user) for user in site.administrators])
    lines.write("SMS_ComponentSummarizer", _states(estate), query="$filter=TallyInterval eq '0001128000100008'")
    writer.lines(
        "site/trusted-root-list",
        [{"Subject": subject, "Thumbprint": ""} for subject in trusted_roots(estate)],
        source="host",
        request=f"CertificateIssuers in mobileclient.tcf on {names.site_server.lower()}",
    )
    site_cloud.record(estate, lines)
    site_clients.record(estate, lines)


def trusted_roots(estate: Estate) -> tuple[str, ...]:
    """The subjects of the roots that the site trusts, as ``CertificateIssuers`` writes them."""
    roles = ("root",) if estate.site.trusts_root else ()
    return tuple(pki.certificate(estate, role).subject.rfc4514_string().replace(",", "; ") for role in roles)


class Lines:
    """Writes a class of the AdminService as the recorder does: the rows, the request, and what the account may see."""

    def __init__(self, estate: Estate, writer: RecordingWriter) -> None:
        self.writer = writer
        self._server = estate.names.site_server
        self._about = {"full_access": estate.site.full_access}

    def write(self, name: str, rows: list[dict[str, Any]], query: str = "") -> None:
        """One observation ``site/<class>``, without what OData adds to a row: the recorder does not keep it."""
        self.writer.lines(
            f"site/{name}",
            rows,
            source="site",
            request=f"GET https://{self._server}/AdminService/wmi/{name}{'?' + query if query else ''}",
            about=self._about,
        )


def _sites(estate: Estate) -> list[dict[str, Any]]:
    own = _site(estate)
    if not estate.site.parent:
        return [own]
    above = {
        "SiteCode": estate.site.parent,
        "ServerName": "CAS01.corp.contoso.com",
        "SiteName": "Contoso CAS",
        "Type": 4,
    }
    return [own, own | above | {"ReportingSiteCode": ""}]


def _site(estate: Estate) -> dict[str, Any]:
    site, names = estate.site, estate.names
    return {
        "BuildNumber": int(site.version.split(".")[2]),
        "InstallDir": "D:\\ConfigMgr",
        "Mode": 0,
        "ReportingSiteCode": site.parent,
        "RequestedStatus": 110,
        "ServerName": names.site_server,
        "SiteCode": names.site_code,
        "SiteName": "Contoso Primary",
        "Status": 1,
        "Type": site.type,
        "Version": site.version,
    }


def _property(name: str, value: Number) -> dict[str, Any]:
    return {"ItemType": "", "PropertyName": name, "Value": value, "Value1": "", "Value2": ""}


def _role(estate: Estate, role: str, server: str, ssl_state: Number, props: dict[str, Number]) -> dict[str, Any]:
    path = f'["Display=\\\\{server}\\"]MSWNET:["SMS_SITE={estate.names.site_code}"]\\\\{server}\\'
    return {
        "FileType": 2,
        "ItemName": f"{path},{role}",
        "ItemType": "System Resource Usage",
        "NALPath": path,
        "NetworkOSPath": f"\\\\{server}",
        "PropLists": [],
        "Props": [_property(name, value) for name, value in props.items()],
        "RoleCount": 1,
        "RoleName": role,
        "SiteCode": estate.names.site_code,
        "SslState": ssl_state,
        "Type": 2,
    }


def _roles(estate: Estate) -> list[dict[str, Any]]:
    site, names = estate.site, estate.names
    flags = {
        "AllowProxyTraffic": site.mp_allows_gateway,
        "MPInternetFacing": site.mp_internet,
        "MPIntranetFacing": site.mp_intranet,
        "UseSiteDatabase": 1,
    }
    intranet: dict[str, Number] = {"AllowProxyTraffic": 0, "MPInternetFacing": 0, "MPIntranetFacing": 1}
    roles = [_role(estate, "SMS Site Server", names.site_server, 2, {})]
    if site.management_points:
        roles.append(_role(estate, "SMS Management Point", names.management_point, site.mp_ssl_state, flags))
    if site.intranet_mp:
        roles.append(_role(estate, "SMS Management Point", f"MP02.{names.ad_domain}", 0, intranet))
    if site.connection_point is not None:
        server = site.connection_point or names.management_point
        roles.append(_role(estate, "SMS Cloud Proxy Connector", server, 2, {}))
    return roles


def _component(estate: Estate) -> dict[str, Any]:
    return {
        "ComponentName": "SMS_SITE_COMPONENT_MANAGER",
        "FileType": 2,
        "Flag": 6,
        "ItemName": "SMS_SITE_COMPONENT_MANAGER|SMS Site Server",
        "ItemType": "Component",
        "Name": "SMS Site Server",
        "SiteCode": estate.names.site_code,
        "PropLists": [],
        "Props": [
            _property("IISSSLState", estate.site.security_mask),
            _property("Certificate Store", 0),
            _property("Select First Certificate", 1),
        ],
    }


def _administrator(name: str, roles: tuple[str, ...], scopes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "AccountType": 0,
        "CategoryNames": scopes,
        "CollectionNames": ["All Systems", "All Users and User Groups"],
        "IsGroup": False,
        "LogonName": name,
        "RoleNames": roles,
    }


def _states(estate: Estate) -> list[dict[str, Any]]:
    site, names = estate.site, estate.names
    connection_point = site.connection_point or names.management_point
    components = [
        (
            "SMS_AZUREAD_DISCOVERY_AGENT",
            names.site_server,
            site.discovery_state,
            site.discovery_status,
            site.discovery_starts,
        ),
        ("SMS_CLOUD_PROXYCONNECTOR", connection_point, site.proxy_state, site.proxy_status, 0),
        ("SMS_CLOUD_SERVICES_MANAGER", names.site_server, 1, 0, 0),
    ]
    return [
        {
            "ComponentName": component,
            "Errors": 0,
            "Infos": 12,
            "LastContacted": "2026-11-24T05:55:00Z",
            "MachineName": server,
            "SiteCode": names.site_code,
            "State": state,
            "Status": status,
            "TallyInterval": "0001128000100008",
            "Type": starts,
            "Warnings": 0,
        }
        for component, server, state, status, starts in components
    ]
