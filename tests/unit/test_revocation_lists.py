"""Revocation lists as facts."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.errors import NotRecorded, Unreadable
from comgmt_audit.facts.revocation import Crl, Crls, _crl, _der, der_time, is_public_host, is_web
from comgmt_audit.facts.x509 import certificate
from tests.lab import pki
from tests.lab.estate import contoso
from tests.lab.names import days

ESTATE = contoso()
BASE = pki.crl(ESTATE, ESTATE.certificates.issuing_crl).encode()
DELTA = pki.crl(ESTATE, ESTATE.certificates.issuing_delta).encode()


def read(pem: bytes) -> Crl:
    return _crl(_der(pem), "crl/inside/http://x", "inside", "http://x")


def test_a_base_list_says_all_that_it_carries():
    crl = read(BASE)
    assert (crl.number, crl.base_number, crl.is_delta) == (407, None, False)
    assert (crl.this_update, crl.next_publish, crl.next_update) == (days(-2), days(5), days(5.5))
    assert crl.delta_urls == ("http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201+.crl",)
    assert crl.issuer_text == "CN=Contoso Issuing CA 1,DC=corp,DC=contoso,DC=com"
    assert (crl.scope, crl.scope_urls) == ((), ())


def test_a_delta_list_names_its_base():
    assert (read(DELTA).number, read(DELTA).base_number) == (409, 407)


def test_only_the_key_of_the_issuer_verifies_it():
    crl = read(BASE)
    assert crl.signed_by(certificate(pki.der(ESTATE, "issuing"), "x"))
    assert not crl.signed_by(certificate(pki.der(ESTATE, "issuing-2"), "x"))


@pytest.mark.parametrize("scope", ["user certificates", "CA certificates", "attribute certificates", "reasons"])
def test_the_scope_is_read(scope):
    estate = contoso(certificates__issuing_crl__scope=(scope,))
    assert read(pki.crl(estate, estate.certificates.issuing_crl).encode()).scope == (scope,)


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", BASE[:200]]
)
def test_what_is_no_list_is_unreadable_and_says_what_else_it_could_be(content):
    with pytest.raises(Unreadable, match="is not a revocation list") as caught:
        read(content)
    assert "also comes with status 200" in caught.value.cure


@given(place=st.integers(30, len(BASE) - 40), value=st.sampled_from(b"ABCDEFGHabcdefgh0123+/"))
def test_any_changed_character_is_read_or_unreadable(place, value):
    changed = bytearray(BASE)
    changed[place] = value
    with contextlib.suppress(Unreadable):
        read(bytes(changed)).signed_by(certificate(pki.der(ESTATE, "issuing"), "x"))


@pytest.mark.parametrize(
    ("der", "time"),
    [
        (b"\x17\x0d260101120000Z", dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)),
        (b"\x17\x0d990101120000Z", dt.datetime(1999, 1, 1, 12, tzinfo=dt.UTC)),
        (b"\x18\x0f20510101120000Z", dt.datetime(2051, 1, 1, 12, tzinfo=dt.UTC)),
        (b"\x17\x0d261301120000Z", None),
        (b"\x17\x0c260101120000", None),
        (b"\x02\x01\x00", None),
        (b"", None),
    ],
)
def test_times_are_der(der, time):
    assert der_time(der) == time


@pytest.mark.parametrize(
    ("url", "web", "public"),
    [
        ("http://pki.contoso.com/a.crl", True, True),
        ("HTTP://PKI.Contoso.COM/a.crl", True, True),
        ("http://1.2.3.4/a.crl", True, True),
        ("http://10.1.2.3/a.crl", True, False),
        ("http://192.168.1.1/a.crl", True, False),
        ("http://pki/a.crl", True, False),
        ("http://pki.contoso.local/a.crl", True, False),
        ("http:///a.crl", True, False),
        ("http://[/a.crl", True, False),
        ("https://pki.contoso.com/a.crl", False, True),
        ("ldap:///CN=x?certificateRevocationList", False, False),
        ("file://server/share/a.crl", False, False),
    ],
)
def test_which_addresses_the_internet_can_use(url, web, public):
    assert (is_web(url), is_public_host(url)) == (web, public)


def test_an_address_that_was_not_asked_for_names_the_vantage():
    with pytest.raises(NotRecorded, match="was not fetched from outside") as caught:
        Crls(found={}).at("outside", "http://x")
    assert "on the internet" in caught.value.cure
