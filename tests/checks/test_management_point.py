"""Management point and CMG connection point: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso

ENHANCED = {
    "site__security_mask": 1216,
    "design__site__communication": "enhanced-http",
    "design__clients__authentication": "entra",
}


def test_a_declared_server_without_the_role_fails_and_blocks_the_rest(changed):
    # HST: no evidence was collected on the server that the design names. TLS: what answers there has another name.
    assert changed(contoso(design__site__management_point="MP99.corp.contoso.com")) == {
        "MPT010": "fail",
        **dict.fromkeys(("MPT030", "MPT040", "MPT050"), "blocked"),
        **dict.fromkeys(("HST010", "HST030", "HST040", "HST050", "HST060", "HST130"), "not assessed"),
        "TLS060": "fail",
    }


def test_a_site_without_management_point_fails(changed):
    assert changed(contoso(site__management_points=0)) == {
        "MPT010": "fail",
        "MPT020": "fail",
        "MPT030": "blocked",
        "MPT040": "blocked",
        "MPT050": "blocked",
    }


def test_management_points_that_thin_rights_hide_are_not_assessed(changed):
    ids = ("MPT010", "MPT020", "MPT030", "MPT040", "MPT050", "SIT030")
    estate = contoso(site__management_points=0, site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, **dict.fromkeys(ids, "not assessed")}


@pytest.mark.parametrize("state", [1, "1", 3])
def test_https_in_all_its_spellings_passes(changed, state):
    assert changed(contoso(site__mp_ssl_state=state)) == {}


def test_always_http_fails(changed):
    blocked = dict.fromkeys(("MPT020", "MPT040"), "blocked")
    assert changed(contoso(site__mp_ssl_state=4)) == {"SIT030": "fail", "MPT030": "fail", **blocked}


@pytest.mark.parametrize("state", [None, 2])
def test_an_unknown_protocol_is_not_assessed(changed, state):
    expected = dict.fromkeys(("SIT030", "MPT020", "MPT030"), "not assessed")
    assert changed(contoso(site__mp_ssl_state=state)) == expected


def test_gateway_traffic_that_is_not_allowed_fails(changed):
    assert changed(contoso(site__mp_allows_gateway=0)) == {"MPT040": "fail"}
    assert changed(contoso(site__mp_allows_gateway="0")) == {"MPT040": "fail"}


def test_gateway_traffic_of_which_nothing_is_said_is_not_assessed(changed):
    assert changed(contoso(site__mp_allows_gateway=None)) == {"MPT040": "not assessed"}


def test_zero_as_text_is_no(changed):
    assert changed(contoso(site__mp_internet="0")) == {"MPT050": "fail"}
    assert changed(contoso(site__mp_intranet="0")) == {"MPT050": "fail"}


def test_internet_only_is_in_order_beside_another_for_the_intranet(judge):
    # F68: with several management points, the one behind the CMG may be for the internet only.
    estate = contoso(site__mp_intranet=0, site__intranet_mp=True, site__security_mask=1504)
    assert judge(estate)["MPT050"].outcome == "pass"


def test_connections_of_which_nothing_is_said_are_not_assessed(changed):
    assert changed(contoso(site__mp_internet=None)) == {"MPT050": "not assessed"}


def test_pki_clients_before_an_http_management_point_fail(judge):
    # F63: Enhanced HTTP does not take clients that have nothing but a PKI certificate.
    estate = contoso(**{**ENHANCED, "design__clients__authentication": "pki"}, site__mp_ssl_state=0)
    assert judge(estate)["MPT060"].outcome == "fail"
    assert judge(contoso(**ENHANCED, site__mp_ssl_state=0))["MPT060"].outcome == "not applicable"


def test_no_connection_point_fails_and_blocks_its_status(changed):
    assert changed(contoso(site__connection_point=None)) == {"MPT070": "fail", "MPT080": "blocked"}


def test_a_connection_point_on_another_server_than_declared_fails(changed):
    estate = contoso(site__connection_point="CM01.corp.contoso.com")
    assert changed(estate) == {"MPT070": "fail", "MPT080": "blocked"}


def test_any_connection_point_will_do_where_none_is_declared(judge):
    estate = contoso(design__site__connection_point="", site__connection_point="CM01.corp.contoso.com")
    assert judge(estate)["MPT070"].outcome == "pass"


@pytest.mark.parametrize(("state", "status"), [(0, 0), ("0", 0), (2, 0), (1, 2)])
def test_a_connector_that_does_not_run_fails(changed, state, status):
    assert changed(contoso(site__proxy_state=state, site__proxy_status=status)) == {"MPT080": "fail"}


def test_a_connector_with_warnings_is_a_milder_failure(judge):
    result = judge(contoso(site__proxy_status=1))["MPT080"]
    assert (result.outcome, result.severity) == ("fail", "low")


@pytest.mark.parametrize("state", [None, 77])
def test_an_unknown_state_is_not_assessed(changed, state):
    assert changed(contoso(site__proxy_state=state)) == {"MPT080": "not assessed"}


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        ("site/SMS_SCI_SysResUse", ("MPT010", "MPT020", "MPT030", "MPT040", "MPT050", "MPT070", "MPT080", "SIT030")),
        ("site/SMS_ComponentSummarizer", ("MPT080", "AZS050")),
    ],
)
def test_refused_requests_are_not_assessed(changed, observation, ids):
    assert changed(contoso().refusing(observation)) == dict.fromkeys(ids, "not assessed")
