"""What ends is listed once, in order, and only from what was read."""

from __future__ import annotations

import datetime as dt

import pytest

from comgmt_audit import baselines, engine, packs, selection
from comgmt_audit.facts import Environment
from comgmt_audit.model import Scan, Severity
from comgmt_audit.recording import Recording
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW


@pytest.fixture
def scanned(tmp_path):
    """A scan of an estate by the checks of a selection."""
    counter = iter(range(100))

    def scanned(estate: Estate, select: str = "") -> Scan:
        recording = Recording.load(record(estate, tmp_path / f"r{next(counter)}"))
        environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
        chosen = selection.select(packs.builtin(), select)
        result = engine.scan(chosen, environment, started_at=NOW, fail_on=Severity.MEDIUM)
        recording.close()
        return result

    return scanned


@pytest.mark.parametrize("estate", [contoso, contoso_2018])
def test_every_kind_of_end_is_there_in_the_order_of_time(scanned, estate):
    found = scanned(estate()).expiries
    assert {one.kind for one in found} == {
        "certificate",
        "revocation list",
        "delta revocation list",
        "application secret",
        "support",
    }
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert all(one.at.tzinfo for one in found)
    assert all(one.evidence for one in found)


def test_a_certificate_that_was_seen_in_several_places_is_listed_once(scanned):
    subjects = [one.subject for one in scanned(contoso()).expiries if one.kind == "certificate"]
    assert len(subjects) == len(set(subjects))
    assert sum("Contoso Issuing CA 1" in subject for subject in subjects) == 1


def test_the_certificate_of_a_responder_is_listed_where_somebody_must_renew_it(scanned):
    """The usual one lives for six weeks, and is renewed by a machine."""

    def listed(estate: Estate) -> list[dt.datetime]:
        return [one.at for one in scanned(estate, "AIA").expiries if one.subject.startswith("OCSP responder")]

    assert listed(contoso()) == []
    assert listed(contoso(certificates__ocsp_responder__days_after=300)) == [NOW + dt.timedelta(days=300)]
    assert listed(contoso(ocsp__signer="public-issuing", ocsp__sent=())) == []


def test_a_changed_end_is_the_only_change(scanned):
    before, after = (
        {(one.kind, one.subject): one.at for one in scanned(estate).expiries}
        for estate in (contoso(), contoso(site__version="5.00.9135.1000"))
    )
    changed = dict(before.items() ^ after.items())
    assert {kind for kind, _ in changed} == {"support"}


def test_nothing_is_read_for_the_calendar_alone(scanned):
    scan = scanned(contoso(), "TEN010")
    assert (scan.expiries, scan.events) == ((), ())


def test_the_logs_known_lines_are_told_in_the_order_of_time_without_noise(scanned):
    events = scanned(contoso()).events
    assert {event.kind for event in events} <= {"success", "failure", "pending"}
    assert [event.last for event in events] == sorted(event.last for event in events)
    published = next(event for event in events if "handed to the site" in event.meaning)
    assert published.kind == "success"
    assert published.first <= published.last <= NOW
    assert published.last - published.first < dt.timedelta(days=30)
