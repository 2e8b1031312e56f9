"""Contoso's AdminService: the site's classes as OData over TLS, behind Kerberos with the domain controller's keys.

Its rows are those of the estate's recording, with the secret columns that a real site has beside them: who asks for
more than is needed gets them. NTLM is refused, as from version 2509 on; a bearer token is taken where one was agreed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import datetime as dt
import importlib.util
import ipaddress
import os
import pickle
import re
import ssl
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import Struct

from comgmt_audit.recording import RecordingWriter
from comgmt_audit.sources.negotiate import end_point
from tests.lab import site
from tests.lab.estate import Estate
from tests.lab.servers import process
from tests.lab.servers.faulty import Chance, Failure
from tests.lab.servers.process import Endpoint, accepts, free_endpoint

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Row = dict[str, Any]
CANARY = "CANARY-must-never-be-recorded"
_SECRETS = {
    "SMS_AAD_Application_Ex": ("SecretKey", "SecretKeyForSCP"),
    "SMS_AzureService": (
        "ServiceCertificate",
        "SerializedServiceCertificate",
        "ManagementCertificate",
        "ProxyCertificateConfig",
    ),
    "SMS_ClientSettings": ("AgentAccountPassword",),
}
_AGENTS = {13: "#AdminService.SMS_ClientPolicyAgentConfig", 22: "#AdminService.SMS_CloudAgentConfig"}
_LAZY = {
    "SMS_ClientSettings": ("SettingsID", "AgentConfigurations"),
    "SMS_ConfigurationPolicy": ("CI_ID", "SDMPackageXML"),
}
"""Key and lazy column of the classes that are read by item."""
_START = (
    "import sys; sys.path[:0] = {path!r}; from tests.lab.servers import admin_service; admin_service.serve({folder!r})"
)
_EQUAL = re.compile(r"(\w+) eq '([^']*)'")
_STARTS = re.compile(r"startswith\((\w+),'([^']*)'\) eq true")


class Address(Struct, frozen=True, kw_only=True):
    """Where it is: by its own name through ``addresses``, or by ``root``."""

    endpoint: Endpoint
    name: str
    ca_file: Path
    log: Path

    @property
    def root(self) -> str:
        """By address."""
        return f"https://{self.endpoint.host}:{self.endpoint.port}/AdminService"

    @property
    def addresses(self) -> dict[str, str]:
        """For ``connect.web.addresses``: the provider's name, reached here."""
        return {f"{self.name.lower()}:443": f"{self.endpoint.host}:{self.endpoint.port}"}

    @property
    def requests(self) -> list[str]:
        """Status and address of each request, in order."""
        return self.log.read_text(encoding="utf-8").splitlines()


class _Setup(Struct, frozen=True, kw_only=True):
    classes: dict[str, list[Row]]
    refused: frozenset[str]
    endpoint: Endpoint
    keytab: str
    bearer: str
    numbers_as_text: bool
    failures: tuple[Failure, ...]


class _Collected:
    """Takes the rows that the estate records."""

    def __init__(self) -> None:
        self.classes: dict[str, list[Row]] = {}

    def lines(self, id: str, rows: list[Row], **rest: Any) -> None:
        kind, _, name = id.partition("/")
        if kind == "site" and name.startswith("SMS_"):
            secrets: Row = dict.fromkeys(_SECRETS.get(name, ()), CANARY)
            self.classes[name] = [{**row, **_typed(row), **secrets} for row in rows]

    def json(self, *_: Any, **__: Any) -> None:
        """The default client settings are not the AdminService's."""


def _typed(row: Row) -> Row:
    """Embedded objects say their class, as OData does where there are several."""
    agents = row.get("AgentConfigurations")
    if not agents:
        return {}
    return {"AgentConfigurations": [{"@odata.type": _AGENTS[agent["AgentID"]], **agent} for agent in agents]}


def missing() -> str:
    """Which Python package is not installed, or nothing where all are."""
    absent = [name for name in ("starlette", "uvicorn", "gssapi") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (Python packages)" if absent else ""


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    keytab: Path | None = None,
    bearer: str = "",
    empty: bool = False,
    text: bool = False,
    failures: Iterable[Failure] = (),
) -> Iterator[Address]:
    """The estate's AdminService, until the block is left.

    :param keytab: the keys of ``HTTP/<site server>``; without it no Kerberos ticket is accepted.
    :param bearer: the token that is accepted.
    :param empty: role-based administration hides every row.
    :param text: numbers come as text.
    :param failures: statuses (``503``), ``slow`` and ``truncated`` JSON, for each request of somebody who is known.
    """
    collected = _Collected()
    site.record(estate, cast("RecordingWriter", collected))
    setup = _Setup(
        classes={name: [] if empty else rows for name, rows in collected.classes.items()},
        refused=frozenset(id.partition("/")[2] for id, absence in estate.absences.items() if absence),
        endpoint=free_endpoint(),
        keytab=str(keytab or ""),
        bearer=bearer,
        numbers_as_text=text,
        failures=tuple(failures),
    )
    _certify(folder, estate.names.site_server, setup.endpoint.host)
    (folder / "admin-service.pickle").write_bytes(pickle.dumps(setup))
    log = folder / "admin-service-requests.txt"
    log.touch()
    command = [sys.executable, "-c", _START.format(path=[*sys.path], folder=str(folder))]
    with process.running(command, ready=lambda: accepts(setup.endpoint), folder=folder):
        yield Address(
            endpoint=setup.endpoint, name=estate.names.site_server, ca_file=folder / "sms-issuing.pem", log=log
        )


def _certify(folder: Path, name: str, host: str) -> None:
    """A root like the site's own, and the provider's certificate under it."""
    now = dt.datetime.now(dt.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SMS Issuing")])

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=issuer,
            subject_name=subject,
            public_key=public,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=1),
            not_valid_after=now + dt.timedelta(days=7),
        )

    root = builder(issuer, root_key.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(host))])
    own = builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
    own = own.add_extension(names, critical=False)
    signed = {part: made.sign(root_key, hashes.SHA256()) for part, made in (("sms-issuing", root), ("provider", own))}
    for part, certificate in signed.items():
        (folder / f"{part}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "provider.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


# From here on: the server's own process.


def serve(folder: str) -> None:
    """Run the server that *folder* describes, until the process is killed."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    os.environ["KRB5RCACHENAME"] = "none:"  # a replay cache would stay behind
    place = Path(folder)
    setup: _Setup = pickle.loads((place / "admin-service.pickle").read_bytes())
    binding = end_point(ssl.PEM_cert_to_DER_cert((place / "provider.pem").read_text()))
    service = Service(setup, binding or b"", place / "admin-service-requests.txt")
    app = Starlette(routes=[Route("/AdminService/wmi/{rest:path}", service.answer, methods=["GET"])])
    uvicorn.run(
        app,
        host=setup.endpoint.host,
        port=setup.endpoint.port,
        ssl_certfile=place / "provider.pem",
        ssl_keyfile=place / "provider.key",
        log_level="warning",
        lifespan="off",
    )


class Service:
    """Answers one request at a time: who asks, and for what."""

    def __init__(self, setup: _Setup, binding: bytes, log: Path) -> None:
        self._setup, self._binding, self._log = setup, binding, log
        self._chance = Chance(setup.failures, lambda kind: kind.isdecimal() or kind in ("slow", "truncated"))

    async def answer(self, request: Request) -> Response:
        """401 until somebody is known; then the class, the item, or 404."""
        from starlette.responses import Response

        known, headers = self._who(request.headers.get("authorization", ""))
        status, body = self._body(request) if known else (401, b"")
        if known and (failure := self._chance.next()):
            status, body = await _failed(failure, status, body)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{status} {unquote(str(request.url.path))}?{unquote(request.url.query)}\n")
        kind = "application/xml" if body.startswith(b"<") else "application/json"
        return Response(body, status_code=status, headers=headers, media_type=kind)

    def _who(self, authorization: str) -> tuple[bool, dict[str, str]]:
        import gssapi
        from gssapi.raw.misc import GSSError

        scheme, _, text = authorization.partition(" ")
        if scheme == "Bearer" and self._setup.bearer:
            return text == self._setup.bearer, {}
        asked = {"WWW-Authenticate": "Negotiate"}
        if scheme != "Negotiate" or not self._setup.keytab:
            return False, asked
        try:
            credentials = gssapi.Credentials(usage="accept", store={"keytab": self._setup.keytab})
            bindings = gssapi.raw.ChannelBindings(application_data=self._binding)
            context = gssapi.SecurityContext(creds=credentials, usage="accept", channel_bindings=bindings)
            token = context.step(base64.b64decode(text))
        except (GSSError, binascii.Error) as error:
            sys.stderr.write(f"Rejecting authentication: {error}\n")
            return False, asked
        # Extended Protection: a ticket that is bound to no channel is refused.
        bound = context.complete and gssapi.RequirementFlag.channel_bound in context.actual_flags
        back = base64.b64encode(token or b"").decode("ascii")
        return bound, {"WWW-Authenticate": f"Negotiate {back}"} if bound else asked

    def _body(self, request: Request) -> tuple[int, bytes]:
        rest = request.path_params["rest"]
        if rest == "$metadata":
            return 200, self._metadata()
        name, bracket, key = rest.partition("(")
        rows = self._setup.classes.get(name)
        if rows is None:
            return _error("Resource not found for the segment.")
        if name in self._setup.refused:
            return _error("Access denied  WMI QUERY: ")
        if bracket:
            column = _LAZY.get(name, ("ID", ""))[0]
            found = [row for row in rows if str(row.get(column)) == key.rstrip(")").strip("'")]
            return (200, self._encoded(found[0])) if found else _error("No object with that key.")
        listed = [self._listed(name, row) for row in rows if _matches(row, request.query_params.get("$filter", ""))]
        wanted = request.query_params.get("$select", "")
        if wanted:
            chosen = [*wanted.split(","), "__LAZYPROPERTIES"]
            listed = [{column: row[column] for column in chosen if column in row} for row in listed]
        return 200, self._encoded({"@odata.context": "$metadata", "value": listed})

    def _listed(self, name: str, row: Row) -> Row:
        lazy = _LAZY.get(name, ("", ""))[1]
        return {
            **row,
            "@odata.etag": "FC1",
            "__LAZYPROPERTIES": [lazy] if lazy else [],
            **({lazy: None} if lazy else {}),
        }

    def _encoded(self, value: Any) -> bytes:
        return msgspec.json.encode(_as_text(value) if self._setup.numbers_as_text else value)

    def _metadata(self) -> bytes:
        types = []
        for name, rows in self._setup.classes.items():
            columns = dict.fromkeys(column for row in rows for column in row)
            inner = "".join(f'<Property Name="{column}" Type="Edm.String"/>' for column in columns)
            types.append(f'<EntityType Name="{name}">{inner}</EntityType>')
        return (
            '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
            '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="AdminService">'
            f"{''.join(types)}</Schema>"
            "</edmx:DataServices></edmx:Edmx>"
        ).encode()


async def _failed(failure: Failure, status: int, body: bytes) -> tuple[int, bytes]:
    if failure.kind == "slow":
        await asyncio.sleep(failure.seconds)
        return status, body
    if failure.kind == "truncated":
        return status, body[: len(body) // 2]
    return int(failure.kind), b""


def _error(message: str) -> tuple[int, bytes]:
    """Every refusal is a 404."""
    return 404, msgspec.json.encode({"error": {"code": "404", "message": message}})


def _matches(row: Row, condition: str) -> bool:
    if equal := _EQUAL.fullmatch(condition):
        return bool(row.get(equal.group(1)) == equal.group(2))
    if starts := _STARTS.fullmatch(condition):
        return str(row.get(starts.group(1))).startswith(starts.group(2))
    return not condition


def _as_text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_text(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
