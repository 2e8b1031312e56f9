"""Where two JSON values differ: a path to each difference, with members of lists named by what identifies them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

Difference: TypeAlias = tuple[str, Any, Any]
"""Path, before, after; what is not there is MISSING."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

SKEW = dt.timedelta(minutes=5)
"""Times that differ by less are the same: servers' clocks may (Kerberos allows as much)."""

KEYS = (
    *("id", "skuId", "appId", "servicePlanId", "keyId", "resourceAppId", "value", "groupId", "dn"),
    *("CI_ID", "AssignmentID", "SettingsID", "ResourceID", "AzureServiceID", "ID", "LogonName", "SiteCode"),
    *("PropertyName", "AgentID", "thumbprint", "Thumbprint", "pem", "store", "workload", "query", "name", "Name"),
)
"""Members that identify an object of a list, the surest first (Graph, Azure, AdminService, Active Directory)."""


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every difference between two JSON values. The order of lists does not count."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            one, other = before.get(name, MISSING), after.get(name, MISSING)
            yield from differences(one, other, f"{path}/{escape(name)}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not _same_time(before, after):
        yield path, before, after


def escape(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    key = identity(before, after)
    if key:
        old, new = ({str(item[key]): item for item in items} for items in (before, after))
        for value in sorted(old.keys() | new.keys()):
            step = f"{path}[{key}={value}]"
            yield from differences(old.get(value, MISSING), new.get(value, MISSING), step)
        return
    old_items, new_items = _counted(before), _counted(after)
    for text in sorted((old_items - new_items).elements()):
        yield f"{path}/-", msgspec.json.decode(text), MISSING
    for text in sorted((new_items - old_items).elements()):
        yield f"{path}/-", MISSING, msgspec.json.decode(text)


def _counted(items: list[Any]) -> Counter[bytes]:
    return Counter(msgspec.json.encode(item, order="sorted") for item in items)


def identity(*lists: list[Any]) -> str:
    """The member by which the objects of all lists are told apart; empty where none does, or they are no objects."""
    items = [item for one in lists for item in one]
    if not items or not all(isinstance(item, dict) for item in items):
        return ""
    for key in KEYS:
        everywhere = all(isinstance(item.get(key), str | int) for item in items)
        if everywhere and all(len({str(item[key]) for item in one}) == len(one) for one in lists):
            return key
    return ""


def _same_time(before: Any, after: Any) -> bool:
    """Do both name the same time, but for the skew of clocks?"""
    if not (isinstance(before, str) and isinstance(after, str) and before[4:5] == "-" == after[4:5]):
        return False
    try:
        one, other = (dt.datetime.fromisoformat(text) for text in (before, after))
        return abs(one - other) < SKEW
    except (ValueError, TypeError):
        return False
