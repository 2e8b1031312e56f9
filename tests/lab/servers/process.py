"""The one way in which the lab starts, awaits and stops a server, and finds it an address."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

_PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""Debian keeps servers where the PATH of an ordinary user does not look."""
_POLL = 0.02
_TAIL = 30
_numbers = itertools.count()


class ServerError(Exception):
    """A lab server did not come up, or went away; the message ends with the tail of its own log."""


class Endpoint(Struct, frozen=True):
    """Where a server listens: an address of this machine and a port."""

    host: str
    port: int


def missing_programs(packages: Mapping[str, str]) -> str:
    """Why a server cannot run here (*packages*: program to Debian package), or nothing where all are there."""
    absent = [f"{program} (Debian package {package})" for program, package in packages.items() if not _which(program)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def program(name: str) -> str:
    """The path of a program. Raises ServerError where it is not installed."""
    found = _which(name)
    if found is None:
        raise ServerError(f"{name} is not installed")
    return found


def _which(name: str) -> str | None:
    return shutil.which(name, path=_PLACES)


def loopback_address() -> str:
    """An address of 127.0.0.0/8 that no other server of this run has, nor one of a process beside it."""
    process = os.getpid()
    return f"127.{1 + (process >> 8) % 254}.{process % 256}.{1 + next(_numbers) % 254}"


def free_port(host: str) -> int:
    """A port that is free for TCP and for UDP on that address."""
    while True:
        with socket.create_server((host, 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port


def free_endpoint() -> Endpoint:
    """A free port on an address of its own."""
    host = loopback_address()
    return Endpoint(host, free_port(host))


@contextlib.contextmanager
def silence() -> Iterator[Endpoint]:
    """An endpoint that takes every packet and every connection, and never answers: what asks it runs into a timeout."""
    endpoint = free_endpoint()
    address = (endpoint.host, endpoint.port)
    with socket.create_server(address), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(address)
        yield endpoint


def accepts(endpoint: Endpoint) -> bool:
    """Does somebody take TCP connections there?"""
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(
    command: list[str], *, ready: Callable[[], bool], folder: Path, seconds: float = 15
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block is left; enter the block when *ready* says so.

    The server leads a process group of its own, and all of the group is gone afterwards. What it prints is in
    ``<folder>/<program>.log``. Raises ServerError where it ends, or is not ready within *seconds*.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _await(process, ready, log, time.monotonic() + seconds)
        yield process
    finally:
        _stop(process)


def _await(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, deadline: float) -> None:
    while True:
        if process.poll() is not None:
            raise ServerError(f"{process.args!r} ended with status {process.returncode}:\n{_tail(log)}")
        if ready():
            return
        if time.monotonic() > deadline:
            raise ServerError(f"{process.args!r} is not ready in time:\n{_tail(log)}")
        time.sleep(_POLL)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group at once, for a server of the lab has nothing to save; return when none of it lives.

    A signal to a group does not wait: its leader can be gone while a child still holds the port.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive := _living(process.pid):
        if time.monotonic() > deadline:
            raise ServerError(f"{process.args!r} left processes behind: {alive}")
        time.sleep(_POLL / 4)
    process.wait()


def _living(group: int) -> list[int]:
    """The processes of a group that have not ended (proc(5): the fields of ``stat`` after the name in brackets)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, _, its_group = status.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(status.parent.name))
    return found
