"""The CMG's names in Azure before the roll-out, and its resources; further defects are in tests/lab/defects."""

from __future__ import annotations

from typing import Any

import pytest

from comgmt_audit.model import Outcome
from tests.lab.azure_resources import ADDRESS, KEY_VAULT, READER, SCALE_SET, STORAGE, Resource, Resources
from tests.lab.estate import Estate, contoso

OTHER = "/subscriptions/3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11/resourceGroups/rg-other"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


def to_come(**resources: Any) -> Estate:
    """Before the roll-out: by default nothing of the CMG is there, and its names are free."""
    return contoso(
        design__rollout__enabled=False, azure__resources=Resources(**{"listed": (), "addresses": (), **resources})
    )


@pytest.fixture
def names(judge):
    """AZR010's outcome, and the subjects that do not pass."""

    def names(estate: Estate) -> tuple[str, set[str]]:
        found = judge(estate)["AZR010"]
        return found.outcome.value, {one.subject for one in found.findings if one.outcome is not Outcome.PASS}

    return names


def test_free_names_pass(names):
    assert names(to_come()) == ("pass", set())


@pytest.mark.parametrize(
    ("type", "subject"),
    [
        (ADDRESS, "public address contosocmg"),
        (KEY_VAULT, "key vault contosocmg"),
    ],
)
def test_a_name_that_somebody_else_has_fails(names, type, subject):
    assert names(to_come(taken=(type,))) == ("fail", {subject})


@pytest.mark.parametrize(("content", "outcome"), [("on", "fail"), ("unknown", "not assessed"), ("off", "pass")])
def test_a_storage_account_counts_where_content_is_served(names, content, outcome):
    estate = to_come(taken=(STORAGE,)).with_(design__gateway__serves_content=content)
    assert names(estate)[0] == outcome


def test_names_that_the_gateway_has_already_pass(names):
    whole = Resources()
    assert names(to_come(listed=whole.listed, addresses=whole.addresses)) == ("pass", set())


def test_a_taken_name_may_be_ours_where_the_scanner_is_shown_a_part(names):
    assert names(to_come(taken=(KEY_VAULT,), roles=((READER, OTHER),))) == ("not assessed", {"key vault contosocmg"})


def test_a_name_of_which_azure_says_nothing_is_not_assessed(names):
    assert names(to_come(unsaid=(KEY_VAULT,))) == ("not assessed", {"key vault contosocmg"})


def test_names_that_could_not_be_asked_for_are_not_assessed(names):
    assert names(to_come().refusing("arm/name-availability"))[0] == "not assessed"


@pytest.mark.parametrize(
    "scope",
    ["", "/", "/providers/Microsoft.Management/managementGroups/contoso"],
    ids=["subscription", "root", "group"],
)
@pytest.mark.parametrize("role", [READER, CONTRIBUTOR.upper()])
def test_a_role_on_the_whole_subscription_proves_what_is_absent(judge, role, scope):
    found = judge(contoso(azure__resources=Resources(listed=(), addresses=(), roles=((role, scope),))))
    assert found["AZR020"].outcome is Outcome.FAIL


def test_an_address_of_another_name_is_not_the_gateways(changed):
    other = Resource(type=ADDRESS, fqdn="contosocmg.northeurope.cloudapp.azure.com")
    found = changed(contoso(azure__resources__addresses=(other,)))
    assert found["AZR020"] == "fail"


def test_names_are_compared_without_regard_to_case(changed):
    shouted = Resources().having(SCALE_SET, group="RG-CONTOSO-CMG", location="WestEurope")
    address = Resource(type=ADDRESS, fqdn="ContosoCMG.WestEurope.CloudApp.Azure.com")
    estate = contoso(azure__resources__listed=shouted, azure__resources__addresses=(address,))
    assert changed(estate) == {}


def test_without_a_deployment_name_nothing_is_looked_up(judge):
    found = judge(contoso(design__gateway__deployment_name=""))
    for id in ("AZR020", "AZR030"):
        assert found[id].outcome is Outcome.NOT_ASSESSED
    assert all(found[id].outcome is not Outcome.PASS for id in ("AZR040", "AZR050", "AZR060", "AZR070"))


def test_without_a_declared_region_none_is_compared(judge):
    assert judge(contoso(design__gateway__region=""))["AZR050"].outcome is Outcome.NOT_APPLICABLE


def test_before_the_roll_out_nothing_needs_to_be_there(judge):
    found = judge(to_come())
    later = [id for id in found if id.startswith("AZR") and id not in {"AZR010", "AZR080"}]
    assert {found[id].outcome for id in later} == {Outcome.NOT_APPLICABLE}
