"""Licences: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Judge
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.people import (
    BASIC_MOBILITY,
    BUNDLE,
    INTUNE,
    NOTHING,
    OFFICE,
    OFFICE_E3,
    PREMIUM,
    PREMIUM_2,
    assigned,
    sku,
)

SUITE = {"d9923fe3-a2de-4d29-a5be-e3e83bb786be": "INTUNE_P2"}
DEVICE = "2b317a4a-77a6-4188-9437-b68a77b4e2c6"
ROOM = "6070a4c8-34c6-4937-8dfb-39bbc6397a60"
M365 = "05e9a617-0261-4cee-bb44-138d3ef5d965"


def intune_first(**changes: Any) -> Estate:
    """Contoso whose devices enrol before they get a client, so that every user needs Intune today as well."""
    return contoso(design__rollout__path="intune-first", **changes)


def outcomes(judge: Judge, estate: Estate) -> dict[str, str]:
    return {id: result.outcome.value for id, result in judge(estate).items() if id.startswith("LIC")}


def test_on_the_path_of_existing_clients_nobody_needs_intune(changed):
    """The licence rule of December 2019."""
    off = assigned(off=(INTUNE,))
    assert changed(contoso(people__overrides={"frank": off})) == {}


def test_the_tutorial_asks_for_intune_on_every_path(changed):
    off = assigned(off=(INTUNE,))
    assert changed(contoso_2018(people__overrides={"frank": off})) == {"LIC050": "fail"}


def test_a_bundle_counts_for_both(judge):
    """S06: EMS E3 alone is Entra ID P1 and Intune; so is Microsoft 365."""
    bundle = sku("SPE_E3", M365, {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"})
    everybody = {name: assigned(M365) for name in ("adele", "bob")}
    estate = intune_first(people__skus=(bundle,), people__users=2, people__overrides=everybody)
    assert set(outcomes(judge, estate).values()) == {"pass"}


def test_p2_alone_counts_as_p1(judge):
    skus = (sku("IDENTITY_THREAT_PROTECTION", M365, {PREMIUM_2: "AAD_PREMIUM_P2", INTUNE: "INTUNE_A"}),)
    estate = intune_first(people__skus=skus, people__users=1, people__overrides={"adele": assigned(M365)})
    assert set(outcomes(judge, estate).values()) == {"pass"}


@pytest.mark.parametrize(
    "wrong",
    [
        sku("ENTERPRISEPACK", OFFICE, {BASIC_MOBILITY: "INTUNE_O365"}),
        sku("Microsoft_Intune_Suite", M365, SUITE),
        sku("INTUNE_A_D", DEVICE, {INTUNE: "INTUNE_A"}),
        sku("Microsoft_Teams_Rooms_Pro", ROOM, {INTUNE: "INTUNE_A"}),
        sku("MTR_PREM ", ROOM, {INTUNE: "INTUNE_A"}),
        sku("INTUNE_A", M365, {INTUNE: "INTUNE_A"}, status="Suspended", units=0),
        sku("INTUNE_A", M365, {INTUNE: "INTUNE_A"}, provisioning="PendingActivation"),
        sku("INTUNE_A", M365, {INTUNE: "INTUNE_A"}, applies_to="Company"),
    ],
    ids=["basic mobility", "suite add-on", "device", "room", "blank in the name", "suspended", "pending", "company"],
)
def test_what_looks_like_intune_and_is_not(changed, wrong):
    premium = sku("EMS", BUNDLE["skuId"], {PREMIUM: "AAD_PREMIUM"})
    found = changed(contoso(people__skus=(premium, wrong)))
    resting = ("LIC030", "USR020", "USR030", "BOO010", "BOO080", "ENR010", "ENR020", "ENR060", "ENR070")
    assert found == {"LIC020": "fail", **dict.fromkeys(resting, "blocked")}


def test_without_premium_the_users_are_not_listed_one_by_one(changed):
    intune = sku("EMS", BUNDLE["skuId"], {INTUNE: "INTUNE_A"})
    assert changed(contoso(people__skus=(intune,))) == {
        "LIC010": "fail",
        "LIC030": "blocked",
        "LIC040": "blocked",
        # The scope for automatic enrolment is a feature of Entra ID P1.
        **dict.fromkeys(("ENR010", "ENR020", "ENR060", "USR020", "USR030"), "blocked"),
    }


def test_no_units_left_is_a_warning(changed, judge):
    full = sku("EMS", BUNDLE["skuId"], {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"}, units=25, consumed=25)
    assert changed(contoso(people__skus=(full,))) == {"LIC030": "fail"}
    assert judge(contoso(people__skus=(full,)))["LIC030"].severity.value == "low"


def test_more_assigned_than_bought_is_graver(judge):
    over = sku("EMS", BUNDLE["skuId"], {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"}, units=25, consumed=27)
    result = judge(contoso(people__skus=(over,)))["LIC030"]
    assert (result.outcome.value, result.severity.value) == ("fail", "medium")
    assert result.findings[0].actual == ("EMS: -2 left",)


def test_units_in_the_grace_period_still_count(changed):
    grace = sku(
        "EMS", BUNDLE["skuId"], {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"}, units=0, warning=50, status="Warning"
    )
    assert changed(contoso(people__skus=(grace,))) == {}


def test_units_that_graph_does_not_say_are_not_assessed(changed):
    silent = sku("EMS", BUNDLE["skuId"], {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"}, consumed=None)
    assert changed(contoso(people__skus=(silent,))) == {"LIC030": "not assessed"}


@pytest.mark.parametrize(
    ("licences", "seen"),
    [
        (NOTHING, "no licence that carries AAD_PREMIUM or AAD_PREMIUM_P2"),
        (assigned(off=(PREMIUM,)), "AAD_PREMIUM is switched off in EMS"),
        (assigned(OFFICE), "no licence that carries AAD_PREMIUM or AAD_PREMIUM_P2"),
    ],
    ids=["nothing", "plan off", "another licence"],
)
def test_a_user_without_premium_is_named_with_the_cause(changed, judge, licences, seen):
    estate = contoso(people__overrides={"frank": licences})
    assert changed(estate) == {"LIC040": "fail"}
    (finding,) = judge(estate)["LIC040"].findings
    assert (finding.subject, finding.actual) == ("frank@contoso.com", (seen,))
    assert finding.evidence[0].pointer == "line 6"


def test_an_assignment_in_error_is_named_with_its_group_and_error(changed, judge):
    group = contoso().names.licence_group_id
    error = assigned(group=group, state="Error", error="CountViolation", held=False)
    estate = contoso(people__overrides={"frank": error})
    assert changed(estate) == {"LIC040": "fail", "LIC060": "fail"}
    (finding,) = judge(estate)["LIC040"].findings
    assert finding.actual == (f"EMS assigned by group {group}: Error (CountViolation)",)
    assert "units" in finding.advice


def test_a_second_assignment_in_error_is_a_low_warning_only(changed, judge):
    """The classic: a direct licence, and a group that may not add another of the same kind."""
    good, bad = assigned(), assigned(state="Error", error="MutuallyExclusiveViolation", group="x", held=False)
    both = good | {"licenseAssignmentStates": good["licenseAssignmentStates"] + bad["licenseAssignmentStates"]}
    estate = contoso(people__overrides={"frank": both})
    assert changed(estate) == {"LIC060": "fail"}
    assert judge(estate)["LIC060"].severity.value == "low"


@pytest.mark.parametrize("error", [None, "", "None"])
def test_no_error_has_three_spellings(changed, error):
    assert changed(contoso(people__overrides={"frank": assigned(error=error)})) == {}


def test_an_error_of_a_licence_that_does_not_matter_is_ignored(changed):
    good, other = assigned(), assigned(OFFICE, state="Error", error="DependencyViolation")
    both = good | {"licenseAssignmentStates": good["licenseAssignmentStates"] + other["licenseAssignmentStates"]}
    assert changed(contoso(people__overrides={"frank": both})) == {}


def test_a_missing_usage_location_is_named_where_it_stands_in_the_way(changed):
    estate = contoso(people__overrides={"frank": NOTHING | {"usageLocation": None}})
    assert changed(estate) == {"LIC040": "fail", "LIC070": "fail"}


def test_a_licensed_user_needs_no_usage_location(changed):
    """Licences by group take the tenant's location."""
    assert changed(contoso(people__overrides={"frank": {"usageLocation": None}})) == {}


def test_an_intune_first_user_needs_the_plan(judge):
    estate = intune_first(people__overrides={"eve": assigned(off=(INTUNE,))})
    assert outcomes(judge, estate)["LIC050"] == "fail"
    assert outcomes(judge, estate)["LIC040"] == "pass"


@pytest.mark.parametrize(
    "who",
    [{"accountEnabled": False}, {"userType": "Guest"}],
    ids=["disabled", "guest"],
)
def test_who_does_not_sign_in_needs_no_licence(changed, who):
    assert changed(contoso(people__overrides={"frank": NOTHING | who})) == {}


@pytest.mark.parametrize("unknown", ["accountEnabled", "userType"])
def test_an_unlicensed_user_of_unknown_kind_is_not_assessed(changed, unknown):
    assert changed(contoso(people__overrides={"frank": NOTHING | {unknown: None}})) == {"LIC040": "not assessed"}


@pytest.mark.parametrize("unknown", ["accountEnabled", "userType"])
def test_a_licensed_user_of_unknown_kind_is_in_order(changed, unknown):
    assert changed(contoso(people__overrides={"frank": {unknown: None}})) == {}


def test_licences_that_were_not_answered_are_not_assessed(changed):
    nulls = {"assignedLicenses": None, "licenseAssignmentStates": None}
    assert changed(contoso(people__overrides={"frank": nulls})) == {"LIC040": "not assessed", "LIC060": "not assessed"}


def test_a_licence_that_the_tenant_does_not_list_is_not_assessed(changed):
    unknown = assigned("99999999-0000-4000-8000-0000000000ff")
    assert changed(contoso(people__overrides={"frank": unknown})) == {"LIC040": "not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_users_nothing_is_said_of_them(changed, absence):
    estate = getattr(contoso(), absence)("graph/users")
    users = dict.fromkeys(
        ("LIC040", "LIC060", "LIC070", "DNS100", "USR010", "USR020", "USR030", "USR040"), "not assessed"
    )
    assert changed(estate) == users


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_skus_nothing_is_said_at_all(judge, absence):
    estate = getattr(contoso_2018(), absence)("graph/subscribed-skus")
    assert set(outcomes(judge, estate).values()) == {"not assessed"}


def test_basic_properties_only_are_not_assessed(judge):
    """User.ReadBasic.All: every user comes, and all that matters is null."""
    nulls = {"accountEnabled": None, "userType": None, "assignedLicenses": None, "licenseAssignmentStates": None}
    estate = contoso(
        people__users=2, people__guests=(), people__leavers=(), people__overrides={"adele": nulls, "frank": nulls}
    )
    result = judge(estate)["LIC040"]
    assert result.outcome.value == "not assessed"
    assert "User.Read.All" in result.cure


def test_the_office_sku_changes_nothing(changed):
    assert changed(contoso(people__skus=(BUNDLE,))) == {}
    assert changed(contoso(people__skus=(OFFICE_E3, BUNDLE))) == {}
