"""What servers tell of their time, and which clocks are compared with which."""

from __future__ import annotations

import datetime as dt

import pytest

from comgmt_audit.sources import clocks
from tests.lab.estate import contoso
from tests.lab.names import NOW


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Tue, 24 Nov 2026 06:00:00 GMT", NOW),
        ("Tue, 24 Nov 2026 07:00:00 +0100", NOW),
        ("Tue, 24 Nov 2026 06:00:00 -0000", None),
        ("Tue, 24 Nov 2026 26:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_date_of_an_answer(date, told):
    assert clocks.from_header(date) == told


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (b"20261124060000.0Z", NOW),
        (b"20261124060000Z", NOW),
        (b"20261324060000.0Z", None),
        (b"20261124060000", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_the_time_of_a_domain_controller(time, told):
    assert clocks.from_directory(time) == told


def test_what_is_kept_are_whole_seconds():
    here = NOW + dt.timedelta(seconds=90.4)
    assert clocks.answer("CM01.corp.contoso.com", (NOW, here)) == {"server": "cm01.corp.contoso.com", "ahead": -90}


def test_without_graph_the_domain_controller_is_the_measure(judge):
    result = judge(contoso(clocks__directory=3600, clocks__site=3600 - 301).unreachable("graph/clock"))["CLK010"]
    failed, unknown = result.findings
    assert failed.subject == "clock of the SMS Provider cm01.corp.contoso.com"
    assert failed.actual == "5 min 1 s behind"
    assert unknown.subject == "clock of Microsoft Graph"


def test_one_clock_alone_is_compared_with_none(judge):
    estate = contoso().unreachable("graph/clock").unreachable("directory/clock")
    result = judge(estate)["CLK010"]
    assert result.outcome == "not assessed"
    assert result.findings[0].subject == "clock of the SMS Provider cm01.corp.contoso.com"


def test_without_any_clock_nothing_is_said(judge):
    estate = contoso().unreachable("graph/clock").unreachable("directory/clock").unrecorded("site/clock")
    assert judge(estate)["CLK010"].outcome == "not assessed"
