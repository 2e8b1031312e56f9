"""Cloud management gateway: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso, contoso_2018

OTHER = "00000000-0000-4000-8000-000000000099"
AFTER_EXISTENCE = [*(f"CMG{number:03}" for number in range(20, 121, 10)), "TLS020"]


def test_no_gateway_fails_and_blocks_the_rest(changed):
    blocked = [*AFTER_EXISTENCE, "MPT070", "MPT080", "LOG040", "DNS080", "BOO060"]
    assert changed(contoso(site__gateway=None)) == {"CMG010": "fail", **dict.fromkeys(blocked, "blocked")}


def test_a_gateway_that_thin_rights_hide_is_not_assessed(changed):
    estate = contoso(site__gateway=None, site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, **dict.fromkeys(["CMG010", "LOG080", *AFTER_EXISTENCE], "not assessed")}


def test_another_gateway_than_the_declared_one_fails(judge):
    estate = contoso(
        design__gateway__service_name="other.contoso.com", design__gateway__deployment_name="other.cloudapp.azure.com"
    )
    assert judge(estate)["CMG010"].outcome == "fail"


def test_names_differ_in_case_only(changed):
    assert changed(contoso(site__gateway__service_name="CMG.Contoso.COM")) == {}


@pytest.mark.parametrize(("state", "outcome"), [(1, "fail"), (6, "fail"), ("6", "fail"), (3, "not assessed")])
def test_only_ready_is_ready(changed, state, outcome):
    resting = {"LOG040": "blocked"} if outcome == "fail" else {}
    assert changed(contoso(site__gateway__state=state)) == {"CMG020": outcome, **resting}


def test_a_state_of_which_nothing_is_said_is_not_assessed(changed):
    assert changed(contoso(site__gateway__state=None)) == {"CMG020": "not assessed"}


def test_a_gateway_of_an_unread_site_is_not_assessed(changed):
    assert changed(contoso(site__gateway__site_code="XYZ")) == {"CMG030": "not assessed"}


def test_a_gateway_of_another_cloud_fails(judge):
    results = judge(contoso(site__gateway__deployment_name="contosocmg.usgovarizona.cloudapp.usgovcloudapi.net"))
    assert results["CMG040"].outcome == "fail"
    assert results["CMG050"].outcome == "pass"


def test_a_gateway_of_the_us_government_is_in_order_there(judge):
    # F109: the suffixes belong to the cloud of the design.
    name = "contosocmg.usgovarizona.cloudapp.usgovcloudapi.net"
    estate = contoso(
        site__gateway__deployment_name=name,
        design__gateway__deployment_name=name,
        design__rollout__cloud="us-government",
    )
    results = judge(estate)
    assert {results[f"CMG{number:03}"].outcome.value for number in (10, 40, 50, 60, 100, 130)} == {"pass"}


def test_a_cloud_without_gateways_is_not_assessed(judge):
    assert judge(contoso(design__rollout__cloud="china"))["CMG040"].outcome == "not assessed"


def test_a_classic_deployment_is_retired_today(changed):
    outcomes = changed(contoso(site__gateway__deployment_name="contosocmg.cloudapp.net"))
    assert outcomes == {"CMG050": "fail", "CMG060": "blocked", "CMG100": "fail"}


def test_a_classic_deployment_is_what_the_tutorial_makes(healthy):
    assert healthy["tutorial-2018"]["CMG050"].outcome == "pass"


def test_another_model_than_declared_fails(judge):
    results = judge(contoso_2018(design__gateway__deployment="scale-set"))
    assert (results["CMG060"].outcome, results["CMG140"].outcome) == ("fail", "not applicable")


def test_a_name_without_known_suffix_is_not_assessed(changed):
    outcomes = changed(contoso(site__gateway__deployment_name="contosocmg.contoso.com"))
    assert outcomes == {"CMG040": "fail", "CMG050": "not assessed", "CMG060": "not assessed", "CMG100": "fail"}


def test_another_subscription_fails(changed):
    assert changed(contoso(site__gateway__subscription_id=OTHER)) == {"CMG070": "fail"}


def test_another_region_fails(changed):
    assert changed(contoso(site__gateway__region="North Europe")) == {"CMG080": "fail"}


def test_a_region_is_compared_without_blanks(changed):
    assert changed(contoso(site__gateway__region="westeurope")) == {}


def test_another_certificate_than_the_filed_one_fails(changed):
    assert changed(contoso(site__gateway__thumbprint="AB" * 20)) == {"CMG090": "fail", "TLS020": "fail"}


def test_a_certificate_file_that_was_not_read_is_not_assessed(judge):
    estate = contoso().unrecorded("certificate-file/configmgrcloudmgserver.pfx")
    assert judge(estate)["CMG090"].outcome == "not assessed"


def test_another_service_name_fails(changed):
    assert changed(contoso(site__gateway__service_name="cmg2.contoso.com")) == {"CMG100": "fail"}


@pytest.mark.parametrize(
    ("instances", "expected"), [(0, {"CMG110": "fail", "CMG120": "blocked"}), (1, {"CMG120": "fail"}), ("16", {})]
)
def test_instances_are_counted(changed, instances, expected):
    assert changed(contoso(site__gateway__instances=instances)) == expected


def test_one_instance_is_advice_only(judge):
    assert judge(contoso(site__gateway__instances=1))["CMG120"].severity == "advice"


def test_instances_of_which_nothing_is_said_are_not_assessed(changed):
    expected = {"CMG110": "not assessed", "CMG120": "not assessed"}
    assert changed(contoso(site__gateway__instances=None)) == expected


@pytest.mark.parametrize("name", ["ab", "1cmg", "cmg-", "c--mg", "cmg_x", "a" * 25])
def test_names_that_azure_refuses_fail(judge, name):
    estate = contoso(design__gateway__deployment_name=f"{name}.westeurope.cloudapp.azure.com")
    assert judge(estate)["CMG130"].outcome == "fail"


@pytest.mark.parametrize("name", ["abc", "contoso-cmg1", "a" * 24, "ContosoCMG"])
def test_names_that_azure_takes_pass(judge, name):
    estate = contoso(design__gateway__deployment_name=f"{name}.westeurope.cloudapp.azure.com")
    assert judge(estate)["CMG130"].outcome == "pass"


def test_what_the_design_does_not_say_does_not_apply(judge):
    estate = contoso(
        design__rollout__subscription_id="", design__gateway__region="", design__gateway__deployment_name=""
    )
    results = judge(estate)
    assert {results[id].outcome.value for id in ("CMG070", "CMG080", "CMG130")} == {"not applicable"}
    assert results["CMG010"].outcome == "pass"


def test_a_request_without_answer_is_not_assessed(changed):
    expected = dict.fromkeys(["CDP020", "CMG010", "LOG080", *AFTER_EXISTENCE], "not assessed")
    assert changed(contoso().refusing("site/SMS_AzureService")) == expected
    assert changed(contoso().unreachable("site/SMS_AzureService")) == expected


def test_a_blank_around_the_declared_name_does_not_matter(changed):
    assert changed(contoso(design__gateway__deployment_name=" contosocmg.westeurope.cloudapp.azure.com")) == {}
