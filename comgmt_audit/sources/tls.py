"""The source ``tls``: what the design's services really serve on port 443 (``docs/recording/tls.md``).

A handshake and nothing more: no request is sent, so nothing is read or changed behind it. Certificates are not verified
here on purpose, for what an untrusted service shows is the very evidence; nothing that comes is trusted, it is written
down and judged later. The chain as it was sent comes from pyOpenSSL: the standard library gives only the first
certificate before Python 3.13. Bytes go through memory, so that size and time are bounded here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import Absence, Form
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.session import Permission, Probe, Session, unreachable, unreadable

if TYPE_CHECKING:
    from OpenSSL import SSL

NAME = "tls"

PERMISSIONS = {
    "tls/": (
        Permission(
            name="TCP 443 to the CMG, the CDP and the management point",
            kind="network",
            why="the certificates that are really served",
        ),
    )
}
"""Rights by observation."""

PORT = 443
LIMIT = 256 * 1024
"""Bytes of one handshake that are read: a chain with RSA-4096 keys has some 10 thousand; OpenSSL itself takes 100."""
_CIPHERS = b"DEFAULT:@SECLEVEL=0"
"""Everything that authenticates the server: old keys, signatures and protocols are to be seen, not avoided."""
_OLD = ("TLSv1.1", "TLSv1")
_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How a TLS record begins: alert or handshake, and the version (RFC 8446, section 5.1)."""
_REFUSALS = ("alert", "version", "unsupported protocol")
"""In OpenSSL's reasons: the service sent an alert, or a version that was not offered; all others are our own side."""
_WAY = "Open TCP 443 from the scanner to it (a proxy is not used), or name another address in [connect.web] addresses."
_BETWEEN = "Look at the service, and at firewalls and proxies between it and the scanner."


class Handshake(Struct, frozen=True):
    """What came of one handshake: ``chain`` in DER as it was sent; ``protocol`` such as ``TLSv1.3``; empty: none."""

    chain: tuple[bytes, ...] = ()
    protocol: str = ""


class NoHandshake(Exception):  # noqa: N818 -- it says what there is: no handshake
    """No certificate came; ``absence`` says why. ``turned_down``: the service itself ended it."""

    def __init__(self, absence: Absence, *, turned_down: bool = False) -> None:
        super().__init__(absence.detail)
        self.absence = absence
        self.turned_down = turned_down


async def record(session: Session) -> None:
    """Keep what every service serves, or why nothing came."""
    names = dict(session.design.tls_names)
    if session.connections.web.vantage == "outside":
        names.pop("management_point", None)  # its name is for the organisation's network
    await asyncio.gather(*(_keep(session, host) for host in dict.fromkeys(names.values()) if host))


async def probe(session: Session) -> Iterable[Probe]:
    """Is there what handshakes are made with?"""
    if session.design.tls_names and _library() is None:
        return [Probe(source=NAME, answers=False, detail=_MISSING.detail, cure=_MISSING.cure)]
    return []


_MISSING = unreachable("TLS needs pyOpenSSL, which is not installed", "pip install 'comgmt-audit[live]'")


def _library() -> Any:
    try:
        from OpenSSL import SSL
    except ImportError:
        return None
    return SSL


async def _keep(session: Session, host: str) -> None:
    vantage = session.connections.web.vantage
    id = f"tls/{vantage}/{host}:{PORT}"
    if not session.wanted(id):
        return
    about: dict[str, object] = {"vantage": vantage, "host": host, "port": PORT}
    rest = {"source": NAME, "request": f"TLS handshake with {host}:{PORT}", "at": session.clock()}
    try:
        found = await handshake(session, host)
        about |= {"protocol": found.protocol, "old_protocol": await _old_protocol(session, host, found.protocol)}
    except NoHandshake as error:
        session.writer.absent(id, error.absence, about=about, **rest)
        return
    blocks = "".join(ssl.DER_cert_to_PEM_cert(der) for der in found.chain)
    session.writer.keep(id, Form.PEM, blocks.encode("ascii"), about=about, **rest)
    session.progress(NAME, host, 1)


async def _old_protocol(session: Session, host: str, protocol: str) -> str | None:
    """The newest of TLS 1.0 and 1.1 that is accepted; empty: neither is; ``None``: it could not be found out.

    Each is asked for alone: a server that has 1.0 and 1.2 looks like a downgrade to a client with 1.1
    (RFC 8446, section 4.1.3).
    """
    if protocol in _OLD:
        return protocol
    for version in _OLD:
        try:
            return (await handshake(session, host, version)).protocol
        except NoHandshake as error:
            if not error.turned_down:
                return None
    return ""


async def handshake(session: Session, host: str, version: str = "") -> Handshake:
    """One handshake, with TLS 1.0 to 1.3, or with one old *version* only. Raises NoHandshake."""
    connection = _connection(host, version)
    target = session.connections.web.addresses.get(f"{host}:{PORT}", f"{host}:{PORT}")
    address, _, port = target.rpartition(":")
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(session.timeout):
            reader, writer = await asyncio.open_connection(address.strip("[]"), int(port))
            return await _exchange(connection, reader, writer)
    except TimeoutError:
        raise NoHandshake(unreachable(f"no handshake within {session.timeout:g} s", _WAY)) from None
    except socket.gaierror:
        raise NoHandshake(
            unreachable(f"{host} does not resolve on this computer", "Publish the name in DNS.")
        ) from None
    except ConnectionRefusedError:
        raise NoHandshake(unreachable("the connection was refused", _WAY)) from None
    except ConnectionResetError:
        raise _broken_off() from None
    except (OSError, ValueError, OverflowError) as error:
        detail = quoted(getattr(error, "strerror", None) or str(error)) or "no connection"
        raise NoHandshake(unreachable(detail, _WAY)) from None
    finally:
        if writer:
            writer.transport.abort()  # not even a farewell is sent


def _broken_off() -> NoHandshake:
    return NoHandshake(unreachable("the connection was broken off during the handshake", _BETWEEN), turned_down=True)


def _connection(host: str, version: str) -> SSL.Connection:
    """A client that sends nothing by itself: its bytes go through memory."""
    library = _library()
    if library is None:
        raise NoHandshake(_MISSING)
    context = library.Context(library.TLS_CLIENT_METHOD)
    context.set_verify(library.VERIFY_NONE)  # nothing is sent to whoever answers, and nothing of it is believed
    context.set_cipher_list(_CIPHERS)
    versions = {"TLSv1": library.TLS1_VERSION, "TLSv1.1": library.TLS1_1_VERSION}
    context.set_min_proto_version(versions.get(version, library.TLS1_VERSION))
    context.set_max_proto_version(versions.get(version, library.TLS1_3_VERSION))
    connection: SSL.Connection = library.Connection(context, None)
    connection.set_connect_state()
    if not _is_address(host):
        connection.set_tlsext_host_name(host.encode("ascii", "replace"))
    return connection


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _exchange(
    connection: SSL.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Handshake:
    """Carry the bytes of the handshake to and fro until it ends. Raises NoHandshake where no certificate came."""
    read = 0
    while (ended := _step(connection, writer)) is None:
        await writer.drain()
        came = await reader.read(16 * 1024)
        if not came:
            ended = ""
            break
        if read == 0 and not any(came.startswith(start[: len(came)]) for start in _RECORDS):
            raise NoHandshake(unreadable("what answers there speaks no TLS", _BETWEEN))
        read += len(came)
        if read > LIMIT:
            raise NoHandshake(unreadable(f"more than {LIMIT} bytes came before the handshake's end", _BETWEEN))
        connection.bio_write(came)
    chain = _chain(connection)
    if chain:
        return Handshake(chain, connection.get_protocol_version_name())
    if not read and ended:  # OpenSSL of this computer would not even begin
        raise NoHandshake(unreachable(f"this computer cannot begin the handshake: {ended}", "Record on another one."))
    if not ended:
        raise _broken_off()
    turned_down = any(word in ended for word in _REFUSALS)
    raise NoHandshake(unreachable(f"the handshake failed: {ended}", _BETWEEN), turned_down=turned_down)


def _step(connection: SSL.Connection, writer: asyncio.StreamWriter) -> str | None:
    """Go on as far as the bytes allow: ``None``: more are needed; else why it ended (``done``, or OpenSSL's reason)."""
    from OpenSSL import SSL

    ended: str | None = "done"
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        ended = None
    except SSL.Error as error:
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        ended = quoted(str(reasons[-1][-1])) if reasons else "an error of TLS"
    with contextlib.suppress(SSL.WantReadError):  # there is nothing to send
        writer.write(connection.bio_read(LIMIT))
    return ended


def _chain(connection: SSL.Connection) -> tuple[bytes, ...]:
    """The certificates as they were sent, in order, even where the handshake failed after them."""
    from OpenSSL import crypto

    sent = connection.get_peer_cert_chain() or ()
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in sent)
