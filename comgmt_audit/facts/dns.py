"""What the resolvers inside and outside answer for the names of the cloud services (``reference`` pki, section 6).

An observation ``dns/<inside|outside>/<name>`` holds real DNS messages (RFC 1035), one a line: the chain of aliases
walked name by name, the address records of its end, and a name that nobody can have published (the wildcard probe).
NXDOMAIN and NODATA are knowledge of absence; SERVFAIL, REFUSED and silence are not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar, Literal, TypeAlias

from msgspec import Struct

from comgmt_audit.design import dns_name
from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.dns_message import ANSWERS, CUT_OFF, Message, parse
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

View: TypeAlias = Literal["inside", "outside"]
VIEWS: tuple[View, ...] = ("outside", "inside")

MOST_ALIASES = 16
"""Longer chains count as a loop; BIND and Unbound give up at 16 and 12."""

_MOST_BYTES = 65_535
"""The longest message that DNS over TCP can carry (RFC 1035, section 4.2.2)."""


class Status(StrEnum):
    """What became of a name. The last five say nothing about whether the name exists."""

    ANSWERED = "answered"
    NODATA = "no address"
    NXDOMAIN = "does not exist"
    LOOP = "loop of aliases"
    SERVFAIL = "server failure"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNREAD = "not read"


_UNKNOWN = frozenset({Status.SERVFAIL, Status.REFUSED, Status.TIMEOUT, Status.UNREACHABLE, Status.UNREAD})
_ERRORS = {"timeout": Status.TIMEOUT, "refused-connection": Status.UNREACHABLE}
_CURES = {
    Status.SERVFAIL: "Ask the zone's administrator why its servers fail (expired secondary, DNSSEC, loop of aliases).",
    Status.REFUSED: "Use a resolver that answers the scanner's address, or allow it on this one.",
    Status.TIMEOUT: "Open UDP and TCP port 53 from the scanner to the resolver, or name another resolver.",
    Status.UNREACHABLE: "Open UDP and TCP port 53 from the scanner to the resolver, or name another resolver.",
}


class Alias(Struct, frozen=True):
    """One CNAME record: *owner* leads to *target*; ``ttl`` in seconds."""

    owner: str
    target: str
    ttl: int


class DnsAnswer(Struct, frozen=True, kw_only=True):
    """What one view answers for a name, followed to the end of its chain of aliases.

    Names are lower-case, without the last dot. ``wildcard`` is what a random name of the same zone leads to: empty
    where it does not exist, ``None`` where that is not known. ``why`` and ``cure`` are set where ``unknown``.
    """

    view: View
    name: str
    status: Status
    chain: tuple[Alias, ...] = ()
    addresses: tuple[str, ...] = ()
    wildcard: tuple[str, ...] | None = None
    resolver: str = ""
    why: str = ""
    cure: str = ""
    evidence: Evidence

    @property
    def label(self) -> str:
        """The name and from where it was asked."""
        return f"{self.name} ({self.view})"

    @property
    def unknown(self) -> bool:
        """Nothing is known of the name: neither that it is there, nor that it is not."""
        return self.status in _UNKNOWN

    @property
    def absent(self) -> bool:
        """The name itself is not there."""
        return not self.chain and self.status in {Status.NXDOMAIN, Status.NODATA}

    @property
    def dangling(self) -> bool:
        """There is an alias, and what it leads to has no address."""
        return bool(self.chain) and self.status in {Status.NXDOMAIN, Status.NODATA}

    @property
    def targets(self) -> tuple[str, ...]:
        """The names that the aliases lead to, in order."""
        return tuple(alias.target for alias in self.chain)

    @property
    def from_wildcard(self) -> bool:
        """A random name of the zone is answered the same way: nobody published this one."""
        return bool(self.wildcard) and self.wildcard == (self.targets[:1] or self.addresses)

    @property
    def seen(self) -> tuple[str, ...]:
        """The answer in brief: targets, then addresses, or the status where there are none."""
        return (*self.targets, *self.addresses) if self.status is Status.ANSWERED else (*self.targets, self.status)


class DnsAnswers(Struct, frozen=True, kw_only=True):
    """All names that were asked, by view. ``resolvers`` are those that the design names for each view."""

    needs: ClassVar[tuple[str, ...]] = ("dns/",)
    answers: dict[str, DnsAnswer]
    resolvers: dict[str, tuple[str, ...]]

    def of(self, view: View, name: str) -> DnsAnswer:
        """The answer for a name; one that was not asked is ``unknown`` and says what to do."""
        id = observation_id(view, name)
        if found := self.answers.get(id):
            return found
        asked = bool(self.resolvers[view])
        return DnsAnswer(
            view=view,
            name=dns_name(name),
            status=Status.UNREAD,
            why=f"the name was not asked {view}" if asked else f"the design names no resolver {view}",
            cure="Record the environment again with the source 'dns' included."
            if asked
            else f"Name the resolvers that clients use {view} under dns.{view} in comgmt.toml, then record again.",
            evidence=Evidence(id),
        )

    @classmethod
    def read(cls, environment: Environment) -> DnsAnswers:
        """Every recorded name. Raises NotRecorded where nothing was asked at all."""
        ids = environment.recording.ids("dns/")
        if not ids:
            raise NotRecorded(
                "no name was asked of any resolver",
                "Name the resolvers under dns.inside and dns.outside in comgmt.toml, then record again.",
                "dns/",
            )
        design = environment.design.dns
        return cls(
            answers={id: _answer(environment, id) for id in ids if id.split("/")[1] in VIEWS},
            resolvers={"inside": design.inside, "outside": design.outside},
        )


def observation_id(view: View, name: str) -> str:
    """The id of the observation that holds a name's answer."""
    return f"dns/{view}/{dns_name(name)}"


def labels(name: str) -> tuple[str, ...]:
    """The labels of a name; an escaped dot (``a\\.b``) separates nothing."""
    return tuple(re.findall(r"(?:\\.|[^.\\])+", dns_name(name)))


def is_below(name: str, zone: str) -> bool:
    """Is the name in that zone, and not the zone itself? Label by label: ``x.evilcloudapp.net`` is not."""
    own, of_zone = labels(name), labels(zone)
    return 0 < len(of_zone) < len(own) and own[-len(of_zone) :] == of_zone


def same(name: str, other: str) -> bool:
    """Are these the same name? Without regard to case and the last dot."""
    return labels(name) == labels(other)


class _Line(Struct, frozen=True):
    query: str
    wire: str | None = None
    error: str | None = None


class _Reply(Struct, frozen=True):
    """One message, or why there was none. ``aliases`` and ``addresses`` are those that the question leads to."""

    status: Status
    detail: str
    line: int
    aliases: tuple[Alias, ...] = ()
    addresses: tuple[str, ...] = ()


_Replies: TypeAlias = dict[tuple[str, str], _Reply]


def _answer(environment: Environment, id: str) -> DnsAnswer:
    _, view, name = id.split("/", 2)
    where: View = "inside" if view == "inside" else "outside"
    try:
        observation = environment.recording.answered(id)
        replies = {
            key: reply
            for number, line in environment.recording.lines(id, _Line)
            for key, reply in [_reply(line, number, id)]
        }
        chain, end = _walk(dns_name(name), replies, id)
    except FactUnavailable as error:
        return DnsAnswer(
            view=where, name=name, status=Status.UNREAD, why=error.why, cure=error.cure, evidence=Evidence(id)
        )
    return DnsAnswer(
        view=where,
        name=dns_name(name),
        status=end.status,
        chain=chain,
        addresses=end.addresses,
        wildcard=_wildcard(str(observation.about.get("wildcard_probe", "")), replies),
        resolver=str(observation.about.get("resolver", "")),
        why=f"{view} resolver: {end.detail}" if end.status in _UNKNOWN else "",
        cure=_CURES.get(end.status, ""),
        evidence=Evidence(id, f"line {end.line}/wire", end.detail),
    )


def _walk(name: str, replies: _Replies, id: str) -> tuple[tuple[Alias, ...], _Reply]:
    """Follow the aliases from *name*; the last reply says what is at the end."""
    chain: list[Alias] = []
    seen: set[str] = set()
    current, line = name, 0
    while current not in seen and len(chain) < MOST_ALIASES:
        seen.add(current)
        reply = replies.get((current, "CNAME"))
        if reply is None or reply.status is Status.NODATA:
            end = _end(current, replies, id)
            return (*chain, *end.aliases), end
        if reply.status is not Status.ANSWERED:
            return tuple(chain), reply
        chain.append(reply.aliases[0])
        current, line = reply.aliases[0].target, reply.line
    return tuple(chain), _Reply(Status.LOOP, f"{name}: the aliases never end", line)


def _end(name: str, replies: _Replies, id: str) -> _Reply:
    """The two address replies as one: either address is enough, and a failed reply outweighs an empty one."""
    found = [reply for type in ("A", "AAAA") if (reply := replies.get((name, type)))]
    if not found:
        raise Unreadable(
            f"{id}: nobody asked for the addresses of {name}",
            "Record the environment again; every chain of aliases is followed to its addresses.",
            id,
        )
    answered = [reply for reply in found if reply.status is Status.ANSWERED]
    if answered:
        addresses = tuple(sorted({address for reply in answered for address in reply.addresses}))
        return _Reply(Status.ANSWERED, answered[0].detail, answered[0].line, answered[0].aliases, addresses)
    return next((reply for reply in found if reply.status in _UNKNOWN), found[0])


def _wildcard(probe: str, replies: _Replies) -> tuple[str, ...] | None:
    found = [reply for type in ("CNAME", "A") if (reply := replies.get((dns_name(probe), type)))]
    known = [reply for reply in found if reply.status not in _UNKNOWN]
    if not known:
        return None
    return next((tuple(a.target for a in r.aliases[:1]) or r.addresses for r in known if r.aliases or r.addresses), ())


def _reply(line: _Line, number: int, id: str) -> tuple[tuple[str, str], _Reply]:
    """One line as its question and its reply. Raises Unreadable naming the line."""
    name, _, type = line.query.rpartition(" ")
    key = (dns_name(name), type)
    if line.wire is None:
        status = _ERRORS.get(line.error or "", Status.UNREACHABLE)
        return key, _Reply(status, f"{line.query}: {line.error or 'no answer'}", number)
    try:
        message = _message(line.wire)
        _refuse_other_question(message, key)
        return key, _read(message, key, number)
    except ValueError as error:
        raise Unreadable(
            f"{id}: line {number}: {line.query}: not a DNS answer: {error}",
            "Record the environment again; if the resolver really sends this, name another one.",
            id,
        ) from None


def _message(wire: str) -> Message:
    """The message of a line. Raises ValueError for what no DNS server sends."""
    try:
        raw = base64.b64decode(wire, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"{len(raw)} bytes are more than a message can have")
    return parse(raw)


def _refuse_other_question(message: Message, key: tuple[str, str]) -> None:
    if not message.flags & ANSWERS:
        raise ValueError("it is a question, not an answer")
    for name, type in message.questions:
        asked = (dns_name(name), type)
        if asked != key:
            raise ValueError(f"it answers {asked[0]} {asked[1]}")


def _read(message: Message, key: tuple[str, str], number: int) -> _Reply:
    name, type = key
    detail = f"{name} {type}: {message.rcode}"
    aliases, end = _aliases(message, name, follow=type != "CNAME")
    addresses = tuple(sorted(_records(message, end, type))) if type != "CNAME" else ()
    if message.flags & CUT_OFF and not (aliases or addresses):
        return _Reply(Status.SERVFAIL, f"{detail}, cut off and not asked again over TCP", number)
    if message.rcode == "NXDOMAIN":
        status = Status.ANSWERED if type == "CNAME" and aliases else Status.NXDOMAIN
    elif message.rcode == "NOERROR":
        status = Status.ANSWERED if addresses or (type == "CNAME" and aliases) else Status.NODATA
    else:
        status = Status.REFUSED if message.rcode == "REFUSED" else Status.SERVFAIL
    return _Reply(status, detail, number, aliases, addresses)


def _aliases(message: Message, name: str, *, follow: bool) -> tuple[tuple[Alias, ...], str]:
    """The aliases in one message that start at *name*, and the name at their end."""
    owners: dict[str, list[tuple[str, int]]] = {}
    for owner, type, text, ttl in _answers(message):
        if type == "CNAME":
            owners.setdefault(owner, []).append((dns_name(text), ttl))
    chain: list[Alias] = []
    while name in owners and len(chain) < MOST_ALIASES:
        if len(owners[name]) > 1:
            raise ValueError(f"{name} has {len(owners[name])} CNAME records; a name can have one")
        target, ttl = owners[name][0]
        chain.append(Alias(name, target, ttl))
        name = target
        if not follow:
            break
    return tuple(chain), name


def _records(message: Message, name: str, type: str) -> Iterable[str]:
    return (text for owner, kind, text, _ in _answers(message) if owner == name and kind == type)


def _answers(message: Message) -> Iterable[tuple[str, str, str, int]]:
    """The answer section: owner, type, data as text, TTL in seconds."""
    return ((dns_name(record.owner), record.type, record.value, record.ttl) for record in message.answers)
