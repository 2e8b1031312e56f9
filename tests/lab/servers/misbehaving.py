"""What a scan must bear of the network: nobody listens, nobody answers, a trickle, a lie, half an answer, no end of it.

A relay stands in front of a healthy server and spoils what that says; the others play a server of their own. All are
threads, and gone when their block is left.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

from tests.lab.servers.process import Endpoint, free_port, loopback_address

Conversation = Callable[[socket.socket, threading.Event], None]
"""What is done with one connection; the event is set when the server ends."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST, and no port stays in TIME-WAIT."""
_LOOK = 0.05
"""Seconds after which a thread looks whether it shall end."""


@contextlib.contextmanager
def closed() -> Iterator[Endpoint]:
    """Nothing listens there, and nobody else can: TCP is refused, and UDP is told that the port is closed."""
    with socket.socket() as reserved:
        reserved.bind((loopback_address(), 0))
        yield Endpoint(*reserved.getsockname())


@contextlib.contextmanager
def unreachable() -> Iterator[Endpoint]:
    """Packets vanish, as behind a firewall that drops them: not even a connection comes about.

    Linux drops what would open a connection while the queue of those that nobody accepted is full.
    """
    host = loopback_address()
    port = free_port(host)
    with contextlib.ExitStack() as stack:
        queue = stack.enter_context(socket.socket())
        queue.bind((host, port))
        queue.listen(0)
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind((host, port))
        while True:
            filling = stack.enter_context(socket.socket())
            filling.settimeout(0.1)
            try:
                filling.connect((host, port))
            except TimeoutError:
                break
        yield Endpoint(host, port)


@contextlib.contextmanager
def serving(conversation: Conversation, host: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """A TCP server that does the same with every connection, each in a thread of its own."""
    ended = threading.Event()

    def converse(connection: socket.socket) -> None:
        # A client that goes away in the middle is what these servers are there for.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if tls is None:
                conversation(connection, ended)
            else:
                with tls.wrap_socket(connection, server_side=True) as secured:
                    conversation(secured, ended)

    def listen() -> None:
        with contextlib.suppress(OSError):  # the socket was closed
            while True:
                connection, _ = server.accept()
                threads.append(threading.Thread(target=converse, args=(connection,)))
                threads[-1].start()

    with socket.create_server((host or loopback_address(), 0)) as server:
        threads = [threading.Thread(target=listen)]
        threads[0].start()
        try:
            yield Endpoint(*server.getsockname())
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def saying(answer: bytes) -> Conversation:
    """Whatever is asked, the same is answered, and the connection closed."""

    def conversation(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return conversation


def http(body: bytes, kind: str, status: str = "200 OK") -> bytes:
    """An answer over HTTP, for :func:`saying`."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def trickling(answer: bytes) -> Conversation:
    """A byte a second, over and over."""

    def conversation(connection: socket.socket, ended: threading.Event) -> None:
        for byte in itertools.cycle(answer):
            connection.sendall(bytes([byte]))
            if ended.wait(1):
                return

    return conversation


def endless(head: bytes, filling: bytes) -> Conversation:
    """An answer that begins as it should and never ends."""

    def conversation(connection: socket.socket, ended: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not ended.is_set():
            connection.sendall(filling * (65536 // len(filling)))

    return conversation


def relaying(to: Endpoint, *, cut_after: int = 0, pause: float = 0) -> Conversation:
    """What *to* says: cut off after so many bytes, or byte by byte with a pause (seconds) before each."""

    def conversation(client: socket.socket, ended: threading.Event) -> None:
        told = 0
        with socket.create_connection((to.host, to.port), timeout=10) as server:
            while not ended.is_set():
                readable, _, _ = select.select([client, server], [], [], _LOOK)
                if client in readable:
                    asked = client.recv(65536)
                    if not asked:
                        return
                    server.sendall(asked)
                if server in readable:
                    if pause and ended.wait(pause):
                        return
                    answer = server.recv(1 if pause else 65536)
                    client.sendall(answer[: cut_after - told] if cut_after else answer)
                    told += len(answer)
                    if not answer or (cut_after and told >= cut_after):
                        return

    return conversation


@contextlib.contextmanager
def answering(spoil: Callable[[bytes], bytes], to: Endpoint, *, pause: float = 0) -> Iterator[Endpoint]:
    """A relay for UDP: each answer of *to* comes after a pause (seconds), and as *spoil* makes it."""
    ended = threading.Event()

    def relay() -> None:
        while not ended.is_set():
            if not select.select([own], [], [], _LOOK)[0]:
                continue
            question, client = own.recvfrom(65536)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as onwards:
                onwards.settimeout(5)
                onwards.connect((to.host, to.port))
                onwards.send(question)
                answer = onwards.recv(65536)
            due.append((time.monotonic() + pause, spoil(answer), client))

    def send() -> None:
        while not ended.wait(_LOOK):
            while due and due[0][0] <= time.monotonic():
                _, answer, client = due.pop(0)
                own.sendto(answer, client)

    due: list[tuple[float, bytes, tuple[str, int]]] = []
    host = loopback_address()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind((host, free_port(host)))
        threads = [threading.Thread(target=one) for one in (relay, send)]
        for thread in threads:
            thread.start()
        try:
            yield Endpoint(*own.getsockname())
        finally:
            ended.set()
            for thread in threads:
                thread.join()
