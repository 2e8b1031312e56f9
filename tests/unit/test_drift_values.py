"""Drift of values between two recordings of the lab's estate: what was changed is named, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comgmt_audit.drift import values
from comgmt_audit.drift.differences import MISSING, differences
from comgmt_audit.drift.values import ValueDrift
from comgmt_audit.model import ValueChange
from comgmt_audit.recording import Absence, Form, Reason, Recording, RecordingWriter
from tests.lab.estate import Estate, contoso, record
from tests.lab.names import NOW


def drift(one: Path, other: Path) -> ValueDrift:
    with contextlib.closing(Recording.load(one)) as before, contextlib.closing(Recording.load(other)) as after:
        return values.compare(before, after)


def between(tmp_path: Path, before: Estate, after: Estate) -> ValueDrift:
    return drift(record(before, tmp_path / "before"), record(after, tmp_path / "after.zip"))


def made(path: Path, **observations: Any) -> Path:
    """A recording of a few observations: bytes are text, a list is a list, a dictionary a document, an absence none."""
    rest: dict[str, Any] = {"source": "graph", "request": "GET", "at": NOW}
    from comgmt_audit import design

    with RecordingWriter(path, recorded_at=NOW, design=design.from_mapping({"name": "Contoso"}, "test")) as writer:
        for name, content in observations.items():
            id = name.replace("__", "/").replace("_", "-")
            if isinstance(content, Absence):
                writer.absent(id, content, **rest)
            elif isinstance(content, list):
                writer.lines(id, content, **rest)
            elif isinstance(content, dict):
                writer.json(id, content, **rest)
            else:
                writer.text(id, content, **rest)
    return path


def test_an_unchanged_environment_has_not_drifted(tmp_path):
    found = between(tmp_path, contoso(), contoso())
    assert (found.changes, found.unseen) == ((), ())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"tenant__mdm_authority": "sccm"},
            {("graph/mdm-authority", "", "/mobileDeviceManagementAuthority", '"intune"', '"sccm"')},
        ),
    ],
)
def test_one_change_is_one_difference(tmp_path, change, expected):
    found = between(tmp_path, contoso(), contoso(**change))
    assert {(c.observation, c.object, c.path, c.before, c.after) for c in found.changes} == expected


def test_users_that_come_and_go_are_named(tmp_path):
    found = between(tmp_path, contoso(people__users=12), contoso(people__users=13))
    came = [one for one in found.changes if (one.observation, one.path, one.kind) == ("graph/users", "", "added")]
    assert len(came) == 1
    assert "@contoso.com (" in came[0].object


USERS = [
    {"id": str(number), "userPrincipalName": f"u{number}@contoso.com", "usageLocation": "DE"} for number in range(5)
]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (USERS, list(reversed(USERS)), []),
        (
            USERS,
            [{**USERS[0], "usageLocation": "FR"}, *USERS[1:]],
            [("changed", "u0@contoso.com (0)", "/usageLocation")],
        ),
        (USERS, USERS[1:], [("removed", "u0@contoso.com (0)", "")]),
        (USERS[1:], USERS, [("added", "u0@contoso.com (0)", "")]),
        ([{"a": 1}, {"a": 1}], [{"a": 1}], [("removed", "", "")]),
        ([{"a": 1}], [{"a": 1}, {"a": 1}], [("added", "", "")]),
    ],
)
def test_lists(tmp_path, before, after, expected):
    found = drift(made(tmp_path / "a", graph__users=before), made(tmp_path / "b", graph__users=after))
    assert [(one.kind, one.object, one.path) for one in found.changes] == expected


def test_a_membership_that_moves_is_one_gone_and_one_come(tmp_path):
    one, other = ([{"CollectionID": "PS10001", "ResourceID": number}] for number in (1, 2))
    rest: dict[str, Any] = {"source": "site", "request": "GET", "at": NOW}
    from comgmt_audit import design

    for name, rows in (("a", one), ("b", other)):
        declared = design.from_mapping({"name": "Contoso"}, "test")
        with RecordingWriter(tmp_path / name, recorded_at=NOW, design=declared) as writer:
            writer.lines("site/SMS_FullCollectionMembership", rows, **rest)
    found = drift(tmp_path / "a", tmp_path / "b")
    assert [(change.kind, change.object) for change in found.changes] == [
        ("removed", "PS10001, 1"),
        ("added", "PS10001, 2"),
    ]


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.UNREACHABLE, Reason.UNREADABLE])
def test_what_was_not_seen_is_not_gone(tmp_path, reason):
    gone = Absence(reason=reason, detail="no answer")
    found = drift(made(tmp_path / "a", graph__users=USERS), made(tmp_path / "b", graph__users=gone))
    assert found.changes == ()
    assert found.unseen == (f"graph/users: {reason.value} in the later recording: no answer",)


def test_what_was_not_asked_is_not_gone(tmp_path):
    found = drift(made(tmp_path / "a", graph__users=USERS), made(tmp_path / "b"))
    assert (found.changes, found.unseen) == ((), ("graph/users: not asked in the later recording",))


def test_what_is_known_to_be_gone_is_gone(tmp_path):
    gone = Absence(reason=Reason.ABSENT, detail="404")
    found = drift(made(tmp_path / "a", graph__users=USERS), made(tmp_path / "b", graph__users=gone))
    assert [(one.kind, one.observation) for one in found.changes] == [("removed", "graph/users")]
    back = drift(tmp_path / "b", tmp_path / "a")
    assert [(one.kind, one.observation) for one in back.changes] == [("added", "graph/users")]


def test_what_neither_has_seen_is_nobodys_news(tmp_path):
    refused = Absence(reason=Reason.REFUSED, detail="403")
    found = drift(made(tmp_path / "a", graph__users=refused), made(tmp_path / "b", graph__users=refused))
    assert (found.changes, found.unseen) == ((), ())


def test_what_changes_by_itself_is_no_drift(tmp_path):
    organization = {
        "value": [{"id": "1", "onPremisesLastSyncDateTime": "2026-11-24T01:00:00Z", "displayName": "Contoso"}]
    }
    later = {"value": [{"id": "1", "onPremisesLastSyncDateTime": "2026-11-25T01:00:00Z", "displayName": "Contoso AG"}]}
    found = drift(
        made(
            tmp_path / "a", graph__organization=organization, log__x="one\n", host__x__gpresult="Created on 1\nsame\n"
        ),
        made(tmp_path / "b", graph__organization=later, log__x="two\n", host__x__gpresult="Created on 2\nsame\n"),
    )
    assert [(one.path, one.before, one.after) for one in found.changes] == [
        ("/value[id=1]/displayName", '"Contoso"', '"Contoso AG"')
    ]


def test_outputs_of_commands_are_compared_by_line(tmp_path):
    found = drift(made(tmp_path / "a", host__x="A : 1\nB : 2\n"), made(tmp_path / "b", host__x="B : 2\nA : 3\n"))
    assert [(one.kind, one.before or one.after) for one in found.changes] == [
        ("removed", '"A : 1"'),
        ("added", '"A : 3"'),
    ]


def test_a_certificate_that_was_replaced_is_one_gone_and_one_come(tmp_path):
    found = between(tmp_path, contoso(), contoso(certificates__gateway__days_after=300))
    served = [one for one in found.changes if one.observation == "tls/outside/cmg.contoso.com:443"]
    assert [(one.kind, one.object.count("cmg.contoso.com")) for one in served] == [("removed", 1), ("added", 1)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {}, [("/a", 1, MISSING)]),
        ({}, {"a/b~c": None}, [("/a~1b~0c", MISSING, None)]),
        ({"l": [1, 2, 2]}, {"l": [2, 1]}, [("/l/-", 2, MISSING)]),
        ({"l": [{"id": 1, "x": 1}, {"id": 2}]}, {"l": [{"id": 2}, {"id": 1, "x": 2}]}, [("/l[id=1]/x", 1, 2)]),
        ({"l": [{"x": 1}]}, {"l": [{"x": 2}]}, [("/l/-", {"x": 1}, MISSING), ("/l/-", MISSING, {"x": 2})]),
        ({"t": "2026-11-25T10:00:00Z"}, {"t": "2026-11-25T10:04:59+00:00"}, []),
        (
            {"t": "2026-11-25T10:00:00Z"},
            {"t": "2026-11-25T10:05:00Z"},
            [("/t", "2026-11-25T10:00:00Z", "2026-11-25T10:05:00Z")],
        ),
        (
            {"t": "2026-11-25T10:00:00"},
            {"t": "2026-11-25T10:00:00Z"},
            [("/t", "2026-11-25T10:00:00", "2026-11-25T10:00:00Z")],
        ),
        ({"t": "2026-"}, {"t": "2027-"}, [("/t", "2026-", "2027-")]),
        ({"a": True}, {"a": 1}, []),
        ({"a": {}}, {"a": []}, [("/a", {}, [])]),
    ],
)
def test_differences(before, after, expected):
    assert list(differences(before, after)) == expected


def test_a_huge_value_is_cut(tmp_path):
    found = drift(
        made(tmp_path / "a", graph__organization={"x": ""}),
        made(tmp_path / "b", graph__organization={"x": "y" * 10**6}),
    )
    assert len(found.changes[0].after) < 600


def test_rules_name_what_there_is():
    rules = values._rules()
    assert set(rules) == {"skip", "ignore", "lines"}
    assert all(rule["why"] for several in rules.values() for rule in several)
    assert isinstance(msgspec.json.encode(ValueChange(kind="added", observation="x")), bytes)
    assert set(values._COMPARE) == set(Form)
