"""Licences: what can be wrong with those of users, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.people import EMS, INTUNE, PREMIUM, assigned, sku

BOB = "frank@contoso.com"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="licences-2018-intune-plan-switched-off",
        story="Bob's licence has its service plan for Intune switched off.",
        estate=lambda: contoso_2018(
            people__overrides={"frank": assigned(off=("c1ec4a95-1f05-45b3-a911-aa3fa01094f5",))}
        ),
        fails={"LIC050": BOB},
    ),
    Defect(
        name="licences-user-without-licence",
        story="Bob is in the MDM user scope and has no licence.",
        estate=lambda: contoso(people__overrides={"frank": {"assignedLicenses": [], "licenseAssignmentStates": []}}),
        fails={"LIC040": BOB},
    ),
    Defect(
        name="licences-group-assignment-in-error",
        story="Bob's licence by the group failed, because there were too few.",
        estate=lambda: contoso(
            people__overrides={
                "frank": assigned(
                    group=contoso().names.licence_group_id, state="Error", error="CountViolation", held=False
                )
            }
        ),
        fails={"LIC040": BOB, "LIC060": BOB},
    ),
    Defect(
        name="licences-usage-location-missing",
        story="Bob has no licence, and could get none: his usage location is not set.",
        estate=lambda: contoso(
            people__overrides={
                "frank": {"assignedLicenses": [], "licenseAssignmentStates": []} | {"usageLocation": None}
            }
        ),
        fails={"LIC040": BOB, "LIC070": BOB},
    ),
    Defect(
        name="licences-user-of-unknown-state",
        story="Bob has no licence, and Microsoft Graph does not say whether his account is enabled.",
        estate=lambda: contoso(
            people__overrides={
                "frank": {"assignedLicenses": [], "licenseAssignmentStates": []} | {"accountEnabled": None}
            }
        ),
        unassessed={"LIC040": BOB},
    ),
    Defect(
        name="licences-assignments-unsaid",
        story="Microsoft Graph does not say which licences Bob has.",
        estate=lambda: contoso(
            people__overrides={"frank": {"assignedLicenses": None, "licenseAssignmentStates": None}}
        ),
        unassessed={"LIC040": BOB, "LIC060": BOB},
    ),
    Defect(
        name="licences-unknown-product",
        story="Bob has a licence of a product that the tenant does not list.",
        estate=lambda: contoso(people__overrides={"frank": assigned("99999999-0000-4000-8000-0000000000ff")}),
        unassessed={"LIC040": BOB},
    ),
    Defect(
        name="licences-refused-users",
        story="Microsoft Graph refuses to list the users.",
        estate=lambda: contoso().refusing("graph/users"),
        unread=("DNS100", "LIC040", "LIC060", "LIC070", "USR010", "USR020", "USR030", "USR040"),
    ),
    Defect(
        name="licences-no-premium-bought",
        story="The tenant has licences with Intune, and none with Entra ID Premium.",
        estate=lambda: contoso(people__skus=(sku("EMS", EMS, {INTUNE: "INTUNE_A"}),)),
        fails={"LIC010": "Microsoft Entra ID P1 or P2"},
        blocked=("ENR010", "ENR020", "ENR060", "LIC030", "LIC040", "USR020", "USR030"),
    ),
    Defect(
        name="licences-no-intune-bought",
        story="The tenant has licences with Entra ID Premium, and none with Intune.",
        estate=lambda: contoso(people__skus=(sku("EMS", EMS, {PREMIUM: "AAD_PREMIUM"}),)),
        fails={"LIC020": "Microsoft Intune"},
        blocked=("BOO010", "BOO080", "ENR010", "ENR020", "ENR060", "ENR070", "LIC030", "USR020", "USR030"),
    ),
    Defect(
        name="licences-used-up",
        story="All licences with Intune and Entra ID Premium are assigned.",
        estate=lambda: contoso(
            people__skus=(sku("EMS", EMS, {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"}, units=25, consumed=25),)
        ),
        fails={"LIC030": ("Entra ID P1 or P2", "Intune")},
    ),
)
