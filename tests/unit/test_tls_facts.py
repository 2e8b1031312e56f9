"""What was served, as a fact: the path, the order, what is damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.facts import Environment
from comgmt_audit.facts.tls import ServedEndpoints
from comgmt_audit.recording import Form, Recording, RecordingWriter
from tests.lab import pki
from tests.lab.estate import contoso
from tests.lab.names import NOW

ID = "tls/outside/cmg.contoso.com:443"


def _fact(folder: Path, content: bytes, about: dict[str, Any] | None = None) -> ServedEndpoints:
    design = designs.from_mapping(contoso().design, "the lab's design")
    with RecordingWriter(folder / "one", recorded_at=NOW, design=design) as writer:
        writer.keep(ID, Form.PEM, content, source="tls", request="TLS handshake", about=about or {})
    with contextlib.closing(Recording.load(folder / "one")) as recording:
        return Environment(recording, recording.design, baselines.load("current")).fact(ServedEndpoints)


def _pem(*roles: str) -> bytes:
    return "".join(pki.pem(contoso(), role) for role in roles).encode()


@pytest.mark.parametrize(
    ("roles", "way", "in_order"),
    [
        (("gateway",), 1, True),
        (("gateway", "public-issuing"), 2, True),
        (("gateway", "public-issuing", "public-root"), 3, True),
        (("gateway", "public-root", "public-issuing"), 3, False),
        (("gateway", "issuing"), 1, False),
        (("gateway", "gateway"), 1, False),
        (("public-issuing", "gateway"), 1, False),
        (("root",), 1, True),
    ],
)
def test_the_path_is_what_the_signatures_say(tmp_path, roles, way, in_order):
    (served,) = _fact(tmp_path, _pem(*roles), {"protocol": "TLSv1.2", "old_protocol": ""})
    assert [one.der for one in served.chain] == [pki.der(contoso(), role) for role in roles]
    assert (len(served.way), served.in_order, served.missing) == (way, in_order, ())
    assert served.label == "CMG cmg.contoso.com (outside)"


def test_what_is_not_said_is_unknown(tmp_path):
    (served,) = _fact(tmp_path, _pem("gateway"))
    assert (served.protocol, served.old_protocol, served.own) == ("", None, None)


@pytest.mark.parametrize(
    ("content", "about"),
    [
        (b"", {}),
        (b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", {}),
        (b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", {}),
        (_pem("gateway"), {"protocol": 7}),
        (_pem("gateway"), {"old_protocol": ["TLSv1"]}),
    ],
)
def test_damage_is_unreadable_and_named(tmp_path, content, about):
    found = _fact(tmp_path, content, about)
    assert found.served == ()
    assert found.unseen[0].evidence.observation == ID


def test_a_chain_of_thousands_costs_no_more_than_one_of_twenty(tmp_path):
    (served,) = _fact(tmp_path, _pem("gateway") + _pem("public-issuing") * 2000)
    assert len(served.chain) == 20


def test_every_service_of_the_design_is_accounted_for(tmp_path):
    found = _fact(tmp_path, _pem("gateway"))
    assert [one.label for one in found.unseen] == ["management point mp01.corp.contoso.com"]
