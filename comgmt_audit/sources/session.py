"""What a source is given to record with, and what it promises.

A source is a module of this folder with

- ``NAME``: the word before the slash in its observations' ids (``graph``);
- ``async def record(session)``: asks everything that is wanted and keeps every answer, or why there is none. It raises
  nothing but cancellation: a request that fails becomes an absence, so that all other requests still count;
- ``async def probe(session)``: a few cheap requests that say who we are there, and what we may read (``doctor``);
- ``AFTER`` (optional): names of sources whose answers it reads from the writer; the recorder lets them finish first;
- ``PERMISSIONS``: for each observation (an id, or a prefix that ends in ``/``) the rights that it needs, all of them,
  as the administrator must grant them.

Blocking libraries run in ``asyncio.to_thread``; sources run side by side, and the writer is safe for that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from comgmt_audit.connections import Connections
from comgmt_audit.design import Design
from comgmt_audit.recording import Absence, Reason, RecordingWriter


class Session(Struct, frozen=True, kw_only=True):
    """One run of recording: what is meant, where to connect, what is wanted, and where answers go.

    ``wanted`` says of an observation's id whether anybody needs it. ``progress`` is told a source's name, what it does,
    and how many objects it has. ``clock`` gives the time (UTC); ``timeout`` is in seconds, for one request.
    ``own_logs`` are names of logs that are wanted beside ours, for the user's own log lines.
    """

    design: Design
    connections: Connections
    writer: RecordingWriter
    wanted: Callable[[str], bool]
    progress: Callable[[str, str, int], None]
    clock: Callable[[], dt.datetime]
    timeout: float = 30.0
    own_logs: frozenset[str] = frozenset()


class Probe(Struct, frozen=True, kw_only=True):
    """What ``doctor`` says of one source: does it answer, as whom, and which rights are there or missing.

    ``granted`` and ``missing`` hold rights by their labels in PERMISSIONS; ``None``: the source does not say.
    ``missing`` says for each what to do; ``cure`` is what to do where the source does not answer.
    """

    source: str
    answers: bool
    detail: str
    identity: str = ""
    granted: frozenset[str] | None = None
    missing: Mapping[str, str] | None = None
    cure: str = ""


class Permission(Struct, frozen=True, kw_only=True):
    """A right that an observation needs: its name as the administrator grants it, and in which way.

    ``kind``: ``application`` or ``delegated`` (Entra), ``azure-role``, ``configmgr-role``, ``directory``, ``network``,
    ``host``.
    ``alternatives`` are wider rights that also do; ``ids`` are the app role's and scope's GUIDs, by kind.
    """

    name: str
    kind: str
    why: str = ""
    alternatives: tuple[str, ...] = ()
    ids: dict[str, str] = {}

    @property
    def label(self) -> str:
        """Its name; a delegated one is another right than that of an application of the same name."""
        return f"{self.name} (delegated)" if self.kind == "delegated" else self.name


class Source(Protocol):
    """The shape of a source module."""

    NAME: str
    PERMISSIONS: dict[str, tuple[Permission, ...]]

    async def record(self, session: Session) -> None:
        """Keep every wanted answer, or why there is none."""

    async def probe(self, session: Session) -> Iterable[Probe]:
        """Who are we there, and what may we read?"""


def refused(detail: str, cure: str, status: int | None = None) -> Absence:
    """The source said that we may not."""
    return Absence(reason=Reason.REFUSED, detail=detail, cure=cure, status=status)


def unreachable(detail: str, cure: str, status: int | None = None) -> Absence:
    """The source did not answer, or broke off."""
    return Absence(reason=Reason.UNREACHABLE, detail=detail, cure=cure, status=status)


def absent(detail: str, status: int | None = None) -> Absence:
    """The source said that there is no such thing."""
    return Absence(reason=Reason.ABSENT, detail=detail, status=status)


def unreadable(detail: str, cure: str, status: int | None = None) -> Absence:
    """Something came that is not what the source documents."""
    return Absence(reason=Reason.UNREADABLE, detail=detail, cure=cure, status=status)
