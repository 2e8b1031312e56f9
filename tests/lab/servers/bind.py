"""Contoso's DNS as two real BIND 9 resolvers, one inside and one outside, filled from ``estate.dns``.

(Not one BIND with two views: it listens only on addresses that an interface has, and of those the loopback interface
has one; views cannot be told apart by port.)

Both are recursive resolvers that own the whole tree, the root included, so no question leaves the machine.
Each record of the estate becomes what makes a real server answer that way:

=====================================  =======================================================================
the estate says                        the server has
=====================================  =======================================================================
an alias, addresses, nothing           CNAME; A and AAAA; TXT only (the name is there, and has no address)
NXDOMAIN                               no record (and a policy that says so, where a wildcard would answer)
SERVFAIL                               a zone of that name whose file is not there
REFUSED                                a zone of that name that nobody may ask
error ``timeout``                      a response policy that drops the question (``rpz-drop``)
one error for all names and the probe  no server at all: a socket that nobody reads, or a port that is closed
the wildcard of a view                 ``*`` beside every name of the design
that wildcard with SERVFAIL, REFUSED    a ``*`` that leads to a zone whose file is not there
=====================================  =======================================================================
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import dns.exception
import dns.message
import dns.query
from msgspec import Struct

from comgmt_audit import design as designs
from tests.lab.dns import GONE, Record, published
from tests.lab.estate import Estate
from tests.lab.servers import process
from tests.lab.servers.process import Endpoint, free_port

MICROSOFT = ("cloudapp.net", "cloudapp.azure.com", "windows.net", "manage.microsoft.com")
"""The zones of others that the lab stands in for."""
BROKEN = "broken.invalid"
"""A zone that cannot be loaded, for aliases that must end in SERVFAIL."""
_READY = "ready.invalid"
"""A name that only the response policy knows, which BIND loads last of all."""
_HEAD = "@ 60 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 60 IN NS ns\nns 60 IN A 127.0.0.1\n"
"""What every zone must have."""


class Address(Struct, frozen=True, kw_only=True):
    """Where each view is asked."""

    inside: Endpoint
    outside: Endpoint


def missing() -> str:
    """Which Debian package is not installed, or nothing where all are."""
    return process.missing_programs({"named": "bind9"})


@contextlib.contextmanager
def running(estate: Estate, folder: Path) -> Iterator[Address]:
    """The estate's DNS, until the block is left. Raises ValueError for a record that no real server can give."""
    inside, outside = view(estate, "inside"), view(estate, "outside")
    with _served(inside, folder / "inside") as inside_at, _served(outside, folder / "outside") as outside_at:
        yield Address(inside=inside_at, outside=outside_at)


@contextlib.contextmanager
def _served(view: View, folder: Path) -> Iterator[Endpoint]:
    if view.error == "timeout":
        with process.silence() as endpoint:
            yield endpoint
        return
    endpoint = Endpoint("127.0.0.1", free_port("127.0.0.1"))
    if view.error:
        yield endpoint
        return
    folder.mkdir()
    configuration = folder / "named.conf"
    configuration.write_text(_configuration(view, endpoint, folder), encoding="ascii")
    command = [process.program("named"), "-4", "-n", "1", "-g", "-c", str(configuration)]
    with process.running(command, ready=lambda: _answers(endpoint), folder=folder):
        yield endpoint


class View(Struct, frozen=True, kw_only=True):
    """What one view serves: names and wildcards with their records, and the names whose answers a policy changes."""

    zones: tuple[str, ...]
    records: dict[str, Record]
    policies: dict[str, str]
    error: str = ""
    """Why the whole view cannot be asked."""


def view(estate: Estate, name: str) -> View:
    """One view of the estate. Raises ValueError for a record that no real server can give."""
    part = estate.dns
    changed, wildcard = (
        (part.inside, part.inside_wildcard) if name == "inside" else (part.outside, part.outside_wildcard)
    )
    known = {**published(estate), **changed}
    zones = (estate.names.domain, *MICROSOFT)
    errors = {record.error for record in (*known.values(), wildcard)}
    if len(errors) == 1 and errors != {""}:
        return View(zones=zones, records={}, policies={}, error=errors.pop())
    asked = designs.from_mapping(estate.design, "the lab's design").names_in_dns
    traps = {f"*.{parent}": wildcard for parent in dict.fromkeys(name.partition(".")[2] for name in asked)}
    targets = (record.cname.lower() for record in (*known.values(), wildcard) if record.cname)
    named = {**dict.fromkeys(targets, GONE), **known}
    for owner, record in {**named, **traps}.items():
        _refuse_the_impossible(owner, record)
    return View(zones=zones, records={**named, **traps}, policies=_policies(named, traps))


def _refuse_the_impossible(name: str, record: Record) -> None:
    if record.error not in {"", "timeout"}:
        raise ValueError(f"{name}: {record.error} is the answer of a whole server, not of one name")
    if record.rcode not in {"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"}:
        raise ValueError(f"{name}: no setting of BIND answers {record.rcode}")
    if record.rcode != "NOERROR" and (record.cname or record.addresses):
        raise ValueError(f"{name}: {record.rcode} comes without records")


def _policies(named: Mapping[str, Record], traps: Mapping[str, Record]) -> dict[str, str]:
    """The response policies (BIND 9 manual, "Response Policy Zone Rewriting"): owner to what is done."""
    policies = {name: "rpz-drop." for name, record in {**traps, **named}.items() if record.error}
    trapped = tuple(name.removeprefix("*") for name, record in traps.items() if record != GONE)
    for name, record in named.items():
        if name.endswith(trapped) and name not in policies:
            policies[name] = "." if record.rcode == "NXDOMAIN" else "rpz-passthru."
    return policies


def _configuration(view: View, at: Endpoint, folder: Path) -> str:
    """Its most specific zone answers a name, so a zone of one name takes this name out of its parent's."""
    empty = _file(folder / "empty.zone", "")
    files = {zone: _file(folder / f"zone-{zone}.txt", _lines(view, zone)) for zone in (*view.zones, ".")}
    zones = {zone: f'file "{file}";' for zone, file in files.items()}
    zones["rpz"] = f'file "{_file(folder / "policies.zone", _policy_lines(view))}"; allow-query {{ none; }};'
    zones[BROKEN] = f'file "{folder / "not-there.zone"}";'
    for owner, record in view.records.items():
        if owner.startswith("*"):
            continue
        if record.rcode == "SERVFAIL":
            zones[owner] = zones[BROKEN]
        if record.rcode == "REFUSED":
            zones[owner] = f'file "{empty}"; allow-query {{ none; }};'
    statements = "\n".join(f'zone "{zone}" {{ type primary; {rest} }};' for zone, rest in zones.items())
    return f"""options {{
  directory "{folder}";
  listen-on port {at.port} {{ {at.host}; }};
  pid-file none;
  session-keyfile none;
  dnssec-validation no;
  empty-zones-enable no;
  max-cache-size 4m;
  minimal-responses yes;
  recursion yes;
  response-policy {{ zone "rpz"; }} qname-wait-recurse no;
}};
controls {{ }};
{statements}
"""


def _file(path: Path, lines: str) -> Path:
    path.write_text(_HEAD + lines, encoding="ascii")
    return path


def _lines(view: View, zone: str) -> str:
    """The records of one zone: those that no longer zone of the view holds."""
    own = (item for item in view.records.items() if _zone(view, item[0]) == zone)
    return "".join(f"{owner}. {ttl} IN {data}\n" for owner, record in own for ttl, data in _data(record))


def _zone(view: View, name: str) -> str:
    return max((zone for zone in view.zones if f".{name}".endswith(f".{zone}")), key=len, default=".")


def _data(record: Record) -> Iterator[tuple[int, str]]:
    if record.rcode in {"SERVFAIL", "REFUSED"}:
        # Of a wildcard; where a name itself fails, the zone of that name stands before this record.
        yield record.ttl, f"CNAME {BROKEN}."
    elif record.rcode == "NXDOMAIN" or record.error:
        return
    elif record.cname:
        yield record.ttl, f"CNAME {record.cname}."
    else:
        for address in record.addresses:
            yield record.ttl, f"{'AAAA' if ':' in address else 'A'} {address}"
        if not record.addresses:
            yield record.ttl, 'TXT "no address"'


def _policy_lines(view: View) -> str:
    policies = "".join(f"{owner} 60 IN CNAME {policy}\n" for owner, policy in view.policies.items())
    return f'{policies}{_READY} 60 IN TXT "ready"\n'


def _answers(endpoint: Endpoint) -> bool:
    """Does the server there answer, and with its response policy?"""
    query = dns.message.make_query(f"{_READY}.", "TXT")
    try:
        return bool(dns.query.tcp(query, endpoint.host, timeout=1, port=endpoint.port).answer)
    except (dns.exception.DNSException, OSError):
        return False
