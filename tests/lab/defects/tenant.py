"""Tenant: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.people import principal

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="tenant-another-mdm-authority-fails",
        story="Another mdm authority fails.",
        estate=lambda: contoso(tenant__mdm_authority="sccm"),
        outcomes={"TEN010": "fail"},
        subjects={"TEN010": frozenset(["MDM authority"])},
    ),
    Defect(
        name="tenant-an-authority-that-intune-does-not-say-is-not-assessed",
        story="An authority that intune does not say is not assessed.",
        estate=lambda: contoso(tenant__mdm_authority=None),
        outcomes={"TEN010": "not assessed"},
        subjects={},
    ),
    Defect(
        name="tenant-without-a-declared-tenant-any-will-do",
        story="Without a declared tenant any will do.",
        estate=lambda: contoso(design__rollout__tenant_id=""),
        outcomes={"TEN020": "not applicable"},
        subjects={},
    ),
    Defect(
        name="tenant-synchronisation-that-is-off-fails-once",
        story="Synchronisation that is off fails once.",
        estate=lambda: contoso(tenant__synchronised=False),
        outcomes={"TEN030": "fail", "TEN040": "blocked"},
        subjects={"TEN030": frozenset(["tenant Contoso (72f988bf-0000-4000-8000-2d7cd011db00)"])},
    ),
    Defect(
        name="tenant-synchronisation-that-stands-still-fails",
        story="Synchronisation that stands still fails.",
        estate=lambda: contoso(tenant__last_sync_hours_ago=25),
        outcomes={"TEN040": "fail"},
        subjects={"TEN040": frozenset(["tenant Contoso (72f988bf-0000-4000-8000-2d7cd011db00)"])},
    ),
    Defect(
        name="tenant-nobody-is-global-administrator",
        story="Nobody is global administrator.",
        estate=lambda: contoso(
            people__administrators=(
                principal("user", "gone@contoso.com", enabled=False),
                principal("servicePrincipal", "Pipeline"),
            )
        ),
        outcomes={"TEN050": "fail", "TEN060": "blocked"},
        subjects={"TEN050": frozenset(["role Global Administrator"])},
    ),
    Defect(
        name="tenant-an-administrator-of-one-unit-only-does-not-count",
        story="An administrator of one unit only does not count.",
        estate=lambda: contoso(people__administrator_scope="/administrativeUnits/55555555-0000-4000-8000-000000000099"),
        outcomes={"TEN050": "fail", "TEN060": "blocked"},
        subjects={"TEN050": frozenset(["role Global Administrator"])},
    ),
    Defect(
        name="tenant-a-crowd-of-administrators-is-advice",
        story="A crowd of administrators is advice.",
        estate=lambda: contoso(
            people__administrators=tuple(principal("user", f"admin{number}@contoso.com") for number in range(6))
        ),
        outcomes={"TEN060": "fail"},
        subjects={"TEN060": frozenset(["role Global Administrator"])},
    ),
    Defect(
        name="tenant-a-group-of-unknown-members-leaves-the-question-open",
        story="A group of unknown members leaves the question open.",
        estate=lambda: contoso(
            people__administrators=(principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099"),)
        ),
        outcomes={"TEN050": "not assessed", "TEN060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="tenant-with-another-enabled-user-the-group-does-not-matter-for-somebody",
        story="With another enabled user the group does not matter for somebody.",
        estate=lambda: contoso(
            people__administrators=(
                principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099"),
                principal("user", "admin@contoso.com"),
            )
        ),
        outcomes={"TEN060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="tenant-an-administrator-of-unknown-state-leaves-the-question-open",
        story="An administrator of unknown state leaves the question open.",
        estate=lambda: contoso(people__administrators=(principal("user", "admin@contoso.com", enabled=None),)),
        outcomes={"TEN050": "not assessed", "TEN060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="tenant-without-the-role-assignments-nothing-is-said-of-administrators",
        story="Without the role assignments nothing is said of administrators.",
        estate=lambda: contoso().refusing("graph/global-administrators"),
        outcomes={"TEN050": "not assessed", "TEN060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="tenant-another-tenant-than-the-declared-one-fails",
        story="Another tenant than the declared one fails.",
        estate=lambda: contoso(design__rollout__tenant_id="aaaaaaaa-0000-4000-8000-000000000001"),
        outcomes={"AZS020": "fail", "AZS030": "blocked", "AZS040": "blocked", "COM020": "fail", "TEN020": "fail"},
        subjects={
            "AZS020": frozenset(["tenant aaaaaaaa-0000-4000-8000-000000000001"]),
            "COM020": frozenset(["co-management"]),
            "TEN020": frozenset(["tenant Contoso (72f988bf-0000-4000-8000-2d7cd011db00)"]),
        },
    ),
)
