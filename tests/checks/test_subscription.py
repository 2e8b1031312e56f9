"""Azure subscription: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from comgmt_audit.recording import Absence, Reason
from tests.lab.estate import contoso, contoso_2018

OTHER = "aaaaaaaa-0000-4000-8000-000000000002"


@pytest.mark.parametrize("state", ["Disabled", "PastDue", "Warned", "Deleted"])
def test_a_subscription_that_is_not_enabled_fails(changed, state):
    assert changed(contoso(azure__state=state)) == {"SUB010": "fail"}


def test_azure_writes_its_values_as_it_likes(changed):
    providers = (
        ("microsoft.compute", "registered"),
        ("microsoft.keyvault", "Registered"),
        ("microsoft.network", "Registered"),
        ("microsoft.storage", "Registered"),
    )
    assert changed(contoso(azure__state="enabled", azure__providers=providers)) == {}


def test_another_subscription_than_the_declared_one_fails(changed):
    resources = [f"AZR{number:03}" for number in range(20, 90, 10)]
    assert changed(contoso(azure__subscription_id=OTHER)) == {"SUB020": "fail", **dict.fromkeys(resources, "blocked")}


@pytest.mark.parametrize("state", ["NotRegistered", "Registering", "Unregistered"])
def test_a_provider_that_is_not_registered_fails(changed, judge, state):
    providers = (*contoso().azure.providers[:3], ("Microsoft.Storage", state))
    assert changed(contoso(azure__providers=providers)) == {"SUB030": "fail"}
    (finding,) = judge(contoso(azure__providers=providers))["SUB030"].findings
    assert finding.subject == "resource provider Microsoft.Storage"


@pytest.mark.parametrize("providers", [(), (("Microsoft.Storage", None),)])
def test_a_provider_that_was_not_told_is_not_assessed(changed, providers):
    known = contoso().azure.providers[:3]
    assert changed(contoso(azure__providers=(*known, *providers))) == {"SUB030": "not assessed"}


def test_a_classic_gateway_needs_none_of_these_providers(changed):
    assert changed(contoso_2018(azure__providers=())) == {}


def test_a_subscription_of_another_tenant_is_advice(changed, judge):
    assert changed(contoso(azure__tenant_id=OTHER)) == {"SUB040": "fail"}
    assert judge(contoso(azure__tenant_id=OTHER))["SUB040"].severity.value == "advice"


def test_a_spending_limit_is_a_warning(changed):
    assert changed(contoso(azure__spending_limit="On")) == {"SUB050": "fail"}
    assert changed(contoso(azure__spending_limit="CurrentPeriodOff")) == {}


def test_what_azure_left_out_is_not_assessed(changed):
    estate = contoso(azure__tenant_id=None, azure__spending_limit=None)
    assert changed(estate) == {"SUB040": "not assessed", "SUB050": "not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_subscription_nothing_is_said(changed, absence):
    estate = getattr(contoso(), absence)("arm/subscription")
    found = changed(estate)
    assert {found[id] for id in ("SUB010", "SUB020", "SUB040", "SUB050")} == {"not assessed"}


def test_a_subscription_that_azure_does_not_find_may_be_hidden(changed):
    """404 SubscriptionNotFound also comes to who may not see it."""
    gone = Absence(reason=Reason.ABSENT, detail="HTTP 404: SubscriptionNotFound", status=404)
    found = changed(contoso(absences={"arm/subscription": gone}))
    assert found["SUB010"] == "not assessed"


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_the_providers_nothing_is_said_of_them(changed, absence):
    assert changed(getattr(contoso(), absence)("arm/providers")) == {"SUB030": "not assessed"}
