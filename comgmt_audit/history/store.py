"""Scans kept from run to run, through SQLAlchemy (the extra ``watch``): SQLite by default, PostgreSQL by its address.

Every scan is one transaction: a run that is killed leaves the history as it was. SQLite writes ahead (WAL), so that a
report can read while a run writes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from comgmt_audit.drift.verdicts import compare
from comgmt_audit.errors import HistoryError
from comgmt_audit.history.tables import SCANS, TRACES, VERSION
from comgmt_audit.history.traces import Trace, advance, fates
from comgmt_audit.model import History, Outcome, Point, Scan, Verdict

SHOWN = 90
"""Scans of the trend that a report shows: three months of nights."""
_LOCK = 0x636F6D676D74
"""The key of PostgreSQL's advisory lock on a history: the letters comgmt."""
_BUSY = 30.0
"""Seconds that a writer waits for another one."""


class Store:
    """An open history."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self.place = place

    def add(self, scan: Scan) -> None:
        """Keep a scan. The same recording judged again takes the place of its earlier judgement."""
        with _named(self.place), self._writing() as connection:
            connection.execute(sa.delete(SCANS).where(*_same(scan), SCANS.c.recorded_at == _text(scan.recorded_at)))
            connection.execute(sa.insert(SCANS).values(_row(scan)))
            self._trace(connection, scan)

    def _trace(self, connection: Connection, scan: Scan) -> None:
        """Carry the traces on, through the scan and those after it, if it came late."""
        at = _text(scan.recorded_at)
        before = connection.execute(_scans(scan).where(SCANS.c.recorded_at < at).limit(1)).first()
        traces = self._traces(connection, before.id) if before else {}
        later = _scans(scan, newest_first=False).where(SCANS.c.recorded_at >= at)
        for row in connection.execute(later).all():
            traces = advance(traces, _scan(row.body))
            connection.execute(sa.delete(TRACES).where(TRACES.c.scan == row.id))
            if traces:
                connection.execute(sa.insert(TRACES), [_trace_row(row.id, key, one) for key, one in traces.items()])

    def _traces(self, connection: Connection, scan: int) -> dict[str, Trace]:
        rows = connection.execute(sa.select(TRACES).where(TRACES.c.scan == scan))
        return {row.fingerprint: Trace(row.check_id, dt.datetime.fromisoformat(row.since), row.states) for row in rows}

    def last(self, number: int) -> list[Scan]:
        """The newest scan and those before it that can be compared with it, the newest first."""
        with _named(self.place), self._engine.connect() as connection:
            newest = connection.execute(sa.select(SCANS).order_by(SCANS.c.recorded_at.desc()).limit(1)).first()
            if newest is None:
                return []
            return [_scan(row.body) for row in connection.execute(_scans(_scan(newest.body)).limit(number))]

    def before(self, scan: Scan) -> Scan | None:
        """The last scan before this one that can be compared with it."""
        with _named(self.place), self._engine.connect() as connection:
            earlier = _scans(scan).where(SCANS.c.recorded_at < _text(scan.recorded_at)).limit(1)
            row = connection.execute(earlier).first()
            return _scan(row.body) if row else None

    def followed(self, scan: Scan) -> Scan:
        """The scan with its history: the trend, and what changed since the one before it."""
        at = _text(scan.recorded_at)
        with _named(self.place), self._engine.connect() as connection:
            before = connection.execute(_scans(scan).where(SCANS.c.recorded_at < at).limit(1)).first()
            drift = None
            if before:
                old = _scan(before.body)
                drift = compare(old, scan, fates(self._traces(connection, before.id), scan))
            earlier = connection.execute(_scans(scan).where(SCANS.c.recorded_at < at).limit(SHOWN - 1)).all()
        points = [_point(row) for row in reversed(earlier)]
        history = History(points=tuple(points), drift=drift)
        judged = replace(scan, history=history)
        # The point of this scan needs its verdict, which may rest on what is new.
        return replace(judged, history=replace(history, points=(*points, _point_of(judged))))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            _alone(connection)
            yield connection

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


@contextlib.contextmanager
def opened(place: str, *, existing: bool = False) -> Iterator[Store]:
    """The history at *place*: a file, the address of a database (``postgresql+psycopg://…``), or empty for the file
    under the user's data folder. It is made (unless it must be *existing*), or brought to this version's form.

    :raises HistoryError: where it cannot be used, or a later version has written it.
    """
    url, shown = _url(place)
    if existing and url.get_backend_name() == "sqlite" and not Path(shown).is_file():
        raise HistoryError(f"{shown}: there is no history.", "Scan with --history first, or name another.")
    with _named(shown):
        store = Store(_engine(url), shown)
    try:
        with _named(shown):
            _migrate(store._engine, shown)
        yield store
    finally:
        store.close()


def default_file() -> Path:
    """Where the history is, if nobody says it."""
    import platformdirs

    return Path(platformdirs.user_data_dir("comgmt-audit", appauthor=False)) / "history.sqlite"


def _url(place: str) -> tuple[sa.URL, str]:
    """The address, and how it is shown: without a password."""
    if "://" in place:
        try:
            url = sa.make_url(place)
        except SQLAlchemyError:
            raise HistoryError(
                "--history: this is no address of a database.", "Example: postgresql+psycopg://…"
            ) from None
        if url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise HistoryError(
                f"--history: a history cannot be kept in {url.get_backend_name()}.",
                "Name a file, or postgresql+psycopg://…",
            )
        return url, url.render_as_string(hide_password=True)
    file = Path(place) if place else default_file()
    if not place:
        file.parent.mkdir(parents=True, exist_ok=True)
    return sa.URL.create("sqlite", database=str(file)), str(file)


def _engine(url: sa.URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, connect_args={"connect_timeout": int(_BUSY)})
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Readers wait for nobody; a writer must not begin as a reader and find another one before him.
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def _named(place: str) -> Iterator[None]:
    """Errors of the database as ours, with the place, and without what the statement held."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise HistoryError(
            f"{place}: the history cannot be used: {cause}.", "Name another with --history, or see who holds it."
        ) from None
    except ImportError as error:
        raise HistoryError(f"This history needs {error.name}.", "pip install 'comgmt-audit[postgresql]'") from None
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise HistoryError(f"{place}: a scan in it cannot be read: {error}.", "Name another with --history.") from None


def _alone(connection: Connection) -> None:
    """Let other machines' writers wait until this transaction ends: traces rest on the scan before. (SQLite lets one
    writer in at a time anyway.)
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _migrate(engine: Engine, place: str) -> None:
    with engine.begin() as connection:
        _alone(connection)
        known = sa.inspect(connection).get_table_names()
        version = None
        if "alembic_version" in known:
            version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        elif known:
            raise HistoryError(f"{place}: is another program's database.", "Name a file of its own with --history.")
        if version == VERSION:
            return
        if version and version > VERSION:
            raise HistoryError(
                f"{place}: was written by a later version of comgmt-audit.", "Use that version, or another --history."
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "comgmt_audit.history:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, VERSION)


def _same(scan: Scan) -> tuple[sa.ColumnElement[bool], ...]:
    """Comparable with it."""
    return (
        SCANS.c.environment == _environment(scan),
        SCANS.c.baseline == scan.baseline,
        SCANS.c.selection == scan.selection,
    )


def _scans(scan: Scan, *, newest_first: bool = True) -> sa.Select[Any]:
    at = SCANS.c.recorded_at
    return sa.select(SCANS).where(*_same(scan)).order_by(at.desc() if newest_first else at)


def _environment(scan: Scan) -> str:
    """Its name, with the tenant: several customers may call themselves alike."""
    rollout = scan.design.get("rollout")
    tenant = rollout.get("tenant_id") if isinstance(rollout, dict) else ""
    return f"{scan.environment} ({tenant})" if tenant else scan.environment


def _text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _row(scan: Scan) -> dict[str, Any]:
    point = _point_of(scan)
    return {
        "environment": _environment(scan),
        "baseline": scan.baseline,
        "selection": scan.selection,
        "recorded_at": _text(scan.recorded_at),
        "tool": scan.tool,
        "verdict": point.verdict.value,
        "passed": point.passed,
        "failed": point.failed,
        "waived": point.waived,
        "unknown": point.unknown,
        "body": zlib.compress(msgspec.json.encode(replace(scan, history=None)), 6),
    }


def _scan(body: bytes) -> Scan:
    return msgspec.json.decode(zlib.decompress(body), type=Scan)


def _trace_row(scan: int, key: str, trace: Trace) -> dict[str, Any]:
    return {
        "scan": scan,
        "fingerprint": key,
        "check_id": trace.check,
        "since": _text(trace.since),
        "states": trace.states,
    }


def _point(row: Any) -> Point:
    return Point(
        at=dt.datetime.fromisoformat(row.recorded_at),
        verdict=Verdict(row.verdict),
        passed=row.passed,
        failed=row.failed,
        waived=row.waived,
        unknown=row.unknown,
    )


def _point_of(scan: Scan) -> Point:
    return Point(
        at=scan.recorded_at,
        verdict=scan.verdict,
        passed=scan.count(Outcome.PASS),
        failed=len(scan.failed),
        waived=len(scan.waived),
        unknown=scan.count(Outcome.NOT_ASSESSED) + scan.count(Outcome.ERROR),
    )
