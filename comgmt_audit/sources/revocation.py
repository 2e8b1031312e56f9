"""The source ``crl``: the revocation lists that the recorded certificates name (``docs/recording/crl.md``).

Which lists there are is said by certificates, so this source comes after those that bring them (``AFTER``): it looks
through what the writer has by then, fetches every http address in a CDP or freshest-CRL extension, and the delta lists
that the fetched lists name. It asks for each address as it stands in the certificate, and judges nothing but whether a
list came.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import ssl
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Form
from comgmt_audit.sources import http
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.session import Permission, Probe, Session, absent, unreachable

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

NAME = "crl"

AFTER = ("certificate-files", "host", "directory")
"""The sources, by NAME, whose answers this one looks through: they must have finished."""

PERMISSIONS = {
    "crl/": (Permission(name="TCP 80 to the distribution points", kind="network", why="certificate revocation lists"),)
}
"""Rights by observation."""

LIMIT = 64 * 1024**2
"""Bytes of one list; the largest of public CAs have some 30 million."""
SIDE_BY_SIDE = 8
"""Lists that are fetched at the same time."""

_NONE = frozenset({401, 404, 410})
"""What says that there is no list for a client, which fetches it without signing in (RFC 9110, sections 15.5.2, 15.5.5
and 15.5.11): 401 is the server's own, as a proxy asks with 407. Other refusals may be a proxy's."""
_BROWSE = "Open the address in a browser on the computer of the scanner: a proxy may answer in place of the server."
_CDP = "Look at the CDP of the certificates."
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_LINE_END = re.compile(rb"\\[rn]|\s")
"""Between the lines of a block: in a JSON text they are escaped."""
_AUTHORITIES = ("directory/enrollment-services", "directory/certification-authorities", "directory/aia")
_BRINGING = ("certificate-file/", "host/", *_AUTHORITIES)
"""Where certificates are; of a host, in its stores only."""


class _Authority(Struct, frozen=True):
    certificates: tuple[str, ...] = msgspec.field(name="cACertificate", default=())


async def record(session: Session) -> None:
    """Fetch every wanted list from where the scanner runs, or keep why it did not come."""
    context, gate = http.trust(), asyncio.Semaphore(SIDE_BY_SIDE)
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
        found = await _fetched(session, url, context)
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


async def _fetched(session: Session, url: str, context: ssl.SSLContext) -> http.Reply | Absence:
    """The answer with status 200, or why there is none. CRLs carry their own signature, so plain http will do."""
    import httpx

    if not (pinned := http.origin(url)):
        return unreachable("this is no address", _CDP)
    addresses = session.connections.web.addresses
    seconds = session.timeout
    try:
        async with http.Client(
            [pinned], tls=context, timeout=seconds, budget=seconds, limit=LIMIT, plain=True, addresses=addresses
        ) as client:
            reply = await client.ask("GET", url)
    except http.ReadError as error:
        found = error.absence  # without a status nobody answered, and nothing is known of the list
        return found if found.status else unreachable(found.detail, found.cure)
    except httpx.InvalidURL as error:
        return unreachable(f"this is no address: {quoted(str(error))}", _CDP)
    except ComgmtError as error:
        return unreachable(error.message, error.hint)
    if reply.status == 200:
        return reply
    detail = f"HTTP {reply.status}"
    return absent(detail, reply.status) if reply.status in _NONE else unreachable(detail, _BROWSE, reply.status)


def _parsed_list(body: bytes) -> x509.CertificateRevocationList | None:
    """The list in DER or PEM; ``None`` where it is none."""
    from cryptography import x509

    load = x509.load_pem_x509_crl if b"-----BEGIN X509 CRL-----" in body[:4096] else x509.load_der_x509_crl
    return _readable(load, body)


def _readable(load: Callable[[bytes], T], content: bytes) -> T | None:
    """What *load* makes of it; ``None`` where it is something else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old CAs break RFC 5280 in ways that are warned about
            return load(content)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion):
        return None


def _block(parsed: x509.CertificateRevocationList) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return parsed.public_bytes(Encoding.PEM)


def _named_by_certificates(session: Session) -> list[str]:
    """The http addresses of base and delta lists in every certificate that was written down; roots need none."""
    ders = dict.fromkeys(der for id, content in session.writer.answers(_BRINGING) for der in _certificates(id, content))
    parsed = (_readable(_issued, der) for der in ders)
    return [url for one in parsed if one is not None for url in _urls(one)]


def _issued(der: bytes) -> x509.Certificate | None:
    """A certificate that somebody else issued; ``None``: a root. Raises what reads as damage: names are parsed late."""
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(der)
    return certificate if certificate.subject != certificate.issuer else None


def _certificates(id: str, content: bytes) -> Iterator[bytes]:
    """Those in DER of one observation; what is damaged is for the checks to say."""
    if id in _AUTHORITIES:
        texts = [text.encode() for line in content.splitlines() for text in _authority(line).certificates]
    else:
        texts = [_LINE_END.sub(b"", block) for block in _CERTIFICATE.findall(content)]
    for text in texts:
        try:
            yield base64.b64decode(text, validate=True)
        except binascii.Error:
            continue


def _authority(line: bytes) -> _Authority:
    try:
        return msgspec.json.decode(line, type=_Authority)
    except msgspec.DecodeError:
        return _Authority()


def _urls(parsed: x509.Certificate | x509.CertificateRevocationList) -> tuple[str, ...]:
    """The http addresses in its CDP and freshest-CRL extensions, as they stand there."""
    from cryptography import x509

    try:
        extensions = [extension.value for extension in parsed.extensions]
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    kinds = (x509.CRLDistributionPoints, x509.FreshestCRL)
    points = [point for value in extensions if isinstance(value, kinds) for point in value]
    names = [name.value for point in points for name in point.full_name or () if _is_url(name)]
    return tuple(url for url in names if url.casefold().startswith("http://"))


def _is_url(name: x509.GeneralName) -> bool:
    from cryptography import x509

    return isinstance(name, x509.UniformResourceIdentifier)
