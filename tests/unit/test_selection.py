"""--select: words that fit, words that do not, and a word that fits nothing."""

from __future__ import annotations

import pytest

from comgmt_audit import Severity, Stage
from comgmt_audit.errors import SelectionError
from comgmt_audit.selection import select
from tests.unit.checks_by_hand import a_check


def nothing():
    yield from ()


CHECKS = [
    a_check("CRT010", nothing, severity=Severity.HIGH, covers=("S31",), stage=Stage.PKI),
    a_check("CRT020", nothing, severity=Severity.LOW, covers=("S32", "S33"), stage=Stage.PKI),
    a_check("DNS010", nothing, severity=Severity.CRITICAL, tags=("internet",), stage=Stage.DNS),
    a_check("TEN010", nothing, severity=Severity.MEDIUM, tags=("beyond",), covers=("S3",)),
]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("", "CRT010 CRT020 DNS010 TEN010"),
        (" , ", "CRT010 CRT020 DNS010 TEN010"),
        ("CRT010", "CRT010"),
        ("crt010", "CRT010"),
        ("CRT", "CRT010 CRT020"),
        ("S31", "CRT010"),
        ("S3", "TEN010"),
        ("pki", "CRT010 CRT020"),
        ("internet", "DNS010"),
        ("high", "CRT010 DNS010"),
        ("HIGH", "CRT010 DNS010"),
        ("advice", "CRT010 CRT020 DNS010 TEN010"),
        ("critical", "DNS010"),
        ("*010", "CRT010 DNS010 TEN010"),
        ("C?T0*", "CRT010 CRT020"),
        ("TEN, CRT", "CRT010 CRT020 TEN010"),
        ("!CRT", "DNS010 TEN010"),
        ("CRT,!CRT010", "CRT020"),
        ("high,!internet", "CRT010"),
        ("! CRT ,!TEN010", "DNS010"),
    ],
)
def test_what_an_expression_chooses_in_the_checks_own_order(expression, ids):
    assert [check.id for check in select(CHECKS, expression)] == ids.split()


@pytest.mark.parametrize(
    ("expression", "word", "hint"),
    [
        ("CRT01", "CRT01", "CRT010"),
        ("crt0100", "crt0100", "CRT010"),
        ("CRT,interne", "interne", "internet"),
        ("!CTR", "CTR", "CRT"),
        ("XYZ*", "XYZ*", "comgmt-audit list"),
        ("!", "", "comgmt-audit list"),
    ],
)
def test_a_word_that_fits_nothing_is_an_error_with_a_suggestion(expression, word, hint):
    with pytest.raises(SelectionError) as caught:
        select(CHECKS, expression)
    assert f"{word!r} fits no check" in caught.value.message
    assert hint in caught.value.hint


def test_an_expression_that_leaves_nothing_is_an_error():
    with pytest.raises(SelectionError, match="leaves no check at all"):
        select(CHECKS, "CRT,!pki")
