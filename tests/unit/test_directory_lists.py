"""Revocation lists in the directory, by the addresses in certificates."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts import Environment
from comgmt_audit.facts.directory_lists import LISTS, DirectoryLists, folded, is_directory
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab import pki
from tests.lab.estate import Estate, contoso, record
from tests.lab.names import NOW

NAMES = contoso().names
BASE, DELTA = (pki.crl_directory_url(NAMES, "issuing", delta=delta) for delta in (False, True))
CONTAINER = "CN=CDP,CN=Public Key Services,CN=Services,CN=Configuration,DC=corp,DC=contoso,DC=com"


def read(path) -> DirectoryLists:
    with contextlib.closing(Recording.load(path)) as recording:
        return DirectoryLists.read(Environment(recording, recording.design, baselines.load(recording.design.baseline)))


@pytest.fixture
def lists(tmp_path):
    def lists(estate: Estate) -> DirectoryLists:
        return read(record(estate, tmp_path / "recording"))

    return lists


@pytest.fixture
def raw(tmp_path):
    """What is read of these lines."""

    def raw(*lines: object, about: object) -> DirectoryLists:
        design = designs.from_mapping(contoso().design, "the lab's design")
        with RecordingWriter(tmp_path / "recording", recorded_at=NOW, design=design) as writer:
            writer.lines(LISTS, lines, source="directory", request="LDAP search", about=about)
        return read(tmp_path / "recording")

    return raw


def test_each_address_leads_to_its_list_and_place(lists):
    found, part = lists(contoso()), contoso().certificates
    assert part.issuing_ldap
    assert part.issuing_delta_ldap
    assert found.at(BASE)[0] == pki.crl_der(contoso(), part.issuing_ldap)
    assert found.at(DELTA)[0] == pki.crl_der(contoso(), part.issuing_delta_ldap)
    assert found.at(BASE)[1].pointer.endswith("/certificateRevocationList")


@pytest.mark.parametrize(
    ("estate", "url"),
    [
        (contoso(certificates__issuing_ldap=None), BASE),
        (contoso(certificates__issuing_delta_ldap=None), DELTA),
        (contoso(certificates__issuing_ldap=None, certificates__issuing_delta_ldap=None), BASE),
        (contoso(), BASE.replace("CA01", "CA02")),
    ],
)
def test_what_the_container_lacks_is_known_not_to_be_there(lists, estate, url):
    with pytest.raises(Unreadable) as caught:
        lists(estate).at(url)
    assert "certutil -crl" in caught.value.cure


@pytest.mark.parametrize("text", [b"", b"\x00"])
def test_a_zero_byte_stands_for_none(raw, text):
    found = raw({"dn": f"CN=x,{CONTAINER}", "certificateRevocationList": text}, about={"container": CONTAINER})
    with pytest.raises(Unreadable, match="has no certificateRevocationList"):
        found.at(f"ldap:///CN=x,{CONTAINER}?certificateRevocationList?base")


def test_an_empty_container_says_nothing(raw):
    with pytest.raises(NotRecorded):
        raw(about={"container": CONTAINER}).at(BASE)


def test_a_list_that_was_left_out_is_not_missing(raw):
    dn = f"CN=x,{CONTAINER}"
    about = {"container": CONTAINER, "too_large": [f"certificateRevocationList of {dn}"]}
    with pytest.raises(NotRecorded, match="too large"):
        raw({"dn": dn}, about=about).at(f"ldap:///{dn}?certificaterevocationlist?base")


@pytest.mark.parametrize("about", [{"container": 1}, {"too_large": "x"}, {}])
def test_what_is_said_about_it_may_be_damaged_or_missing(raw, about):
    with pytest.raises(FactUnavailable):
        raw({"dn": f"CN=x,{CONTAINER}"}, about=about).at(BASE)


@pytest.mark.parametrize("line", [{}, {"dn": 1}, {"dn": "CN=x", "certificateRevocationList": "no Base64!"}, [], "x"])
def test_a_damaged_line_is_unreadable(raw, line):
    with pytest.raises(Unreadable):
        raw(line, about={"container": CONTAINER}).at(BASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=A B,DC=x", "cn=a b, dc=X"),
        ("CN=A\\2C B,DC=x", "CN=A\\, B,DC=x"),
        ("CN=Z\\C3\\BCrich,DC=x", "CN=Zürich,DC=x"),
        ("CN=A\\20B", "CN=A B"),
    ],
)
def test_names_of_one_object_are_equal(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("CN=A,B=C", "CN=A\\,B=C"), ("CN=A,DC=x", "CN=A,DC=y"), ("CN=A", "CN=A,DC=x")]
)
def test_names_of_two_objects_are_not(one, other):
    assert folded(one) != folded(other)


@given(st.text(max_size=60))
def test_any_address_is_found_or_refused(text):
    with contextlib.suppress(FactUnavailable):
        DirectoryLists(container=CONTAINER).at(f"ldap:///{text}")
    assert is_directory(f"LDAP://{text}")
