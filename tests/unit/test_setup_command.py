"""Taking a ccmsetup command line apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.intune_apps import SetupCommand, redacted

HOST = "CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/72057594037928100"


def test_the_documented_line():
    command = SetupCommand.parse(f'CCMSETUPCMD="{HOST} SMSSITECODE=ABC"')
    assert command.wrapped
    assert command.balanced
    assert command.properties == {
        "CCMHOSTNAME": "cmg.contoso.com/CCM_Proxy_MutualAuth/72057594037928100",
        "SMSSITECODE": "ABC",
    }
    assert command.outside == {}


def test_the_line_that_the_documentation_misprints():
    command = SetupCommand.parse(f'CCMSETUPCMD="{HOST}" SMSSiteCode="ABC"')
    assert command.balanced
    assert command.outside == {"SMSSITECODE": "ABC"}


def test_parameters_are_no_properties():
    command = SetupCommand.parse(f'CCMSETUPCMD="/mp:https://cmg.contoso.com/x=1 /NoCRLCheck {HOST}"')
    assert command.parameters == ("MP", "NOCRLCHECK")
    assert list(command.properties) == ["CCMHOSTNAME"]


def test_a_doubled_quote_is_one_inside():
    command = SetupCommand.parse('CCMSETUPCMD="CCMCERTISSUERS=""CN=A B; O=C"" SMSSITECODE=ABC" /qn')
    assert command.properties == {"CCMCERTISSUERS": "CN=A B; O=C", "SMSSITECODE": "ABC"}


@pytest.mark.parametrize("text", ['CCMSETUPCMD="SMSSITECODE=ABC', 'SMSSITECODE="ABC', "CCMSETUPCMD=SMSSITECODE=ABC"])
def test_quotes_that_do_not_match(text):
    assert not SetupCommand.parse(text).balanced


def test_a_bare_line_has_its_properties():
    command = SetupCommand.parse(f"ccmsetup.exe /UsePKICert {HOST} smssitecode=ABC")
    assert not command.wrapped
    assert command.properties["SMSSITECODE"] == "ABC"


def test_nothing_is_nothing():
    command = SetupCommand.parse("")
    assert (command.properties, command.wrapped, command.balanced, command.length) == ({}, False, True, 0)


@pytest.mark.parametrize("text", ["/regtoken:abc.def SMSMP=x", "/REGTOKEN:abc.def", 'CCMSETUPCMD="/RegToken:abc.def"'])
def test_a_token_is_taken_out(text):
    assert "abc" not in redacted(text)
    assert "abc" not in SetupCommand.parse(text).text


@given(st.text(alphabet='"=/ :CMSETUPD\x00\nx', max_size=200))
def test_any_text_is_taken_apart(text):
    command = SetupCommand.parse(text)
    assert command.length == len(text)
    assert all(name == name.upper() for name in command.properties)


def test_a_megabyte_of_quotes_takes_no_time():
    """Linear: a hostile line must not stall the scan."""
    command = SetupCommand.parse('CCMSETUPCMD="' + '"x=' * 300_000)
    assert command.length > 900_000
