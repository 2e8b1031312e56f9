"""The output of dsregcmd."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.dsregcmd import NotJoinStatus, parse

OUTPUT = """
+----------------------------------------------------------------------+
| Device State                                                         |
+----------------------------------------------------------------------+
             AzureAdJoined : YES
              DomainJoined: NO  \t
+----------------------------------------------------------------------+
| Tenant Details                                                       |
+----------------------------------------------------------------------+
                TenantName : Contoso: the company
                  TenantId : 72F988BF-0000-4000-8000-2D7CD011DB00
                    MdmUrl : https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc
+----------------------------------------------------------------------+
| Diagnostic Data                                                      |
+----------------------------------------------------------------------+
             AzureAdJoined : NO
"""


def test_lines_are_split_at_the_first_colon_with_or_without_a_blank():
    state = parse(OUTPUT)
    assert (state.entra_joined, state.domain_joined, state.hybrid_joined) == (True, False, False)
    assert state.tenant_name == "Contoso: the company"
    assert state.tenant_id == "72f988bf-0000-4000-8000-2d7cd011db00"
    assert str(state.mdm_url).startswith("https://enrollment.manage.microsoft.com/")
    assert state.device_authentication == ""
    assert state.registered is None


@pytest.mark.parametrize(("said", "registered"), [("YES", True), ("NO", False), ("", None)])
def test_a_registration_counts_in_the_user_state_only(said, registered):
    text = OUTPUT + "| User State |\nWorkplaceJoined : " + said + "\n| Work Account 1 |\nWorkplaceJoined : YES\n"
    assert parse(text).registered is registered


def test_the_place_of_a_key_is_its_first_line():
    assert parse(OUTPUT).lines["azureadjoined"] == 5


@pytest.mark.parametrize("value", ["ERROR", "NOT SET", "-", "", "Ja"])
def test_what_is_neither_yes_nor_no_is_unknown(value):
    state = parse(
        OUTPUT.replace("AzureAdJoined : YES", f"AzureAdJoined : {value}").replace("Joined: NO", "Joined: YES")
    )
    assert (state.entra_joined, state.hybrid_joined) == (None, None)


@pytest.mark.parametrize("text", ["", "'dsregcmd' is not recognized", OUTPUT.replace("Device State", "Something")])
def test_another_text_is_refused(text):
    with pytest.raises(NotJoinStatus):
        parse(text)


@given(st.text())
def test_arbitrary_text_is_refused_or_read(text):
    for candidate in (text, OUTPUT + text):
        with contextlib.suppress(NotJoinStatus):
            parse(candidate)
