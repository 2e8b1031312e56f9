"""Contoso's web servers as one real nginx: the revocation lists and certificates that CAs publish, and two TLS servers.

The published files are those of ``estate.certificates``, by vantage: a list that the estate answers with 404 outside
is not there outside. The TLS servers are the gateway and the management point, with the certificates of the estate.
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import Struct

from tests.lab import pki
from tests.lab.estate import Estate
from tests.lab.servers import process
from tests.lab.servers.process import Endpoint, free_endpoint


class Tls(Struct, frozen=True, kw_only=True):
    """What a TLS server shows, and asks for."""

    role: str
    """Whose certificate it has; for defects of the certificate itself, change ``estate.certificates``."""
    chain: bool = True
    """It sends the issuing CAs as well (never the root)."""
    client_certificate: bool = False
    """It demands a client certificate of the estate's own CA (without one: HTTP 403, as IIS says 403.7).

    Told by its issuer, not verified: nginx goes by the wall clock, and the lab's certificates by the recording's.
    """


GATEWAY = Tls(role="gateway")
MANAGEMENT_POINT = Tls(role="management-point", client_certificate=True)


class Address(Struct, frozen=True, kw_only=True):
    """Where the servers are. ``inside`` and ``outside`` speak HTTP for every host name, the other two TLS."""

    inside: Endpoint
    outside: Endpoint
    gateway: Endpoint
    management_point: Endpoint

    def locate(self, url: str, vantage: str = "outside") -> tuple[str, dict[str, str]]:
        """The URL on this machine that stands for a public one, and the headers to ask with; path and ``+`` as they are."""
        at: Endpoint = getattr(self, vantage)
        parts = urlsplit(url)
        return parts._replace(netloc=f"{at.host}:{at.port}").geturl(), {"Host": parts.netloc}


class Published(Struct, frozen=True):
    """One URL's answer."""

    url: str
    content: bytes
    status: int = 200


def missing() -> str:
    """Which Debian package is not installed, or nothing where all are."""
    return process.missing_programs({"nginx": "nginx-light"})


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    double_escaping: bool = True,
    gateway: Tls = GATEWAY,
    management_point: Tls = MANAGEMENT_POINT,
) -> Iterator[Address]:
    """The estate's web servers, until the block is left.

    Without *double_escaping* they refuse a ``+`` in the path, as IIS does unless ``allowDoubleEscaping`` is set in
    ``requestFiltering`` (404.11), and so hide every delta list.
    """
    address = Address(**{name: free_endpoint() for name in Address.__struct_fields__})
    servers = [
        _http(vantage, getattr(address, vantage), published(estate, vantage), folder, double_escaping)
        for vantage in ("inside", "outside")
    ]
    servers.append(_tls("gateway", address.gateway, estate, gateway, folder))
    servers.append(_tls("management-point", address.management_point, estate, management_point, folder))
    (folder / "nginx.conf").write_text(_configuration(servers, estate, folder), encoding="utf-8")
    log = str(folder / "error.log")
    command = [process.program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    del log
    with process.running(command, ready=lambda: _answers(address.inside), folder=folder):
        yield address
