"""Tenant: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.lab.estate import contoso
from tests.lab.people import principal

OTHER = "aaaaaaaa-0000-4000-8000-000000000001"


@pytest.mark.parametrize("authority", ["sccm", "office365", "unknown"])
def test_another_mdm_authority_fails(changed, authority):
    assert changed(contoso(tenant__mdm_authority=authority)) == {"TEN010": "fail"}


def test_an_authority_that_intune_does_not_say_is_not_assessed(changed):
    assert changed(contoso(tenant__mdm_authority=None)) == {"TEN010": "not assessed"}


def test_a_refused_request_is_not_assessed_and_names_the_cure(judge):
    result = judge(contoso().refusing("graph/mdm-authority", cure="Grant DeviceManagementServiceConfig.Read.All."))[
        "TEN010"
    ]
    assert result.outcome.value == "not assessed"
    assert result.cure == "Grant DeviceManagementServiceConfig.Read.All."


def test_another_tenant_than_the_declared_one_fails(changed):
    assert changed(contoso(design__rollout__tenant_id=OTHER))["TEN020"] == "fail"


def test_a_declared_id_in_capitals_is_the_same_id(changed):
    estate = contoso()
    assert changed(estate.with_(design__rollout__tenant_id=estate.names.tenant_id.upper())) == {}


def test_without_a_declared_tenant_any_will_do(changed):
    assert changed(contoso(design__rollout__tenant_id="")) == {"TEN020": "not applicable"}


@pytest.mark.parametrize("state", [False, None])
def test_synchronisation_that_is_off_fails_once(changed, state):
    """False: it was on once; null: never. Its age is then no finding of its own."""
    assert changed(contoso(tenant__synchronised=state)) == {"TEN030": "fail", "TEN040": "blocked"}


def test_synchronisation_that_stands_still_fails(changed):
    assert changed(contoso(tenant__last_sync_hours_ago=25)) == {"TEN040": "fail"}


def test_what_is_recent_is_declared(changed):
    assert changed(contoso(tenant__last_sync_hours_ago=25, design__horizons={"sync_hours": 48})) == {}


def test_a_tenant_shown_as_nulls_is_not_assessed(changed):
    """Too thin a permission brings 200 and nulls: that is no knowledge that synchronisation is off."""
    found = changed(contoso(tenant__visible=False))
    assert {found[id] for id in ("TEN020", "TEN030", "TEN040")} == {"not assessed"}


def test_nobody_is_global_administrator(changed):
    nobody = (principal("user", "gone@contoso.com", enabled=False), principal("servicePrincipal", "Pipeline"))
    assert changed(contoso(people__administrators=nobody)) == {"TEN050": "fail", "TEN060": "blocked"}


def test_an_administrator_of_one_unit_only_does_not_count(changed):
    estate = contoso(people__administrator_scope="/administrativeUnits/55555555-0000-4000-8000-000000000099")
    assert changed(estate) == {"TEN050": "fail", "TEN060": "blocked"}


def test_a_crowd_of_administrators_is_advice(changed, judge):
    crowd = tuple(principal("user", f"admin{number}@contoso.com") for number in range(6))
    assert changed(contoso(people__administrators=crowd)) == {"TEN060": "fail"}
    assert judge(contoso(people__administrators=crowd))["TEN060"].severity.value == "advice"


def test_disabled_administrators_and_applications_are_no_crowd(changed):
    crowd = (
        principal("user", "admin@contoso.com"),
        *(principal("user", f"old{number}@contoso.com", enabled=False) for number in range(9)),
        principal("servicePrincipal", "Pipeline"),
    )
    assert changed(contoso(people__administrators=crowd)) == {}


def test_a_group_of_unknown_members_leaves_the_question_open(changed):
    group = principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099")
    estate = contoso(people__administrators=(group,))
    assert changed(estate) == {"TEN050": "not assessed", "TEN060": "not assessed"}


def test_with_another_enabled_user_the_group_does_not_matter_for_somebody(changed):
    group = principal("group", "Tier 0", id="33333333-0000-4000-8000-000000000099")
    estate = contoso(people__administrators=(group, principal("user", "admin@contoso.com")))
    assert changed(estate) == {"TEN060": "not assessed"}


def test_members_of_a_group_hold_the_role(changed):
    estate = contoso()
    group = principal("group", "Pilot", id=estate.names.pilot_group_id)
    assert changed(estate.with_(people__administrators=(group,))) == {}


def test_an_administrator_of_unknown_state_leaves_the_question_open(changed):
    unknown = (principal("user", "admin@contoso.com", enabled=None),)
    assert changed(contoso(people__administrators=unknown)) == {"TEN050": "not assessed", "TEN060": "not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_role_assignments_nothing_is_said_of_administrators(changed, absence):
    estate = getattr(contoso(), absence)("graph/global-administrators")
    assert changed(estate) == {"TEN050": "not assessed", "TEN060": "not assessed"}
