"""What goes wrong on the way to a server does so, as often as was asked; all else is passed on."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab.estate import contoso
from tests.lab.servers import bind, faulty, web
from tests.lab.servers.faulty import Failure
from tests.lab.servers.process import Endpoint, accepts

MISSING = "; ".join(why for why in (bind.missing(), web.missing()) if why)
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
ALWAYS = 1.0


@pytest.fixture(scope="module")
def publisher(tmp_path_factory):
    with web.running(contoso(), tmp_path_factory.mktemp("web")) as at:
        yield at


@pytest.fixture(scope="module")
def resolver(tmp_path_factory):
    with bind.running(contoso(), tmp_path_factory.mktemp("dns")) as at:
        yield at.inside


def asked(at: Endpoint, seconds: float = 5) -> tuple[int, bytes]:
    """Status and body of the first revocation list."""
    url, headers = web.Address(inside=at, outside=at, gateway=at, management_point=at, distribution_point=at).locate(
        web.published(contoso(), "inside")[0].url
    )
    connection = http.client.HTTPConnection(at.host, at.port, timeout=seconds)
    with contextlib.closing(connection):
        connection.request("GET", "/" + url.split("/", 3)[3], headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_without_a_failure_nothing_stands_between(publisher, resolver):
    with faulty.connections(publisher.inside, [], http=True) as at, faulty.resolver(resolver, []) as dns_at:
        assert (at, dns_at) == (publisher.inside, resolver)
    # Of TLS a status is none.
    with faulty.connections(publisher.gateway, [Failure(kind="503", probability=ALWAYS)], http=False) as at:
        assert at == publisher.gateway


def test_what_does_not_fail_is_passed_on(publisher):
    with faulty.connections(publisher.inside, [Failure(kind="reset", probability=1e-9)], http=True) as at:
        assert at != publisher.inside
        assert asked(at) == asked(publisher.inside)
        assert asked(at)[0] == 200


@pytest.mark.parametrize("status", ["404", "503"])
def test_a_status_comes_in_place_of_the_answer(publisher, status):
    with faulty.connections(publisher.inside, [Failure(kind=status, probability=ALWAYS)], http=True) as at:
        assert asked(at) == (int(status), b"")


def test_a_connection_is_reset_or_cut_or_slow(publisher):
    with (
        faulty.connections(publisher.inside, [Failure(kind="reset", probability=ALWAYS)], http=True) as at,
        pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)),
    ):
        asked(at)
    with (
        faulty.connections(publisher.inside, [Failure(kind="cut", probability=ALWAYS)], http=True) as at,
        pytest.raises(http.client.IncompleteRead),
    ):
        asked(at)
    slow = Failure(kind="slow", probability=ALWAYS, seconds=0.5)
    with faulty.connections(publisher.inside, [slow], http=True) as at:
        started = time.monotonic()
        assert asked(at)[0] == 200
        assert time.monotonic() - started > 0.5


def test_chance_happens_as_often_as_it_should():
    chance = faulty.Chance([Failure(kind="reset", probability=0.2)])
    assert 150 < sum(chance.next() is not None for _ in range(1000)) < 250


def question() -> dns.message.Message:
    return dns.message.make_query(f"{contoso().names.gateway_service}.", "CNAME")


def questioned(at: Endpoint) -> dns.message.Message:
    return dns.query.udp(question(), at.host, timeout=1, port=at.port)


@pytest.mark.parametrize(("kind", "code"), [("servfail", dns.rcode.SERVFAIL), ("refused", dns.rcode.REFUSED)])
def test_a_resolver_answers_with_a_failure(resolver, kind, code):
    assert questioned(resolver).rcode() == dns.rcode.NOERROR
    with faulty.resolver(resolver, [Failure(kind=kind, probability=ALWAYS)]) as at:
        assert questioned(at).rcode() == code
        over_tcp = dns.query.tcp(question(), at.host, timeout=1, port=at.port)
        assert over_tcp.answer == questioned(resolver).answer


def test_a_resolver_keeps_silent_or_is_slow(resolver):
    with (
        faulty.resolver(resolver, [Failure(kind="timeout", probability=ALWAYS)]) as at,
        pytest.raises(dns.exception.Timeout),
    ):
        questioned(at)
    with faulty.resolver(resolver, [Failure(kind="slow", probability=ALWAYS, seconds=0.3)]) as at:
        started = time.monotonic()
        assert questioned(at).answer == questioned(resolver).answer
        assert time.monotonic() - started > 0.3


def test_what_is_no_question_is_answered_by_nobody(resolver):
    with faulty.resolver(resolver, [Failure(kind="servfail", probability=ALWAYS)]) as at:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.3)
            udp.sendto(b"no", (at.host, at.port))
            with pytest.raises(TimeoutError):
                udp.recv(10)
        assert questioned(at).rcode() == dns.rcode.SERVFAIL


def test_nothing_listens_when_the_block_is_left(publisher):
    with faulty.connections(publisher.inside, [Failure(kind="503", probability=ALWAYS)], http=True) as at:
        assert accepts(at)
    assert not accepts(at)
