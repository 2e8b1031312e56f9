"""Our reader of DNS messages against dnspython's own: what that one reads, ours reads the same."""

from __future__ import annotations

import ipaddress

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comgmt_audit.facts.dns_message import parse

OURS = {"A", "AAAA", "CNAME"}


def answer(
    *records: tuple[str, str, str],
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    edns: bool = True,
    question: str = "CNAME",
) -> bytes:
    query = dns.message.make_query("cmg.contoso.com.", question, id=0, use_edns=0 if edns else None)
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(rcode)
    for owner, kind, value in records:
        response.answer.append(dns.rrset.from_text(owner, 300, "IN", kind, value))
    return response.to_wire()


MESSAGES = [
    answer(("cmg.contoso.com.", "CNAME", "contosocmg.westeurope.cloudapp.azure.com.")),
    answer(("cmg.contoso.com.", "CNAME", "b.contoso.com."), ("b.contoso.com.", "A", "20.50.2.10"), question="A"),
    answer(("cmg.contoso.com.", "AAAA", "2603:1036:302::1"), question="AAAA", edns=False),
    answer(("cmg.contoso.com.", "TXT", '"a text"'), ("cmg.contoso.com.", "A", "9.9.9.9")),
    answer(rcode=dns.rcode.NXDOMAIN),
    answer(rcode=dns.rcode.BADVERS),
    dns.message.make_query("cmg.contoso.com.", "A", id=0).to_wire(),
]


def by_dnspython(wire: bytes):
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    answers = [
        (rrset.name.to_text(), kind, record.to_text(), rrset.ttl)
        for rrset in message.answer
        for record in rrset
        if (kind := dns.rdatatype.to_text(rrset.rdtype)) in OURS
    ]
    questions = [(q.name.to_text(), dns.rdatatype.to_text(q.rdtype)) for q in message.question]
    return int(message.flags), int(message.rcode()), questions, answers


def by_ours(wire: bytes):
    message = parse(wire)
    answers = [(r.owner, r.type, r.value, r.ttl) for r in message.answers if r.type in OURS]
    return message, answers


def _comparable(owner: str, kind: str, value: str, ttl: int):
    """An address as the number it is: 3.13 writes ``::ffff:1.2.3.4``, earlier versions do not."""
    return owner, kind, value if kind == "CNAME" else ipaddress.ip_address(value), ttl


def same(wire: bytes) -> None:
    flags, rcode, questions, answers = by_dnspython(wire)
    message, ours = by_ours(wire)
    assert (message.flags, [_comparable(*row) for row in ours]) == (flags, [_comparable(*row) for row in answers])
    assert [(name, kind) for name, kind in message.questions if not kind.startswith("TYPE")] == [
        (name, kind) for name, kind in questions if kind in OURS
    ]
    known = dns.rcode.to_text(dns.rcode.Rcode(rcode))
    assert message.rcode in {known, f"code {rcode}"}


@pytest.mark.parametrize("wire", MESSAGES, ids=range(len(MESSAGES)))
def test_what_servers_send_is_read_as_dnspython_reads_it(wire):
    same(wire)


@example(0, 2, 0x28)
@given(st.sampled_from(range(len(MESSAGES))), st.integers(0, 200), st.integers(0, 255))
def test_a_message_that_was_tampered_with_is_read_the_same_or_refused(which, place, value):
    wire = bytearray(MESSAGES[which])
    wire[place % len(wire)] = value
    try:
        expected = by_dnspython(bytes(wire))
    except (dns.exception.DNSException, ValueError):
        expected = None
    try:
        by_ours(bytes(wire))
    except ValueError:
        return  # refusing more than dnspython does is safe: the name is then not assessed
    # A record without data (class NONE or ANY of an update) is one that dnspython keeps and no answer has.
    if expected is not None and dns.opcode.from_flags(expected[0]) == dns.opcode.QUERY:
        classes = {rrset.rdclass for rrset in dns.message.from_wire(bytes(wire), one_rr_per_rrset=True).answer}
        if classes <= {1}:
            same(bytes(wire))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(wire):
    try:
        parse(wire)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize("cut", range(0, len(MESSAGES[1]), 3))
def test_a_message_that_is_cut_off_is_refused(cut):
    with pytest.raises(ValueError, match=r"."):
        parse(MESSAGES[1][:cut])


def test_names_that_point_at_each_other_end():
    header = bytes.fromhex("0000 8180 0001 0000 0000 0000")
    with pytest.raises(ValueError, match=r"."):
        parse(header + b"\xc0\x0c" + b"\x00\x01\x00\x01")
