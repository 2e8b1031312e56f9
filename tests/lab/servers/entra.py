"""Contoso's sign-in over real TLS: Entra ID's OpenID configuration and token endpoint, for an application and a user.

azure-identity signs in here as it does at login.microsoftonline.com: an application with its secret (client
credentials: RFC 6749, section 4.4), a user with a code that is entered on a page of this server (device authorization
grant: RFC 8628, and *Microsoft identity platform and the OAuth 2.0 device authorization grant flow*).
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import http.server
import secrets
import ssl
import threading
import time
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
USER_PASSWORD = "Signs-in-to-the-lab-2"
"""Of the user who enters the code; the lab asks for no second factor."""
_LIFETIME = 3599
_CODE_LIFETIME = 900
_INTERVAL = 1
"""Seconds between two questions whether the code was entered; Entra ID says 5."""
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
_PAGE = """<!DOCTYPE html><title>Sign in to Contoso</title><form method="post" action="/devicelogin">
<label>Code <input name="otc"></label> <label>User <input name="login" value="{user}"></label>
<label>Password <input name="passwd" type="password"></label> <button>Sign in</button></form>
<p>{message}</p>
"""
_MOST_BYTES = 64 * 1024


class Address(Struct, frozen=True, kw_only=True):
    """Where to sign in, and as whom."""

    endpoint: Endpoint
    ca_file: Path
    tenant_id: str
    client_id: str
    secret: str
    user: str

    def enter(self, code: str, password: str = USER_PASSWORD) -> int:
        """Enter the code of a device on the page of this server, as its user does in a browser: the HTTP status."""
        import httpx

        form = {"otc": code, "login": self.user, "passwd": password}
        trusted = ssl.create_default_context(cafile=str(self.ca_file))
        return httpx.post(f"{self.authority}/devicelogin", data=form, verify=trusted, trust_env=False).status_code

    @property
    def authority(self) -> str:
        """For ``connect.cloud.authority``."""
        return f"https://{self.endpoint.host}:{self.endpoint.port}"


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    roles: Collection[str] = cloud_tokens.ROLES,
    scopes: Collection[str] = cloud_tokens.SCOPES,
) -> Iterator[Address]:
    """The sign-in, in a thread, until the block is left.

    Its tokens have the application permissions *roles*, or of a user the delegated permissions *scopes*.
    """
    host = loopback_address()
    cloud.write_certificates(folder, [host])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cloud.pem", folder / "cloud.key")

    class Handler(_Handler):
        tenant_id = estate.names.tenant_id
        permissions = tuple(roles)
        delegated = tuple(scopes)
        user = f"scanner@{estate.names.domain}"
        devices: ClassVar[dict[str, _Device]] = {}
        refresh_tokens: ClassVar[set[str]] = set()

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
            user=Handler.user,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Device(Struct):
    """A sign-in that waits for its user: what for, the code to enter, until when (monotonic), and whether he did."""

    scope: str
    user_code: str
    ends: float
    signed_in: bool = False


class _RefusedError(Exception):
    """Entra ID's answer where there is no token."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    """Four addresses; anything else is not found."""

    tenant_id: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    delegated: ClassVar[tuple[str, ...]]
    user: ClassVar[str]
    devices: ClassVar[dict[str, _Device]]
    refresh_tokens: ClassVar[set[str]]
    timeout = 10
    protocol_version = "HTTP/1.1"

    @property
    def root(self) -> str:
        """Of the tenant."""
        return f"https://{self.headers['Host']}/{self.tenant_id}"

    def do_GET(self) -> None:
        """The OpenID configuration (OpenID Connect Discovery 1.0, section 4), and the page for a device's code."""
        if self.path == "/devicelogin":
            self._page(200, "")
        elif self.path == f"/{self.tenant_id}/v2.0/.well-known/openid-configuration":
            self._send(
                200,
                {
                    "issuer": f"{self.root}/v2.0",
                    "authorization_endpoint": f"{self.root}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{self.root}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{self.root}/oauth2/v2.0/devicecode",
                },
            )
        else:
            self._send(404, {"error": "invalid_request", "error_description": "AADSTS900144: there is nothing here."})

    def do_POST(self) -> None:
        """A token, a code for a device, or Entra ID's words for why there is none; or a code that a user enters."""
        length = int(self.headers.get("Content-Length") or 0)
        form = {
            name: values[0] for name, values in parse_qs(self.rfile.read(min(length, _MOST_BYTES)).decode()).items()
        }
        try:
            if self.path == "/devicelogin":
                self._entered(form)
            elif self.path == f"/{self.tenant_id}/oauth2/v2.0/devicecode":
                self._send(200, self._device(form))
            elif self.path == f"/{self.tenant_id}/oauth2/v2.0/token":
                self._send(200, self._token(form))
            else:
                raise _RefusedError("invalid_request", "AADSTS90002: Tenant not found.")
        except _RefusedError as refusal:
            self._send(refusal.status, {"error": refusal.error, "error_description": str(refusal)})

    # A user

    def _device(self, form: dict[str, str]) -> dict[str, object]:
        """A pair of codes: one for the device, one for its user (RFC 8628, section 3.2)."""
        _known(form)
        code = "".join(secrets.choice(_ALPHABET) for _ in range(9))
        device = secrets.token_urlsafe(24)
        self.devices[device] = _Device(
            scope=form.get("scope", ""), user_code=code, ends=time.monotonic() + _CODE_LIFETIME
        )
        address = f"https://{self.headers['Host']}/devicelogin"
        return {
            "device_code": device,
            "user_code": code,
            "verification_uri": address,
            "expires_in": _CODE_LIFETIME,
            "interval": _INTERVAL,
            "message": f"To sign in, use a web browser to open the page {address} and enter the code {code}.",
        }

    def _entered(self, form: dict[str, str]) -> None:
        """A user enters a code, and who he is."""
        code = form.get("otc", "").strip().upper()
        waiting = [one for one in self.devices.values() if one.user_code == code and one.ends > time.monotonic()]
        known = form.get("login", "").casefold() == self.user.casefold()
        if not (known and hmac.compare_digest(form.get("passwd", "").encode(), USER_PASSWORD.encode())):
            self._page(401, "AADSTS50126: Invalid username or password.")
        elif not waiting:
            self._page(400, "That code did not work.")
        else:
            waiting[0].signed_in = True
            self._page(200, "You have signed in on your device. You may close this window.")

    def _of_user(self, form: dict[str, str]) -> dict[str, object]:
        """A token for the user who entered the code, and one with which further ones are had."""
        if form["grant_type"] == _DEVICE_CODE:
            device = self.devices.get(form.get("device_code", ""))
            if device is None:
                raise _RefusedError("bad_verification_code", "AADSTS70019: The device code is not known.")
            if device.ends <= time.monotonic():
                raise _RefusedError("expired_token", "AADSTS70020: The device code has expired.")
            if not device.signed_in:
                raise _RefusedError("authorization_pending", "AADSTS70016: The user has not entered the code yet.")
            form = {**form, "scope": device.scope}  # the device does not say it again
            del self.devices[form["device_code"]]
        elif form.get("refresh_token", "") not in self.refresh_tokens:
            raise _RefusedError("invalid_grant", "AADSTS9002313: The refresh token is not known.")
        refresh = secrets.token_urlsafe(24)
        self.refresh_tokens.add(refresh)
        more = {"refresh_token": refresh, "id_token": self._id_token(), "client_info": self._client_info()}
        return self._issued(form, (), self.delegated) | more

    def _id_token(self) -> str:
        """Who has signed in (OpenID Connect Core 1.0, section 2); the lab signs nothing: nobody verifies it."""
        now = int(time.time())
        claims = {
            "iss": f"{self.root}/v2.0",
            "sub": cloud_tokens.IDENTITY,
            "aud": cloud_tokens.APPLICATION,
            "exp": now + _LIFETIME,
            "iat": now,
            "oid": cloud_tokens.IDENTITY,
            "tid": self.tenant_id,
            "preferred_username": self.user,
            "ver": "2.0",
        }
        return f"{_encoded({'typ': 'JWT', 'alg': 'none'})}.{_encoded(claims)}."

    def _client_info(self) -> str:
        return _encoded({"uid": cloud_tokens.IDENTITY, "utid": self.tenant_id})

    # Tokens

    def _token(self, form: dict[str, str]) -> dict[str, object]:
        _known(form)
        match form.get("grant_type"):
            case "client_credentials":
                if not hmac.compare_digest(form.get("client_secret", "").encode(), SECRET.encode()):
                    raise _RefusedError("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
                if not form.get("scope", "").endswith("/.default"):
                    raise _RefusedError("invalid_scope", "AADSTS1002012: The scope must end in /.default.")
                return self._issued(form, self.permissions, ())
            case "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code":
                return self._of_user(form)
            case _:
                raise _RefusedError("unsupported_grant_type", "AADSTS70003: The grant type is not supported.")

    def _issued(self, form: dict[str, str], roles: Collection[str], scopes: Collection[str]) -> dict[str, object]:
        wanted = [scope for scope in form.get("scope", "").split() if scope.endswith("/.default")]
        if len(wanted) != 1:
            raise _RefusedError("invalid_scope", "AADSTS70011: The lab gives tokens for one audience's /.default.")
        audience = wanted[0].removesuffix("/.default")
        claims = form.get("claims", "")
        token = cloud_tokens.issue(self.tenant_id, roles, scopes, _LIFETIME, audience, claims, self.user)
        return {"token_type": "Bearer", "scope": wanted[0], "expires_in": _LIFETIME, "access_token": token}

    # HTTP

    def _page(self, status: int, message: str) -> None:
        self._reply(status, "text/html; charset=utf-8", _PAGE.format(user=self.user, message=message).encode())

    def _send(self, status: int, document: dict[str, object]) -> None:
        self._reply(status, "application/json", msgspec.json.encode(document))

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:
        """Nothing is printed: a form holds the secret."""


def _known(form: dict[str, str]) -> None:
    if form.get("client_id") != cloud_tokens.APPLICATION:
        raise _RefusedError("unauthorized_client", "AADSTS700016: Application not found in the directory.")


def _encoded(document: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(document)).rstrip(b"=").decode()
