"""``python -m tests.lab.serve``: all of Contoso as real servers, for a live scan from another shell.

Stays until Ctrl-C or SIGTERM, and leaves nothing behind: no process, no folder. (Servers listen on 127.0.0.0/8, which
the loopback interface answers as a whole: no address is added.)
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.lab import combined, live
from tests.lab.combined import ConflictError
from tests.lab.estate import Estate
from tests.lab.servers import entra
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.faulty import OF_DNS, Failure
from tests.lab.servers.process import ServerError

CANNOT = 2
"""Exit code: the estate cannot be raised."""
MOST_USERS = 500_000
_FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "throttled", "seconds": 1},
    "503": {"kind": "unavailable", "seconds": 1},
    "401": {"kind": "expired"},
    "slow": {"kind": "slow", "seconds": 2},
    **{name: {"kind": name} for name in ("reset", "cut", "truncated", "empty-page", "looping", "foreign-host")},
}
"""What can go wrong, by the word on the command line."""
_FAILURES = {
    "adminservice": ("401", "404", "429", "503", "truncated", "slow", "reset", "cut"),
    "web": ("404", "503", "slow", "reset", "cut"),
    "dns": OF_DNS,
}
"""What can go wrong with the servers that are no cloud: of ``web``, a status comes in place of a revocation list."""
_PATHS = {"graph": r"^/(v1\.0|beta)/", "arm": r"^/(subscriptions|providers|tenants)\b"}
"""The addresses of each server that has faults."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Raise the estate, say how to scan it, and wait. Returns the exit code."""
    options = _parser().parse_args(arguments)
    # A signal is taken note of, and obeyed when all servers are up or down: an exception in the midst of starting a
    # thread, or of stopping a server, would leave a process that nobody knows.
    leave = threading.Event()
    before = {one: signal.signal(one, lambda *_: leave.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        if why := live.missing():
            sys.stderr.write(f"The lab cannot run here: {why}.\n")
            return CANNOT
        _serve(_estate(options), _faults(options.fault), options, leave)
        return 0
    except (ConflictError, ServerError, ValueError, OSError) as error:
        sys.stderr.write(f"The lab does not come up: {error}\n")
        return CANNOT
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.serve", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--estate", choices=sorted(combined.BASES), default="", help="which healthy estate")
    parser.add_argument("--defect", action="append", default=[], metavar="NAME", help="of the catalogue; repeatable")
    parser.add_argument("--users", type=int, metavar="N", help="how many users the tenant has")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SERVER:FAULT:RATE",
        help=f"such as graph:429:0.2, of all requests every fifth; {_known_faults()}",
    )
    words = ("client-secret", "device-code")
    parser.add_argument("--sign-in", choices=words, default=words[0], help="an application, or a user with a code")
    parser.add_argument("--folder", type=Path, help="a new folder for all files; by default a temporary one")
    return parser


def _estate(options: argparse.Namespace) -> Estate:
    """The estate of the command line. Raises ConflictError, and ValueError for a number of users that cannot be."""
    estate = combined.estate(options.defect, options.estate)
    if estate.partial or any(absence is None for absence in estate.absences.values()):
        raise ConflictError("a defect of a recording (something was not asked) is none of a live estate")
    if options.users is None:
        return estate
    if not 10 <= options.users <= MOST_USERS:
        raise ValueError(f"--users {options.users}: the lab has 10 to {MOST_USERS} users")
    return estate.with_(people__users=options.users)


def _known_faults() -> str:
    known = {**dict.fromkeys(_PATHS, tuple(_FAULTS)), **_FAILURES}
    return "; ".join(f"{server}: {', '.join(kinds)}" for server, kinds in known.items())


def _faults(given: Sequence[str]) -> list[Fault]:
    """Those of the cloud. Raises ValueError, also for one of another server that is none."""
    found = [_fault(one) for one in given]
    return [fault for _, fault in found if isinstance(fault, Fault)]


def _failures(given: Sequence[str]) -> dict[str, list[Failure]]:
    """Those of the other servers. Raises ValueError."""
    found: dict[str, list[Failure]] = {}
    for server, fault in map(_fault, given):
        if isinstance(fault, Failure):
            found.setdefault(server, []).append(fault)
    return found


def _fault(given: str) -> tuple[str, Fault | Failure]:
    """``server:fault:rate`` as the server and its fault. Raises ValueError."""
    server, _, rest = given.partition(":")
    name, _, rate = rest.partition(":")
    try:
        probability = float(rate)
    except ValueError:
        probability = -1
    known = name in _FAULTS if server in _PATHS else name in _FAILURES.get(server, ())
    if not known or not 0 < probability <= 1:
        wanted = f"SERVER:FAULT:RATE with a rate above 0, up to 1, and {_known_faults()}"
        raise ValueError(f"--fault {given}: expected {wanted}")
    if server in _FAILURES:
        return server, Failure(kind=name, probability=probability)
    return server, Fault(path=_PATHS[server], times=None, probability=probability, **_FAULTS[name])


def _serve(estate: Estate, faults: Sequence[Fault], options: argparse.Namespace, leave: threading.Event) -> None:
    started = time.monotonic()
    wanted: Path | None = options.folder
    with ExitStack() as stack:
        folder = wanted or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comgmt-audit-serve-")))
        if wanted:
            stack.enter_context(_created(wanted))
        failures = _failures(options.fault)
        ways: dict[str, Any] = {"faults": faults, "failures": failures, "sign_in": options.sign_in}
        running = stack.enter_context(live.running(estate, folder.resolve(), **ways))
        sys.stdout.write(f"# Up after {time.monotonic() - started:.1f} s. {running.comgmt_toml}:\n\n")
        sys.stdout.write(running.comgmt_toml.read_text(encoding="utf-8"))
        sys.stdout.write("\n".join(["", "# In another shell:", *_commands(running), ""]))
        sys.stdout.flush()
        leave.wait()


@contextmanager
def _created(folder: Path) -> Iterator[None]:
    """*folder*, made now, and removed with all that is in it. Raises FileExistsError where it is there already."""
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder)


def _commands(running: live.Live) -> list[str]:
    toml = shlex.quote(str(running.comgmt_toml))
    exports = [f"export {name}={shlex.quote(value)}" for name, value in running.environment.items()]
    at = running.servers.sign_in
    user = f"# With --sign-in device-code, sign in on the page as {at.user} with the password {entra.USER_PASSWORD}."
    outside = shlex.quote(str(running.outside_toml))
    words = (
        f"doctor {toml}",
        f"scan {toml} --html report.html",
        f"record {toml} -o inside.zip",
        f"record {outside} -o whole.zip --outside inside.zip",
        "scan whole.zip",
    )
    return [*exports, *(f"comgmt-audit {word}" for word in words), user, "# Ctrl-C here ends all servers."]


if __name__ == "__main__":
    raise SystemExit(main())
