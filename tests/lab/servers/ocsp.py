"""An OCSP responder of Contoso's CAs over HTTP (RFC 6960), which answers what it is told to of each certificate.

Each answer is signed by the CA that issued the certificate, or by the responder that the public CA has named, and dated
by the recording, not by the clock.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.server
import threading
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import unquote

from cryptography.x509.ocsp import OCSPRequest, load_der_ocsp_request
from msgspec import Struct

from tests.lab import ocsp, pki
from tests.lab.estate import Estate
from tests.lab.servers.process import Endpoint, loopback_address

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
def running(estate: Estate, statuses: Mapping[str, str] | None = None) -> Iterator[Address]:
    """The responder, in a thread, until the block is left.

    *statuses* by role (``good``, ``revoked``, ``unknown``) add to those of the estate; other certificates of the estate
    are good, serials that no CA has given out are unknown, and of certificates of other CAs it says that it has no
    authority (``unauthorized``).
    """

    class Handler(_Handler):
        responder = Responder(estate=estate, statuses={**estate.ocsp.statuses, **(statuses or {})})

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
    statuses: dict[str, str]

    def answer(self, asked: bytes) -> bytes:
        """The DER of the response to the DER of a request."""
        try:
            request = load_der_ocsp_request(asked)
        except ValueError:
            return ocsp.refused("malformed request")
        authority = self._authority(request)
        if authority is None:
            return ocsp.refused("unauthorized")
        status = self._status(request.serial_number, authority)
        return ocsp.answer(self.estate, ocsp.Question.of(request), authority, status)

    def _authority(self, request: OCSPRequest) -> str | None:
        """The CA that the request names: its name and key, hashed as the request does (RFC 6960, section 4.1.1)."""
        wanted = request.issuer_name_hash, request.issuer_key_hash
        for role in pki.ROLES:
            for issuer in pki.issuers(self.estate, role)[:1]:
                own = ocsp.Question.about(self.estate, role, request.hash_algorithm)
                if (own.issuer_name_hash, own.issuer_key_hash) == wanted:
                    return issuer
        return None

    def _status(self, serial: int, authority: str) -> str:
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
        self.send_response(self.responder.estate.ocsp.status)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing: the test's output is not the place."""
