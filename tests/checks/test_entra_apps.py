"""Entra applications: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Judge
from tests.lab.entra_apps import READ_DIRECTORY, application
from tests.lab.estate import Estate, contoso, contoso_2018

OTHER = "aaaaaaaa-0000-4000-8000-000000000003"
READ_WRITE_DIRECTORY = "19dbc75e-c2e2-444c-a770-ec69d8559fc7"
NAMES = contoso().names


def declared(**changes: Any) -> Estate:
    """Contoso that names its applications itself."""
    apps = {"server_app_id": NAMES.server_app_id.upper(), "client_app_id": NAMES.client_app_id}
    return contoso(design__apps=apps, **changes)


def outcomes(judge: Judge, estate: Estate) -> dict[str, str]:
    return {id: result.outcome.value for id, result in judge(estate).items() if id.startswith("APP")}


def test_a_server_app_that_was_deleted_fails_once(changed):
    found = changed(contoso(entra_apps__server=False, entra_apps__server_principal=None))
    blocked = dict.fromkeys(("APP030", "APP040", "APP050", "APP070", "APP080", "APP090", "APP100"), "blocked")
    blocked |= {"APP130": "blocked", "APP140": "blocked"}
    assert found == {"APP010": "fail", "APP110": "fail", **blocked}


def test_a_client_app_that_was_deleted_fails_once(changed):
    found = changed(contoso(entra_apps__client=False, entra_apps__client_principal=None))
    blocked = dict.fromkeys(("APP060", "APP070", "APP080", "APP090"), "blocked")
    assert found == {"APP020": "fail", "APP110": "fail", **blocked}


def test_without_the_server_app_the_uri_of_a_command_line_cannot_be_compared(changed):
    found = changed(contoso_2018(entra_apps__server=False, entra_apps__server_principal=None))
    assert found["BOO070"] == "not assessed"


def test_an_application_of_another_tenant_is_there_but_cannot_be_looked_into(changed):
    """Only its service principal is in this tenant: secrets, URI and redirects are elsewhere."""
    found = changed(contoso(entra_apps__server=False))
    assert found == dict.fromkeys(("APP030", "APP040", "APP050", "APP100", "APP130"), "not assessed")
    assert changed(contoso(entra_apps__client=False)) == {"APP060": "not assessed"}


def test_a_server_app_without_a_uri_fails(changed):
    found = changed(contoso(entra_apps__uris=()))
    assert found == {"APP030": "fail", "APP040": "blocked", "APP050": "blocked", "APP110": "fail"}


@pytest.mark.parametrize("uri", ["https://ConfigMgrService", "https://configmgrservice/"])
def test_the_old_form_of_the_uri_is_advice_only(changed, judge, uri):
    """URIs from before October 2021 stay valid."""
    estate = contoso(entra_apps__uris=(uri, NAMES.app_id_uri))
    assert changed(estate) == {}
    found = judge(contoso(entra_apps__uris=(uri,)))
    assert (found["APP050"].outcome.value, found["APP050"].severity.value) == ("fail", "advice")
    assert found["APP030"].outcome.value == found["APP040"].outcome.value == "pass"


@pytest.mark.parametrize("uri", ["https://contoso.com/cm", "https://cm.contoso.com", "api://7078946d"])
def test_a_uri_need_not_be_the_default(judge, uri):
    assert judge(contoso(entra_apps__uris=(uri,)))["APP050"].outcome.value == "pass"


@pytest.mark.parametrize("uri", ["https://evilcontoso.com/cm", "https://contoso.com.evil.example/cm"])
def test_a_domain_that_merely_looks_verified_is_none(judge, uri):
    assert judge(contoso(entra_apps__uris=(uri,)))["APP050"].outcome.value == "fail"


def test_a_uri_that_two_applications_have_fails(changed, judge):
    twin = application(OTHER, "Second site", uris=(NAMES.app_id_uri.upper() + "/",))
    assert changed(contoso(entra_apps__others=(twin,))) == {"APP040": "fail"}
    (finding,) = judge(contoso(entra_apps__others=(twin,)))["APP040"].findings
    assert finding.actual == (f"application Second site ({OTHER})",)


@pytest.mark.parametrize(
    "redirects",
    [(), ("http://localhost",), (f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{NAMES.server_app_id}",)],
    ids=["none", "another", "of the server app"],
)
def test_a_client_app_without_the_brokers_redirect_fails(changed, redirects):
    assert changed(contoso(entra_apps__redirects=redirects)) == {"APP060": "fail"}


def test_the_redirect_may_be_written_in_capitals(changed):
    redirect = f"MS-APPX-WEB://Microsoft.AAD.BrokerPlugin/{NAMES.client_app_id.upper()}"
    assert changed(contoso(entra_apps__redirects=(redirect,))) == {}


@pytest.mark.parametrize("which", ["server_principal", "client_principal"])
def test_an_application_that_may_not_sign_in_fails(changed, which):
    found = changed(contoso(**{f"entra_apps__{which}": False}))
    assert found == {"APP070": "fail", "APP080": "blocked", "APP090": "blocked"}


@pytest.mark.parametrize("which", ["server_principal", "client_principal"])
def test_an_application_without_a_service_principal_fails(changed, which):
    found = changed(contoso(**{f"entra_apps__{which}": None}))
    assert found == {"APP070": "fail", "APP080": "blocked", "APP090": "blocked"}


@pytest.mark.parametrize(
    "grants",
    [(), (("Principal", "user_impersonation"),), (("AllPrincipals", "user_impersonation_all User.Read"),)],
    ids=["none", "one user only", "another scope"],
)
def test_a_client_app_without_consent_for_all_fails(changed, grants):
    """The slip of the tutorial: the server app is granted twice, the client app never."""
    assert changed(contoso(entra_apps__grants=grants)) == {"APP080": "fail"}


@pytest.mark.parametrize("roles", [(), ("df021288-bdef-4463-88db-98f22de89214",)], ids=["none", "User.Read.All"])
def test_a_server_app_that_may_not_read_the_directory_fails(changed, roles):
    assert changed(contoso(entra_apps__roles=roles)) == {"APP090": "fail"}


@pytest.mark.parametrize("role", [READ_DIRECTORY.upper(), READ_WRITE_DIRECTORY])
def test_more_than_reading_is_enough(changed, role):
    assert changed(contoso(entra_apps__roles=(role,))) == {}


@pytest.mark.parametrize(("secrets", "severity"), [((30.0,), "high"), ((-1.0,), "critical"), ((), "critical")])
def test_a_secret_that_ends_fails(changed, judge, secrets, severity):
    estate = contoso(entra_apps__secrets=secrets)
    assert changed(estate) == {"APP100": "fail"}
    assert judge(estate)["APP100"].severity.value == severity


def test_an_old_secret_beside_a_good_one_is_in_order(changed):
    assert changed(contoso(entra_apps__secrets=(-10.0, 300.0))) == {}


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59.9999999Z", "2124-01-01T00:00:00Z"])
def test_a_secret_that_never_ends_is_in_order(changed, never):
    assert changed(contoso(entra_apps__secrets=(never,))) == {}


def test_the_horizon_is_declared(changed):
    assert changed(contoso(entra_apps__secrets=(30.0,), design__horizons={"secret_days": 14})) == {}


def test_a_secret_without_an_end_is_not_assessed(changed):
    found = changed(contoso(entra_apps__secrets=("soon",)))
    assert found["APP100"] == "not assessed"


def test_declared_applications_in_capitals_are_the_same(changed):
    assert changed(declared()) == {}


def test_a_declared_application_that_the_site_does_not_use_fails(changed):
    other = application(OTHER, "Old server app", uris=("api://old",), secrets=("2027-11-24T06:00:00Z",))
    estate = contoso(design__apps={"server_app_id": OTHER}, entra_apps__others=(other,))
    found = changed(estate)
    assert found["APP120"] == "fail"


def test_without_the_site_the_shape_tells_which_applications_are_meant(judge):
    found = outcomes(judge, contoso().refusing("site/SMS_AAD_Application_Ex"))
    unknown = {id for id, outcome in found.items() if outcome != "pass"}
    assert unknown == {"APP110", "APP120"}


def test_without_site_and_shape_the_design_must_say_it(judge):
    estate = contoso(entra_apps__uris=("api://tokens.contoso.com",)).refusing("site/SMS_AAD_Application_Ex")
    result = judge(estate)["APP010"]
    assert result.outcome.value == "not assessed"
    assert "apps.server_app_id" in result.cure


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
@pytest.mark.parametrize("observation", ["graph/applications", "graph/service-principals"])
def test_without_applications_nothing_is_said_of_them(judge, observation, absence):
    found = outcomes(judge, getattr(contoso(), absence)(observation))
    assert set(found.values()) == {"not assessed"}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
def test_without_consent_nothing_is_said_of_it(changed, absence):
    assert changed(getattr(contoso(), absence)("graph/oauth2-permission-grants")) == {"APP080": "not assessed"}
    assert changed(getattr(contoso(), absence)("graph/app-role-assignments")) == {"APP090": "not assessed"}


def test_a_list_without_microsoft_graph_is_not_whole(changed):
    assert changed(contoso(entra_apps__graph_principal=False)) == {"APP090": "not assessed"}


def test_applications_that_the_site_may_hide_are_not_assessed(judge):
    result = judge(contoso(site__full_access=False, design__apps={"server_app_id": OTHER}))["APP120"]
    assert result.outcome.value == "not assessed"
