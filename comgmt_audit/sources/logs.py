"""The source ``log``: log files of Configuration Manager in local folders and on shares (``docs/recording/logs.md``).

A file is opened, read and closed at once, and shared for reading, writing and deleting meanwhile: the server goes on
writing, and can still rename a log that is full. A share is read with smbprotocol, but on Windows by Windows itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from msgspec import Struct

from comgmt_audit import plain_file
from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import redaction, secrets
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreachable, unreadable
from comgmt_audit.text_encoding import decode

NAME = "log"

PERMISSIONS = {"log/": (Permission(name="Read on the log folder", kind="host", why="logs of servers and clients"),)}
"""Rights by observation."""

LOGS = {
    "cloudmgr": "CloudMgr",
    "comanagementhandler": "CoManagementHandler",
    "locationservices": "LocationServices",
    "mpcontrol": "mpcontrol",
    "sms_azuread_discovery_agent": "SMS_AZUREAD_DISCOVERY_AGENT",
    "sms_cloud_proxyconnector": "SMS_Cloud_ProxyConnector",
}
"""What the facts rest on, as Configuration Manager writes the names."""

LIMIT = 16 * 1024**2
"""Bytes of one file that are kept, its newest; Configuration Manager rolls over at some 2 to 10 million."""

_FILE = re.compile(r"(?P<log>.+?)(?:-[0-9]{8}-[0-9]{6})?\.(?:log|lo_)", re.IGNORECASE)
_SMB_PORT = 445
_KEY = "connect.files.log_password"
_DENIED = frozenset({0xC0000022, 0xC000006D, 0xC000006E, 0xC0000071, 0xC0000072, 0xC000015B, 0xC0000234})
"""Access denied, and the ways in which signing in fails: the account or password, its restrictions, expired, disabled,
no right to sign in over the network, locked out ([MS-ERREF] 2.3.1)."""
_NOT_THERE = frozenset({0xC000000F, 0xC0000034, 0xC000003A, 0xC00000CC})
"""No such file, name, path, share ([MS-ERREF] 2.3.1)."""
_GRANT = "Give the account of connect.files.log_user (or the one that is signed in) Read on the share and the folder."


class Folder(Protocol):
    """A folder of logs. Its methods raise OSError."""

    def names(self) -> list[str]:
        """What lies in it."""

    def newest(self, name: str, limit: int) -> tuple[int, bytes]:
        """The size of one of its files, and its last *limit* bytes."""

    def path(self, name: str) -> str:
        """Where a file lies, for whoever reads the recording."""


class LocalFolder(Struct, frozen=True):
    """A folder of this computer, or whatever its system takes for one."""

    place: str

    def names(self) -> list[str]:
        """What lies in it."""
        return sorted(path.name for path in Path(self.place).iterdir())

    def newest(self, name: str, limit: int) -> tuple[int, bytes]:
        """The size of one of its files, and its last *limit* bytes."""
        with plain_file.opened(Path(self.place) / name) as file:
            return _newest(file, limit)

    def path(self, name: str) -> str:
        """Where the file lies."""
        return str(Path(self.place) / name)


class Share(Struct, frozen=True):
    """A folder of a share, through smbprotocol; ``how`` are the arguments that sign in."""

    client: Any
    place: str
    how: dict[str, Any]
    shown: str

    def names(self) -> list[str]:
        """What lies in it."""
        with _errors_of_the_system():
            return sorted(self.client.listdir(self.place, **self.how))

    def newest(self, name: str, limit: int) -> tuple[int, bytes]:
        """The size of one of its files, and its last *limit* bytes; others may write and rename it meanwhile."""
        path = f"{self.place}\\{name}"
        with (
            _errors_of_the_system(),
            self.client.open_file(path, mode="rb", share_access="rwd", **self.how) as file,
        ):
            return _newest(file, limit)

    def path(self, name: str) -> str:
        """Where the file lies."""
        return f"{self.shown}\\{name}"


async def record(session: Session) -> None:
    """Keep every wanted log of every named folder, or why it cannot be read; folders side by side."""
    places = session.connections.files.logs
    await asyncio.gather(*(asyncio.to_thread(_record, session, server, place) for server, place in places.items()))


async def probe(session: Session) -> Iterable[Probe]:
    """Can each folder be listed?"""
    places = session.connections.files.logs
    found = (asyncio.to_thread(_probe, session, server, place) for server, place in places.items())
    return await asyncio.gather(*found)


def _probe(session: Session, server: str, place: str) -> Probe:
    try:
        with _folder(session, place) as folder:
            count = len(_wanted(session, server, folder.names()))
    except (OSError, ComgmtError) as error:
        absence = _absence(error, place)
        return Probe(source=NAME, answers=False, detail=absence.detail, cure=absence.cure)
    return Probe(source=NAME, answers=True, detail=f"{count} log files in {place}")


def _record(session: Session, server: str, place: str) -> None:
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(_folder(session, place))
            names = _wanted(session, server, folder.names())
        except (OSError, ComgmtError) as error:
            absence = _absence(error, place)
            for name in _expected(session, server):
                _absent(session, server, name, absence)
            return
        for name in names:
            _keep(session, server, folder, name)
        session.progress(NAME, server, len(names))


def _keep(session: Session, server: str, folder: Folder, name: str) -> None:
    try:
        text, about = read(folder, name)
    except OSError as error:
        _absent(session, server, name, _absence(error, folder.path(name)))
        return
    rest = {"source": NAME, "request": f"{name} of {server}", "at": session.clock(), "about": about}
    session.writer.text(_id(server, name), redaction.evidence(text), **rest)


def read(folder: Folder, name: str, limit: int = LIMIT) -> tuple[str, dict[str, Any]]:
    """A file's text, and about it; only the newest *limit* bytes where it is larger. Raises OSError."""
    size, data = folder.newest(name, limit)
    decoded = decode(_from_a_line(data) if size > limit else data)
    about = {
        "path": folder.path(name),
        "encoding": decoded.encoding,
        "size": size,
        "complete": size <= limit,
    }
    return decoded.text, about


def _newest(file: IO[bytes], limit: int) -> tuple[int, bytes]:
    """From an even place, so that UTF-16 is not cut in the middle of a character; what is added meanwhile is left."""
    size = file.seek(0, os.SEEK_END)
    start = (max(0, size - limit) + 1) & ~1
    file.seek(start)
    return size, file.read(size - start)


def _from_a_line(data: bytes) -> bytes:
    """What is cut at its front begins with its next line; UTF-16, full of NUL, keeps its first line, torn as it is."""
    line = data.find(b"\n") + 1
    return data if b"\0" in data[:line] else data[line:]


def _wanted(session: Session, server: str, names: Iterable[str]) -> list[str]:
    """The log files that a fact rests on. Of names that differ in case only, the first: Windows has no such."""
    found: dict[str, str] = {}
    for name in names:
        match = _FILE.fullmatch(name)
        log = match["log"].lower() if match else ""
        if (log in LOGS or log in session.own_logs) and session.wanted(_id(server, name)):
            found.setdefault(name.lower(), name)
    return list(found.values())


def _expected(session: Session, server: str) -> list[str]:
    """The logs that this computer should have, by its place in the design; of one that is not named there, none."""
    site, name = session.design.site, server.casefold()
    samples = {client.casefold() for client in session.design.clients.samples}
    logs = {
        "cloudmgr": name == site.server.casefold(),
        "sms_azuread_discovery_agent": name == site.server.casefold(),
        "mpcontrol": name == site.server.casefold(),
        "sms_cloud_proxyconnector": name == site.connection_point.casefold(),
        "comanagementhandler": name in samples,
        "locationservices": name in samples,
    }
    files = [f"{LOGS[log]}.log" for log, here in logs.items() if here]
    return [file for file in files if session.wanted(_id(server, file))]


def _absent(session: Session, server: str, name: str, absence: Absence) -> None:
    request = f"{name} of {server}"
    session.writer.absent(_id(server, name), absence, source=NAME, request=request, at=session.clock())


def _id(server: str, name: str) -> str:
    return f"log/{server.lower()}/{name.lower()}"


@contextlib.contextmanager
def _folder(session: Session, place: str) -> Iterator[Folder]:
    """The folder, signed in where it is a share; nothing stays open. Raises ComgmtError."""
    files = session.connections.files
    if not place.startswith("\\\\") or (os.name == "nt" and not files.log_user):
        yield LocalFolder(place)
        return
    client = _smb()
    host, _, rest = place.strip("\\").partition("\\")
    address = session.connections.web.addresses.get(f"{host}:{_SMB_PORT}", f"{host}:{_SMB_PORT}")
    name, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ComgmtError(f"connect.web.addresses: {address} is no address:port", "Write it as 10.0.0.5:445.")
    sessions: dict[str, Any] = {}
    how = {
        "username": files.log_user or None,
        "password": secrets.resolve(files.log_password, _KEY) if files.log_password else None,
        "port": int(port),
        "connection_timeout": session.timeout,
        "connection_cache": sessions,
    }
    try:
        yield Share(client, f"\\\\{name}\\{rest}", how, place.rstrip("\\"))
    finally:
        client.reset_connection_cache(fail_on_error=False, connection_cache=sessions)


def _smb() -> Any:
    try:
        return importlib.import_module("smbclient")
    except ImportError:
        raise ComgmtError(
            "a share needs smbprotocol, which is not installed", 'pip install "comgmt-audit[live]"'
        ) from None


@contextlib.contextmanager
def _errors_of_the_system() -> Iterator[None]:
    """What smbprotocol raises, as the OSError that the system would raise for a file of its own."""
    errors = importlib.import_module("smbprotocol.exceptions")
    try:
        yield
    except errors.SMBAuthenticationError as error:
        raise PermissionError(errno.EACCES, "the account could not sign in") from error
    except (OSError, errors.SMBResponseException) as error:
        status = getattr(error, "ntstatus", getattr(error, "status", None))
        if status in _DENIED:
            raise PermissionError(errno.EACCES, "access is denied") from error
        if status in _NOT_THERE:
            raise FileNotFoundError(errno.ENOENT, "there is no such file, folder or share") from error
        raise OSError(errno.EIO, getattr(error, "strerror", None) or str(error)) from error
    except (ValueError, errors.SMBException) as error:
        raise OSError(errno.EIO, "the server does not answer, or broke off") from error


def _absence(error: OSError | ComgmtError, place: str) -> Absence:
    """Why a folder or file is not there to be read, and what mends it; never what the account or password was."""
    if isinstance(error, ComgmtError):
        return unreadable(f"{place}: {error.message}", error.hint)
    if isinstance(error, PermissionError):
        return refused(f"{place}: access is denied", _GRANT)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return unreachable(f"{place}: there is no such folder or file", "Correct the folder in connect.files.logs.")
    cure = "Open TCP 445 from the scanner to the server, or copy the logs and name the local folder."
    return unreachable(f"{place}: {error.strerror or 'cannot be read'}", cure)
