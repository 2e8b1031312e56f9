"""The source ``ocsp``: what OCSP responders say of the recorded certificates (``docs/recording/ocsp.md``).

A certificate names its responder (Authority Information Access; RFC 6960), and the question holds hashes of the
issuer's name and key, so that only certificates whose issuer was recorded can be asked about. One question is about one
certificate, unsigned and without a nonce: responders can answer that from what they signed before (RFC 5019).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.recording import Absence, Form
from comgmt_audit.sources import http, published
from comgmt_audit.sources.session import Permission, Probe, Session, unreadable

if TYPE_CHECKING:
    from cryptography import x509

NAME = "ocsp"

AFTER = published.AFTER
"""The sources, by NAME, whose answers this one looks through: they must have finished."""

PERMISSIONS = {
    "ocsp/": (Permission(name="TCP 80 to the OCSP responders", kind="network", why="whether certificates are revoked"),)
}
"""Rights by observation."""

LIMIT = 256 * 1024
"""Bytes of one answer: with the responder's certificate some 2,000."""
_PAGE = (
    "Open the address in a browser on the computer of the scanner: a page of a proxy or web server came in its place."
)


class Question(Struct, frozen=True, kw_only=True):
    """Of a certificate its SHA-1, as Windows shows it, and its serial number; the responder, and what it is sent."""

    thumbprint: str
    serial: str
    url: str
    body: bytes


async def record(session: Session) -> None:
    """Ask every wanted responder from where the scanner runs; keep each answer, or why there is none."""
    context, gate = http.trust(), asyncio.Semaphore(published.SIDE_BY_SIDE)
    questions = await asyncio.to_thread(lambda: list(_questions(published.certificates(session))))
    await asyncio.gather(*(_keep(session, one, context, gate) for one in questions))


async def probe(_: Session) -> Iterable[Probe]:
    """Nothing can be asked before the certificates have been read."""
    return []


async def _keep(session: Session, asked: Question, context: ssl.SSLContext, gate: asyncio.Semaphore) -> None:
    vantage = session.connections.web.vantage
    id = f"{NAME}/{vantage}/{asked.thumbprint}/{asked.url}"
    if not session.wanted(id):
        return
    about: dict[str, object] = {"vantage": vantage, "url": asked.url, "serial": asked.serial}
    request = f"POST {asked.url} (OCSP, serial {asked.serial})"
    async with gate:
        rest = {"source": NAME, "request": request, "at": session.clock()}
        found = await published.fetched(session, asked.url, context, limit=LIMIT, named_in="AIA", question=asked.body)
    if isinstance(found, http.Reply) and not _is_answer(found.body):
        found = unreadable("HTTP 200: what came is no OCSP answer", _PAGE, found.status)
    if isinstance(found, Absence):
        status = {} if found.status is None else {"status": found.status}
        session.writer.absent(id, found, about=about | status, **rest)
        return
    about |= {"status": found.status, "bytes": len(found.body)}
    session.writer.keep(id, Form.PEM, block(found.body), about=about, **rest)
    session.progress(NAME, asked.url, 1)


def _is_answer(body: bytes) -> bool:
    from cryptography.x509 import ocsp

    return published.readable(ocsp.load_der_ocsp_response, body) is not None


def block(der: bytes) -> bytes:
    """An answer as it is recorded: in PEM, for recordings hold text."""
    text = base64.b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN OCSP RESPONSE-----", *lines, b"-----END OCSP RESPONSE-----", b""])


def _questions(known: list[x509.Certificate]) -> Iterator[Question]:
    """One for each certificate and responder that it names, where its issuer is known."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    for one in known:
        urls = _responders(one)
        issuer = _issuer(one, known) if urls else None
        if issuer is None:
            continue
        # Responders must know SHA-1, and many know no other hash (RFC 5019, section 2.1.1); it proves nothing here.
        request = ocsp.OCSPRequestBuilder().add_certificate(one, issuer, hashes.SHA1()).build()  # noqa: S303 -- as said
        thumbprint = hashlib.sha1(one.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest().upper()
        for url in urls:
            serial = f"{one.serial_number:X}"
            yield Question(thumbprint=thumbprint, serial=serial, url=url, body=request.public_bytes(Encoding.DER))


def _responders(one: x509.Certificate) -> list[str]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    values = [value for value in published.extensions(one) if isinstance(value, x509.AuthorityInformationAccess)]
    places = [
        access.access_location
        for value in values
        for access in value
        if access.access_method == AuthorityInformationAccessOID.OCSP
    ]
    urls = (place.value for place in places if published.is_url(place))
    return [url for url in dict.fromkeys(urls) if published.is_http(url)]


def _issuer(child: x509.Certificate, known: list[x509.Certificate]) -> x509.Certificate | None:
    """By name, and by key where several have it; the signature is for the checks to verify."""
    named = [one for one in known if one.subject == child.issuer and one != child and _has_key(one)]
    wanted = _key_id(child, issuer=True)
    return next((one for one in named if wanted and _key_id(one) == wanted), named[0] if named else None)


def _has_key(one: x509.Certificate) -> bool:
    """Can its key be hashed? Not of an unknown algorithm."""
    return published.readable(lambda _: one.public_key(), b"") is not None


def _key_id(one: x509.Certificate, *, issuer: bool = False) -> bytes | None:
    """The identifier of its own key, or of its issuer's (RFC 5280, sections 4.2.1.1 and 4.2.1.2)."""
    from cryptography import x509

    for value in published.extensions(one):
        if issuer and isinstance(value, x509.AuthorityKeyIdentifier):
            return value.key_identifier
        if not issuer and isinstance(value, x509.SubjectKeyIdentifier):
            return value.digest
    return None
