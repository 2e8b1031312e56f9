"""Servers start, fail and end in the one way."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.lab.servers import process


def test_a_server_that_ends_shows_the_tail_of_its_log(tmp_path):
    command = ["/bin/sh", "-c", "echo early; echo 'zone is broken' >&2; exit 3"]
    server = process.running(command, ready=lambda: False, folder=tmp_path)
    with pytest.raises(process.ServerError, match=r"(?s)status 3.*early.*zone is broken"), server:
        pass


def test_a_server_that_never_gets_ready_is_given_up(tmp_path):
    command = ["/bin/sh", "-c", "echo waiting for Godot; exec sleep 60"]
    server = process.running(command, ready=lambda: False, folder=tmp_path, seconds=0.2)
    with pytest.raises(process.ServerError, match=r"(?s)not ready in time.*Godot"), server:
        pass


def test_children_end_with_their_server(tmp_path):
    child = tmp_path / "child"
    command = ["/bin/sh", "-c", f"sleep 60 & echo $! > {child}.new; mv {child}.new {child}; wait"]
    with process.running(command, ready=child.exists, folder=tmp_path):
        number = child.read_text().strip()
        assert _lives(number)
    assert not _lives(number)


def test_a_server_ends_when_the_test_fails(tmp_path):
    server = process.running(["/bin/sleep", "60"], ready=lambda: True, folder=tmp_path)
    with pytest.raises(ZeroDivisionError), server as started:
        raise ZeroDivisionError
    assert started.returncode is not None


def test_every_address_is_another_and_its_port_is_free():
    endpoints = [process.free_endpoint() for _ in range(20)]
    assert len({endpoint.host for endpoint in endpoints}) == 20
    for endpoint in endpoints:
        socket.create_server((endpoint.host, endpoint.port)).close()


def test_silence_takes_a_question_and_gives_no_answer():
    with process.silence() as endpoint, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((endpoint.host, endpoint.port))
        udp.settimeout(0.1)
        udp.send(b"anybody there?")
        with pytest.raises(TimeoutError):
            udp.recv(512)


def test_what_is_not_installed_is_named_with_its_package():
    assert process.missing_programs({"sh": "dash"}) == ""
    assert process.missing_programs({"sh": "dash", "no-such": "none"}) == "not installed: no-such (Debian package none)"
    with pytest.raises(process.ServerError, match="no-such is not installed"):
        process.program("no-such")


def _lives(number: str) -> bool:
    """A process that ended and waits to be fetched by its parent (state Z) lives no more."""
    status = Path(f"/proc/{number}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
