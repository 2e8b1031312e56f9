"""Drift in words, as Markdown, as a page and as JSON: everything that changed is there, and nothing in it is markup."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from comgmt_audit import packs
from comgmt_audit.model import Change, Drift, Drifted, DriftReport, Severity, ValueChange
from tests.scans import HOSTILE, RECORDED

DAY = dt.timedelta(days=1)


def report(**changes: object) -> DriftReport:
    def one(change: Change, subject: str, **more: object) -> Drifted:
        return Drifted(change=change, check="LIC040", subject=subject, severity=Severity.HIGH, **more)  # type: ignore[arg-type]

    drift = Drift(
        before=RECORDED,
        after=RECORDED + DAY,
        changes=(
            one(Change.NEW, "adele@contoso.com", after="no licence", since=RECORDED + DAY),
            one(Change.FIXED, "alex@contoso.com", before="no licence"),
            one(Change.UNKNOWN_NOW, "kim@contoso.com", before="no licence", after="refused"),
            one(Change.STILL_FAILING, "pat@contoso.com", after="no licence", since=RECORDED - 9 * DAY, flapping=True),
        ),
        notes=("another tool: 0.1.0 before, 9.0 after",),
    )
    value = ValueChange(
        kind="changed", observation="graph/users", object="adele", path="/usageLocation", before='"DE"', after='"FR"'
    )
    fields = {"environment": "Contoso", "verdicts": drift, "values": (value,), "unseen": ("arm/resources: refused",)}
    return DriftReport(**(fields | changes))  # type: ignore[arg-type]


def rendered(of: DriftReport) -> dict[str, str]:
    text = packs.report("drift_text")
    return {
        "text": text.render(of),
        "markdown": text.markdown(of),
        "page": packs.report("drift_page").render(of),
        "json": packs.report("drift_json").render(of),
    }


@pytest.mark.parametrize("form", ["text", "markdown", "page", "json"])
def test_everything_that_changed_is_there(form):
    shown = rendered(report())[form]
    for word in ("adele@contoso.com", "alex@contoso.com", "kim@contoso.com", "pat@contoso.com", "refused", "FR", "9.0"):
        assert word in shown, word


def test_the_first_line_counts():
    assert rendered(report())["text"].startswith(
        "DRIFT: 1 new, 1 fixed, 1 unknown now, 1 still failing, 1 changed value\n"
    )
    calm = report(verdicts=Drift(before=RECORDED, after=RECORDED), values=(), unseen=())
    assert rendered(calm)["text"].startswith("NO DRIFT: 0 new, 0 changed values\n")


def test_age_and_flapping_are_said():
    text = rendered(report())["text"]
    assert "pat@contoso.com; found: no licence; since 2026-02-21 (10 days); comes and goes" in text
    assert "adele@contoso.com; found: no licence\n" in text


@pytest.mark.parametrize("harm", HOSTILE)
def test_nothing_in_it_is_markup(harm):
    evil = Drifted(change=Change.NEW, check="EVL010", subject=harm, severity=Severity.LOW, before=harm, after=harm)
    of = report(environment=harm, verdicts=Drift(before=RECORDED, after=RECORDED, changes=(evil,), notes=(harm,)))
    page = packs.report("drift_page").render(of)
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in packs.report("drift_text").render(of)


def test_json_is_read_back():
    assert msgspec.json.decode(rendered(report())["json"], type=DriftReport) == report()
