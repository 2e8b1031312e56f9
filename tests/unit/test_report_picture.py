"""The picture of the estate: what stands in which column, what rests on what, and what stands in the way."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from lxml import html

from comgmt_audit import packs
from comgmt_audit.model import CheckResult, CheckText, Finding, Outcome, Scan, Stage
from reports import _picture, page
from tests import scans


def result(id: str, outcome: Outcome = Outcome.PASS, *, stage: Stage = Stage.PKI, **fields: Any) -> CheckResult:
    text = scans.text(
        id, stage=stage, family_title=f"Family {id[:3]}", after=fields.pop("after", ()), title=fields.pop("title", id)
    )
    return CheckResult(check=text, outcome=outcome, **fields)


def failed(id: str, **fields: Any) -> CheckResult:
    return result(id, Outcome.FAIL, findings=(Finding(subject="x", outcome=Outcome.FAIL),), **fields)


def picture(*results: CheckResult) -> dict[str, Any]:
    made = _picture.picture(scans.scan(results))
    assert made
    return made


def nodes(*results: CheckResult) -> dict[str, Any]:
    return {node["code"]: node for node in picture(*results)["nodes"]}


def test_an_empty_scan_has_no_picture() -> None:
    assert _picture.picture(scans.scan()) is None
    assert 'id="picture"' not in page.render(scans.scan())


def test_a_family_has_the_state_of_its_gravest_check() -> None:
    unknown = result("AAA010", Outcome.NOT_ASSESSED, reason="403")
    blocked = result("AAA020", Outcome.NOT_ASSESSED, blocked_by=("BBB010",))
    told = {
        "in order": [result("AAA010"), result("AAA020", Outcome.NOT_APPLICABLE)],
        "does not apply": [result("AAA010", Outcome.NOT_APPLICABLE)],
        "1 not looked at": [unknown, result("AAA030")],
        "1 blocked": [unknown, blocked],
        "2 to mend": [unknown, blocked, failed("AAA040"), failed("AAA050")],
    }
    for detail, results in told.items():
        assert nodes(*results)["AAA"]["detail"] == detail


def test_what_is_waived_does_not_colour_its_family() -> None:
    waived = [r for r in scans.waived().results if r.waived]
    assert nodes(*waived)["TEN"]["css"] == "green"


def test_columns_are_the_stages_that_are_there_in_their_order() -> None:
    made = picture(result("CCC010", stage=Stage.ENROLMENT), result("AAA010", stage=Stage.TENANT))
    assert [column["title"] for column in made["columns"]] == ["Tenant", "Enrolment"]
    by = {node["code"]: node["x"] for node in made["nodes"]}
    assert by["AAA"] < by["CCC"]


def test_what_carries_stands_above_what_rests_on_it() -> None:
    by = nodes(result("AAA010", after=("BBB010",)), result("BBB010", after=("CCC010",)), result("CCC010"))
    assert by["CCC"]["y"] < by["BBB"]["y"] < by["AAA"]["y"]


def test_families_that_wait_for_each_other_are_drawn_all_the_same() -> None:
    made = picture(result("AAA010", after=("BBB010",)), result("BBB020", after=("AAA010",)), result("BBB010"))
    assert len(made["nodes"]) == len({node["y"] for node in made["nodes"]}) == 2
    assert len(made["edges"]) == 2


def test_an_arrow_is_broken_where_a_failure_blocks_and_only_there() -> None:
    made = picture(
        failed("AAA010"),
        result("BBB010", Outcome.NOT_ASSESSED, after=("AAA010",), blocked_by=("AAA010",)),
        result("CCC010", after=("AAA020",)),
        result("AAA020"),
    )
    assert [edge["broken"] for edge in made["edges"]] == [False, True]
    (words,) = made["words"]
    assert [(f["title"], f["failed"], f["rests"], f["blocked"]) for f in words["families"]] == [
        ("Family AAA", ("AAA010",), "", ()),
        ("Family BBB", (), "Family AAA", ("AAA010",)),
        ("Family CCC", (), "Family AAA", ()),
    ]


def test_checks_of_one_family_draw_no_arrow_and_an_unknown_one_neither() -> None:
    assert picture(result("AAA010"), result("AAA020", after=("AAA010", "ZZZ010")))["edges"] == []


def test_our_own_checks_fit_into_the_picture() -> None:
    ours = packs.builtin()
    results = tuple(CheckResult(check=CheckText.of(check), outcome=Outcome.PASS, passed=1) for check in ours)
    made = picture(*results)
    assert len(made["nodes"]) == len({check.family.code for check in ours})
    width, height = made["box"]
    for one, other in combinations(made["nodes"], 2):
        assert abs(one["x"] - other["x"]) >= width or abs(one["y"] - other["y"]) >= height
    for node in made["nodes"]:
        assert node["x"] + width <= made["width"]
        assert node["y"] + height <= made["height"]
        assert "…" not in "".join(node["lines"])
        assert " ".join(node["lines"]) in node["label"]


def test_every_box_leads_to_a_part_that_can_be_chosen() -> None:
    root: html.HtmlElement = html.document_fromstring(page.render(drawn()), parser=html.HTMLParser())
    parts = {option.get("value") for option in root.get_element_by_id("family").iter("option")}
    links = {a.get("href") for a in root.get_element_by_id("picture").iter("a")}
    assert links == {"#?family=TEN", "#?family=EVL", "#TEN010"}
    assert {"TEN", "EVL"} <= parts


def drawn() -> Scan:
    hostile = scans.text("EVL010", family_title="<script>alert(1)</script>\u202e" + "x" * 100_000, after=("TEN010",))
    blocked = CheckResult(check=hostile, outcome=Outcome.NOT_ASSESSED, blocked_by=("TEN010",))
    return scans.scan([CheckResult(check=scans.text(), outcome=Outcome.FAIL, findings=(scans.finding(),)), blocked])


def test_a_hostile_title_becomes_no_markup_and_no_page_of_its_own() -> None:
    text = page.render(drawn())
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert len(text) < 100_000
