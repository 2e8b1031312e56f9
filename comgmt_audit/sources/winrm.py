"""The collect script, run on another Windows computer by PowerShell remoting over WinRM ([MS-PSRP], [MS-WSMV]).

Kerberos always: over HTTPS (5986), or over HTTP (5985) with every message encrypted by it. Nothing else is run.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import collect, late, secrets
from comgmt_audit.sources.negotiate import sign_in_errors
from comgmt_audit.sources.session import Session, refused, unreachable, unreadable

if TYPE_CHECKING:
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.wsman import WSMan

_HTTP, _HTTPS = 5985, 5986
"""WinRM's ports since 2.0 ([MS-WSMV] 2.1)."""
_LIBRARIES = ("requests", "pypsrp.powershell", "pypsrp.wsman", "comgmt_audit.sources.bounded")
_POLL = 5
"""Seconds that a computer may hold back its answer while the script runs; then we look whether to go on."""
_OPERATION = 20
"""The same for all other requests, as pypsrp has it."""
_NONSENSE = (SyntaxError, TypeError, LookupError, AttributeError)
"""What pypsrp raises, beside ValueError, on an answer that is no WS-Management: it depends on where it stumbles."""
_ACCESS_DENIED = 5
"""ERROR_ACCESS_DENIED as the code of a WSMan fault ([MS-ERREF] 2.2)."""

_ON = (
    "On that computer: is it on, does `winrm quickconfig` (HTTPS: -transport:https) say that WinRM is set up, and does "
    "the firewall let {port} through? `connect.hosts.ssl` chooses HTTPS (5986) or HTTP (5985)."
)
_RIGHTS = "Make the account an administrator of that computer: the stores' keys and Group Policy are read elevated."
_TICKET = (
    "Sign in first (`kinit`), or set connect.hosts.user (its realm in capitals) and password; name the computer by its "
    "FQDN (SPN WSMAN/FQDN or HOST/FQDN); clocks may differ by five minutes. NTLM is not used."
)
_TRUST = "Set connect.hosts.ca_file to the root that issued the computer's WinRM certificate, and use its FQDN."


class Target(Struct, frozen=True, kw_only=True):
    """A computer and how it is reached: *host* is its name for Kerberos, *server* and *port* the address."""

    host: str
    server: str
    port: int
    ssl: bool
    ca_file: str
    user: str
    password: str


def target(host: str, session: Session) -> Target | Absence:
    """How to reach a computer; an absence where the password cannot be had, or pypsrp is not installed."""
    import importlib.util

    if importlib.util.find_spec("pypsrp") is None:
        return unreachable("WinRM needs the package pypsrp", "pip install 'comgmt-audit[live]'")
    stated = session.connections.hosts
    try:
        password = secrets.resolve(stated.password, "connect.hosts.password") if stated.password else ""
    except ComgmtError as error:
        return unreachable(error.message, error.hint)
    port = _HTTPS if stated.ssl else _HTTP
    place = session.connections.web.addresses.get(f"{host}:{port}", f"{host}:{port}")
    server, _, number = place.rpartition(":")
    return Target(
        host=host,
        server=server,
        port=int(number) if number.isdigit() else port,
        ssl=stated.ssl,
        ca_file=stated.ca_file,
        user=stated.user,
        password=password,
    )


async def asked(at: Target, seconds: float, ended: threading.Event) -> bytes | Absence:
    """The same as run, for who must not wait for a computer that sends a byte now and then for ever."""
    await asyncio.to_thread(late.load, *_LIBRARIES)
    from comgmt_audit.sources.bounded import in_thread

    try:
        return await in_thread(lambda: run(at, seconds, ended), seconds + _OPERATION)
    except TimeoutError:
        detail = f"{at.host}:{at.port}: it did not end its answer within {seconds + _OPERATION:g} s"
        return unreachable(detail, _ON.format(port=at.port))


def run(at: Target, seconds: float, ended: threading.Event) -> bytes | Absence:
    """What the script prints there within *seconds*, or why it does not. Blocks; leaves soon after *ended* is set."""
    return _asked(at, lambda pool: _collected(pool, time.monotonic() + seconds, ended))


def opens(at: Target) -> Absence | None:
    """Why no runspace can be opened there; ``None``: it can, and it was closed again with nothing run. Blocks."""
    found = _asked(at, lambda _: b"")
    return found if isinstance(found, Absence) else None


def _asked(at: Target, question: Callable[[RunspacePool], bytes | Absence]) -> bytes | Absence:
    late.load(*_LIBRARIES)
    from pypsrp.exceptions import WinRMError
    from pypsrp.powershell import RunspacePool

    foreseen: tuple[type[Exception], ...] = (*sign_in_errors(), WinRMError, *_NONSENSE)
    wsman = _connection(at)
    try:
        with RunspacePool(wsman) as pool:
            return question(pool)
    except foreseen as error:
        return _absence(error, at)
    finally:
        wsman.close()


def _absence(error: Exception, at: Target) -> Absence:
    """What went wrong, in the words of whoever has to mend it."""
    from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
    from requests.exceptions import RequestException, SSLError

    where, on = f"{at.host}:{at.port}", _ON.format(port=at.port)
    match error:
        case SSLError():
            return unreachable(f"{where}: TLS failed: {_short(error)}", _TRUST)
        case RequestException():
            return unreachable(f"{where}: {_short(error)}", on)
        case WSManFaultError() if error.code == _ACCESS_DENIED:
            return refused(f"{where}: access is denied", _RIGHTS)
        case WSManFaultError() if error.code is not None:
            return unreachable(f"{where}: WinRM answers with fault {error.code}: {_short(error.reason)}", on)
        case WinRMTransportError():
            return unreachable(f"{where}: HTTP status {error.code}", on, status=error.code)
        case AuthenticationError():
            return refused(f"{where}: Kerberos failed: {_short(error)}", _TICKET)
        case WinRMError() | ValueError() | SyntaxError() | TypeError() | LookupError() | AttributeError():
            return unreadable(f"{where}: answers what is not WinRM ({type(error).__name__})", on)
    return refused(f"{where}: Kerberos failed: {_short(error)}", _TICKET)


def _connection(at: Target) -> WSMan:
    from pypsrp.wsman import WSMan

    from comgmt_audit.sources.bounded import BoundedAdapter

    wsman = WSMan(
        at.server,
        port=at.port,
        ssl=at.ssl,
        auth="kerberos",
        encryption="auto",  # over HTTP always, by Kerberos; over HTTPS TLS does it
        cert_validation=at.ca_file or True,  # type: ignore[arg-type]  # a path does as well, as in requests
        username=at.user or None,
        password=at.password or None,
        operation_timeout=_OPERATION,
        connection_timeout=10,
        read_timeout=_OPERATION + 10,
        reconnection_backoff=0.1,
        no_proxy=True,
        negotiate_hostname_override=at.host,
    )
    session = wsman.transport._build_session()
    for prefix, adapter in list(session.adapters.items()):
        session.mount(prefix, BoundedAdapter(adapter))
    wsman.transport.session = session
    return wsman


def _collected(pool: RunspacePool, deadline: float, ended: threading.Event) -> bytes | Absence:
    from pypsrp.complex_objects import PSInvocationState
    from pypsrp.powershell import PowerShell

    shell = PowerShell(pool)
    shell.add_script(collect.script()).add_parameter(collect.PIPELINE, True)
    shell.begin_invoke()
    while shell.state == PSInvocationState.RUNNING:
        too_long = ended.is_set() or time.monotonic() > deadline
        if too_long or _size(shell) > collect.MAX_SIZE:
            shell.stop()
            if too_long:
                return unreachable("the collect script did not end in time", "Allow more: connect.hosts.timeout.")
            return unreadable("it sends more than a collection is", collect.COLLECT)
        shell.poll_invoke(timeout=_POLL)
    return _result(shell)


def _size(shell: PowerShell) -> int:
    return sum(len(str(part)) for part in shell.output)


def _result(shell: PowerShell) -> bytes | Absence:
    from pypsrp.complex_objects import PSInvocationState

    if shell.state != PSInvocationState.COMPLETED:
        said = [f"{error}\n{error.fq_error or ''}" for error in shell.streams.error]
        return collect.failure("PowerShell ended the collect script", "\n".join(said))
    return "".join(str(part) for part in shell.output).encode()


def _short(error: object) -> str:
    """The innermost reason of an error, on one line."""
    while isinstance(error, BaseException) and error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    reason = getattr(error, "reason", None) or error
    return " ".join(str(reason).split())[:200]
