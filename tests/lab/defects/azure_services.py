"""Azure services: what can be wrong with the site's onboarding to the tenant, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="azure-services-none-configured",
        story="No Azure service is configured at the site.",
        estate=lambda: contoso(site__azure_services=()),
        fails={"AZS010": "Cloud Management"},
        blocked=("AZS050", "LOG010", "LOG020"),
    ),
    Defect(
        name="azure-services-cloud-attach-only",
        story="The site is attached by Cloud Attach, and whether that includes Cloud Management is not said.",
        estate=lambda: contoso(site__azure_services=(5,)),
        unassessed={"AZS010": "Cloud Management"},
    ),
    Defect(
        name="azure-services-another-tenant-onboarded",
        story="The site is onboarded to another tenant than the design's.",
        estate=lambda: contoso(site__tenant_ids=("00000000-0000-4000-8000-000000000099",)),
        fails={"AZS020": "tenant 72f988bf-0000-4000-8000-2d7cd011db00", "COM020": "co-management"},
        unassessed={"APP110": ()},
        blocked=("AZS030", "AZS040"),
    ),
    Defect(
        name="azure-services-tenant-hidden-by-rights",
        story="The site lists no tenant to an account that may not see everything.",
        estate=lambda: contoso(site__tenant_ids=(), site__full_access=False),
        unassessed=THIN_RIGHTS
        | dict.fromkeys(("AZS020", "AZS030", "AZS040", "COM020", "APP110", "APP120"), "site/SMS_AAD_Tenant_Ex"),
    ),
    Defect(
        name="azure-services-second-tenant-onboarded",
        story="The site is onboarded to a second tenant as well.",
        estate=lambda: contoso(site__tenant_ids=("", "00000000-0000-4000-8000-000000000099")),
        fails={"AZS030": "onboarded tenants"},
    ),
    Defect(
        name="azure-services-server-app-missing",
        story="The site has a client app and no server app for the tenant.",
        estate=lambda: contoso(site__server_app=False),
        fails={"AZS040": "server app and client app", "APP120": "server app 7078946d-fc1c-43b7-8dee-dd6e6b00d783"},
    ),
    Defect(
        name="azure-services-apps-without-app-id-uri",
        story="The site says of its apps no App ID URI, by which server app and client app are told apart.",
        estate=lambda: contoso(site__app_uris=False),
        unassessed={"AZS040": "server app and client app"},
    ),
    Defect(
        name="azure-services-discovery-not-running",
        story="The component that discovers Entra ID users is stopped, though it starts automatically.",
        estate=lambda: contoso(site__discovery_state=0, site__discovery_status=0),
        fails={"AZS050": "SMS_AZUREAD_DISCOVERY_AGENT on CM01.corp.contoso.com"},
    ),
    Defect(
        name="azure-services-discovery-idle-between-runs",
        story="The component that discovers Entra ID users is stopped, as a scheduled one is between two runs.",
        estate=lambda: contoso(site__discovery_state=0, site__discovery_starts=1),
        unassessed={"AZS050": "SMS_AZUREAD_DISCOVERY_AGENT on CM01.corp.contoso.com"},
    ),
    Defect(
        name="azure-services-refused-services",
        story="The site refuses to list its Azure services.",
        estate=lambda: contoso().refusing("site/SMS_Azure_CloudService"),
        unread=("AZS010",),
    ),
    Defect(
        name="azure-services-refused-tenants",
        story="The site refuses to list the tenants that it is onboarded to.",
        estate=lambda: contoso().refusing("site/SMS_AAD_Tenant_Ex"),
        unread=("AZS020", "AZS030", "AZS040", "COM020", "APP110", "APP120"),
    ),
    Defect(
        name="azure-services-refused-apps",
        story="The site refuses to list its Entra applications.",
        estate=lambda: contoso().refusing("site/SMS_AAD_Application_Ex"),
        unread=("AZS040", "APP110", "APP120"),
    ),
    Defect(
        name="azure-services-declared-client-app-unknown",
        story="The client app that the design names is known neither to the site nor to the tenant.",
        estate=lambda: contoso(
            design__apps={
                "server_app_id": contoso().names.server_app_id,
                "client_app_id": "00000000-0000-4000-8000-000000000099",
            }
        ),
        fails={
            "AZS040": "client app 00000000-0000-4000-8000-000000000099",
            "APP020": "client app 00000000-0000-4000-8000-000000000099",
            "APP120": "client app 00000000-0000-4000-8000-000000000099",
        },
        blocked=("APP060", "APP070", "APP080", "APP090"),
    ),
)
