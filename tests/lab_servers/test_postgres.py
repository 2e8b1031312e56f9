"""A history in a real PostgreSQL, as several machines share it."""

from __future__ import annotations

import datetime as dt
import os

import pytest

pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")
pytest.importorskip("psycopg", reason="not installed: psycopg (extra postgresql)")

from comgmt_audit.errors import HistoryError
from comgmt_audit.history import store
from comgmt_audit.model import Change
from tests.lab.servers import postgres
from tests.scans import RECORDED
from tests.unit.test_history import at

MISSING = postgres.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")


@pytest.fixture(scope="module")
def server():
    with postgres.running() as address:
        yield address


@pytest.fixture
def place(server):
    """An empty database of the server."""
    import psycopg
    import sqlalchemy as sa

    host = sa.make_url(server).query["host"]
    with psycopg.connect(f"host={host} user=lab dbname=template1", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS history WITH (FORCE)")
        connection.execute("CREATE DATABASE history")
    return server.replace("/postgres?", "/history?")


def test_what_was_kept_is_found_again(place):
    for day, subjects in enumerate([(), ("a",), ("a", "ä\u202e\U0001f600")]):
        with store.opened(place) as history:
            history.add(at(day, *subjects))
    with store.opened(place, existing=True) as history:
        assert [one.recorded_at for one in history.last(2)] == [RECORDED + dt.timedelta(days=day) for day in (2, 1)]
        found = history.followed(at(3, "a")).history
    assert found
    assert found.drift
    assert {one.subject: one.change for one in found.drift.changes} == {
        "a": Change.STILL_FAILING,
        "ä\u202e\U0001f600": Change.FIXED,
    }
    assert [point.failed for point in found.points] == [0, 1, 1, 1]


def test_several_machines_begin_and_write_at_once(place):
    children = []
    for child in range(4):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                with store.opened(place) as history:
                    for day in range(5):
                        history.add(at(child * 10 + day, "a"))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0, 0]
    with store.opened(place) as history:
        assert len(history.last(100)) == 20
        drift = history.followed(at(99, "a")).history
    assert drift
    assert drift.drift
    assert [one.since for one in drift.drift.changes] == [RECORDED]


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path):
    with pytest.raises(HistoryError) as caught, store.opened(f"postgresql+psycopg://pat:S3cret@/x?host={tmp_path}"):
        pass
    assert "the history cannot be used" in str(caught.value)
    assert "S3cret" not in str(caught.value)
