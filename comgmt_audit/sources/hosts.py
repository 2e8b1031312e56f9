"""The source ``host``: evidence of Windows computers, handed in or collected there (``docs/recording/host.md``).

``connect.files.hosts`` names JSON files of the collect script (``comgmt_audit/collect.ps1``), folders of them, and
folders that are called like a computer and hold the outputs of certutil, gpresult and dsregcmd as they are. What no
file tells, the script itself is run for: here where this is one of the computers, on others by WinRM where that is on.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from comgmt_audit.recording import Absence
from comgmt_audit.sources import collect
from comgmt_audit.sources.collect import COLLECT
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreachable, unreadable
from comgmt_audit.text_encoding import decode

NAME = "host"

PERMISSIONS = {
    "host/": (
        Permission(name="Administrator of the computer", kind="host", why="stores, policy and join state, elevated"),
    )
}
"""Rights by observation: whoever runs the collect script needs them; of files the scanner needs only to read them."""

AT_ONCE = 4
"""Computers that are asked at the same time by WinRM."""

REQUESTS = {
    "certificates": "certificate stores",
    "certutil-my": "certutil -store My",
    "gpresult": "gpresult",
    "dsregcmd": "dsregcmd /status",
    "registry": "registry values",
}
"""What was done on the computer, by the last part of the observation's id."""

_PARTS = ("certificates", "gpresult", "dsregcmd", "registry")
"""What the collect script brings of a computer, beside its logs."""
_COMPUTER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})*")
_LOG = re.compile(r"[a-z0-9_-]+\.(?:log|lo_)")
_RSOP = "http://www.microsoft.com/GroupPolicy/Rsop"


class Collection(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the collect script writes: format 1.

    ``outputs`` and ``logs`` hold texts by name, of a log its newest lines; ``errors`` why a part is missing, by name.
    """

    collector: int
    host: str
    elevated: bool
    certificates: dict[str, Any] | None = None
    registry: dict[str, dict[str, int | str]] | None = None
    outputs: dict[str, str] = {}
    logs: dict[str, str] = {}
    errors: dict[str, str] = {}


class Found(Struct, frozen=True, kw_only=True):
    """One piece of evidence: which, of which computer, and its content or why there is none."""

    host: str
    what: str
    content: Any = None
    absence: Absence | None = None
    about: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The observation's."""
        return f"log/{self.host}/{self.what}" if _LOG.fullmatch(self.what) else f"host/{self.host}/{self.what}"

    @property
    def request(self) -> str:
        """What was done on the computer."""
        return REQUESTS.get(self.what, f"{self.what} of {self.host}")


async def record(session: Session) -> None:
    """Keep every wanted piece of evidence, or why it cannot be had: what the files tell, and then the computers."""
    kept: set[str] = set()
    found = sorted(await asyncio.to_thread(lambda: list(_all(session))), key=lambda found: (found.host, found.what))
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
                answer = await asyncio.to_thread(winrm.run, at, seconds, ended)
    else:
        answer = unreachable("it is not this computer, and connect.hosts.winrm is off", f"Turn it on. Or: {COLLECT}")
    found = await asyncio.to_thread(_answered, answer, host, session)
    _keep(session, found, kept)


def _answered(answer: bytes | Absence, host: str, session: Session) -> list[Found]:
    if isinstance(answer, Absence):
        return [Found(host=host, what=what, absence=answer) for what in _PARTS]
    try:
        # Whatever breaks the lines on the way: the document itself has none.
        collection = parse(answer.replace(b"\r", b"").replace(b"\n", b""))
    except ValueError as error:
        return list(_lost(host, f"what the collect script printed {error}"))
    if _here(session) == host and computer(collection.host, session) != host:
        return list(_lost(host, f"this computer is {collection.host}, and only its first name is that of {host}"))
    return list(_found(collection, host, "collect script", session))


def _lacking(session: Session, kept: set[str]) -> Iterator[str]:
    """The computers that are to be asked because something wanted of them is in no file."""
    asked, here = session.connections.hosts, _here(session)
    for host in _known(session):
        if not (asked.winrm or asked.names or host == here):
            continue
        if any(session.wanted(id) and id not in kept for id in (f"host/{host}/{what}" for what in _PARTS)):
            yield host


def _known(session: Session) -> set[str]:
    """The computers to ask, in lower case: those of connect.hosts, or else of the design."""
    names = session.connections.hosts.names or _designed(session)
    return {name.lower() for name in names if _COMPUTER.fullmatch(name)}


def _designed(session: Session) -> tuple[str, ...]:
    site, clients = session.design.site, session.design.clients
    return (site.server, site.management_point, site.connection_point, site.cloud_role_server, *clients.samples)


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
    computers = sorted({found.host for found in _all(session)})
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
        return Probe(source=NAME, answers=False, detail=f"{host}: {trouble.detail}", cure=trouble.cure)
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
            session.writer.text(one.id, one.content, **rest)
        else:
            session.writer.json(one.id, one.content, **rest)
        session.progress(NAME, one.host, len(kept))


def _all(session: Session) -> Iterator[Found]:
    for place in map(Path, session.connections.files.hosts):
        yield from _place(place, session)


def _place(place: Path, session: Session) -> Iterator[Found]:
    """A file, a folder of one computer, or a folder of both."""
    try:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
    except OSError as error:
        yield from _lost(computer(place.name, session), f"{place}: {error.strerror}")
        return
    for path in inside:
        if path.is_dir():
            yield from _place(path, session)
        elif path.suffix.lower() == ".json":
            yield from _collected(path, session)
        else:
            yield from _output(path, computer(path.parent.name, session))


def _collected(path: Path, session: Session) -> Iterator[Found]:
    """The parts of one collection; of a file that cannot be read, its name says whose it is."""
    try:
        collection = parse(_bytes(path))
    except (OSError, ValueError) as error:
        yield from _lost(computer(path.stem, session), f"{path.name}: {_why(error)}")
        return
    host = computer(collection.host, session)
    if not _COMPUTER.fullmatch(host):
        yield from _lost(computer(path.stem, session), f"{path.name}: its host is no computer's name")
        return
    yield from _found(collection, host, path.name, session)


def _found(collection: Collection, host: str, path: str, session: Session) -> Iterator[Found]:
    parts = {
        "certificates": collection.certificates,
        "registry": collection.registry,
        **{what: text for what, text in collection.outputs.items() if what in REQUESTS and text.strip()},
    }
    for what, content in parts.items():
        if content is not None:
            yield Found(host=host, what=what, content=content)
    read_there = {server.lower() for server in session.connections.files.logs}
    for name, text in collection.logs.items() if host not in read_there else ():
        if _LOG.fullmatch(name.lower()):
            about = {"path": path, "size": len(text.encode()), "complete": False}
            yield Found(host=host, what=name.lower(), content=text, about=about)
    for what, why in collection.errors.items():
        if what in REQUESTS and parts.get(what) is None:
            yield Found(host=host, what=what, absence=unreadable(f"the collect script: {why}", COLLECT))


def parse(data: bytes) -> Collection:
    """A file of the collect script. Raises ValueError where it is none, is cut off, or is of another format."""
    try:
        collection = msgspec.json.decode(decode(data).text.encode(), type=Collection)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"is not what the collect script writes: {error}") from None
    if collection.collector != 1:
        raise ValueError(f"is of format {collection.collector}, and format 1 is read")
    return collection


def _output(path: Path, host: str) -> Iterator[Found]:
    """One output of a command, by its content; a file that is none of them is passed over, unless it is called so."""
    named = next((what for what in REQUESTS if path.stem.lower().startswith(what.partition("-")[0])), None)
    try:
        text = decode(_bytes(path)).text
    except (OSError, ValueError) as error:
        if named:
            yield Found(host=host, what=named, absence=_trouble(error, path))
        return
    if what := recognised(text):
        yield Found(host=host, what=what, content=text)
    elif named:
        why = f"{path.name}: it is no output of {REQUESTS[named]} that we know"
        yield Found(host=host, what=named, absence=unreadable(why, COLLECT))


def recognised(text: str) -> str | None:
    """Which command wrote this: a name of REQUESTS, or none; a listing of another store than My is none.

    Words that Windows translates are not needed. Only the beginning and the end are looked at: a file of any size is
    told in no time.
    """
    head, tail = text[:4096], text[-4096:]
    if _RSOP in head:
        return "gpresult"
    if re.search(r"^\s*\|\s*(?:Device State|Diagnostic Data)\s*\|", head, re.MULTILINE):
        return "dsregcmd"
    if "CertUtil: -store" in tail or re.search(r"^={10,} .+ \d+ ={10,}\s*$", head, re.MULTILINE):
        store = re.match(r'\s*(\w+) ".*"\s*$', head, re.MULTILINE)
        return "certutil-my" if store is None or store[1].lower() == "my" else None
    if (
        "group policy result tool" in head.casefold()
        or re.search(r"\bRSOP\b", head)
        or head.startswith("ERROR: Access")
    ):
        return "gpresult"
    return None


def computer(name: str, session: Session) -> str:
    """The computer's DNS name in lower case, as the design has it; a short name is that of the design's only one."""
    name = name.lower()
    known = {host.lower() for host in (*_designed(session), *session.connections.hosts.names) if host}
    like = [host for host in known if host.partition(".")[0] == name]
    return like[0] if len(like) == 1 else name


def _lost(host: str, why: str) -> Iterator[Found]:
    """The whole evidence of a computer cannot be read."""
    for what in _PARTS:
        yield Found(host=host, what=what, absence=unreadable(why, COLLECT))


def _bytes(path: Path) -> bytes:
    """The whole file. Raises OSError, or ValueError where it is too large."""
    with path.open("rb") as file:
        data = file.read(collect.MAX_SIZE + 1)
    if len(data) > collect.MAX_SIZE:
        raise ValueError(f"is larger than {collect.MAX_SIZE} bytes")
    return data


def _why(error: OSError | ValueError) -> str:
    return error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)


def _trouble(error: OSError | ValueError, path: Path) -> Absence:
    detail = f"{path}: {_why(error)}"
    if isinstance(error, PermissionError):
        return refused(detail, "Let the scanner's account read the file.")
    return unreadable(detail, COLLECT)
