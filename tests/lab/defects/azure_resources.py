"""Resources in Azure: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.azure_resources import ADDRESS, CLASSIC, KEY_VAULT, READER, SCALE_SET, STORAGE, Resource, Resources
from tests.lab.defects.defect import Defect
from tests.lab.estate import Estate, contoso

_WHOLE = Resources()
_LISTED = ("AZR020", "AZR030", "AZR040", "AZR050", "AZR060", "AZR070", "AZR080")
_PART = "/subscriptions/3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11/resourceGroups/rg-other"
_READS_SECRETS = "21090545-7ca7-4776-b22c-e363652d74d2"
"""Key Vault Reader: a role that reads key vaults only."""


def _having(type: str, **changes: str) -> Estate:
    return contoso(azure__resources__listed=_WHOLE.having(type, **changes))


def _named(*labels: str) -> frozenset[str]:
    return frozenset(labels)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="azure-resources-the-cmg-was-created-in-another-subscription",
        story="The CMG was created in another subscription than comgmt.toml declares: its name leads elsewhere.",
        estate=lambda: contoso(azure__resources__listed=(), azure__resources__addresses=()),
        outcomes={
            **dict.fromkeys(("AZR030", "AZR040", "AZR050", "AZR060", "AZR070"), "blocked"),
            "AZR020": "fail",
        },
        subjects={"AZR020": _named("name contosocmg.westeurope.cloudapp.azure.com")},
    ),
    Defect(
        name="azure-resources-somebody-deleted-the-public-address",
        story="Somebody tidied up in the Azure portal and deleted the CMG's public address.",
        estate=lambda: contoso(azure__resources__addresses=()),
        outcomes={
            **dict.fromkeys(("AZR030", "AZR040", "AZR050", "AZR060", "AZR070"), "blocked"),
            "AZR020": "fail",
        },
        subjects={"AZR020": _named("name contosocmg.westeurope.cloudapp.azure.com")},
    ),
    Defect(
        name="azure-resources-somebody-deleted-the-key-vault",
        story="Somebody deleted the CMG's key vault in the Azure portal.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.without(KEY_VAULT)),
        outcomes={"AZR030": "fail", "AZR070": "blocked"},
        subjects={"AZR030": _named("key vault contosocmg")},
    ),
    Defect(
        name="azure-resources-somebody-deleted-the-scale-set",
        story="Somebody deleted the CMG's scale set in the Azure portal.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.without(SCALE_SET)),
        outcomes={"AZR030": "fail", "AZR070": "blocked"},
        subjects={"AZR030": _named("scale set contosocmg")},
    ),
    Defect(
        name="azure-resources-a-cmg-that-serves-content-lost-its-storage-account",
        story="The CMG is declared to serve content, and its storage account is gone.",
        estate=lambda: contoso(design__gateway__serves_content="on", azure__resources__listed=_WHOLE.without(STORAGE)),
        outcomes={"AZR030": "fail", "AZR070": "blocked"},
        subjects={"AZR030": _named("storage account contosocmg")},
    ),
    Defect(
        name="azure-resources-the-scale-set-failed",
        story="Azure could not finish the scale set: the quota of the region was used up.",
        estate=lambda: _having(SCALE_SET, state="Failed"),
        outcomes={"AZR040": "fail"},
        subjects={"AZR040": _named("scale set contosocmg")},
    ),
    Defect(
        name="azure-resources-the-address-was-cancelled",
        story="The creation of the public address was cancelled.",
        estate=lambda: contoso(azure__resources__addresses=(Resource(type=ADDRESS, state="Canceled"),)),
        outcomes={"AZR040": "fail"},
        subjects={"AZR040": _named("public address contosocmg-ip")},
    ),
    Defect(
        name="azure-resources-a-resource-is-still-in-work",
        story="The scan came while Azure was still updating the scale set.",
        estate=lambda: _having(SCALE_SET, state="Updating"),
        outcomes={"AZR040": "not assessed"},
    ),
    Defect(
        name="azure-resources-the-key-vault-is-in-another-region",
        story="The key vault was restored by hand, in another region.",
        estate=lambda: _having(KEY_VAULT, location="northeurope"),
        outcomes={"AZR050": "fail"},
        subjects={"AZR050": _named("key vault contosocmg")},
    ),
    Defect(
        name="azure-resources-the-storage-account-was-moved-to-another-group",
        story="Somebody moved the CMG's storage account to another resource group.",
        estate=lambda: _having(STORAGE, group="rg-archive"),
        outcomes={"AZR060": "fail"},
        subjects={"AZR060": _named("storage account contosocmg")},
    ),
    Defect(
        name="azure-resources-the-cmg-runs-on-machines-for-laboratories",
        story="The CMG of the proof of concept went into production with its B2s machines.",
        estate=lambda: _having(SCALE_SET, size="Standard_B2s"),
        outcomes={"AZR070": "fail"},
        subjects={"AZR070": _named("scale set contosocmg")},
    ),
    Defect(
        name="azure-resources-an-old-cloud-service-was-left-behind",
        story="After the move to a scale set, the old classic cloud service was left behind.",
        estate=lambda: contoso(
            azure__resources__listed=(*_WHOLE.listed, Resource(type=CLASSIC, name="oldcmg", group="rg-old"))
        ),
        outcomes={"AZR080": "fail"},
        subjects={"AZR080": _named("cloud service (classic) oldcmg")},
    ),
    Defect(
        name="azure-resources-a-role-on-one-resource-group-proves-nothing-absent",
        story="The scanner got Reader on another resource group only, so that Azure shows it nothing of the CMG.",
        estate=lambda: contoso(
            azure__resources=Resources(listed=(), addresses=(), roles=((READER, _PART),)),
        ),
        outcomes=dict.fromkeys(_LISTED, "not assessed"),
    ),
    Defect(
        name="azure-resources-a-role-that-reads-key-vaults-proves-nothing-absent",
        story="The scanner's only role reads key vaults: what it is not shown may well be there.",
        estate=lambda: contoso(
            azure__resources=Resources(listed=(), addresses=(), roles=((_READS_SECRETS, ""),)),
        ),
        outcomes=dict.fromkeys(_LISTED, "not assessed"),
    ),
    Defect(
        name="azure-resources-roles-that-cannot-be-read-prove-nothing-absent",
        story="Which roles the scanner has cannot be read, and no old cloud service is listed.",
        estate=lambda: contoso().refusing("arm/role-assignments"),
        outcomes={"AZR080": "not assessed"},
    ),
    Defect(
        name="azure-resources-without-the-list-nothing-is-said",
        story="Azure refuses the list of resources.",
        estate=lambda: contoso().refusing("arm/resources"),
        outcomes=dict.fromkeys(_LISTED[1:], "not assessed"),
    ),
    Defect(
        name="azure-resources-what-azure-left-out-is-not-assessed",
        story="Azure lists the scale set without its region and state.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.having(SCALE_SET, location=None, state=None, size="")),
        outcomes={"AZR040": "not assessed", "AZR050": "not assessed", "AZR070": "not assessed"},
    ),
)
