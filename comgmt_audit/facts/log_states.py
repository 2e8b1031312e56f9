"""The state of one log of one server: its newest known line, through all its files.

The roll-over (``.lo_``) and older files are read first, so that the records come in the order of time. A success
before a later failure is a failure, and a failure before a later success has healed (``reference`` logs, section 6).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import Struct

from comgmt_audit import log_catalogue
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.hosts import HostRegistry, Registry
from comgmt_audit.facts.log_records import Record, Span, visit
from comgmt_audit.log_catalogue import Entry, Kind
from comgmt_audit.model import Evidence

STATES = (Kind.SUCCESS, Kind.FAILURE, Kind.PENDING)

EXCUSED_FOR = dt.timedelta(minutes=5)
"""So long after a noise entry the lines that it excuses are noise; the public-address task of a CMG takes seconds."""

WARNINGS_ONLY = 2
"""Logging levels from here on write no ordinary lines: 0 all, 1 default, 2 warnings and errors, 3 errors (Configuration
Manager: About log files)."""

_EXCERPT = 300
_CURRENT = 2
"""The rank of the file that a log is being written to, among its files by age."""

_FILE = re.compile(r"(?P<log>.+?)(?P<stamp>-[0-9]{8}-[0-9]{6})?\.(?P<kind>log|lo_)")
_OTHER_FILE = re.compile(r"cmg-.+-(?P<log>cmg[a-z]+)|(?P<iis>u_ex)[0-9]{4,8}")
"""Names in which more than the log's own stands: those of a CMG's instances, and of IIS by day or hour."""


class Hit(Struct, frozen=True, kw_only=True):
    """A known line, where it was seen last. ``order`` rises through all files of a log; times are in UTC.

    ``first`` is when it was seen first, ``time`` when last; ``None`` where the log does not say its offset.
    """

    entry: Entry
    count: int
    order: int
    first: dt.datetime | None
    time: dt.datetime | None
    matched: str
    evidence: Evidence

    @property
    def is_failure(self) -> bool:
        """The line says that something failed."""
        return self.entry.kind is Kind.FAILURE

    @property
    def is_pending(self) -> bool:
        """The line says that something is under way."""
        return self.entry.kind is Kind.PENDING

    @property
    def advice(self) -> str:
        """What the line means, and what mends it."""
        return " ".join(text for text in (self.entry.meaning, self.entry.cause, self.entry.remedy) if text)


class LogState(Struct, frozen=True, kw_only=True):
    """One log of one server.

    ``hits``: its known lines by entry. ``first`` and ``last``: the covered span in UTC, ``None`` where the log does not
    say its offset. ``level``: the logging level in the computer's registry, ``None`` where that does not tell it.
    ``gaps``: files of it that could not be read, or of which the beginning is missing. ``why`` and ``cure`` are set
    where the newest state is not known.
    """

    server: str
    log: str
    hits: dict[str, Hit]
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    level: int | None = None
    gaps: tuple[str, ...] = ()
    why: str = ""
    cure: str = ""
    evidence: Evidence

    @property
    def label(self) -> str:
        """The log's name and its server."""
        return f"{self.log}.log on {self.server}"

    @property
    def span(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """From when to when the log tells anything."""
        return self.first, self.last

    @property
    def only_warnings(self) -> bool:
        """The logging level leaves out ordinary lines, so a success that is not there proves nothing."""
        return self.level is not None and self.level >= WARNINGS_ONLY

    @property
    def writes_ordinary_lines(self) -> bool:
        """A known line is there that is no failure: when it was written, the logging level hid none."""
        return any(not hit.is_failure for hit in self.hits.values())

    @property
    def latest(self) -> Hit | None:
        """Its state: the newest line that says success, failure or pending."""
        return self._newest(*STATES)

    @property
    def success(self) -> Hit | None:
        """The newest line that says success."""
        return self._newest(Kind.SUCCESS)

    @property
    def failure(self) -> Hit | None:
        """The newest line that says failure."""
        return self._newest(Kind.FAILURE)

    def _newest(self, *wanted: Kind) -> Hit | None:
        return max(
            (hit for hit in self.hits.values() if hit.entry.kind in wanted), key=lambda hit: hit.order, default=None
        )


def base_name(file: str) -> str:
    """The log to which a file belongs: of ``x.lo_`` and ``x-20261124-060000.log`` it is ``x``."""
    found = _FILE.fullmatch(file)
    name = found["log"] if found else file
    other = _OTHER_FILE.fullmatch(name)
    return other["log"] or other["iis"] if other else name


def files(environment: Environment) -> dict[str, dict[str, list[str]]]:
    """The observations of every log, by log and server, oldest file first."""
    files: dict[str, dict[str, list[str]]] = {}
    for id in sorted(environment.recording.ids("log/"), key=_age):
        parts = id.split("/")
        if len(parts) == 3:
            files.setdefault(base_name(parts[2]), {}).setdefault(parts[1], []).append(id)
    return files


def _age(id: str) -> tuple[int, str]:
    """Files with a date in their name come first, in its order; then the roll-over, then the log itself."""
    found = _FILE.fullmatch(id)
    if not found:
        return 3, id
    if found["stamp"]:
        return 0, found["stamp"]
    return (1 if found["kind"] == "lo_" else _CURRENT), id


def state(environment: Environment, log: str, server: str, ids: list[str], reader: Reader | None = None) -> LogState:
    """The state of one log of one server by its files' *ids*, as a *reader* of its known lines sees it, or another."""
    reader = reader or Reader(_entries(environment, log))
    recording = environment.recording
    spans: list[Span] = []
    gaps: list[str] = []
    trouble: dict[str, FactUnavailable] = {}
    for id in ids:
        try:
            observation = recording.answered(id)
            spans.append(reader.read(recording.text_blocks(id), id))
        except FactUnavailable as error:
            if not (recording.is_absent(id) and spans):  # a log that rolled over a moment ago is there as .lo_ only
                trouble[id] = error
            continue
        if observation.about.get("complete", True) is not True:
            gaps.append(id)
    gaps += [id for id in trouble if not recording.is_absent(id)]
    timed = [record.time for span in spans for record in (span.first, span.last) if record and record.time]
    why, cure = _unknown(ids, trouble, server)
    return LogState(
        server=server,
        log=log,
        hits=reader.hits,
        first=timed[0] if timed else None,
        last=timed[-1] if timed else None,
        level=_level(environment, log, server),
        gaps=tuple(gaps),
        why=why,
        cure=cure,
        evidence=Evidence(ids[-1]),
    )


def _level(environment: Environment, log: str, server: str) -> int | None:
    """What the computer's registry says: the highest of the values that concern the log. Nobody must collect it."""
    registry = environment.fact(HostRegistry).found.get(server.casefold())
    if not isinstance(registry, Registry):
        return None
    levels = log_catalogue.log(log).levels if log in log_catalogue.names() else ()
    places = (place.rpartition("\\") for place in levels)
    values = (registry.value(key, name) for key, _, name in places)
    return max((value for value in values if isinstance(value, int)), default=None)


def _unknown(ids: list[str], trouble: dict[str, FactUnavailable], server: str) -> tuple[str, str]:
    """Why the newest state is not known, and the cure: its newest file was not read, whatever the older ones say."""
    newest = ids[-1]
    cure = f"Hand in the log of {server} itself, not its roll-over alone, then record again."
    if error := trouble.get(newest):
        return error.why, error.cure or cure
    if _age(newest)[0] < _CURRENT:
        return "the recording has older files of the log, and not the log itself", cure
    return "", ""


def _entries(environment: Environment, log: str) -> tuple[Entry, ...]:
    """The known lines; the baseline says which one proves a user discovery."""
    pattern = environment.baseline.discovery_success
    return tuple(
        msgspec.structs.replace(
            entry,
            pattern=pattern,
            literals=tuple(literal for literal in entry.literals if literal in pattern.lower()),
        )
        if entry.id == "discovery-users-published"
        else entry
        for entry in log_catalogue.log(log).entries
    )


class Reader:
    """Collects the known lines of one log through all its files.

    *likely* says quickly whether a message may have any of them, where they have no literals.
    """

    def __init__(self, entries: Sequence[Entry], likely: Callable[[str], bool] = lambda _: True) -> None:
        self.hits: dict[str, Hit] = {}
        self._entries = entries
        self._likely = likely
        quick = [entry.literals for entry in entries]
        self._literals = tuple(sorted({literal for literals in quick for literal in literals})) if all(quick) else ()
        self._order = 0
        self._clocks: dict[str, dt.datetime | None] = {}
        self._id = ""

    def read(self, blocks: Iterator[str], id: str) -> Span:
        """Look through one file."""
        self._id = id
        return visit(blocks, self._literals, self._see)

    def _see(self, record: Record) -> None:
        if record.torn and record.local is None:
            return  # its end is missing: it may go on to say the opposite
        if not self._likely(record.message):
            return
        for entry in self._entries:
            matched = entry.search(record.message)
            if matched is not None:
                if not self._is_excused(entry, record):
                    self._keep(entry, record, matched)
                return

    def _is_excused(self, entry: Entry, record: Record) -> bool:
        since = self._clocks.get(entry.excused_by)
        return since is not None and record.local is not None and dt.timedelta(0) <= record.local - since <= EXCUSED_FOR

    def _keep(self, entry: Entry, record: Record, matched: str) -> None:
        self._order += 1
        self._clocks[entry.id] = record.local
        known = self.hits.get(entry.id)
        self.hits[entry.id] = Hit(
            entry=entry,
            count=known.count + 1 if known else 1,
            order=self._order,
            first=(known.first if known else None) or record.time,
            time=record.time,
            matched=matched,
            evidence=Evidence(self._id, f"line {record.line}", record.message.strip()[:_EXCERPT]),
        )
