"""Enrolment: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.lab.estate import contoso
from tests.lab.intune import URLS, Scope, device

NAMES = contoso().names
NOBODY = Scope(applies_to="none", groups=())
EVERYBODY = Scope(applies_to="all", groups=())
FIRST = {"design__rollout__path": "intune-first"}


def test_a_scope_of_none_is_a_low_warning_for_existing_clients(changed, judge):
    """ConfigMgr enrols with the device token and its own URLs: it does not need the scope."""
    estate = contoso(intune__mdm=NOBODY)
    expected = {
        "ENR010": "fail",
        "ENR020": "blocked",
        "ENR030": "not applicable",
        "ENR060": "blocked",
        "USR020": "blocked",
        "USR030": "blocked",
    }
    assert changed(estate) == expected
    assert judge(estate)["ENR010"].severity.value == "low"


def test_a_scope_of_none_is_a_failure_where_devices_enrol_first(judge):
    result = judge(contoso(intune__mdm=NOBODY, **FIRST))["ENR010"]
    assert (result.outcome.value, result.severity.value) == ("fail", "high")


def test_a_scope_of_all_is_in_order(changed):
    assert changed(contoso(intune__mdm=EVERYBODY)) == {"ENR020": "not applicable", "USR030": "not applicable"}


def test_a_scope_of_some_without_groups_is_nobody(changed):
    estate = contoso(intune__mdm=Scope(groups=()))
    assert changed(estate) == {
        "ENR010": "fail",
        "ENR020": "blocked",
        "ENR060": "blocked",
        "USR020": "blocked",
        "USR030": "blocked",
    }


def test_groups_that_were_not_answered_are_not_assessed(judge):
    found = judge(contoso(intune__mdm=Scope(groups=None)))
    assert found["ENR010"].outcome.value == "not assessed"
    assert found["ENR060"].outcome.value == "not assessed"


def test_an_empty_group_in_the_scope_fails(changed):
    assert changed(contoso(people__pilots=())) == {
        "ENR020": "fail",
        "ENR060": "fail",
        "USR020": "blocked",
        "USR030": "blocked",
    }


def test_a_group_of_disabled_users_counts_as_empty(changed):
    found = changed(contoso(people__pilots=("bob",), people__overrides={"bob": {"accountEnabled": False}}))
    assert found == {"ENR020": "fail", "ENR060": "fail", "USR020": "blocked", "USR030": "blocked"}


def test_a_group_whose_members_were_not_recorded_is_not_assessed(changed):
    found = changed(contoso().unrecorded(f"graph/group-members/{NAMES.pilot_group_id}"))
    assert found == dict.fromkeys(("ENR020", "ENR060", "USR020", "USR030"), "not assessed")


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("url", ["https://mdm.contoso.com/", "", None])
def test_a_url_that_is_not_the_default_fails(changed, judge, name, url):
    estate = contoso(intune__mdm=Scope(urls={name: url}))
    assert changed(estate) == {"ENR030": "fail"}
    assert [finding.subject for finding in judge(estate)["ENR030"].findings] == [name]


def test_the_case_of_a_url_makes_no_difference(changed):
    urls = {name: url.upper() for name, url in URLS.items()}
    assert changed(contoso(intune__mdm=Scope(urls=urls))) == {}


def test_in_another_cloud_only_the_discovery_url_is_documented(judge):
    urls = {"discoveryUrl": "https://enrollment.manage.microsoft.us/enrollmentserver/discovery.svc"}
    government = contoso(design__rollout__cloud="us-government", intune__mdm=Scope(urls=urls))
    assert judge(government)["ENR030"].outcome.value == "not assessed"
    assert judge(contoso(design__rollout__cloud="us-government"))["ENR030"].outcome.value == "fail"
    assert judge(contoso(design__rollout__cloud="china"))["ENR030"].outcome.value == "not applicable"


def test_the_same_group_in_both_scopes_is_a_low_warning(changed, judge):
    estate = contoso(intune__mam=Scope())
    assert changed(estate) == {"ENR040": "fail"}
    result = judge(estate)["ENR040"]
    assert result.severity.value == "low"
    assert result.findings[0].actual[0] == "adele@contoso.com"


def test_users_of_two_groups_are_found(changed, judge):
    estate = contoso(intune__mam=Scope(groups=(NAMES.bootstrap_group_id,)))
    assert changed(estate) == {"ENR040": "fail"}
    assert judge(estate)["ENR040"].findings[0].actual == ("adele@contoso.com", "bob@contoso.com")


def test_groups_without_a_common_user_are_in_order(changed):
    estate = contoso(intune__mam=Scope(groups=(NAMES.licence_group_id,)))
    assert changed(estate) == {}


def test_mam_for_all_meets_everybody_in_the_mdm_scope(changed):
    assert changed(contoso(intune__mam=EVERYBODY)) == {"ENR040": "fail"}
    assert changed(contoso(intune__mam=EVERYBODY, intune__mdm=EVERYBODY)) == {
        "ENR020": "not applicable",
        "ENR040": "fail",
        "USR030": "not applicable",
    }


def test_a_mam_group_of_unknown_members_is_not_assessed(changed):
    estate = contoso(intune__mam=Scope(groups=("33333333-0000-4000-8000-000000000077",)))
    assert changed(estate) == {"ENR040": "not assessed"}


@pytest.mark.parametrize("scope", [NOBODY, Scope()])
def test_intune_enrollment_for_some_is_a_low_warning(changed, judge, scope):
    assert changed(contoso(intune__enrolment=scope)) == {"ENR050": "fail"}
    assert judge(contoso(intune__enrolment=scope))["ENR050"].severity.value == "low"


def test_many_tenants_have_no_intune_enrollment(changed):
    assert changed(contoso(intune__enrolment=None)) == {"ENR050": "not applicable"}


def test_who_gets_the_client_must_be_in_the_scope(changed, judge):
    estate = contoso(people__bootstrap=("adele", "frank"))
    assert changed(estate) == {"ENR060": "fail"}
    assert judge(estate)["ENR060"].findings[0].actual == ("frank@contoso.com",)


def test_where_intune_installs_no_client_there_is_no_group_to_compare(changed):
    found = changed(contoso(intune__app=False))
    assert found["ENR060"] == "not applicable"


def test_a_blocked_platform_fails(changed):
    assert changed(contoso(intune__windows_blocked=True)) == {"ENR070": "fail"}
    assert changed(contoso(intune__windows_blocked=None)) == {"ENR070": "not assessed"}


def test_blocked_personal_devices_do_no_harm(changed):
    assert changed(contoso(intune__personal_blocked=False)) == {}


def test_no_device_is_co_managed(changed):
    only_mdm = (device("PC-0001", 1, "mdm", deviceEnrollmentType="windowsAzureADJoin"),)
    assert changed(contoso(intune__devices=only_mdm)) == {"ENR080": "fail", "ENR090": "not applicable"}


def test_a_device_that_lost_its_client_is_a_low_warning(changed, judge):
    estate = contoso(intune__devices=(device("PC-0001", 1), device("PC-0002", 2, "mdm")))
    assert changed(estate) == {"ENR090": "fail"}
    assert judge(estate)["ENR090"].severity.value == "low"


@pytest.mark.parametrize("agent", ["configurationManagerClientMdm", "configurationManagerClientMdmEas"])
def test_both_kinds_of_co_management_count(changed, agent):
    assert changed(contoso(intune__devices=(device("PC-0001", 1, agent),))) == {}


def test_a_tenant_attached_device_is_not_co_managed(changed):
    attached = (device("PC-0001", 1, "configurationManagerClient", deviceEnrollmentType="unknown"),)
    assert changed(contoso(intune__devices=attached)) == {"ENR080": "fail", "ENR090": "not applicable"}


def test_an_agent_that_was_not_answered_is_not_assessed(changed):
    estate = contoso(intune__devices=(device("PC-0001", 1, None),))
    assert changed(estate) == {"ENR080": "not assessed", "ENR090": "not assessed"}


def test_an_empty_list_of_devices_is_not_assessed(changed):
    """A signed-in account sees the devices of its scope tags only."""
    assert changed(contoso(intune__devices=())) == {"ENR080": "not assessed", "ENR090": "not assessed"}


def test_before_co_management_is_switched_on_no_device_is_asked_for(judge):
    found = judge(contoso(design__rollout__enabled=False, intune__devices=()))
    assert found["ENR080"].outcome.value == found["ENR090"].outcome.value == "not applicable"


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_an_application_may_not_read_the_scopes_and_says_so(changed, absence):
    """The scopes are told to a signed-in account only: never a pass, never a fail."""
    found = changed(getattr(contoso(), absence)("graph/mdm-policies"))
    scopes = ("ENR010", "ENR020", "ENR030", "ENR040", "ENR050", "ENR060", "USR020", "USR030")
    assert found == dict.fromkeys(scopes, "not assessed")
    assert changed(getattr(contoso(), absence)("graph/mam-policies")) == {"ENR040": "not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_devices_nothing_is_said_of_them(changed, absence):
    found = changed(getattr(contoso(), absence)("graph/managed-devices"))
    assert found == {"ENR080": "not assessed", "ENR090": "not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_names_of_groups_their_ids_do(changed, absence):
    assert changed(getattr(contoso(), absence)("graph/groups")) == {}
