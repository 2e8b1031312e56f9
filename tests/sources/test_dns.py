"""Real resolvers, asked by the source, give the recording that the lab makes; trouble is told apart and has a cure."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from pathlib import Path
from typing import Any

import dns.message
import msgspec
import pytest

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.connections import Connections, Web
from comgmt_audit.facts import Environment
from comgmt_audit.facts.dns import DnsAnswer, DnsAnswers
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources import dns as source
from comgmt_audit.sources.session import Probe, Session
from tests.lab.defects.dns import DEFECTS
from tests.lab.dns import GONE, Record
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW
from tests.lab.servers import bind, process
from tests.lab.servers.process import Endpoint

needs_bind = pytest.mark.skipif(bool(bind.missing()), reason=bind.missing() or "all is there")

CMG = "cmg.contoso.com"
INSIDE = "10.0.0.10"
SERVED = (CMG, "contosocmg.westeurope.cloudapp.azure.com")
ALL = (
    *SERVED,
    *(f"{host}.contoso.com" for host in ("enterpriseenrollment", "enterpriseregistration")),
    *("enterpriseenrollment-s.manage.microsoft.com", "enterpriseregistration.windows.net"),
)
WEB = Record(cname="web.contoso.com")

ESTATES: dict[str, Estate] = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    **{defect.name: defect.estate() for defect in DEFECTS if not defect.estate().absences},
    "loop, and a dangling alias": contoso(
        dns__outside={CMG: WEB, "web.contoso.com": Record(cname=CMG)}, dns__inside={SERVED[1]: GONE}
    ),
    "refused, and the probe fails": contoso(
        dns__outside={CMG: Record(rcode="REFUSED")}, dns__inside_wildcard=Record(rcode="SERVFAIL")
    ),
    "one name is silent, and the resolver": contoso(
        dns__outside={CMG: Record(error="timeout")},
        dns__inside=dict.fromkeys(ALL, Record(error="timeout")),
        dns__inside_wildcard=Record(error="timeout"),
    ),
    "nobody listens": contoso(
        dns__inside=dict.fromkeys(ALL, Record(error="refused-connection")),
        dns__inside_wildcard=Record(error="refused-connection"),
    ),
}


def _session(estate: Estate, writer: RecordingWriter, addresses: dict[str, str], timeout: float) -> Session:
    return Session(
        design=designs.from_mapping(estate.design, "the lab's design"),
        connections=Connections(web=Web(addresses=addresses)),
        writer=writer,
        wanted=lambda id: "unwanted" not in id,
        progress=lambda *_: None,
        clock=lambda: NOW,
        timeout=timeout,
    )


def _recorded(estate: Estate, folder: Path, addresses: dict[str, str] | None = None, timeout: float = 2) -> Recording:
    design = designs.from_mapping(estate.design, "the lab's design")
    with RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        asyncio.run(source.record(_session(estate, writer, addresses or {}, timeout)))
    return Recording.load(folder)


def _probed(estate: Estate, addresses: dict[str, str] | None = None, timeout: float = 2) -> list[Probe]:
    writer = RecordingWriter(Path("never-written"), recorded_at=NOW, design=designs.Design())
    return list(asyncio.run(source.probe(_session(estate, writer, addresses or {}, timeout))))


def _at(endpoint: Endpoint) -> str:
    return f"{endpoint.host}:{endpoint.port}"


def _asked(estate: Estate, at: bind.Address) -> dict[str, str]:
    """The declared resolvers are reached where the lab's servers are."""
    names = estate.names
    return {f"{names.inside_resolver}:53": _at(at.inside), f"{names.outside_resolver}:53": _at(at.outside)}


def _facts(recording: Recording) -> dict[str, DnsAnswer]:
    environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
    return DnsAnswers.read(environment).answers


def _lines(recording: Recording, id: str) -> list[dict[str, Any]]:
    return [_line(line) for _, line in recording.lines(id, dict[str, str])]


def _line(line: dict[str, str]) -> dict[str, Any]:
    """A line as it is compared: of a message what a resolver decides (BIND also says that it owns the zone)."""
    if "wire" not in line:
        return line
    message = dns.message.from_wire(base64.b64decode(line["wire"]))
    answers = sorted(text for rrset in message.answer for text in rrset.to_text().splitlines())
    return {
        "query": line["query"],
        "id": message.id,
        "question": [rrset.to_text() for rrset in message.question],
        "rcode": message.rcode(),
        "answers": answers,
    }


@needs_bind
@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_real_servers_give_what_the_lab_records(estate, tmp_path):
    with bind.running(estate, tmp_path) as at:
        live = _recorded(estate, tmp_path / "live", _asked(estate, at))
    with contextlib.closing(Recording.load(record(estate, tmp_path / "lab"))) as lab:
        ids = lab.ids("dns/")
        assert ids
        assert live.ids("") == ids
        for id in ids:
            assert _lines(live, id) == _lines(lab, id), id
        kept = [msgspec.structs.replace(live.answered(id), answer=None) for id in ids]
        assert kept == [msgspec.structs.replace(lab.answered(id), answer=None) for id in ids]
        assert _facts(live) == _facts(lab)


@needs_bind
def test_two_recordings_are_alike_although_the_probe_is_a_new_name_each_time(tmp_path, monkeypatch):
    asked: list[str] = []
    token_hex = secrets.token_hex

    def token(size: int) -> str:
        asked.append(token_hex(size))
        return asked[-1]

    monkeypatch.setattr(secrets, "token_hex", token)
    estate = contoso(dns__outside_wildcard=WEB)
    with bind.running(estate, tmp_path) as at:
        found = [_recorded(estate, tmp_path / name, _asked(estate, at)) for name in ("first", "second")]
    assert found[0].manifest.observations == found[1].manifest.observations
    assert len(set(asked)) == len(asked) == 2 * len(found[0].ids(""))


@needs_bind
def test_the_first_resolver_that_answers_counts_and_may_have_a_port(tmp_path):
    with process.silence() as silent, bind.running(contoso(), tmp_path) as at:
        declared = [_at(silent), _at(at.outside)]
        estate = contoso(design__dns={"outside": declared})
        live = _recorded(estate, tmp_path / "live", timeout=0.4)
    assert live.ids("") == [f"dns/outside/{name}" for name in SERVED]
    for id in live.ids(""):
        assert live.answered(id).about["resolver"] == declared[1]
        assert live.answered(id).request.endswith(f" at {declared[1]}")


def test_where_no_resolver_answers_the_first_one_says_how(tmp_path):
    closed = process.free_endpoint()
    with process.silence() as silent:
        estate = contoso(design__dns={"inside": [_at(silent), _at(closed)]})
        live = _recorded(estate, tmp_path / "live", timeout=0.2)
    assert _lines(live, f"dns/inside/{CMG}") == [
        {"query": f"{CMG}. CNAME", "error": "timeout"},
        {"query": f"{source.PLACEHOLDER}.contoso.com. A", "error": "timeout"},
    ]
    assert live.answered(f"dns/inside/{CMG}").about["resolver"] == _at(silent)


@pytest.mark.parametrize("declared", ["dc01.contoso.com", "10.0.0.10:dns", "10.0.0.10:0", "", "[::1]x"])
def test_what_is_no_address_is_said(declared, tmp_path):
    estate = contoso(design__dns={"inside": [declared]})
    absence = _recorded(estate, tmp_path / "live").observation(f"dns/inside/{CMG}").absence
    assert absence
    assert (absence.reason.value, absence.cure) == ("unreadable", "Correct dns.inside in comgmt.toml.")
    assert [probe.answers for probe in _probed(estate)] == [False]


def test_what_is_no_name_is_said(tmp_path):
    name = "a" * 64 + ".contoso.com"
    estate = contoso(design__dns={"inside": [INSIDE]}, design__gateway={"service_name": name})
    absence = _recorded(estate, tmp_path / "live").observation(f"dns/inside/{name}").absence
    assert absence
    assert (absence.reason.value, absence.cure) == ("unreadable", "Correct the name in comgmt.toml.")


def test_what_is_not_wanted_or_not_declared_is_not_asked(tmp_path):
    unwanted = contoso(design__dns={"inside": ["no address"]}, design__gateway={"service_name": "unwanted.example"})
    assert _recorded(unwanted, tmp_path / "unwanted").ids("") == []
    assert _recorded(contoso(design__dns={}), tmp_path / "undeclared").ids("") == []
    assert _probed(contoso(design__dns={})) == []


@pytest.mark.parametrize(
    ("declared", "host", "port"),
    [
        ("10.0.0.10", "10.0.0.10", 53),
        (" 10.0.0.10:5353 ", "10.0.0.10", 5353),
        ("2001:DB8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_a_resolver_is_an_address_with_or_without_port(declared, host, port, tmp_path):
    writer = RecordingWriter(tmp_path / "never", recorded_at=NOW, design=designs.Design())
    session = _session(contoso(), writer, {}, 1)
    assert source.resolver(session, declared) == source.Resolver(declared, host, port)


@needs_bind
def test_doctor_is_told_of_each_resolver(tmp_path):
    estate = contoso()
    with bind.running(estate, tmp_path) as at:
        assert [probe.answers for probe in _probed(estate, _asked(estate, at))] == [True, True]
    closed, open_ = _probed(estate, _asked(estate, at)), "Open UDP and TCP port 53 from the scanner to the resolver"
    assert [probe.detail for probe in closed] == [f"{INSIDE}: nothing listens there", "1.1.1.1: nothing listens there"]
    assert all(not probe.answers and probe.cure.startswith(open_) for probe in closed)
    with process.silence() as silent:
        (probe, _) = _probed(estate, {f"{INSIDE}:53": _at(silent), "1.1.1.1:53": _at(at.outside)}, timeout=0.2)
    assert probe.detail == f"{INSIDE}: it does not answer in time"
