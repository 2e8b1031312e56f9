"""Azure services: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="azure-services-no-azure-service-fails",
        story="No azure service fails.",
        estate=lambda: contoso(site__azure_services=()),
        outcomes={"AZS010": "fail", "AZS050": "blocked"},
        subjects={"AZS010": frozenset(["Cloud Management"])},
    ),
    Defect(
        name="azure-services-cloud-attach-alone-is-not-assessed",
        story="Cloud attach alone is not assessed.",
        estate=lambda: contoso(site__azure_services=(5,)),
        outcomes={"AZS010": "not assessed"},
        subjects={},
    ),
    Defect(
        name="azure-services-another-tenant-fails-and-blocks-its-apps",
        story="Another tenant fails and blocks its apps.",
        estate=lambda: contoso(site__tenant_ids=("00000000-0000-4000-8000-000000000099",)),
        outcomes={
            "AZS020": "fail",
            "AZS030": "blocked",
            "AZS040": "blocked",
            "COM020": "fail",
            "APP110": "not assessed",
        },
        subjects={
            "AZS020": frozenset(["tenant 72f988bf-0000-4000-8000-2d7cd011db00"]),
            "COM020": frozenset(["co-management"]),
        },
    ),
    Defect(
        name="azure-services-no-tenant-that-thin-rights-hide-is-not-assessed",
        story="No tenant that thin rights hide is not assessed.",
        estate=lambda: contoso(site__tenant_ids=(), site__full_access=False),
        outcomes={
            "AZS020": "not assessed",
            "AZS030": "not assessed",
            "AZS040": "not assessed",
            "COM020": "not assessed",
            "COM050": "not assessed",
            "COM060": "not assessed",
            "COM070": "not assessed",
            "CDP020": "not assessed",
            "APP110": "not assessed",
            "APP120": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="azure-services-a-second-tenant-fails",
        story="A second tenant fails.",
        estate=lambda: contoso(site__tenant_ids=("", "00000000-0000-4000-8000-000000000099")),
        outcomes={"AZS030": "fail"},
        subjects={"AZS030": frozenset(["onboarded tenants"])},
    ),
    Defect(
        name="azure-services-a-missing-app-fails",
        story="A missing app fails.",
        estate=lambda: contoso(site__server_app=False),
        outcomes={"AZS040": "fail", "APP120": "fail"},
        subjects={
            "AZS040": frozenset(["server app and client app"]),
            "APP120": frozenset(["server app 7078946d-fc1c-43b7-8dee-dd6e6b00d783"]),
        },
    ),
    Defect(
        name="azure-services-apps-that-cannot-be-told-apart-are-not-assessed",
        story="Apps that cannot be told apart are not assessed.",
        estate=lambda: contoso(site__app_uris=False),
        outcomes={"AZS040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="azure-services-a-discovery-that-does-not-run-fails",
        story="A discovery that does not run fails.",
        estate=lambda: contoso(site__discovery_state=0, site__discovery_status=0),
        outcomes={"AZS050": "fail"},
        subjects={"AZS050": frozenset(["SMS_AZUREAD_DISCOVERY_AGENT on CM01.corp.contoso.com"])},
    ),
    Defect(
        name="azure-services-a-scheduled-discovery-that-is-stopped-is-not-assessed",
        story="A scheduled discovery that is stopped is not assessed.",
        estate=lambda: contoso(site__discovery_state=0, site__discovery_starts=1),
        outcomes={"AZS050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="azure-services-refused-requests-are-not-assessed",
        story="Refused requests are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_Azure_CloudService"),
        outcomes={"AZS010": "not assessed"},
        subjects={},
    ),
    Defect(
        name="azure-services-refused-requests-are-not-assessed-2",
        story="Refused requests are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_AAD_Tenant_Ex"),
        outcomes={
            "AZS020": "not assessed",
            "AZS030": "not assessed",
            "AZS040": "not assessed",
            "COM020": "not assessed",
            "APP110": "not assessed",
            "APP120": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="azure-services-refused-requests-are-not-assessed-3",
        story="Refused requests are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_AAD_Application_Ex"),
        outcomes={"AZS040": "not assessed", "APP110": "not assessed", "APP120": "not assessed"},
        subjects={},
    ),
    Defect(
        name="azure-services-a-declared-app-that-the-site-does-not-know-fails",
        story="A declared app that the site does not know fails.",
        estate=lambda: contoso(
            design__apps={
                "server_app_id": contoso().names.server_app_id,
                "client_app_id": "00000000-0000-4000-8000-000000000099",
            }
        ),
        outcomes={
            "AZS040": "fail",
            "APP020": "fail",
            "APP060": "blocked",
            "APP070": "blocked",
            "APP080": "blocked",
            "APP090": "blocked",
            "APP120": "fail",
        },
        subjects={
            "AZS040": frozenset(["client app 00000000-0000-4000-8000-000000000099"]),
            "APP020": frozenset(["client app 00000000-0000-4000-8000-000000000099"]),
            "APP120": frozenset(["client app 00000000-0000-4000-8000-000000000099"]),
        },
    ),
)
