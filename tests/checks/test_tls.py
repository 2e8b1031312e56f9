"""What is served on port 443: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Severity
from comgmt_audit.recording import Absence, Reason
from tests.lab import directory, pki
from tests.lab.estate import contoso, contoso_2018

ALL = [f"TLS{number:03}" for number in range(10, 90, 10)]
OF_EVERY_SERVICE = ALL[2:]
OUTSIDE, INSIDE = "tls/outside/cmg.contoso.com:443", "tls/inside/cmg.contoso.com:443"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gateway__role": "distribution-point"}, {"TLS010", "TLS020", "TLS050", "TLS060"}),
        ({"gateway__after": ()}, {"TLS040"}),
        ({"gateway__after": ("issuing",)}, {"TLS040"}),
        ({"gateway__after": ("public-issuing", "public-root")}, set()),
        ({"gateway__after": ("public-root", "public-issuing")}, {"TLS040"}),
        ({"gateway__after": ("public-issuing", "issuing")}, {"TLS040"}),
        ({"gateway__protocols": ("TLSv1.2",)}, set()),
        ({"gateway__protocols": ("TLSv1.3",)}, set()),
        ({"gateway__protocols": ("TLSv1.1", "TLSv1.2")}, {"TLS080"}),
        ({"gateway__protocols": ("TLSv1",)}, {"TLS070", "TLS080"}),
        ({"management_point__after": ()}, {"TLS040"}),
        ({"management_point__role": "root"}, {"TLS060"}),
        ({"management_point__role": "management"}, {"TLS050", "TLS060"}),
        ({"management_point__role": "gateway"}, {"TLS060"}),
        ({"management_point__protocols": ("TLSv1.1",)}, {"TLS070", "TLS080"}),
    ],
)
def test_one_change(changed, change, expected):
    outcomes = changed(contoso(**{f"tls__{path}": value for path, value in change.items()}))
    assert outcomes == dict.fromkeys(expected, "fail")


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"after": ("public-root", "public-issuing")}, Severity.LOW),
        ({"after": ("public-issuing", "issuing")}, Severity.LOW),
        ({"after": ()}, Severity.HIGH),
    ],
)
def test_an_untidy_chain_is_a_trifle_and_a_gap_is_none(judge, changes, severity):
    estate = contoso(**{f"tls__gateway__{key}": value for key, value in changes.items()})
    assert judge(estate)["TLS040"].severity is severity


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, Severity.CRITICAL), (59, Severity.MEDIUM)], ids=["ended", "ends soon"]
)
def test_a_certificate_that_has_ended_is_graver_than_one_that_ends_soon(judge, days, severity):
    assert judge(contoso(certificates__management_point__days_after=days))["TLS030"].severity is severity


def test_the_horizon_is_that_of_the_design(judge):
    estate = contoso(certificates__management_point__days_after=61)
    assert judge(estate)["TLS030"].outcome == "pass"
    assert judge(estate.with_(design__horizons={"certificate_days": 90}))["TLS030"].outcome == "fail"


def test_a_finding_names_both_sides_and_their_sources(judge):
    estate = contoso(tls__gateway__role="management-point")
    results = judge(estate)
    file, site = results["TLS010"].findings[0], results["TLS020"].findings[0]
    assert pki.thumbprint(estate, "gateway") in str(file.expected)
    assert pki.thumbprint(estate, "management-point") in str(file.actual)
    assert {one.observation for one in file.evidence} == {OUTSIDE, "certificate-file/configmgrcloudmgserver.pfx"}
    assert {one.observation for one in site.evidence} == {OUTSIDE, "site/SMS_AzureService"}


def test_another_root_than_any_known_may_be_a_proxys(judge):
    finding = judge(contoso(tls__gateway__role="management"))["TLS050"].findings[0]
    assert "inspects TLS" in finding.advice


@pytest.mark.parametrize("id", [OUTSIDE, INSIDE])
def test_one_vantage_is_enough_where_the_other_was_not_asked(changed, id):
    assert changed(contoso().unrecorded(id)) == {}


def test_a_closed_port_inside_says_nothing_against_a_cloud_service(changed):
    assert changed(contoso(tls__gateway__inside="Connection refused")) == {}


def test_a_closed_port_outside_is_not_passed_over(changed):
    assert changed(contoso(tls__gateway__outside="Connection refused")) == dict.fromkeys(ALL, "not assessed")


def test_why_nothing_came_is_said_rather_than_that_nobody_asked(judge):
    estate = contoso(tls__gateway__inside="Connection refused").unrecorded(OUTSIDE)
    findings = judge(estate)["TLS060"].findings
    assert "Connection refused" in next(str(one.actual) for one in findings if one.outcome == "not assessed")


def test_a_cloud_service_that_is_not_named_is_not_assessed(judge):
    result = judge(contoso(design__gateway__service_name=""))["TLS060"]
    assert result.outcome == "not assessed"
    assert "service_name" in next(one.advice for one in result.findings if one.outcome == "not assessed")


def test_the_self_signed_certificates_of_enhanced_http_are_nobodys_business(judge):
    results = judge(contoso(design__site__communication="enhanced-http", tls__management_point__role="management"))
    assert {results[id].outcome.value for id in OF_EVERY_SERVICE} == {"pass"}
    assert not any("management point" in subject for id in ALL for subject in results[id].passed_subjects)


def test_a_chain_to_an_unknown_root_is_not_called_untrusted(judge):
    """The root need not be sent; here the file that would tell it is not there either."""
    estate = contoso().unrecorded("certificate-file/configmgrcloudmgserver.pfx")
    results = judge(estate)
    assert {results[id].outcome.value for id in ("TLS010", "TLS040", "TLS050")} == {"not assessed"}
    sent = estate.with_(tls__gateway__after=("public-issuing", "public-root"))
    results = judge(sent)
    assert {results[id].outcome.value for id in ("TLS040", "TLS050")} == {"pass"}


def test_without_the_directory_the_exported_root_tells_the_own_one(judge):
    estate = contoso().refusing("directory/certification-authorities")
    assert judge(estate)["TLS050"].outcome == "pass"


def test_without_any_own_root_the_management_points_is_not_called_foreign(judge):
    estate = contoso(design__names__root_files=[]).refusing("directory/certification-authorities")
    result = judge(estate)["TLS050"]
    assert result.outcome == "not assessed"


def test_own_certificates_are_trusted_where_the_design_says_so(changed):
    own = contoso(certificates__gateway__issuer="issuing", certificates__gateway__subject=())
    own = own.with_(design__pki__cloud_certificates="own", directory__web=directory.WEB_OF_CLOUD_SERVICES)
    assert not [id for id, outcome in changed(own).items() if id.startswith("TLS") and outcome != "pass"]


def test_what_cannot_be_found_out_about_old_protocols_is_not_assessed(changed):
    assert changed(contoso(tls__gateway__old_known=False)) == {"TLS080": "not assessed"}


@pytest.mark.parametrize("service", ["gateway", "distribution_point"])
def test_each_cloud_service_of_the_tutorial_is_judged_by_its_own_file(changed, service):
    other = {"gateway": "distribution-point", "distribution_point": "gateway"}[service]
    outcomes = changed(contoso_2018(**{f"tls__{service}__role": other}))
    assert outcomes == dict.fromkeys({"TLS010", "TLS060", *(["TLS020"] if service == "gateway" else [])}, "fail")


def test_what_is_refused_says_the_cure(judge):
    absence = Absence(reason=Reason.UNREACHABLE, detail="no handshake within 30 s", cure="Open TCP 443.")
    estate = contoso().with_(absences={OUTSIDE: absence})
    finding = next(one for one in judge(estate)["TLS070"].findings if one.outcome == "not assessed")
    assert (finding.advice, "no handshake" in str(finding.actual)) == ("Open TCP 443.", True)


def test_a_root_that_nobody_knows_is_not_called_foreign_while_a_file_is_missing(judge):
    """The organisation's root may be in the very file that was not recorded."""
    estate = contoso(tls__management_point__role="management")
    assert judge(estate)["TLS050"].outcome == "fail"
    assert judge(estate.unrecorded("certificate-file/trustedrootcert.cer"))["TLS050"].outcome == "not assessed"
