"""The source ``crl``: the revocation lists that the recorded certificates name (``docs/recording/crl.md``).

Which lists there are is said by certificates, so this source comes after those that bring them (``AFTER``): it looks
through what the writer has by then, fetches every http address in a CDP or freshest-CRL extension, and the delta lists
that the fetched lists name. It asks for each address as it stands in the certificate, and judges nothing but whether a
list came.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from comgmt_audit.recording import Absence, Form
from comgmt_audit.sources import http, published
from comgmt_audit.sources.session import Permission, Probe, Session

if TYPE_CHECKING:
    from cryptography import x509

NAME = "crl"

AFTER = published.AFTER
"""The sources, by NAME, whose answers this one looks through: they must have finished."""

PERMISSIONS = {
    "crl/": (Permission(name="TCP 80 to the distribution points", kind="network", why="certificate revocation lists"),)
}
"""Rights by observation."""

LIMIT = 64 * 1024**2
"""Bytes of one list; the largest of public CAs have some 30 million."""


async def record(session: Session) -> None:
    """Fetch every wanted list from where the scanner runs, or keep why it did not come."""
    context, gate = http.trust(), asyncio.Semaphore(published.SIDE_BY_SIDE)
    first = dict.fromkeys(await asyncio.to_thread(_named_by_certificates, session))
    named = await asyncio.gather(*(_keep(session, url, context, gate) for url in first))
    # Only base lists name delta lists (RFC 5280, section 5.2.6), so there is no third round.
    second = dict.fromkeys(url for urls in named for url in urls if url not in first)
    await asyncio.gather(*(_keep(session, url, context, gate) for url in second))


async def probe(_: Session) -> Iterable[Probe]:
    """Nothing can be asked before the certificates have been read."""
    return []


async def _keep(session: Session, url: str, context: ssl.SSLContext, gate: asyncio.Semaphore) -> tuple[str, ...]:
    """Keep what comes from the address; the addresses of the delta lists that it names."""
    vantage = session.connections.web.vantage
    id = f"crl/{vantage}/{url}"
    if not session.wanted(id):
        return ()
    about = {"vantage": vantage, "url": url}
    rest = {"source": NAME, "request": f"GET {url}", "at": session.clock()}
    async with gate:
        found = await published.fetched(session, url, context, limit=LIMIT, named_in="CDP")
    if isinstance(found, Absence):
        status = {} if found.status is None else {"status": found.status}
        session.writer.absent(id, found, about=about | status, **rest)
        return ()
    parsed = await asyncio.to_thread(_parsed_list, found.body)
    content = found.body if parsed is None else _block(parsed)
    about_body = {"status": found.status, "bytes": len(found.body)}
    session.writer.keep(id, Form.PEM, content.rstrip(b"\n") + b"\n", about=about | about_body, **rest)
    session.progress(NAME, url, 1)
    return () if parsed is None else _urls(parsed)


def _parsed_list(body: bytes) -> x509.CertificateRevocationList | None:
    """The list in DER or PEM; ``None`` where it is none."""
    from cryptography import x509

    load = x509.load_pem_x509_crl if b"-----BEGIN X509 CRL-----" in body[:4096] else x509.load_der_x509_crl
    return published.readable(load, body)


def _block(parsed: x509.CertificateRevocationList) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return parsed.public_bytes(Encoding.PEM)


def _named_by_certificates(session: Session) -> list[str]:
    """The http addresses of base and delta lists in every certificate that was written down; roots need none."""
    return [url for one in published.issued(session) for url in _urls(one)]


def _urls(parsed: x509.Certificate | x509.CertificateRevocationList) -> tuple[str, ...]:
    """The http addresses in its CDP and freshest-CRL extensions, as they stand there."""
    from cryptography import x509

    kinds = (x509.CRLDistributionPoints, x509.FreshestCRL)
    points = [point for value in published.extensions(parsed) if isinstance(value, kinds) for point in value]
    names = [name.value for point in points for name in point.full_name or () if published.is_url(name)]
    return tuple(filter(published.is_http, names))
