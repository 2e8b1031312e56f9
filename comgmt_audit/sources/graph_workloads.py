"""How much of each co-management workload is assigned in Intune: counts that are made from several lists of Graph beta.

A count is a statement only where every list that can hold the workload was read, and where nothing that might belong to
it is left in doubt; otherwise it is ``null``, which is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct

from comgmt_audit.sources.graph_lists import APPLICATIONS, CONFIGURATION, installs_client, targets
from comgmt_audit.sources.graph_pages import Graph, Row
from comgmt_audit.sources.http import ReadError
from comgmt_audit.sources.session import Permission

ID = "graph/workload-policies"
REQUEST = "GET /beta/deviceManagement/deviceCompliancePolicies?$expand=assignments (and one list a workload)"

_EXPANDED = "?$expand=assignments"
LISTS = {
    "compliance": f"/beta/deviceManagement/deviceCompliancePolicies{_EXPANDED}",
    "profiles": f"/beta/deviceManagement/deviceConfigurations{_EXPANDED}",
    "catalogue": "/beta/deviceManagement/configurationPolicies"
    "?$select=id,platforms,technologies,templateReference&$expand=assignments",
    "administrative": f"/beta/deviceManagement/groupPolicyConfigurations{_EXPANDED}",
    "intents": "/beta/deviceManagement/intents?$select=id,isAssigned",
    "updates": f"/beta/deviceManagement/windowsFeatureUpdateProfiles{_EXPANDED}",
    "apps": f"/beta/deviceAppManagement/mobileApps{_EXPANDED}",
}
"""The lists of Graph beta (Intune: device configuration, settings catalogue, security baselines, updates, apps)."""

_RING = "windowsUpdateForBusinessConfiguration"
_PROTECTION = frozenset(
    {"windows10EndpointProtectionConfiguration", "windowsDefenderAdvancedThreatProtectionConfiguration"}
)
_CUSTOM = "windows10CustomConfiguration"
"""Settings by their address in the device (OMA-URI): of any workload."""


class Counts(Struct, frozen=True, kw_only=True):
    """What was read, by the name of the list: the objects that are assigned to somebody."""

    assigned: Mapping[str, list[Row]]

    def number(self, name: str, of: Callable[[Row], bool]) -> int:
        """How many of a list's assigned objects are of a kind."""
        return sum(map(of, self.assigned[name]))


class Workload(Struct, frozen=True, kw_only=True):
    """The lists that hold it; what certainly belongs to it; and what might."""

    lists: tuple[str, ...]
    certain: Callable[[Counts], int]
    doubtful: Callable[[Counts], int] = lambda _: 0


def _type(row: Row) -> str:
    return str(row.get("@odata.type", "")).rpartition(".")[2]


def _is_windows(row: Row) -> bool:
    """Types for Windows begin so; a policy of the settings catalogue lists its platforms."""
    return _type(row).startswith("windows") or "windows" in str(row.get("platforms", ""))


def _is_security(row: Row) -> bool:
    reference = row.get("templateReference")
    family = reference.get("templateFamily") if isinstance(reference, dict) else ""
    return _is_windows(row) and str(family or "").startswith("endpointSecurity")


def _is_settings(row: Row) -> bool:
    """A policy of the settings catalogue, in which settings of any workload can stand."""
    return _is_windows(row) and not _is_security(row)


def _is_profile(row: Row) -> bool:
    return _is_windows(row) and _type(row) not in {_RING, *_PROTECTION}


def _any(_: Row) -> bool:
    return True


def _mixed(found: Counts) -> int:
    """What can hold settings of several workloads."""
    custom = found.number("profiles", lambda row: _type(row) == _CUSTOM)
    return custom + found.number("catalogue", _is_settings) + found.number("intents", _any)


def _is_windows_app(row: Row) -> bool:
    """Neither Office, which is a workload of its own, nor the ConfigMgr client itself."""
    return _type(row).startswith(("win", "microsoftStoreForBusiness")) and not row["installs_client"]


WORKLOADS = {
    "client-apps": Workload(lists=("apps",), certain=lambda found: found.number("apps", _is_windows_app)),
    "compliance": Workload(lists=("compliance",), certain=lambda found: found.number("compliance", _is_windows)),
    "device-configuration": Workload(
        lists=("profiles", "catalogue", "administrative", "intents"),
        certain=lambda found: (
            found.number("profiles", _is_profile)
            + found.number("catalogue", _is_settings)
            + found.number("administrative", _any)
        ),
        doubtful=lambda found: found.number("intents", _any),
    ),
    "endpoint-protection": Workload(
        lists=("profiles", "catalogue", "intents"),
        certain=lambda found: (
            found.number("profiles", lambda row: _type(row) in _PROTECTION) + found.number("catalogue", _is_security)
        ),
        doubtful=_mixed,
    ),
    "office": Workload(
        lists=("apps",),
        certain=lambda found: found.number("apps", lambda row: _type(row) == "officeSuiteApp"),
        # Office can be packed as any other program, too.
        doubtful=lambda found: found.number("apps", lambda row: _type(row) == "win32LobApp"),
    ),
    "windows-update": Workload(
        lists=("profiles", "updates", "catalogue", "intents"),
        certain=lambda found: found.number("profiles", lambda row: _type(row) == _RING) + found.number("updates", _any),
        doubtful=_mixed,
    ),
}
"""By the names that facts use (``docs/recording/graph.md``), in the order of the recording."""


async def read(
    graph: Graph, delegated: bool | None, cure: Callable[[Permission], str]
) -> tuple[list[Row], ReadError | None]:
    """A row a workload; a workload of which a list cannot be read has none. The error is one of those lists'.

    *cure* says what to do where a right is missing.
    *delegated*: a signed-in user sees what the scope tags of his role allow, so that nothing seen says nothing.
    """
    answers = await asyncio.gather(*(_assigned(graph, path, cure(_right(name))) for name, path in LISTS.items()))
    assigned: dict[str, list[Row]] = {}
    error: ReadError | None = None
    for name, answer in zip(LISTS, answers, strict=True):
        if isinstance(answer, ReadError):
            error = answer
        else:
            assigned[name] = answer
    found = Counts(assigned=assigned)
    rows: list[Row] = [
        {"workload": name, "assigned": _count(workload, found, delegated)}
        for name, workload in WORKLOADS.items()
        if assigned.keys() >= set(workload.lists)
    ]
    return rows, error


def _right(name: str) -> Permission:
    """The right that a list needs."""
    return APPLICATIONS if name == "apps" else CONFIGURATION


def _count(workload: Workload, found: Counts, delegated: bool | None) -> int | None:
    certain = workload.certain(found)
    if certain or not (workload.doubtful(found) or delegated is not False):
        return certain
    return None


async def _assigned(graph: Graph, path: str, cure: str) -> list[Row] | ReadError:
    """The objects of a list that are assigned to somebody, without what makes them large."""
    found: list[Row] = []
    try:
        async with graph.pages(path, cure=cure) as pages:
            async for rows in pages:
                found += map(_thinned, filter(_is_assigned, rows))
    except ReadError as error:
        return error
    return found


def _thinned(row: Row) -> Row:
    names = ("@odata.type", "platforms", "templateReference")
    return {name: row.get(name) for name in names} | {"installs_client": installs_client(row)}


def _is_assigned(row: Row) -> bool:
    """Does a group, or everybody, get it from Intune? Exclusions and collections of ConfigMgr do not count."""
    if row.get("isAssigned") is True:
        return True
    kinds = {str(target.get("@odata.type", "")).rpartition(".")[2] for target in targets(row)}
    return not kinds.isdisjoint(
        {"groupAssignmentTarget", "allDevicesAssignmentTarget", "allLicensedUsersAssignmentTarget"}
    )
