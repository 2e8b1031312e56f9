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

from tests.lab import certificates, pki, tls
from tests.lab.estate import Estate
from tests.lab.servers import process
from tests.lab.servers.process import Endpoint, free_endpoint


class Tls(Struct, frozen=True, kw_only=True):
    """What a TLS server shows, and asks for."""

    role: str
    """Whose certificate it has; for defects of the certificate itself, change ``estate.certificates``."""
    chain: bool = True
    """It sends the issuing CAs as well (never the root)."""
    sent: tuple[str, ...] | None = None
    """Roles whose certificates it sends after its own, where that is not told by *chain*."""
    protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    client_certificate: bool = False
    """It demands a client certificate of the estate's own CA (without one: HTTP 403, as IIS says 403.7).

    Told by its issuer, not verified: nginx goes by the wall clock, and the lab's certificates by the recording's.
    """


def of(estate: Estate, service: str) -> Tls:
    """What the estate says of its service: ``gateway``, ``distribution_point`` or ``management_point``."""
    part: tls.Serving = getattr(estate.tls, service)
    return Tls(
        role=part.role,
        sent=tls.sent(estate, part)[1:],
        protocols=part.protocols,
        client_certificate=service == "management_point",
    )


GATEWAY = Tls(role="gateway")
MANAGEMENT_POINT = Tls(role="management-point", client_certificate=True)


class Address(Struct, frozen=True, kw_only=True):
    """Where the servers are. ``inside`` and ``outside`` speak HTTP for every host name, the others TLS."""

    inside: Endpoint
    outside: Endpoint
    gateway: Endpoint
    management_point: Endpoint
    distribution_point: Endpoint
    """Nothing listens there unless one was asked for."""

    def locate(self, url: str, vantage: str = "outside") -> tuple[str, dict[str, str]]:
        """The URL on this machine that stands for a public one, its path unchanged, and the headers to ask with."""
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
    distribution_point: Tls | None = None,
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
    if distribution_point:
        servers.append(_tls("distribution-point", address.distribution_point, estate, distribution_point, folder))
    (folder / "nginx.conf").write_text(_configuration(servers, estate, folder), encoding="utf-8")
    command = [process.program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with process.running(command, ready=lambda: _answers(address.inside), folder=folder):
        yield address


def published(estate: Estate, vantage: str) -> list[Published]:
    """What every URL of the estate's CAs answers to one vantage: revocation lists, and the CAs' own certificates."""
    part = estate.certificates
    found = []
    for wanted in part.lists:
        place = wanted.place or wanted.issuer + ("+" if wanted.base_number is not None else "")
        url = pki.crl_url(estate.names, place.rstrip("+"), delta=place.endswith("+"))
        status = wanted.inside if vantage == "inside" else wanted.outside
        found.append(Published(url, wanted.text.encode() or _der(pki.crl(estate, wanted)), status))
    for role, file in part.issuer_files.items():
        status = file.inside if vantage == "inside" else file.outside
        content = certificates.published(estate, file)
        found.append(Published(pki.issuer_url(estate.names, role), content, status))
    return found


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_crl(pem.encode()).public_bytes(Encoding.DER)


def _configuration(servers: list[str], estate: Estate, folder: Path) -> str:
    # A CA that was renewed has two certificates of one name.
    names = {pki.certificate(estate, role).subject.rfc4514_string(): role for role in ("issuing", "issuing-2")}
    own = "\n".join(f'    "{name}" 1;' for name in names)
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/temporary-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  map_hash_bucket_size 512;
{temporary}
  types {{ application/pkix-crl crl; application/x-x509-ca-cert crt; text/html html; }}
  map $ssl_client_i_dn $admitted {{
    default 0;
{own}
  }}
{"".join(servers)}
}}
"""


def _http(vantage: str, at: Endpoint, answers: list[Published], folder: Path, double_escaping: bool) -> str:
    """A server for every host name; what it publishes lies in ``<vantage>/<host>/<path>``."""
    locations = ""
    for answer in answers:
        parts = urlsplit(answer.url)
        path = unquote(parts.path)
        file = folder / vantage / str(parts.hostname) / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
        if answer.status != 200:
            locations += f'    location = "{path}" {{ return {answer.status}; }}\n'
        elif answer.content[:1] == b"<":
            locations += f'    location = "{path}" {{ types {{ }} default_type text/html; }}\n'
    refusal = "" if double_escaping else '    if ($request_uri ~ "^[^?]*[+]") { return 404; }\n'
    return f"""  server {{
    listen {at.host}:{at.port};
    root {folder}/{vantage}/$host;
{refusal}{locations}  }}
"""


def _tls(name: str, at: Endpoint, estate: Estate, wanted: Tls, folder: Path) -> str:
    """Security level 0, or OpenSSL would not even load the short keys and old signatures that are to be found."""
    issuers = pki.issuers(estate, wanted.role)[:-1] if wanted.chain else ()
    chain = [wanted.role, *(issuers if wanted.sent is None else wanted.sent)]
    (folder / f"{name}.pem").write_text("".join(pki.pem(estate, role) for role in chain), encoding="ascii")
    key = pki.key(pki.issued(estate, wanted.role).key or wanted.role)
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    demand = ""
    if wanted.client_certificate:
        authorities = "".join(pki.pem(estate, role) for role in ("issuing", "root"))
        (folder / f"{name}-authorities.pem").write_text(authorities, encoding="ascii")
        demand = f"""    ssl_verify_client optional_no_ca;
    ssl_client_certificate {folder}/{name}-authorities.pem;
    if ($admitted = 0) {{ return 403; }}
"""
    return f"""  server {{
    listen {at.host}:{at.port} ssl;
    ssl_certificate {folder}/{name}.pem;
    ssl_certificate_key {folder}/{name}.key;
    ssl_protocols {" ".join(wanted.protocols)};
    ssl_ciphers DEFAULT@SECLEVEL=0;
{demand}    location / {{ return 200; }}
  }}
"""


def _answers(endpoint: Endpoint) -> bool:
    """Does the web server there answer a request?"""
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=1)
    try:
        connection.request("HEAD", "/")
        return connection.getresponse().status > 0
    except OSError:
        return False
    finally:
        connection.close()
