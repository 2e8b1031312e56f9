"""Licences: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.people import assigned

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="licences-the-tutorial-asks-for-intune-on-every-path",
        story="The tutorial asks for intune on every path.",
        estate=lambda: contoso_2018(people__overrides={"bob": assigned(off=("c1ec4a95-1f05-45b3-a911-aa3fa01094f5",))}),
        outcomes={"LIC050": "fail"},
        subjects={"LIC050": frozenset(["bob@contoso.com"])},
    ),
    Defect(
        name="licences-a-user-without-premium-is-named-with-the-cause",
        story="A user without premium is named with the cause.",
        estate=lambda: contoso(people__overrides={"bob": {"assignedLicenses": [], "licenseAssignmentStates": []}}),
        outcomes={"LIC040": "fail"},
        subjects={"LIC040": frozenset(["bob@contoso.com"])},
    ),
    Defect(
        name="licences-an-assignment-in-error-is-named-with-its-group-and-error",
        story="An assignment in error is named with its group and error.",
        estate=lambda: contoso(
            people__overrides={
                "bob": assigned(
                    group=contoso().names.licence_group_id, state="Error", error="CountViolation", held=False
                )
            }
        ),
        outcomes={"LIC040": "fail", "LIC060": "fail"},
        subjects={"LIC040": frozenset(["bob@contoso.com"]), "LIC060": frozenset(["bob@contoso.com"])},
    ),
    Defect(
        name="licences-a-missing-usage-location-is-named-where-it-stands-in-the-way",
        story="A missing usage location is named where it stands in the way.",
        estate=lambda: contoso(
            people__overrides={"bob": {"assignedLicenses": [], "licenseAssignmentStates": []} | {"usageLocation": None}}
        ),
        outcomes={"LIC040": "fail", "LIC070": "fail"},
        subjects={"LIC040": frozenset(["bob@contoso.com"]), "LIC070": frozenset(["bob@contoso.com"])},
    ),
    Defect(
        name="licences-an-unlicensed-user-of-unknown-kind-is-not-assessed",
        story="An unlicensed user of unknown kind is not assessed.",
        estate=lambda: contoso(
            people__overrides={
                "bob": {"assignedLicenses": [], "licenseAssignmentStates": []} | {"accountEnabled": None}
            }
        ),
        outcomes={"LIC040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="licences-licences-that-were-not-answered-are-not-assessed",
        story="Licences that were not answered are not assessed.",
        estate=lambda: contoso(people__overrides={"bob": {"assignedLicenses": None, "licenseAssignmentStates": None}}),
        outcomes={"LIC040": "not assessed", "LIC060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="licences-a-licence-that-the-tenant-does-not-list-is-not-assessed",
        story="A licence that the tenant does not list is not assessed.",
        estate=lambda: contoso(people__overrides={"bob": assigned("99999999-0000-4000-8000-0000000000ff")}),
        outcomes={"LIC040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="licences-without-the-users-nothing-is-said-of-them",
        story="Without the users nothing is said of them.",
        estate=lambda: contoso().refusing("graph/users"),
        outcomes=dict.fromkeys(("LIC040", "LIC060", "LIC070", "DNS100"), "not assessed"),
        subjects={},
    ),
)
