"""The source ``dns``: the design's names, asked of the resolvers that it declares (``docs/recording/dns.md``).

Each name is walked alias by alias, so that the recording says where a chain breaks. Questions bear absolute names and
go to the named resolver alone: neither a search list nor this computer's own resolver has a say.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import secrets
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import Absence
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.session import Permission, Probe, Session, unreachable, unreadable

if TYPE_CHECKING:
    import dns.message
    import dns.name

NAME = "dns"

PERMISSIONS = {
    "dns/": (Permission(name="UDP and TCP 53 to the resolvers", kind="network", why="names of the cloud services"),)
}
"""Rights by observation."""

VIEWS = ("inside", "outside")
MOST_STEPS = 16
"""Aliases of one name that are followed; BIND and Unbound give up at 16 and 12."""
ATTEMPTS = 2
LIFETIME = 6.0
"""Seconds for one question with all its attempts, where a request may not take less."""
PLACEHOLDER = "comgmt-audit-probe-5c1f0a9e"
"""Stands in the recording for the random label of the wildcard probe, or no two recordings would be alike."""

_PORT = 53
_ERRORS = {"timeout": "it does not answer in time", "refused-connection": "nothing listens there"}
_OPEN = "Open UDP and TCP port 53 from the scanner to the resolver, or name another resolver."


class Resolver(Struct, frozen=True):
    """A declared resolver: as the design writes it, and where it is asked."""

    shown: str
    host: str
    port: int


class Line(Struct, frozen=True, omit_defaults=True):
    """One question, and the message that came, or why none did."""

    query: str
    wire: str = ""
    error: str = ""


class NoConversation(Exception):  # noqa: N818 -- it says what there is: no conversation with this resolver
    """The network, or what came over it, allows no question at all; the text says why."""


async def record(session: Session) -> None:
    """Keep what each view answers for every wanted name; names side by side, for a silent resolver takes its time."""
    wanted = [
        (view, name)
        for view in VIEWS
        for name in session.design.names_in_dns
        if getattr(session.design.dns, view) and session.wanted(f"dns/{view}/{name}")
    ]
    await asyncio.gather(*(_keep(session, view, name) for view, name in wanted))


async def probe(session: Session) -> Iterable[Probe]:
    """Does each resolver answer, and does it answer us?"""
    declared = dict.fromkeys(shown for view in VIEWS for shown in getattr(session.design.dns, view))
    return await asyncio.gather(*(_probe(session, shown) for shown in declared))


async def _probe(session: Session, shown: str) -> Probe:
    import dns.name
    import dns.rcode

    try:
        line, reply = await _ask(session, resolver(session, shown), dns.name.root, "NS")
    except (ValueError, NoConversation) as error:
        return Probe(source=NAME, answers=False, detail=f"{shown}: {error}", cure=_OPEN)
    if reply is None:
        return Probe(source=NAME, answers=False, detail=f"{shown}: {_ERRORS[line.error]}", cure=_OPEN)
    if reply.rcode() == dns.rcode.REFUSED:
        cure = "Use a resolver that answers the scanner's address, or allow it on this one."
        return Probe(source=NAME, answers=False, detail=f"{shown}: it refuses to answer us", cure=cure)
    return Probe(source=NAME, answers=True, detail=shown)


async def _keep(session: Session, view: str, name: str) -> None:
    shown, found = await _first_answer(session, view, name)
    rest = {"source": NAME, "request": f"CNAME, A and AAAA of {name} at {shown}", "at": session.clock()}
    if isinstance(found, Absence):
        session.writer.absent(f"dns/{view}/{name}", found, **rest)
    else:
        about = {"resolver": shown, **_about_probe(name)}
        session.writer.lines(f"dns/{view}/{name}", found, about=about, **rest)
    session.progress(NAME, name, 1)


async def _first_answer(session: Session, view: str, name: str) -> tuple[str, list[Line] | Absence]:
    """What the first resolver says that answers anything, and its address; where none does, how the first one fails."""
    failed: list[tuple[str, list[Line] | Absence]] = []
    for shown in getattr(session.design.dns, view):
        found = await _answer(session, view, shown, name)
        if not isinstance(found, Absence) and any(line.wire for line in found):
            return shown, found
        failed.append((shown, found))
    return failed[0]


async def _answer(session: Session, view: str, shown: str, name: str) -> list[Line] | Absence:
    import dns.exception
    import dns.name

    try:
        asked = dns.name.from_text(f"{name}.")
    except (dns.exception.DNSException, UnicodeError) as error:
        return unreadable(f"{quoted(name)} is no DNS name: {quoted(str(error))}", "Correct the name in comgmt.toml.")
    try:
        return [line async for line in _lines(session, resolver(session, shown), asked)]
    except ValueError as error:
        return unreadable(f"{quoted(shown)}: {error}", f"Correct dns.{view} in comgmt.toml.")
    except NoConversation as error:
        return unreachable(f"{shown}: {error}", _OPEN)


def _about_probe(name: str) -> dict[str, str]:
    zone = name.partition(".")[2]
    return {"wildcard_probe": f"{PLACEHOLDER}.{zone}."} if zone else {}


async def _lines(session: Session, at: Resolver, name: dns.name.Name) -> AsyncIterator[Line]:
    """The aliases one by one, the addresses of the last name, and the probe. Raises NoConversation."""
    import dns.name

    zone = name.parent()
    async for line in _walk(session, at, name):
        yield line
    if zone == dns.name.root:
        return
    # As long as the placeholder that takes its place, so that every pointer of the message stays right.
    label = PLACEHOLDER[:-8] + secrets.token_hex(4)
    line, _ = await _ask(session, at, dns.name.Name([label.encode(), *zone.labels]), "A")
    yield _with_placeholder(line, label)


async def _walk(session: Session, at: Resolver, name: dns.name.Name) -> AsyncIterator[Line]:
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype

    for _ in range(MOST_STEPS):
        line, reply = await _ask(session, at, name, "CNAME")
        yield line
        if reply is None:
            return
        alias = reply.get_rrset(reply.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        name = alias[0].target
    else:
        return
    if reply.rcode() == dns.rcode.NOERROR:
        for type in ("A", "AAAA"):
            yield (await _ask(session, at, name, type))[0]


def _with_placeholder(line: Line, label: str) -> Line:
    query = line.query.replace(label, PLACEHOLDER)
    if not line.wire:
        return Line(query=query, error=line.error)
    wire = base64.b64decode(line.wire).replace(label.encode(), PLACEHOLDER.encode())
    return Line(query=query, wire=base64.b64encode(wire).decode())


async def _ask(
    session: Session, at: Resolver, name: dns.name.Name, type: str
) -> tuple[Line, dns.message.Message | None]:
    """One question: over UDP, and over TCP where the answer was cut off. Raises NoConversation."""
    import dns.exception

    query = f"{name.to_text()} {type}"
    lifetime = min(LIFETIME, session.timeout)
    for _ in range(ATTEMPTS):
        try:
            async with asyncio.timeout(lifetime / ATTEMPTS):
                reply = await _exchange(at, name, type)
        except TimeoutError:
            continue
        except ConnectionRefusedError:
            return Line(query=query, error="refused-connection"), None
        except (dns.exception.DNSException, EOFError, OSError) as error:
            raise NoConversation(quoted(getattr(error, "strerror", None) or str(error)) or "broken off") from None
        # The id is random; without it the same answer is the same bytes.
        return Line(query=query, wire=base64.b64encode(b"\0\0" + (reply.wire or b"")[2:]).decode()), reply
    return Line(query=query, error="timeout"), None


async def _exchange(at: Resolver, name: dns.name.Name, type: str) -> dns.message.Message:
    import socket

    import dns.asyncbackend
    import dns.asyncquery
    import dns.inet
    import dns.message

    query = dns.message.make_query(name, type)
    backend: Any = dns.asyncbackend.get_backend("asyncio")
    family = dns.inet.af_for_address(at.host)
    # Only a connected socket is told that the port is closed.
    udp = await backend.make_socket(family, socket.SOCK_DGRAM, 0, None, (at.host, at.port))
    async with udp:
        # Whatever else arrives is passed over: an answer must fit the question, its id included.
        reply, _ = await dns.asyncquery.udp_with_fallback(
            query, at.host, port=at.port, udp_sock=udp, backend=backend, ignore_errors=True
        )
    return reply


def resolver(session: Session, shown: str) -> Resolver:
    """Where a declared resolver is asked: ``10.0.0.10``, ``10.0.0.10:5353``, ``2001:db8::1`` or ``[2001:db8::1]:53``.

    Raises ValueError where it is no address.
    """
    host, port = _address(shown)
    if other := session.connections.web.addresses.get(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"):
        host, port = _address(other)
    return Resolver(shown, host, port)


def _address(text: str) -> tuple[str, int]:
    host, port = text.strip(), str(_PORT)
    if host.startswith("["):
        host, _, port = host[1:].partition("]")
        port = port.removeprefix(":") or str(_PORT)
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(f"{quoted(port)} is no port")
    return str(ipaddress.ip_address(host)), int(port)
