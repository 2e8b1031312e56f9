"""A guard around every test: what comgmt_audit sends to anybody is a read, seen at the lowest layer of each library.

The list of reads is this module's own, so that a mistake in the product's list shows. A library is wrapped when it is
imported; what the tests themselves send (to try the lab's servers) does not count, only what has a function of
``comgmt_audit`` on its stack. A violation is raised before anything leaves, and kept, for a source may swallow what is
raised: the fixture in ``tests/conftest.py`` fails the test by what was kept.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

import comgmt_audit

PACKAGE = str(Path(comgmt_audit.__file__).parent)
violations: list[str] = []
"""What was no read, since the list was emptied last."""
reads: Counter[str] = Counter()
"""Reads by protocol, since the process began: a guard that sees nothing would prove nothing."""

_POSTS = re.compile(
    r"/(v1\.0|beta)/\$batch|/subscriptions/[0-9a-f-]{36}/providers/Microsoft\.(KeyVault|Storage)/checkNameAvailability"
)
_SIGN_IN = re.compile(r".*/(oauth2/v2\.0/(token|devicecode)|wsman)")
"""Where azure-identity gets its tokens, and where WinRM talks: what it runs there is looked at by itself."""
_WRITING = 0x2 | 0x4 | 0x10 | 0x40 | 0x100 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
"""Access rights with which a file can be changed ([MS-SMB2] 2.2.13.1)."""
_FILE_OPEN = 1
_QUERY = 0
"""The opcode of a DNS question (RFC 1035, section 4.1.1)."""


def ours() -> bool:
    """Is a function of comgmt_audit at work?"""
    frame: FrameType | None = sys._getframe(2)
    while frame:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return True
        frame = frame.f_back
    return False


def judge(protocol: str, is_read: bool, what: str) -> None:
    """Count a read; keep and raise anything else."""
    if is_read:
        reads[protocol] += 1
        return
    violations.append(f"{protocol}: {what}")
    raise AssertionError(f"{protocol}: {what} is no read")


def _http(request: Any) -> None:
    method, path = request.method, request.url.path
    if method == "POST" and request.headers.get("content-type") == "application/ocsp-request":
        judge("http", request.url.scheme == "http" and _asks_ocsp(request.content), f"POST {path}, OCSP")
    elif method == "POST":
        judge("http", bool(_POSTS.fullmatch(path)) and _reads_only(path, request.content), f"POST {path}")
    else:
        judge("http", method in {"GET", "HEAD"} and not request.content, f"{method} {path}")


def _reads_only(path: str, body: bytes) -> bool:
    """A batch of GETs, or a name and its type."""
    document = msgspec.json.decode(body)
    if path.endswith("$batch"):
        return all(one["method"] == "GET" and "body" not in one for one in document["requests"])
    return set(document) == {"name", "type"}


def _asks_ocsp(body: bytes) -> bool:
    """One question about one certificate, unsigned (RFC 6960, section 4.1.1)."""
    from cryptography.x509 import ocsp

    try:
        return ocsp.load_der_ocsp_request(body).public_bytes(Encoding.DER) == body and len(body) < 200
    except ValueError:
        return False


def _wrap(owner: Any, name: str, look: Callable[..., None]) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def guarded(*args: Any, **more: Any) -> Any:
        if ours():
            look(*args, **more)
        return real(*args, **more)

    setattr(owner, name, guarded)


def _httpx(module: ModuleType) -> None:
    for transport in ("AsyncHTTPTransport", "HTTPTransport", "MockTransport"):
        for name in ("handle_async_request", "handle_request"):
            if hasattr(getattr(module, transport), name):
                _wrap(getattr(module, transport), name, lambda _, request: _http(request))


def _requests(module: ModuleType) -> None:
    def look(_: Any, request: Any, *__: Any, **___: Any) -> None:
        path = request.path_url.partition("?")[0]
        signs_in = request.method == "POST" and bool(_SIGN_IN.fullmatch(path))
        judge("requests", signs_in or request.method in {"GET", "HEAD"}, f"{request.method} {path}")

    _wrap(module.HTTPAdapter, "send", look)


def _bonsai(module: ModuleType) -> None:
    connection = module.BaseLDAPConnection
    for name in ("add", "delete", "modify_password"):
        _wrap(connection, name, functools.partial(_no_read, "ldap", name))
    for name in ("search", "paged_search", "virtual_list_search", "whoami"):
        _wrap(connection, name, lambda *_, **__: judge("ldap", True, ""))


def _entry(module: ModuleType) -> None:
    for name in ("modify", "rename", "delete"):
        if hasattr(module.LDAPEntry, name):
            _wrap(module.LDAPEntry, name, functools.partial(_no_read, "ldap", name))


def _no_read(protocol: str, name: str, *_: Any, **__: Any) -> None:
    judge(protocol, False, name)


def _dns(module: ModuleType) -> None:
    def look(_: Any, what: Any, *__: Any, **___: Any) -> None:
        opcode = (what[2] >> 3) & 15 if isinstance(what, bytes) else int(what.opcode())
        judge("dns", opcode == _QUERY, f"opcode {opcode}")

    for name in ("send_udp", "send_tcp"):
        _wrap(module, name, look)


def _smb(module: ModuleType) -> None:
    def look(_: Any, __: Any, access: int, ___: Any, ____: Any, disposition: int, *_____: Any, **______: Any) -> None:
        judge("smb", not access & _WRITING and disposition == _FILE_OPEN, f"access {access:#x}, {disposition}")

    _wrap(module.Open, "create", look)
    for name in ("write", "flush"):
        _wrap(module.Open, name, functools.partial(_no_read, "smb", name))


def _pypsrp(module: ModuleType) -> None:
    from comgmt_audit.sources import collect

    shell = module.PowerShell
    _wrap(shell, "add_script", lambda _, text, *__, **___: judge("winrm", text == collect.script(), text[:60]))
    for name in ("add_cmdlet", "add_command"):
        _wrap(shell, name, functools.partial(_no_read, "winrm", name))


def _openssl(module: ModuleType) -> None:
    """A handshake, and nothing over it."""
    for name in ("send", "sendall", "write", "renegotiate"):
        _wrap(module.Connection, name, functools.partial(_no_read, "tls", name))
    _wrap(module.Connection, "do_handshake", lambda _: judge("tls", True, ""))


WRAPPERS: dict[str, Callable[[ModuleType], None]] = {
    "httpx": _httpx,
    "requests.adapters": _requests,
    "bonsai.ldapconnection": _bonsai,
    "bonsai.ldapentry": _entry,
    "dns.query": _dns,
    "dns.asyncquery": _dns,
    "smbprotocol.open": _smb,
    "pypsrp.powershell": _pypsrp,
    "OpenSSL.SSL": _openssl,
}
"""By the module that is wrapped once it is imported."""


class _Finder(importlib.abc.MetaPathFinder):
    """Finds as the others do, and has the module wrapped when it was executed."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module to be wrapped; nothing of others."""
        if name not in WRAPPERS or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy = False
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                WRAPPERS[name](module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]  # of this one loader
        return spec


def install() -> None:
    """Wrap what is imported already, and the rest when it is."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    for name, wrap in WRAPPERS.items():
        if name in sys.modules:
            wrap(sys.modules[name])
    sys.meta_path.insert(0, _Finder())


@contextlib.contextmanager
def expected() -> Iterator[list[str]]:
    """The violations of the block, which are its purpose: they fail no test."""
    before = len(violations)
    found: list[str] = []
    try:
        yield found
    finally:
        found += violations[before:]
        del violations[before:]
