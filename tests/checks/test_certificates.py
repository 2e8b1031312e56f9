"""Cloud service certificates: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import certifi
import pytest

from comgmt_audit.facts import certificates as facts
from comgmt_audit.model import Severity
from tests.lab import directory, pki
from tests.lab import hosts as lab
from tests.lab.defects.defect import IN_USE
from tests.lab.estate import contoso, contoso_2018

CONTENT = [
    *(f"CRT{n}" for n in ("030", "050", "060", "070", "080", "090", "100", "130", "150", "180", "190", "200")),
    "CMG090",
    *("TLS010", "TLS040", "TLS050", *IN_USE),
]
"""The checks that read the certificate itself, or compare with it, or need its path to find the root."""
FILE = ["CRT010", "CRT020", "CRT040", "CRT170"]

NO_RESPONDER = dict.fromkeys(("AIA040", "AIA050", "AIA060"), "not applicable")
"""The own CA names no OCSP responder."""

CNG = "Microsoft Software Key Storage Provider"
GATEWAY_FILE = "certificate-file/configmgrcloudmgserver.pfx"


def failing(*ids: str) -> dict[str, str]:
    return dict.fromkeys(ids, "fail")


def unsure(*ids: str) -> dict[str, str]:
    return dict.fromkeys(ids, "not assessed")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gateway_pfx__protected": False}, failing("CRT040")),
        ({"gateway__issuer": "issuing"}, failing("CRT050", "TLS050") | NO_RESPONDER),
        (
            {"gateway__common_name": "contosocmg.westeurope.cloudapp.azure.com"},
            failing("CRT060", "CRT130", "CRT150", "TLS060"),
        ),
        ({"gateway__common_name": "cmg"}, failing("CRT060", "CRT130", "CRT150", "TLS060")),
        ({"gateway__common_name": "www.contoso.com"}, failing("CRT130", "CRT150", "TLS060")),
        ({"gateway__common_name": "*.west.contoso.com"}, failing("CRT130", "CRT150", "TLS060")),
        ({"gateway__dns_names": ("www.contoso.com",)}, failing("CRT070", "CRT130", "TLS060")),
        ({"gateway__dns_names": ()}, failing("CRT070")),
        ({"gateway__subject": (("O", "Contoso Ltd"), ("C", "DE"))}, failing("CRT080")),
        ({"gateway__key": "rsa-1024"}, failing("CRT090")),
        ({"gateway__key": "rsa-3072"}, failing("CRT090")),
        ({"gateway__key": "ec-p256"}, {"CRT090": "not applicable", **failing("CRT100")}),
        ({"gateway_pfx__folder": "D:\\Temp"}, failing("CRT170")),
        ({"gateway__usages": ("clientAuth",)}, failing("CRT180")),
        ({"gateway__days_after": -1}, failing("CRT190", "TLS030")),
        ({"gateway__days_after": 59}, failing("CRT190", "TLS030")),
        ({"gateway__days_before": -1}, failing("CRT190", "TLS030")),
        ({"public_issuing__days_after": -1}, failing("CRT190", "AIA030")),
        ({"gateway__signature_hash": "sha1"}, failing("CRT200")),
        ({"public_issuing__signature_hash": "sha1"}, failing("CRT200")),
    ],
)
def test_a_defect_of_the_gateways_certificate_fails(changed, change, expected):
    assert changed(contoso(**{f"certificates__{path}": value for path, value in change.items()})) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"gateway__key": "rsa-4096"},
        {"gateway__common_name": "*.contoso.com"},
        {"gateway__common_name": "CMG.Contoso.COM"},
        {"gateway__dns_names": ("www.contoso.com", "CMG.contoso.com")},
        {"gateway__usages": ()},
        {"gateway__usages": ("serverAuth", "clientAuth")},
        {"gateway__signature_hash": "sha384"},
        {"gateway_pfx__provider": CNG},
        {"gateway_pfx__provider": None},
        {"gateway_pfx__key_encryption": "PBES2/AES-256-CBC/HMAC-SHA-256"},
        {"gateway_pfx__folder": "c:\\certs"},
        {"gateway_pfx__read_from": "\\\\CM01\\C$\\Certs"},
        {"gateway__days_after": 61},
    ],
)
def test_a_good_certificate_that_looks_unusual_passes(changed, change):
    assert changed(contoso(**{f"certificates__{path}": value for path, value in change.items()})) == {}


def test_a_file_without_a_key_blocks_what_is_said_about_the_key(changed):
    estate = contoso(certificates__gateway_pfx__has_key=False)
    assert changed(estate) == {"CRT020": "fail", "CRT100": "blocked"}


def test_the_key_of_another_certificate_fails(changed):
    estate = contoso(certificates__gateway_pfx__key_matches=False)
    assert changed(estate) == {"CRT020": "fail", "CRT100": "blocked"}


def test_a_certificate_in_place_of_the_pfx_fails(changed):
    blocked = dict.fromkeys(["CRT020", "CRT040", "CRT100", "HST140"], "blocked")
    assert changed(contoso(certificates__gateway_pfx__container="certificate")) == {"CRT010": "fail", **blocked}


@pytest.mark.parametrize("held", [("gateway",), ("gateway", "public-issuing"), ("gateway", "public-root")])
def test_a_path_that_is_not_whole_fails_and_leaves_the_root_unknown(changed, held):
    assert changed(contoso(certificates__gateway_pfx__path=held)) == {
        "CRT030": "fail",
        **unsure("CRT050", "TLS040", "TLS050"),
    }


def test_an_issuer_of_the_right_name_with_another_key_is_no_link(changed):
    estate = contoso(certificates__gateway__signing_key="rsa-2048")
    assert changed(estate) == {
        **failing("CRT030", "TLS040", "AIA020"),
        **unsure("CRT050", "TLS050", "AIA030", *NO_RESPONDER),
    }


def test_only_the_root_of_a_listed_public_ca_may_be_missing_and_is_a_trifle(judge, monkeypatch, tmp_path):
    estate = contoso(certificates__gateway_pfx__path=("gateway", "public-issuing"), design__pki__public_roots=[])
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(pki.pem(estate, "public-root"))
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    facts._mozilla_list.cache_clear()
    try:
        results = judge(estate)
    finally:
        facts._mozilla_list.cache_clear()
    assert results["CRT050"].outcome == "pass"
    assert (results["CRT030"].outcome, results["CRT030"].severity) == ("fail", Severity.LOW)


def test_an_unknown_root_fails_and_says_how_to_declare_it(judge):
    estate = contoso(design__pki__public_roots=[])
    result = judge(estate)["CRT050"]
    assert result.outcome == "fail"
    assert pki.fingerprint(estate, "public-root") in str(result.findings[0].actual)
    assert "public_roots" in result.check.remedy


def test_a_declared_fingerprint_may_have_colons_and_lower_case(changed):
    print_ = pki.fingerprint(contoso(), "public-root").lower()
    spaced = ":".join(print_[start : start + 2] for start in range(0, 64, 2))
    assert changed(contoso(design__pki__public_roots=[spaced])) == {}


def test_the_signature_of_the_root_itself_does_not_matter(changed):
    estate = contoso(certificates__public_root__signature_hash="sha1")
    assert changed(estate.with_(design__pki__public_roots=[pki.fingerprint(estate, "public-root")])) == {}


@pytest.mark.parametrize("opened", [False, None])
def test_a_locked_file_leaves_its_certificate_unjudged(changed, opened):
    assert changed(contoso(certificates__gateway_pfx__opened=opened)) == unsure("CRT020", *CONTENT, "HST140")


def test_a_wrong_password_is_named_without_claiming_that_it_is_wrong(judge):
    finding = judge(contoso(certificates__gateway_pfx__opened=False))["CRT190"].findings[0]
    assert finding.actual == (
        "ConfigMgrCloudMGServer.pfx: the password does not open it; a wrong one and a damaged file look the same"
    )


@pytest.mark.parametrize(
    "estate", [contoso().unrecorded(GATEWAY_FILE), contoso(design__gateway__certificate_file="")], ids=["file", "name"]
)
def test_a_missing_file_is_not_assessed(changed, estate):
    assert changed(estate) == unsure(*FILE, *CONTENT, "HST140")


def test_a_file_that_is_known_not_to_exist_fails(changed):
    from comgmt_audit.recording import Absence, Reason

    estate = contoso().with_(absences={GATEWAY_FILE: Absence(reason=Reason.ABSENT, detail="no such file")})
    outcomes = changed(estate)
    assert outcomes["CRT010"] == "fail"
    assert "pass" not in outcomes.values()


def test_the_design_may_name_the_file_in_any_case_and_with_its_folder(changed):
    assert changed(contoso(design__gateway__certificate_file="D:\\X\\CONFIGMGRcloudMGserver.PFX")) == {}


KEY_FILES = "host/cm01.corp.contoso.com/key-files"


@pytest.mark.parametrize("read_from", ["/home/adele/evidence", "C:\\Users\\adele\\Desktop"])
def test_of_a_copy_on_another_computer_the_site_server_itself_tells_where_the_file_lies(changed, read_from):
    assert changed(contoso(certificates__gateway_pfx__read_from=read_from)) == {}
    moved = contoso(certificates__gateway_pfx__read_from=read_from, certificates__gateway_pfx__folder="D:\\Temp")
    assert changed(moved) == failing("CRT170")


def test_a_copy_on_another_computer_does_not_tell_where_the_file_lies(changed):
    copy = contoso(certificates__gateway_pfx__read_from="/home/adele/evidence")
    assert changed(copy.unrecorded(KEY_FILES)) == unsure("CRT170")
    assert changed(contoso().unrecorded(KEY_FILES)) == {}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"files": [{"path": "C:\\Certs\\ConfigMgrCloudMGServer.pfx", "sha256": "00" * 32}]}, "fail"),
        ({"files": []}, "fail"),
        ({"files": [{"path": "C:\\Certs\\ConfigMgrCloudMGServer.pfx", "sha256": None}]}, "not assessed"),
        ({"files": [], "unread": ["C:\\Certs"]}, "not assessed"),
        ({"files": [], "drives": ["D:\\"]}, "not assessed"),
        ({"drives": 1}, "not assessed"),
    ],
    ids=["another of that name", "not there", "not readable", "folder not readable", "another drive", "damaged"],
)
def test_the_very_file_must_lie_in_a_folder_that_was_looked_into(judge, monkeypatch, change, outcome):
    listed = lab.key_files(contoso())
    monkeypatch.setattr(lab, "key_files", lambda _: listed | change)
    estate = contoso(certificates__gateway_pfx__read_from="/home/adele/evidence")
    assert judge(estate)["CRT170"].outcome.value == outcome


def test_a_folder_below_those_that_the_script_looks_into_is_known_by_the_path_only(changed):
    deep = {"design__pki__certificate_folder": "C:\\PKI\\CMG", "certificates__gateway_pfx__folder": "C:\\PKI\\CMG"}
    assert changed(contoso(**deep)) == {}
    assert changed(contoso(**deep, certificates__gateway_pfx__read_from="/home/adele")) == unsure("CRT170")


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, Severity.CRITICAL), (59, Severity.MEDIUM)], ids=["expired", "expires soon"]
)
def test_an_expired_certificate_is_graver_than_one_that_expires_soon(judge, days, severity):
    assert judge(contoso(certificates__gateway__days_after=days))["CRT190"].severity is severity


def test_an_unsupported_but_long_key_is_a_trifle(judge):
    assert judge(contoso(certificates__gateway__key="rsa-3072"))["CRT090"].severity is Severity.LOW
    assert judge(contoso(certificates__gateway__key="rsa-1024"))["CRT090"].severity is Severity.HIGH


def test_a_cng_key_of_a_site_of_unknown_version_is_not_assessed(changed):
    healthy = contoso().unrecorded("site/SMS_Site")
    cng = healthy.with_(certificates__gateway_pfx__provider=CNG)
    assert changed(healthy).get("CRT100") is None
    assert changed(cng)["CRT100"] == "not assessed"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gateway_pfx__provider": CNG}, failing("CRT100", "CRT110")),
        ({"gateway_pfx__provider": "Microsoft Enhanced Cryptographic Provider v1.0"}, failing("CRT110")),
        ({"gateway_pfx__provider": None}, unsure("CRT110")),
        ({"gateway__common_name": "testintunecmg.contoso.com"}, failing("CRT120", "CRT130", "CRT150", "TLS060")),
        ({"gateway__common_name": "testintunecmg.evilcloudapp.net"}, failing("CRT120", "CRT130", "CRT150", "TLS060")),
        ({"gateway__subject": (("O", "Contoso Ltd"),)}, failing("CRT160")),
        ({"gateway__dns_names": ()}, failing("CRT070")),
        (
            {"distribution_point__common_name": "testintunecmg.cloudapp.net"},
            failing("CRT130", "CRT150", "CRT210", "TLS060"),
        ),
        ({"distribution_point__days_after": 10}, failing("CRT190", "TLS030")),
        ({"gateway_pfx__key_encryption": "PBES2/AES-256-CBC/HMAC-SHA-256"}, failing("CRT220")),
    ],
)
def test_a_defect_of_the_tutorials_certificates_fails(changed, change, expected):
    assert changed(contoso_2018(**{f"certificates__{path}": value for path, value in change.items()})) == expected


def test_one_file_for_both_services_fails(judge):
    results = judge(contoso_2018(certificates__distribution_point_pfx__role="gateway"))
    assert results["CRT210"].outcome == "fail"


def test_two_certificates_may_have_one_key(changed):
    """What the services take from their certificates is the name."""
    assert changed(contoso_2018(certificates__distribution_point__key="gateway")) == {}


def test_what_the_baseline_does_not_ask_for_is_not_blocked_either(judge):
    results = judge(contoso(certificates__gateway_pfx__container="certificate"))
    assert {results[id].outcome.value for id in ("CRT110", "CRT220")} == {"not applicable"}


def test_an_own_certificate_without_a_san_is_only_advice(judge):
    assert judge(contoso_2018(certificates__gateway__dns_names=()))["CRT070"].severity is Severity.ADVICE


def test_clients_that_connect_by_the_alias_see_another_name(changed):
    """The tutorial's own slip: a certificate for cloudapp.net, and a CNAME in the own domain (F101)."""
    assert changed(contoso_2018(design__gateway__custom_domain=True)) == failing("CRT130", "CRT140")


def test_today_the_own_ca_may_issue_for_an_own_domain(changed):
    own = contoso(certificates__gateway__issuer="issuing", certificates__gateway__subject=())
    own = own.with_(design__pki__cloud_certificates="own", directory__web=directory.WEB_OF_CLOUD_SERVICES)
    outcomes = changed(own.with_(site__security_mask=448))
    assert {id: outcome for id, outcome in outcomes.items() if outcome not in {"pass", "not applicable"}} == {}
    assert outcomes["CRT160"] == "pass"


def test_one_missing_file_leaves_the_other_service_to_be_judged(judge):
    result = judge(contoso_2018().unrecorded("certificate-file/configmgrclouddpserver.pfx"))["CRT190"]
    assert result.outcome == "not assessed"
    assert "CMG certificate ConfigMgrCloudMGServer.pfx" in result.passed_subjects
