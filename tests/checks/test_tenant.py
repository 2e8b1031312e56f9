"""Tenant: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.lab.estate import contoso


@pytest.mark.parametrize("authority", ["sccm", "office365", "unknown"])
def test_another_mdm_authority_fails(changed, authority):
    assert changed(contoso(tenant__mdm_authority=authority)) == {"TEN010": "fail"}


def test_an_authority_that_intune_does_not_say_is_not_assessed(changed):
    assert changed(contoso(tenant__mdm_authority=None)) == {"TEN010": "not assessed"}


def test_a_refused_request_is_not_assessed_and_names_the_cure(judge):
    result = judge(contoso().refusing("graph/mdm-authority", cure="Grant DeviceManagementServiceConfig.Read.All."))[
        "TEN010"
    ]
    assert result.outcome.value == "not assessed"
    assert result.cure == "Grant DeviceManagementServiceConfig.Read.All."
