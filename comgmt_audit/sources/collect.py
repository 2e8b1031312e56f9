"""The collect script, run on this computer by Windows PowerShell. ``winrm.py`` runs the same one on others.

It is the one thing that is ever run: ``comgmt_audit/collect.ps1``, which reads only, and which a test pins by its hash.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterable
from pathlib import Path

from comgmt_audit.recording import Absence
from comgmt_audit.sources.session import refused, unreachable, unreadable
from comgmt_audit.text_encoding import decode

SCRIPT = Path(__file__).parent.parent / "collect.ps1"
PIPELINE = "Pipeline"
"""The script's switch: what it collects goes to the pipeline, in ASCII, and not to a file."""

MAX_SIZE = 32 * 1024**2
"""Bytes of one collection; with its log extracts it has some eight million."""

COLLECT = "Run the collect script on that computer, elevated, and hand in its file as it wrote it."

_BLOCKED = {
    "LanguageMode=": "Application control (WDAC or AppLocker) lets scripts run in a constrained language only: let it "
    "trust the collect script, or hand in the outputs of certutil, gpresult and dsregcmd.",
    "ScriptsNotAllowed": "The endpoint allows no scripts (JEA): let the account use the endpoint Microsoft.PowerShell, "
    "or hand in the outputs of certutil, gpresult and dsregcmd.",
    "UnauthorizedAccess": "Group Policy's execution policy forbids the script: allow or sign it, "
    "or hand in the outputs of certutil, gpresult and dsregcmd.",
}
"""What Windows writes untranslated where it lets the script not run (error ids; the first is the script's own word)."""


def script() -> str:
    """The text of the collect script."""
    return SCRIPT.read_text(encoding="utf-8")


def this_one(hosts: Iterable[str]) -> str:
    """Which of the DNS names is this computer's; empty: none. A domain is compared where both names have one."""
    own = socket.gethostname().lower()
    like = [host for host in hosts if own in {host, host.partition(".")[0]} or host == own.partition(".")[0]]
    return like[0] if len(like) == 1 else ""


def powershell() -> str:
    """Where Windows PowerShell is; empty: it is not here, so this is not Windows."""
    system = os.environ.get("SYSTEMROOT", "")
    for folder in ("Sysnative", "System32") if system else ():  # the first is there for 32-bit programs only
        known = Path(system, folder, "WindowsPowerShell", "v1.0", "powershell.exe")
        if known.is_file():
            return str(known)
    return shutil.which("powershell.exe") or ""


async def locally(seconds: float) -> bytes | Absence:
    """What the script prints here within *seconds*, or why it does not."""
    program = powershell()
    if not program:
        return unreachable("powershell.exe is not here: this is not Windows", COLLECT)
    options = ["-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-ExecutionPolicy", "Bypass"]
    command = [program, *options, "-File", str(SCRIPT), f"-{PIPELINE}"]
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        return refused(f"powershell.exe: {error.strerror}", COLLECT)
    try:
        async with asyncio.timeout(seconds):
            out, errors = await asyncio.gather(_read(process, process.stdout), _read(process, process.stderr))
            code = await process.wait()
    except TimeoutError:
        return unreachable(f"powershell.exe did not end within {seconds:g} s", COLLECT)
    finally:
        await _end(process)
    if max(len(out), len(errors)) > MAX_SIZE:
        return unreadable(f"powershell.exe: its output is larger than {MAX_SIZE} bytes", COLLECT)
    return out if code == 0 else failure(f"powershell.exe ended with {code}", decode(errors).text)


async def _read(process: Process, stream: asyncio.StreamReader | None) -> bytes:
    """All of it; of what is more than a collection is, the beginning, and the process is ended."""
    found = bytearray()
    while stream and (part := await stream.read(65536)):
        found += part
        if len(found) > MAX_SIZE:
            _kill(process)
            break
    return bytes(found)


async def _end(process: Process) -> None:
    """Leave nothing behind: neither the process nor its pipes, unless a child of it holds them."""
    if process.returncode is None:
        _kill(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await process.communicate()


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
        process.kill()


def failure(what: str, said: str) -> Absence:
    """The absence for a script that did not run to its end: what happened, and what PowerShell said of it."""
    first = next((line.strip() for line in said.splitlines() if line.strip()), "nothing was said")
    detail = f"{what}: {first[:300]}"
    for word, cure in _BLOCKED.items():
        if re.search(rf"\b{word}", said):
            return refused(detail, cure)
    return unreadable(detail, COLLECT)
