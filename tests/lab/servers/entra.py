"""Contoso's sign-in over real TLS: Entra ID's OpenID configuration and token endpoint, for an application.

azure-identity signs in here as it does at login.microsoftonline.com (client credentials: RFC 6749, section 4.4, and
*Microsoft identity platform and the OAuth 2.0 client credentials flow*). The tokens are the lab's (``cloud_tokens``).
"""

from __future__ import annotations

import contextlib
import hmac
import http.server
import ssl
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from tests.lab.estate import Estate
from tests.lab.servers import cloud, cloud_tokens
from tests.lab.servers.process import Endpoint, loopback_address

SECRET = "Signs-in-to-the-lab-1"
_LIFETIME = 3599
_MOST_BYTES = 64 * 1024


class Address(Struct, frozen=True, kw_only=True):
    """Where to sign in, and as whom."""

    endpoint: Endpoint
    ca_file: Path
    tenant_id: str
    client_id: str
    secret: str

    @property
    def authority(self) -> str:
        """For ``connect.cloud.authority``."""
        return f"https://{self.endpoint.host}:{self.endpoint.port}"


@contextlib.contextmanager
def running(estate: Estate, folder: Path, *, roles: Collection[str] = cloud_tokens.ROLES) -> Iterator[Address]:
    """The sign-in, in a thread, until the block is left; its tokens have the application permissions *roles*."""
    host = loopback_address()
    cloud.write_certificates(folder, [host])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cloud.pem", folder / "cloud.key")

    class Handler(_Handler):
        tenant_id = estate.names.tenant_id
        permissions = tuple(roles)

    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Address(
            endpoint=Endpoint(host, server.server_address[1]),
            ca_file=folder / "cloud-ca.pem",
            tenant_id=estate.names.tenant_id,
            client_id=cloud_tokens.APPLICATION,
            secret=SECRET,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Two addresses; anything else is not found."""

    tenant_id: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    timeout = 10
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The OpenID configuration (OpenID Connect Discovery 1.0, section 4)."""
        if self.path != f"/{self.tenant_id}/v2.0/.well-known/openid-configuration":
            self._send(404, {"error": "invalid_request", "error_description": "AADSTS900144: there is nothing here."})
            return
        root = f"https://{self.headers['Host']}/{self.tenant_id}"
        self._send(
            200,
            {
                "issuer": f"{root}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            },
        )

    def do_POST(self) -> None:
        """A token for the application, or Entra ID's words for why there is none."""
        length = int(self.headers.get("Content-Length") or 0)
        form = {
            name: values[0] for name, values in parse_qs(self.rfile.read(min(length, _MOST_BYTES)).decode()).items()
        }
        if self.path != f"/{self.tenant_id}/oauth2/v2.0/token":
            self._refuse(400, "invalid_request", "AADSTS90002: Tenant not found.")
        elif form.get("grant_type") != "client_credentials":
            self._refuse(400, "unsupported_grant_type", "AADSTS70003: The lab gives tokens to an application only.")
        elif form.get("client_id") != cloud_tokens.APPLICATION:
            self._refuse(400, "unauthorized_client", "AADSTS700016: Application not found in the directory.")
        elif not hmac.compare_digest(form.get("client_secret", "").encode(), SECRET.encode()):
            self._refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        elif not form.get("scope", "").endswith("/.default"):
            self._refuse(400, "invalid_scope", "AADSTS1002012: The scope must end in /.default.")
        else:
            audience = form["scope"].removesuffix("/.default")
            token = cloud_tokens.issue(
                self.tenant_id, self.permissions, (), _LIFETIME, audience, form.get("claims", "")
            )
            self._send(200, {"token_type": "Bearer", "expires_in": _LIFETIME, "access_token": token})

    def _refuse(self, status: int, error: str, description: str) -> None:
        self._send(status, {"error": error, "error_description": description})

    def _send(self, status: int, document: dict[str, object]) -> None:
        body = msgspec.json.encode(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:
        """Nothing is printed: a form holds the secret."""
