"""Exported CA certificates: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Severity
from comgmt_audit.recording import Absence, Reason
from tests.lab.estate import contoso

ROOT = "certificate-file/trustedrootcert.cer"
ISSUING = "certificate-file/contosoissuingca1.cer"


def own(outcomes: dict[str, str]) -> dict[str, str]:
    """The outcomes of this family: the site's list of roots is compared with the same files by another."""
    return {id: outcome for id, outcome in outcomes.items() if id.startswith("ROO")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"root_cer__role": "client"},
            {"ROO010": "fail", **dict.fromkeys(["ROO020", "ROO030", "ROO040", "ROO050", "ROO060"], "blocked")},
        ),
        ({"root_cer__encoding": "PEM"}, {"ROO020": "fail"}),
        ({"root_cer__has_key": True}, {"ROO020": "fail"}),
        ({"root_cer__role": "issuing-2"}, {"ROO030": "fail", "ROO050": "blocked"}),
        ({"root_cer__role": "public-root"}, {"ROO050": "fail"}),
        ({"root__days_after": -1}, {"ROO040": "fail"}),
        ({"root__days_after": 59}, {"ROO040": "fail"}),
        ({"issuing__days_after": 59}, {"ROO040": "fail"}),
        ({"issuing_cer__role": "issuing-2"}, {"ROO060": "fail"}),
        ({"root__signature_hash": "sha1"}, {}),
        ({"root__key": "rsa-4096"}, {}),
    ],
)
def test_one_change(changed, change, expected):
    assert own(changed(contoso(**{f"certificates__{path}": value for path, value in change.items()}))) == expected


def test_a_private_key_of_a_ca_is_critical(judge):
    assert judge(contoso(certificates__root_cer__has_key=True))["ROO020"].severity is Severity.CRITICAL


def test_a_root_that_was_not_recorded_is_not_assessed(changed):
    ids = ["ROO010", "ROO020", "ROO030", "ROO040", "ROO050"]
    assert own(changed(contoso().unrecorded(ROOT))) == dict.fromkeys(ids, "not assessed")


def test_an_issuing_ca_that_was_not_recorded_is_not_assessed(changed):
    ids = ["ROO010", "ROO020", "ROO030", "ROO040", "ROO060"]
    assert own(changed(contoso().unrecorded(ISSUING))) == dict.fromkeys(ids, "not assessed")


def test_a_directory_that_was_not_recorded_leaves_the_issuing_authorities_unknown(changed):
    ids = ["ROO050", "ROO060"]
    assert own(changed(contoso().unrecorded("directory/enrollment-services"))) == dict.fromkeys(ids, "not assessed")


def test_a_file_that_is_known_not_to_exist_fails(changed):
    estate = contoso().with_(absences={ROOT: Absence(reason=Reason.ABSENT, detail="no such file")})
    outcomes = own(changed(estate))
    assert outcomes["ROO010"] == "fail"
    assert set(outcomes.values()) == {"fail", "blocked"}


def test_without_own_certificates_nothing_is_asked(judge):
    estate = contoso(design__site__communication="enhanced-http", design__clients={"authentication": "entra"})
    results = judge(estate)
    assert {results[id].outcome.value for id in results if id.startswith("ROO")} == {"not applicable"}
