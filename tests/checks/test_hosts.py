"""Servers, sample clients and hybrid join: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from json import loads

import pytest
from msgspec import structs

from tests.lab import pki
from tests.lab.certificates import Issued
from tests.lab.certutil import FOREIGN, foreign
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.hosts import AUTOENROLMENT_KEY, Host, Stored, collections, gpresult

CLIENT_SIDE = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\CDJ\\AAD"
MP01 = "host/mp01.corp.contoso.com/certificates"
CM01 = "host/cm01.corp.contoso.com/certificates"
PC001 = "host/pc001.corp.contoso.com/certificates"


def only(changes: dict[str, str]) -> dict[str, str]:
    """The changes of this family."""
    return {id: outcome for id, outcome in changes.items() if id.startswith("HST")}


def listing(
    estate: Estate, role: str, *, subject: str = "", key: str = "Private key is NOT exportable\nEncryption test passed"
) -> str:
    """``certutil -store My`` with one certificate."""
    return (
        'My "Personal"\n================ Certificate 0 ================\n'
        "Serial Number: 1a\nIssuer: CN=Contoso Issuing CA 1\n"
        " NotBefore: 21.09.2026 08:52\n NotAfter: 21.09.2027 08:52\n"
        f"Subject: {subject or 'CN=' + pki.common_name(estate.names, role)}\nNon-root Certificate\n"
        f"Cert Hash(sha1): {pki.thumbprint(estate, role).lower()}\n  Key Container = x\n"
        f"  Provider = Microsoft RSA SChannel Cryptographic Provider\n{key}\n"
        "CertUtil: -store command completed successfully.\n"
    )


@pytest.mark.parametrize("part", ["site_server", "management_point"])
def test_a_server_without_the_own_root_fails(changed, part):
    found = only(changed(contoso(**{f"hosts__{part}__roots": ("public-root",)})))
    assert found == {"HST010": "fail"}


def test_a_store_that_was_not_collected_is_not_assessed(changed):
    assert only(changed(contoso(hosts__site_server__roots=None))) == {"HST010": "not assessed"}


def test_a_client_without_the_own_root_fails(changed):
    assert only(changed(contoso(hosts__client__roots=("public-root",)))) == {"HST020": "fail"}


@pytest.mark.parametrize(
    "change",
    [
        {"hosts__management_point__personal": (Stored(role="mp-client"),)},
        {
            "hosts__management_point__personal": (
                Stored(role="management-point", has_key=False),
                Stored(role="mp-client"),
            )
        },
        {"certificates__management_point__days_after": -1},
        {"certificates__management_point": Issued(issuer="public-issuing", usages=("serverAuth",))},
        {"certificates__management_point__signing_key": "public-issuing"},
    ],
    ids=["none", "no key", "expired", "public", "forged"],
)
def test_a_management_point_without_its_web_certificate_fails(changed, change):
    assert only(changed(contoso(**change))) == {"HST030": "fail", "HST040": "blocked"}


def test_a_client_certificate_is_no_web_certificate(changed):
    # It is then one more client certificate, and its key can be exported.
    found = only(changed(contoso(certificates__management_point__usages=("clientAuth",))))
    assert found == {"HST030": "fail", "HST040": "blocked", "HST060": "fail"}


def test_another_name_in_the_web_certificate_fails(changed):
    found = contoso(certificates__management_point__common_name="mp.fabrikam.com")
    assert only(changed(found)) == {"HST040": "fail"}


@pytest.mark.parametrize(
    "names", [{"common_name": "mp"}, {"dns_names": ()}], ids=["in the alternative name", "in the subject"]
)
def test_one_place_of_the_name_is_enough_today_and_not_for_the_tutorial(changed, names):
    """False-positive trap: Microsoft's own example leaves the subject blank."""
    change = {f"certificates__management_point__{key}": value for key, value in names.items()}
    if "common_name" in names:
        change["certificates__management_point__dns_names"] = ("MP01.corp.contoso.com",)
    assert only(changed(contoso(**change))) == {}
    assert only(changed(contoso_2018(**change))) == {"HST040": "fail"}


def test_an_enhanced_http_site_needs_no_web_certificate(judge):
    found = judge(contoso(design__site__communication="enhanced-http"))
    assert {found[id].outcome.value for id in ("HST030", "HST040", "HST050", "HST060")} == {"not applicable"}


@pytest.mark.parametrize(
    "change",
    [
        {"hosts__site_server__personal": ()},
        {"hosts__site_server__personal": (Stored(role="site-client", has_key=False),)},
        {"certificates__site_client__usages": ("serverAuth",)},
        {"certificates__site_client__days_after": -1},
        {"certificates__mp_client__issuer": "public-issuing"},
    ],
    ids=["none", "no key", "no client", "expired", "another CA"],
)
def test_a_server_without_a_client_certificate_fails(changed, change):
    assert only(changed(contoso(**change))) == {"HST050": "fail", "HST060": "blocked"}


def test_a_key_of_which_nothing_is_known_is_not_assessed(changed):
    unknown = contoso(hosts__site_server__personal=(Stored(role="site-client", has_key=None, exportable=None),))
    assert only(changed(unknown)) == {"HST050": "not assessed", "HST060": "not assessed"}


def test_a_listing_tells_no_usages(changed):
    estate = contoso()
    found = changed(estate.with_(hosts__site_server__listing=listing(estate, "site-client")))
    assert only(found) == {"HST010": "not assessed", "HST050": "not assessed"}


def test_an_exportable_client_key_fails(changed):
    estate = contoso(hosts__site_server__personal=(Stored(role="site-client", exportable=True),))
    assert only(changed(estate)) == {"HST060": "fail"}


@pytest.mark.parametrize("role", ["gateway", "distribution-point"])
def test_an_exportable_copy_of_a_cloud_certificate_fails(changed, role):
    left = (Stored(role="site-client"), Stored(role=role, exportable=True))
    assert only(changed(contoso_2018(hosts__site_server__personal=left))) == {"HST070": "fail"}


@pytest.mark.parametrize("rest", [{"exportable": False}, {"has_key": False, "exportable": None}], ids=str)
def test_a_copy_that_nobody_can_take_along_is_in_order(changed, rest):
    left = (Stored(role="site-client"), Stored(role="gateway", **rest))
    assert only(changed(contoso(hosts__site_server__personal=left))) == {}


def test_a_copy_of_which_that_is_not_known_is_not_assessed(changed):
    left = (Stored(role="site-client"), Stored(role="gateway", exportable=None))
    assert only(changed(contoso(hosts__site_server__personal=left))) == {"HST070": "not assessed"}


def test_a_copy_is_found_in_a_listing_too(judge):
    estate = contoso()
    text = listing(estate, "gateway", subject="CN=cmg.contoso.com, O=Contoso Ltd, C=DE", key="Encryption test passed")
    found = judge(estate.with_(hosts__site_server__listing=text))
    assert found["HST070"].outcome.value == "fail"


@pytest.mark.parametrize("language", FOREIGN)
def test_a_copy_in_a_listing_of_another_language_is_found_and_not_judged(judge, language):
    """What is said of the key is translated: that nobody can take it along is not known, and not guessed."""
    estate = contoso(hosts__site_server__listing=foreign(language))
    assert judge(estate)["HST070"].outcome.value == "not assessed"


def test_a_listed_certificate_without_a_subject_may_be_the_copy(judge):
    estate = contoso()
    for key, outcome in (("Encryption test passed", "not assessed"), ("Private key is NOT exportable", "pass")):
        text = listing(estate, "gateway", subject="EMPTY (DNS Name=cmg.contoso.com)", key=key)
        assert judge(estate.with_(hosts__site_server__listing=text))["HST070"].outcome.value == outcome


def test_a_listing_does_not_show_the_friendly_name_of_a_management_certificate(judge):
    estate = contoso_2018()
    for key, outcome in (("Encryption test passed", "not assessed"), ("Private key is NOT exportable", "pass")):
        text = listing(estate, "site-client", key=key)
        assert judge(estate.with_(hosts__site_server__listing=text))["HST080"].outcome.value == outcome


@pytest.mark.parametrize(
    "stored",
    [
        Stored(role="management", exportable=True),
        Stored(role="client", friendly_name="AzureManagementCert", exportable=True),
    ],
    ids=["by subject", "by friendly name"],
)
def test_a_management_certificate_that_was_left_behind_fails(changed, stored):
    estate = contoso_2018(hosts__site_server__personal=(Stored(role="site-client"), stored))
    assert only(changed(estate))["HST080"] == "fail"


def test_a_token_without_the_group_fails(changed):
    found = contoso_2018(hosts__site_server__groups=("Everyone", "Domain Computers", "ConfigMgr IIS Servers-old"))
    assert changed(found) == {"HST090": "fail"}


@pytest.mark.parametrize("group", ["CONTOSO\\ConfigMgr IIS Servers", "CONFIGMGR IIS SERVERS"])
def test_domain_and_case_of_the_group_do_not_count(changed, group):
    assert changed(contoso_2018(hosts__site_server__groups=("Everyone", group))) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ERROR: Access Denied.",
        gpresult(("ConfigMgr IIS Servers",)).replace("COMPUTER SETTINGS", ""),
        gpresult(("ConfigMgr IIS Servers",)).replace("COMPUTER SETTINGS", "COMPUTEREINSTELLUNGEN"),
        '<?xml version="1.0"?><Rsop xmlns="http://www.microsoft.com/GroupPolicy/Rsop"><UserResults/></Rsop>',
    ],
    ids=["empty", "denied", "user only", "German", "XML of the user only"],
)
def test_a_section_that_was_not_collected_is_not_assessed(changed, text):
    assert changed(contoso_2018(hosts__site_server__gpresult=text)) == {"HST090": "not assessed"}


@pytest.mark.parametrize(
    "change",
    [
        {"hosts__client__personal": ()},
        {"hosts__client__personal": (Stored(role="client", has_key=False),)},
        {"certificates__client__usages": ("serverAuth",)},
        {"certificates__client__days_after": -1},
    ],
    ids=["none", "no key", "no client", "expired"],
)
def test_a_client_without_a_certificate_fails(changed, change):
    assert only(changed(contoso(**change))) == {"HST100": "fail", "HST110": "blocked"}


def test_a_client_certificate_of_another_root_is_refused_by_the_site(judge):
    assert judge(contoso(site__trusts_root=False))["HST110"].outcome.value == "fail"


def test_without_the_list_of_the_site_nothing_is_said_about_it(changed):
    assert only(changed(contoso().refusing("site/trusted-root-list"))) == {"HST110": "not assessed"}


@pytest.mark.parametrize(
    ("value", "outcome"), [(0x8000, "fail"), (0, "not assessed"), (1, "not assessed"), ("7", "not assessed")]
)
def test_autoenrolment_by_policy(changed, value, outcome):
    estate = contoso(hosts__client__registry={AUTOENROLMENT_KEY: {"AEPolicy": value}})
    assert changed(estate) == {"HST120": outcome}


def test_no_policy_for_autoenrolment_is_no_knowledge(changed):
    assert changed(contoso(hosts__client__registry={})) == {"HST120": "not assessed"}


def test_an_issuing_certificate_among_the_roots_fails(changed):
    estate = contoso(hosts__management_point__roots=("root", "issuing"))
    assert changed(estate) == {"HST130": "fail"}


def test_an_old_root_whose_signature_nobody_verifies_is_a_root_all_the_same(changed):
    change = {"certificates__management__signing_key": "public-issuing"}
    assert only(changed(contoso(**change, hosts__management_point__roots=("root", "management")))) == {}


def test_roots_that_were_not_collected_as_a_whole_are_not_assessed(changed, judge):
    assert only(changed(contoso(hosts__management_point__roots=None))) == {
        "HST010": "not assessed",
        "HST130": "not assessed",
    }
    found = judge(contoso(hosts__management_point__listing=listing(contoso(), "management-point")))
    assert found["HST130"].outcome.value == "not assessed"


RENEWED = {
    "certificates__distribution_point": Issued(
        common_name="cmg.contoso.com", dns_names=("cmg.contoso.com",), days_before=5, usages=("serverAuth",)
    )
}
"""A second certificate for the CMG, 25 days newer than that of the file."""


def test_a_renewed_certificate_that_was_not_exported_fails(changed):
    kept = (Stored(role="site-client"), Stored(role="distribution-point"))
    assert changed(contoso(**RENEWED, hosts__site_server__personal=kept)) == {"HST140": "fail"}


@pytest.mark.parametrize(
    "stored",
    [Stored(role="gateway"), Stored(role="distribution-point", has_key=False, exportable=None)],
    ids=["that of the file", "without its key"],
)
def test_what_cannot_be_exported_anew_is_in_order(changed, stored):
    kept = (Stored(role="site-client"), stored)
    assert changed(contoso(**RENEWED, hosts__site_server__personal=kept)) == {}


def test_an_older_certificate_of_the_service_is_in_order(changed):
    older = {"certificates__distribution_point": structs.replace(next(iter(RENEWED.values())), days_before=90)}
    kept = (Stored(role="site-client"), Stored(role="distribution-point"))
    assert changed(contoso(**older, hosts__site_server__personal=kept)) == {}


def test_a_certificate_of_the_service_in_a_listing_has_no_date(judge):
    estate = contoso(**RENEWED)
    text = listing(estate, "distribution-point", subject="CN=cmg.contoso.com")
    assert judge(estate.with_(hosts__site_server__listing=text))["HST140"].outcome.value == "not assessed"


def test_a_listing_of_another_certificate_than_its_bytes_is_not_assessed(judge):
    estate = contoso(hosts__site_server__personal=(Stored(role="site-client", thumbprint="AA" * 20),))
    found = judge(estate)["HST050"]
    assert found.outcome.value == "not assessed"
    assert "thumbprint" in str(found.findings[0].actual)


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        (MP01, ("HST010", "HST030", "HST040", "HST050", "HST060", "HST130")),
        (CM01, ("HST010", "HST050", "HST060", "HST070", "HST080", "HST140")),
        (PC001, ("HST020", "HST100", "HST110")),
        ("host/cm01.corp.contoso.com/gpresult", ("HST090",)),
        ("host/pc001.corp.contoso.com/registry", ("HST120",)),
        ("host/pc001.corp.contoso.com/dsregcmd", ("HYB030", "HYB040", "HYB050", "HYB060", "HYB080")),
        ("directory/service-connection-point", ("HYB010", "HYB020")),
        ("directory/enrollment-services", ("HST010", "HST020", "HST030", "HST050", "HST100", "HST110")),
        ("graph/organization", ("HYB020", "HYB040", "HYB070")),
    ],
)
def test_what_was_refused_or_not_recorded_is_not_assessed(judge, observation, ids):
    for estate in (contoso_2018().refusing(observation), contoso_2018().unrecorded(observation)):
        found = judge(estate)
        assert {id: found[id].outcome.value for id in ids} == dict.fromkeys(ids, "not assessed")


def test_without_sample_clients_nothing_is_said_about_clients(judge):
    found = judge(contoso(design__clients__samples=[]))
    ids = ("HST020", "HST100", "HST110", "HST120", "HYB030", "HYB040", "HYB050", "HYB060", "HYB070", "HYB080")
    assert {found[id].outcome.value for id in ids} == {"not assessed"}


def test_a_forest_without_a_connection_point_fails(changed):
    found = changed(contoso(directory__connection_point_exists=False))
    assert found == {"HYB010": "fail", "HYB020": "blocked"}


def test_a_controlled_roll_out_needs_none(changed):
    client = {CLIENT_SIDE: {"TenantId": "72f988bf-0000-4000-8000-2d7cd011db00"}, AUTOENROLMENT_KEY: {"AEPolicy": 7}}
    found = changed(contoso(directory__connection_point_exists=False, hosts__client__registry=client))
    assert found == {"HYB010": "not applicable", "HYB020": "not applicable"}


@pytest.mark.parametrize(
    "keywords",
    [
        ("azureADName:contoso.com", "azureADId:11111111-0000-4000-8000-000000000001"),
        ("azureADName:fabrikam.com", "azureADId:72f988bf-0000-4000-8000-2d7cd011db00"),
        ("azureADName:contoso.com",),
        (),
    ],
    ids=["another tenant", "a domain that is not verified", "no id", "nothing"],
)
def test_a_connection_point_of_another_tenant_fails(changed, keywords):
    assert changed(contoso(directory__keywords=keywords)) == {"HYB020": "fail"}


def test_any_verified_domain_will_do(changed):
    keywords = ("AzureADName: Contoso.com", "azureadid:72F988BF-0000-4000-8000-2D7CD011DB00")
    assert changed(contoso(directory__keywords=keywords)) == {}


@pytest.mark.parametrize("change", [{"entra": "NO"}, {"domain": "NO"}], ids=str)
def test_a_client_that_is_not_hybrid_joined_fails(changed, change):
    estate = contoso(**{f"hosts__joined__{key}": value for key, value in change.items()})
    assert changed(estate) == {
        "HYB030": "fail",
        **dict.fromkeys(("HYB040", "HYB050", "HYB060", "HYB080"), "blocked"),
    }


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        ({"entra": None}, {"HYB030": "not assessed"}),
        ({"entra": "ERROR"}, {"HYB030": "not assessed"}),
        ({"tenant_id": "11111111-0000-4000-8000-000000000001"}, {"HYB040": "fail", "HYB050": "blocked"}),
        ({"tenant_id": None}, {"HYB040": "not assessed"}),
        ({"mdm_url": None}, {"HYB050": "fail"}),
        ({"mdm_url": ""}, {"HYB050": "fail"}),
        ({"device_authentication": "FAILED. Device is either disabled or deleted"}, {"HYB060": "fail"}),
        ({"device_authentication": "FAILED. ERROR"}, {"HYB060": "not assessed"}),
        ({"device_authentication": None}, {"HYB060": "not assessed"}),
        ({"registered": "YES"}, {"HYB080": "fail"}),
        ({"registered": "YES", "by_winrm": True}, {"HYB080": "fail"}),
        ({"registered": None}, {"HYB080": "not assessed"}),
    ],
    ids=str,
)
def test_what_a_client_says_of_its_join(changed, change, outcomes):
    assert changed(contoso(**{f"hosts__joined__{key}": value for key, value in change.items()})) == outcomes


def test_an_output_of_dsregcmd_that_breaks_off_says_nothing_of_the_mdm(changed):
    collected = loads(collections(contoso())["pc001.corp.contoso.com"])["outputs"]["dsregcmd"]
    assert changed(contoso(hosts__joined__text=collected[: collected.index("MdmUrl")])) == {
        "HYB050": "not assessed",
        "HYB080": "not assessed",
    }


def test_what_dsregcmd_says_by_winrm_is_about_another_user(changed):
    by_winrm = {"hosts__joined__by_winrm": True}
    assert changed(contoso(**by_winrm)) == {"HYB080": "not assessed"}
    assert changed(contoso(**by_winrm, hosts__joined__mdm_url=None)) == {
        "HYB050": "not assessed",
        "HYB080": "not assessed",
    }
    assert changed(contoso(**by_winrm, hosts__joined__entra="NO"))["HYB030"] == "fail"


def test_a_text_that_is_not_of_dsregcmd_is_not_assessed(changed):
    assert changed(contoso(hosts__joined__text="'dsregcmd' is not recognized")) == dict.fromkeys(
        ["HYB030", "HYB040", "HYB050", "HYB060", "HYB080"], "not assessed"
    )


def test_a_computer_without_its_certificate_fails_unless_it_has_joined(changed):
    assert changed(contoso(directory__client_user_certificates=0)) == {}
    waiting = contoso(directory__client_user_certificates=0, hosts__joined__entra="NO")
    assert changed(waiting)["HYB070"] == "fail"


def test_a_computer_whose_certificates_were_not_read_is_not_assessed(changed):
    assert changed(contoso(directory__client_user_certificates=None)) == {"HYB070": "not assessed"}


def test_devices_that_enrol_before_they_get_a_client_need_no_hybrid_join(judge):
    found = judge(contoso(design__rollout__path="intune-first"))
    assert {found[id].outcome.value for id in found if id.startswith("HYB")} == {"not applicable"}


def test_an_unlisted_host_is_nobodys_concern(changed):
    assert only(changed(contoso(hosts__client=Host(personal=(Stored(role="client"),), groups=None)))) == {
        "HST120": "not assessed"
    }
