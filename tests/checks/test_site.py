"""Site: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.checks.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso, contoso_2018

ANALYST = ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",))


@pytest.mark.parametrize(
    ("version", "graver"),
    [("5.00.9135.1000", "high"), ("5.00.8577.1000", "high")],
    ids=["ended", "older than the list"],
)
def test_a_version_out_of_support_fails(judge, version, graver):
    result = judge(contoso(site__version=version))["SIT010"]
    assert (result.outcome, result.severity) == ("fail", graver)


def test_a_version_near_its_end_is_a_milder_failure(judge):
    # 2509 is supported until 2027-05-12, 169 days after the recording.
    result = judge(contoso(design__horizons={"support_days": 170}))["SIT010"]
    assert (result.outcome, result.severity) == ("fail", "medium")
    assert judge(contoso(design__horizons={"support_days": 168}))["SIT010"].outcome == "pass"


def test_a_version_newer_than_the_list_is_no_error(changed):
    assert changed(contoso(site__version="5.00.9999.1000")) == {}


def test_a_version_between_two_of_the_list_is_not_assessed(changed):
    assert changed(contoso(site__version="5.00.9136.1000")) == {"SIT010": "not assessed"}


def test_the_revision_does_not_matter(changed):
    assert changed(contoso(site__version="5.00.9141.1017")) == {}


def test_another_site_than_the_declared_one_fails(changed):
    # BOO060: the command line for Intune says another site code as well.
    assert changed(contoso(design__site__code="XYZ")) == {"SIT020": "fail", "BOO060": "fail"}


def test_another_server_than_the_declared_one_fails(judge):
    result = judge(contoso(design__site__server="CM99.corp.contoso.com"))["SIT020"]
    assert result.outcome == "fail"
    assert [finding.subject for finding in result.findings] == ["server of site PS1"]


def test_a_site_that_thin_rights_hide_is_not_assessed(changed):
    ids = ("SIT010", "SIT020", "SIT030", "SIT050", "MPT020", "CMG030", "TPL050", "TPL240")
    assert changed(contoso(site__listed=False)) == dict.fromkeys(ids, "not assessed")


def test_thin_rights_alone_take_away_what_rests_on_absence(changed):
    assert changed(contoso(site__full_access=False)) == THIN_RIGHTS


@pytest.mark.parametrize("mask", [448, 480, "480", 1504, 31, 63])
def test_masks_with_pki_certificates_pass(changed, mask):
    assert changed(contoso(site__security_mask=mask)) == {}


@pytest.mark.parametrize("mask", [192, 224, 1216, 1248, "1248"])
def test_masks_without_pki_certificates_fail(changed, mask):
    assert changed(contoso(site__security_mask=mask)) == {"SIT050": "fail"}


@pytest.mark.parametrize("mask", [0, None, -1])
def test_a_mask_that_means_nothing_is_not_assessed(changed, mask):
    assert changed(contoso(site__security_mask=mask)) == {"SIT050": "not assessed"}


def test_an_http_management_point_without_enhanced_http_fails(changed):
    blocked = dict.fromkeys(("MPT020", "MPT040"), "blocked")
    assert changed(contoso(site__mp_ssl_state=0)) == {"SIT030": "fail", "MPT030": "fail", **blocked}


@pytest.mark.parametrize("mask", [1216, 1248, 1472, 1504])
def test_an_http_management_point_with_enhanced_http_is_in_order(judge, mask):
    # field.md part 4, trap 10
    estate = contoso(
        site__mp_ssl_state=0,
        site__security_mask=mask,
        design__site__communication="enhanced-http",
        design__clients__authentication="entra",
    )
    results = judge(estate)
    ids = ("SIT030", "MPT020", "MPT040", "MPT050")
    assert {id: results[id].outcome.value for id in ids} == dict.fromkeys(ids, "pass")
    assert {results[id].outcome.value for id in ("MPT030", "MPT060", "SIT050")} == {"not applicable"}


def test_enhanced_http_is_not_judged_by_a_mask_of_zero(judge):
    assert judge(contoso(site__mp_ssl_state=0, site__security_mask=0))["SIT030"].outcome == "not assessed"


def test_nobody_who_is_full_administrator_over_all_scopes_fails(changed):
    narrow = ("CONTOSO\\cmadmin", ("Full Administrator",), ("Default",))
    assert changed(contoso(site__administrators=(narrow, ANALYST))) == {"SIT040": "fail"}


def test_translated_role_names_are_not_assessed(changed):
    german = ("CONTOSO\\cmadmin", ("Hauptadministrator",), ("Alle",))
    assert changed(contoso(site__administrators=(german, ANALYST))) == {"SIT040": "not assessed"}


def test_administrators_that_thin_rights_hide_are_not_assessed(changed):
    estate = contoso(site__administrators=(ANALYST,), site__full_access=False)
    assert changed(estate) == {**THIN_RIGHTS, "SIT040": "not assessed"}


def test_a_root_that_the_site_does_not_trust_fails(changed):
    # HST110: the client certificates chain to a root that is not in the list.
    assert changed(contoso(site__trusts_root=False)) == {"SIT060": "fail", "HST110": "fail"}
    assert changed(contoso_2018(site__trusts_root=False)) == {"SIT060": "fail", "HST110": "fail"}


def test_a_trusted_root_list_that_was_not_recorded_is_not_assessed(changed):
    expected = {"SIT060": "not assessed", "HST110": "not assessed"}
    assert changed(contoso().unrecorded("site/trusted-root-list")) == expected


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        (
            "site/SMS_Site",
            ("SIT010", "SIT020", "SIT030", "SIT050", "MPT020", "CMG030", "TPL050", "TPL240"),
        ),
        ("site/SMS_SCI_Component", ("SIT030", "SIT050", "MPT020")),
        ("site/SMS_Admin", ("SIT040",)),
    ],
)
def test_requests_without_answer_are_not_assessed(changed, observation, ids):
    expected = dict.fromkeys(ids, "not assessed")
    assert changed(contoso().refusing(observation)) == expected
    assert changed(contoso().unreachable(observation)) == expected
