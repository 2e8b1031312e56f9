"""Resources in Azure: what can be wrong with those of the CMG, and what it changes."""

from __future__ import annotations

from tests.lab.azure_resources import ADDRESS, CLASSIC, KEY_VAULT, READER, SCALE_SET, STORAGE, Resource, Resources
from tests.lab.defects.defect import Defect
from tests.lab.estate import Estate, contoso

_WHOLE = Resources()
_PART = "/subscriptions/3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11/resourceGroups/rg-other"
_READS_SECRETS = "21090545-7ca7-4776-b22c-e363652d74d2"
"""Key Vault Reader: a role that reads key vaults only."""


def _having(type: str, **changes: str) -> Estate:
    return contoso(azure__resources__listed=_WHOLE.having(type, **changes))


NAME = "name contosocmg.westeurope.cloudapp.azure.com"
KEY_VAULT_IS = "key vault contosocmg"
SCALE_SET_IS = "scale set contosocmg"
STORAGE_IS = "storage account contosocmg"
SEEN = ("key vault contosocmg", "scale set contosocmg")

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="azure-resources-cmg-in-another-subscription",
        story="The CMG was created in another subscription than comgmt.toml declares: its name leads elsewhere.",
        estate=lambda: contoso(azure__resources__listed=(), azure__resources__addresses=()),
        fails={"AZR020": NAME},
        blocked=("AZR030", "AZR040", "AZR050", "AZR060", "AZR070"),
    ),
    Defect(
        name="azure-resources-public-address-deleted",
        story="Somebody tidied up in the Azure portal and deleted the CMG's public address.",
        estate=lambda: contoso(azure__resources__addresses=()),
        fails={"AZR020": NAME},
        blocked=("AZR030", "AZR040", "AZR050", "AZR060", "AZR070"),
    ),
    Defect(
        name="azure-resources-key-vault-deleted",
        story="Somebody deleted the CMG's key vault in the Azure portal.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.without(KEY_VAULT)),
        fails={"AZR030": KEY_VAULT_IS},
        blocked=("AZR070",),
    ),
    Defect(
        name="azure-resources-scale-set-deleted",
        story="Somebody deleted the CMG's scale set in the Azure portal.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.without(SCALE_SET)),
        fails={"AZR030": SCALE_SET_IS},
        blocked=("AZR070",),
    ),
    Defect(
        name="azure-resources-storage-account-deleted",
        story="The CMG is declared to serve content, and its storage account is gone.",
        estate=lambda: contoso(design__gateway__serves_content="on", azure__resources__listed=_WHOLE.without(STORAGE)),
        fails={"AZR030": STORAGE_IS},
        blocked=("AZR070",),
    ),
    Defect(
        name="azure-resources-scale-set-failed",
        story="Azure could not finish the scale set: the quota of the region was used up.",
        estate=lambda: _having(SCALE_SET, state="Failed"),
        fails={"AZR040": SCALE_SET_IS},
    ),
    Defect(
        name="azure-resources-public-address-cancelled",
        story="The creation of the public address was cancelled.",
        estate=lambda: contoso(azure__resources__addresses=(Resource(type=ADDRESS, state="Canceled"),)),
        fails={"AZR040": "public address contosocmg-ip"},
    ),
    Defect(
        name="azure-resources-scale-set-updating",
        story="The scan came while Azure was still updating the scale set.",
        estate=lambda: _having(SCALE_SET, state="Updating"),
        unassessed={"AZR040": SCALE_SET_IS},
    ),
    Defect(
        name="azure-resources-key-vault-in-another-region",
        story="The key vault was restored by hand, in another region.",
        estate=lambda: _having(KEY_VAULT, location="northeurope"),
        fails={"AZR050": KEY_VAULT_IS},
    ),
    Defect(
        name="azure-resources-storage-account-in-another-group",
        story="Somebody moved the CMG's storage account to another resource group.",
        estate=lambda: _having(STORAGE, group="rg-archive"),
        fails={"AZR060": STORAGE_IS},
    ),
    Defect(
        name="azure-resources-machines-for-laboratories",
        story="The CMG of the proof of concept went into production with its B2s machines.",
        estate=lambda: _having(SCALE_SET, size="Standard_B2s"),
        fails={"AZR070": SCALE_SET_IS},
    ),
    Defect(
        name="azure-resources-classic-service-left-behind",
        story="After the move to a scale set, the old classic cloud service was left behind.",
        estate=lambda: contoso(
            azure__resources__listed=(*_WHOLE.listed, Resource(type=CLASSIC, name="oldcmg", group="rg-old"))
        ),
        fails={"AZR080": "cloud service (classic) oldcmg"},
    ),
    Defect(
        name="azure-resources-reader-on-one-group-only",
        story="The scanner got Reader on another resource group only, so that Azure shows it nothing of the CMG.",
        estate=lambda: contoso(
            azure__resources=Resources(listed=(), addresses=(), roles=((READER, _PART),)),
        ),
        unassessed=dict.fromkeys(("AZR040", "AZR050", "AZR060"), ())
        | {"AZR020": NAME, "AZR030": SEEN, "AZR070": "scale set", "AZR080": "subscription"},
    ),
    Defect(
        name="azure-resources-reader-of-key-vaults-only",
        story="The scanner's only role reads key vaults: what it is not shown may well be there.",
        estate=lambda: contoso(
            azure__resources=Resources(listed=(), addresses=(), roles=((_READS_SECRETS, ""),)),
        ),
        unassessed=dict.fromkeys(("AZR040", "AZR050", "AZR060"), ())
        | {"AZR020": NAME, "AZR030": SEEN, "AZR070": "scale set", "AZR080": "subscription"},
    ),
    Defect(
        name="azure-resources-refused-role-assignments",
        story="Which roles the scanner has cannot be read, and no old cloud service is listed.",
        estate=lambda: contoso().refusing("arm/role-assignments"),
        unassessed={"AZR080": "subscription"},
    ),
    Defect(
        name="azure-resources-refused-resources",
        story="Azure refuses the list of resources.",
        estate=lambda: contoso().refusing("arm/resources"),
        unread=("AZR030", "AZR040", "AZR050", "AZR060", "AZR070", "AZR080"),
    ),
    Defect(
        name="azure-resources-details-unsaid",
        story="Azure lists the scale set without its region and state.",
        estate=lambda: contoso(azure__resources__listed=_WHOLE.having(SCALE_SET, location=None, state=None, size="")),
        unassessed={"AZR040": SCALE_SET_IS, "AZR050": SCALE_SET_IS, "AZR070": "scale set"},
    ),
    Defect(
        name="azure-resources-key-vault-name-taken",
        story="Before the roll-out, somebody else has a key vault of the CMG's name.",
        estate=lambda: contoso(
            design__rollout__enabled=False, azure__resources=Resources(listed=(), addresses=(), taken=(KEY_VAULT,))
        ),
        fails={"AZR010": KEY_VAULT_IS},
        unassessed={"DNS070": "contosocmg.westeurope.cloudapp.azure.com (outside)"},
        not_applicable=(
            "AZR020",
            "AZR030",
            "AZR040",
            "AZR050",
            "AZR060",
            "AZR070",
            "COM080",
            "DNS080",
            "ENR080",
            "ENR090",
            "LOG060",
        ),
    ),
)
