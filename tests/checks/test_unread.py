"""Nothing unread passes: every answer of the cloud in turn is refused, missing, or says what no document explains."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from comgmt_audit import packs
from comgmt_audit.model import Outcome
from comgmt_audit.recorder import Needs
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab import estate as lab
from tests.lab import judging
from tests.lab.estate import contoso, record

PACK = packs.combine([packs.builtin()])
OPTIONAL = ("graph/groups", "graph/group-members/", "graph/group-devices/", "arm/role-assignments")
"""What a check may pass without: names of groups, members of groups that it does not ask about, and the proof that a
list is whole, where what is looked for is in it."""


def cloud_observations(tmp_path_factory) -> list[str]:
    path = record(contoso(), tmp_path_factory / "ids")
    recording = Recording.load(path)
    found = [id for id in recording.ids("") if id.startswith(("graph/", "arm/"))]
    recording.close()
    return found


@pytest.mark.parametrize("way", ["refusing", "unrecorded", "unreachable"])
def test_without_an_answer_no_check_that_rests_on_it_passes(tmp_path, judge, healthy, way):
    ids = cloud_observations(tmp_path)
    assert len(ids) > 20
    for id in ids:
        found = judge(getattr(contoso(), way)(id))
        lost = judging.differences(healthy["current"], found)
        assert set(lost.values()) <= {"not assessed", "blocked"}, id
        if not id.startswith(OPTIONAL):
            readers = [check.id for check in PACK if Needs.of([check])(id)]
            assert readers, id
            assert not [check for check in readers if found[check].outcome is Outcome.PASS], id


def altered(value: Any, path: list[str], new: str | None) -> Any:
    """The value with what *path* leads to replaced, in every item of a list."""
    if isinstance(value, list):
        return [altered(item, path, new) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: altered(value[path[0]], path[1:], new) if path[1:] else new}


UNKNOWN = [
    ("graph/managed-devices", "managementAgent", {"ENR080": "not assessed", "ENR090": "not assessed"}),
    ("graph/managed-devices", "operatingSystem", {"ENR080": "not assessed", "ENR090": "not applicable"}),
    ("graph/subscribed-skus", "capabilityStatus", {"LIC010", "LIC020", "LIC030", "LIC040"}),
    ("graph/subscribed-skus", "servicePlans provisioningStatus", {"LIC010", "LIC020", "LIC030", "LIC040"}),
    ("graph/users", "licenseAssignmentStates state", {"LIC060": "not assessed"}),
    ("graph/mdm-policies", "appliesTo", {"ENR010", "ENR020", "ENR030", "ENR040", "ENR050", "ENR060"}),
    ("graph/mam-policies", "appliesTo", {"ENR040": "not assessed"}),
    ("graph/mdm-authority", "mobileDeviceManagementAuthority", {"TEN010"}),
    ("graph/oauth2-permission-grants", "consentType", {"APP080"}),
    ("graph/mobile-apps", "publishingState", {"BOO010"}),
    ("graph/mobile-apps", "assignments intent", {"BOO080"}),
    ("graph/global-administrators", "principal @odata.type", {"TEN050": "not assessed", "TEN060": "not assessed"}),
    ("graph/conditional-access-policies", "state", {"ENR100": "not assessed", "APP140": "not assessed"}),
    ("arm/subscription", "state", {"SUB010"}),
    ("arm/subscription", "subscriptionPolicies spendingLimit", {"SUB050": "not assessed"}),
    ("arm/providers", "registrationState", {"SUB030"}),
    ("arm/resources", "provisioningState", {"AZR040": "not assessed"}),
]
"""A property with a closed list of values, and what must not pass where it is of no known value."""


@pytest.mark.parametrize("value", ["somethingNew", None])
@pytest.mark.parametrize(("where", "path", "lost"), UNKNOWN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_value_that_nobody_knows_does_not_pass(tmp_path, monkeypatch, healthy, where, path, lost, value):
    class Altering(lab._LabWriter):
        def json(self, id: str, document: object, **rest: Any) -> None:
            changed = altered(msgspec.to_builtins(document), path.split(), value) if id == where else document
            super().json(id, changed, **rest)

        def lines(self, id: str, items: Any, **rest: Any) -> None:
            rows = altered(msgspec.to_builtins(list(items)), path.split(), value) if id == where else items
            super().lines(id, rows, **rest)

    assert issubclass(Altering, RecordingWriter)
    monkeypatch.setattr(lab, "_LabWriter", Altering)
    results = judging.results(record(contoso(), tmp_path / "recording"))
    changed = judging.differences(healthy["current"], results)
    assert "pass" not in changed.values()
    assert "error" not in changed.values()
    assert set(lost) <= set(changed)
    if isinstance(lost, dict) and value is not None:
        assert changed == lost
