"""Revocation and the CMG's trust: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from comgmt_audit.model import Severity
from tests.lab import pki
from tests.lab.certificates import RevocationList
from tests.lab.estate import contoso, contoso_2018

NAMES = contoso().names
BASE, DELTA = pki.crl_url(NAMES, "issuing"), pki.crl_url(NAMES, "issuing", delta=True)
PAGE = "-----BEGIN X509 CRL-----\nPGh0bWw+U2lnbiBpbjwvaHRtbD4=\n-----END X509 CRL-----\n"
LDAP = "ldap:///CN=Contoso?certificateRevocationList?base?objectClass=cRLDistributionPoint"
NOT_IN_DIRECTORY: dict[str, Any] = {"issuing_ldap": None, "issuing_delta_ldap": None}
IN_DIRECTORY = pki.crl_directory_url(NAMES, "issuing")
UNKNOWN = {"CRL120": "not assessed"}
UNSURE = {"CRL060": "not assessed", "CRL120": "not assessed"}
BLANK = "http://pki.contoso.com/CertEnroll/gone.crl"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"uploaded": ("issuing",)}, {"CRL010": "fail"}),
        ({"uploaded": ("issuing", "public-root")}, {"CRL010": "fail"}),
        ({"uploaded": ("root",)}, {"CRL030": "fail"}),
        ({"uploaded": ("root", "issuing-2")}, {"CRL030": "fail"}),
        ({"uploaded": ()}, {"CRL010": "fail", "CRL030": "fail", "CRL040": "not applicable"}),
        ({"uploaded": ("root", "issuing", "issuing-2", "public-root", "public-issuing")}, {}),
        ({"issuing_crl__outside": 404}, {"CRL050": "fail"}),
        ({"root_crl__outside": 404}, {"CRL050": "fail"}),
        ({"issuing_crl__text": PAGE}, {"CRL050": "fail"}),
        (
            {"issuing_crl__text": PAGE, **NOT_IN_DIRECTORY},
            {"CRL050": "fail", "CRL060": "fail", "CRL090": "not assessed", "CRL120": "not assessed"},
        ),
        (
            {"client__crl_urls": (LDAP,)},
            {"CRL050": "fail", "CRL060": "not assessed", "CRL090": "not assessed", "CRL120": "not assessed"},
        ),
        (
            {"client__crl_urls": ()},
            {"CRL050": "fail", "CRL060": "fail", "CRL090": "not applicable", "CRL120": "not assessed"},
        ),
        ({"client__crl_urls": (BLANK, BASE)}, {"CRL090": "pass"}),
        ({"issuing_crl__inside": 404}, {}),
        ({"issuing_crl__inside": 404, **NOT_IN_DIRECTORY}, {"CRL060": "fail"}),
        ({"issuing_crl__signing_key": "rsa-2048"}, {"CRL070": "fail", "CRL090": "not assessed"}),
        (
            {"issuing_crl__signing_key": "rsa-2048", **NOT_IN_DIRECTORY},
            {"CRL070": "fail", "CRL090": "not assessed", "CRL120": "not assessed"},
        ),
        ({"issuing_crl__days_after": -0.1}, {"CRL080": "fail"}),
        ({"issuing_crl__days_before": -0.1}, {"CRL080": "fail"}),
        ({"issuing_crl__publish_after": -0.1}, {"CRL080": "fail"}),
        ({"issuing_delta__days_after": -0.1}, {"CRL080": "fail"}),
        ({"issuing_delta__base_number": 408}, {"CRL090": "fail"}),
        ({"issuing_delta__base_number": 406}, {}),
        ({"issuing_delta__outside": 404}, {"CRL090": "fail"}),
        ({"issuing_crl__freshest": False}, {}),
        ({"issuing_crl__freshest": False, "issuing_ldap__freshest": False}, {"CRL090": "not applicable"}),
        ({"issuing_crl__scope": ("CA certificates",)}, {"CRL100": "fail"}),
        ({"issuing_crl__scope": ("user certificates",)}, {}),
        ({"issuing_crl__scope": ("indirect",)}, {"CRL100": "fail"}),
        ({"issuing_crl__scope": ("reasons",)}, {"CRL100": "fail"}),
        ({"root_crl__scope": ("user certificates",)}, {"CRL100": "fail"}),
        ({"root_crl__scope": ("CA certificates",)}, {}),
    ],
)
def test_one_change(changed, change, expected):
    outcomes = changed(contoso(**{f"certificates__{path}": value for path, value in change.items()}))
    assert outcomes == {id: outcome for id, outcome in expected.items() if outcome != "pass"}


@pytest.mark.parametrize("base", ["http://pki.corp.local/x", "http://pki/x", "http://10.0.0.5/x", "http://[fd00::1]/x"])
def test_an_address_that_the_internet_cannot_know_is_no_publication(changed, base):
    """The lab answers it from outside all the same: the name alone decides."""
    assert changed(contoso(names__crl_base=base)) == {"CRL050": "fail"}


def test_an_address_without_ldap_that_fails_inside_fails(changed):
    estate = contoso(certificates__client__crl_urls=(BASE,), certificates__issuing_crl__inside=404)
    assert changed(estate) == {"CRL060": "fail"}


def test_the_list_of_another_ca_at_the_address_fails(changed):
    other = RevocationList(
        issuer="issuing-2", place="issuing", number=3, days_before=2, days_after=5, publish_after=4.5
    )
    assert changed(contoso(certificates__issuing_crl=other)) == {"CRL070": "fail", "CRL090": "not assessed"}


def test_a_delta_list_at_the_address_of_the_base_fails(changed):
    estate = contoso(certificates__issuing_crl__base_number=1, certificates__issuing_crl__place="issuing")
    assert changed(estate) == {"CRL100": "fail"}


def test_a_list_that_is_late_is_a_trifle_and_one_that_ended_is_not(judge):
    assert judge(contoso(certificates__issuing_crl__publish_after=-0.1))["CRL080"].severity is Severity.LOW
    assert judge(contoso(certificates__issuing_crl__days_after=-0.1))["CRL080"].severity is Severity.CRITICAL


def test_two_roots_and_four_subordinates_are_the_limit_of_the_tutorial(changed):
    three = ("root", "issuing", "public-root", "management")
    assert changed(contoso_2018(certificates__uploaded=three)) == {"CRL020": "fail"}


def test_an_uploaded_ca_that_has_ended_fails(changed):
    assert changed(contoso(certificates__issuing_2__days_after=-1)) == {}
    estate = contoso(certificates__issuing_2__days_after=-1, certificates__uploaded=("root", "issuing", "issuing-2"))
    assert changed(estate) == {"CRL040": "fail"}


@pytest.mark.parametrize("address", [BASE, pki.crl_url(NAMES, "root")])
def test_a_list_that_was_not_reached_from_outside_is_not_assessed(changed, address):
    assert changed(contoso().unreachable(f"crl/outside/{address}")) == {"CRL050": "not assessed"}
    assert changed(contoso().unrecorded(f"crl/outside/{address}")) == {"CRL050": "not assessed"}


@pytest.mark.parametrize("address", [BASE, pki.crl_url(NAMES, "root")])
def test_a_list_that_was_not_reached_from_inside_is_not_assessed(changed, address):
    """What lies in the directory stands in, where the directory was read."""
    estate = contoso().unreachable(f"crl/inside/{address}")
    assert changed(estate) == {}
    assert changed(estate.refusing("directory/revocation-lists")) == {"CRL060": "not assessed"}
    assert changed(estate.unrecorded("directory/revocation-lists")) == {"CRL060": "not assessed"}


def test_a_delta_list_that_was_not_reached_is_not_assessed(changed):
    assert changed(contoso().unreachable(f"crl/inside/{DELTA}")) == {"CRL090": "not assessed"}


def test_the_box_must_be_declared(judge):
    result = judge(contoso(design__gateway__verify_client_revocation="unknown"))["CRL050"]
    assert result.outcome == "not assessed"
    assert 'verify_client_revocation = "on" or "off"' in result.cure


def test_with_the_box_off_nothing_needs_to_be_published(changed):
    estate = contoso(
        design__gateway__verify_client_revocation="off",
        certificates__issuing_crl__outside=404,
        certificates__issuing_delta__outside=404,
        certificates__root_crl__outside=404,
    )
    assert changed(estate) == {}


def test_clients_without_certificates_need_no_lists(judge):
    estate = contoso(design__clients__authentication="entra", design__gateway__verify_client_revocation="unknown")
    results = judge(estate)
    asked = {id for id in results if id.startswith("CRL") and results[id].outcome == "not assessed"}
    assert asked == set()


def test_without_a_sample_client_nothing_is_known(changed):
    outcomes = changed(contoso(design__clients__samples=[]))
    ids = ["CRL010", "CRL030", "CRL050", "CRL060", "CRL070", "CRL080", "CRL090", "CRL100", "CRL120"]
    assert {id: outcomes[id] for id in outcomes if id.startswith("CRL")} == dict.fromkeys(ids, "not assessed")


def test_what_was_uploaded_must_be_recorded(changed):
    outcomes = changed(contoso().unrecorded("site/gateway-certificates"))
    assert outcomes == dict.fromkeys(["CRL010", "CRL020", "CRL030", "CRL040"], "not assessed")


def test_clients_that_check_site_systems_need_the_lists_of_an_own_cloud_certificate_outside(changed):
    """F82: the site's box is on, the CMG's certificate is private, and its lists stay inside."""
    assert changed(contoso_2018(site__security_mask=480)) == {"CRL110": "fail"}


def test_the_same_lists_published_outside_are_in_order(changed):
    estate = contoso_2018(site__security_mask=480, certificates__root_crl__outside=200)
    assert changed(estate) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"issuing_crl__revoked": (("client", "superseded"),)}, "fail"),
        ({"issuing_crl__revoked": (("client", "certificateHold"),)}, "fail"),
        ({"issuing_crl__revoked": (("site-client", "superseded"),)}, "pass"),
        ({"issuing_delta__revoked": (("client", "superseded"),)}, "fail"),
        ({"public_root_crl__revoked": (("public-issuing", "cACompromise"),)}, "fail"),
        ({"public_root_crl__revoked": (("gateway", "superseded"),)}, "pass"),
        ({"public_issuing_crl__outside": 404}, "pass"),
        ({"public_issuing_crl__inside": 404, "public_issuing_crl__outside": 404}, "not assessed"),
        ({"public_issuing_crl__signing_key": "rsa-2048"}, "not assessed"),
        ({"gateway__crl_urls": ()}, "not assessed"),
        ({"gateway__crl_urls": (LDAP,)}, "not assessed"),
    ],
)
def test_a_revoked_certificate_fails_by_whichever_list(judge, change, expected):
    estate = contoso(**{f"certificates__{path}": value for path, value in change.items()})
    assert judge(estate)["CRL120"].outcome == expected


def test_a_hold_that_ended_is_none(judge):
    """The complete list still has it; the later delta list takes it out (RFC 5280, section 5.3.1)."""
    held = contoso(certificates__issuing_crl__revoked=(("client", "certificateHold"),))
    assert judge(held)["CRL120"].outcome == "fail"
    released = held.with_(certificates__issuing_delta__revoked=(("client", "removeFromCRL"),))
    assert judge(released)["CRL120"].outcome == "pass"


def test_a_list_of_another_key_revokes_nothing(judge):
    forged = contoso(
        certificates__issuing_crl__revoked=(("client", "keyCompromise"),),
        certificates__issuing_crl__signing_key="issuing-2",
        certificates__issuing_ldap=None,
    )
    result = judge(forged)["CRL120"]
    assert not [one for one in result.findings if one.outcome == "fail"]
    assert result.outcome == "not assessed"


def test_a_client_without_pki_needs_no_certificate_to_be_looked_up(judge):
    estate = contoso(design__clients__authentication="token", hosts__client__personal=())
    assert judge(estate)["CRL120"].outcome == "pass"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"issuing_ldap__days_after": -0.1}, {"CRL080": "fail"}),
        ({"issuing_ldap__days_before": -0.1}, {"CRL080": "fail"}),
        ({"issuing_ldap__signing_key": "rsa-2048"}, {"CRL070": "fail", "CRL090": "not assessed", **UNKNOWN}),
        ({"issuing_ldap__issuer": "issuing-2"}, {"CRL070": "fail", "CRL090": "not assessed", **UNKNOWN}),
        ({"issuing_ldap__scope": ("CA certificates",)}, {"CRL100": "fail"}),
        ({"issuing_ldap__revoked": (("client", "keyCompromise"),)}, {"CRL120": "fail"}),
        ({"issuing_ldap__freshest": False}, {"CRL090": "not applicable"}),
        ({"issuing_ldap__freshest_in_directory": True}, {}),
        (
            {"issuing_ldap__freshest_in_directory": True, "issuing_delta_ldap__base_number": 408},
            {"CRL090": "fail"},
        ),
        ({"issuing_ldap__freshest_in_directory": True, "issuing_delta_ldap": None}, {"CRL090": "fail"}),
        (
            {
                "issuing_ldap__freshest_in_directory": True,
                "issuing_delta_ldap__revoked": (("client", "keyCompromise"),),
            },
            {"CRL120": "fail"},
        ),
        ({"issuing_ldap": None}, {"CRL060": "fail", "CRL090": "not assessed", **UNKNOWN}),
        (NOT_IN_DIRECTORY, {"CRL060": "fail", "CRL090": "not assessed", **UNKNOWN}),
    ],
)
def test_a_list_in_the_directory_only_is_judged_as_any_other_and_is_not_outside(changed, change, expected):
    estate = contoso(
        certificates__client__crl_urls=(IN_DIRECTORY,),
        **{f"certificates__{path}": value for path, value in change.items()},
    )
    assert changed(estate) == {"CRL050": "fail", **expected}


@pytest.mark.parametrize(
    "address",
    [
        IN_DIRECTORY.replace("ldap:///", "ldap://directory.example/"),
        IN_DIRECTORY.replace("certificateRevocationList", "cACertificate"),
        IN_DIRECTORY.replace("CN=CDP", "CN=Elsewhere"),
        LDAP,
    ],
)
def test_what_the_directory_was_not_asked_for_is_not_assessed(changed, address):
    outcomes = changed(contoso(certificates__client__crl_urls=(address,)))
    assert outcomes == {"CRL050": "fail", "CRL060": "not assessed", "CRL090": "not assessed", **UNKNOWN}


@pytest.mark.parametrize(
    "address",
    [
        IN_DIRECTORY.replace("certificateRevocationList", "certificateRevocationList;binary"),
        IN_DIRECTORY.replace("CN=CDP,", "cn=cdp,%20"),
        IN_DIRECTORY.replace("ldap:///", "LDAP:///"),
        IN_DIRECTORY.replace("Issuing%20CA", "Issuing%5C20CA"),
    ],
)
def test_an_object_is_found_however_its_name_is_written(changed, address):
    assert changed(contoso(certificates__client__crl_urls=(address,))) == {"CRL050": "fail"}


@pytest.mark.parametrize("lost", ["refusing", "unreachable", "unrecorded"])
def test_a_list_in_a_directory_that_was_not_read_is_not_assessed(changed, lost):
    estate = getattr(contoso(certificates__client__crl_urls=(IN_DIRECTORY,)), lost)("directory/revocation-lists")
    assert changed(estate) == {"CRL050": "fail", "CRL060": "not assessed", "CRL090": "not assessed", **UNKNOWN}


def test_of_two_lists_of_one_time_the_one_that_revokes_counts(judge):
    for place in ("issuing_crl", "issuing_ldap"):
        estate = contoso(**{f"certificates__{place}__revoked": (("client", "keyCompromise"),)})
        assert judge(estate)["CRL120"].outcome == "fail"
