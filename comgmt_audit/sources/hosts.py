"""The source ``host``: evidence of Windows computers, handed in or collected there (``docs/recording/host.md``).

``connect.files.hosts`` names JSON files of the collect script (``comgmt_audit/collect.ps1``), folders of them, and
folders that are called like a computer and hold the outputs of certutil, gpresult and dsregcmd as they are. What no
file tells, the script itself is run for: here where this is one of the computers, on others by WinRM where that is on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import structs

from comgmt_audit.recording import Absence
from comgmt_audit.sources import collect, redaction
from comgmt_audit.sources.collect import COLLECT
from comgmt_audit.sources.host_files import COMPUTER, PARTS, Found, computer, designed, handed_in, lost, parse, parts_of
from comgmt_audit.sources.session import Permission, Probe, Session, unreachable

NAME = "host"

PERMISSIONS = {
    "host/": (
        Permission(name="Administrator of the computer", kind="host", why="stores, policy and join state, elevated"),
    )
}
"""Rights by observation: whoever runs the collect script needs them; of files the scanner needs only to read them."""

AT_ONCE = 4
"""Computers that are asked at the same time by WinRM."""


async def record(session: Session) -> None:
    """Keep every wanted piece of evidence, or why it cannot be had: what the files tell, and then the computers."""
    kept: set[str] = set()
    found = sorted(
        await asyncio.to_thread(lambda: list(handed_in(session))), key=lambda found: (found.host, found.what)
    )
    _keep(session, (one for one in found if not one.absence), kept)
    ended = threading.Event()
    try:
        async with asyncio.TaskGroup() as group:
            limit = asyncio.Semaphore(AT_ONCE)
            for host in sorted(_lacking(session, kept)):
                group.create_task(_ask(session, host, limit, ended, kept))
    finally:
        ended.set()  # a thread cannot be cancelled: it looks at this
    _keep(session, (one for one in found if one.absence), kept)


async def _ask(session: Session, host: str, limit: asyncio.Semaphore, ended: threading.Event, kept: set[str]) -> None:
    """Run the collect script on one computer, and keep what it brings."""
    seconds = float(session.connections.hosts.timeout)
    if _here(session) == host:
        answer = await collect.locally(seconds)
    elif session.connections.hosts.winrm:
        from comgmt_audit.sources import winrm

        at = winrm.target(host, session)
        if isinstance(at, Absence):
            answer = at
        else:
            async with limit:
                answer = await winrm.asked(at, seconds, ended)
    else:
        answer = unreachable("it is not this computer, and connect.hosts.winrm is off", f"Turn it on. Or: {COLLECT}")
    found = await asyncio.to_thread(_answered, answer, host, session)
    _keep(session, found, kept)


def _answered(answer: bytes | Absence, host: str, session: Session) -> list[Found]:
    if isinstance(answer, Absence):
        return [Found(host=host, what=what, absence=answer) for what in PARTS]
    try:
        collection = parse(answer)
    except ValueError as error:
        return list(lost(host, f"what the collect script printed {error}"))
    if _here(session) == host and computer(collection.host, session) != host:
        return list(lost(host, f"this computer is {collection.host}, and only its first name is that of {host}"))
    found = list(parts_of(collection, host, "collect script", session))
    if _here(session) == host:
        return found
    # What dsregcmd says of a user is then about the scanner's account.
    return [structs.replace(one, about={"collected": "winrm"}) if one.what == "dsregcmd" else one for one in found]


def _lacking(session: Session, kept: set[str]) -> Iterator[str]:
    """The computers that are to be asked because something wanted of them is in no file."""
    asked, here = session.connections.hosts, _here(session)
    for host in _known(session):
        if not (asked.winrm or asked.names or host == here):
            continue
        if any(session.wanted(id) and id not in kept for id in (f"host/{host}/{what}" for what in PARTS)):
            yield host


def _known(session: Session) -> set[str]:
    """The computers to ask, in lower case: those of connect.hosts, or else of the design."""
    names = session.connections.hosts.names or designed(session)
    return {name.lower() for name in names if COMPUTER.fullmatch(name)}


def _here(session: Session) -> str:
    """Which of them this computer is; empty: none, or it is not to be asked, or it is not Windows."""
    wanted = session.connections.hosts.here and collect.powershell()
    return collect.this_one(sorted(_known(session))) if wanted else ""


async def probe(session: Session) -> Iterable[Probe]:
    """Is everything there, and of which computers is it? Which are asked themselves?"""
    return [*await asyncio.to_thread(_probe_files, session), *await _probe_computers(session)]


def _probe_files(session: Session) -> list[Probe]:
    named = session.connections.files.hosts
    if not named:
        return []
    missing = [place for place in named if not Path(place).exists()]
    if missing:
        detail = f"{', '.join(missing)}: not there"
        return [Probe(source=NAME, answers=False, detail=detail, cure="Correct connect.files.hosts.")]
    computers = sorted({found.host for found in handed_in(session)})
    return [Probe(source=NAME, answers=True, detail=f"evidence of {', '.join(computers) or 'no computer'}")]


async def _probe_computers(session: Session) -> list[Probe]:
    """Each computer that would be asked: by WinRM it is signed in to, and nothing is run."""
    asked, here = session.connections.hosts, _here(session)
    found = [Probe(source=NAME, answers=True, detail=f"{here} is this computer: the script runs here")] if here else []
    others = sorted(_known(session) - {here}) if asked.winrm or asked.names else []
    if not asked.winrm:
        cure = f"Set connect.hosts.winrm. Or: {COLLECT}"
        detail = "is not this computer, and connect.hosts.winrm is off"
        return [*found, *(Probe(source=NAME, answers=False, detail=f"{host} {detail}", cure=cure) for host in others)]
    return [*found, *await asyncio.gather(*(asyncio.to_thread(_probe_one, host, session) for host in others))]


def _probe_one(host: str, session: Session) -> Probe:
    from comgmt_audit.sources import winrm

    at = winrm.target(host, session)
    trouble = at if isinstance(at, Absence) else winrm.opens(at)
    if trouble:
        detail = trouble.detail if trouble.detail.startswith(host) else f"{host}: {trouble.detail}"
        return Probe(source=NAME, answers=False, detail=detail, cure=trouble.cure)
    return Probe(source=NAME, answers=True, detail=f"{host} by WinRM", identity=session.connections.hosts.user)


def _keep(session: Session, found: Iterable[Found], kept: set[str]) -> None:
    """Write what is wanted and not there yet."""
    for one in found:
        if one.id in kept or not session.wanted(one.id):
            continue
        kept.add(one.id)
        rest = {"source": NAME, "request": one.request, "at": session.clock(), "about": one.about}
        if one.absence:
            session.writer.absent(one.id, one.absence, **rest)
        elif isinstance(one.content, str):
            session.writer.text(one.id, redaction.evidence(one.content), **rest)
        elif isinstance(one.content, list):
            session.writer.lines(one.id, one.content, **rest)
        else:
            session.writer.json(one.id, one.content, **rest)
        session.progress(NAME, one.host, len(kept))
