"""Reading DNS messages, also hostile ones, and comparing names label by label."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.design import dns_name, from_mapping
from comgmt_audit.errors import NotRecorded, Unreadable
from comgmt_audit.facts.dns import DnsAnswer, DnsAnswers, Status, _Line, _reply, is_below, labels, same
from tests.lab.dns import GONE, Record, line, message, walk

ID = "dns/outside/cmg.contoso.com"
TARGET = "contosocmg.westeurope.cloudapp.azure.com"
ZONE = {"cmg.contoso.com": Record(cname=TARGET, ttl=600), TARGET: Record(addresses=("20.50.2.10", "2603:1::10"))}


@pytest.fixture
def answered(observed: Callable[..., Any]) -> Callable[..., DnsAnswer]:
    """The answer that lines add up to."""

    def answer(lines, about=None):
        return observed({ID: list(lines)}, about).fact(DnsAnswers).of("outside", "CMG.contoso.com.")

    return answer


def test_a_chain_is_followed_to_its_addresses(answered):
    answer = answered(walk(ZONE, "cmg.contoso.com"))
    assert (answer.status, answer.targets) == (Status.ANSWERED, (TARGET,))
    assert answer.chain[0].ttl == 600
    assert answer.addresses == ("20.50.2.10", "2603:1::10")


def test_a_resolver_that_only_answered_the_address_question_tells_the_chain_too(answered):
    answer = answered([line(ZONE, "cmg.contoso.com", "A")])
    assert (answer.targets, answer.addresses) == ((TARGET,), ("20.50.2.10",))


@pytest.mark.parametrize(
    ("record", "status", "absent", "unknown"),
    [
        (GONE, Status.NXDOMAIN, True, False),
        (Record(), Status.NODATA, True, False),
        (Record(rcode="SERVFAIL"), Status.SERVFAIL, False, True),
        (Record(rcode="NOTIMP"), Status.SERVFAIL, False, True),
        (Record(rcode="REFUSED"), Status.REFUSED, False, True),
        (Record(error="timeout"), Status.TIMEOUT, False, True),
        (Record(error="refused-connection"), Status.UNREACHABLE, False, True),
        (Record(error="something new"), Status.UNREACHABLE, False, True),
    ],
)
def test_only_nxdomain_and_nodata_are_absence(answered, record, status, absent, unknown):
    answer = answered(walk({"cmg.contoso.com": record}, "cmg.contoso.com"))
    assert (answer.status, answer.absent, answer.unknown) == (status, absent, unknown)
    assert bool(answer.why and answer.cure) is unknown


def test_a_target_that_is_gone_dangles(answered):
    answer = answered(walk({"cmg.contoso.com": Record(cname=TARGET)}, "cmg.contoso.com"))
    assert (answer.status, answer.dangling, answer.absent) == (Status.NXDOMAIN, True, False)


def test_one_address_is_enough_where_the_other_question_failed(answered):
    lines = [*walk(ZONE, "cmg.contoso.com")][:-1]
    answer = answered([*lines, {"query": f"{TARGET}. AAAA", "error": "timeout"}])
    assert (answer.status, answer.addresses) == (Status.ANSWERED, ("20.50.2.10",))


def test_a_failed_question_outweighs_an_empty_one(answered):
    zone = {"cmg.contoso.com": Record()}
    lines = [line(zone, "cmg.contoso.com", "CNAME"), line(zone, "cmg.contoso.com", "A")]
    answer = answered([*lines, {"query": "cmg.contoso.com. AAAA", "error": "timeout"}])
    assert answer.status is Status.TIMEOUT


@pytest.mark.parametrize("length", [1, 2, 40])
def test_a_chain_without_an_end_is_a_loop(answered, length):
    names = ["cmg.contoso.com", *[f"a{number}.contoso.com" for number in range(1, length)]]
    zone = {name: Record(cname=names[(number + 1) % length]) for number, name in enumerate(names)}
    assert answered([line(zone, name, "CNAME") for name in names]).status is Status.LOOP


def test_a_chain_that_nobody_followed_is_unreadable(answered):
    answer = answered([line(ZONE, "cmg.contoso.com", "CNAME")])
    assert answer.status is Status.UNREAD
    assert TARGET in answer.why


@pytest.mark.parametrize(
    ("probe", "wildcard", "by_wildcard"),
    [(Record(cname=TARGET), (TARGET,), True), (Record(addresses=("9.9.9.9",)), ("9.9.9.9",), False), (GONE, (), False)],
)
def test_the_probe_tells_a_wildcard(answered, probe, wildcard, by_wildcard):
    zone = {**ZONE, "probe.contoso.com": probe}
    lines = [*walk(zone, "cmg.contoso.com"), line(zone, "probe.contoso.com", "A")]
    answer = answered(lines, {"wildcard_probe": "probe.contoso.com."})
    assert (answer.wildcard, answer.from_wildcard) == (wildcard, by_wildcard)


def test_a_probe_that_failed_tells_nothing(answered):
    lines = [*walk(ZONE, "cmg.contoso.com"), {"query": "probe.contoso.com. A", "error": "timeout"}]
    assert answered(lines, {"wildcard_probe": "probe.contoso.com."}).wildcard is None


GOOD = message(ZONE, "cmg.contoso.com", "CNAME")


def cut_off() -> bytes:
    response = dns.message.make_response(dns.message.make_query("cmg.contoso.com.", "CNAME", id=0))
    response.flags |= dns.flags.TC
    return response.to_wire()


def test_an_answer_that_was_cut_off_is_unknown(answered):
    wire = base64.b64encode(cut_off()).decode()
    answer = answered([{"query": "cmg.contoso.com. CNAME", "wire": wire}])
    assert answer.status is Status.SERVFAIL
    assert "TCP" in answer.why


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ("not base64!", "not base64"),
        ("", "not a DNS answer"),
        (base64.b64encode(GOOD[:20]).decode(), "not a DNS answer"),
        (base64.b64encode(GOOD + b"x").decode(), "not a DNS answer"),
        (base64.b64encode(bytes(70_000)).decode(), "more than a message"),
        (base64.b64encode(GOOD[:12] + b"\xc0\x0c\x00\x05\x00\x01").decode(), "not a DNS answer"),
        (base64.b64encode(dns.message.make_query("cmg.contoso.com.", "CNAME", id=0).to_wire()).decode(), "a question"),
        (base64.b64encode(message(ZONE, "other.contoso.com", "CNAME")).decode(), "it answers other.contoso.com"),
    ],
)
def test_hostile_messages_are_unreadable_and_name_the_line(answered, wire, said):
    answer = answered([line(ZONE, TARGET, "A"), {"query": "cmg.contoso.com. CNAME", "wire": wire}])
    assert answer.status is Status.UNREAD
    assert "line 2" in answer.why
    assert said in answer.why


def test_two_cnames_for_one_name_are_unreadable(answered):
    response = dns.message.make_response(dns.message.make_query("cmg.contoso.com.", "CNAME", id=0))
    for target in ("a.example.", "b.example."):
        response.answer.append(dns.rrset.from_text("cmg.contoso.com.", 60, "IN", "CNAME", target))
    wire = base64.b64encode(response.to_wire()).decode()
    answer = answered([{"query": "cmg.contoso.com. CNAME", "wire": wire}])
    assert "2 CNAME records" in answer.why


def read_or_refused(raw: bytes) -> bool:
    """The message was read, or it was refused with the number of its line."""
    try:
        key, _ = _reply(_Line("cmg.contoso.com. CNAME", base64.b64encode(raw).decode()), 7, ID)
    except Unreadable as error:
        return "line 7" in error.why
    return key == ("cmg.contoso.com", "CNAME")


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: GOOD[:12] + tail))
def test_no_bytes_crash_the_reader(raw):
    assert read_or_refused(raw)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_changed_byte_crashes_the_reader(place, value):
    raw = bytearray(GOOD)
    raw[place] = value
    assert read_or_refused(bytes(raw))


def test_nothing_asked_is_not_recorded(observed):
    with pytest.raises(NotRecorded, match="no name was asked"):
        observed({}).fact(DnsAnswers)


@pytest.mark.parametrize(
    ("name", "zone", "below"),
    [
        ("x.cloudapp.net", "cloudapp.net", True),
        ("X.CloudApp.Net.", "cloudapp.net", True),
        ("x.y.cloudapp.net", "cloudapp.net", True),
        ("cloudapp.net", "cloudapp.net", False),
        ("x.evilcloudapp.net", "cloudapp.net", False),
        ("x.cloudapp.net.evil.com", "cloudapp.net", False),
        (r"x\.cloudapp.net", "cloudapp.net", False),
        ("net", "cloudapp.net", False),
        ("x.cloudapp.net", "", False),
    ],
)
def test_a_name_is_below_a_zone_by_labels(name, zone, below):
    assert is_below(name, zone) is below


def test_an_escaped_dot_separates_nothing():
    assert labels(r"a\.b.c") == (r"a\.b", "c")


@pytest.mark.parametrize("written", ["Bücher.Contoso.com", "xn--bcher-kva.contoso.com.", " bücher.contoso.com. "])
def test_names_are_compared_in_their_ascii_form(written):
    assert dns_name(written) == "xn--bcher-kva.contoso.com"
    assert same(written, "bücher.contoso.com")


def test_a_name_that_dns_cannot_carry_stays_as_it_is():
    assert dns_name("ü" * 80 + ".com") == "ü" * 80 + ".com"


def test_the_design_names_what_is_asked():
    design = from_mapping(
        {
            "gateway": {"service_name": "CMG.contoso.com.", "deployment_name": "x.westeurope.cloudapp.azure.com"},
            "distribution_point": {"service_name": "unwanted.contoso.com"},
            "dns": {"enrolment_domains": ["contoso.com"]},
        },
        "the test",
    )
    assert design.names_in_dns == (
        "cmg.contoso.com",
        "x.westeurope.cloudapp.azure.com",
        "enterpriseenrollment.contoso.com",
        "enterpriseregistration.contoso.com",
    )
