"""Handshakes with real servers record what the lab records; whatever else answers costs one absence, in time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comgmt_audit import baselines, recorder
from comgmt_audit import design as designs
from comgmt_audit.connections import Connections, Web
from comgmt_audit.facts import Environment
from comgmt_audit.facts.tls import ServedEndpoints
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources import tls as source
from comgmt_audit.sources.session import Session
from tests.lab import pki
from tests.lab.defects.tls import DEFECTS
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW
from tests.lab.servers import process, web

pytest.importorskip("OpenSSL", reason="not installed: pyOpenSSL (extra live)")

needs_nginx = pytest.mark.skipif(bool(web.missing()), reason=web.missing() or "all is there")

CMG, MP = "cmg.contoso.com", "mp01.corp.contoso.com"
EVERY = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def _answers(estate: Estate) -> bool:
    services = (estate.tls.gateway, estate.tls.distribution_point, estate.tls.management_point)
    return not any(one.inside or one.outside or one.inside_role for one in services) and not estate.absences


ESTATES: dict[str, Estate] = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    **{defect.name: defect.estate() for defect in DEFECTS if _answers(defect.estate())},
    "expired": contoso(certificates__gateway__days_after=-1),
    "own root": contoso(certificates__gateway__issuer="issuing"),
    "another name": contoso(certificates__gateway__common_name="www.contoso.com"),
    "with the root": contoso(tls__gateway__after=("public-issuing", "public-root")),
    "all protocols": contoso(tls__gateway__protocols=EVERY, tls__management_point__protocols=("TLSv1.2",)),
    "TLS 1.0 only": contoso(tls__gateway__protocols=("TLSv1",)),
    "a short key": contoso(certificates__gateway__key="rsa-1024"),
    "SHA-1": contoso(certificates__gateway__signature_hash="sha1"),
    "an elliptic curve": contoso(certificates__gateway__key="ec-p256"),
}


def _record(
    estate: Estate,
    folder: Path,
    addresses: dict[str, str],
    vantage: str = "inside",
    *,
    timeout: float = 5,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Recording:
    design = designs.from_mapping(estate.design, "the lab's design")
    with RecordingWriter(folder / "live", recorded_at=NOW, design=design) as writer:
        session = Session(
            design=design,
            connections=Connections(web=msgspec.convert({"vantage": vantage, "addresses": addresses}, Web)),
            writer=writer,
            wanted=wanted,
            progress=lambda *_: None,
            clock=lambda: NOW,
            timeout=timeout,
        )
        asyncio.run(source.record(session))
    return Recording.load(folder / "live")


def _absence(folder: Path, address: str, **rest: Any) -> tuple[str, str]:
    """What is kept where the CMG is at *address*."""
    live = _record(contoso(), folder, {f"{CMG}:443": address}, "outside", **rest)
    assert live.ids("") == [f"tls/outside/{CMG}:443"]
    absence = live.observation(f"tls/outside/{CMG}:443").absence
    assert absence
    assert absence.cure
    return absence.reason.value, absence.detail


@contextlib.contextmanager
def _server(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server on this machine that does *answer* to everybody who connects, each in a thread."""
    with socket.create_server((process.loopback_address(), 0)) as listening:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = listening.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                socket.create_connection((host, port), timeout=1).close()
            thread.join()


def _says(answer: bytes) -> Callable[[socket.socket], None]:
    """Whatever the client begins with, this comes."""

    def say(connection: socket.socket) -> None:
        connection.settimeout(3)
        connection.recv(1)
        connection.sendall(answer)
        connection.recv(9999)

    return say


@needs_nginx
@pytest.mark.parametrize("vantage", ["inside", "outside"])
@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_what_is_served_is_what_the_lab_records(estate, vantage, tmp_path):
    record(estate, tmp_path / "lab")
    names = designs.from_mapping(estate.design, "the lab's design").tls_names
    (tmp_path / "web").mkdir()
    (tmp_path / "cdp").mkdir()
    served = {service: web.of(estate, service) for service in ("gateway", "distribution_point", "management_point")}
    with (
        web.running(
            estate, tmp_path / "web", gateway=served["gateway"], management_point=served["management_point"]
        ) as at,
        web.running(estate, tmp_path / "cdp", gateway=served["distribution_point"]) as cdp,
    ):
        at_address = {"gateway": at.gateway, "management_point": at.management_point, "distribution_point": cdp.gateway}
        addresses = {f"{host}:443": f"{at_address[role].host}:{at_address[role].port}" for role, host in names.items()}
        live = _record(estate, tmp_path, addresses, vantage)
    with contextlib.closing(Recording.load(tmp_path / "lab")) as lab:
        ids = lab.ids(f"tls/{vantage}/")
        assert live.ids("") == ids
        assert len(ids) == len(names) - (vantage == "outside")
        for id in ids:
            assert live.observation(id).about == lab.observation(id).about
            assert live.observation(id) == lab.observation(id)  # request, time, and the digest of the answer
            assert live.pem(id) == lab.pem(id)


@needs_nginx
def test_what_was_served_is_judged_as_the_lab_says(tmp_path):
    estate = contoso(tls__gateway__after=())
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web", gateway=web.of(estate, "gateway")) as at:
        live = _record(estate, tmp_path, {f"{CMG}:443": f"{at.gateway.host}:{at.gateway.port}"}, "outside")
    environment = Environment(live, live.design, baselines.load("current"))
    (served,) = environment.fact(ServedEndpoints).of("gateway")
    assert [one.thumbprint for one in served.chain] == [pki.thumbprint(estate, "gateway")]
    assert (served.protocol, served.old_protocol) == ("TLSv1.3", "")


@needs_nginx
def test_the_name_is_sent_and_no_request_follows(tmp_path):
    """Seen from the other end: a server of Python's own that waits for a request after the handshake."""
    (tmp_path / "web").mkdir()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    seen: list[str | bytes] = []
    (tmp_path / "both.pem").write_text("".join(pki.pem(contoso(), role) for role in ("gateway", "public-issuing")))
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = pki.key("gateway").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    context.load_cert_chain(tmp_path / "both.pem", tmp_path / "key")
    context.sni_callback = lambda _, name, __: seen.append(name)

    def answer(connection: socket.socket) -> None:
        connection.settimeout(3)
        try:
            with context.wrap_socket(connection, server_side=True) as spoken:
                seen.append(spoken.recv(1))
        except OSError as error:  # the end without farewell, and the handshake with old protocols
            seen.append(type(error).__name__)

    with _server(answer) as address:
        live = _record(contoso(), tmp_path, {f"{CMG}:443": address}, "outside")
    assert live.pem(f"tls/outside/{CMG}:443") == (tmp_path / "both.pem").read_bytes()
    assert CMG in seen
    assert not [one for one in seen if isinstance(one, bytes) and one]


def test_where_nobody_listens_it_is_unreachable(tmp_path):
    closed = process.free_endpoint()
    reason, detail = _absence(tmp_path, f"{closed.host}:{closed.port}")
    assert (reason, "refused" in detail) == ("unreachable", True)


def test_a_name_that_does_not_resolve_is_unreachable(tmp_path):
    reason, detail = _absence(tmp_path, "no-such-host.invalid:443")
    assert (reason, "does not resolve" in detail) == ("unreachable", True)


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999999"])
def test_an_address_that_is_none_does_not_stop_the_source(address, tmp_path):
    assert _absence(tmp_path, address)[0] == "unreachable"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\x16\x02" * 9, b"\x00"])
def test_what_speaks_no_tls_is_unreadable(answer, tmp_path):
    with _server(_says(answer)) as at:
        assert _absence(tmp_path, at) == ("unreadable", "what answers there speaks no TLS")


def test_a_connection_that_is_broken_off_is_unreachable(tmp_path):
    with _server(lambda connection: connection.recv(1)) as at:
        reason, detail = _absence(tmp_path, at)
    assert (reason, "broken off" in detail) == ("unreachable", True)


def test_a_slow_handshake_ends_in_time(tmp_path):
    with _server(lambda connection: time.sleep(1.5)) as at:
        began = time.monotonic()
        assert _absence(tmp_path, at, timeout=0.3) == ("unreachable", "no handshake within 0.3 s")
        assert time.monotonic() - began < 1.4


def test_a_drip_of_bytes_ends_in_time(tmp_path):
    def drip(connection: socket.socket) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(40):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with _server(drip) as at:
        assert _absence(tmp_path, at, timeout=0.4) == ("unreachable", "no handshake within 0.4 s")


def test_bytes_without_end_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "LIMIT", 50_000)
    record_of_16_k = b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff" + bytes(0x4000 - 4)

    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(record_of_16_k)

    with _server(flood) as at:
        reason, _ = _absence(tmp_path, at)
    assert reason in {"unreadable", "unreachable"}  # OpenSSL may end it before the limit does


def test_an_alert_is_a_refusal(tmp_path):
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure (RFC 8446, section 6)
    with _server(_says(alert)) as at:
        reason, detail = _absence(tmp_path, at)
    assert (reason, "handshake failed" in detail) == ("unreachable", True)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x03\x00\x04abcd", b"\x16\x03\x03\x00\x00" * 40, b"\x15\x03"])
def test_damaged_records_are_an_absence(garbage, tmp_path):
    with _server(_says(garbage)) as at:
        assert _absence(tmp_path, at)[0] in {"unreachable", "unreadable"}


@needs_nginx
def test_a_chain_without_end_is_not_taken(tmp_path):
    estate = contoso(tls__gateway__after=("public-issuing",) * 120)
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web", gateway=web.of(estate, "gateway")) as at:
        reason, detail = _absence(tmp_path, f"{at.gateway.host}:{at.gateway.port}")
    assert (reason, bool(detail)) == ("unreachable", True)


@needs_nginx
def test_a_demand_for_a_client_certificate_does_not_hide_the_chain(tmp_path):
    """nginx demands one, and gets none: the handshake may fail, the certificates were sent before."""
    (tmp_path / "web").mkdir()
    with web.running(contoso(), tmp_path / "web", gateway=web.of(contoso(), "management_point")) as at:
        live = _record(contoso(), tmp_path, {f"{CMG}:443": f"{at.gateway.host}:{at.gateway.port}"}, "outside")
    assert live.observation(f"tls/outside/{CMG}:443").answer


def test_a_service_that_ends_the_handshake_for_want_of_a_certificate_is_still_seen(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_2
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = pki.key("gateway").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "own.pem").write_text(pki.pem(contoso(), "gateway"))
    (tmp_path / "roots.pem").write_text(pki.pem(contoso(), "root"))
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "key")
    context.load_verify_locations(tmp_path / "roots.pem")

    def answer(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with _server(answer) as at:
        live = _record(contoso(), tmp_path, {f"{CMG}:443": at}, "outside")
    one = live.observation(f"tls/outside/{CMG}:443")
    assert live.pem(one.id) == (tmp_path / "own.pem").read_bytes()
    assert (one.about["protocol"], one.about["old_protocol"]) == ("TLSv1.2", "")


def test_what_is_not_wanted_is_not_asked(tmp_path):
    assert _record(contoso(), tmp_path, {}, wanted=lambda _: False).ids("") == []


def test_without_the_library_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_library", lambda: None)
    live = _record(contoso(), tmp_path, {}, "outside")
    absence = live.observation(f"tls/outside/{CMG}:443").absence
    assert absence
    assert "comgmt-audit[live]" in absence.cure


def test_it_is_read_with_the_table_web():
    assert recorder.SOURCES["tls"] == "web"
    assert source.NAME in {one.NAME for one in recorder.sources(Connections())}
    assert source.NAME not in {one.NAME for one in recorder.sources(Connections(web=Web(use=False)))}


@pytest.mark.parametrize(
    ("reason", "turned_down"),
    [
        ("tlsv1 alert protocol version", True),
        ("unsupported protocol", True),
        ("wrong ssl version", True),
        ("dh key too small", False),
        ("unsafe legacy renegotiation disabled", False),
    ],
)
def test_what_fails_on_our_side_is_no_refusal_of_old_protocols(reason, turned_down, tmp_path, monkeypatch):
    """Or a service would be praised for what this computer's OpenSSL cannot do."""
    steps = iter([None, reason])
    monkeypatch.setattr(source, "_step", lambda *_: next(steps))

    def begin(connection: socket.socket) -> None:
        connection.settimeout(3)
        connection.sendall(b"\x16\x03\x01\x00\x01\x00")
        connection.recv(1)

    with _server(begin) as at:
        host, port = at.split(":")
        session = Session(
            design=designs.Design(),
            connections=Connections(web=Web(addresses={f"{CMG}:443": f"{host}:{port}"})),
            writer=RecordingWriter(tmp_path / "x", recorded_at=NOW, design=designs.Design()),
            wanted=lambda _: True,
            progress=lambda *_: None,
            clock=lambda: NOW,
            timeout=5,
        )
        with pytest.raises(source.NoHandshake) as caught:
            asyncio.run(source.handshake(session, CMG, "TLSv1"))
    assert caught.value.turned_down is turned_down
