"""The real resolvers say what the lab's recording says: the same facts, from real messages and from made ones."""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import msgspec
import pytest

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.facts import Environment
from comgmt_audit.facts.dns import MOST_ALIASES, VIEWS, DnsAnswer, DnsAnswers
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab.dns import GONE, PROBE, Record
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW
from tests.lab.servers import bind
from tests.lab.servers.process import Endpoint

pytestmark = pytest.mark.skipif(bool(bind.missing()), reason=bind.missing() or "all is there")

CMG = "cmg.contoso.com"
DEPLOYMENT = "contosocmg.westeurope.cloudapp.azure.com"
WEB = Record(cname="web.contoso.com")
SILENT = Record(error="timeout")
CLOSED = Record(error="refused-connection")
NAMES = (CMG, DEPLOYMENT, "enterpriseenrollment.contoso.com", "enterpriseregistration.contoso.com")


ALL = (*NAMES, "enterpriseenrollment-s.manage.microsoft.com", "enterpriseregistration.windows.net")
ONE_ADDRESS = Record(addresses=("192.0.2.1",))

DEFECTS: dict[str, tuple[dict[str, Record], Record]] = {
    "gone": ({CMG: GONE}, GONE),
    "other target": ({CMG: Record(cname="contosocmg.cloudapp.net")}, GONE),
    "final dot missing": ({CMG: Record(cname=f"{DEPLOYMENT}.contoso.com")}, GONE),
    "dangling": ({DEPLOYMENT: GONE}, GONE),
    "no address": ({DEPLOYMENT: Record()}, GONE),
    "addresses instead of an alias": ({CMG: Record(addresses=("20.50.2.10", "2603:1036::1"))}, GONE),
    "long chain": (
        {
            CMG: Record(cname="a.contoso.com", ttl=60),
            "a.contoso.com": Record(cname="b.cloudapp.net"),
            "b.cloudapp.net": Record(cname=DEPLOYMENT, ttl=5),
        },
        GONE,
    ),
    "loop": ({CMG: WEB, "web.contoso.com": Record(cname=CMG)}, GONE),
    "alias of itself": ({CMG: Record(cname=CMG)}, GONE),
    "servers fail": ({CMG: Record(rcode="SERVFAIL")}, GONE),
    "servers of the target fail": ({DEPLOYMENT: Record(rcode="SERVFAIL")}, GONE),
    "refused": ({CMG: Record(rcode="REFUSED"), DEPLOYMENT: Record(rcode="REFUSED")}, GONE),
    "only a wildcard": ({CMG: WEB}, WEB),
    "wildcard with an address": ({CMG: ONE_ADDRESS}, ONE_ADDRESS),
    "a wildcard beside the records": ({NAMES[2]: GONE}, WEB),
    "the probe fails": ({}, Record(rcode="SERVFAIL")),
    "the probe is refused": ({}, Record(rcode="REFUSED")),
    "nobody listens": (dict.fromkeys(ALL, CLOSED), CLOSED),
    "the resolver is silent": (dict.fromkeys(ALL, SILENT), SILENT),
    "the probe times out": ({}, SILENT),
    "one name times out": ({CMG: SILENT}, GONE),
    "the target times out": ({DEPLOYMENT: SILENT}, GONE),
}
"""What a view can have: changed records, and the wildcard."""


def _estates() -> Iterator[tuple[str, Estate]]:
    """Two defects an estate, one outside and one inside, which halves the time."""
    yield "healthy", contoso()
    yield "healthy 2018", contoso_2018()
    defects = [*DEFECTS.items()]
    for (one, (outside, trap)), (other, (inside, inside_trap)) in zip(defects[::2], defects[1::2], strict=True):
        yield (
            f"outside {one}, inside {other}",
            contoso(
                dns__outside=outside, dns__outside_wildcard=trap, dns__inside=inside, dns__inside_wildcard=inside_trap
            ),
        )


ESTATES = dict(_estates())


@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_real_servers_and_the_recording_give_the_same_facts(estate, tmp_path):
    with bind.running(estate, tmp_path) as address:
        _record_from(address, estate, tmp_path / "live")
    live, made = _facts(tmp_path / "live"), _facts(record(estate, tmp_path / "made"))
    assert len(live) == 2 * len(designs.from_mapping(estate.design, "the lab's design").names_in_dns)
    assert live == made


@pytest.mark.parametrize(
    ("estate", "message"),
    [
        (contoso(dns__outside={CMG: CLOSED}), "answer of a whole server"),
        (contoso(dns__outside={CMG: Record(rcode="NOTIMP")}), "NOTIMP"),
        (contoso(dns__inside_wildcard=Record(rcode="NXDOMAIN", cname="web.contoso.com")), "without records"),
    ],
)
def test_what_no_server_can_answer_is_said(estate, message, tmp_path):
    with pytest.raises(ValueError, match=message), bind.running(estate, tmp_path):
        pass


def test_nothing_is_left_behind(tmp_path):
    with bind.running(contoso(), tmp_path) as address:
        pass
    for endpoint in (address.inside, address.outside):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((endpoint.host, endpoint.port), timeout=1)


def _facts(folder: Path) -> dict[str, DnsAnswer]:
    with contextlib.closing(Recording.load(folder)) as recording:
        environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
        answers = DnsAnswers.read(environment).answers
    return {id: msgspec.structs.replace(answer, resolver="") for id, answer in answers.items()}


def _record_from(address: bind.Address, estate: Estate, folder: Path) -> None:
    """Ask the servers as a recorder does; all names at once, for a timeout lasts a second."""
    design = designs.from_mapping(estate.design, "the lab's design")
    asked = [(view, name) for view in VIEWS for name in design.names_in_dns]
    with ThreadPoolExecutor(len(asked)) as pool, RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        lines = pool.map(lambda one: list(_lines(getattr(address, one[0]), one[1])), asked)
        for (view, name), found in zip(asked, lines, strict=True):
            writer.lines(
                f"dns/{view}/{name}",
                found,
                source="dns",
                request=f"CNAME, A and AAAA of {name}",
                about={"wildcard_probe": f"{_probe(name)}."},
            )


def _probe(name: str) -> str:
    return f"{PROBE}.{name.partition('.')[2]}"


def _lines(endpoint: Endpoint, name: str) -> Iterator[dict[str, str]]:
    """The chain name by name, the addresses of its end, and a name that nobody has published."""
    probe = _probe(name)
    for _ in range(MOST_ALIASES):
        line, reply = _ask(endpoint, name, "CNAME")
        yield line
        if reply is None or reply.rcode() != dns.rcode.NOERROR:
            break
        if not reply.answer:
            yield from (_ask(endpoint, name, type)[0] for type in ("A", "AAAA"))
            break
        name = reply.answer[0][0].to_text().removesuffix(".")
    yield _ask(endpoint, probe, "A")[0]


def _ask(endpoint: Endpoint, name: str, type: str) -> tuple[dict[str, str], dns.message.Message | None]:
    """One question over UDP, from a connected socket: only such a one learns that the port is closed."""
    line = {"query": f"{name}. {type}"}
    query = dns.message.make_query(f"{name}.", type)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((endpoint.host, endpoint.port))
        udp.setblocking(False)
        try:
            udp.send(query.to_wire())
            reply = dns.query.receive_udp(udp, expiration=time.time() + 1)[0]
        except dns.exception.Timeout:
            return line | {"error": "timeout"}, None
        except ConnectionRefusedError:
            return line | {"error": "refused-connection"}, None
    return line | {"wire": base64.b64encode(reply.to_wire()).decode()}, reply
