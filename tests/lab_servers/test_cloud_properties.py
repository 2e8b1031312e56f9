"""What the lab's Graph answers has the names and values of Graph: held against the models of msgraph-sdk (v1.0).

The models are read as text: importing one of them costs seconds.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import people
from tests.lab.estate import contoso, contoso_2018
from tests.lab.servers.cloud_graph import SETS
from tests.lab.servers.cloud_objects import TYPES, objects

_SPEC = importlib.util.find_spec("msgraph")
pytestmark = pytest.mark.skipif(_SPEC is None, reason="not installed: msgraph-sdk (Python package of the extra 'live')")

_FIELD = re.compile(r'^ +"(@?[\w.]+)": lambda n : setattr\(self, \'\w+\', n\.(\w+)\((\w*)\)\),$', re.MULTILINE)
_BASE = re.compile(r"^class \w+\((\w+)", re.MULTILINE)
_MEMBER = re.compile(r'^    \w+ = "(\w+)",?$', re.MULTILINE)
_ROOTS = {"AdditionalDataHolder", "BackedModel", "Parsable"}

ESTATES = {
    "healthy": contoso(),
    "healthy 2018": contoso_2018(),
    "settings policy": contoso(intune__policy="CCMSETUPCMD=...", people__bootstrap_devices=("PC-1",)),
    "other holders of the role": contoso(
        people__administrators=(people.principal("group", "Tier 0"), people.principal("servicePrincipal", "robot"))
    ),
    "thin permission": contoso(tenant__visible=False, tenant__mdm_authority=None),
}


@pytest.mark.parametrize("estate", ESTATES.values(), ids=ESTATES)
def test_every_property_and_enumeration_value_is_one_of_the_sdks(estate):
    held = objects(estate)
    rows = [(SETS[path].type, row) for path, found in held.sets.items() for row in found]
    rows += [(type, row) for members in held.members.values() for type, found in members.items() for row in found]
    rows.append(("organization", held.authority))
    assert len(rows) > 40
    assert [problem for type, row in rows for problem in _problems(row, type, type)] == []


@pytest.mark.parametrize("name", [name for name, type in TYPES.items() if not type.beta_only])
def test_what_can_be_selected_in_v1_is_there_and_what_only_beta_has_is_not(name):
    fields = _fields(name).keys()
    assert sorted(TYPES[name].v1 - fields) == []
    assert sorted(TYPES[name].beta & fields) == []


@pytest.mark.parametrize("name", [name for name, type in TYPES.items() if type.beta_only])
def test_a_type_of_beta_only_is_not_in_v1(name):
    assert not _file(name).exists()
    assert not TYPES[name].v1


def test_this_test_finds_a_wrong_name_and_a_wrong_value():
    device = {"managementAgent": "configMgr", "operatingSytem": "Windows"}
    assert len(list(_problems(device, "managedDevice", "device"))) == 2
    licence = {"assignedLicenses": [{"skuId": "x", "disabledPlan": []}]}
    assert list(_problems(licence, "user", "user")) == [
        "user/assignedLicenses/disabledPlan: AssignedLicense has no such"
    ]


def _problems(row: dict[str, Any], type: str, where: str) -> Iterator[str]:
    type = str(row.get("@odata.type", type)).removeprefix("#microsoft.graph.")
    known = TYPES.get(type)
    if known and known.beta_only:
        yield from (f"{where}/{name}: {type} has no such" for name in row.keys() - known.beta - {"@odata.type"})
        return
    fields, beta = _fields(type), known.beta if known else frozenset()
    for name, value in row.items():
        if name in beta:
            continue
        if name not in fields:
            yield f"{where}/{name}: {_capital(type)} has no such"
            continue
        reader, inner = fields[name]
        for item in value if isinstance(value, list) else [value]:
            if "object_value" in reader and item is not None:
                yield from _problems(item, inner, f"{where}/{name}")
            if "enum_value" in reader and item is not None and item not in _values(inner):
                yield f"{where}/{name}: {item} is no {inner}"


@functools.cache
def _fields(type: str) -> dict[str, tuple[str, str]]:
    """Names in JSON, what reads each of them, and its type: of the model and of those that it extends."""
    if type in _ROOTS:
        return {}
    text = _file(type).read_text(encoding="utf-8")
    base = _BASE.search(text)
    assert base, type
    own = {name: (reader, inner) for name, reader, inner in _FIELD.findall(text)}
    return {**_fields(base[1]), **own}


@functools.cache
def _values(type: str) -> frozenset[str]:
    return frozenset(_MEMBER.findall(_file(type).read_text(encoding="utf-8")))


def _file(type: str) -> Path:
    assert _SPEC
    assert _SPEC.submodule_search_locations
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", _capital(type)).lower()
    return Path(_SPEC.submodule_search_locations[0], "generated", "models", f"{name}.py")


def _capital(type: str) -> str:
    return type[:1].upper() + type[1:]
