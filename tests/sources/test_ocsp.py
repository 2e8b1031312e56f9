"""Answers of a real responder are those that the lab records; who is asked about what, the certificates say."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit import design as designs
from comgmt_audit.recording import Reason, Recording, RecordingWriter
from comgmt_audit.sources import http
from comgmt_audit.sources import responders as source
from tests.lab import pki
from tests.lab.defects.authority_access import DEFECTS
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.names import NOW
from tests.lab.ocsp import refused
from tests.lab.servers import misbehaving, process
from tests.lab.servers import ocsp as server
from tests.sources import web_session

ESTATES: dict[str, Estate] = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    **{
        one.name: one.estate()
        for one in DEFECTS
        if one.name.startswith(("authority-access-responder", "authority-access-answer")) and "reached" not in one.name
    },
    "signed by the CA": contoso(ocsp__signer="public-issuing", ocsp__sent=()),
    "without an end": contoso(ocsp__days_after=None),
    "malformed": contoso(ocsp__refusal="malformed request"),
}
ID = f"ocsp/inside/{pki.thumbprint(contoso(), 'gateway')}/{pki.RESPONDER}"


def _led(at: process.Endpoint) -> dict[str, str]:
    return {"ocsp.northwindtrust.example:80": f"{at.host}:{at.port}"}


def _asked(folder: Path, at: process.Endpoint, roles: Iterable[str] = ("gateway", "public-issuing")) -> Recording:
    """What is answered about some certificates."""
    with RecordingWriter(folder / "live", recorded_at=NOW, design=designs.Design()) as writer:
        pems = [pki.pem(contoso(), role) for role in roles]
        writer.pem("certificate-file/a.cer", pems, source="certificate-files", request="file a.cer")
        web_session.run(source, writer, _led(at))
    return Recording.load(folder / "live")


@pytest.mark.parametrize("vantage", ["inside", "outside"])
@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_what_is_answered_is_what_the_lab_records(estate, vantage, tmp_path):
    with server.running(estate) as at:
        live = web_session.recorded(source, estate, tmp_path, _led(at.endpoint), vantage)
    with contextlib.closing(Recording.load(tmp_path / "lab")) as lab, contextlib.closing(live):
        ids = lab.ids(f"ocsp/{vantage}/")
        assert live.ids("ocsp/") == ids
        assert len(ids) == (0 if estate.design["baseline"] == "tutorial-2018" else 1)
        for id in ids:
            here, there = live.observation(id), lab.observation(id)
            assert msgspec.structs.replace(here, answer=None) == msgspec.structs.replace(there, answer=None)
            if there.answer:
                assert live.pem(id) == lab.pem(id)


def test_nobody_is_asked_about_what_names_no_responder_or_has_no_known_issuer(tmp_path, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(http, "witnesses", [lambda method, url: asked.append(f"{method} {url}")])
    with server.running(contoso()) as at:
        for number, roles in enumerate((("client", "issuing"), ("gateway",), ("gateway", "public-root"))):
            folder = tmp_path / str(number)
            folder.mkdir()
            _asked(folder, at.endpoint, roles).close()
        assert asked == []
        _asked(tmp_path, at.endpoint).close()
    assert asked == [f"POST {pki.RESPONDER}"]


def _answer(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), more) + body


def _saying(answer: bytes) -> misbehaving.Conversation:
    """Answers when all of the question has come: a connection that is closed before is reset."""

    def conversation(connection: socket.socket, _: threading.Event) -> None:
        asked = b""
        while (got := connection.recv(65536)) and not (asked := asked + got).partition(b"\r\n\r\n")[2]:
            continue
        connection.sendall(answer)

    return conversation


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (_answer(b"<html>"), Reason.UNREADABLE),
        (_answer(b""), Reason.UNREADABLE),
        (_answer(refused("try later")[:-1]), Reason.UNREADABLE),
        (_answer(b"", b"302 Found", b"Location: http://elsewhere.example/\r\n"), Reason.UNREACHABLE),
        (_answer(b"", b"405 Method Not Allowed"), Reason.UNREACHABLE),
        (_answer(b"", b"407 Proxy Authentication Required"), Reason.UNREACHABLE),
        (_answer(b"", b"500 Error"), Reason.UNREACHABLE),
        (_answer(b"", b"404 Not Found"), Reason.ABSENT),
        (_answer(refused("try later"))[:-1], Reason.UNREACHABLE),
        (_answer(bytes(source.LIMIT + 1)), Reason.UNREADABLE),
        (b"", Reason.UNREACHABLE),
    ],
    ids=["page", "empty", "damaged", "moved", "405", "proxy", "broken", "gone", "cut", "too large", "nothing"],
)
def test_what_is_no_answer_is_said_with_a_cure(tmp_path, sent, reason):
    with misbehaving.serving(_saying(sent)) as at:
        recording = _asked(tmp_path, at)
    with contextlib.closing(recording):
        absence = recording.observation(ID).absence
    assert absence
    assert absence.reason is reason
    assert absence.cure or reason is Reason.ABSENT


WEIRD = ("http://127.0.0.1:99999/", "http://", "http://[::1", "http://127.0.0.1:1/\n\x1b[31m", "http://u:p@127.0.0.1/")


def test_an_address_that_is_none_costs_the_others_nothing(tmp_path):
    """Of a certificate that somebody made by hand."""
    estate = contoso(certificates__gateway__ocsp_urls=(*WEIRD, pki.RESPONDER))
    with (
        server.running(estate) as at,
        RecordingWriter(tmp_path / "live", recorded_at=NOW, design=designs.Design()) as writer,
    ):
        pems = [pki.pem(estate, role) for role in ("gateway", "public-issuing")]
        writer.pem("certificate-file/a.cer", pems, source="certificate-files", request="file a.cer")
        web_session.run(source, writer, _led(at.endpoint))
    with contextlib.closing(Recording.load(tmp_path / "live")) as live:
        found = {one.about["url"]: one for one in live.manifest.observations if one.source == "ocsp"}
    assert found[pki.RESPONDER].answer
    absences = [found[url].absence for url in WEIRD]
    assert all(one and one.reason is Reason.UNREACHABLE and one.cure for one in absences)


def test_a_refusal_is_kept_as_what_came(tmp_path):
    with misbehaving.serving(_saying(_answer(refused("unauthorized")))) as at:
        recording = _asked(tmp_path, at)
    with contextlib.closing(recording):
        assert recording.pem(ID) == source.block(refused("unauthorized"))


@given(st.lists(st.sampled_from(pki.ROLES), max_size=4, unique=True))
def test_who_is_asked_about_follows_from_the_certificates(roles):
    questions = list(source._questions([pki.certificate(contoso(), role) for role in roles]))
    assert len(questions) == ("gateway" in roles and "public-issuing" in roles)


def test_among_issuers_of_one_name_the_key_decides():
    other = contoso(
        certificates__issuing_2__common_name="Northwind Trust TLS CA 1",
        certificates__issuing_2__subject=(("C", "US"), ("O", "Northwind Trust")),
    )
    known = [pki.certificate(other, role) for role in ("issuing-2", "gateway", "public-issuing")]
    (question,) = source._questions(known)
    (alone,) = source._questions(known[1:])
    assert question == alone
