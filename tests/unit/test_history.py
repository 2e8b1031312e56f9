"""The history of scans: what is kept, what is compared, and what a killed writer leaves."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")
pytest.importorskip("alembic", reason="not installed: Alembic (extra watch)")

from comgmt_audit.errors import HistoryError
from comgmt_audit.history import store, traces
from comgmt_audit.model import Change, CheckResult, Gate, Outcome, Scan, Severity, Verdict, fingerprint
from tests.scans import RECORDED, finding, scan, text

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
DAY = dt.timedelta(days=1)


def at(day: int, *subjects: str, unseen: bool = False, **changes: object) -> Scan:
    outcome = Outcome.NOT_ASSESSED if unseen else Outcome.FAIL if subjects else Outcome.PASS
    result = CheckResult(
        check=text("LIC040", severity=Severity.HIGH),
        outcome=outcome,
        findings=tuple(finding(one) for one in subjects),
        passed=3,
    )
    return scan([result], recorded_at=RECORDED + day * DAY, **changes)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite")


def kept(place: str, *scans: Scan) -> None:
    with store.opened(place) as history:
        for one in scans:
            history.add(one)


def followed(place: str, one: Scan) -> Scan:
    with store.opened(place) as history:
        return history.followed(one)


def test_the_first_scan_has_nothing_to_compare_with(place):
    found = followed(place, at(0, "a"))
    assert found.history
    assert found.history.drift is None
    assert [(point.failed, point.verdict) for point in found.history.points] == [(1, Verdict.NOT_READY)]


def test_a_failure_is_as_old_as_its_first_scan(place):
    kept(place, at(0), at(1, "a"), at(2, "a"))
    found = followed(place, at(3, "a", "b"))
    assert found.history
    assert found.history.drift
    ages = {one.subject: (one.change, one.since) for one in found.history.drift.changes}
    assert ages == {
        "a": (Change.STILL_FAILING, RECORDED + DAY),
        "b": (Change.NEW, RECORDED + 3 * DAY),
    }
    assert [point.failed for point in found.history.points] == [0, 1, 1, 1]


def test_not_having_been_seen_makes_nothing_new_and_nothing_younger(place):
    kept(place, at(0, "a"), at(1, unseen=True))
    found = followed(place, at(2, "a"))
    assert found.history
    assert found.history.drift
    (change,) = found.history.drift.changes
    assert (change.change, change.since) == (Change.STILL_FAILING, RECORDED)


def test_what_was_mended_and_comes_back_is_new_and_young(place):
    kept(place, at(0, "a"), at(1))
    found = followed(place, at(2, "a"))
    assert found.history
    assert found.history.drift
    (change,) = found.history.drift.changes
    assert (change.change, change.since, change.flapping) == (Change.NEW, RECORDED + 2 * DAY, False)


def test_what_comes_and_goes_flaps(place):
    kept(place, at(0, "a"), at(1), at(2, "a"), at(3))
    found = followed(place, at(4, "a"))
    assert found.history
    assert found.history.drift
    assert [one.flapping for one in found.history.drift.changes] == [True]


def test_what_was_in_order_for_long_enough_is_forgotten():
    known = traces.advance({}, at(0, "a"))
    for day in range(1, traces.REMEMBERED + 1):
        known = traces.advance(known, at(day))
    assert known == {}


def test_only_what_is_comparable_is_compared(place):
    kept(place, at(0, "a", selection="LIC"), at(1, "a", baseline="tutorial-2018"), at(2, "a", environment="Fabrikam"))
    found = followed(place, at(3, "a"))
    assert found.history
    assert (found.history.drift, len(found.history.points)) == (None, 1)


def test_customers_of_the_same_name_are_told_apart_by_their_tenants(place):
    kept(place, at(0, "a", design={"rollout": {"tenant_id": "1"}}))
    found = followed(place, at(1, "a", design={"rollout": {"tenant_id": "2"}}))
    assert found.history
    assert found.history.drift is None


def test_the_same_recording_judged_again_takes_the_place_of_the_first(place):
    kept(place, at(0, "a"), at(0))
    with store.opened(place) as history:
        (only,) = history.last(5)
    assert only.results[0].outcome is Outcome.PASS


def test_a_scan_that_comes_late_is_put_where_it_belongs(place):
    kept(place, at(0), at(2, "a"), at(1, "a"))
    found = followed(place, at(3, "a"))
    assert found.history
    assert found.history.drift
    assert [one.since for one in found.history.drift.changes] == [RECORDED + DAY]
    with store.opened(place) as history:
        assert [one.recorded_at for one in history.last(2)] == [RECORDED + 2 * DAY, RECORDED + DAY]


def test_a_scan_comes_back_as_it_was(place):
    one = at(0, "a", "b")
    kept(place, one)
    with store.opened(place) as history:
        assert history.last(1) == [one]


def test_the_verdict_by_what_is_new_is_that_of_the_trend(place):
    kept(place, at(0, "a"))
    found = followed(place, at(1, "a", gate=(Gate.NEW,)))
    assert found.verdict is Verdict.READY
    assert found.history
    assert found.history.points[-1].verdict is Verdict.READY


def test_an_empty_history_has_no_last_scan(place):
    with store.opened(place) as history:
        assert history.last(2) == []


def test_it_is_opened_again_without_a_migration(place, monkeypatch):
    kept(place, at(0))
    import alembic.command

    monkeypatch.setattr(alembic.command, "upgrade", lambda *_: pytest.fail("migrated again"))
    kept(place, at(1))


def test_the_migrations_make_what_the_tables_say(place):
    import sqlalchemy as sa

    from comgmt_audit.history.tables import METADATA

    kept(place)
    found = sa.inspect(sa.create_engine(f"sqlite:///{place}", poolclass=sa.NullPool))
    for table in METADATA.sorted_tables:
        columns = {
            column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table.name)
        }
        assert columns == {one.name: (str(one.type), bool(one.nullable)) for one in table.columns}
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [one.name for one in table.primary_key]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no database at all" * 100, "cannot be used"), (b"", "")],
)
def test_a_file_that_is_none_is_refused(tmp_path, content, said):
    path = tmp_path / "history.sqlite"
    path.write_bytes(content)
    if not said:
        kept(str(path), at(0))  # an empty file is an empty database
        return
    with pytest.raises(HistoryError, match=r"history\.sqlite") as caught:
        kept(str(path), at(0))
    assert said in str(caught.value)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(place):
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(HistoryError, match="another program's"):
        kept(place, at(0))


def test_a_later_versions_database_is_refused(place):
    kept(place, at(0))
    with sqlite3.connect(place) as later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
    later.close()
    with pytest.raises(HistoryError, match="later version"):
        kept(place, at(1))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(HistoryError, match="nowhere"):
        kept(str(tmp_path / "nowhere" / "history.sqlite"), at(0))


def test_another_kind_of_database_is_refused():
    with pytest.raises(HistoryError, match="cannot be kept in mysql"), store.opened("mysql://pat@db/history"):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    from comgmt_audit.history.lock import locked

    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="file"), locked(str(tmp_path / "file" / "history.sqlite")):
        pass


def test_a_password_in_an_address_is_never_shown():
    with pytest.raises(HistoryError) as caught, store.opened("postgresql+nodriver://pat:S3cret@db/history"):
        pass
    assert "S3cret" not in str(caught.value)


@forks
def test_two_writers_wait_for_each_other(place):
    kept(place)
    children = []
    for child in range(4):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                kept(place, *(at(child * 10 + day, "a") for day in range(5)))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0, 0]
    with store.opened(place) as history:
        assert len(history.last(100)) == 20


@forks
def test_killed_in_the_midst_of_writing_200_times_it_is_never_corrupt(place):
    """Each child says when it begins to write and is killed at some time after that, mostly soon; some may finish."""
    subjects = [f"user{number}@contoso.com" for number in range(200)]
    started = time.monotonic()
    kept(place, at(-1, *subjects))
    usual = time.monotonic() - started
    chance = random.Random(20261125)
    for round in range(200):
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                with store.opened(place) as history:
                    os.write(writer, b"!")
                    history.add(at(round, *subjects))
            finally:
                os._exit(0)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        if round % 20:
            time.sleep(usual * 10 ** (-3 * chance.random()))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with sqlite3.connect(place) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    with store.opened(place) as history:
        found = history.last(1000)
        assert 1 < len(found) < 201  # some were killed before they had written, some after
        for one in found:
            assert len(one.results[0].findings) == len(subjects)
        assert history.followed(at(500, *subjects)).history
    key = fingerprint("LIC040", subjects[0])
    with sqlite3.connect(place) as database:
        counts = database.execute(
            "SELECT COUNT(*) FROM scans s"
            " WHERE NOT EXISTS (SELECT 1 FROM traces t WHERE t.scan = s.id AND t.fingerprint = ?)",
            (key,),
        ).fetchone()
    database.close()
    assert counts == (0,)
