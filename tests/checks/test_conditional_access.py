"""Conditional Access policies that block enrolment, and those that only look as if they did."""

from __future__ import annotations

import pytest

from tests.lab.conditional_access import INTUNE_ENROLMENT, healthy, policy
from tests.lab.estate import contoso
from tests.lab.names import Names

SERVER = Names().server_app_id


def with_policy(row):
    return contoso(tenant__access_policies=(*healthy(SERVER), row))


@pytest.mark.parametrize(
    "row",
    [
        policy("Compliant", "compliantDevice", excluded=(SERVER,)),
        policy("Enrolment is free", "block", excluded=(SERVER, INTUNE_ENROLMENT.upper())),
        policy("Off", "block", state="disabled", excluded=(SERVER,)),
        policy("Report only", "block", state="enabledForReportingButNotEnforced", excluded=(SERVER,)),
        policy("Legacy", "block", clients=("exchangeActiveSync", "other")),
        policy("Some users", "block", users=("22222222-0000-4000-8000-000000000001",), excluded=(SERVER,)),
        policy("Other app", "block", applications=("00000002-0000-0ff1-ce00-000000000000",)),
        policy("Abroad", "block", excluded=(SERVER,), locations={"includeLocations": ["All"]}),
        policy("Device code", "block", excluded=(SERVER,), authenticationFlows={"transferMethods": "deviceCodeFlow"}),
        policy("Risk", "block", excluded=(SERVER,), signInRiskLevels=["high"]),
        policy("Phones", "block", excluded=(SERVER,), platforms={"includePlatforms": ["iOS", "android"]}),
        policy(
            "Not Windows",
            "block",
            excluded=(SERVER,),
            platforms={"includePlatforms": ["all"], "excludePlatforms": ["windows"]},
        ),
        policy("No controls", excluded=(SERVER,)),
        policy("Strength only", excluded=(SERVER,)) | {"grantControls": {"operator": "OR", "builtInControls": []}},
    ],
    ids=lambda row: row["displayName"],
)
def test_a_policy_that_lets_devices_enrol_passes(changed, row):
    assert changed(with_policy(row)) == {}


@pytest.mark.parametrize(
    "row",
    [
        policy(
            "Windows", "block", excluded=(SERVER,), platforms={"includePlatforms": ["windows"], "excludePlatforms": []}
        ),
        policy("Browsers", "block", excluded=(SERVER,), clients=("browser",)),
        policy("Case", "block", applications=(INTUNE_ENROLMENT.upper(),)),
        policy("Empty conditions", "block", excluded=(SERVER,), locations={"includeLocations": []}, devices=None),
    ],
    ids=lambda row: row["displayName"],
)
def test_a_policy_that_blocks_windows_for_all_fails(changed, row):
    assert changed(with_policy(row)) == {"ENR100": "fail"}


def test_a_state_that_nobody_knows_is_not_assessed(changed):
    row = policy("New", "block", state="unknownFutureValue", excluded=(SERVER,))
    assert changed(with_policy(row)) == {"ENR100": "not assessed"}


def test_conditions_of_another_shape_are_not_assessed(changed):
    row = policy("Odd", "block") | {"conditions": {"applications": "All"}}
    assert changed(with_policy(row)) == {"ENR100": "not assessed", "APP140": "not assessed"}


def test_redirects_that_were_not_answered_are_not_assessed(changed):
    assert changed(contoso(entra_apps__web_redirects=None)) == {"APP130": "not assessed"}


@pytest.mark.parametrize("uri", ["http://localhost/", "HTTP://LOCALHOST"])
def test_case_and_slash_of_the_redirect_do_not_matter(changed, uri):
    assert changed(contoso(entra_apps__web_redirects=("https://x.example", uri))) == {}


@pytest.mark.parametrize("name", ["contoso.com", "CONTOSO.com", "contoso.onmicrosoft.com"])
def test_declared_domains_and_those_of_microsoft_need_nothing(changed, name):
    estate = contoso(people__overrides={"bob": {"userPrincipalName": f"bob@{name}", "onPremisesSyncEnabled": None}})
    assert changed(estate) == {}


def test_a_domain_of_guests_and_leavers_needs_nothing(changed):
    overrides = {"bob": {"userPrincipalName": "bob@fabrikam.com", "accountEnabled": False}}
    found = changed(contoso(tenant__more_domains=("fabrikam.com",), people__overrides=overrides))
    assert "DNS100" not in found
