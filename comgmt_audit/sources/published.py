"""What CAs publish over plain http, for everybody: which addresses the recorded certificates name, and what lies there.

Lists, certificates and OCSP answers carry their own signatures, so that plain http will do (RFC 5280, section 8). Each
address is asked for as it stands in the certificate, by nobody in particular: no credentials, no cookies, no redirects.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import http
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.session import Session, absent, unreachable

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

AFTER = ("certificate-files", "host", "directory")
"""The sources, by NAME, that bring the certificates: they must have finished."""

SIDE_BY_SIDE = 8
"""Addresses that are asked at the same time."""

_NONE = frozenset({401, 404, 410})
"""What says that there is nothing for a client, which fetches it without signing in (RFC 9110, sections 15.5.2, 15.5.5
and 15.5.11): 401 is the server's own, as a proxy asks with 407. Other refusals may be a proxy's."""
_BROWSE = "Open the address in a browser on the computer of the scanner: a proxy may answer in place of the server."
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_LINE_END = re.compile(rb"\\[rn]|\s")
"""Between the lines of a block: in a JSON text they are escaped."""
_AUTHORITIES = ("directory/enrollment-services", "directory/certification-authorities", "directory/aia")
_BRINGING = ("certificate-file/", "host/", *_AUTHORITIES)
"""Where certificates are; of a host, in its stores only."""


class _Authority(Struct, frozen=True):
    certificates: tuple[str, ...] = msgspec.field(name="cACertificate", default=())


async def fetched(
    session: Session, url: str, context: ssl.SSLContext, *, limit: int, named_in: str, question: bytes = b""
) -> http.Reply | Absence:
    """The answer with status 200, of at most *limit* bytes, or why there is none.

    *named_in* says where the address stands, such as the CDP, for who must mend it; *question* is an OCSP request.
    """
    import httpx

    look = f"Look at the {named_in} of the certificates."
    if not (pinned := http.origin(url)):
        return unreachable("this is no address", look)
    addresses = session.connections.web.addresses
    seconds = session.timeout
    try:
        async with http.Client(
            [pinned], tls=context, timeout=seconds, budget=seconds, limit=limit, plain=True, addresses=addresses
        ) as client:
            if question:
                kind = {"Content-Type": http.OCSP_REQUEST}
                reply = await client.ask("POST", url, headers=kind, content=question)
            else:
                reply = await client.ask("GET", url)
    except http.ReadError as error:
        found = error.absence  # without a status nobody answered, and nothing is known of what is there
        return found if found.status else unreachable(found.detail, found.cure)
    except httpx.InvalidURL as error:
        return unreachable(f"this is no address: {quoted(str(error))}", look)
    except ComgmtError as error:
        return unreachable(error.message, error.hint)
    if reply.status == 200:
        return reply
    detail = f"HTTP {reply.status}"
    return absent(detail, reply.status) if reply.status in _NONE else unreachable(detail, _BROWSE, reply.status)


def readable(load: Callable[[bytes], T], content: bytes) -> T | None:
    """What *load* makes of it; ``None`` where it is something else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old CAs break RFC 5280 in ways that are warned about
            return load(content)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion):
        return None


def certificates(session: Session) -> list[x509.Certificate]:
    """Every certificate that was written down, once; what is damaged is for the checks to say."""
    ders = dict.fromkeys(der for id, content in session.writer.answers(_BRINGING) for der in _ders(id, content))
    parsed = (readable(_certificate, der) for der in ders)
    return [one for one in parsed if one is not None]


def issued(session: Session) -> list[x509.Certificate]:
    """Those that somebody else issued; a root names no place for itself."""
    return [one for one in certificates(session) if one.subject != one.issuer]


def _certificate(der: bytes) -> x509.Certificate:
    """Raises what reads as damage: names are parsed late."""
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(der)
    _ = certificate.subject, certificate.issuer
    return certificate


def extensions(parsed: x509.Certificate | x509.CertificateRevocationList) -> list[x509.ExtensionType]:
    """The values of its extensions; none where one of them is damaged."""
    from cryptography import x509

    try:
        return [extension.value for extension in parsed.extensions]
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return []


def is_url(name: x509.GeneralName) -> bool:
    """Is it an address (RFC 5280, section 4.2.1.6)?"""
    from cryptography import x509

    return isinstance(name, x509.UniformResourceIdentifier)


def is_http(url: str) -> bool:
    """Is it fetched over plain http?"""
    return url.casefold().startswith("http://")


def _ders(id: str, content: bytes) -> Iterator[bytes]:
    """Those of one observation."""
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
