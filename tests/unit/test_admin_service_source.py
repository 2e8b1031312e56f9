"""What the site's answers mean: columns, pages, access; and the binding to a channel."""

from __future__ import annotations

import asyncio
import hashlib

import httpx
import pytest

from comgmt_audit.recording import Reason
from comgmt_audit.sources.admin_service import COLLECTION, _Site, columns, has_full_access
from comgmt_audit.sources.http import Client, ReadError
from comgmt_audit.sources.negotiate import end_point
from tests.lab import pki
from tests.lab.estate import contoso

OWN = {
    "LogonName": "CONTOSO\\scanner",
    "RoleNames": ["Read-only Analyst"],
    "CategoryNames": ["All"],
    "CollectionNames": ["All Systems", "All Users and User Groups"],
    "IsGroup": False,
    "IsDeleted": "0",
}


def test_columns_are_inherited():
    text = (
        b'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        b'<EntityType Name="A"><Property Name="one"/></EntityType>'
        b'<EntityType Name="B" BaseType="Ns.A"><Property Name="two"/></EntityType></Schema>'
    )
    assert columns(text, frozenset({"B", "C"})) == {"B": frozenset({"one", "two"})}


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a/>", b'<EntityType Name="X"/>']
)
def test_what_is_no_csdl_says_nothing(text):
    assert columns(text, frozenset({"B"})) is None


def test_a_type_that_inherits_from_itself_ends():
    assert columns(b'<S><EntityType Name="A" BaseType="N.A"><Property Name="x"/></EntityType></S>', frozenset("A")) == {
        "A": frozenset({"x"})
    }


@pytest.mark.parametrize(
    ("change", "full"),
    [
        ({}, True),
        ({"RoleNames": ["Operations Administrator"]}, False),
        ({"CategoryNames": ["Default"]}, False),
        ({"CollectionNames": ["All Systems"]}, False),
        ({"CollectionNames": None}, False),
        ({"IsDeleted": True}, False),
        ({"IsGroup": 1}, False),
        ({"LogonName": "CONTOSO\\other"}, False),
    ],
)
def test_full_access_needs_role_scope_and_collections(change, full):
    assert has_full_access("scanner@CORP.CONTOSO.COM", "PS1", [{"SiteCode": "PS1"}], [OWN | change]) is full


def test_full_access_needs_the_site():
    assert not has_full_access("scanner@CORP.CONTOSO.COM", "PS1", [{"SiteCode": "PS2"}], [OWN])
    assert not has_full_access("scanner@CORP.CONTOSO.COM", "", [], [OWN])


def test_the_binding_is_the_hash_of_the_certificate():
    der = pki.der(contoso(), "gateway")
    assert end_point(der) == b"tls-server-end-point:" + hashlib.sha256(der).digest()
    assert end_point(b"none") is None


def _read(link: str) -> list[str]:
    """The collections of a site whose first page has a link."""

    def answer(request: httpx.Request) -> httpx.Response:
        first = "skip" not in str(request.url)
        row = {"CollectionID": "SMS00001" if first else "SMS00002", "Secret": 1}
        return httpx.Response(
            200, json={"value": [row], **({"@odata.nextLink": link} if first or "loop" in link else {})}
        )

    async def read() -> list[str]:
        async with Client(["https://cm01.example"], transport=httpx.MockTransport(answer)) as client:
            site = _Site(client, "https://cm01.example/AdminService", "cm01.example", False, "bearer")
            rows = [row async for page in site.rows(COLLECTION) for row in page]
            assert all(set(row) == {"CollectionID"} for row in rows)
            return [row["CollectionID"] for row in rows]

    return asyncio.run(read())


@pytest.mark.parametrize(
    "link", ["https://cm01.example/AdminService/wmi/SMS_Collection?skip=1", "SMS_Collection?skip=1"]
)
def test_a_link_to_the_next_page_is_followed(link):
    assert _read(link) == ["SMS00001", "SMS00002"]


@pytest.mark.parametrize("link", ["https://elsewhere.example/?skip=1", "SMS_Collection?skip=1&loop"])
def test_a_link_that_leads_elsewhere_or_round_is_not(link):
    with pytest.raises(ReadError) as caught:
        _read(link)
    assert caught.value.absence.reason is Reason.UNREADABLE
