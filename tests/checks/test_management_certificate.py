"""The Azure management certificate: each case changes one thing in the tutorial's Contoso."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Severity
from comgmt_audit.recording import Absence, Reason
from tests.lab.estate import contoso_2018

CER = "certificate-file/azuremanagementcert.cer"
PFX = "certificate-file/azuremanagementcert.pfx"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"management_pfx__has_key": False}, {"MGT010": "fail", "MGT020": "blocked"}),
        ({"management_pfx__container": "certificate"}, {"MGT010": "fail", "MGT020": "blocked"}),
        ({"management_cer__role": "root"}, {"MGT020": "fail"}),
        ({"management_cer__encoding": "PEM"}, {"MGT030": "fail"}),
        ({"management_cer__has_key": True}, {"MGT030": "fail"}),
        ({"management__days_after": -1}, {"MGT050": "fail"}),
        ({"management__days_after": 59}, {"MGT050": "fail"}),
        ({"management__key": "rsa-1024"}, {"MGT070": "fail"}),
        ({"management__key": "rsa-4096"}, {}),
        ({"management_pfx__key_spec": "signature"}, {"MGT070": "fail"}),
        ({"management_pfx__key_spec": None}, {}),
        ({"management__common_name": "CM01.corp.contoso.com"}, {}),
        ({"management_pfx__friendly_name": "Other"}, {}),
        ({"management_pfx__opened": None}, {"MGT020": "not assessed"}),
        ({"management_pfx__opened": False}, {"MGT020": "not assessed"}),
        (
            {"management_pfx__opened": None, "management_pfx__has_key": False},  # even its kinds of content are hidden
            {"MGT010": "not assessed", "MGT020": "not assessed"},
        ),
    ],
)
def test_one_change(changed, change, expected):
    assert changed(contoso_2018(**{f"certificates__{path}": value for path, value in change.items()})) == expected


def test_neither_name_is_the_agreed_one(changed):
    estate = contoso_2018(
        certificates__management__common_name="CM01.corp.contoso.com",
        certificates__management_pfx__friendly_name="Other",
    )
    assert changed(estate) == {"MGT040": "fail"}


def test_a_friendly_name_in_a_locked_file_is_not_known(changed):
    estate = contoso_2018(
        certificates__management__common_name="CM01.corp.contoso.com", certificates__management_pfx__opened=None
    )
    assert changed(estate) == {"MGT020": "not assessed", "MGT040": "not assessed"}


def test_another_certificate_than_the_uploaded_one_fails(judge):
    """The uploaded list is the site's: only the certificate in the files changes after the upload."""
    estate = contoso_2018(
        certificates__management_pfx__role="distribution-point", certificates__management_cer__role="distribution-point"
    )
    assert judge(estate)["MGT060"].outcome == "fail"


def test_a_private_key_in_the_public_file_is_critical(judge):
    assert judge(contoso_2018(certificates__management_cer__has_key=True))["MGT030"].severity is Severity.CRITICAL
    assert judge(contoso_2018(certificates__management_cer__encoding="PEM"))["MGT030"].severity is Severity.LOW


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([CER], ["MGT010", "MGT020", "MGT030"]),
        ([PFX], ["MGT010", "MGT020"]),
        ([CER, PFX], ["MGT010", "MGT020", "MGT030", "MGT040", "MGT050", "MGT060", "MGT070"]),
        (["arm/management-certificates"], ["MGT060"]),
    ],
)
def test_what_was_not_recorded_is_not_assessed(changed, files, expected):
    estate = contoso_2018()
    for file in files:
        estate = estate.unrecorded(file)
    assert {id: outcome for id, outcome in changed(estate).items() if id.startswith("MGT")} == dict.fromkeys(
        expected, "not assessed"
    )


def test_a_file_that_is_known_not_to_exist_fails(changed):
    estate = contoso_2018().with_(absences={CER: Absence(reason=Reason.ABSENT, detail="no such file")})
    assert changed(estate) == {"MGT010": "fail", "MGT020": "blocked", "MGT030": "not assessed"}
