"""Contoso's computers behind WinRM: WS-Management over HTTP(S) with Kerberos, and PowerShell remoting inside.

It executes nothing. It knows one script, ours, and answers it with what the estate's computer would print; whatever
else is sent is refused with an error that a test sees. The PowerShell side is psrpcore's, the messages are those of
[MS-WSMV], and over HTTP each is encrypted as section 2.2.9.1 says.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import os
import pickle
import random
import re
import ssl
import struct
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from msgspec import Struct

from comgmt_audit.sources import collect
from tests.lab.estate import Estate
from tests.lab.hosts import collections
from tests.lab.servers import process
from tests.lab.servers.admin_service import _certify as certify
from tests.lab.servers.process import Endpoint, accepts, free_endpoint

if TYPE_CHECKING:
    from psrpcore import ServerPipeline

_START = "import sys; sys.path[:0] = {path!r}; from tests.lab.servers import winrm; winrm.serve({folder!r})"
_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_SPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": _SHELL,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "p": "http://schemas.microsoft.com/powershell",
}
_TIMED_OUT, _DENIED, _NO_SHELL = 2150858793, 5, 2150858843
_LOST = {"constrained": "LanguageMode=ConstrainedLanguage", "jea": "The syntax is not supported by this runspace."}


class Address(Struct, frozen=True, kw_only=True):
    """Where it is, and how it behaves: what is written to *mode* holds from the next request on."""

    endpoint: Endpoint
    name: str
    ca_file: Path
    folder: Path
    tls: bool

    @property
    def addresses(self) -> dict[str, str]:
        """For ``connect.web.addresses``: the computer's name, reached here."""
        port = 5986 if self.tls else 5985
        return {f"{self.name.lower()}:{port}": f"{self.endpoint.host}:{self.endpoint.port}"}

    @property
    def requests(self) -> list[str]:
        """The last word of each action, in order; of a pipeline also the script's hash."""
        return (self.folder / "winrm-requests.txt").read_text(encoding="utf-8").splitlines()

    def behave(self, mode: str) -> None:
        """Another mode: ``well``, ``denied``, ``constrained``, ``jea``, ``slow``, ``endless``, or what is none.

        ``damaged by 7`` answers well but for some bytes, which 7 chooses.
        """
        (self.folder / "mode").write_text(mode, encoding="utf-8")


class _Setup(Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    keytab: str
    evidence: bytes
    tls: bool


def missing() -> str:
    """Which Python package is not installed, or nothing where all are."""
    absent = [name for name in ("pypsrp", "psrpcore", "gssapi") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (Python packages)" if absent else ""


@contextlib.contextmanager
def running(estate: Estate, host: str, folder: Path, *, keytab: Path, tls: bool = False) -> Iterator[Address]:
    """One of the estate's computers, until the block is left.

    :param keytab: the keys of ``WSMAN/<host>``.
    """
    setup = _Setup(endpoint=free_endpoint(), keytab=str(keytab), evidence=collections(estate)[host.lower()], tls=tls)
    certify(folder, host, setup.endpoint.host)
    (folder / "winrm.pickle").write_bytes(pickle.dumps(setup))
    (folder / "winrm-requests.txt").touch()
    command = [sys.executable, "-c", _START.format(path=[*sys.path], folder=str(folder))]
    ca_file = folder / "sms-issuing.pem"
    at = Address(endpoint=setup.endpoint, name=host, ca_file=ca_file, folder=folder, tls=tls)
    at.behave("well")
    with process.running(command, ready=lambda: accepts(setup.endpoint), folder=folder):
        yield at


# From here on: the server's own process.


def serve(folder: str) -> None:
    """Run the server that *folder* describes, until the process is killed."""
    place = Path(folder)
    setup: _Setup = pickle.loads((place / "winrm.pickle").read_bytes())
    os.environ |= {"KRB5_KTNAME": setup.keytab, "KRB5RCACHENAME": "none:"}

    class Connection(_Connection):
        service = Service(setup, place)

    server = ThreadingHTTPServer((setup.endpoint.host, setup.endpoint.port), Connection)
    if setup.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place / "provider.pem", place / "provider.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


class _Connection(BaseHTTPRequestHandler):
    """One TCP connection: Kerberos signs in the connection, and its context encrypts what goes over it."""

    protocol_version = "HTTP/1.1"
    service: Service

    def setup(self) -> None:
        super().setup()
        self._context: Any = None

    def log_message(self, *_: Any) -> None:
        """Not to the standard error."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._context is None and not self._signed_in():
            return
        if not body:
            self._answer(200, b"")
            return
        sealed = self.headers["Content-Type"].startswith("multipart/encrypted")
        if not sealed and not self.service.setup.tls:
            self._answer(400, b"")  # AllowUnencrypted is off
            return
        status, text = self.service.answer(self._opened(body) if sealed else body)
        if sealed and text.startswith(b"<s:"):
            self._answer(status, self._sealed(text), 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-'
                'encrypted";boundary="Encrypted Boundary"')  # fmt: skip
        else:
            self._answer(status, text, "application/soap+xml;charset=UTF-8")

    def _signed_in(self) -> bool:
        import spnego
        from spnego.exceptions import SpnegoError

        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Negotiate":
            self._answer(401, b"", **{"WWW-Authenticate": "Negotiate"})
            return False
        context = spnego.server(
            hostname="unspecified", service="WSMAN", protocol="kerberos", options=spnego.NegotiateOptions.wrapping_winrm
        )
        try:
            back = context.step(base64.b64decode(token)) or b""
        except SpnegoError as error:
            sys.stderr.write(f"{error}\n")
            self._answer(401, b"", **{"WWW-Authenticate": "Negotiate"})
            return False
        self._context = context
        self._back = base64.b64encode(back).decode()
        return True

    def _answer(self, status: int, body: bytes, kind: str = "", **headers: str) -> None:
        self.send_response(status)
        if self._context is not None and self._back:
            headers["WWW-Authenticate"] = f"Negotiate {self._back}"
            self._back = ""
        for name, value in headers.items():
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _opened(self, body: bytes) -> bytes:
        """[MS-WSMV] 2.2.9.1.1.2.1: a header part, and the signature's length, signature and sealed message."""
        sealed = body.partition(b"Content-Type: application/octet-stream\r\n")[2].removesuffix(
            b"--Encrypted Boundary--\r\n"
        )
        length = struct.unpack("<i", sealed[:4])[0]
        text: bytes = self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
        return text

    def _sealed(self, text: bytes) -> bytes:
        signature, sealed, padding = self._context.wrap_winrm(text)
        head = (
            "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(text) + padding}\r\n"
            "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        )
        parts = [head.encode(), struct.pack("<i", len(signature)), signature, sealed, b"--Encrypted Boundary--\r\n"]
        return b"".join(parts)


class Service:
    """The shells (runspace pools) of the computer, and what becomes of a request to one."""

    def __init__(self, setup: _Setup, folder: Path) -> None:
        self.setup = setup
        self._folder = folder
        self._shells: dict[str, _Shell] = {}
        self._lock = threading.Lock()

    def answer(self, message: bytes) -> tuple[int, bytes]:
        """Status and envelope for one envelope."""
        mode, _, seed = (self._folder / "mode").read_text(encoding="utf-8").partition(" by ")
        status, text = self._answered(message, mode)
        return status, _damaged(text, int(seed) + len(text)) if mode == "damaged" else text

    def _answered(self, message: bytes, mode: str) -> tuple[int, bytes]:
        if mode == "busy":
            return 503, b"The service is unavailable."
        if mode == "error page":
            return 500, b"<html>A proxy says no.</html>"
        if mode == "nonsense":
            return 200, b"<html>A proxy says hello.</html>"
        envelope = ET.fromstring(message)
        action = (envelope.findtext("s:Header/a:Action", "", _SPACES)).rpartition("/")[2]
        related = envelope.findtext("s:Header/a:MessageID", "", _SPACES)
        if action == "Create" and mode == "denied":
            return 500, _fault(related, _DENIED, "Access is denied.")
        with self._lock:
            body = self._body(action, envelope, mode)
        if isinstance(body, int):
            return 500, _fault(related, body, "The operation timed out." if body == _TIMED_OUT else "No such shell.")
        return 200, _envelope(related, body)

    def _body(self, action: str, envelope: ET.Element, mode: str) -> str | int:
        shell_id = envelope.findtext("s:Header/w:SelectorSet/w:Selector", "", _SPACES)
        if action == "Create":
            shell_id = str(uuid.uuid4()).upper()
            self._shells[shell_id] = _Shell(self.setup.evidence)
        shell = self._shells.get(shell_id)
        if shell is None:
            return _NO_SHELL
        if action == "Delete":
            del self._shells[shell_id]
        self._note(f"{action} {shell.take(action, envelope, mode)}".rstrip())
        if action == "Create":
            chosen = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
            created = f"<x:ResourceCreated><a:ReferenceParameters>{chosen}</a:ReferenceParameters></x:ResourceCreated>"
            return f"{created}<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>"
        if action == "Receive":
            return shell.stream(envelope)
        if action == "Command":
            made = envelope.find("s:Body/rsp:CommandLine", _SPACES)
            identity = "" if made is None else made.get("CommandId", "")
            return f"<rsp:CommandResponse><rsp:CommandId>{identity}</rsp:CommandId></rsp:CommandResponse>"
        return "" if action == "Delete" else f"<rsp:{action}Response/>"

    def _note(self, line: str) -> None:
        with (self._folder / "winrm-requests.txt").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


class _Shell:
    """A runspace pool that knows one script."""

    def __init__(self, evidence: bytes) -> None:
        from psrpcore import ServerRunspacePool

        self._pool = ServerRunspacePool()
        self._evidence = evidence

    def take(self, action: str, envelope: ET.Element, mode: str) -> str:
        """What the request brings for PowerShell; of a script that was to be run, its hash."""
        from psrpcore import CreatePipelineEvent, PSRPPayload, ServerPipeline, StreamType

        if action == "Signal":
            for pipeline in self._pool.pipeline_table.values():
                pipeline.stop()
            return ""
        command = envelope.find("s:Body/rsp:CommandLine", _SPACES)
        if command is not None:
            ServerPipeline(self._pool, uuid.UUID(command.get("CommandId", "")))
        for path in ("rsp:Shell/p:creationXml", "rsp:CommandLine/rsp:Arguments", "rsp:Send/rsp:Stream"):
            if text := envelope.findtext(f"s:Body/{path}", "", _SPACES):
                self._pool.receive_data(PSRPPayload(base64.b64decode(text), StreamType.default, None))
        noted = ""
        while event := self._pool.next_event():
            if isinstance(event, CreatePipelineEvent):
                noted = self._run(self._pool.pipeline_table[event.pipeline_id], mode)
        return noted

    def _run(self, pipeline: ServerPipeline, mode: str) -> str:
        """Answer the script as PowerShell would have printed its result; nothing is run."""
        sent: Any = pipeline.metadata
        (command,) = sent.commands
        text, switches = command.command_text, dict(command.parameters)
        pipeline.start()
        if mode == "endless":
            pipeline.write_output("x" * 200_000)
        elif mode in _LOST:
            _fail(pipeline, _LOST[mode], "ScriptsNotAllowed" if mode == "jea" else _LOST[mode])
        elif not command.is_script or text != collect.script() or switches != {collect.PIPELINE: True}:
            _fail(pipeline, "This lab runs nothing but the collect script.", "NotTheScript")
        elif mode != "slow":
            printed = self._evidence.decode()
            for part in re.findall(".{1,65536}", printed):
                pipeline.write_output(part)
            pipeline.complete()
        return hashlib.sha256(text.encode()).hexdigest()

    def stream(self, envelope: ET.Element) -> str | int:
        """What PowerShell has to say; WinRM's own time-out where it has nothing within the time that was asked for."""
        payload = self._pool.data_to_send(150_000)
        if payload is None:
            time.sleep(0.2)  # WinRM would wait as long as the request allows
            return _TIMED_OUT
        identity = f' CommandId="{str(payload.pipeline_id).upper()}"' if payload.pipeline_id else ""
        text = base64.b64encode(payload.data).decode()
        return f'<rsp:ReceiveResponse><rsp:Stream Name="stdout"{identity}>{text}</rsp:Stream></rsp:ReceiveResponse>'


def _damaged(text: bytes, seed: int) -> bytes:
    """With some bytes turned into others, in the same way for the same seed."""
    chance, found = random.Random(seed), bytearray(text)
    for _ in range(chance.choice((0, 0, 1, 3))):
        found[chance.randrange(len(found))] = chance.choice(b"<>&AB0\"'/=\x00")
    return bytes(found)


def _fail(pipeline: ServerPipeline, message: str, identity: str) -> None:
    """A terminating error."""
    from psrpcore.types import ErrorCategoryInfo, ErrorRecord, NETException, PSInvocationState

    record = ErrorRecord(
        Exception=NETException(Message=message), CategoryInfo=ErrorCategoryInfo(), FullyQualifiedErrorId=identity
    )
    pipeline._change_state(PSInvocationState.Failed, error=record)


def _envelope(related: str, body: str) -> bytes:
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _SPACES.items())
    header = f"<s:Header><a:RelatesTo>{escape(related)}</a:RelatesTo></s:Header>"
    return f"<s:Envelope {spaces}>{header}<s:Body>{body}</s:Body></s:Envelope>".encode()


def _fault(related: str, code: int, reason: str) -> bytes:
    detail = f'<f:WSManFault Code="{code}" Machine="lab"><f:Message>{reason}</f:Message></f:WSManFault>'
    return _envelope(
        related,
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>{reason}</s:Text></s:Reason>"
        f"<s:Detail>{detail}</s:Detail></s:Fault>",
    )
