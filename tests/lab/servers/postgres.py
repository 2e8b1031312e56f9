"""A PostgreSQL for a history that several machines share; it listens on a socket in its own folder only."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab.servers import process

_ACCOUNT = "postgres"
"""Debian's account: the server refuses to run as root."""


def _binaries() -> Path | None:
    """Debian keeps them by version, outside of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def missing() -> str:
    """Which Debian package is not installed, or nothing where all are."""
    return "" if _binaries() else "not installed: postgresql (Debian package)"


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The address of an empty database, until the block is left."""
    binaries = _binaries()
    assert binaries, missing()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    as_account: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
        as_account = [process.program("setpriv"), "--reuid", _ACCOUNT, "--regid", _ACCOUNT, "--clear-groups"]
    data = folder / "data"
    try:
        create = ["--username", "lab", "--auth", "trust", "--encoding", "UTF8", "--no-sync", "-D", str(data)]
        subprocess.run([*as_account, str(binaries / "initdb"), *create], check=True, capture_output=True, cwd="/")
        listen = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        command = [*as_account, str(binaries / "postgres"), "-D", str(data), *listen]
        ready = [str(binaries / "pg_isready"), "--quiet", "--host", str(folder)]
        with process.running(command, ready=lambda: subprocess.run(ready, check=False).returncode == 0, folder=folder):
            yield f"postgresql+psycopg://lab@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
