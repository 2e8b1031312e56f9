"""Markdown: what a reader needs, within the size of a comment, and nothing of an environment is more than text."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import CheckResult, Outcome, Scan
from reports import markdown
from tests import scans

HARMLESS = {"text", "code_inline", "softbreak", "strong_open", "strong_close", "text_special"}


def tokens(source: str) -> list[Token]:
    """As GitHub reads it: tables, and addresses become links."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [inner for token in parser.parse(source) for inner in (token, *(token.children or ()))]


def test_the_form_stays(snapshot: SnapshotAssertion) -> None:
    assert markdown.render(scans.every_outcome()) == snapshot


def test_the_first_line_has_the_verdict() -> None:
    first = markdown.render(scans.every_outcome()).splitlines()[0]
    assert first == "# NOT READY: 1 pass, 2 fail, 1 not applicable, 2 not assessed, 1 error"


OURS = {"href": "https://learn.microsoft.com/en-us/intune/mdm-authority-set"}


def evil(harm: str) -> Scan:
    """Everything that somebody else wrote is this."""
    findings = (scans.finding(harm, expected=harm, actual=(harm, harm), advice=harm),)
    check = scans.text(title=harm, why=harm, remedy=harm, step=harm)
    unread = CheckResult(check=check, outcome=Outcome.NOT_ASSESSED, reason=harm, cure=harm)
    return scans.scan([CheckResult(check=check, outcome=Outcome.FAIL, findings=findings), unread], environment=harm)


@pytest.mark.parametrize("scan", [scans.hostile(), *map(evil, scans.HOSTILE)])
def test_nothing_of_a_hostile_environment_is_markup(scan: Scan) -> None:
    found = tokens(markdown.render(scan))
    assert not [token for token in found if token.type in {"html_block", "html_inline", "image", "fence", "code_block"}]
    assert [token.attrs for token in found if token.type == "link_open" and token.attrs != OURS] == []
    assert {token.type for token in found if not token.block} - {"inline", "link_open", "link_close"} <= HARMLESS


@pytest.mark.parametrize(
    "harm", ["@everyone", "see #12", "https://example.com/x", "www.example.com", "GH-7 a@b.example"]
)
def test_no_prose_mentions_or_links_anybody(harm: str) -> None:
    left = [token.content for token in tokens(markdown.text(f"Ask {harm} now.")) if token.type == "text"]
    assert not any(sign in text for text in left for sign in ("@", "#1", "://", "www.", "GH-"))


@pytest.mark.parametrize("value", ["", " ", "`", "a``b`", "``", "|", "\n# x", "\ttab", "\x00"])
def test_a_code_span_holds_any_value(value: str) -> None:
    (inline,) = (token for token in tokens(f"- {markdown.code(value)}") if token.type == "inline")
    assert [child.type for child in inline.children or ()] == ["code_inline"]


def test_a_comment_can_hold_it_whatever_was_found() -> None:
    page = markdown.render(scans.many(20_000, 400))
    assert len(page) < 65_536
    assert "more checks, for which there was no room: BIG" in page


def test_few_subjects_of_many_are_shown_and_the_rest_counted() -> None:
    assert "- and 990 more" in markdown.render(scans.many(1000))


def test_it_is_written_whole(tmp_path: Path) -> None:
    markdown.write(scans.every_outcome(), tmp_path / "report.md")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == markdown.render(scans.every_outcome())
