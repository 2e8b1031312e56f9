"""Faults of the network, between the scanner and a real server of the lab: one place that passes on, or does not.

What happens is by chance with a seed, for each connection, and for each question of DNS.
"""

from __future__ import annotations

import contextlib
import random
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus

import dns.exception
import dns.message
import dns.rcode
from msgspec import Struct

from tests.lab.servers.process import Endpoint, free_endpoint

OF_CONNECTION = ("slow", "reset", "cut")
"""The connection is open and nothing comes for a while; TCP RST at once; it is closed in the middle of the answer."""
OF_DNS = ("servfail", "refused", "timeout", "slow")
_SEED = 1
_CHUNK = 65_536
_MOST_SECONDS = 30


class Failure(Struct, frozen=True, kw_only=True):
    """What goes wrong: a word of OF_CONNECTION or OF_DNS, or a status of HTTP; ``seconds`` is how long *slow* is."""

    kind: str
    probability: float
    seconds: float = 2.0


class Chance:
    """Says what goes wrong this time: the first failure whose turn it is."""

    def __init__(self, failures: Iterable[Failure], kinds: Callable[[str], bool] = lambda _: True) -> None:
        self._failures = tuple(one for one in failures if kinds(one.kind))
        self._random = random.Random(_SEED)
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Can anything go wrong at all?"""
        return bool(self._failures)

    def next(self) -> Failure | None:
        """The failure of this time."""
        with self._lock:
            return next((one for one in self._failures if self._random.random() < one.probability), None)


@contextlib.contextmanager
def connections(to: Endpoint, failures: Iterable[Failure], *, http: bool) -> Iterator[Endpoint]:
    """A place that passes TCP connections on to a server, until the block is left; with *http* it answers statuses."""
    chance = Chance(failures, lambda kind: kind in OF_CONNECTION or (http and kind.isdecimal()))
    if not chance:
        yield to
        return

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # either side may go at any time
                _pass_on(self.request, to, chance.next())

    with _serving(socketserver.ThreadingTCPServer, free_endpoint(), Handler) as endpoint:
        yield endpoint


def _pass_on(client: socket.socket, to: Endpoint, failure: Failure | None) -> None:
    kind = failure.kind if failure else ""
    client.settimeout(_MOST_SECONDS)
    if kind == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return
    if kind.isdecimal():
        client.recv(_CHUNK)
        head = f"HTTP/1.1 {kind} {HTTPStatus(int(kind)).phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        return
    if failure and kind == "slow":
        time.sleep(failure.seconds)
    with socket.create_connection((to.host, to.port), timeout=_MOST_SECONDS) as server:
        up = threading.Thread(target=_copy, args=(client, server), daemon=True)
        up.start()
        if kind == "cut":
            answer = server.recv(_CHUNK)
            client.sendall(answer[: len(answer) // 2])
        else:
            _copy(server, client)
            up.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_CHUNK):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def resolver(to: Endpoint, failures: Iterable[Failure]) -> Iterator[Endpoint]:
    """A resolver that asks another one, and at times answers otherwise or not at all; over TCP it passes on."""
    chance = Chance(failures, OF_DNS.__contains__)
    if not chance:
        yield to
        return

    class Questions(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            question, back = self.request
            if (answer := _resolved(question, to, chance.next())) is not None:
                back.sendto(answer, self.client_address)

    class Connections(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                _pass_on(self.request, to, None)

    endpoint = free_endpoint()
    with (
        _serving(socketserver.ThreadingUDPServer, endpoint, Questions),
        _serving(socketserver.ThreadingTCPServer, endpoint, Connections),
    ):
        yield endpoint


def _resolved(question: bytes, to: Endpoint, failure: Failure | None) -> bytes | None:
    kind = failure.kind if failure else ""
    if kind == "timeout":
        return None
    if kind in {"servfail", "refused"}:
        try:
            answer = dns.message.make_response(dns.message.from_wire(question))
        except dns.exception.DNSException:
            return None
        answer.set_rcode(dns.rcode.from_text(kind))
        return answer.to_wire()
    if failure and kind == "slow":
        time.sleep(failure.seconds)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
        upstream.settimeout(_MOST_SECONDS)
        upstream.sendto(question, (to.host, to.port))
        try:
            return upstream.recv(_CHUNK)
        except OSError:  # the resolver keeps silent, and so do we
            return None


@contextlib.contextmanager
def _serving(
    kind: type[socketserver.ThreadingTCPServer | socketserver.ThreadingUDPServer],
    at: Endpoint,
    handler: type[socketserver.BaseRequestHandler],
) -> Iterator[Endpoint]:
    server = kind((at.host, at.port), handler)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield at
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
