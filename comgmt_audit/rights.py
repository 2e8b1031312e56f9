"""Which rights a recording was made with, as far as its observations tell: what each let us read, and what was refused.

The sources say for themselves which rights their observations need (``PERMISSIONS``); importing them all costs as much
as judging, so a scan reads this table, and a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from comgmt_audit.model import Right
from comgmt_audit.recording import Observation, Reason

_Rights = tuple[tuple[str, str], ...]
"""Pairs of name and kind, as ``sources.session.Permission`` has them."""


def _graph(*names: str) -> _Rights:
    return tuple((name, "application") for name in names)


_READER = (("Reader", "azure-role"),)
_FILES = (("Read the files", "host"),)
_FOREST = ("an account of the forest", "directory")
_SCOPES = (("Policy.Read.All (delegated)", "delegated"),)

RIGHTS: dict[str, _Rights] = {
    "graph/organization": _graph("Organization.Read.All"),
    "graph/mdm-authority": _graph("DeviceManagementServiceConfig.Read.All"),
    "graph/subscribed-skus": _graph("Organization.Read.All"),
    "graph/users": _graph("User.Read.All"),
    "graph/groups": _graph("GroupMember.Read.All"),
    "graph/global-administrators": _graph("RoleManagement.Read.Directory"),
    "graph/applications": _graph("Application.Read.All"),
    "graph/service-principals": _graph("Application.Read.All"),
    "graph/oauth2-permission-grants": _graph("Directory.Read.All"),
    "graph/app-role-assignments": _graph("Application.Read.All"),
    "graph/mdm-policies": _SCOPES,
    "graph/mam-policies": _SCOPES,
    "graph/enrolment-configurations": _graph("DeviceManagementServiceConfig.Read.All"),
    "graph/devices": _graph("Device.Read.All"),
    "graph/conditional-access-policies": _graph("Policy.Read.All"),
    "graph/mobile-apps": _graph("DeviceManagementApps.Read.All"),
    "graph/managed-devices": _graph("DeviceManagementManagedDevices.Read.All"),
    "graph/group-members/": _graph("GroupMember.Read.All", "User.Read.All"),
    "graph/group-devices/": _graph("GroupMember.Read.All", "Device.Read.All"),
    "graph/workload-policies": _graph("DeviceManagementConfiguration.Read.All", "DeviceManagementApps.Read.All"),
    "arm/subscription": _READER,
    "arm/providers": _READER,
    "arm/resources": _READER,
    "arm/public-addresses": _READER,
    "arm/role-assignments": _READER,
    "arm/name-availability": _READER,
    "arm/management-certificates": _READER,
    "directory/": (_FOREST,),
    "directory/certificate-templates": (_FOREST, ("Read on the certificate templates", "directory")),
    "site/": (("Read-only Analyst", "configmgr-role"),),
    "host/": (("Administrator of the computer", "host"),),
    "site/trusted-root-list": _FILES,
    "site/gateway-certificates": _FILES,
    "site/default-client-settings": _FILES,
    "log/": (("Read on the log folder", "host"),),
    "certificate-file/": _FILES,
    "dns/": (("UDP and TCP 53 to the resolvers", "network"),),
    "crl/": (("TCP 80 to the distribution points", "network"),),
    "tls/": (("TCP 443 to the CMG, the CDP and the management point", "network"),),
}
"""By observation: an id, or a prefix that ends in ``/``; the longest that fits counts."""


def rights(observations: Iterable[Observation]) -> tuple[Right, ...]:
    """Each right that an observation needs, by source: how many requests it answered, and which were refused."""
    answered: dict[tuple[str, str, str], int] = {}
    refused: dict[tuple[str, str, str], list[str]] = {}
    for observation in observations:
        source = observation.id.partition("/")[0]
        absence = observation.absence
        for name, kind in needed(observation.id):
            key = (source, name, kind)
            # That there is no such thing is an answer as well.
            known = absence is None or absence.reason is Reason.ABSENT
            answered[key] = answered.get(key, 0) + known
            if absence and absence.reason is Reason.REFUSED:
                refused.setdefault(key, []).append(observation.id)
    return tuple(
        Right(source=key[0], name=key[1], kind=key[2], answered=count, refused=tuple(refused.get(key, ())))
        for key, count in sorted(answered.items())
    )


def needed(id: str) -> _Rights:
    """The rights that an observation needs; empty for one of an unknown source."""
    place = id
    while place:
        if place in RIGHTS:
            return RIGHTS[place]
        place = place[: place.rstrip("/").rfind("/") + 1]
    return ()
