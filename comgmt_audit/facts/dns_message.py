"""A DNS message as far as facts need it: the code, the question, and the records of the answer (RFC 1035, section 4.1).

dnspython's ``dns.message`` reads all that a message can hold, and its import alone costs a tenth of a whole scan.
So sources ask with dnspython, and facts read with this. A test holds it to ``dns.message``, message by message, with
such as were tampered with.
"""

from __future__ import annotations

import ipaddress
import struct

from msgspec import Struct

ANSWERS = 0x8000
"""Bit QR of the flags: it is an answer."""
CUT_OFF = 0x0200
"""Bit TC of the flags: there was more than fitted into a datagram."""

_A, _CNAME, _AAAA, _OPT = 1, 5, 28, 41
_TYPES = {_A: "A", _CNAME: "CNAME", _AAAA: "AAAA"}
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_LONGEST_LABEL = 63
_LONGEST_NAME = 255
_LONGEST_TTL = 2**31 - 1
"""A greater number counts as none (RFC 2181, section 8)."""


class Record(Struct, frozen=True):
    """A record: owner and value as text (names end in a dot), type, TTL in seconds. Other types have no value."""

    owner: str
    type: str
    value: str
    ttl: int


class Message(Struct, frozen=True, kw_only=True):
    """A message: flags, the name of its response code, its questions as (name, type), and its answer section."""

    flags: int
    rcode: str
    questions: tuple[tuple[str, str], ...]
    answers: tuple[Record, ...]


def parse(wire: bytes) -> Message:
    """Read a message. Raises ValueError for what no DNS server sends."""
    try:
        _, flags, questions, answers, authorities, others = struct.unpack_from("!HHHHHH", wire)
        if (flags >> 11) & 15:
            raise ValueError("it is no answer to a query")
        place = 12
        asked: list[tuple[str, str]] = []
        for _ in range(questions):
            name, place = _name(wire, place)
            kind, _ = struct.unpack_from("!HH", wire, place)
            asked.append((name, _type(kind)))
            place += 4
        records: list[tuple[int, Record]] = []
        for _ in range(answers + authorities + others):
            kind, record, place = _record(wire, place)
            records.append((kind, record))
    except (struct.error, IndexError):
        raise ValueError("it is cut off") from None
    if place != len(wire):
        raise ValueError("something follows the message")
    # The upper bits of the code are in the OPT record's TTL (RFC 6891, section 6.1.3).
    code = (flags & 15) | next((record.ttl >> 20 & 0xFF0 for kind, record in records[answers:] if kind == _OPT), 0)
    answered = tuple(record for _, record in records[:answers])
    return Message(flags=flags, rcode=_RCODES.get(code, f"code {code}"), questions=tuple(asked), answers=answered)


def _record(wire: bytes, place: int) -> tuple[int, Record, int]:
    """The record at *place*, its type as a number, and where the next one begins."""
    owner, place = _name(wire, place)
    kind, _, ttl, length = struct.unpack_from("!HHIH", wire, place)
    place += 10
    end = place + length
    if end > len(wire):
        raise IndexError
    value = ""
    if kind == _CNAME:
        value, after = _name(wire, place)
        if after != end:
            raise ValueError("an alias has another length than it says")
    elif kind == _A:
        value = str(ipaddress.IPv4Address(wire[place:end]))
    elif kind == _AAAA:
        value = str(ipaddress.IPv6Address(wire[place:end]))
    seconds = ttl if kind == _OPT or ttl <= _LONGEST_TTL else 0
    return kind, Record(owner, _type(kind), value, seconds), end


def _name(wire: bytes, place: int) -> tuple[str, int]:
    """The name at *place*, and where it ends. A pointer must lead back, so it cannot go round (section 4.1.4)."""
    labels: list[str] = []
    length, end, limit = 1, 0, place
    while size := wire[place]:
        if size >= 0xC0:
            target = (size & 0x3F) << 8 | wire[place + 1]
            end = end or place + 2
            if target >= limit:
                raise ValueError("a name points forward or at itself")
            place = limit = target
            continue
        if size > _LONGEST_LABEL:
            raise ValueError("a label has an unknown form")
        length += size + 1
        label = wire[place + 1 : place + 1 + size]
        if len(label) < size:
            raise IndexError
        if length > _LONGEST_NAME:
            raise ValueError("a name is longer than 255 bytes")
        labels.append("".join(map(_character, label)))
        place += size + 1
    return ".".join(labels) + ".", end or place + 1


def _character(code: int) -> str:
    """A byte of a label as master files write it (RFC 1035, section 5.1)."""
    if not 0x20 < code < 0x7F:
        return f"\\{code:03d}"
    return f"\\{chr(code)}" if chr(code) in '".;\\@$()' else chr(code)


def _type(kind: int) -> str:
    return _TYPES.get(kind, f"TYPE{kind}")
