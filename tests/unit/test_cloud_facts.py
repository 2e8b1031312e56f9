"""Facts of Azure's resources and of Conditional Access, from what a hostile or thin service may send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts import Environment
from comgmt_audit.facts.azure_resources import (
    ADDRESS,
    KEY_VAULT,
    SCALE_SET,
    AzureNames,
    AzureResources,
    PublicAddresses,
)
from comgmt_audit.facts.conditional_access import ConditionalAccess
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab.names import NOW

SUBSCRIPTION = "3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11"
READER = f"/subscriptions/{SUBSCRIPTION}/providers/x/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
DESIGN = designs.from_mapping({"rollout": {"subscription_id": SUBSCRIPTION.upper()}}, "the test's design")


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """A fact, from observations by their id; each a list of rows."""

    def read(fact: Any, **rows: list[Any]) -> Any:
        path = tmp_path / f"recording-{len(list(tmp_path.iterdir()))}"
        with RecordingWriter(path, recorded_at=NOW, design=DESIGN) as writer:
            for name, items in rows.items():
                prefix = "graph" if name.startswith("conditional") else "arm"
                writer.lines(f"{prefix}/{name.replace('_', '-')}", items, source=prefix, request="GET /x")
        recording = Recording.load(path)
        try:
            return fact.read(Environment(recording, DESIGN, baselines.load("current")))
        finally:
            recording.close()

    return read


def resource(**more: Any) -> dict[str, Any]:
    base = {"id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG/providers/x/y", "name": "Cmg", "type": SCALE_SET}
    return base | more


# Resources


def test_a_resource_with_nothing_but_its_names(read):
    (found,) = read(AzureResources, resources=[resource()]).found
    assert (found.group, found.location, found.state, found.size, found.fqdn) == ("RG", "", "", "", "")
    assert found.label == "scale set Cmg"


def test_types_and_names_are_compared_without_regard_to_case(read):
    found = read(AzureResources, resources=[resource(type=SCALE_SET.upper())])
    assert found.named(SCALE_SET.lower(), "cMG")
    assert found.named(KEY_VAULT, "cmg") is None


@pytest.mark.parametrize("id", ["", "x", "/resourceGroups", "/subscriptions/x/resourcegroups"])
def test_an_id_without_a_group_has_none(read, id):
    assert read(AzureResources, resources=[resource(id=id)]).found[0].group == ""


@pytest.mark.parametrize(
    "row", [{}, {"id": 1, "name": "x"}, [], "x", None, resource(sku="big"), resource(properties=[])]
)
def test_a_row_of_another_shape_is_unreadable(read, row):
    with pytest.raises(FactUnavailable, match="line 1"):
        read(AzureResources, resources=[row])


@pytest.mark.parametrize(
    "settings", [None, {}, {"fqdn": None}, {"fqdn": "other.westeurope.cloudapp.azure.com"}], ids=json.dumps
)
def test_an_address_without_the_name_is_not_it(read, settings):
    row = {"id": "x", "name": "ip", "properties": {"dnsSettings": settings}}
    found = read(PublicAddresses, public_addresses=[row])
    assert found.of("cmg.westeurope.cloudapp.azure.com") is None
    assert found.of("") is None


# What the scanner sees


@pytest.mark.parametrize(
    ("roles", "complete"),
    [
        ([], False),
        ([{"properties": {}}], False),
        ([{"properties": {"roleDefinitionId": READER, "scope": f"/subscriptions/{SUBSCRIPTION}"}}], True),
        (
            [{"properties": {"roleDefinitionId": READER.upper(), "scope": f"/subscriptions/{SUBSCRIPTION.upper()}"}}],
            True,
        ),
        ([{"properties": {"roleDefinitionId": READER, "scope": "/"}}], True),
        (
            [{"properties": {"roleDefinitionId": READER, "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x"}}],
            False,
        ),
        ([{"properties": {"roleDefinitionId": READER, "scope": f"/subscriptions/{SUBSCRIPTION}1"}}], False),
        ([{"properties": {"roleDefinitionId": READER, "scope": ""}}], False),
        ([{"properties": {"roleDefinitionId": READER[:-1], "scope": "/"}}], False),
        ([{"x": 1}], False),
        ([None], False),
    ],
)
def test_only_a_role_that_reads_the_whole_subscription_proves_absence(read, roles, complete):
    found = read(AzureResources, resources=[], role_assignments=roles)
    assert found.complete is complete


def test_without_the_roles_a_list_proves_nothing(read):
    assert read(AzureResources, resources=[]).complete is False


# Names


def test_a_name_of_which_nothing_is_said(read):
    (found,) = read(AzureNames, name_availability=[{"type": ADDRESS, "name": "cmg"}]).names
    assert found.available is None
    assert found.label == "public address cmg"


@pytest.mark.parametrize("row", [{"type": ADDRESS}, {"type": ADDRESS, "name": "x", "available": "yes"}, 1])
def test_an_answer_about_a_name_of_another_shape_is_unreadable(read, row):
    with pytest.raises(FactUnavailable, match="line 1"):
        read(AzureNames, name_availability=[row])


# The name of a scale set


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("contosocmg.westeurope.cloudapp.azure.com", ("contosocmg", "westeurope")),
        (" ContosoCMG.WestEurope.CloudApp.Azure.com. ", ("contosocmg", "westeurope")),
        ("cmg.usgovvirginia.cloudapp.usgovcloudapi.net", ("cmg", "usgovvirginia")),
        ("contosocmg.cloudapp.net", ("", "")),
        ("contosocmg.cloudapp.azure.com", ("", "")),
        ("cmg'x.westeurope.cloudapp.azure.com", ("", "")),
        ("a/b.westeurope.cloudapp.azure.com", ("", "")),
        ("", ("", "")),
    ],
)
def test_label_and_region_of_a_deployment_name(name, parts):
    assert designs.CloudService(deployment_name=name).scale_set_name == parts


# Conditional Access


def policy(**more: Any) -> dict[str, Any]:
    return {"id": "p", "displayName": "P", "state": "enabled", "conditions": {}, **more}


def test_a_policy_without_conditions_is_not_legible(read):
    (found,) = read(ConditionalAccess, conditional_access_policies=[policy(conditions=None)])
    assert not found.legible


@pytest.mark.parametrize(
    "conditions",
    [
        {"applications": []},
        {"users": "All"},
        {"clientAppTypes": "all"},
        {"platforms": {"includePlatforms": "windows"}},
        {"applications": {"includeApplications": [1]}},
    ],
    ids=json.dumps,
)
def test_conditions_of_another_shape_are_not_legible(read, conditions):
    (found,) = read(ConditionalAccess, conditional_access_policies=[policy(conditions=conditions)])
    assert not found.legible
    assert not found.means_enrolment


def test_a_policy_with_empty_conditions_means_nothing(read):
    (found,) = read(ConditionalAccess, conditional_access_policies=[policy()])
    assert found.legible
    assert not found.means_enrolment
    assert not found.everybody
    assert found.narrowed == ()


@pytest.mark.parametrize("controls", [None, {}, {"builtInControls": None}, {"builtInControls": []}], ids=json.dumps)
def test_a_policy_without_controls_asks_for_nothing(read, controls):
    (found,) = read(ConditionalAccess, conditional_access_policies=[policy(grantControls=controls)])
    assert found.controls == frozenset()


@pytest.mark.parametrize("row", [{}, {"id": 1}, [], policy(conditions=[]), policy(grantControls="block")])
def test_a_policy_of_another_shape_is_unreadable(read, row):
    with pytest.raises(FactUnavailable, match="line 1"):
        read(ConditionalAccess, conditional_access_policies=[row])
