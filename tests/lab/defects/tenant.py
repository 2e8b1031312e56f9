"""The tenant: what can be wrong with it and its administrators, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.people import principal

ADMINISTRATOR = "role Global Administrator"
TENANT = "tenant Contoso (72f988bf-0000-4000-8000-2d7cd011db00)"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="tenant-mdm-authority-is-configuration-manager",
        story="The MDM authority is still Configuration Manager (hybrid MDM).",
        estate=lambda: contoso(tenant__mdm_authority="sccm"),
        fails={"TEN010": "MDM authority"},
    ),
    Defect(
        name="tenant-mdm-authority-unsaid",
        story="Intune does not say what the MDM authority is.",
        estate=lambda: contoso(tenant__mdm_authority=None),
        unassessed={"TEN010": "graph/mdm-authority"},
    ),
    Defect(
        name="tenant-undeclared",
        story="The design names no tenant.",
        estate=lambda: contoso(design__rollout__tenant_id=""),
        not_applicable=("TEN020",),
    ),
    Defect(
        name="tenant-synchronisation-off",
        story="Directory synchronisation is off.",
        estate=lambda: contoso(tenant__synchronised=False),
        fails={"TEN030": TENANT},
        blocked=("TEN040",),
    ),
    Defect(
        name="tenant-synchronisation-stands-still",
        story="Directory synchronisation ran 25 hours ago for the last time.",
        estate=lambda: contoso(tenant__last_sync_hours_ago=25),
        fails={"TEN040": TENANT},
    ),
    Defect(
        name="tenant-no-global-administrator",
        story="Global Administrator is held by a disabled account and a pipeline, and by no person who could sign in.",
        estate=lambda: contoso(
            people__administrators=(
                principal("user", "gone@contoso.com", enabled=False),
                principal("servicePrincipal", "Pipeline"),
            )
        ),
        fails={"TEN050": ADMINISTRATOR},
        blocked=("TEN060",),
    ),
    Defect(
        name="tenant-global-administrator-of-one-unit",
        story="The role is assigned over one administrative unit only.",
        estate=lambda: contoso(people__administrator_scope="/administrativeUnits/55555555-0000-4000-8000-000000000099"),
        fails={"TEN050": ADMINISTRATOR},
        blocked=("TEN060",),
    ),
    Defect(
        name="tenant-six-global-administrators",
        story="Six people are Global Administrators; Microsoft advises fewer than five.",
        estate=lambda: contoso(
            people__administrators=tuple(principal("user", f"admin{number}@contoso.com") for number in range(6))
        ),
        fails={"TEN060": ADMINISTRATOR},
    ),
    Defect(
        name="tenant-administrators-in-an-unread-group",
        story="Global Administrator is held by a group whose members were not read.",
        estate=lambda: contoso(
            people__administrators=(principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099"),)
        ),
        unassessed={"TEN050": ADMINISTRATOR, "TEN060": ADMINISTRATOR},
    ),
    Defect(
        name="tenant-administrator-beside-an-unread-group",
        story="A person is Global Administrator, beside a group whose members were not read.",
        estate=lambda: contoso(
            people__administrators=(
                principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099"),
                principal("user", "admin@contoso.com"),
            )
        ),
        unassessed={"TEN060": ADMINISTRATOR},
    ),
    Defect(
        name="tenant-administrator-of-unknown-state",
        story="Microsoft Graph does not say whether the only Global Administrator's account is enabled.",
        estate=lambda: contoso(people__administrators=(principal("user", "admin@contoso.com", enabled=None),)),
        unassessed={"TEN050": ADMINISTRATOR, "TEN060": ADMINISTRATOR},
    ),
    Defect(
        name="tenant-refused-role-assignments",
        story="Microsoft Graph refuses to say who is Global Administrator.",
        estate=lambda: contoso().refusing("graph/global-administrators"),
        unread=("TEN050", "TEN060"),
    ),
    Defect(
        name="tenant-is-not-the-declared-one",
        story="The design names another tenant than the scanner signed in to and the site is onboarded to.",
        estate=lambda: contoso(design__rollout__tenant_id="aaaaaaaa-0000-4000-8000-000000000001"),
        fails={"AZS020": "tenant aaaaaaaa-0000-4000-8000-000000000001", "COM020": "co-management", "TEN020": TENANT},
        blocked=(
            "APP010",
            "APP020",
            "APP030",
            "APP040",
            "APP050",
            "APP060",
            "APP070",
            "APP080",
            "APP090",
            "APP100",
            "APP130",
            "APP140",
            "AZS030",
            "AZS040",
            "BOO010",
            "BOO080",
            "ENR010",
            "ENR020",
            "ENR060",
            "ENR070",
            "LIC010",
            "LIC020",
            "LIC030",
            "LIC040",
            "USR020",
            "USR030",
        ),
    ),
    Defect(
        name="tenant-mdm-authority-unset",
        story="No MDM authority was ever chosen.",
        estate=lambda: contoso(tenant__mdm_authority="unknown"),
        fails={"TEN010": "MDM authority"},
    ),
)
