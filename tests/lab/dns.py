"""Contoso's DNS, as its resolvers inside and outside answer: real messages, built with dnspython."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from msgspec import Struct, field

from comgmt_audit import design as designs
from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate

PROBE = "comgmt-audit-probe-5c1f0a9e"
"""The label that nobody has published; a recorder makes a new one each time."""

MOST_STEPS = 16


class Record(Struct, frozen=True, kw_only=True):
    """What a resolver holds for one name; ``error`` (timeout, refused-connection) comes instead of a message."""

    cname: str = ""
    addresses: tuple[str, ...] = ()
    rcode: str = "NOERROR"
    error: str = ""
    ttl: int = 3600


GONE = Record(rcode="NXDOMAIN")


class Dns(Struct, frozen=True, kw_only=True):
    """Healthy by default: *inside* and *outside* replace single names of what :func:`zones` publishes."""

    inside: dict[str, Record] = field(default_factory=dict)
    outside: dict[str, Record] = field(default_factory=dict)
    inside_wildcard: Record = GONE
    outside_wildcard: Record = GONE


def published(estate: Estate) -> dict[str, Record]:
    """The names that both views of healthy Contoso know."""
    names = estate.names
    azure = {
        names.gateway_deployment: Record(addresses=("20.50.2.10",), ttl=10),
        names.distribution_deployment: Record(addresses=("20.50.2.20",), ttl=10),
    }
    aliases = {
        names.gateway_alias or names.gateway_service: names.gateway_deployment,
        names.distribution_alias: names.distribution_deployment,
        f"enterpriseenrollment.{names.domain}": "enterpriseenrollment-s.manage.microsoft.com",
        f"enterpriseregistration.{names.domain}": "enterpriseregistration.windows.net",
    }
    microsoft = {
        "enterpriseenrollment-s.manage.microsoft.com": Record(addresses=("20.189.105.24",), ttl=60),
        "enterpriseregistration.windows.net": Record(addresses=("20.190.159.2", "2603:1036:302::1"), ttl=60),
    }
    own = {name: Record(cname=target) for name, target in aliases.items() if name and name != target}
    return {name: record for name, record in {**azure, **own, **microsoft}.items() if name}


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Ask every name of the design of every declared resolver."""
    parts = {
        "inside": (estate.dns.inside, estate.dns.inside_wildcard, estate.names.inside_resolver),
        "outside": (estate.dns.outside, estate.dns.outside_wildcard, estate.names.outside_resolver),
    }
    for view, (changed, wildcard, resolver) in parts.items():
        if not estate.design["dns"].get(view):
            continue
        zone = {**published(estate), **changed}
        for name in designs.from_mapping(estate.design, "the lab's design").names_in_dns:
            probe = f"{PROBE}.{name.partition('.')[2]}"
            writer.lines(
                f"dns/{view}/{name}",
                [*walk({**zone, probe: wildcard}, name), line({**zone, probe: wildcard}, probe, "A")],
                source="dns",
                request=f"CNAME, A and AAAA of {name} at {resolver}",
                about={"resolver": resolver, "wildcard_probe": f"{probe}."},
            )


def walk(zone: dict[str, Record], name: str) -> Iterator[dict[str, str]]:
    """The questions that a recorder asks, name by name, with their answers."""
    for _ in range(MOST_STEPS):
        yield line(zone, name, "CNAME")
        found = zone.get(name.lower(), GONE)
        if found.rcode != "NOERROR" or found.error:
            return
        if not found.cname:
            yield line(zone, name, "A")
            yield line(zone, name, "AAAA")
            return
        name = found.cname


def line(zone: dict[str, Record], name: str, type: str) -> dict[str, str]:
    """One question and the message that answers it (or the error), as a recording keeps it."""
    question = f"{name}. {type}"
    found = zone.get(name.lower(), GONE)
    if found.error:
        return {"query": question, "error": found.error}
    return {"query": question, "wire": base64.b64encode(message(zone, name, type)).decode()}


def message(zone: dict[str, Record], name: str, type: str) -> bytes:
    """The wire form of a recursive resolver's answer; id 0, so that the same answer is the same bytes."""
    response = dns.message.make_response(dns.message.make_query(f"{name}.", type, id=0))
    response.flags |= dns.flags.RA
    found = zone.get(name.lower(), GONE)
    while type != "CNAME" and found.cname and len(response.answer) < MOST_STEPS:
        response.answer.append(dns.rrset.from_text(f"{name}.", found.ttl, "IN", "CNAME", f"{found.cname}."))
        name, found = found.cname, zone.get(found.cname.lower(), GONE)
    response.set_rcode(dns.rcode.from_text(found.rcode))
    texts = [f"{found.cname}."] if type == "CNAME" and found.cname else []
    texts += [address for address in found.addresses if (":" in address) == (type == "AAAA") and type != "CNAME"]
    if texts:
        response.answer.append(dns.rrset.from_text(f"{name}.", found.ttl, "IN", type, *texts))
    return response.to_wire()
