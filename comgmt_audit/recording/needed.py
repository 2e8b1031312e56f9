"""Which rights and ways each observation needs: what to give the scanner where a source refused, or was not reached.

The sources say for themselves which rights their observations need (``PERMISSIONS``); importing them all costs as much
as judging, so a scan reads this table, and a test holds the two against each other.
"""

from __future__ import annotations

_Rights = tuple[tuple[str, str], ...]
"""Pairs of name and kind, as ``sources.session.Permission`` has them."""


def _graph(*names: str) -> _Rights:
    return tuple((name, "application") for name in names)


_READER = (("Reader", "azure-role"),)
_FILES = (("Read the files", "host"),)
_FOREST = ("an account of the forest", "directory")
_SCOPES = (("Policy.Read.All (delegated)", "delegated"),)

RIGHTS: dict[str, _Rights] = {
    "graph/clock": (),
    "site/clock": (),
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
    "aia/": (("TCP 80 to the CAs' web servers", "network"),),
    "ocsp/": (("TCP 80 to the OCSP responders", "network"),),
    "tls/": (("TCP 443 to the CMG, the CDP and the management point", "network"),),
}
"""By observation: an id, or a prefix that ends in ``/``; the longest that fits counts."""

_HOW = {
    "application": "Grant {} to the scanner's application (Entra admin centre > App registrations > API permissions)",
    "delegated": "Sign the scanner in as a user, and consent to {}",
    "azure-role": "Give the scanner the role {} (Azure portal > Subscriptions > Access control (IAM))",
    "configmgr-role": "Give the scanner's account the role {} (Administration > Security > Administrative Users)",
    "directory": "Read the directory with what is needed: {}",
    "host": "Give the scanner's account what is needed: {}",
    "network": "Open {} from this computer",
}
_WAYS = {
    "graph": "graph.microsoft.com on TCP port 443",
    "arm": "management.azure.com on TCP port 443",
    "site": "the AdminService of the SMS Provider on TCP port 443",
    "directory": "a domain controller on TCP port 636 or 389",
    "dns": "the resolver on UDP and TCP port 53",
    "crl": "the list's web server on TCP port 80",
    "aia": "the CA's web server on TCP port 80",
    "ocsp": "the OCSP responder on TCP port 80",
    "tls": "the server on TCP port 443",
    "host": "the computer by WinRM on TCP port 5985 or 5986",
    "log": "the share of the logs on TCP port 445",
}


def needed(id: str) -> _Rights:
    """The rights that an observation needs; empty for one of an unknown source."""
    place = id
    while place:
        if place in RIGHTS:
            return RIGHTS[place]
        place = place[: place.rstrip("/").rfind("/") + 1]
    return ()


def refusal_cure(id: str) -> str:
    """What to give the scanner, so that an observation that was refused can be had."""
    by_kind: dict[str, list[str]] = {}
    for name, kind in needed(id):
        by_kind.setdefault(kind, []).append(name)
    ways = [_HOW[kind].format(" and ".join(names)) for kind, names in by_kind.items()]
    return f"{'; '.join(ways) or 'Give the scanner the right to read this'}. Then record again."


def reach_cure(id: str) -> str:
    """What to open, so that an observation whose source was not reached can be had."""
    way = _WAYS.get(id.partition("/")[0], "the source")
    return f"Let the scanner reach {way}, or run it where that is reached. Then record again."
