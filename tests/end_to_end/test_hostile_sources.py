"""Each source refused, unreachable, slow, lying and half-answering, against all of Contoso as real servers.

Its own checks are then not assessed, each with a cure, and neither pass nor fail for nothing; every other check has the
outcome of the healthy scan; the exit code says that something was not assessed; the scan ends within ``--timeout``.

All scans of the module run side by side (most of their time they wait), each test looks at one.
"""

from __future__ import annotations

import os
import random
import shutil
import ssl
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import Struct

from comgmt_audit import packs
from comgmt_audit.recorder import Needs
from tests.end_to_end.test_live_estate import Scanned, scanned
from tests.lab import live
from tests.lab.estate import contoso
from tests.lab.servers import misbehaving
from tests.lab.servers.misbehaving import endless, http, relaying, saying, serving
from tests.lab.servers.process import Endpoint

MISSING = live.missing()
pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")]
pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

TIMEOUT = 20
"""Seconds that a scan is given: a healthy one takes less than two on an idle machine."""
MARGIN = 8
"""Seconds more for the start of the process, judging and writing, with others running beside it."""
AT_ONCE = 6
PAGE = http(b"<html><title>Sign in to the guest network</title></html>", "text/html")
"""What a captive portal answers in everybody's place."""
PAUSE = 1.0

Tables = dict[str, Any]
"""comgmt.toml as ``tomllib`` reads it."""


class Case(Struct, frozen=True, kw_only=True):
    """One source that misbehaves in one way: which observations come from there, and how it is spoiled."""

    observations: tuple[str, ...]
    spoil: Callable[[live.Live, Tables, Path, ExitStack], None]


# Servers


class Server(Struct, frozen=True, kw_only=True):
    """Where a source is read over TCP, and how comgmt.toml is led elsewhere."""

    observations: tuple[str, ...]
    at: Callable[[live.Live], Endpoint]
    lead: Callable[[Tables, Endpoint], None]
    certificate: str = ""
    """The stem of its certificate and key in the lab's folder, for who speaks TLS in its place."""
    cut_after: int = 3000
    lie: bytes = PAGE


def root(name: str, observations: tuple[str, ...], certificate: str, cut_after: int = 3000) -> Server:
    """A server that a key of [connect.cloud] names."""

    def at(lab: live.Live) -> Endpoint:
        parts = urlsplit(tomllib.loads(lab.comgmt_toml.read_text(encoding="utf-8"))["connect"]["cloud"][name])
        return Endpoint(parts.hostname or "", parts.port or 0)

    def lead(tables: Tables, to: Endpoint) -> None:
        tables["connect"]["cloud"][name] = f"https://{to.host}:{to.port}"

    return Server(observations=observations, at=at, lead=lead, certificate=certificate, cut_after=cut_after)


def address(*ends: str) -> Callable[[Tables, Endpoint], None]:
    """Lead every name that is reached through ``connect.web.addresses`` and ends in one of these ways."""

    def lead(tables: Tables, to: Endpoint) -> None:
        addresses = tables["connect"]["web"]["addresses"]
        led = [name for name in addresses if name.endswith(ends)]
        assert led
        addresses.update(dict.fromkeys(led, f"{to.host}:{to.port}"))

    return lead


def to_directory(tables: Tables, to: Endpoint) -> None:
    tables["connect"]["directory"]["server"] = f"ldap://{to.host}:{to.port}"


SERVERS = {
    "graph": root("graph_root", ("graph/",), "cloud/cloud"),
    "arm": root("arm_root", ("arm/",), "cloud/cloud"),
    "sign-in": root("authority", ("graph/", "arm/"), "sign_in/cloud", cut_after=300),
    "site": Server(
        observations=("site/",),
        at=lambda at: at.servers.site.endpoint,
        lead=address("cm01.corp.contoso.com:443"),
        certificate="site/provider",
    ),
    "directory": Server(
        observations=("directory/",), at=lambda at: Endpoint(at.servers.directory.host, 389), lead=to_directory
    ),
    "lists": Server(
        observations=("crl/", "aia/"),
        at=lambda at: at.servers.web.inside,
        lead=address("contoso.com:80", "crl.northwindtrust.example:80"),
        cut_after=500,
    ),
    "responder": Server(
        observations=("ocsp/",),
        at=lambda at: at.servers.ocsp.endpoint,
        lead=address("ocsp.northwindtrust.example:80"),
        cut_after=500,
    ),
    "tls": Server(
        observations=("tls/inside/cmg.contoso.com",),
        at=lambda at: at.servers.web.gateway,
        lead=address("cmg.contoso.com:443"),
        cut_after=900,
    ),
    "share": Server(
        observations=("log/cm01.corp.contoso.com/",),
        at=lambda at: at.servers.share.endpoint,
        lead=address(":445"),
        cut_after=600,
    ),
}


def played(server: Server, behaviour: str) -> Case:
    def spoil(at: live.Live, tables: Tables, folder: Path, stack: ExitStack) -> None:
        real = server.at(at)
        tls = None
        if server.certificate:
            stem = at.comgmt_toml.parent / server.certificate
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        match behaviour:
            case "refused":
                found = misbehaving.closed()
            case "unreachable":
                found = misbehaving.unreachable()
            case "slow":
                found = serving(relaying(real, pause=PAUSE), host=real.host)
            case "lying":
                found = serving(saying(server.lie), host=real.host, tls=tls)
            case "half":
                found = serving(relaying(real, cut_after=server.cut_after), host=real.host)
            case "endless":
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
                found = serving(endless(head, b" "), host=real.host, tls=tls)
        server.lead(tables, stack.enter_context(found))

    return Case(observations=server.observations, spoil=spoil)


def resolvers(behaviour: str) -> Case:
    def spoil(at: live.Live, tables: Tables, folder: Path, stack: ExitStack) -> None:
        addresses = tables["connect"]["web"]["addresses"]
        for name in [name for name in addresses if name.endswith(":53")]:
            host, _, port = addresses[name].partition(":")
            real = Endpoint(host, int(port))
            match behaviour:
                case "refused":
                    found = misbehaving.closed()
                case "unreachable":
                    found = misbehaving.unreachable()
                case "slow":
                    found = misbehaving.answering(lambda answer: answer, real, pause=4)
                case "lying":
                    found = misbehaving.answering(lambda answer: answer[:2] + random.randbytes(60), real)
                case "half":
                    found = misbehaving.answering(lambda answer: answer[: len(answer) // 2], real)
            to = stack.enter_context(found)
            addresses[name] = f"{to.host}:{to.port}"

    return Case(observations=("dns/",), spoil=spoil)


# Files

KINDS = {
    "hosts": ("host/", "site/trusted-root-list"),
    "certificates": ("certificate-file/",),
    "logs": ("log/mp01", "log/pc001"),
}


def files(kind: str, behaviour: str) -> Case:
    def spoil(at: live.Live, tables: Tables, folder: Path, stack: ExitStack) -> None:
        collected = at.comgmt_toml.parent / "collected" / kind
        place = folder / kind
        shutil.copytree(collected, place)
        named = tables["connect"]["files"]
        if kind == "logs":
            named[kind] = {
                name: str(place / Path(path).name) if "collected" in path else path
                for name, path in named[kind].items()
            }
        else:
            named[kind] = [str(place)]
        if behaviour == "refused":
            shutil.rmtree(place)
            return
        for path in [path for path in place.rglob("*") if path.is_file()]:
            content = path.read_bytes()
            path.unlink()
            match behaviour:
                case "unreachable":
                    os.mkfifo(path)
                case "lying":
                    path.write_bytes(random.randbytes(4000))
                case "half":
                    path.write_bytes(content[: len(content) // 2])

    return Case(observations=KINDS[kind], spoil=spoil)


def remoting(behaviour: str) -> Case:
    """The management point is to be asked by WinRM, since no file of it was handed in."""
    host = "mp01.corp.contoso.com"

    def spoil(at: live.Live, tables: Tables, folder: Path, stack: ExitStack) -> None:
        place = folder / "hosts"
        shutil.copytree(at.comgmt_toml.parent / "collected" / "hosts", place)
        handed_in = [path for path in place.rglob("*") if host in path.name.lower()]
        assert handed_in
        for path in handed_in:
            path.unlink()
        tables["connect"]["files"]["hosts"] = [str(place)]
        tables["connect"]["hosts"] = {"winrm": True, "ssl": False, "names": [host]}
        match behaviour:
            case "refused":
                found = misbehaving.closed()
            case "unreachable":
                found = misbehaving.unreachable()
            case "lying":
                found = serving(saying(PAGE))
            case "half":
                found = serving(saying(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Kerb"))
            case "endless":
                found = serving(endless(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/encrypted\r\n\r\n", b" "))
        to = stack.enter_context(found)
        tables["connect"]["web"]["addresses"][f"{host}:5985"] = f"{to.host}:{to.port}"

    return Case(observations=(f"host/{host}/",), spoil=spoil)


CASES = {
    **{
        f"{name}-{how}": played(server, how) for name, server in SERVERS.items() for how in ("refused", "lying", "half")
    },
    **{f"{name}-{how}": played(SERVERS[name], how) for name, how in (("graph", "endless"), ("tls", "endless"))},
    **{f"{name}-slow": played(SERVERS[name], "slow") for name in ("graph", "site", "directory", "share")},
    **{f"{name}-unreachable": played(SERVERS[name], "unreachable") for name in ("arm", "directory", "tls")},
    **{f"dns-{how}": resolvers(how) for how in ("refused", "unreachable", "slow", "lying", "half")},
    **{f"{kind}-{how}": files(kind, how) for kind in KINDS for how in ("refused", "lying", "half")},
    "hosts-a-pipe": files("hosts", "unreachable"),
    **{f"winrm-{how}": remoting(how) for how in ("refused", "unreachable", "lying", "half", "endless")},
}
"""By what is spoiled and how. Ways that a source takes alike are tried on one of them: each costs the whole time."""


class Timed(Struct, frozen=True, kw_only=True):
    scan: Scanned
    seconds: float


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Live]:
    folder = tmp_path_factory.mktemp("lab")
    with live.running(contoso(), folder) as at:
        yield at


def timed(at: live.Live, case: Case | None, folder: Path) -> Timed:
    folder.mkdir()
    tables = tomllib.loads(at.comgmt_toml.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        if case:
            case.spoil(at, tables, folder, stack)
        toml = folder / "comgmt.toml"
        toml.write_text(live.comgmt_toml(tables), encoding="utf-8")
        start = time.monotonic()
        scan = scanned(at, folder, toml, "--timeout", str(TIMEOUT))
        return Timed(scan=scan, seconds=time.monotonic() - start)


@pytest.fixture(scope="module")
def healthy(lab: live.Live, tmp_path_factory: pytest.TempPathFactory) -> Timed:
    return timed(lab, None, tmp_path_factory.mktemp("healthy") / "scan")


@pytest.fixture(scope="module")
def running(
    lab: live.Live, healthy: Timed, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Timed]]]:
    """The scans of all cases that were chosen, as they end; after the healthy one, which has the lab for itself."""
    folder = tmp_path_factory.mktemp("hostile")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = [item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")]
        yield {name: pool.submit(timed, lab, CASES[name], folder / name) for name in chosen if name in CASES}


CHECKS = {check.id: Needs.of([check]) for check in packs.builtin()}


TOLERATED = (
    "graph-slow",
    "arm-slow",
    "site-slow",
    "directory-slow",
    "share-slow",
    "dns-slow",
    "logs-lying",
    "logs-half",
)
"""Cases of which a source may make the best: what is slow may still be in time, and a log that is cut, or mixed with
what is no log, still has its lines.
"""
SHARED = {"APP140", "BOO080", "ENR100"}
"""They read Conditional Access, which answers one request a second for the whole tenant: of several scans side by side
one may have to wait for longer than it is given.
"""


def reads(needs: Needs, observations: tuple[str, ...]) -> bool:
    """Does a check that needs these rest on an observation that is spoiled?"""
    return any(
        need.startswith(observations) or (need.endswith("/") and any(one.startswith(need) for one in observations))
        for need in needs.names
    )


def outcomes(scan: Scanned) -> dict[str, str]:
    return {id: result["outcome"] for id, result in scan.results.items()}


@pytest.mark.parametrize("name", sorted(CASES))
def test_its_own_checks_are_not_assessed_and_all_others_judge(name, running, healthy):
    found = running[name].result()
    before, after = outcomes(healthy.scan), outcomes(found.scan)
    changed = {id: after[id] for id in before if before[id] != after[id] and id not in SHARED}
    own = {id for id, needs in CHECKS.items() if reads(needs, CASES[name].observations)}
    assert set(changed) <= own, found.scan.said
    assert changed.keys() & own or name.startswith(TOLERATED), found.scan.said
    silent = {"not applicable"} if name == "logs-half" else set()  # LOG080, of a log that tells of no gateway any more
    assert set(changed.values()) <= {"not assessed"} | silent, found.scan.said
    results = [found.scan.results[id] for id, outcome in changed.items() if outcome == "not assessed"]
    assert [one["check"]["id"] for one in results if not (one["cure"] or one.get("blocked_by"))] == []
    assert found.scan.code == 3
    assert "Traceback" not in found.scan.said
    assert found.seconds <= TIMEOUT + MARGIN
