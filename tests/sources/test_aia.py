"""Issuers' certificates fetched from a real web server are those that the lab records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit import design as designs
from comgmt_audit.recording import Reason, Recording, RecordingWriter
from comgmt_audit.sources import http
from comgmt_audit.sources import issuers as source
from tests.lab import pki
from tests.lab.certificates import IssuerFile
from tests.lab.defects.authority_access import DEFECTS
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.names import NOW
from tests.lab.servers import misbehaving, process, web
from tests.sources import web_session

needs_nginx = pytest.mark.skipif(bool(web.missing()), reason=web.missing() or "all is there")

NAMES = contoso().names
ISSUING = pki.issuer_url(NAMES, "issuing")
PAGE = "<html><title>Sign in</title></html>"
ESTATES: dict[str, Estate] = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    **{one.name: one.estate() for one in DEFECTS if not one.estate().absences and "not-reached" not in one.name},
    "in PEM": contoso(certificates__issuing_crt__encoding="PEM"),
    "a bundle": contoso(certificates__issuing_crt__roles=("issuing", "root")),
    "a bundle in PEM": contoso(certificates__issuing_crt=IssuerFile(roles=("issuing", "root"), encoding="PEM")),
    "moved": contoso(certificates__issuing_crt__inside=410, certificates__issuing_crt__outside=410),
}


def _fetched(folder: Path, addresses: dict[str, str], roles: Iterable[str] = ("client",)) -> Recording:
    """What is fetched for some certificates."""
    with RecordingWriter(folder / "live", recorded_at=NOW, design=designs.Design()) as writer:
        pems = [pki.pem(contoso(), role) for role in roles]
        writer.pem("certificate-file/a.cer", pems, source="certificate-files", request="file a.cer")
        web_session.run(source, writer, addresses)
    return Recording.load(folder / "live")


def _served(at: process.Endpoint) -> dict[str, str]:
    return dict.fromkeys(("pki.contoso.com:80", "crl.northwindtrust.example:80"), f"{at.host}:{at.port}")


@needs_nginx
@pytest.mark.parametrize("vantage", ["inside", "outside"])
@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_what_is_fetched_is_what_the_lab_records(estate, vantage, tmp_path):
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web") as at:
        live = web_session.recorded(source, estate, tmp_path, _served(getattr(at, vantage)), vantage)
    with contextlib.closing(Recording.load(tmp_path / "lab")) as lab, contextlib.closing(live):
        ids = lab.ids(f"aia/{vantage}/")
        assert live.ids("aia/") == ids
        assert len(ids) == len(estate.certificates.issuer_files)
        for id in ids:
            here, there = live.observation(id), lab.observation(id)
            assert msgspec.structs.replace(here, answer=None) == msgspec.structs.replace(there, answer=None)
            if there.answer:
                assert live.pem(id) == lab.pem(id)


@needs_nginx
def test_nobody_is_asked_for_what_no_certificate_names_and_nothing_but_http(tmp_path, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(http, "witnesses", [lambda method, url: asked.append(f"{method} {url}")])
    (tmp_path / "web").mkdir()
    with web.running(contoso(), tmp_path / "web") as at:
        _fetched(tmp_path, _served(at.inside), ("client", "root", "management")).close()
    assert asked == [f"GET {ISSUING}"]  # the ldap address of the same certificate is not asked for, a root names none


def _answer(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), more) + body


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (_answer(PAGE.encode()), Reason.UNREADABLE),
        (_answer(b"\xef\xbb\xbf\r\n" + PAGE.encode()), Reason.UNREADABLE),
        (_answer(b"", b"302 Found", b"Location: http://elsewhere.example/\r\n"), Reason.UNREACHABLE),
        (_answer(b"", b"403 Forbidden"), Reason.UNREACHABLE),
        (_answer(b"", b"407 Proxy Authentication Required"), Reason.UNREACHABLE),
        (_answer(b"", b"500 Error"), Reason.UNREACHABLE),
        (_answer(b"", b"404 Not Found"), Reason.ABSENT),
        (_answer(b"x")[:-1], Reason.UNREACHABLE),
        (_answer(bytes(source.LIMIT + 1)), Reason.UNREADABLE),
        (b"", Reason.UNREACHABLE),
    ],
    ids=["page", "page with a mark", "moved", "forbidden", "proxy", "broken", "gone", "cut", "too large", "nothing"],
)
def test_what_is_no_answer_is_said_with_a_cure(tmp_path, sent, reason):
    with misbehaving.serving(misbehaving.saying(sent)) as at:
        recording = _fetched(tmp_path, _served(at))
    with contextlib.closing(recording):
        absence = recording.observation(f"aia/inside/{ISSUING}").absence
    assert absence
    assert absence.reason is reason
    assert absence.cure or reason is Reason.ABSENT


@pytest.mark.parametrize("body", [b"", b"text", b"0\x82\x04\x00", bytes(5000)])
def test_what_is_no_certificate_is_kept_as_that_without_its_content(tmp_path, body):
    with misbehaving.serving(misbehaving.saying(_answer(body))) as at:
        recording = _fetched(tmp_path, _served(at))
    with contextlib.closing(recording):
        id = f"aia/inside/{ISSUING}"
        assert recording.pem(id) == b""
        assert recording.observation(id).about["container"] == "other"


def test_a_private_key_beside_a_certificate_is_not_kept():
    key = pki.key("client").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    container, blocks = source.certificates(pki.pem(contoso(), "client").encode() + key)
    assert (container, blocks) == ("certificate", [pki.pem(contoso(), "client")])
    assert source.certificates(key + pki.pem(contoso(), "client").encode())[1] == [pki.pem(contoso(), "client")]
    assert source.certificates(key) == ("other", [])


def test_of_a_bundle_no_more_is_taken_than_a_hierarchy_can_have():
    one = pki.certificate(contoso(), "issuing")
    _, blocks = source.certificates(pkcs7.serialize_certificates([one] * (source.MOST + 5), Encoding.DER))
    assert len(blocks) == source.MOST


@given(st.binary(max_size=400))
def test_any_bytes_are_read(body):
    assert source.certificates(body)[0] in {"certificate", "pkcs7", "other"}


@given(st.integers(0, 700), st.integers(0, 255))
def test_a_damaged_certificate_is_read_or_refused(position, value):
    der = bytearray(pki.der(contoso(), "issuing"))
    der[position % len(der)] = value
    container, blocks = source.certificates(bytes(der))
    assert (container == "other") == (not blocks)
