"""Windows authentication over HTTP (RFC 4559): Kerberos, or NTLM where asked for, bound to the TLS channel."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import re
from collections.abc import AsyncGenerator
from typing import Any, Literal

import httpx

from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources.http import ReadError
from comgmt_audit.sources.redaction import quoted

_TOKEN = re.compile(r"\bNegotiate\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)
_TICKET = (
    "Get a ticket (kinit user@REALM) or set connect.admin_service.user and password; the service's name must be "
    "the FQDN that has the SPN HTTP/FQDN, and the clocks must agree within five minutes."
)


class NegotiateAuth(httpx.Auth):
    """Answers a 401 that offers Negotiate; for each request anew, as HTTP.SYS may ask for it.

    :param user: ``user@REALM``; empty: the one that is signed in.
    :param host: the name in the service principal ``HTTP/<host>``.
    :param protocol: nothing else is ever tried: ``kerberos`` does not fall back to NTLM.
    """

    def __init__(self, host: str, *, user: str, password: str, protocol: Literal["kerberos", "ntlm"]) -> None:
        self._host, self._user, self._password, self._protocol = host, user, password, protocol

    def __repr__(self) -> str:
        return f"NegotiateAuth(host={self._host!r}, protocol={self._protocol!r})"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send, and where it is asked for send again with a token. Raises ReadError where none can be had."""
        method, url, extensions, headers = request.method, request.url, dict(request.extensions), request.headers.copy()
        response = yield request
        if response.status_code != 401 or "negotiate" not in response.headers.get("www-authenticate", "").lower():
            return
        binding = channel_binding(response)
        context, token = await asyncio.to_thread(self._first, binding)
        while token:
            headers["Authorization"] = "Negotiate " + base64.b64encode(token).decode("ascii")
            # A new one each time: the transport may have sent the last one to another address.
            response = yield httpx.Request(method, url, headers=headers, extensions=extensions)
            token = await asyncio.to_thread(self._next, context, response)

    def _first(self, binding: bytes | None) -> tuple[Any, bytes | None]:
        import spnego
        from spnego.channel_bindings import GssChannelBindings

        try:
            context = spnego.client(
                self._user or None,
                self._password or None,
                hostname=self._host,
                service="HTTP",
                channel_bindings=GssChannelBindings(application_data=binding) if binding else None,
                protocol=self._protocol,
            )
            return context, context.step()
        except sign_in_errors() as error:
            raise self._failed(error) from None

    def _next(self, context: Any, response: httpx.Response) -> bytes | None:
        """The next token. A last one of the server proves that it is the one that the ticket was made for."""
        from spnego.exceptions import SpnegoError

        found = _TOKEN.search(response.headers.get("www-authenticate", ""))
        if found is None or context.complete:
            return None
        try:
            token: bytes | None = context.step(base64.b64decode(found.group(1)))
        except (SpnegoError, binascii.Error, ValueError) as error:
            raise self._failed(error) from None
        return token

    def _failed(self, error: Exception) -> ReadError:
        way = "Kerberos" if self._protocol == "kerberos" else "NTLM"
        reason = quoted(str(error)).replace(self._password, "***") if self._password else quoted(str(error))
        detail = f"no {way} authentication to HTTP/{self._host}: {reason or type(error).__name__}"
        cure = "Install the extra: pip install 'pyspnego[kerberos]'." if isinstance(error, ImportError) else _TICKET
        return ReadError(Absence(reason=Reason.REFUSED, detail=detail, cure=cure))


def channel_binding(response: httpx.Response) -> bytes | None:
    """``tls-server-end-point`` of the connection (RFC 5929, section 4.1); nothing where there is no TLS.

    Extended Protection refuses a token that is not bound to the channel.
    """
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    return end_point(tls.getpeercert(True)) if tls is not None else None


def end_point(certificate: bytes) -> bytes | None:
    """The binding for a server's certificate (DER): hashed as it is signed, MD5 and SHA-1 replaced by SHA-256."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes

    try:
        signed = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    if signed is None:  # RFC 5929 defines none for a signature without a hash of its own (Ed25519)
        return None
    digest = hashes.Hash(hashes.SHA256() if isinstance(signed, hashes.MD5 | hashes.SHA1) else signed)
    digest.update(certificate)
    return b"tls-server-end-point:" + digest.finalize()


def sign_in_errors() -> tuple[type[Exception], ...]:
    """What pyspnego raises where a sign-in fails: with a password also the Kerberos library's own error."""
    from spnego.exceptions import SpnegoError

    kinds: tuple[type[Exception], ...] = (SpnegoError, ImportError, OSError, ValueError)
    try:
        from krb5 import Krb5Error
    except (ImportError, OSError):  # there is none on Windows
        return kinds
    return (*kinds, Krb5Error)


def signed_in() -> str:
    """Who is signed in, as ``user@REALM`` or ``DOMAIN\\user``; empty where nobody knows."""
    if os.name == "nt":
        domain, user = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
        return f"{domain}\\{user}" if domain and user else ""
    try:
        import gssapi
        from gssapi.raw.misc import GSSError
    except (ImportError, OSError):  # OSError: there is no Kerberos library
        return ""
    try:
        return str(gssapi.Credentials(usage="initiate").name)
    except GSSError:
        return ""
