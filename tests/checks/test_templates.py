"""Certificate templates: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from comgmt_audit.facts.security_descriptor import AUTHENTICATED_USERS
from tests.lab import directory
from tests.lab.directory import AUTOENROLL, ENROLL, FULL, READ, WRITE, Domain, Entry
from tests.lab.estate import contoso, contoso_2018
from tests.lab.security_descriptor import ace, descriptor

KSP = ("1,Microsoft Software Key Storage Provider",)
ECC = ("msPKI-Asymmetric-Algorithm`PZPWSTR`ECDSA_P256`msPKI-Hash-Algorithm`PZPWSTR`SHA256`",)
RSA = ("msPKI-Asymmetric-Algorithm`PZPWSTR`RSA`msPKI-Hash-Algorithm`PZPWSTR`SHA256`",)
SERVER_2016_WINDOWS_8 = 0x04060010


def web(*entries: Entry) -> dict[str, Any]:
    """The healthy entries of the web template and these before them."""
    return {"directory__web__entries": (*entries, *(directory.WEB.entries or ()))}


def client(*entries: Entry) -> dict[str, Any]:
    """The healthy entries of the client template and these before them."""
    return {"directory__client__entries": (*entries, *(directory.CLIENT.entries or ()))}


def test_a_missing_web_template_blocks_what_is_asked_of_it(changed):
    assert changed(contoso_2018(directory__web__exists=False)) == {
        "TPL010": "fail",
        **dict.fromkeys(
            (f"TPL{number:03}" for number in (20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120)),
            "blocked",
        ),
    }


def test_a_missing_client_template_blocks_what_is_asked_of_it(changed):
    assert changed(contoso_2018(directory__client__exists=False)) == {
        "TPL210": "fail",
        "TPL110": "blocked",
        **dict.fromkeys((f"TPL{number}" for number in (220, 230, 240, 250, 260, 270)), "blocked"),
    }


def test_a_template_is_found_by_its_display_name(changed):
    assert changed(contoso(design__names__web_template="Cloud web", directory__web__display_name="Cloud Web")) == {}


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        ({"directory__web__usages": (directory.CLIENT_AUTHENTICATION,)}, {"TPL020": "fail"}),
        ({"directory__web__usages": ()}, {"TPL020": "fail"}),
        ({"directory__web__name_flag": 0x08000000}, {"TPL030": "fail"}),
        ({"directory__web__name_flag": -2113929216}, {"TPL030": "fail"}),
        ({"directory__web__name_flag": None}, {"TPL030": "not assessed"}),
        ({"directory__web__private_key_flag": 0x01010000}, {"TPL060": "fail"}),
        ({"directory__web__published": False}, {"TPL090": "fail"}),
        ({"directory__web__enrolment_flag": 0x2}, {"TPL110": "fail"}),
        ({"directory__web__signatures": 1}, {"TPL110": "fail"}),
        ({"directory__web__enrolment_flag": None}, {"TPL110": "not assessed"}),
        ({"directory__web__providers": KSP}, {"TPL120": "fail"}),
        ({"directory__web__providers": ("x",)}, {"TPL120": "fail"}),
        ({"directory__web__providers": ()}, {"TPL120": "not assessed"}),
        ({"directory__client__usages": (directory.SERVER_AUTHENTICATION,)}, {"TPL220": "fail"}),
        ({"directory__client__private_key_flag": 0x01010010}, {"TPL250": "fail"}),
        ({"directory__client__published": False}, {"TPL270": "fail"}),
        ({"directory__client__enrolment_flag": 0x22}, {"TPL110": "fail"}),
    ],
    ids=str,
)
def test_one_property_breaks_one_check(changed, change, outcomes):
    assert changed(contoso_2018(**change)) == outcomes


def test_an_exportable_web_template_fails_where_no_cloud_service_needs_it(changed):
    assert changed(contoso(directory__web__private_key_flag=0x01010010)) == {"TPL130": "fail"}


def test_a_hidden_flag_of_a_template_for_site_systems_is_not_assessed(changed):
    assert changed(contoso(directory__web__private_key_flag=None)) == {"TPL130": "not assessed"}


def test_providers_are_ranked_by_their_number_and_not_by_the_order_of_the_values(changed):
    """As text, 10 comes before 2."""
    ranked = ("10,Microsoft Software Key Storage Provider", "2,Microsoft RSA SChannel Cryptographic Provider")
    assert changed(contoso_2018(directory__web__providers=ranked)) == {}


def test_a_hidden_private_key_flag_is_not_assessed(changed):
    assert changed(contoso_2018(directory__web__private_key_flag=None)) == {
        "TPL040": "not assessed",
        "TPL060": "not assessed",
    }


def test_a_template_of_2008_fails_the_tutorial(changed):
    cng = contoso_2018(directory__web__schema_version=3, directory__web__providers=KSP)
    assert changed(cng) == {"TPL040": "fail", "TPL050": "blocked", "TPL120": "blocked"}


def test_schema_version_2_does_not_prove_compatibility_with_2003(changed):
    estate = contoso_2018(directory__web__private_key_flag=SERVER_2016_WINDOWS_8)
    assert changed(estate) == {"TPL040": "fail", "TPL050": "blocked", "TPL120": "blocked"}


def test_a_console_that_sets_no_numbers_means_2003(changed):
    assert changed(contoso_2018(directory__web__private_key_flag=0x10)) == {}


def test_the_client_template_is_judged_alike(changed):
    estate = contoso_2018(directory__client__private_key_flag=0x02020000)
    assert changed(estate) == {"TPL230": "fail", "TPL240": "blocked"}


@pytest.mark.parametrize("template", ["web", "client"])
def test_cng_keys_are_in_order_where_the_site_takes_them(changed, template):
    """False-positive trap (field catalogue, F110): version 3 templates are supported since 1710 and 1802."""
    assert changed(contoso(**_cng(template))) == {}


def _cng(template: str, policies: tuple[str, ...] = RSA) -> dict[str, Any]:
    return {
        f"directory__{template}__schema_version": 4,
        f"directory__{template}__private_key_flag": 0x06060000,
        f"directory__{template}__providers": KSP,
        f"directory__{template}__request_policies": policies,
    }


@pytest.mark.parametrize(("template", "id"), [("web", "TPL050"), ("client", "TPL240")])
def test_cng_keys_need_a_site_that_takes_them(judge, template, id):
    estate = contoso(**_cng(template), site__version="5.00.8540.1000")
    assert judge(estate)[id].outcome.value == "fail"


@pytest.mark.parametrize(("template", "id"), [("web", "TPL050"), ("client", "TPL240")])
def test_elliptic_keys_fail_on_any_site(changed, template, id):
    assert changed(contoso(**_cng(template, ECC))) == {id: "fail"}


def test_a_schema_4_template_with_a_legacy_provider_makes_no_cng_keys(changed):
    estate = contoso(directory__web__schema_version=4, directory__web__private_key_flag=0x06060100)
    assert changed(estate) == {}


def test_without_the_site_nothing_is_said_about_cng(judge):
    found = judge(contoso().unreachable("site/SMS_Site"))
    assert (found["TPL050"].outcome.value, found["TPL240"].outcome.value) == ("not assessed", "not assessed")


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        (Entry("domain-admins", ENROLL), "Domain Admins of corp.contoso.com"),
        (Entry("enterprise-admins", ENROLL), "Enterprise Admins of corp.contoso.com"),
        (Entry("enterprise-admins", FULL), "Enterprise Admins of corp.contoso.com"),
    ],
)
def test_admins_who_may_enrol_fail(changed, judge, entry, who):
    estate = contoso(**web(entry))
    assert changed(estate) == {"TPL070": "fail"}
    (finding,) = judge(estate)["TPL070"].findings
    assert finding.subject == f"template ConfigMgrCloudWebServer: Enroll for {who}"


def test_enterprise_admins_are_those_of_the_forest_root(judge):
    root = Domain(name="root.example", sid="S-1-5-21-1-2-3", forest_root=True)
    estate = contoso(
        directory__forest_root=False, directory__other_domains=(root,), **web(Entry("enterprise-admins", ENROLL))
    )
    (finding,) = judge(estate)["TPL070"].findings
    assert finding.subject.endswith("Enterprise Admins of root.example")


def test_an_unknown_forest_root_leaves_enterprise_admins_open(changed):
    assert changed(contoso(directory__forest_root=False)) == {"TPL070": "not assessed"}


def test_a_right_that_comes_with_authenticated_users_is_a_right(changed):
    assert changed(contoso(**web(Entry("authenticated-users", ENROLL)))) == {"TPL070": "fail", "TPL100": "fail"}


@pytest.mark.parametrize("who", ["domain-users", "domain-computers", "everyone"])
def test_crowds_who_may_enrol_fail(changed, who):
    assert changed(contoso(**web(Entry(who, ENROLL))))["TPL100"] == "fail"


def test_a_deny_before_an_allow_wins(changed):
    denied = contoso(**web(Entry("domain-admins", ENROLL, deny=True), Entry("domain-admins", ENROLL)))
    assert changed(denied) == {}
    allowed = contoso(**web(Entry("domain-admins", ENROLL), Entry("domain-admins", ENROLL, deny=True)))
    assert changed(allowed) == {"TPL070": "fail"}


def test_a_deny_for_the_group_fails(changed):
    assert changed(contoso(**web(Entry("iis-group", ENROLL, deny=True)))) == {"TPL080": "fail"}


def test_a_group_that_was_not_given_enroll_fails(changed):
    assert changed(contoso(directory__web__entries=(Entry("iis-group", READ),))) == {"TPL080": "fail"}


def test_a_group_that_may_not_read_fails(changed):
    estate = contoso(directory__web__entries=(Entry("domain-admins", WRITE), Entry("iis-group", ENROLL)))
    assert changed(estate) == {"TPL080": "fail"}


@pytest.mark.parametrize("right", [READ, ENROLL, AUTOENROLL], ids=["Read", "Enroll", "Autoenroll"])
def test_each_right_of_domain_computers_is_needed(changed, right):
    assert changed(contoso(**client(Entry("domain-computers", right, deny=True)))) == {"TPL260": "fail"}


def test_full_control_is_every_right(changed):
    assert changed(contoso(directory__client__entries=(Entry("domain-computers", FULL),))) == {}


def test_read_and_write_without_extended_rights_is_not_enroll(changed):
    assert changed(contoso(directory__client__entries=(Entry("domain-computers", WRITE),))) == {"TPL260": "fail"}


def test_a_descriptor_that_was_not_shown_is_never_taken_for_nobody(changed, judge):
    estate = contoso(directory__web__entries=None)
    assert changed(estate) == dict.fromkeys(["TPL070", "TPL080", "TPL100"], "not assessed")
    assert "LDAP_SERVER_SD_FLAGS_OID" in judge(estate)["TPL070"].cure
    assert changed(contoso(directory__client__entries=None)) == {"TPL260": "not assessed"}


@pytest.mark.parametrize("bytes", [b"\x01\x00\x04\x80", b"junk", b"\x01\x00\x04\x80" + b"\xff" * 40])
def test_a_damaged_descriptor_is_not_assessed(changed, bytes):
    estate = contoso(directory__web__descriptor=bytes)
    assert changed(estate) == dict.fromkeys(["TPL070", "TPL080", "TPL100"], "not assessed")


def test_a_conditional_entry_that_decides_is_not_assessed(changed):
    read = (ace(AUTHENTICATED_USERS, *READ), ace(AUTHENTICATED_USERS, *ENROLL, conditional=True))
    outcomes = dict.fromkeys(["TPL070", "TPL080", "TPL100"], "not assessed")
    assert changed(contoso(directory__web__descriptor=descriptor(read))) == outcomes


def test_no_access_list_lets_everybody_enrol(changed):
    assert changed(contoso(directory__web__descriptor=descriptor(None))) == {"TPL070": "fail", "TPL100": "fail"}


def test_clients_are_those_of_the_site_servers_domain(changed):
    other = Domain(name="emea.contoso.com", sid="S-1-5-21-1-2-3")
    assert changed(contoso(directory__other_domains=(other,))) == {}


def test_of_many_domains_the_one_of_the_clients_must_be_known(changed):
    other = Domain(name="emea.contoso.com", sid="S-1-5-21-1-2-3")
    estate = contoso(directory__other_domains=(other,), design__site__server="")
    assert changed(estate)["TPL260"] == "not assessed"
    assert "TPL260" not in changed(contoso(design__site__server=""))


def test_refused_templates_are_not_assessed(judge):
    found = judge(contoso_2018().refusing("directory/certificate-templates"))
    mine = {id: result.outcome.value for id, result in found.items() if id.startswith("TPL")}
    assert mine.pop("TPL130") == "not applicable"
    assert set(mine.values()) == {"not assessed"}
