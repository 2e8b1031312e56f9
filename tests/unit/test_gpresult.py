"""What gpresult says of a computer's groups, as text and as XML."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.gpresult import CURE, NotCollected, parse
from tests.lab.hosts import gpresult

RSOP = 'xmlns="http://www.microsoft.com/GroupPolicy/Rsop"'
TYPES = "http://www.microsoft.com/GroupPolicy/Types"


def xml(*groups: tuple[str, str], declaration: str = '<?xml version="1.0" encoding="utf-16"?>') -> str:
    listed = "".join(
        f'<SecurityGroup><SID xmlns="{TYPES}">{sid}</SID><q1:Name xmlns:q1="{TYPES}">{name}</q1:Name></SecurityGroup>'
        for name, sid in groups
    )
    computer = f"<ComputerResults><Name>CONTOSO\\CM01$</Name>{listed}</ComputerResults>"
    user = f'<UserResults><SecurityGroup><Name xmlns="{TYPES}">Of the user</Name></SecurityGroup></UserResults>'
    return f"{declaration}\n<Rsop {RSOP}>{computer}{user}</Rsop>"


def test_the_computers_groups_are_read_and_not_the_users():
    policy = parse(gpresult(("BUILTIN\\Administrators", "CM01$", "ConfigMgr IIS Servers")))
    assert policy.groups == {"administrators", "cm01$", "configmgr iis servers", "system mandatory level"}


def test_a_group_is_compared_as_a_whole_without_case_and_domain():
    policy = parse(gpresult(("ConfigMgr IIS Servers-old",)))
    assert not policy.has("ConfigMgr IIS Servers")
    assert policy.has("CONTOSO\\configmgr iis servers-OLD")


def test_xml_is_read_by_namespace_whatever_encoding_it_declares():
    policy = parse("\ufeff" + xml(("CONTOSO\\ConfigMgr IIS Servers", "S-1-5-21-1-2-3-1601"), ("Everyone", "S-1-1-0")))
    assert policy.has("ConfigMgr IIS Servers")
    assert policy.sids == {"S-1-5-21-1-2-3-1601", "S-1-1-0"}


@pytest.mark.parametrize("everyone", ["Jeder", "Tout le monde", "Todos", "\u5168\u54e1"])
def test_xml_is_the_same_in_every_language_but_for_the_names_of_windows_own_groups(everyone):
    policy = parse(xml((everyone, "S-1-1-0"), ("CONTOSO\\ConfigMgr IIS Servers", "S-1-5-21-1-2-3-1601")))
    assert policy.has("ConfigMgr IIS Servers")
    assert "S-1-1-0" in policy.sids


@pytest.mark.parametrize(
    "headings",
    [
        (
            "COMPUTEREINSTELLUNGEN",
            "BENUTZEREINSTELLUNGEN",
            "Der Computer ist Mitglied der folgenden Sicherheitsgruppen",
        ),
        ("CONFIGURATION DE L'ORDINATEUR", "CONFIGURATION UTILISATEUR", "L'ordinateur appartient aux groupes suivants"),
        ("CONFIGURACIÓN DE EQUIPO", "CONFIGURACIÓN DE USUARIO", "El equipo pertenece a los siguientes grupos"),
        ("コンピューターの設定", "ユーザーの設定", "コンピューターは次のセキュリティ グループの一部です"),
    ],
    ids=["German", "French", "Spanish", "Japanese"],
)
def test_text_of_another_language_is_not_collected_whoever_is_a_member(headings):
    """Made up, but for the German ones of a public parser: what counts is that they are not English."""
    text = gpresult(("ConfigMgr IIS Servers",))
    english = ("COMPUTER SETTINGS", "USER SETTINGS", "The computer is a part of the following security groups")
    for known, other in zip(english, headings, strict=True):
        text = text.replace(known, other)
    with pytest.raises(NotCollected):
        parse(text)
    assert "/x" in CURE


def test_xml_of_another_namespace_is_not_that_of_gpresult():
    with pytest.raises(NotCollected, match="not that of gpresult"):
        parse(xml(("Everyone", "S-1-1-0")).replace(RSOP, 'xmlns="urn:other"'))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "English"),
        ("ERROR: Access Denied.", "denied"),
        (gpresult(("x",)).replace("COMPUTER SETTINGS", "x"), "no computer section"),
        (gpresult(("x",)).replace("The computer is a part", "x"), "lists no security groups"),
        (gpresult(("x",)).replace("Result tool", "x").replace("COMPUTER SETTINGS", "COMPUTEREINSTELLUNGEN"), "English"),
        (xml(), "lists no security groups"),
        (f"<Rsop {RSOP}><UserResults/></Rsop>", "no computer section"),
        ("<Rsop", "not the XML"),
        (f'<!DOCTYPE x [<!ENTITY a "b">]><Rsop {RSOP}>&a;</Rsop>', "not the XML"),
        ("<a>" * 10_000, "not the XML"),
    ],
)
def test_what_was_not_collected_is_said(text, why):
    with pytest.raises(NotCollected, match=why):
        parse(text)


@pytest.mark.parametrize("end", ["\n", "\n\n", "\n  System Mandatory Level", "\n  High Mandatory Level\n"])
def test_a_list_without_a_rule_and_with_an_end_is_read(end):
    text = f"COMPUTER SETTINGS\nThe computer is a part of the following security groups\n  Everyone\n{end}"
    assert parse(text).has("Everyone")


def test_a_list_that_breaks_off_says_nothing_of_what_is_not_in_it():
    whole = gpresult(("Everyone", "ConfigMgr IIS Servers", "Domain Computers"))
    for cut in ("ConfigMgr IIS Servers", "Domain Computers", "System Mandatory"):
        with pytest.raises(NotCollected, match="breaks off"):
            parse(whole[: whole.index(cut)].rstrip())


@given(st.text())
def test_arbitrary_text_is_refused_or_read(text):
    for candidate in (text, "<" + text, "COMPUTER SETTINGS\n" + text):
        with contextlib.suppress(NotCollected):
            parse(candidate)
