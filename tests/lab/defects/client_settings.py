"""Client settings: what can be wrong with the custom settings and their deployment, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso
from tests.lab.site_clients import Settings

SETTINGS = "client settings Co-mgmt device settings"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="client-settings-overruled-by-stronger-settings",
        story="Settings of higher priority on the same collection forbid the CMG.",
        estate=lambda: contoso(
            site__settings=(Settings(priority=2), Settings(name="Kiosks", priority=1, gateway=False))
        ),
        fails={"CLS040": SETTINGS},
    ),
    Defect(
        name="client-settings-refused-settings",
        story="The site refuses to list its client settings.",
        estate=lambda: contoso().refusing("site/SMS_ClientSettings"),
        unread=("CLS010", "CLS020", "CLS030", "CLS040", "CLS050"),
    ),
    Defect(
        name="client-settings-declared-settings-missing",
        story="The custom client settings that the design names do not exist.",
        estate=lambda: contoso(site__settings=(Settings(name="Workstations"),)),
        fails={"CLS010": SETTINGS},
        blocked=("CLS020", "CLS030", "CLS040", "CLS050"),
    ),
    Defect(
        name="client-settings-hidden-by-rights",
        story="The site lists no client settings to an account that may not see everything.",
        estate=lambda: contoso(site__settings=(), site__full_access=False),
        unassessed=THIN_RIGHTS
        | dict.fromkeys(("CLS020", "CLS030", "CLS040", "CLS050"), "client settings")
        | {"CLS010": SETTINGS},
    ),
    Defect(
        name="client-settings-cloud-content-forbidden",
        story="The client settings do not allow access to a cloud distribution point.",
        estate=lambda: contoso(site__settings=(Settings(distribution_point=False),)),
        fails={"CLS020": SETTINGS},
    ),
    Defect(
        name="client-settings-automatic-registration-off",
        story="The client settings do not let devices register with Entra ID automatically.",
        estate=lambda: contoso(site__settings=(Settings(join=False),)),
        fails={"CLS030": SETTINGS},
    ),
    Defect(
        name="client-settings-cmg-forbidden",
        story="The client settings do not let clients use a cloud management gateway.",
        estate=lambda: contoso(site__settings=(Settings(gateway=False),)),
        fails={"CLS040": SETTINGS},
    ),
    Defect(
        name="client-settings-groups-unread",
        story="The client settings were read as a list, which leaves their groups out.",
        estate=lambda: contoso(site__settings=(Settings(groups_read=False),)),
        unassessed={"CLS020": SETTINGS, "CLS030": SETTINGS, "CLS040": SETTINGS},
    ),
    Defect(
        name="client-settings-without-cloud-services-group",
        story="The custom client settings leave Cloud Services to the default settings, which were not recorded.",
        estate=lambda: contoso(site__settings=(Settings(cloud_group=False),)),
        unassessed={"CLS020": SETTINGS, "CLS030": SETTINGS, "CLS040": SETTINGS},
    ),
    Defect(
        name="client-settings-not-deployed",
        story="The custom client settings are deployed to no collection.",
        estate=lambda: contoso(site__settings=(Settings(collections=()),)),
        fails={"CLS050": SETTINGS},
    ),
    Defect(
        name="client-settings-deployed-to-an-empty-collection",
        story="The custom client settings are deployed to a collection without members.",
        estate=lambda: contoso(site__settings=(Settings(collections=("PS100099",)),)),
        fails={"CLS050": SETTINGS},
    ),
    Defect(
        name="client-settings-deployed-to-a-collection-unread",
        story="The custom client settings are deployed to a collection that was not read.",
        estate=lambda: contoso(site__settings=(Settings(collections=("PS100777",)),)),
        unassessed={"CLS050": SETTINGS},
    ),
    Defect(
        name="client-settings-unreachable-deployments",
        story="The site does not answer when it is asked where its client settings are deployed.",
        estate=lambda: contoso().unreachable("site/SMS_ClientSettingsAssignment"),
        unread=("CLS010", "CLS020", "CLS030", "CLS040", "CLS050"),
    ),
)
