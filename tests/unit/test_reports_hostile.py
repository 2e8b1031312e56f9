"""Whatever stands in any text of the model, each format stays what it is: other programs read it, and nothing runs.

The pages are opened in ``tests/end_to_end/test_hostile_pages.py``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import msgspec
import pytest
from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from comgmt_audit.model import Outcome
from comgmt_audit.schemas import schemas
from reports import (
    drift_json,
    drift_page,
    drift_text,
    expiry_calendar,
    junit,
    markdown,
    notification,
    page,
    sarif,
    scan_csv,
    scan_json,
    terminal,
)
from tests import hostile

GIANT = {"giant": "x\n" * 500_000}
each = pytest.mark.parametrize("harm", hostile.HARMS.values(), ids=hostile.HARMS)
each_and_giant = pytest.mark.parametrize(
    "harm", [*hostile.HARMS.values(), *GIANT.values()], ids=[*hostile.HARMS, *GIANT]
)

INERT = {
    "text",
    "code_inline",
    "softbreak",
    "strong_open",
    "strong_close",
    "link_open",
    "link_close",
    "em_open",
    "em_close",
}


def unseen(text: str) -> set[str]:
    """What moves a cursor, reorders text, or is no character at all."""
    return {
        character
        for character in set(text) - {"\n"}
        if unicodedata.category(character) in {"Cc", "Cs"}
        or unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def inert(text: str) -> None:
    """Nothing of it is markup of the environment's: no HTML, no picture, no fence; links to https only."""
    found = list(tokens(text))
    assert not {token.type for token in found if not token.block} - {"inline"} - INERT
    assert not {token.type for token in found} & {"html_block", "fence", "code_block", "hr", "blockquote_open"}
    links = [str(token.attrs["href"]) for token in found if token.type == "link_open"]
    assert [link for link in links if not link.startswith("https://")] == []


def test_every_text_of_the_model_is_reached():
    """The walk leaves no text out: all that are in the scan are the harm, and every field has one."""
    made = hostile.scan("HARM")
    assert set(hostile.texts(made)) == {"HARM"}
    assert {result.outcome for result in made.results} == set(Outcome)
    fields = {f"{type.__name__}.{name}" for type, name in _text_fields(made)}
    assert {"Finding.subject", "CheckText.id", "Evidence.excerpt", "Waiver.reason", "Right.name", "Event.log"} <= fields
    assert {"Expiry.subject", "Drifted.subject", "ObservationNote.request", "Reference.url", "Drift.notes"} <= fields


def _text_fields(value: Any) -> Iterator[tuple[type, str]]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if "HARM" in (inner if isinstance(inner, tuple) else (inner,)):
                yield type(value), name
            yield from _text_fields(inner)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _text_fields(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _text_fields(item)


@each
def test_json_fits_its_schema_and_is_read_again(harm):
    text = scan_json.render(hostile.scan(harm))
    validator = jsonschema.Draft202012Validator(json.loads(schemas()["scan.schema.json"]))
    assert [error.message for error in validator.iter_errors(json.loads(text))] == []
    again = scan_json.load(text.encode())
    assert scan_json.render(again) == text


@each
def test_json_of_drift_fits_its_schema(harm):
    validator = jsonschema.Draft202012Validator(json.loads(schemas()["drift.schema.json"]))
    assert [e.message for e in validator.iter_errors(json.loads(drift_json.render(hostile.drift(harm))))] == []


@each_and_giant
def test_junit_is_xml_that_others_read(harm, tmp_path):
    junit.write(hostile.scan(harm), tmp_path / "report.xml")
    data = (tmp_path / "report.xml").read_bytes()
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
    assert {element.tag for element in root.iter()} <= {
        *("testsuites", "testsuite", "testcase", "properties", "property"),
        *("failure", "error", "skipped", "system-out", "system-err"),
    }
    suites = junitparser.JUnitXml.fromfile(str(tmp_path / "report.xml"))
    assert suites.tests == sum(len(list(suite)) for suite in suites)
    assert not unseen(data.decode())


@each_and_giant
def test_sarif_fits_the_schema_of_oasis(harm):
    path = os.environ.get("COMGMT_SARIF_SCHEMA")
    if not path:
        pytest.skip("COMGMT_SARIF_SCHEMA does not name OASIS' sarif-schema-2.1.0.json")
    validator = jsonschema.Draft7Validator(json.loads(Path(path).read_text(encoding="utf-8")))
    text = sarif.render(hostile.scan(harm))
    assert [error.message[:300] for error in validator.iter_errors(json.loads(text))] == []


@each_and_giant
def test_csv_keeps_its_columns_and_no_cell_is_a_formula(harm):
    scan = hostile.scan(harm)
    rows = list(csv.DictReader(io.StringIO(scan_csv.render(scan).removeprefix("\ufeff"))))
    assert len(rows) == sum(max(len(result.findings), 1) for result in scan.results)
    for row in rows:
        assert set(row) == set(scan_csv.COLUMNS)
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "|", "%", "\t", "\r", "＝", "＋", "－", "＠"))
            assert not unseen(cell)
            assert len(cell.splitlines()) <= 1


@each_and_giant
def test_markdown_is_no_markup_of_the_environment(harm):
    text = markdown.render(hostile.scan(harm))
    assert not unseen(text)
    inert(text)
    rows = [token for token in tokens(text) if token.type == "tr_open"]
    cells = [token for token in tokens(text) if token.type in {"th_open", "td_open"}]
    assert len(rows) == 9
    assert len(cells) == 6 * len(rows)


@each_and_giant
@pytest.mark.parametrize("verbose", [False, True])
def test_what_is_printed_moves_no_cursor_and_commands_no_runner(harm, verbose):
    texts = {
        "scan": terminal.render(hostile.scan(harm), verbose=verbose),
        "drift": drift_text.render(hostile.drift(harm), verbose=verbose),
    }
    for text in texts.values():
        assert not unseen(text)
        assert not re.search(r"^\s*::", text, re.MULTILINE)
        assert not re.search(r"##(?:\[|vso\[)", text)


@each_and_giant
def test_drift_and_news_are_no_markup_of_the_environment(harm):
    title, body = notification.render(hostile.news(harm))
    for text in (drift_text.markdown(hostile.drift(harm)), body):
        assert not unseen(text)
        inert(text)
    assert not unseen(title)
    assert len(title.splitlines()) == 1
    assert len(title) < 300


@each_and_giant
def test_the_calendar_is_read_again(harm):
    icalendar = pytest.importorskip("icalendar")
    text = expiry_calendar.render(hostile.scan(harm))
    calendar = icalendar.Calendar.from_ical(text)
    assert {component.name for component in calendar.walk()} == {"VCALENDAR", "VEVENT", "VALARM"}
    assert not unseen(text.replace("\r\n", "\n"))


@each_and_giant
@pytest.mark.parametrize("form", ["scan", "drift"])
def test_a_page_has_no_element_or_attribute_of_the_environments(harm, form):
    """Compared with the page of a harmless name."""
    ours = {("code", ()), ("a", ("href", "rel"))}  # what stands between backticks, and a page that a check refers to
    assert shapes(form, harm) - shapes(form, "harmless") <= ours


def test_a_megabyte_in_every_text_makes_no_page_that_no_browser_opens():
    assert len(page.render(hostile.scan(GIANT["giant"]))) < 5_000_000


def shapes(form: str, text: str) -> set[tuple[str, tuple[str, ...]]]:
    """The elements of a page with the names of their attributes."""
    rendered = page.render(hostile.scan(text)) if form == "scan" else drift_page.render(hostile.drift(text))
    assert not unseen(rendered)
    root = html.document_fromstring(rendered.encode())
    return {(str(one.tag), tuple(sorted(map(str, one.attrib)))) for one in root.iter(etree.Element)}
