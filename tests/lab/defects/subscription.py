"""The Azure subscription: what can be wrong with it, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

SUBSCRIPTION = "subscription Contoso Prod (3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11)"
STORAGE = "resource provider Microsoft.Storage"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="subscription-disabled",
        story="The Azure subscription is disabled.",
        estate=lambda: contoso(azure__state="Disabled"),
        fails={"SUB010": SUBSCRIPTION},
    ),
    Defect(
        name="subscription-is-not-the-declared-one",
        story="Azure shows another subscription than the design names.",
        estate=lambda: contoso(azure__subscription_id="aaaaaaaa-0000-4000-8000-000000000002"),
        fails={"SUB020": "subscription Contoso Prod (aaaaaaaa-0000-4000-8000-000000000002)"},
        blocked=("AZR020", "AZR030", "AZR040", "AZR050", "AZR060", "AZR070", "AZR080"),
    ),
    Defect(
        name="subscription-provider-not-registered",
        story="The resource provider Microsoft.Storage is not registered in the subscription.",
        estate=lambda: contoso(
            azure__providers=(*contoso().azure.providers[:3], ("Microsoft.Storage", "NotRegistered"))
        ),
        fails={"SUB030": STORAGE},
    ),
    Defect(
        name="subscription-provider-unlisted",
        story="Azure does not list the resource provider Microsoft.Storage.",
        estate=lambda: contoso(azure__providers=(*contoso().azure.providers[:3], *())),
        unassessed={"SUB030": STORAGE},
    ),
    Defect(
        name="subscription-of-another-tenant",
        story="The Azure subscription belongs to another tenant.",
        estate=lambda: contoso(azure__tenant_id="aaaaaaaa-0000-4000-8000-000000000002"),
        fails={"SUB040": SUBSCRIPTION},
    ),
    Defect(
        name="subscription-with-spending-limit",
        story="The Azure subscription has a spending limit.",
        estate=lambda: contoso(azure__spending_limit="On"),
        fails={"SUB050": SUBSCRIPTION},
    ),
    Defect(
        name="subscription-details-unsaid",
        story="Azure says neither the subscription's tenant nor whether it has a spending limit.",
        estate=lambda: contoso(azure__tenant_id=None, azure__spending_limit=None),
        unassessed={"SUB040": SUBSCRIPTION, "SUB050": SUBSCRIPTION},
    ),
    Defect(
        name="subscription-refused-providers",
        story="Azure refuses to list the subscription's resource providers.",
        estate=lambda: contoso().refusing("arm/providers"),
        unread=("SUB030",),
    ),
)
