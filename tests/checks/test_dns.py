"""DNS: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Judge
from tests.lab.dns import GONE, Record
from tests.lab.estate import Estate, contoso, contoso_2018

NAME = "cmg.contoso.com"
DEPLOYMENT = "contosocmg.westeurope.cloudapp.azure.com"
OUTSIDE = f"dns/outside/{NAME}"
BEHIND = {"DNS030": "blocked", "DNS050": "blocked", "DNS060": "blocked"}
"""What waits for the record to be there."""


def lead_to(target: str, **changes: Any) -> Estate:
    """Contoso whose record has that target in both views."""
    record = {NAME: Record(cname=target)}
    return contoso(dns__inside=record, dns__outside=record, **changes)


def finding(judge: Judge, estate: Estate, id: str) -> Any:
    return judge(estate)[id].findings[0]


def test_a_record_that_public_dns_lacks_fails(changed):
    assert changed(contoso(dns__outside={NAME: GONE})) == {"DNS010": "fail", **BEHIND}


def test_a_name_without_an_address_is_no_record_either(changed):
    assert changed(contoso(dns__outside={NAME: Record()})) == {"DNS010": "fail", **BEHIND}


def test_with_own_certificates_the_inside_record_is_wanted(changed):
    estate = contoso_2018(dns__inside={"testintunecmg.contoso.com": GONE})
    assert changed(estate) == {"DNS020": "fail", **BEHIND, "DNS040": "blocked"}


def test_with_own_certificates_the_tutorial_wants_no_public_record(changed):
    """That both views then differ is said by one check alone."""
    gone = dict.fromkeys(("testintunecmg.contoso.com", "testintunecdp.contoso.com"), GONE)
    assert changed(contoso_2018(dns__outside=gone)) == {"DNS050": "fail"}


@pytest.mark.parametrize("view", ["inside", "outside"])
def test_todays_guidance_wants_both_records_with_own_certificates(judge, view):
    estate = contoso(design__pki={"cloud_certificates": "own"}, **{f"dns__{view}": {NAME: GONE}})
    results = judge(estate)
    missing, other = ("DNS020", "DNS010") if view == "inside" else ("DNS010", "DNS020")
    assert (results[missing].outcome, results[other].outcome) == ("fail", "pass")


def test_an_answer_of_a_wildcard_is_no_record(changed, judge):
    web = Record(cname="web.contoso.com")
    zone = {NAME: web, "web.contoso.com": Record(addresses=("203.0.113.10",))}
    estate = contoso(dns__outside=zone, dns__outside_wildcard=web)
    assert changed(estate) == {"DNS010": "fail", **BEHIND}
    assert "wildcard" in finding(judge, estate, "DNS010").advice


def test_a_wildcard_of_addresses_is_no_record(changed):
    everything = Record(addresses=("203.0.113.10",))
    estate = contoso(dns__outside={NAME: everything}, dns__outside_wildcard=everything)
    assert changed(estate) == {"DNS010": "fail", **BEHIND}


def test_a_wildcard_beside_the_record_is_harmless(changed):
    assert changed(contoso(dns__outside_wildcard=Record(addresses=("203.0.113.10",)))) == {}


def test_a_wildcard_that_leads_to_the_gateway_itself_works(changed):
    assert changed(contoso(dns__outside_wildcard=Record(cname=DEPLOYMENT))) == {}


@pytest.mark.parametrize(
    "target",
    [
        "x.evilcloudapp.azure.com",
        "contosocmg.westeurope.cloudapp.azure.com.evil.com",
        "strangercmg.westeurope.cloudapp.azure.com",
        "contosocmg.northeurope.cloudapp.azure.com",
    ],
)
def test_another_target_fails(changed, target):
    estate = lead_to(target)
    there = {NAME: Record(cname=target), target: Record(addresses=("203.0.113.9",))}
    assert changed(estate.with_(dns__inside=there, dns__outside=there)) == {
        "DNS030": "fail",
        "DNS050": "blocked",
        "DNS060": "blocked",
    }


def test_a_target_that_only_ends_like_azure_fails(judge):
    """2018: x.evilcloudapp.net ends in the letters of cloudapp.net."""
    there = {
        "testintunecmg.contoso.com": Record(cname="x.evilcloudapp.net"),
        "x.evilcloudapp.net": Record(addresses=("203.0.113.9",)),
    }
    assert judge(contoso_2018(dns__inside=there, dns__outside=there))["DNS030"].outcome == "fail"


def test_the_record_stays_at_cloudapp_net_after_the_conversion(judge):
    found = finding(judge, lead_to("contosocmg.cloudapp.net"), "DNS030")
    assert (found.outcome, found.expected) == ("fail", DEPLOYMENT)
    assert DEPLOYMENT in found.advice


def test_a_scale_set_declared_under_cloudapp_net_fails(judge):
    estate = lead_to("contosocmg.cloudapp.net", design__gateway__deployment_name="contosocmg.cloudapp.net")
    there = {NAME: Record(cname="contosocmg.cloudapp.net"), "contosocmg.cloudapp.net": Record(addresses=("20.0.0.1",))}
    found = finding(judge, estate.with_(dns__inside=there, dns__outside=there), "DNS030")
    assert found.outcome == "fail"
    assert "a name below cloudapp.azure.com" in found.expected


def test_a_missing_final_dot_is_named_with_its_cure(judge):
    found = finding(judge, lead_to(f"{DEPLOYMENT}.contoso.com"), "DNS030")
    assert found.outcome == "fail"
    assert "final dot is missing" in found.advice
    assert f"{DEPLOYMENT}.," in found.advice


@pytest.mark.parametrize("written", [DEPLOYMENT.upper(), f"{DEPLOYMENT}.", f" {DEPLOYMENT}"])
def test_case_and_dot_of_the_declared_name_do_not_matter(judge, written):
    assert judge(contoso(design__gateway__deployment_name=written))["DNS030"].outcome == "pass"


def test_a_target_in_other_case_is_the_same(changed):
    assert changed(lead_to("ContosoCMG.WestEurope.CloudApp.Azure.com")) == {}


def test_an_alias_on_the_way_is_in_order(changed):
    way = {NAME: Record(cname="edge.contoso.com"), "edge.contoso.com": Record(cname=DEPLOYMENT)}
    assert changed(contoso(dns__inside=way, dns__outside=way)) == {}


def test_a_flattened_alias_is_in_order(changed):
    """Some DNS providers publish the addresses of the target instead of the CNAME."""
    flat = {NAME: Record(addresses=("20.50.2.10",))}
    assert changed(contoso(dns__outside=flat)) == {}


def test_an_address_of_something_else_fails(judge):
    flat = {NAME: Record(addresses=("203.0.113.80",))}
    found = finding(judge, contoso(dns__inside=flat, dns__outside=flat), "DNS030")
    assert found.outcome == "fail"
    assert "CNAME" in found.advice


def test_without_a_declared_deployment_only_the_suffix_is_known(judge):
    result = judge(contoso(design__gateway__deployment_name=""))["DNS030"]
    assert result.outcome == "not assessed"
    assert "deployment_name" in result.cure


def test_without_a_declared_deployment_a_foreign_suffix_still_fails(judge):
    there = {NAME: Record(cname="web.contoso.com"), "web.contoso.com": Record(addresses=("203.0.113.10",))}
    estate = contoso(design__gateway__deployment_name="", dns__inside=there, dns__outside=there)
    assert judge(estate)["DNS030"].outcome == "fail"


def test_the_name_of_the_distribution_point_is_judged_too(changed):
    there = {"testintunecdp.contoso.com": Record(cname="testintunecmg.cloudapp.net")}
    assert changed(contoso_2018(dns__inside=there, dns__outside=there)) == {
        "DNS040": "fail",
        "DNS050": "blocked",
        "DNS060": "blocked",
    }


def test_views_that_lead_apart_fail(judge):
    """Each leads to an address of the service, and yet not to the same name or address."""
    flat = {NAME: Record(addresses=("20.50.2.10",)), DEPLOYMENT: Record(addresses=("20.50.2.10", "20.50.2.11"))}
    other = {DEPLOYMENT: Record(addresses=("20.50.2.99",))}
    assert judge(contoso(dns__outside=flat, dns__inside=other))["DNS050"].outcome == "fail"


def test_an_inside_zone_that_hides_the_public_record_fails(changed):
    assert changed(contoso(dns__inside={NAME: GONE})) == {"DNS050": "fail"}


def test_one_view_alone_cannot_be_compared(changed):
    estate = contoso(design__dns={"outside": ["1.1.1.1"], "enrolment_domains": ["contoso.com"]})
    assert changed(estate) == {"DNS050": "not applicable"}


def test_a_target_that_is_gone_can_be_taken_over(changed):
    gone = {DEPLOYMENT: GONE}
    found = changed(contoso(dns__inside=gone, dns__outside=gone))
    assert found == {"DNS060": "fail", "DNS080": "fail"}


@pytest.mark.parametrize("ends", [GONE, Record()])
def test_a_target_without_an_address_fails(judge, ends):
    assert judge(contoso(dns__outside={DEPLOYMENT: ends}))["DNS060"].outcome == "fail"


def test_a_loop_fails(judge):
    loop = {NAME: Record(cname="a.contoso.com"), "a.contoso.com": Record(cname=NAME)}
    found = finding(judge, contoso(dns__inside=loop, dns__outside=loop), "DNS030")
    assert found.outcome == "fail"
    assert found.actual[-1] == "loop of aliases"


@pytest.mark.parametrize(
    "trouble",
    [
        Record(rcode="SERVFAIL"),
        Record(rcode="REFUSED"),
        Record(error="timeout"),
        Record(error="refused-connection"),
    ],
)
def test_a_resolver_in_trouble_is_no_absence(changed, trouble):
    assert changed(contoso(dns__outside={NAME: trouble})) == {
        "DNS010": "not assessed",
        "DNS030": "not assessed",
        "DNS050": "not assessed",
        "DNS060": "not assessed",
    }


def test_trouble_at_the_target_is_no_absence(changed):
    trouble = {DEPLOYMENT: Record(rcode="SERVFAIL")}
    assert changed(contoso(dns__outside=trouble)) == {"DNS060": "not assessed", "DNS080": "not assessed"}


def test_trouble_at_another_target_leaves_open_where_it_leads(changed):
    way = {NAME: Record(cname="edge.contoso.com"), "edge.contoso.com": Record(rcode="SERVFAIL")}
    unsure = ("DNS030", "DNS050", "DNS060")
    assert changed(contoso(dns__outside=way)) == dict.fromkeys(unsure, "not assessed")


@pytest.mark.parametrize("take_away", ["refusing", "unreachable", "unrecorded"])
def test_a_name_that_was_not_asked_is_not_assessed(changed, take_away):
    assert changed(getattr(contoso(), take_away)(OUTSIDE)) == {
        "DNS010": "not assessed",
        "DNS030": "not assessed",
        "DNS050": "not assessed",
        "DNS060": "not assessed",
    }


def test_without_resolvers_nothing_is_assessed_and_the_cure_names_the_key(judge):
    results = judge(contoso(design__dns={}))
    assert results["DNS010"].outcome == "not assessed"
    assert "dns.outside" in results["DNS010"].cure


def test_a_missing_outside_resolver_is_named(judge):
    result = judge(contoso(design__dns={"inside": ["10.0.0.10"]}))["DNS010"]
    assert (result.outcome, "dns.outside" in result.cure) == ("not assessed", True)


def test_a_service_under_its_name_in_azure_needs_no_record(judge):
    """Own PKI of today: the certificate carries the name in Azure, and clients use it."""
    azure = {"service_name": DEPLOYMENT, "deployment_name": DEPLOYMENT, "custom_domain": False}
    results = judge(contoso(design__gateway=azure))
    assert {results[id].outcome.value for id in ("DNS010", "DNS030", "DNS050", "DNS060")} == {"not applicable"}
    assert results["DNS080"].outcome == "pass"


def test_without_any_declared_name_nothing_is_assessed(judge):
    results = judge(contoso(design__gateway={}))
    assert {results[id].outcome.value for id in ("DNS010", "DNS030", "DNS080")} == {"not assessed"}


def test_before_the_roll_out_the_name_must_be_free(judge):
    estate = contoso(design__rollout__enabled=False, dns__inside={NAME: GONE}, dns__outside={NAME: GONE})
    free = {NAME: GONE, DEPLOYMENT: GONE}
    assert judge(estate)["DNS070"].outcome == "fail"
    assert judge(estate.with_(dns__inside=free, dns__outside=free))["DNS070"].outcome == "pass"


def test_a_name_in_use_to_which_our_record_leads_may_be_ours(judge):
    results = judge(contoso(design__rollout__enabled=False))
    assert (results["DNS070"].outcome, results["DNS080"].outcome) == ("not assessed", "not applicable")


def test_a_government_cloud_has_suffixes_of_its_own(judge):
    """A public suffix does not count there, and usgovcloudapp.net is in order."""
    name = "contosocmg.usgovcloudapp.net"
    there = {NAME: Record(cname=name), name: Record(addresses=("20.140.0.1",))}
    changes = {"design__rollout__cloud": "us-government", "dns__inside": there, "dns__outside": there}
    assert judge(contoso(design__gateway__deployment_name=name, **changes))["DNS030"].outcome == "pass"
    assert judge(contoso(design__rollout__cloud="us-government"))["DNS030"].outcome == "fail"


def test_enrolment_names_that_lead_nowhere_are_advice(changed):
    gone = {"enterpriseenrollment.contoso.com": GONE}
    estate = contoso(dns__outside=gone)
    assert changed(estate) == {"DNS090": "fail"}


def test_enrolment_names_have_targets_by_cloud(judge):
    found = finding(judge, contoso(design__rollout__cloud="us-government"), "DNS090")
    assert found.expected == "enterpriseenrollment-s.manage.microsoft.us"


def test_enrolment_names_are_not_wanted_everywhere(changed):
    estate = contoso(design__dns={"inside": ["10.0.0.10"], "outside": ["1.1.1.1"]})
    assert changed(estate) == {"DNS090": "not applicable", "DNS100": "not applicable"}
