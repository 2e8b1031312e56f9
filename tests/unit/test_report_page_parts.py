"""What stands beside the checks on the page: what ends, what the logs say, with which rights it was read."""

from __future__ import annotations

import datetime as dt

import pytest
from lxml import html

from comgmt_audit.model import Event, Expiry, Right, Scan
from reports import page, page_parts
from tests import scans

RECORDED = scans.RECORDED


def document(scan: Scan) -> html.HtmlElement:
    return html.document_fromstring(page.render(scan), parser=html.HTMLParser())


@pytest.mark.parametrize(
    ("days", "group", "left"),
    [
        (-400, "Has ended", "399 days ago"),
        (-0.01, "Has ended", "within the last day"),
        (0, "Has ended", "within a day"),
        (0.5, "Within 30 days", "within a day"),
        (30, "Within 30 days", "in 30 days"),
        (30.01, "Within 60 days", "in 30 days"),
        (60, "Within 60 days", "in 60 days"),
        (90, "Within 90 days", "in 90 days"),
        (90.5, "Later", "in 90 days"),
    ],
)
def test_what_ends_stands_in_the_group_of_its_horizon(days: float, group: str, left: str) -> None:
    (found,) = page_parts.ends(scans.scan(expiries=(scans.expiry(days, "x"),)))
    assert (found["title"], found["rows"][0]["left"]) == (group, left)


def test_a_list_that_a_service_renews_worries_nobody_until_it_has_ended() -> None:
    def group(days: float) -> object:
        since = RECORDED - dt.timedelta(days=3)
        ends = Expiry(at=RECORDED + dt.timedelta(days=days), kind="revocation list", subject="CA", since=since)
        return page_parts.ends(scans.scan(expiries=(ends,)))[0]["title"]

    assert group(4) == "Renewed by a service before it ends"
    assert group(-1) == "Has ended"


def test_the_groups_stand_in_the_order_of_time_and_name_where_it_was_seen() -> None:
    groups = page_parts.ends(scans.every_outcome())
    assert [(group["title"], group["number"]) for group in groups] == [
        ("Has ended", "1"),
        ("Within 30 days", "1"),
        ("Within 60 days", "1"),
        ("Within 90 days", "1"),
        ("Later", "1"),
        ("Renewed by a service before it ends", "1"),
    ]
    assert groups[0]["rows"][0]["seen"] == ["ConfigMgrCloudMGServer.pfx"]


def test_a_long_list_is_cut_and_says_so() -> None:
    many = tuple(scans.expiry(500, f"computer {number}") for number in range(1_000))
    events = tuple(Event(log="x.log", kind="success", meaning=str(number), count=1) for number in range(1_000))
    text = page.render(scans.scan(expiries=many, events=events))
    assert text.count("800 more are in the JSON report.") == 2
    assert len(page_parts.ends(scans.scan(expiries=many))[0]["rows"]) == page_parts.SHOWN_ROWS


def test_the_newest_line_of_the_logs_comes_first_and_bars_share_one_scale() -> None:
    rows = page_parts.timeline(scans.every_outcome())["rows"]
    assert [(row["kind"], row["count"], row["first"]) for row in rows] == [
        ("success", "1,200 times", "2026-02-27 08:00 UTC"),
        ("failure", "1 time", ""),
        ("pending", "1 time", ""),
    ]
    assert rows[2]["last"] == "no time"
    assert rows[2]["bar"] is None
    assert rows[1]["bar"] == {"x": "0.0", "width": "2.0"}
    ends = float(rows[0]["bar"]["x"]) + float(rows[0]["bar"]["width"])
    assert ends == pytest.approx(100, abs=0.2)


def test_times_that_go_backwards_make_no_bar_of_negative_length() -> None:
    event = Event(log="x", kind="success", meaning="x", count=2, first=RECORDED, last=RECORDED - dt.timedelta(days=1))
    (row,) = page_parts.timeline(scans.scan(events=(event,)))["rows"]
    assert float(row["bar"]["width"]) > 0
    assert 0 <= float(row["bar"]["x"]) <= 98


def test_a_right_that_was_refused_comes_first_and_one_that_gave_nothing_is_not_called_used() -> None:
    found = page_parts.rights(scans.every_outcome())
    assert [(right["name"], right["state"]) for right in found] == [
        ("Policy.Read.All", "lacking"),
        ("UDP and TCP 53 to the resolvers", "not used"),
        ("Organization.Read.All", "used"),
    ]
    assert found[0]["refused"] == "graph/mdm-policies"


def test_a_right_names_a_few_of_many_refusals() -> None:
    right = Right(source="graph", name="R", kind="new kind", refused=tuple(f"graph/{i}" for i in range(9)))
    (found,) = page_parts.rights(scans.scan(rights=(right,)))
    assert found["refused"] == "graph/0, graph/1, graph/2, graph/3, graph/4 and 4 more"
    assert found["kind"] == "new kind"


def test_the_page_has_all_of_it_and_the_versions() -> None:
    root = document(scans.every_outcome())
    said = {
        id: " ".join(" ".join(root.get_element_by_id(id).itertext()).split()) for id in ("ends", "timeline", "appendix")
    }
    assert "secret ConfigMgr of Server App" in said["ends"]
    assert "TEN010 for Contoso, accepted by Pat" in said["ends"]
    assert "The management point answered the site's test with an error." in said["timeline"]
    for needed in (
        "Policy.Read.All",
        "Recorded by comgmt-audit 0.1.0",
        "Format of the recording 1",
        "Baseline current",
    ):
        assert needed in said["appendix"]


def test_without_logs_there_is_no_timeline_and_without_ends_the_page_says_so() -> None:
    root = document(scans.scan())
    assert "Nothing with an end was read." in root.get_element_by_id("ends").text_content()
    with pytest.raises(KeyError):
        root.get_element_by_id("timeline")
