"""What licences amount to, user by user, without a recording; and how the parsers take hostile answers."""

from __future__ import annotations

from typing import Any

import pytest

from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.licences import Assignment, Licence, Licences, Plan, Sku, SubscribedSkus, gap
from comgmt_audit.facts.users import Users
from tests.lab.estate import contoso, contoso_2018
from tests.lab.people import EMS, INTUNE, PREMIUM, assigned

PLANS = {INTUNE: "INTUNE_A"}


def sku(**changes: Any) -> Sku:
    given: dict[str, Any] = {
        "line": 1,
        "id": EMS,
        "name": "EMS",
        "status": "Enabled",
        "units": 10,
        "consumed": 1,
        "for_users": True,
        "plans": (Plan(id=INTUNE, name="INTUNE_A", status="Success"),),
    }
    return Sku(**given | changes)


def skus(*all: Sku) -> SubscribedSkus:
    return SubscribedSkus(by_id={one.id: one for one in all})


def licences(*held: Licence, rows: tuple[Assignment, ...] = ()) -> Licences:
    return Licences(held=held, assignments=rows)


def test_a_plan_that_is_on_is_no_gap():
    assert gap(licences(Licence(EMS)), skus(sku()), PLANS) is None


def test_one_good_licence_among_bad_ones_is_enough():
    off, good = sku(id="off", status="Suspended"), sku()
    held = licences(Licence("off"), Licence("gone"), Licence(EMS))
    assert gap(held, skus(off, good), PLANS) is None


def test_a_licence_that_the_tenant_does_not_list_makes_the_rest_doubtful():
    found = gap(licences(Licence("gone"), Licence(EMS, (INTUNE,))), skus(sku()), PLANS)
    assert found is not None
    assert not found.known


def test_every_cause_is_named():
    off, suspended = sku(), sku(id="s", name="SPE_E3", status="Suspended")
    found = gap(licences(Licence(EMS, (INTUNE,)), Licence("s")), skus(off, suspended), PLANS)
    assert found is not None
    assert found.seen == ("INTUNE_A is switched off in EMS", "SPE_E3 is Suspended, 10 units")


def test_a_licence_whose_only_assignment_failed_is_none():
    failed = Assignment(EMS, "Error", "DependencyViolation")
    found = gap(licences(Licence(EMS), rows=(failed,)), skus(sku()), PLANS)
    assert found is not None
    assert found.seen == ("EMS assigned directly: Error (DependencyViolation)",)


def test_a_licence_with_one_good_assignment_holds():
    rows = (Assignment(EMS, "Error", "CountViolation", "g"), Assignment(EMS, "Active"))
    assert gap(licences(Licence(EMS), rows=rows), skus(sku()), PLANS) is None


def test_an_enabled_sku_without_units_is_not_usable():
    assert not sku(units=0).usable
    assert sku(units=None).usable
    assert sku(units=5, consumed=7).units_left == -2


def test_users_with_the_same_licences_share_one_value(read):
    users = read(contoso(), Users).users
    by_group = [user for user in users if user.licences.assignments and user.licences.assignments[0].assigned_by_group]
    assert len({id(user.licences) for user in by_group}) == 1
    assert len({id(user.licences) for user in users}) == 3


def test_ids_in_capitals_are_the_same_ids(read):
    capitals = assigned(EMS.upper(), off=(PREMIUM.upper(),))
    users = read(contoso(people__overrides={"bob": capitals}), Users).users
    assert users[1].licences.held == (Licence(EMS, (PREMIUM,)),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"assignedLicenses": "EMS"},
        {"assignedLicenses": [{"disabledPlans": []}]},
        {"accountEnabled": "yes"},
    ],
)
def test_a_malformed_user_is_unreadable_and_names_its_line(read, wrong):
    with pytest.raises(FactUnavailable, match="line 2"):
        read(contoso(people__overrides={"bob": wrong}), Users)


@pytest.mark.parametrize("name", ["\x00", "a" * 5000, "Jürgen\u202e@contoso.com", "<script>@contoso.com"])
def test_a_name_is_taken_as_it_comes(read, name):
    users = read(contoso(people__overrides={"bob": {"userPrincipalName": name}}), Users).users
    assert users[1].label == name


def test_a_user_without_a_name_is_known_by_its_id(read):
    users = read(contoso(people__overrides={"bob": {"userPrincipalName": None}}), Users).users
    assert users[1].label == users[1].id


@pytest.mark.parametrize(
    "wrong",
    [{}, {"skuId": EMS}, {"skuId": EMS, "capabilityStatus": None, "servicePlans": []}, {"skuId": 7}],
)
def test_a_malformed_sku_is_unreadable(read, wrong):
    with pytest.raises(FactUnavailable, match="line 1"):
        read(contoso_2018(people__skus=(wrong,)), SubscribedSkus)


def test_units_that_are_null_are_unknown_not_none(read):
    row: dict[str, Any] = {
        "skuId": EMS,
        "capabilityStatus": "Enabled",
        "servicePlans": [],
        "prepaidUnits": None,
        "consumedUnits": None,
    }
    (found,) = read(contoso(people__skus=(row,)), SubscribedSkus)
    assert (found.units, found.units_left, found.name) == (None, None, EMS)
