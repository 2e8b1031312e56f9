"""An OCSP responder of Contoso's CAs over HTTP (RFC 6960), which answers what it is told to of each certificate.

Each answer is signed by the CA that issued the certificate, and dated by the recording, not by the clock.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.server
import threading
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, TypeAlias
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from msgspec import Struct

from tests.lab import pki
from tests.lab.estate import Estate
from tests.lab.names import days
from tests.lab.servers.process import Endpoint, loopback_address

Status: TypeAlias = Literal["good", "revoked", "unknown"]
_STATUSES = {
    "good": ocsp.OCSPCertStatus.GOOD,
    "revoked": ocsp.OCSPCertStatus.REVOKED,
    "unknown": ocsp.OCSPCertStatus.UNKNOWN,
}
REVOKED_DAYS_AGO = 3
_MOST_BYTES = 64 * 1024


class Address(Struct, frozen=True, kw_only=True):
    """Where the responder listens."""

    endpoint: Endpoint

    @property
    def url(self) -> str:
        """What would stand in a certificate's AIA."""
        return f"http://{self.endpoint.host}:{self.endpoint.port}/ocsp"


def missing() -> str:
    """Nothing: the responder is Python's own."""
    return ""


@contextlib.contextmanager
def running(estate: Estate, statuses: Mapping[str, Status] | None = None) -> Iterator[Address]:
    """The responder, in a thread, until the block is left.

    *statuses* by role; other certificates of the estate are good, serials that no CA has given out are unknown, and of
    certificates of other CAs it says that it has no authority (``unauthorized``).
    """

    class Handler(_Handler):
        responder = Responder(estate=estate, statuses=dict(statuses or {}))

    with http.server.ThreadingHTTPServer((loopback_address(), 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Address(endpoint=Endpoint(str(server.server_address[0]), server.server_address[1]))
        finally:
            server.shutdown()
            thread.join()


class Responder(Struct, frozen=True, kw_only=True):
    """What answers one request; bytes in, bytes out."""

    estate: Estate
    statuses: dict[str, Status]

    def answer(self, asked: bytes) -> bytes:
        """The DER of the response to the DER of a request."""
        try:
            request = ocsp.load_der_ocsp_request(asked)
        except ValueError:
            response = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        else:
            response = self._response(request)
        return response.public_bytes(Encoding.DER)

    def _response(self, request: ocsp.OCSPRequest) -> ocsp.OCSPResponse:
        authority = self._authority(request)
        if authority is None:
            return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        status = self._status(request.serial_number, authority)
        revoked = status == "revoked"
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=request.issuer_name_hash,
                issuer_key_hash=request.issuer_key_hash,
                serial_number=request.serial_number,
                algorithm=request.hash_algorithm,
                cert_status=_STATUSES[status],
                this_update=days(-0.1),
                next_update=days(0.9),
                revocation_time=days(-REVOKED_DAYS_AGO) if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, pki.certificate(self.estate, authority))
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(pki.key(pki.issued(self.estate, authority).key or authority), hashes.SHA256())

    def _authority(self, request: ocsp.OCSPRequest) -> str | None:
        """The CA that the request names: its name and key, hashed as the request does (RFC 6960, section 4.1.1)."""
        wanted = request.issuer_name_hash, request.issuer_key_hash
        for role in pki.ROLES:
            for issuer in pki.issuers(self.estate, role)[:1]:
                pair = pki.certificate(self.estate, role), pki.certificate(self.estate, issuer)
                own = ocsp.OCSPRequestBuilder().add_certificate(*pair, request.hash_algorithm).build()
                if (own.issuer_name_hash, own.issuer_key_hash) == wanted:
                    return issuer
        return None

    def _status(self, serial: int, authority: str) -> Status:
        for role in pki.ROLES:
            ours = pki.issuers(self.estate, role)[:1] == (authority,)
            if ours and pki.certificate(self.estate, role).serial_number == serial:
                return self.statuses.get(role, "good")
        return "unknown"


class _Handler(http.server.BaseHTTPRequestHandler):
    """POST with the request as body, or GET with it in the path, as base64 (RFC 6960, appendix A)."""

    responder: ClassVar[Responder]

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length", 0)), _MOST_BYTES)
        self._reply(self.rfile.read(length))

    def do_GET(self) -> None:
        encoded = unquote(self.path.removeprefix("/ocsp/"))
        try:
            asked = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            asked = b""
        self._reply(asked)

    def _reply(self, asked: bytes) -> None:
        body = self.responder.answer(asked)
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing: the test's output is not the place."""
