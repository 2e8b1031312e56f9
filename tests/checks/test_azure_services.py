"""Azure services: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso

OTHER = "00000000-0000-4000-8000-000000000099"


def test_no_azure_service_fails(changed):
    assert changed(contoso(site__azure_services=())) == {
        "AZS010": "fail",
        **dict.fromkeys(("AZS050", "LOG010", "LOG020"), "blocked"),
    }


def test_cloud_attach_alone_is_not_assessed(changed):
    assert changed(contoso(site__azure_services=(5,))) == {"AZS010": "not assessed"}
    assert changed(contoso(site__azure_services=("5",))) == {"AZS010": "not assessed"}


def test_cloud_management_alone_is_in_order(changed):
    assert changed(contoso(site__azure_services=(1,))) == {}


def test_another_tenant_fails_and_blocks_its_apps(changed):
    # COM020: devices would enrol into it. APP110: the apps in Entra and those of the site have no tenant in common.
    assert changed(contoso(site__tenant_ids=(OTHER,))) == {
        "AZS020": "fail",
        "AZS030": "blocked",
        "AZS040": "blocked",
        "COM020": "fail",
        "APP110": "not assessed",
    }


def test_no_tenant_that_thin_rights_hide_is_not_assessed(changed):
    ids = ("AZS020", "AZS030", "AZS040", "COM020", "APP110", "APP120")
    estate = contoso(site__tenant_ids=(), site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, **dict.fromkeys(ids, "not assessed")}


def test_a_second_tenant_fails(changed):
    # F106
    assert changed(contoso(site__tenant_ids=("", OTHER))) == {"AZS030": "fail"}


def test_any_tenant_will_do_where_none_is_declared(judge):
    assert judge(contoso(design__rollout__tenant_id="", site__tenant_ids=(OTHER,)))["AZS020"].outcome == "pass"


@pytest.mark.parametrize("app", ["server_app", "client_app"])
def test_a_missing_app_fails(changed, app):
    # APP120: the app in Entra is none that the site knows.
    assert changed(contoso(**{f"site__{app}": False})) == {"AZS040": "fail", "APP120": "fail"}


def test_apps_that_thin_rights_hide_are_not_assessed(judge):
    assert judge(contoso(site__client_app=False, site__full_access=False))["AZS040"].outcome == "not assessed"


def test_a_declared_app_that_the_site_does_not_know_fails(judge):
    names = contoso().names
    apps = {"server_app_id": names.server_app_id, "client_app_id": OTHER}
    assert judge(contoso(design__apps=apps))["AZS040"].outcome == "fail"
    apps = {"server_app_id": names.server_app_id.upper(), "client_app_id": names.client_app_id}
    assert judge(contoso(design__apps=apps))["AZS040"].outcome == "pass"


def test_apps_that_cannot_be_told_apart_are_not_assessed(changed):
    assert changed(contoso(site__app_uris=False)) == {"AZS040": "not assessed"}


@pytest.mark.parametrize(("state", "status"), [(0, 0), (2, 0), (1, 2)])
def test_a_discovery_that_does_not_run_fails(changed, state, status):
    estate = contoso(site__discovery_state=state, site__discovery_status=status)
    assert changed(estate) == {"AZS050": "fail"}


def test_a_discovery_with_warnings_runs(changed):
    assert changed(contoso(site__discovery_status=1)) == {}


def test_a_scheduled_discovery_that_is_stopped_is_not_assessed(changed):
    assert changed(contoso(site__discovery_state=0, site__discovery_starts=1)) == {"AZS050": "not assessed"}


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        ("site/SMS_Azure_CloudService", ("AZS010",)),
        ("site/SMS_AAD_Tenant_Ex", ("AZS020", "AZS030", "AZS040", "COM020", "APP110", "APP120")),
        ("site/SMS_AAD_Application_Ex", ("AZS040", "APP110", "APP120")),
    ],
)
def test_refused_requests_are_not_assessed(changed, observation, ids):
    assert changed(contoso().refusing(observation)) == dict.fromkeys(ids, "not assessed")
