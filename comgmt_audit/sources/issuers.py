"""The source ``aia``: the issuers' certificates that the recorded certificates name (``docs/recording/aia.md``).

A computer that lacks an issuing CA fetches it from the address in the certificate (Authority Information Access, method
CA Issuers; RFC 5280, section 4.2.2.1): one certificate in DER, or a bundle (PKCS#7). PEM is taken as well, for CAs
publish it by mistake, and Windows reads it. What is neither is kept as that, without its content.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from comgmt_audit.recording import Absence
from comgmt_audit.sources import http, published
from comgmt_audit.sources.session import Permission, Probe, Session, unreadable

if TYPE_CHECKING:
    from cryptography import x509

NAME = "aia"

AFTER = published.AFTER
"""The sources, by NAME, whose answers this one looks through: they must have finished."""

PERMISSIONS = {
    "aia/": (Permission(name="TCP 80 to the CAs' web servers", kind="network", why="the certificates of issuing CAs"),)
}
"""Rights by observation."""

LIMIT = 1024**2
"""Bytes of one answer: a certificate has some 2,000, a bundle of a whole hierarchy some 20,000."""
MOST = 100
"""Certificates that are taken of one bundle."""
_PAGE = (
    "Open the address in a browser on the computer of the scanner: a page of a proxy or web server came in its place."
)


async def record(session: Session) -> None:
    """Fetch every wanted certificate from where the scanner runs, or keep why it did not come."""
    context, gate = http.trust(), asyncio.Semaphore(published.SIDE_BY_SIDE)
    named = dict.fromkeys(await asyncio.to_thread(_named, session))
    await asyncio.gather(*(_keep(session, url, context, gate) for url in named))


async def probe(_: Session) -> Iterable[Probe]:
    """Nothing can be asked before the certificates have been read."""
    return []


def _named(session: Session) -> list[str]:
    """The http addresses of issuers in every certificate that was written down, as they stand there."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    values = [value for one in published.issued(session) for value in published.extensions(one)]
    accesses = [access for value in values if isinstance(value, x509.AuthorityInformationAccess) for access in value]
    places = [one.access_location for one in accesses if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    return [place.value for place in places if published.is_url(place) and published.is_http(place.value)]


async def _keep(session: Session, url: str, context: ssl.SSLContext, gate: asyncio.Semaphore) -> None:
    vantage = session.connections.web.vantage
    id = f"{NAME}/{vantage}/{url}"
    if not session.wanted(id):
        return
    about: dict[str, object] = {"vantage": vantage, "url": url}
    rest = {"source": NAME, "request": f"GET {url}", "at": session.clock()}
    async with gate:
        found = await published.fetched(session, url, context, limit=LIMIT, named_in="AIA")
    if isinstance(found, http.Reply) and found.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        found = unreadable("HTTP 200: a page came, and no certificate", _PAGE, found.status)
    if isinstance(found, Absence):
        status = {} if found.status is None else {"status": found.status}
        session.writer.absent(id, found, about=about | status, **rest)
        return
    container, blocks = await asyncio.to_thread(certificates, found.body)
    about |= {"status": found.status, "bytes": len(found.body), "container": container}
    session.writer.pem(id, blocks, about=about, **rest)
    session.progress(NAME, url, 1)


def certificates(body: bytes) -> tuple[str, list[str]]:
    """What it is (``certificate``, ``pkcs7``, ``other``), and the certificates in it, in PEM and made anew."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    der: dict[str, Callable[[bytes], list[x509.Certificate]]] = {
        "certificate": lambda content: [x509.load_der_x509_certificate(content)],
        "pkcs7": pkcs7.load_der_pkcs7_certificates,
    }
    pem: dict[str, Callable[[bytes], list[x509.Certificate]]] = {
        "certificate": x509.load_pem_x509_certificates,
        "pkcs7": pkcs7.load_pem_pkcs7_certificates,
    }
    for container, load in (pem if body.lstrip()[:10] == b"-----BEGIN" else der).items():
        if found := published.readable(load, body):
            return container, [one.public_bytes(Encoding.PEM).decode("ascii") for one in found[:MOST]]
    return "other", []
