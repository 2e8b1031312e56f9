"""Recording live: every source side by side, within a time that the user gives, and never less than a valid recording.

A source that breaks off costs its own observations only; what nobody got round to is written down as such.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from comgmt_audit.connections import Connections
from comgmt_audit.design import Design
from comgmt_audit.errors import DesignError, RecordingError
from comgmt_audit.model import Check
from comgmt_audit.recording import Absence, Observation, Reason, Recording, RecordingWriter

if TYPE_CHECKING:
    from comgmt_audit.sources.session import Permission, Session, Source

Clock = Callable[[], dt.datetime]
"""Gives the time (UTC)."""
Progress = Callable[[str, str, int], None]
"""Told a source's name, what it does, and how many objects it has."""

SOURCES = {
    "graph": "cloud",
    "arm": "cloud",
    "directory": "directory",
    "admin_service": "admin_service",
    "hosts": "files",
    "site_files": "files",
    "logs": "files",
    "certificates": "files",
    "dns": "web",
    "revocation": "web",
    "issuers": "web",
    "responders": "web",
    "tls": "web",
}
"""The modules of ``comgmt_audit.sources``, and the table of ``[connect]`` that each goes by."""

REQUEST_TIMEOUT = 30.0
"""Seconds for one request, where the whole run has no less."""

_LEADS = frozenset(
    {"graph/mdm-policies", "graph/mam-policies", "graph/mobile-apps", "graph/enrolment-configurations"}
    | {"graph/workload-policies", "graph/global-administrators"}
)
"""Lists that name the groups whose members are read next: asked again on --resume, or nobody would ask for those."""


_BY_VANTAGE = ("crl", "aia", "ocsp", "tls", "dns")
"""Kinds of observations that say where they were seen: ``crl/outside/…``."""


class Needs(Struct, frozen=True):
    """The observations that somebody needs: ids, and prefixes that end in ``/``."""

    names: frozenset[str]

    @classmethod
    def of(cls, checks: Iterable[Check]) -> Needs:
        """What the facts of the checks read."""
        facts = {fact for check in checks for fact in check.facts.values()}
        return cls(frozenset(need for fact in facts for need in getattr(fact, "needs", ())))

    def __call__(self, id: str) -> bool:
        """Does anybody need this observation? Of a prefix: or any that begins so?"""
        if id.endswith("/") and any(name.startswith(id) for name in self.names):
            return True
        return id in self.names or any(name.endswith("/") and id.startswith(name) for name in self.names)


def sources(connections: Connections, tables: Container[str] = frozenset(SOURCES.values())) -> tuple[Source, ...]:
    """The sources of these tables that are to be read."""
    return tuple(
        cast("Source", importlib.import_module(f"comgmt_audit.sources.{name}"))
        for name, table in SOURCES.items()
        if table in tables and getattr(getattr(connections, table), "use", True)
    )


def permissions(source: Source, needs: Needs) -> dict[str, tuple[Permission, ...]]:
    """The rights that a source needs for what is wanted, by observation; each needs all of its rights."""
    return {id: rights for id, rights in source.PERMISSIONS.items() if needs(id)}


async def record(
    design: Design,
    connections: Connections,
    target: Path,
    *,
    wanted: Needs,
    clock: Clock,
    progress: Progress,
    timeout: float,
    resume: Path | None = None,
    outside: Path | None = None,
    read: Iterable[Source] | None = None,
    own_logs: frozenset[str] = frozenset(),
) -> Path:
    """Record what is wanted into *target*, within *timeout* seconds and at most one request more.

    *resume* is a partial recording whose answers are taken over. *outside* is one that was made in the organisation's
    network: it is taken over as a whole, and what this computer, on the internet, sees is added. *read* are the
    sources; by default all that comgmt.toml has (with *outside*: those of the network). *own_logs* are the logs of the
    user's own log lines.
    Raises RecordingError and DesignError, and CancelledError after the partial recording has been written.
    """
    from comgmt_audit.sources.session import Session

    if outside:
        connections = replace(connections, web=replace(connections.web, vantage="outside"))
        wanted = Needs(frozenset(f"{kind}/outside/" for kind in _BY_VANTAGE if wanted(f"{kind}/")))
        read = sources(connections, {"web"}) if read is None else read
        if not read:
            raise DesignError(
                "comgmt.toml: connect.web.use is false, so nothing is seen from outside.", "Set it to true."
            )
    old = _earlier(resume or outside, design, partial=outside is None)
    try:
        with RecordingWriter(target, recorded_at=clock(), design=design) as writer:
            if old:
                _take_over(old, writer, _inside if outside else _answered)
            session = Session(
                design=design,
                connections=connections,
                writer=writer,
                wanted=lambda id: wanted(id) and not writer.has(id),
                progress=progress,
                clock=clock,
                timeout=min(REQUEST_TIMEOUT, timeout),
                own_logs=own_logs,
            )
            run = _Run(session, wanted, tuple(sources(connections) if read is None else read))
            run.missing += [old.manifest.partial] if old and outside and old.manifest.partial else []
            interrupted = await run.within(timeout)
    finally:
        if old:
            old.close()
    if interrupted:
        raise asyncio.CancelledError
    return target


class _Run:
    """The sources of one recording, and what became of them."""

    def __init__(self, session: Session, needs: Needs, read: tuple[Source, ...]) -> None:
        self.session = session
        self.needs = needs
        self.sources = read
        self._done = {source.NAME: asyncio.Event() for source in read}
        self.missing: list[str] = []

    async def within(self, timeout: float) -> bool:
        """Read every source, for *timeout* seconds. True: cancelled; whoever asks publishes first, and then obeys."""
        try:
            async with asyncio.timeout(timeout):
                await self._all()
        except TimeoutError:
            self._end(f"not reached within {timeout:g} s")
        except asyncio.CancelledError:
            self._end("not reached before the recording was interrupted")
            return True
        else:
            self._end("")
        return False

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for source in self.sources:
                group.create_task(self._one(source), name=source.NAME)

    async def _one(self, source: Source) -> None:
        for name in getattr(source, "AFTER", ()):
            if name in self._done:
                await self._done[name].wait()
        try:
            await source.record(self.session)
        except Exception as error:  # noqa: BLE001 -- a defect of one source must not cost the others' answers
            what = f"a defect of comgmt-audit in the source {source.NAME}: {type(error).__name__}"
            self._fill(source, what, "Please report it; the other sources were read.")
            self.missing.append(what)
        self._done[source.NAME].set()

    def _end(self, why: str) -> None:
        """Write down what was not reached, if *why* says that something was not."""
        unfinished = sorted(name for name, done in self._done.items() if not done.is_set())
        for source in self.sources:
            if why and source.NAME in unfinished:
                self._fill(source, why, "Go on with `comgmt-audit record --resume`, or allow more with --timeout.")
        if why and unfinished:
            self.missing.append(f"{why}: {', '.join(unfinished)}")
        self.session.writer.partial = "; ".join(self.missing)

    def _fill(self, source: Source, detail: str, cure: str) -> None:
        """An absence for each wanted observation of the source that is not there; a prefix names none."""
        absence = Absence(reason=Reason.UNREACHABLE, detail=detail, cure=cure)
        prefixes = tuple(id for id in source.PERMISSIONS if id.endswith("/"))
        for id in sorted(self.needs.names):
            own = id in source.PERMISSIONS or id.startswith(prefixes)
            if own and not id.endswith("/") and not self.session.writer.has(id):
                self.session.writer.absent(id, absence, source=source.NAME, request=id, at=self.session.clock())


def _earlier(path: Path | None, design: Design, *, partial: bool) -> Recording | None:
    """The recording to go on with. Raises RecordingError: another design, or not *partial* as it must be."""
    if path is None:
        return None
    old = Recording.load(path)
    wrong = "is whole: there is nothing to go on with" if partial and not old.manifest.partial else ""
    if old.design != design:
        wrong = "was made for another design than that of comgmt.toml"
    if wrong:
        old.close()
        raise RecordingError(f"{path}: {wrong}.", "Record anew, without that option.")
    return old


def _answered(one: Observation) -> bool:
    """What --resume takes over: every answer, unless more is asked by it."""
    return one.answer is not None and one.id not in _LEADS


def _inside(one: Observation) -> bool:
    """What --outside takes over: everything but what is now seen from there. Names were asked of named resolvers."""
    kind, _, rest = one.id.partition("/")
    from_outside = kind in _BY_VANTAGE and rest.startswith("outside/")
    return not from_outside or (kind == "dns" and one.answer is not None)


def _take_over(old: Recording, writer: RecordingWriter, takes: Callable[[Observation], bool]) -> None:
    """What was recorded then, as it was; it keeps its time."""
    for one in filter(takes, old.manifest.observations):
        rest: dict[str, Any] = {"source": one.source, "request": one.request, "at": one.at, "about": one.about}
        if one.answer:
            writer.stream(one.id, one.answer.form, old.chunks(one.id), **rest)
        elif one.absence:
            writer.absent(one.id, one.absence, **rest)
