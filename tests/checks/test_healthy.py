"""The property that guards all checks: in a healthy estate each passes or does not apply, and none is unsure."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Outcome


@pytest.mark.parametrize("baseline", ["current", "tutorial-2018"])
def test_a_healthy_estate_has_nothing_but_pass_and_not_applicable(healthy, baseline):
    unexpected = {
        id: (result.outcome.value, result.reason or result.findings[:2], result.traceback)
        for id, result in healthy[baseline].items()
        if result.outcome not in {Outcome.PASS, Outcome.NOT_APPLICABLE}
    }
    assert unexpected == {}
