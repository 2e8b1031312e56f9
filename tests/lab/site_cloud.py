"""What Contoso's site says of the cloud: its services in Azure, its tenant, its applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tests.lab import pki

if TYPE_CHECKING:
    from tests.lab.estate import Estate
    from tests.lab.site import Lines

_COLUMNS = (
    "$select=AzureServiceID,ServiceType,SiteCode,Name,Fqdn,ServiceCName,Region,AffinityGroup,NumberOfInstances,State,"
    "StatusDetails,ServiceThumbprint,ManagementThumbprint,SubscriptionID"
)
"""The columns without key material."""


class Service(Struct, frozen=True, kw_only=True):
    """A CMG or CDP; what is empty comes from the estate's names."""

    state: int | str | None = 0
    instances: int | str | None = 2
    site_code: str = ""
    deployment_name: str = ""
    service_name: str = ""
    region: str = ""
    subscription_id: str = ""
    thumbprint: str = ""


def record(estate: Estate, lines: Lines) -> None:
    """Write the Azure services, tenants and applications of the site."""
    site, names = estate.site, estate.names
    services = []
    if site.gateway is not None:
        identity = ("CloudProxyService", names.gateway_service, names.gateway_deployment, "gateway")
        services.append(_service(estate, site.gateway, *identity))
    if site.distribution_point is not None and (names.distribution_service or site.old_distribution_point):
        service = names.distribution_service or "cdp.contoso.com"
        deployment = names.distribution_deployment or "contosocdp.cloudapp.net"
        identity = ("CloudDistributionPoint", service, deployment, "distribution-point")
        services.append(_service(estate, site.distribution_point, *identity))
    lines.write("SMS_AzureService", services, query=_COLUMNS)
    tenants = [
        {"ID": number, "Name": names.company, "TenantID": tenant or names.tenant_id}
        for number, tenant in enumerate(site.tenant_ids, 1)
    ]
    lines.write("SMS_AAD_Tenant_Ex", tenants)
    lines.write(
        "SMS_AAD_Application_Ex", _apps(estate), query="$select=ID,ClientID,Name,TenantID,IdentifierUri,LastUpdateTime"
    )
    azure_services = [
        {"ID": number, "Name": f"Contoso service {number}", "ServiceType": type, "AssociatedAADWebApplications": "3"}
        for number, type in enumerate(site.azure_services, 1)
    ]
    lines.write("SMS_Azure_CloudService", azure_services)


def _service(
    estate: Estate, service: Service, type: str, service_name: str, deployment: str, role: str
) -> dict[str, Any]:
    names = estate.names
    deployment = service.deployment_name or deployment
    management = estate.site.management_thumbprint
    management = pki.thumbprint(estate, "management") if management == "" else management
    return {
        "AffinityGroup": names.resource_group,
        "AzureServiceID": 16777217 if role == "gateway" else 16777218,
        "Fqdn": deployment,
        "ManagementThumbprint": management if deployment.endswith("cloudapp.net") else "",
        "Name": deployment.partition(".")[0],
        "NumberOfInstances": service.instances,
        "Region": service.region or names.region,
        "ServiceCName": service.service_name or service_name,
        "ServiceThumbprint": service.thumbprint or pki.thumbprint(estate, role),
        "ServiceType": type,
        "SiteCode": service.site_code or names.site_code,
        "State": service.state,
        "StatusDetails": 1,
        "SubscriptionID": service.subscription_id or names.subscription_id,
    }


def _apps(estate: Estate) -> list[dict[str, Any]]:
    site, names = estate.site, estate.names
    apps = []
    if site.server_app:
        apps.append(
            {
                "ClientID": names.server_app_id,
                "ID": 3,
                "IdentifierUri": names.app_id_uri if site.app_uris else "",
                "LastUpdateTime": "2026-10-01T08:00:00Z",
                "Name": "ConfigMgr Server App",
                "TenantID": 1,
            }
        )
    if site.client_app:
        apps.append(
            {
                "ClientID": names.client_app_id,
                "ID": 4,
                "IdentifierUri": "",
                "LastUpdateTime": "2026-10-01T08:00:00Z",
                "Name": "ConfigMgr Client App",
                "TenantID": 1,
            }
        )
    return apps
