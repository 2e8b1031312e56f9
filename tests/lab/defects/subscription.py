"""Subscription: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="subscription-a-subscription-that-is-not-enabled-fails",
        story="A subscription that is not enabled fails.",
        estate=lambda: contoso(azure__state="Disabled"),
        outcomes={"SUB010": "fail"},
        subjects={"SUB010": frozenset(["subscription Contoso Prod (3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11)"])},
    ),
    Defect(
        name="subscription-another-subscription-than-the-declared-one-fails",
        story="Another subscription than the declared one fails.",
        estate=lambda: contoso(azure__subscription_id="aaaaaaaa-0000-4000-8000-000000000002"),
        outcomes={"SUB020": "fail"},
        subjects={"SUB020": frozenset(["subscription Contoso Prod (aaaaaaaa-0000-4000-8000-000000000002)"])},
    ),
    Defect(
        name="subscription-a-provider-that-is-not-registered-fails",
        story="A provider that is not registered fails.",
        estate=lambda: contoso(
            azure__providers=(*contoso().azure.providers[:3], ("Microsoft.Storage", "NotRegistered"))
        ),
        outcomes={"SUB030": "fail"},
        subjects={"SUB030": frozenset(["resource provider Microsoft.Storage"])},
    ),
    Defect(
        name="subscription-a-provider-that-was-not-told-is-not-assessed",
        story="A provider that was not told is not assessed.",
        estate=lambda: contoso(azure__providers=(*contoso().azure.providers[:3], *())),
        outcomes={"SUB030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="subscription-a-subscription-of-another-tenant-is-advice",
        story="A subscription of another tenant is advice.",
        estate=lambda: contoso(azure__tenant_id="aaaaaaaa-0000-4000-8000-000000000002"),
        outcomes={"SUB040": "fail"},
        subjects={"SUB040": frozenset(["subscription Contoso Prod (3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11)"])},
    ),
    Defect(
        name="subscription-a-spending-limit-is-a-warning",
        story="A spending limit is a warning.",
        estate=lambda: contoso(azure__spending_limit="On"),
        outcomes={"SUB050": "fail"},
        subjects={"SUB050": frozenset(["subscription Contoso Prod (3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11)"])},
    ),
    Defect(
        name="subscription-what-azure-left-out-is-not-assessed",
        story="What azure left out is not assessed.",
        estate=lambda: contoso(azure__tenant_id=None, azure__spending_limit=None),
        outcomes={"SUB040": "not assessed", "SUB050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="subscription-without-the-providers-nothing-is-said-of-them",
        story="Without the providers nothing is said of them.",
        estate=lambda: contoso().refusing("arm/providers"),
        outcomes={"SUB030": "not assessed"},
        subjects={},
    ),
)
