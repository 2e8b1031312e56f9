"""Active Directory: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.lab.directory import Domain
from tests.lab.estate import contoso, contoso_2018
from tests.lab.hosts import Host

TEMPLATE_CHECKS = {
    "TPL010",
    "TPL020",
    "TPL030",
    "TPL050",
    "TPL070",
    "TPL080",
    "TPL090",
    "TPL100",
    "TPL110",
    "TPL210",
    "TPL220",
    "TPL240",
    "TPL250",
    "TPL260",
    "TPL270",
}
"""What waits for an enterprise CA under the baseline ``current``."""


def test_without_an_enterprise_ca_nothing_else_of_the_pki_is_judged(changed):
    found = changed(contoso(directory__ca_published=False))
    assert found["DIR010"] == "fail"
    assert {id for id, outcome in found.items() if outcome == "blocked"} >= {"DIR020", "DIR030"} | TEMPLATE_CHECKS
    assert {id for id, outcome in found.items() if outcome == "fail"} == {"DIR010"}
    assert "pass" not in found.values()


def test_a_site_server_of_another_forest_is_not_assessed(changed):
    elsewhere = contoso(design__site__server="CM01.fabrikam.com")
    assert changed(elsewhere)["DIR010"] == "not assessed"


def test_a_site_server_with_a_disjoint_name_is_found_by_its_account(judge):
    estate = contoso(names__site_server="CM01.servers.example", design__site__server="CM01.servers.example")
    assert judge(estate)["DIR010"].outcome.value == "pass"


@pytest.mark.parametrize("version", ["6.0 (6003)", "5.2 (3790)"])
def test_an_issuing_ca_on_an_old_windows_fails(changed, version):
    assert changed(contoso(directory__ca_system_version=version)) == {"DIR020": "fail"}


@pytest.mark.parametrize("version", ["6.1 (7601)", "10.0 (14393)", "10.0 (26100)"])
def test_versions_are_compared_as_numbers(changed, version):
    assert changed(contoso(directory__ca_system_version=version)) == {}


@pytest.mark.parametrize(
    "unknown",
    [{"directory__ca_system_version": None}, {"directory__ca_has_account": False}],
    ids=["no version", "no account"],
)
def test_a_ca_whose_windows_is_not_known_is_not_assessed(changed, unknown):
    assert changed(contoso(**unknown)) == {"DIR020": "not assessed"}


def test_a_root_that_is_neither_published_nor_trusted_fails(changed):
    estate = contoso(directory__published_roots=("public-root",), hosts__client__roots=("public-root",))
    assert {"DIR030": "fail", "HST020": "fail"}.items() <= changed(estate).items()


def test_a_root_that_group_policy_brings_is_in_order(changed):
    assert "DIR030" not in changed(contoso(directory__published_roots=("public-root",)))


def test_a_root_of_the_same_name_with_another_key_is_not_the_own_root(changed):
    estate = contoso(
        certificates__public_root__common_name="Contoso Root CA",
        directory__published_roots=("public-root",),
        hosts__client__roots=None,
    )
    assert changed(estate)["DIR030"] == "fail"


def test_a_missing_enrolment_group_blocks_what_rests_on_it(changed):
    assert changed(contoso_2018(directory__iis_group_exists=False)) == {
        "DIR040": "fail",
        "DIR050": "blocked",
        "HST090": "blocked",
        "TPL080": "blocked",
    }


def test_a_server_outside_the_group_fails(changed):
    assert changed(contoso_2018(directory__iis_members=("MP01",))) == {"DIR050": "fail", "HST090": "blocked"}


def test_a_server_is_a_member_by_nesting(changed):
    nested = contoso_2018(directory__iis_members=("MP01",), directory__nested_group_members=("CM01",))
    assert changed(nested) == {}


def test_a_member_is_found_whatever_the_case_of_its_name(changed):
    """A reference to an object may differ in case from the object's own name."""
    assert changed(contoso_2018(directory__iis_members=("cm01",))) == {}


def test_a_server_that_is_not_in_the_directory_is_not_assessed(changed):
    estate = contoso_2018(design__site__cloud_role_server="CM09.corp.contoso.com")
    assert changed(estate)["DIR050"] == "not assessed"


def test_a_server_that_the_design_does_not_name_is_not_assessed(changed):
    assert changed(contoso_2018(design__site__cloud_role_server=""))["DIR050"] == "not assessed"


def test_a_missing_domain_admin_fails(changed):
    assert changed(contoso(directory__admin_exists=False)) == {"DIR060": "fail", "DIR070": "blocked"}


def test_a_disabled_domain_admin_fails(changed):
    assert changed(contoso(directory__admin_control=0x202)) == {"DIR060": "fail", "DIR070": "blocked"}


def test_an_account_whose_state_was_hidden_is_not_assessed(changed):
    assert changed(contoso(directory__admin_control=None)) == {"DIR060": "not assessed"}


def test_an_account_without_the_rights_fails(changed):
    assert changed(contoso(directory__admin_groups=())) == {"DIR070": "fail"}


def test_domain_admins_as_the_primary_group_counts(changed):
    assert changed(contoso(directory__admin_groups=(), directory__admin_primary_group=512)) == {}


def test_no_named_domain_admin_is_not_applicable(changed):
    assert changed(contoso(design__names__domain_admin="")) == {"DIR060": "not applicable", "DIR070": "not applicable"}


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        ("directory/domains", {"DIR010", "DIR070"}),
        ("directory/enrollment-services", {"DIR010", "DIR020", "DIR030"}),
        ("directory/certification-authorities", {"DIR030"}),
        ("directory/computers", {"DIR010", "DIR020", "DIR050"}),
        ("directory/groups", {"DIR040", "DIR050", "DIR070"}),
        ("directory/accounts", {"DIR060", "DIR070"}),
    ],
)
def test_what_was_refused_or_not_recorded_is_not_assessed(judge, observation, ids):
    for estate in (
        contoso_2018().refusing(observation),
        contoso_2018().unreachable(observation),
        contoso_2018().unrecorded(observation),
    ):
        found = judge(estate)
        assert {id: found[id].outcome.value for id in ids} == dict.fromkeys(ids, "not assessed")


def test_an_own_ca_that_nobody_needs_is_not_applicable(judge):
    public = contoso(
        design__site__communication="enhanced-http",
        design__clients__authentication="entra",
        hosts__client=Host(),
    )
    found = judge(public)
    assert {found[id].outcome.value for id in ("DIR010", "DIR020", "DIR030", "DIR040", "DIR050")} == {"not applicable"}


def test_the_forest_root_may_be_another_domain(changed):
    root = Domain(name="root.example", sid="S-1-5-21-1-2-3", forest_root=True)
    assert changed(contoso(directory__forest_root=False, directory__other_domains=(root,))) == {}
