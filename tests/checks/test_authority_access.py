"""Where issuers' certificates and OCSP responders are: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Severity
from tests.lab import pki
from tests.lab.certificates import IssuerFile
from tests.lab.estate import contoso, contoso_2018

NAMES = contoso().names
ROOT, ISSUING = pki.issuer_url(NAMES, "root"), pki.issuer_url(NAMES, "issuing")
PUBLIC = [pki.issuer_url(NAMES, role) for role in ("public-root", "public-issuing")]
UNKNOWN = dict.fromkeys(("AIA010", "AIA020", "AIA030"), "not assessed")
UNASKED = dict.fromkeys(("AIA040", "AIA050", "AIA060"), "not assessed")
NO_ANSWER = UNASKED | {"AIA040": "fail"}
DOES_NOT_COUNT = {"AIA050": "fail", "AIA060": "not assessed"}
WRONG = {"AIA020": "fail", "AIA030": "not assessed"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"issuing_crt__inside": 404}, {"AIA010": "fail"}),
        ({"issuing_crt__inside": 410}, {"AIA010": "fail"}),
        ({"root_crt__inside": 404}, {"AIA010": "fail"}),
        ({"issuing_crt__inside": 503}, UNKNOWN),
        ({"issuing_crt__inside": 302}, UNKNOWN),
        ({"issuing_crt__outside": 404}, {}),
        ({"public_issuing_crt__outside": 404}, {"AIA010": "fail"}),
        ({"public_issuing_crt__inside": 404}, {}),
        ({"issuing_crt__text": "no certificate"}, WRONG),
        ({"issuing_crt__roles": ("root",)}, WRONG),
        ({"issuing_crt__roles": ("issuing-2",)}, WRONG),
        ({"issuing_crt__roles": ("client",)}, WRONG),
        ({"issuing_crt__roles": ("issuing", "root")}, {}),
        ({"issuing_crt__roles": ("root", "issuing-2", "issuing")}, {}),
        ({"issuing_crt__encoding": "PEM"}, {}),
    ],
)
def test_one_change(changed, change, expected):
    assert changed(contoso(**{f"certificates__{path}": value for path, value in change.items()})) == expected


def test_a_certificate_of_the_right_name_and_another_key_is_not_the_issuer(changed):
    """An earlier key of the same CA: only the signature tells."""
    renewed = contoso(
        certificates__issuing_2__common_name="Contoso Issuing CA 1",
        certificates__issuing_crt=IssuerFile(roles=("issuing-2",)),
    )
    assert changed(renewed) == WRONG


@pytest.mark.parametrize(("days", "severity"), [(-1, Severity.MEDIUM), (20, Severity.LOW)], ids=["ended", "ends soon"])
def test_an_issuer_that_has_ended_is_graver_than_one_that_ends_soon(judge, days, severity):
    result = judge(contoso(certificates__issuing__days_after=days))["AIA030"]
    assert (result.outcome.value, result.severity) == ("fail", severity)


def test_where_nothing_was_asked_nothing_passes(changed):
    estate = contoso()
    for url in (ROOT, ISSUING, *PUBLIC):
        for vantage in ("inside", "outside"):
            estate = estate.unrecorded(f"aia/{vantage}/{url}")
    assert changed(estate) == UNKNOWN


def test_where_nothing_is_published_the_rest_is_not_assessed(changed):
    gone = {
        f"certificates__{role}_crt__{vantage}": 404 for role in ("root", "issuing") for vantage in ("inside", "outside")
    }
    assert changed(contoso_2018(**gone)) == {"AIA010": "fail"}  # the directory still has the issuing CA's
    gone_from_directory = contoso_2018(**gone, directory__published_intermediates=("issuing-2",))
    assert changed(gone_from_directory) == UNKNOWN | {"AIA010": "fail"}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (("issuing-2",), {"AIA010": "fail"}),
        (("issuing-2", "issuing"), {}),
        ((), UNKNOWN),
    ],
)
def test_the_directory_must_have_what_certificates_name_there(changed, published, expected):
    assert changed(contoso(directory__published_intermediates=published)) == expected


def test_a_directory_that_does_not_show_it_leaves_it_unjudged(judge):
    results = judge(contoso().refusing("directory/aia"))
    assert {id: results[id].outcome.value for id in UNKNOWN} == UNKNOWN


@pytest.mark.parametrize("url", PUBLIC)
def test_inside_stands_in_for_a_cloud_service_only_where_nobody_asked_outside(changed, url):
    assert changed(contoso().unrecorded(f"aia/outside/{url}")) == {}
    assert changed(contoso().unreachable(f"aia/outside/{url}")) == UNKNOWN
    assert changed(contoso().unreachable(f"aia/inside/{url}")) == {}


@pytest.mark.parametrize("url", [ROOT, ISSUING])
def test_what_was_not_reached_inside_is_not_assessed(changed, url):
    assert changed(contoso().unreachable(f"aia/inside/{url}")) == UNKNOWN


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"statuses": {"gateway": "revoked"}}, {"AIA060": "fail"}),
        ({"statuses": {"gateway": "unknown"}}, DOES_NOT_COUNT),
        ({"statuses": {"ocsp-responder": "revoked"}}, {}),
        ({"refusal": "unauthorized"}, NO_ANSWER),
        ({"refusal": "signature required"}, NO_ANSWER),
        ({"refusal": "try later"}, UNASKED),
        ({"refusal": "internal error"}, UNASKED),
        ({"refusal": "malformed request"}, UNASKED),
        ({"status": 404}, NO_ANSWER),
        ({"status": 410}, NO_ANSWER),
        ({"status": 503}, UNASKED),
        ({"days_before": -0.1}, DOES_NOT_COUNT),
        ({"days_before": -0.003}, {}),
        ({"days_after": -0.01}, DOES_NOT_COUNT),
        ({"days_after": None}, {}),
        ({"of": "public-issuing"}, DOES_NOT_COUNT),
        ({"of": "client"}, DOES_NOT_COUNT),
        ({"signer": "public-issuing", "sent": ()}, {}),
        ({"signer": "public-issuing"}, {}),
        ({"signer": "public-root", "sent": ()}, DOES_NOT_COUNT),
        ({"signer": "public-root", "sent": ("public-root",)}, DOES_NOT_COUNT),
        ({"signer": "gateway", "sent": ("gateway",)}, DOES_NOT_COUNT),
        ({"sent": ()}, DOES_NOT_COUNT),
        ({"sent": ("gateway",)}, DOES_NOT_COUNT),
        ({"sent": ("gateway", "ocsp-responder")}, {}),
    ],
)
def test_one_change_of_what_the_responder_says(changed, change, expected):
    assert changed(contoso(**{f"ocsp__{path}": value for path, value in change.items()})) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"usages": ()},
        {"usages": ("serverAuth",)},
        {"issuer": "public-root"},
        {"issuer": "ocsp-responder"},
        {"signing_key": "rsa-2048"},
        {"days_after": -0.1},
        {"days_before": -0.1},
    ],
)
def test_a_responder_that_the_issuer_has_not_named_does_not_count(changed, change):
    estate = contoso(**{f"certificates__ocsp_responder__{path}": value for path, value in change.items()})
    assert changed(estate) == DOES_NOT_COUNT


def test_a_revocation_that_nobody_vouches_for_is_no_revocation(changed):
    forged = contoso(ocsp__statuses={"gateway": "revoked"}, ocsp__signer="client", ocsp__sent=("client",))
    assert changed(forged) == DOES_NOT_COUNT


def test_who_was_not_asked_does_not_pass(changed):
    estate = contoso()
    for vantage in ("inside", "outside"):
        estate = estate.unrecorded(f"ocsp/{vantage}/{pki.thumbprint(estate, 'gateway')}/{pki.RESPONDER}")
    assert changed(estate) == UNASKED


def test_inside_stands_in_only_where_nobody_asked_the_responder_outside(changed):
    id = f"{{}}/{pki.thumbprint(contoso(), 'gateway')}/{pki.RESPONDER}"
    assert changed(contoso().unrecorded(f"ocsp/{id.format('outside')}")) == {}
    assert changed(contoso().unreachable(f"ocsp/{id.format('outside')}")) == UNASKED
    assert changed(contoso().unreachable(f"ocsp/{id.format('inside')}")) == {}


def test_without_its_issuer_nobody_can_ask(judge):
    """The only certificate with a responder is served, and its issuer neither sent nor recorded anywhere else."""
    results = judge(
        contoso(
            certificates__gateway_pfx__path=("gateway",), tls__gateway__after=(), directory__published_intermediates=()
        )
    )
    found = {id: results[id].outcome.value for id in UNASKED}
    assert found == UNASKED
    assert "was not seen" in str(results["AIA060"].findings[0].actual)
