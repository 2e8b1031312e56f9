"""The fixtures: one log of each shape, decoded and parsed as a scan does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from comgmt_audit.facts.log_records import records
from comgmt_audit.text_encoding import decode

FIXTURES = Path(__file__).parents[1] / "fixtures" / "logs"

EXPECTED = {
    # name: (encoding, whole records, torn records, records with UTC, records with local time)
    "rolled.lo_": ("utf-8", 2, 0, 2, 2),
    "rolled.log": ("utf-8", 2, 0, 2, 2),
    "spaces_and_glued.log": ("utf-8", 4, 0, 4, 4),
    "old.log": ("utf-8", 2, 0, 0, 2),
    "client.log": ("utf-8", 4, 0, 4, 4),
    "net_writer.log": ("utf-8", 2, 0, 0, 2),
    "torn.log": ("utf-8", 2, 3, 3, 3),
    "wrong_times.log": ("utf-8", 3, 0, 0, 1),
    "utf16_without_mark.log": ("utf-16-le", 2, 0, 2, 2),
    "ansi.log": ("cp1252", 1, 0, 1, 1),
    "clipboard.log": ("utf-8", 2, 0, 0, 0),
}


def test_every_fixture_is_expected():
    assert {path.name for path in FIXTURES.glob("*.lo*")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fixture_is_read(name):
    found = decode((FIXTURES / name).read_bytes())
    whole = list(records([found.text]))
    torn = sum(record.torn for record in whole)
    in_utc, local = sum(r.time is not None for r in whole), sum(r.local is not None for r in whole)
    assert (found.encoding, len(whole) - torn, torn, in_utc, local) == EXPECTED[name]


@pytest.mark.parametrize("name", ["utf16_without_mark.log", "ansi.log"])
def test_letters_beyond_ascii_survive(name):
    first = next(records([decode((FIXTURES / name).read_bytes()).text]))
    assert first.message == "Größe geprüft"
