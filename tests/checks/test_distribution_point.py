"""Cloud distribution point: each case changes one thing in Contoso as the tutorial leaves it, or of today."""

from __future__ import annotations

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso, contoso_2018

OTHER = "00000000-0000-4000-8000-000000000099"
AFTER_EXISTENCE = [f"CDP{number:03}" for number in range(30, 101, 10)]


def test_a_wanted_distribution_point_that_is_not_there_fails(changed):
    expected = {"CDP010": "fail", **dict.fromkeys(AFTER_EXISTENCE, "blocked")}
    assert changed(contoso_2018(site__distribution_point=None)) == expected


def test_one_that_thin_rights_hide_is_not_assessed(changed):
    estate = contoso_2018(site__distribution_point=None, site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, **dict.fromkeys(["CDP010", *AFTER_EXISTENCE], "not assessed")}


@pytest.mark.parametrize(
    ("change", "value", "id"),
    [
        ("state", 6, "CDP030"),
        ("subscription_id", OTHER, "CDP060"),
        ("region", "North Europe", "CDP080"),
        ("thumbprint", "AB" * 20, "CDP090"),
        ("service_name", "cdp2.contoso.com", "CDP100"),
    ],
)
def test_each_column_is_compared_with_the_design(changed, change, value, id):
    assert changed(contoso_2018(**{f"site__distribution_point__{change}": value})) == {id: "fail"}


def test_another_cloud_fails(changed):
    estate = contoso_2018(site__distribution_point__deployment_name="testintunecdp.usgovcloudapp.net")
    assert changed(estate) == {"CDP040": "fail", "CDP100": "fail"}


def test_another_management_certificate_fails(changed):
    estate = contoso_2018(site__management_thumbprint="AB" * 20)
    assert changed(estate) == {"CDP070": "fail", "CMG140": "fail"}


def test_a_management_certificate_of_which_nothing_is_said_is_not_assessed(changed):
    estate = contoso_2018(site__management_thumbprint=None)
    assert changed(estate) == {"CDP070": "not assessed", "CMG140": "not assessed"}


def test_a_scale_set_is_not_what_the_tutorial_makes(judge):
    estate = contoso_2018(site__distribution_point__deployment_name="testintunecdp.westeurope.cloudapp.azure.com")
    assert judge(estate)["CDP050"].outcome == "fail"


def test_a_separate_distribution_point_is_retired_today(changed):
    assert changed(contoso(site__old_distribution_point=True)) == {"CDP020": "fail"}


def test_no_site_role_is_asked_for_where_the_gateway_serves_content(judge):
    # field.md part 4, trap 13
    estate = contoso(design__rollout__cloud_only_devices=True, design__gateway__serves_content="on")
    assert judge(estate)["CDP110"].outcome == "pass"


@pytest.mark.parametrize(("said", "outcome"), [("off", "fail"), ("unknown", "not assessed")])
def test_content_is_not_taken_for_granted(judge, said, outcome):
    estate = contoso(design__rollout__cloud_only_devices=True, design__gateway__serves_content=said)
    assert judge(estate)["CDP110"].outcome == outcome


def test_a_ready_distribution_point_serves_content(judge):
    assert judge(contoso_2018(design__rollout__cloud_only_devices=True))["CDP110"].outcome == "pass"


def test_nothing_serves_content_where_there_is_neither(judge):
    estate = contoso(design__rollout__cloud_only_devices=True, site__gateway=None)
    assert judge(estate)["CDP110"].outcome == "fail"


def test_a_request_without_answer_is_not_assessed(judge):
    results = judge(contoso_2018().refusing("site/SMS_AzureService"))
    assert {results[id].outcome.value for id in ["CDP010", *AFTER_EXISTENCE]} == {"not assessed"}
