"""Co-management: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import Estate, contoso
from tests.lab.site_clients import INTUNE_POLICIES, Device

OTHER = "00000000-0000-4000-8000-000000000099"
RULES = ("COM030", "COM050", "COM060", "COM070")


def device(**changes: Any) -> Estate:
    """Contoso with this one device in the pilot."""
    return contoso(site__devices=(Device(**changes),))


def test_co_management_that_is_not_enabled_fails_and_blocks_the_rest(changed):
    ids = [*(f"COM{number:03}" for number in range(20, 90, 10)), "ENR080", "ENR090"]
    blocked = dict.fromkeys(ids, "blocked")
    assert changed(contoso(site__co_management=False)) == {"COM010": "fail", **blocked}


def test_before_the_switch_it_is_a_reminder(judge):
    results = judge(contoso(site__co_management=False, design__rollout__enabled=False))
    assert (results["COM010"].outcome, results["COM010"].severity) == ("fail", "advice")


def test_co_management_that_thin_rights_hide_is_not_assessed(changed):
    ids = [f"COM{number:03}" for number in range(10, 80, 10)]
    estate = contoso(site__co_management=False, site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, **dict.fromkeys(ids, "not assessed")}


def test_another_tenant_fails(judge):
    assert judge(contoso(site__tenant_ids=(OTHER,)))["COM020"].outcome == "fail"


@pytest.mark.parametrize("enrolment", ["all", "none"])
def test_another_enrolment_than_declared_fails(changed, enrolment):
    assert changed(contoso(site__enrolment=enrolment)) == {"COM030": "fail", "COM040": "blocked"}


def test_enrolment_of_all_is_in_order_where_it_is_declared(judge):
    results = judge(contoso(site__enrolment="all", design__rollout__automatic_enrolment="all"))
    assert results["COM030"].outcome == "pass"
    assert results["COM040"].outcome == "not applicable"


def test_rules_that_a_list_read_left_out_are_not_assessed(changed):
    assert changed(contoso(site__policy_xml=None)) == dict.fromkeys(RULES, "not assessed")


@pytest.mark.parametrize("xml", ["<not", "<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>"])
def test_rules_that_are_not_xml_are_not_assessed(judge, xml):
    results = judge(contoso(site__policy_xml=xml))
    assert {results[id].outcome.value for id in RULES} == {"not assessed"}


def test_a_pilot_without_collection_fails(changed):
    assert changed(contoso(site__enrolment_deployed=False)) == {"COM040": "fail"}


def test_deployments_that_thin_rights_hide_are_not_assessed(changed):
    hidden = contoso(site__full_access=False)
    assert changed(hidden.with_(site__enrolment_deployed=False)) == {**THIN_RIGHTS, "COM040": "not assessed"}
    assert changed(hidden.with_(site__pilot_workloads_deployed=False)) == THIN_RIGHTS


def test_a_pilot_without_members_fails(changed):
    outcomes = changed(contoso(site__pilot_members=0))
    assert outcomes == {"COM040": "fail", "COM060": "fail", "CLS050": "fail"}


def test_a_pilot_whose_members_nobody_counted_is_not_assessed(changed):
    outcomes = changed(contoso(site__pilot_members=None))
    assert outcomes == dict.fromkeys(("COM040", "COM060", "CLS050"), "not assessed")


def test_another_pilot_collection_than_declared_fails(changed):
    assert changed(contoso(design__clients__pilot_collection="Everybody")) == {"COM040": "fail"}


def test_a_pilot_collection_may_be_declared_by_its_id(judge):
    assert judge(contoso(design__clients__pilot_collection="ps100021"))["COM040"].outcome == "pass"


def test_a_switched_workload_with_nothing_in_intune_fails(changed):
    # F96
    policies = {**INTUNE_POLICIES, "compliance": 0}
    assert changed(contoso(site__intune_policies=policies)) == {"COM050": "fail"}


def test_each_switched_workload_is_one_finding(judge):
    # 1 + compliance 2 + device configuration 8 + Windows Update 16 + endpoint protection 32
    empty = dict.fromkeys(INTUNE_POLICIES, 0)
    result = judge(contoso(site__workload_flags=59, site__intune_policies=empty))["COM050"]
    assert [finding.subject for finding in result.findings] == [
        "workload compliance",
        "workload device-configuration",
        "workload windows-update",
        "workload endpoint-protection",
    ]


def test_a_workload_that_is_not_switched_needs_nothing_in_intune(changed):
    policies = {**INTUNE_POLICIES, "office": 0, "client-apps": None}
    assert changed(contoso(site__intune_policies=policies)) == {}


def test_a_switched_workload_that_was_not_counted_is_not_assessed(changed):
    for policies in ({**INTUNE_POLICIES, "compliance": None}, {"office": 1}):
        assert changed(contoso(site__intune_policies=policies)) == {"COM050": "not assessed"}


def test_no_switched_workload_does_not_apply(changed):
    expected = {"COM050": "not applicable", "COM060": "not applicable"}
    assert changed(contoso(site__pilot_workloads=())) == expected


def test_resource_access_is_no_workload_any_more(changed):
    assert changed(contoso(site__workload_flags=5, site__pilot_workloads=("CP", "RAP"))) == {}


def test_bits_of_unknown_meaning_are_not_assessed(changed):
    assert changed(contoso(site__workload_flags="8193")) == {"COM070": "not assessed"}


def test_a_workload_in_pilot_without_collection_fails(changed):
    assert changed(contoso(site__pilot_workloads_deployed=False)) == {"COM060": "fail"}


@pytest.mark.parametrize("flag", [True, "1", "True"])
def test_flags_of_devices_come_in_every_spelling(changed, flag):
    assert changed(device(enrolled=flag, provisioned=flag, policy_present=flag)) == {}


@pytest.mark.parametrize("column", ["enrolled", "provisioned"])
def test_a_device_that_is_not_co_managed_fails(changed, column):
    assert changed(device(**{column: 0})) == {"COM080": "fail"}


@pytest.mark.parametrize("code", [2149056555, -2145910741])
def test_a_failed_enrolment_names_its_code(judge, code):
    result = judge(device(enrolled=0, policy_present=0, status_code=code))["COM080"]
    assert result.outcome == "fail"
    assert "0x8018002b" in str(result.findings[0].actual)


@pytest.mark.parametrize(
    "changes",
    [
        {"enrolled": 0, "policy_present": 0},
        {"enrolled": None},
        {"enrolled": 0, "status_code": 0},
        {"reported": False},
    ],
    ids=["policy not there yet", "unknown", "under way", "never reported"],
)
def test_a_pending_device_is_neither_failure_nor_pass(changed, changes):
    assert changed(device(**changes)) == {"COM080": "not assessed"}


def test_one_failed_device_is_one_finding(judge):
    result = judge(contoso(site__devices=(Device(), Device(number=1, name="PC002", enrolled=0))))["COM080"]
    assert (result.passed, [finding.subject for finding in result.findings]) == (1, ["device PC002"])


def test_without_members_only_targeted_devices_count(judge):
    server = Device(number=1, name="SRV", enrolled=0, provisioned=0, policy_present=0)
    result = judge(contoso(site__members_recorded=False, site__devices=(Device(), server)))["COM080"]
    assert (result.outcome, result.passed) == ("pass", 1)


def test_no_device_at_all_is_not_assessed(changed):
    none = contoso(site__devices=(), site__members_recorded=False)
    assert changed(none) == {"COM080": "not assessed", "USR010": "not applicable", "USR020": "not applicable"}
    assert changed(none.with_(site__full_access=False)) == {
        **THIN_RIGHTS,
        "COM080": "not assessed",
        "USR010": "not assessed",
        "USR020": "not assessed",
    }


def test_before_the_switch_devices_do_not_matter(judge):
    results = judge(contoso(site__devices=(Device(enrolled=0),), design__rollout__enabled=False))
    assert results["COM080"].outcome == "not applicable"


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        ("site/SMS_ConfigurationPolicy", [f"COM{number:03}" for number in range(10, 80, 10)]),
        ("site/SMS_ConfigurationPolicyAssignment", [f"COM{number:03}" for number in range(10, 80, 10)]),
        ("site/SMS_Collection", ("COM040", "COM060", "CLS050")),
        ("site/SMS_Client_ComanagementState", ("COM080",)),
        ("graph/workload-policies", ("COM050",)),
    ],
)
def test_refused_requests_are_not_assessed(changed, observation, ids):
    assert changed(contoso().refusing(observation)) == dict.fromkeys(ids, "not assessed")
