"""The cloud distribution point: what can be wrong with it, or with content on the internet, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso, contoso_2018

CDP = "CDP testintunecdp.cloudapp.net"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="distribution-point-missing",
        story="The cloud distribution point that the design wants does not exist at the site.",
        estate=lambda: contoso_2018(site__distribution_point=None),
        fails={"CDP010": CDP},
        blocked=("CDP030", "CDP040", "CDP050", "CDP060", "CDP070", "CDP080", "CDP090", "CDP100"),
    ),
    Defect(
        name="distribution-point-hidden-by-rights",
        story="The site lists no cloud distribution point to an account that may not see everything.",
        estate=lambda: contoso_2018(site__distribution_point=None, site__full_access=False),
        unassessed=THIN_RIGHTS
        | dict.fromkeys(
            ("CDP010", "CDP030", "CDP040", "CDP050", "CDP060", "CDP070", "CDP080", "CDP090", "CDP100"),
            "site/SMS_AzureService",
        ),
    ),
    Defect(
        name="distribution-point-state-stopped",
        story="The cloud distribution point is stopped.",
        estate=lambda: contoso_2018(site__distribution_point__state=6),
        fails={"CDP030": CDP},
    ),
    Defect(
        name="distribution-point-in-another-subscription",
        story="The cloud distribution point runs in another subscription than the design's.",
        estate=lambda: contoso_2018(site__distribution_point__subscription_id="00000000-0000-4000-8000-000000000099"),
        fails={"CDP060": CDP},
    ),
    Defect(
        name="distribution-point-in-another-region",
        story="The cloud distribution point runs in North Europe, and the design says West Europe.",
        estate=lambda: contoso_2018(site__distribution_point__region="North Europe"),
        fails={"CDP080": CDP},
    ),
    Defect(
        name="distribution-point-with-another-certificate",
        story="The cloud distribution point has another certificate than that of the declared file.",
        estate=lambda: contoso_2018(site__distribution_point__thumbprint="AB" * 20),
        fails={"CDP090": CDP},
    ),
    Defect(
        name="distribution-point-with-another-service-name",
        story="The service name of the cloud distribution point is cdp2.contoso.com, and not the declared one.",
        estate=lambda: contoso_2018(site__distribution_point__service_name="cdp2.contoso.com"),
        fails={"CDP100": "CDP cdp2.contoso.com"},
    ),
    Defect(
        name="distribution-point-in-the-government-cloud",
        story="The cloud distribution point is in Azure's cloud for the US government.",
        estate=lambda: contoso_2018(site__distribution_point__deployment_name="testintunecdp.usgovcloudapp.net"),
        fails={"CDP040": CDP, "CDP100": CDP},
    ),
    Defect(
        name="distribution-point-with-another-management-certificate",
        story="The classic services are managed with another certificate than the declared one.",
        estate=lambda: contoso_2018(site__management_thumbprint="AB" * 20),
        fails={"CDP070": CDP, "CMG140": "CMG testintunecmg.cloudapp.net"},
    ),
    Defect(
        name="distribution-point-management-certificate-unsaid",
        story="The site does not say with which certificate the classic services are managed.",
        estate=lambda: contoso_2018(site__management_thumbprint=None),
        unassessed={"CDP070": CDP, "CMG140": "CMG testintunecmg.cloudapp.net"},
    ),
    Defect(
        name="distribution-point-retired-one-left",
        story="A separate cloud distribution point is left at a site of today.",
        estate=lambda: contoso(site__old_distribution_point=True),
        fails={"CDP020": "CDP cdp.contoso.com"},
    ),
    Defect(
        name="distribution-point-on-a-scale-set",
        story="The cloud distribution point has the deployment name of a scale set, which the tutorial does not make.",
        estate=lambda: contoso_2018(
            site__distribution_point__deployment_name="testintunecdp.westeurope.cloudapp.azure.com"
        ),
        fails={"CDP040": CDP, "CDP050": CDP, "CDP100": CDP},
        unassessed={"CDP070": CDP},
    ),
    Defect(
        name="distribution-point-cmg-serves-no-content",
        story="Devices that are joined to Entra ID only need content, and the CMG serves none.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True, design__gateway__serves_content="off"),
        fails={"CDP110": "CMG cmg.contoso.com"},
    ),
    Defect(
        name="distribution-point-neither-cmg-nor-cdp",
        story="Devices that are joined to Entra ID only need content, and there is neither a CMG nor a CDP.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True, site__gateway=None),
        fails={"CDP110": "content on the internet", "CMG010": "CMG cmg.contoso.com"},
        blocked=(
            "BOO060",
            "CMG020",
            "CMG030",
            "CMG040",
            "CMG050",
            "CMG060",
            "CMG070",
            "CMG080",
            "CMG090",
            "CMG100",
            "CMG110",
            "CMG120",
            "DNS080",
            "LOG040",
            "MPT070",
            "MPT080",
            "TLS020",
        ),
    ),
    Defect(
        name="distribution-point-cmg-content-undeclared",
        story="Devices that are joined to Entra ID only need content, and nothing says whether the CMG serves it.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True),
        unassessed={"CDP110": "CMG cmg.contoso.com"},
    ),
    Defect(
        name="distribution-point-refused-cloud-services",
        story="The site refuses to list its cloud services.",
        estate=lambda: contoso_2018().refusing("site/SMS_AzureService"),
        unread=(
            "LOG080",
            "CDP010",
            "CDP020",
            "CDP030",
            "CDP040",
            "CDP050",
            "CDP060",
            "CDP070",
            "CDP080",
            "CDP090",
            "CDP100",
            "CMG010",
            "CMG020",
            "CMG030",
            "CMG040",
            "CMG050",
            "CMG060",
            "CMG070",
            "CMG080",
            "CMG090",
            "CMG100",
            "CMG110",
            "CMG120",
            "CMG140",
            "TLS020",
        ),
    ),
)
