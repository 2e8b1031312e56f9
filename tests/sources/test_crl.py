"""Lists fetched from a real web server are those that the lab records; which ones, the certificates say."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts import Environment
from comgmt_audit.facts.revocation import Crl, Crls
from comgmt_audit.recording import Absence, Form, Reason, Recording, RecordingWriter
from comgmt_audit.sources import certificates, hosts, http
from comgmt_audit.sources import directory as ldap
from comgmt_audit.sources import revocation as source
from tests.lab import pki
from tests.lab.certificates import RevocationList
from tests.lab.defects.revocation import DEFECTS
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.names import NOW
from tests.lab.servers import process, web
from tests.sources import web_session

needs_nginx = pytest.mark.skipif(bool(web.missing()), reason=web.missing() or "all is there")

NAMES = contoso().names
ROOT, ISSUING = pki.crl_url(NAMES, "root"), pki.crl_url(NAMES, "issuing")
DELTA = pki.crl_url(NAMES, "issuing", delta=True)
PUBLIC = {pki.crl_url(NAMES, role) for role in ("public-root", "public-issuing")}
PAGE = "<html><title>Sign in</title></html>"

ESTATES: dict[str, Estate] = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    **{defect.name: defect.estate() for defect in DEFECTS if not defect.estate().absences},
    "root gone": contoso(certificates__root_crl__inside=404, certificates__root_crl__outside=410),
    "delta gone": contoso(certificates__issuing_delta__inside=404, certificates__issuing_delta__outside=404),
    "issuing gone": contoso(certificates__issuing_crl__inside=404, certificates__issuing_crl__outside=404),
    "a page in place of a list": contoso(certificates__issuing_crl__text=PAGE),
    "wrong delta": contoso(certificates__issuing_delta__place="issuing-2+"),
    "forged": contoso(certificates__issuing_crl__signing_key="issuing-2"),
}


def _fetched(folder: Path, pem: str, addresses: dict[str, str]) -> Recording:
    """What is fetched for one certificate."""
    with RecordingWriter(folder / "live", recorded_at=NOW, design=designs.Design()) as writer:
        writer.pem("certificate-file/a.cer", [pem], source="certificate-files", request="file a.cer")
        web_session.run(source, writer, addresses)
    return Recording.load(folder / "live")


def _served(at: web.Address, vantage: str = "inside") -> dict[str, str]:
    endpoint = getattr(at, vantage)
    hosts = ("pki.contoso.com:80", "pki.corp.local:80", "crl.northwindtrust.example:80")
    return dict.fromkeys(hosts, f"{endpoint.host}:{endpoint.port}")


def _urls(recording: Recording, vantage: str = "inside") -> set[str]:
    return {id.removeprefix(f"crl/{vantage}/") for id in recording.ids("crl/")}


def _crls(recording: Recording) -> dict[tuple[str, str], Crl | str]:
    environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
    found = Crls.read(environment).found
    return {key: one.why if isinstance(one, FactUnavailable) else one for key, one in found.items()}


def _names_the_delta(part: RevocationList, vantage: str) -> bool:
    return getattr(part, vantage) == 200 and part.freshest and not part.text


@needs_nginx
@pytest.mark.parametrize("vantage", ["inside", "outside"])
@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_what_is_fetched_is_what_the_lab_records(estate, vantage, tmp_path):
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web") as at:
        live = web_session.recorded(source, estate, tmp_path, _served(at, vantage), vantage)
    with contextlib.closing(Recording.load(tmp_path / "lab")) as lab:
        own = {pki.crl_url(estate.names, role) for role in ("root", "issuing")}
        own |= PUBLIC & _urls(lab, vantage)
        if _names_the_delta(estate.certificates.issuing_crl, vantage):
            own.add(pki.crl_url(estate.names, "issuing", delta=True))
        assert _urls(live, vantage) == own
        served = {answer.url: answer.content for answer in web.published(estate, vantage)}
        for id in [f"crl/{vantage}/{url}" for url in own if lab.has(f"crl/{vantage}/{url}")]:
            here, there = live.observation(id), lab.observation(id)
            size = {"bytes": len(served[here.about["url"]])} if here.answer else {}  # the lab counts those of the PEM
            assert here.about == there.about | size
            assert [here.source, here.request, here.at] == [there.source, there.request, there.at]
            assert here.absence == there.absence
            if here.answer:
                assert live.pem(id) == lab.pem(id)
        common = _crls(live).keys() & _crls(lab).keys()
        assert common
        assert {key: _crls(live)[key] for key in common} == {key: _crls(lab)[key] for key in common}


@needs_nginx
def test_a_plus_is_asked_for_as_it_stands(tmp_path, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(http, "witnesses", [lambda method, url: asked.append(f"{method} {url}")])
    (tmp_path / "web").mkdir()
    with web.running(contoso(), tmp_path / "web", double_escaping=False) as at:
        live = web_session.recorded(source, contoso(), tmp_path, _served(at))
    assert f"GET {DELTA}" in asked
    absence = live.observation(f"crl/inside/{DELTA}").absence
    assert absence == Absence(reason=Reason.ABSENT, detail="HTTP 404", status=404)


@needs_nginx
@pytest.mark.parametrize("status", [301, 403, 407, 500, 503])
def test_what_may_be_a_proxy_is_no_absence_of_the_list(status, tmp_path):
    estate = contoso(certificates__root_crl__inside=status)
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web") as at:
        live = _fetched(tmp_path, pki.pem(estate, "issuing"), _served(at))
    one = live.observation(f"crl/inside/{ROOT}")
    assert one.absence
    assert (one.absence.reason.value, one.absence.detail) == ("unreachable", f"HTTP {status}")
    assert one.about == {"vantage": "inside", "url": ROOT, "status": status}
    assert one.absence.cure


@needs_nginx
def test_more_than_the_limit_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "LIMIT", 100)
    (tmp_path / "web").mkdir()
    with web.running(contoso(), tmp_path / "web") as at:
        live = _fetched(tmp_path, pki.pem(contoso(), "issuing"), _served(at))
    absence = live.observation(f"crl/inside/{ROOT}").absence
    assert absence
    assert (absence.reason.value, absence.status) == ("unreadable", 200)
    assert "larger than 100 bytes" in absence.detail


def test_where_nobody_listens_the_list_is_unreachable(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    closed = process.free_endpoint()
    addresses = {"pki.contoso.com:80": f"{closed.host}:{closed.port}"}
    one = _fetched(tmp_path, pki.pem(contoso(), "issuing"), addresses).observation(f"crl/inside/{ROOT}")
    assert one.absence
    assert one.absence.reason.value == "unreachable"
    assert one.absence.detail.startswith("pki.contoso.com: ")
    assert one.about == {"vantage": "inside", "url": ROOT}


@pytest.mark.parametrize("url", ["http://", "http://[::1]/a.crl", "http://a:b/a.crl", "http://u:p@127.0.0.1/a.crl"])
def test_an_address_that_is_none_does_not_stop_the_source(url, tmp_path):
    pem = pki.pem(contoso(certificates__issuing__crl_urls=(url,)), "issuing")
    absence = _fetched(tmp_path, pem, {}).observation(f"crl/inside/{url}").absence
    assert absence
    assert absence.reason.value == "unreachable"


@pytest.mark.parametrize("urls", [("ldap:///CN=x",), ("https://pki.contoso.com/a.crl",), ("file://CM01/a.crl",), ()])
def test_only_http_is_fetched(urls, tmp_path):
    pem = pki.pem(contoso(certificates__issuing__crl_urls=urls), "issuing")
    assert _fetched(tmp_path, pem, {}).ids("crl/") == []


def test_what_is_not_wanted_is_not_fetched(tmp_path):
    assert web_session.recorded(source, contoso(), tmp_path, {}, wanted=lambda _: False).ids("crl/") == []


@needs_nginx
def test_a_list_in_pem_is_kept_like_one_in_der(tmp_path):
    text = pki.crl(contoso(), contoso().certificates.root_crl)
    estate = contoso(certificates__root_crl__text=text)
    (tmp_path / "web").mkdir()
    with web.running(estate, tmp_path / "web") as at:
        live = _fetched(tmp_path, pki.pem(estate, "issuing"), _served(at))
    assert live.pem(f"crl/inside/{ROOT}") == text.encode()
    assert x509.load_pem_x509_crl(text.encode()).public_bytes(Encoding.PEM) == text.encode()


def test_damaged_evidence_is_passed_over(tmp_path):
    block = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
    with RecordingWriter(tmp_path / "live", recorded_at=NOW, design=designs.Design()) as writer:
        rest = {"source": "x", "request": "x"}
        writer.pem("certificate-file/a.cer", [block.format("!"), block.format("AAAA")], **rest)
        writer.keep(
            "directory/aia", Form.LINES, b'{"cACertificate": 1}\n{"cACertificate": ["AA==", "\\u00e4"]}\nx\n', **rest
        )
        writer.json("host/a/certificates", {"stores": [{"certificates": [{"pem": block.format("MA")}]}]}, **rest)
        web_session.run(source, writer, {})
    assert Recording.load(tmp_path / "live").ids("crl/") == []


def test_it_comes_after_the_sources_that_bring_certificates():
    assert set(source.AFTER) == {certificates.NAME, hosts.NAME, ldap.NAME}
