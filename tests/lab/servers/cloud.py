"""Contoso's cloud: Microsoft Graph and Azure Resource Manager as one ASGI application, over real TLS, from the estate.

Three hosts on the loopback interface: Graph, Resource Manager, and a foreign one to which only a fault leads (a token
that is sent there is in the log of requests). The server is a process of its own, so that it takes no time from what is
measured, and is gone with all it holds when the block is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import importlib.util
import ipaddress
import pickle
import socket
import ssl
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from tests.lab.estate import Estate
from tests.lab.servers import cloud_tokens, process
from tests.lab.servers.cloud_arm import ResourceManager
from tests.lab.servers.cloud_faults import Bucket, Fault, Faults
from tests.lab.servers.cloud_graph import Graph
from tests.lab.servers.cloud_objects import objects
from tests.lab.servers.cloud_protocol import JSON, Answer, Asked, Refusal, target
from tests.lab.servers.cloud_tokens import BadToken, Claims, LabCredential
from tests.lab.servers.process import Endpoint, free_endpoint

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_READS = {"GET", "HEAD"}
_READING_POSTS = ("/$batch", "/checkNameAvailability")
_START = "import sys; sys.path[:0] = {path!r}; from tests.lab.servers import cloud; cloud.serve({folder!r})"


class Seen(Struct, frozen=True, kw_only=True):
    """One request as the server saw it; one in a ``$batch`` has a line of its own, after the batch's.

    ``root``: graph, arm or foreign. ``status`` 0: no answer was sent. ``read``: it cannot have changed anything.
    """

    root: str
    method: str
    address: str
    status: int
    read: bool
    in_batch: bool = False
    faults: tuple[str, ...] = ()
    token: str = ""
    """Its id; empty without a token that counts."""
    authorised: bool = False
    """Did it have an ``Authorization`` header?"""
    eventual: bool = False
    product: bool = False
    """Did comgmt-audit ask, by its User-Agent, and not a test?"""


class Address(Struct, frozen=True, kw_only=True):
    """Where the cloud is, and what it takes to ask it. Roots have no slash at the end."""

    graph_root: str
    arm_root: str
    foreign_root: str
    ca_file: Path
    estate: Estate
    roles: tuple[str, ...]
    scp: tuple[str, ...]
    log: Path

    @property
    def requests(self) -> list[Seen]:
        """Every request until now, in the order of the answers."""
        return [msgspec.json.decode(line, type=Seen) for line in self.log.read_bytes().splitlines()]

    def token(
        self,
        roles: Collection[str] | None = None,
        scp: Collection[str] | None = None,
        lifetime: float = 3600,
        audience: str = cloud_tokens.GRAPH,
        **more: str,
    ) -> str:
        """A new token with the permissions that :func:`running` was told, or with these."""
        roles, scp = self._permissions(roles, scp)
        return cloud_tokens.token(self.estate, roles, scp, lifetime, audience, **more)

    def credential(
        self, roles: Collection[str] | None = None, scp: Collection[str] | None = None, lifetime: float = 3600
    ) -> LabCredential:
        """A credential that gets such tokens, in azure-identity's place."""
        return LabCredential(self.estate, *self._permissions(roles, scp), lifetime=lifetime)

    def _permissions(
        self, roles: Collection[str] | None, scp: Collection[str] | None
    ) -> tuple[Collection[str], Collection[str]]:
        if scp is None:
            scp = self.scp if roles is None else ()
        return self.roles if roles is None else roles, scp


def missing() -> str:
    """Which Python package is not installed, or nothing where all are."""
    absent = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (Python packages of the extra 'test')" if absent else ""


class _Setup(Struct, frozen=True, kw_only=True):
    """What the server's process is told."""

    estate: Estate
    graph: Endpoint
    arm: Endpoint
    foreign: Endpoint
    faults: tuple[Fault, ...]
    seed: int
    intune: bool
    azure_role: bool
    bucket: Bucket | None


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    faults: Collection[Fault] = (),
    roles: Collection[str] = cloud_tokens.ROLES,
    scp: Collection[str] = (),
    intune: bool = True,
    azure_role: bool = True,
    bucket: Bucket | None = None,
    seed: int = 0,
) -> Iterator[Address]:
    """The estate's cloud, until the block is left.

    *roles* are the application permissions that the address gives tokens, or *scp* those of a signed-in user. Without
    *intune* the tenant is not set up for it; without *azure_role* the account sees no subscription. *bucket* throttles
    the directory. *seed* is that of the faults' probabilities.
    """
    setup = _Setup(
        estate=estate,
        graph=free_endpoint(),
        arm=free_endpoint(),
        foreign=free_endpoint(),
        faults=tuple(faults),
        seed=seed,
        intune=intune,
        azure_role=azure_role,
        bucket=bucket,
    )
    write_certificates(folder, [setup.graph.host, setup.arm.host, setup.foreign.host])
    (folder / "cloud.pickle").write_bytes(pickle.dumps(setup))
    log = folder / "cloud-requests.jsonl"
    log.touch()
    command = [sys.executable, "-c", _START.format(path=[*sys.path], folder=str(folder))]
    address = Address(
        graph_root=_root(setup.graph),
        arm_root=_root(setup.arm),
        foreign_root=_root(setup.foreign),
        ca_file=folder / "cloud-ca.pem",
        estate=estate,
        roles=tuple(roles),
        scp=tuple(scp),
        log=log,
    )
    with process.running(command, ready=lambda: _answers(setup.foreign), folder=folder):
        yield address
    wrong = [f"{one.method} {one.address}" for one in address.requests if one.product and not one.read]
    assert not wrong, f"comgmt-audit sent what is no read: {wrong}"


def _root(endpoint: Endpoint) -> str:
    return f"https://{endpoint.host}:{endpoint.port}"


def _answers(endpoint: Endpoint) -> bool:
    """Does somebody speak TLS there? It is the last one to be listened at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=1) as plain:
            context.wrap_socket(plain).close()
    except OSError:
        return False
    return True


def write_certificates(folder: Path, hosts: list[str]) -> None:
    """A CA of its own, valid by the clock of this machine: clients verify against it, and the lab's PKI is dated."""
    now = dt.datetime.now(dt.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab Cloud Root")])

    def builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=7))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )

    signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    root = (
        builder(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    names = [x509.IPAddress(ipaddress.ip_address(host)) for host in hosts]
    leaf = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab cloud")]), key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    (folder / "cloud-ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "cloud.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "cloud.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


# From here on: the server's own process.


def serve(folder: str) -> None:
    """Run the server that *folder* describes, until the process is killed."""
    import uvicorn

    place = Path(folder)
    setup: _Setup = pickle.loads((place / "cloud.pickle").read_bytes())
    with (place / "cloud-requests.jsonl").open("a", buffering=1, encoding="utf-8") as log:
        gc.disable()
        app = application(setup, log)
        gc.freeze()  # 100,000 users are there to stay: nobody need look through them again
        gc.enable()
        config = uvicorn.Config(
            app,
            ssl_certfile=place / "cloud.pem",
            ssl_keyfile=place / "cloud.key",
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=60,
        )
        listening = [_listening(endpoint) for endpoint in (setup.graph, setup.arm, setup.foreign)]
        uvicorn.Server(config).run(sockets=listening)


def _listening(endpoint: Endpoint) -> socket.socket:
    # asyncio turns off Nagle's algorithm (which costs 40 ms an answer) only where the protocol is named.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((endpoint.host, endpoint.port))
    return listening


def application(setup: _Setup, log: TextIO) -> ASGIApp:
    """The three hosts as one ASGI application."""
    from starlette.applications import Starlette
    from starlette.routing import Host

    held = objects(setup.estate)
    faults = Faults(setup.faults, setup.seed, _root(setup.foreign))
    graph = Graph(held, _root(setup.graph), provisioned=setup.intune, bucket=setup.bucket)
    everything = Claims(aud="", tid="", exp=0, uti="", roles=cloud_tokens.ROLES)
    graph.prepare(lambda address: _asked("GET", "", address, everything, eventual=True))
    services: list[tuple[Endpoint, Service]] = [
        (setup.graph, GraphService(setup, faults, log, graph)),
        (setup.arm, ArmService(setup, faults, log, ResourceManager(held, _root(setup.arm), role=setup.azure_role))),
        (setup.foreign, ForeignService(setup, faults, log)),
    ]
    return _KeepTransport(Starlette(routes=[Host(endpoint.host, service) for endpoint, service in services]))


def _asked(method: str, root: str, address: str, claims: Claims, **more: Any) -> Asked:
    path, options = target(address)
    return Asked(method=method, root=root, path=path, options=options, claims=claims, **more)


class _KeepTransport:
    """Hands the connection on to the endpoint, which may have to break it: uvicorn's own ``send`` has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["lab.transport"] = getattr(send, "__self__").transport  # noqa: B009 -- of a bound method
        await self._app(scope, receive, send)


_NOBODY = Claims(aud="", tid="", exp=0, uti="")


class Service(ABC):
    """One host: reads the request, lets faults happen, writes the log, and sends what :meth:`respond` says."""

    name = ""
    audiences: tuple[str, ...] = ()
    inner_error = True

    def __init__(self, setup: _Setup, faults: Faults, log: TextIO) -> None:
        self._tenant_id, self._faults, self._log = setup.estate.names.tenant_id, faults, log
        self.root = _root(getattr(setup, self.name))

    @abstractmethod
    def respond(self, asked: Asked) -> tuple[Answer, list[Seen]]:
        """The answer, and what the log says of the requests within this one. Raises Refusal."""

    def check(self, asked: Asked) -> None:  # noqa: B027 -- one host has nothing to look at there
        """What is looked at before the token. Raises Refusal."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request
        from starlette.responses import Response

        request = Request(scope, receive)
        address = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        eventual = request.headers.get("consistencylevel", "").lower() == "eventual"
        body = await request.body()
        product = request.headers.get("user-agent", "").startswith("comgmt-audit/")
        asked = _asked(request.method, self.root, address, _NOBODY, eventual=eventual, body=body, product=product)
        faults = self._faults.due(asked.address)
        for fault in faults:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds or 0)
        kinds = {fault.kind for fault in faults}
        answer, asked, inner = self._answer(asked, request.headers.get("authorization", ""), faults)
        sent = answer.status if "reset" not in kinds else 0
        seen = self._seen(asked, sent, faults, authorised="authorization" in request.headers)
        for line in (seen, *inner):
            self._log.write(msgspec.json.encode(line).decode() + "\n")
        if "reset" in kinds:
            await _reset(scope["lab.transport"], receive)
        elif "cut" in kinds:
            await _cut(answer, scope["lab.transport"], receive, send)
        else:
            await Response(answer.body, answer.status, dict(answer.headers))(scope, receive, send)

    def _answer(self, asked: Asked, header: str, faults: list[Fault]) -> tuple[Answer, Asked, list[Seen]]:
        """The answer, the request with whom it is from, and what the log says of requests within it."""
        try:
            self.check(asked)
            asked = msgspec.structs.replace(asked, claims=self._claims(header))
            self._faults.before(faults, asked.claims)
            answer, inner = self.respond(asked)
        except Refusal as refusal:
            return refusal.answer(inner=self.inner_error), asked, []
        return self._faults.after(faults, asked, answer), asked, inner

    def _claims(self, header: str) -> Claims:
        try:
            return cloud_tokens.read(header, self._tenant_id, (*self.audiences, self.root))
        except BadToken as error:
            challenge = f'Bearer realm="", authorization_uri="{_AUTHORISE}"'
            raise Refusal(401, "InvalidAuthenticationToken", str(error), {"WWW-Authenticate": challenge}) from error

    def _seen(
        self, asked: Asked, status: int, faults: list[Fault], *, authorised: bool, in_batch: bool = False
    ) -> Seen:
        return Seen(
            root=self.name,
            method=asked.method,
            address=asked.address,
            status=status,
            read=asked.method in _READS or (asked.method == "POST" and asked.path.endswith(_READING_POSTS)),
            in_batch=in_batch,
            faults=tuple(fault.kind for fault in faults),
            token=asked.claims.uti,
            authorised=authorised,
            eventual=asked.eventual,
            product=asked.product,
        )


_AUTHORISE = "https://login.microsoftonline.com/common/oauth2/authorize"


class GraphService(Service):
    """Microsoft Graph."""

    name = "graph"
    audiences = (cloud_tokens.GRAPH, "00000003-0000-0000-c000-000000000000")

    def __init__(self, setup: _Setup, faults: Faults, log: TextIO, graph: Graph) -> None:
        super().__init__(setup, faults, log)
        self._graph = graph

    def respond(self, asked: Asked) -> tuple[Answer, list[Seen]]:
        """The answer. Raises Refusal."""
        return self._batch(asked) if asked.path.endswith("/$batch") else (self._graph.answer(asked), [])

    def _batch(self, asked: Asked) -> tuple[Answer, list[Seen]]:
        """The answers to the requests in it, the last one first: the order is the server's to choose."""
        if asked.method != "POST":
            raise Refusal(405, "Request_BadRequest", "A batch is sent by POST.", {"Allow": "POST"})
        responses, inner = [], []
        for id, item in self._graph.batched(asked):
            faults = self._faults.due(item.address, inner=True)
            answer = self._item(item, faults)
            inner.append(self._seen(item, answer.status, faults, authorised=True, in_batch=True))
            is_json = answer.headers["Content-Type"].startswith("application/json")
            body = _document(answer.body) if is_json else answer.body.decode()
            responses.append({"id": id, "status": answer.status, "headers": dict(answer.headers), "body": body})
        return Answer(body=msgspec.json.encode({"responses": responses[::-1]}), headers=JSON), inner

    def _item(self, asked: Asked, faults: list[Fault]) -> Answer:
        try:
            self._faults.before(faults, asked.claims)
            if asked.path.endswith("/$batch"):
                raise Refusal(400, "BadRequest", "A batch cannot hold another one.")
            return self._faults.after(faults, asked, self._graph.answer(asked))
        except Refusal as refusal:
            return refusal.answer(inner=True)


def _document(body: bytes) -> Any:
    """The JSON of an item, or its text where a fault cut it short."""
    try:
        return msgspec.Raw(msgspec.json.format(body, indent=0))
    except msgspec.DecodeError:
        return body.decode(errors="replace")


class ArmService(Service):
    """Azure Resource Manager."""

    name = "arm"
    audiences = (cloud_tokens.ARM, "https://management.core.windows.net")
    inner_error = False

    def __init__(self, setup: _Setup, faults: Faults, log: TextIO, manager: ResourceManager) -> None:
        super().__init__(setup, faults, log)
        self._manager = manager

    def check(self, asked: Asked) -> None:
        """The version of the API."""
        self._manager.check_version(asked)

    def respond(self, asked: Asked) -> tuple[Answer, list[Seen]]:
        """The answer. Raises Refusal."""
        return self._manager.answer(asked), []


class ForeignService(Service):
    """Somebody else, who would be glad of a token: takes every request, and answers an empty page."""

    name = "foreign"

    def respond(self, asked: Asked) -> tuple[Answer, list[Seen]]:
        """An empty page."""
        return Answer(body=msgspec.json.encode({"@odata.context": asked.root + asked.path, "value": []})), []

    def _claims(self, header: str) -> Claims:
        return msgspec.structs.replace(_NOBODY, uti="leaked" if header else "")


async def _reset(transport: Any, receive: Receive) -> None:
    """Close with SO_LINGER of zero: the peer gets a reset (socket(7))."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _cut(answer: Answer, transport: Any, receive: Receive, send: Send) -> None:
    """Promise the whole body, send half of it, and hang up."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    transport.close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
