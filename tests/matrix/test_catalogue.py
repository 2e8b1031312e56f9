"""The catalogue: every check has a page, and an example that the lab makes."""

from __future__ import annotations

import re

import pytest

from comgmt_audit.explanation import explain
from comgmt_audit.model import Outcome
from reports.markdown import code, text
from tests.lab import coverage
from tests.lab.catalogue import examples, guide, pages, site

FAMILIES = pages.families()


@pytest.fixture(scope="module")
def without_examples():
    """All pages; their examples are one, for making them all takes a while."""
    example = examples.of(coverage.pack()[0].id)
    return dict(pages.pages(lambda _: example))


def test_every_check_has_a_page_of_its_own(without_examples):
    assert len(coverage.pack()) > 200
    for check in coverage.pack():
        assert without_examples[pages.path_of(check)].count(f"\n# {check.id}: ") == 1
    assert len(without_examples) == len(coverage.pack()) + len(FAMILIES) + 2


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.code)
def test_every_check_shows_what_it_says_when_it_fails(family):
    for check in FAMILIES[family]:
        example = examples.of(check.id)
        page = "\n".join(pages._check(check, example))
        never = coverage.NEVER_FAIL.get(check.id)
        assert example.result.outcome is (Outcome.NOT_ASSESSED if never else Outcome.FAIL)
        finding = next(one for one in example.result.findings if one.outcome is example.result.outcome)
        assert finding.subject
        assert code(finding.subject) in page.partition("\n## Example\n")[2]
        assert (f"This check never fails. {never}" in page) == bool(never)


def test_a_page_says_what_explain_says(without_examples):
    for check in coverage.pack():
        page, said = without_examples[pages.path_of(check)], explain(check)
        for label, value in said.rows().items():
            assert label == "Waits for" or pages._row(label, text(value)) in page
        assert all(f"[{id}]" in page for id in check.after)
        assert text(check.why) in page
        assert text(check.remedy) in page
        assert all(reference.url in page for reference in check.refs)
        assert all(f"| {statement} | " in page for statement in check.covers)
        assert all(f"`{expected.key}`: " in page for expected in said.expected)


def test_each_check_is_found_by_severity_stage_and_tag(without_examples):
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", without_examples["checks/tags.md"], re.M | re.S))
    for check in coverage.pack():
        assert {tag for tag, listed in sections.items() if f"[{check.id}](" in listed} == set(pages.tags(check))
        assert {check.severity.value, check.family.stage.value} <= set(pages.tags(check))


def test_every_page_is_in_the_navigation(without_examples):
    def places(entry):
        if isinstance(entry, str):
            return [entry]
        return [place for inner in (entry.values() if isinstance(entry, dict) else entry) for place in places(inner)]

    found = places(site.navigation())
    assert sorted(found) == sorted({"index.md", *guide.sources(), *without_examples})


def test_links_to_files_that_are_no_pages_become_text_and_broken_ones_stay(tmp_path):
    known = {guide.ROOT / "docs" / "live.md": "live.md"}
    path = guide.ROOT / "docs" / "sources" / "dns.md"
    written = "[live](../live.md#a) [a test](../../tests/conftest.py) [gone](gone.md) [web](https://example.com/x)"
    relinked = guide._relinked(written, path, "sources/dns.md", known)
    assert relinked == "[live](../live.md#a) a test [gone](gone.md) [web](https://example.com/x)"


def test_lists_are_made_as_python_markdown_wants_them():
    written = "Words:\n- one\n  - two\n\n1. three\n\n   ```py\n   x = 1\n   ```\n\n```\nas it\n- is\n```\n"
    wanted = "Words:\n\n- one\n    - two\n\n1. three\n\n    ```py\n    x = 1\n    ```\n\n```\nas it\n- is\n```\n"
    assert guide._separated(written) == wanted
