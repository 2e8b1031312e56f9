"""Microsoft Graph of the lab: which addresses there are, who may read them, and how they answer.

Every rule names where ``graph.md`` (or Microsoft's own page) has it. What the lab does not know, it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from tests.lab.servers.cloud_faults import Bucket, Meter
from tests.lab.servers.cloud_filter import Row, predicate
from tests.lab.servers.cloud_objects import TYPES, Objects
from tests.lab.servers.cloud_protocol import JSON, Answer, Asked, Refusal, position, query, skip_token, target

VERSIONS = ("v1.0", "beta")
MOST_IN_BATCH = 20
_TEXT = {"Content-Type": "text/plain"}
_AUTHORITY = "mobileDeviceManagementAuthority"
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class Set(Struct, frozen=True, kw_only=True):
    """A list of Graph: what is in it, who may read it, and what may be asked of it.

    ``application`` permissions: one of them is needed; empty: applications may not read it at all. ``delegated`` ones
    are the same unless they are said (permissions reference of Graph). ``page`` is the size of a page without ``$top``,
    ``largest`` the largest ``$top``; ``cost`` is in resource units (throttling limits).
    """

    type: str
    application: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    intune: bool = False
    page: int = 100
    largest: int = 999
    options: frozenset[str] = frozenset({"$select", "$top", "$count", "$filter", "$expand"})
    filters: frozenset[str] = frozenset()
    expands: frozenset[str] = frozenset()
    cost: int = 1
    beta: bool = False

    def readers(self, *, delegated: bool) -> frozenset[str]:
        """The permissions of which one is enough."""
        return frozenset((self.delegated or self.application) if delegated else self.application)


_DIRECTORY = "Directory.Read.All"
_MEMBERS = ("GroupMember.Read.All", "GroupMember.ReadBasic.All", "Group.Read.All", _DIRECTORY)
_MOBILITY = Set(
    type="mobilityManagementPolicy",
    delegated=("Policy.Read.All",),
    options=frozenset({"$select", "$filter", "$expand"}),
    filters=frozenset({"displayName"}),
    expands=frozenset({"includedGroups"}),
    beta=True,
)
_CONFIGURATION = "DeviceManagementConfiguration.Read.All"
_SERVICE = "DeviceManagementServiceConfig.Read.All"
_ASSIGNMENTS = frozenset({"assignments"})


def _intune_policies(type: str, *, beta: bool = False) -> Set:
    return Set(type=type, application=(_CONFIGURATION,), intune=True, expands=_ASSIGNMENTS, beta=beta)


SETS: dict[str, Set] = {
    "organization": Set(
        type="organization",
        application=("Organization.Read.All", _DIRECTORY),
        options=frozenset({"$select"}),
    ),
    "subscribedSkus": Set(
        type="subscribedSku",
        application=("LicenseAssignment.Read.All", "Organization.Read.All", _DIRECTORY),
        options=frozenset({"$select"}),
        cost=3,
    ),
    "users": Set(
        type="user",
        application=("User.Read.All", _DIRECTORY),
        filters=frozenset({"accountEnabled", "userType", "userPrincipalName", "usageLocation", "displayName"}),
        cost=2,
    ),
    "groups": Set(
        type="group",
        application=("GroupMember.Read.All", "Group.Read.All", _DIRECTORY),
        filters=frozenset({"displayName", "securityEnabled"}),
    ),
    "devices": Set(
        type="device",
        application=("Device.Read.All", _DIRECTORY),
        filters=frozenset({"displayName", "operatingSystem", "accountEnabled", "isManaged", "mdmAppId"}),
    ),
    "roleManagement/directory/roleAssignments": Set(
        type="unifiedRoleAssignment",
        application=("RoleManagement.Read.Directory", _DIRECTORY),
        filters=frozenset({"roleDefinitionId", "principalId", "directoryScopeId"}),
        expands=frozenset({"principal"}),
    ),
    "applications": Set(
        type="application",
        application=("Application.Read.All", _DIRECTORY),
        filters=frozenset({"appId", "displayName"}),
        cost=2,
    ),
    "servicePrincipals": Set(
        type="servicePrincipal",
        application=("Application.Read.All", _DIRECTORY),
        filters=frozenset({"appId", "displayName"}),
    ),
    "appRoleAssignedTo": Set(type="appRoleAssignment", application=("Application.Read.All", _DIRECTORY), cost=2),
    "oauth2PermissionGrants": Set(
        type="oAuth2PermissionGrant",
        application=(_DIRECTORY,),
        filters=frozenset({"clientId", "consentType"}),
        cost=2,
    ),
    "policies/mobileDeviceManagementPolicies": _MOBILITY,
    "policies/mobileAppManagementPolicies": _MOBILITY,
    "deviceManagement/deviceEnrollmentConfigurations": Set(
        type="deviceEnrollmentConfiguration",
        application=(_SERVICE, _CONFIGURATION),
        intune=True,
        expands=_ASSIGNMENTS,
    ),
    "deviceAppManagement/mobileApps": Set(
        type="mobileApp",
        application=("DeviceManagementApps.Read.All",),
        intune=True,
        filters=frozenset({"@odata.type", "displayName"}),
        expands=_ASSIGNMENTS,
    ),
    "deviceManagement/managedDevices": Set(
        type="managedDevice",
        application=("DeviceManagementManagedDevices.Read.All", _CONFIGURATION),
        intune=True,
        page=1000,
        largest=1000,
        filters=frozenset({"managementAgent", "operatingSystem"}),
    ),
    "deviceManagement/deviceCompliancePolicies": _intune_policies("deviceCompliancePolicy"),
    "deviceManagement/deviceConfigurations": _intune_policies("deviceConfiguration"),
    "deviceManagement/configurationPolicies": _intune_policies("deviceManagementConfigurationPolicy", beta=True),
    "deviceManagement/groupPolicyConfigurations": _intune_policies("groupPolicyConfiguration", beta=True),
    "deviceManagement/intents": _intune_policies("deviceManagementIntent", beta=True),
    "deviceManagement/windowsFeatureUpdateProfiles": _intune_policies("windowsFeatureUpdateProfile", beta=True),
    "directory/onPremisesSynchronization": Set(
        type="onPremisesDirectorySynchronization",
        delegated=("OnPremDirectorySynchronization.Read.All",),
        options=frozenset({"$select"}),
    ),
    "identity/conditionalAccess/policies": Set(
        type="conditionalAccessPolicy",
        application=("Policy.Read.All",),
        options=frozenset({"$select", "$filter", "$top", "$count"}),
    ),
}
"""By the path after the version. Permissions: ``graph.md`` A7 and the sections; paging: A2; costs: A4."""

_GROUP_MEMBERS = {"members": 3, "transitiveMembers": 5}
"""Cost of each list of members."""
_MEMBER_READERS = {
    "user": frozenset({"User.Read.All", "User.ReadBasic.All", _DIRECTORY}),
    "device": frozenset({"Device.Read.All", _DIRECTORY}),
}
"""Without one of these, members of the type come with their id and nothing else (``graph.md`` 3, groups)."""
_THIN_ORGANIZATION = frozenset({"User.Read", "User.Read.All"})
"""These show the organisation's id, name and domains, and nulls for all else (Get organization, Permissions)."""
_SHOWN_THIN = frozenset({"id", "displayName", "verifiedDomains"})

_SET_NAMES = "|".join(re.escape(name) for name in SETS if name != "appRoleAssignedTo")
_EXPANDED = re.compile(r"(\w+)(?:\(\$select=([\w,]+)\))?")
_ID = r"(?P<id>[^/()]+)"


class _Wanted(Struct, frozen=True, kw_only=True):
    """What a path leads to: a list, one object of it, or a count. ``thin``: only these properties are not null."""

    key: str
    set: Set
    rows: list[Row]
    single: bool = False
    counted: bool = False
    advanced: bool = False
    thin: frozenset[str] | None = None


class Graph:
    """Answers requests to Graph, and to the requests in a ``$batch``."""

    def __init__(self, objects: Objects, root: str, *, provisioned: bool = True, bucket: Bucket | None = None) -> None:
        self._objects, self._root, self._provisioned = objects, root, provisioned
        self._meter = Meter(bucket) if bucket else None
        # One request a second for the whole tenant, and no Retry-After (throttling limits, Conditional Access).
        self._access_meter = Meter(Bucket(units=1, seconds=1), hint=False)
        self._encoded: dict[tuple[str, ...], list[bytes]] = {}
        self._routes: tuple[tuple[re.Pattern[str], Callable[[Asked, re.Match[str]], _Wanted]], ...] = (
            (re.compile(rf"groups/{_ID}/(?P<list>transitiveMembers|members)(?:/(?P<cast>[\w.]+))?"), self._members),
            (re.compile(rf"servicePrincipals(?:/{_ID}|\(appId='(?P<app>[^']+)'\))/appRoleAssignedTo"), self._assigned),
            (re.compile(r"(?P<set>applications|servicePrincipals)\(appId='(?P<app>[^']+)'\)"), self._by_app),
            (re.compile(rf"(?P<set>{_SET_NAMES})/(?P<count>\$count)"), self._all),
            (re.compile(rf"(?P<set>{_SET_NAMES})/{_ID}"), self._one),
            (re.compile(rf"(?P<set>{_SET_NAMES})"), self._all),
        )

    def prepare(self, ask: Callable[[str], Asked]) -> None:
        """Encode the pages of all that the recorder asks for, before anybody waits for them."""
        for request in self._objects.requests:
            address = request.removeprefix("GET ")
            if address.startswith(("/v1.0/", "/beta/")) and " (" not in address:
                self._page(ask(address), self._find(ask(address)))

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request. Raises Refusal."""
        if asked.method not in {"GET", "HEAD"}:
            message = "Specified HTTP method is not allowed for the request target."
            raise Refusal(405, "Request_BadRequest", message, {"Allow": "GET"})
        wanted = self._find(asked)
        self._admit(asked, wanted.set, wanted.thin)
        if wanted.set.intune and not self._provisioned:
            raise Refusal(400, "BadRequest", "Request not applicable to target tenant.")
        headers = self._charge(asked, wanted.set)
        if wanted.counted:
            return self._count(asked, wanted)
        found = self._single(asked, wanted) if wanted.single else self._page(asked, wanted)
        return Answer(body=found, headers=JSON | headers)

    def batched(self, asked: Asked) -> list[tuple[str, Asked]]:
        """The requests of a ``$batch`` with their ids (JSON batching). Raises Refusal."""
        try:
            requests = msgspec.json.decode(asked.body)["requests"]
            items = [self._item(asked, request) for request in requests]
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(400, "BadRequest", "Invalid batch payload format.") from error
        if not 0 < len(items) <= MOST_IN_BATCH or len({id for id, _ in items}) < len(items):
            raise Refusal(400, "BadRequest", f"A batch has 1 to {MOST_IN_BATCH} requests, each with an id of its own.")
        return items

    def _item(self, asked: Asked, request: dict[str, Any]) -> tuple[str, Asked]:
        path, options = target(request["url"])
        headers = {name.lower(): value for name, value in request.get("headers", {}).items()}
        inner = msgspec.structs.replace(
            asked,
            method=request["method"],
            path=asked.path.removesuffix("/$batch") + path,
            options=options,
            eventual=headers.get("consistencylevel", "").lower() == "eventual",
            body=b"",
        )
        return str(request["id"]), inner

    # What a path leads to.

    def _find(self, asked: Asked) -> _Wanted:
        version, _, rest = asked.path.removeprefix("/").partition("/")
        if version not in VERSIONS:
            raise Refusal(400, "BadRequest", f"Invalid version: {version}.")
        for pattern, route in self._routes:
            if match := pattern.fullmatch(rest):
                wanted = route(asked, match)
                if wanted.set.beta and version != "beta":
                    break
                return wanted
        raise Refusal(400, "BadRequest", f"Resource not found for the segment '{rest.rpartition('/')[2]}'.")

    def _all(self, asked: Asked, match: re.Match[str]) -> _Wanted:
        name = match["set"]
        whole = asked.claims.permissions & SETS[name].readers(delegated=asked.claims.delegated)
        thin = _SHOWN_THIN if name == "organization" and not whole else None
        return _Wanted(
            key=name,
            set=SETS[name],
            rows=self._objects.sets[name],
            counted="count" in match.re.groupindex,
            thin=thin,
        )

    def _one(self, asked: Asked, match: re.Match[str]) -> _Wanted:
        wanted = self._all(asked, match)
        names = ("id", "userPrincipalName") if match["set"] == "users" else ("id",)
        rows = [row for row in wanted.rows if match["id"] in {row.get(name) for name in names}]
        if match["set"] == "organization" and _AUTHORITY in asked.options.get("$select", ""):
            # Intune answers this, not the directory (``graph.md``, 1).
            rows = [row | self._objects.authority for row in rows]
            intune = msgspec.structs.replace(wanted.set, application=(_SERVICE, _CONFIGURATION), intune=True)
            wanted = msgspec.structs.replace(wanted, set=intune, thin=None)
        return self._only(wanted, rows, match["id"])

    def _by_app(self, asked: Asked, match: re.Match[str]) -> _Wanted:
        wanted = self._all(asked, match)
        rows = [row for row in wanted.rows if row.get("appId") == match["app"]]
        return self._only(wanted, rows, match["app"])

    def _only(self, wanted: _Wanted, rows: list[Row], name: str) -> _Wanted:
        if not rows:
            message = (
                f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
            )
            raise Refusal(404, "ResourceNotFound" if wanted.set.intune else "Request_ResourceNotFound", message)
        return msgspec.structs.replace(wanted, rows=rows, single=True)

    def _assigned(self, _: Asked, match: re.Match[str]) -> _Wanted:
        principals = self._objects.sets["servicePrincipals"]
        key, name = ("id", match["id"]) if match["id"] else ("appId", match["app"])
        ids = {row["id"] for row in principals if row.get(key) == name}
        wanted = _Wanted(key=f"appRoleAssignedTo/{name}", set=SETS["appRoleAssignedTo"], rows=[])
        if not ids:
            self._only(wanted, [], name)
        rows = [row for row in self._objects.sets["appRoleAssignedTo"] if row.get("resourceId") in ids]
        return msgspec.structs.replace(wanted, rows=rows)

    def _members(self, asked: Asked, match: re.Match[str]) -> _Wanted:
        by_type = self._objects.members.get(match["id"])
        cast = (match["cast"] or "").removeprefix("microsoft.").removeprefix("graph.")
        if cast not in {"", *_MEMBER_READERS}:
            raise Refusal(400, "BadRequest", f"Resource not found for the segment '{match['cast']}'.")
        wanted = _Wanted(
            key=f"{match['id']}/{cast}/{sorted(asked.claims.permissions)}",
            set=Set(type=cast or "user", application=_MEMBERS, cost=_GROUP_MEMBERS[match["list"]]),
            rows=[],
            advanced=bool(cast),
        )
        if by_type is None:
            return self._only(wanted, [], match["id"])
        rows, thin = [], None
        for type, found in by_type.items():
            readable = not asked.claims.permissions.isdisjoint(_MEMBER_READERS[type])
            if cast == type:
                rows, thin = found, None if readable else frozenset({"id"})
            elif not cast:
                shown = found if readable else [dict.fromkeys(row) | {"id": row["id"]} for row in found]
                rows += [{"@odata.type": f"#microsoft.graph.{type}"} | row for row in shown]
        return msgspec.structs.replace(wanted, rows=rows, thin=thin)

    # Who may.

    def _admit(self, asked: Asked, set: Set, thin: frozenset[str] | None) -> None:
        claims = asked.claims
        readers = set.readers(delegated=claims.delegated)
        if claims.permissions & readers:
            return
        if set.type == "organization" and thin and claims.permissions & _THIN_ORGANIZATION:
            return
        if set.intune:
            raise Refusal(403, "Forbidden", _intune_refusal(sorted(readers), asked.path))
        raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _charge(self, asked: Asked, set: Set) -> dict[str, str]:
        """Throttling: resource units of the directory (``graph.md``, A4); Intune's own limits are not counted."""
        if set.type == "conditionalAccessPolicy":
            self._access_meter.take(1)
        if set.intune:
            return {}
        options = asked.options
        few = options.get("$top", "").isdecimal() and int(options["$top"]) < 20
        cost = max(1, set.cost - ("$select" in options) + ("$expand" in options) - few)
        headers = {"x-ms-resource-unit": str(cost)}
        if self._meter:
            used = self._meter.take(cost)
            if used > 0.8:
                headers["x-ms-throttle-limit-percentage"] = f"{used:.2f}"
        return headers

    # What is answered.

    def _count(self, asked: Asked, wanted: _Wanted) -> Answer:
        if not asked.eventual:
            raise Refusal(400, "Request_BadRequest", "$count is not currently supported.")
        return Answer(body=str(len(self._filtered(asked, wanted))).encode(), headers=_TEXT)

    def _single(self, asked: Asked, wanted: _Wanted) -> bytes:
        (row,) = self._shaped(asked, wanted, wanted.rows)
        if wanted.set.type == "organization" and wanted.set.intune:
            row = {"id": wanted.rows[0]["id"], **row}
        return msgspec.json.encode({"@odata.context": f"{self._context(asked)}/$entity", **row})

    def _page(self, asked: Asked, wanted: _Wanted) -> bytes:
        self._check_options(asked, wanted)
        options = asked.options
        rows = self._rows(asked, wanted)
        size = self._size(options, wanted.set)
        start = self._position(options)
        if wanted.set.intune and "$skip" in options:
            rows = []  # as Intune does, without a word (``graph.md``, A2)
        head: dict[str, Any] = {"@odata.context": self._context(asked)}
        counts = wanted.set.intune or (asked.eventual and options.get("$count") == "true")
        if counts and "$skiptoken" not in options:
            head["@odata.count"] = len(rows)
        if start + size < len(rows):
            onward = dict(options) | {"$skiptoken": skip_token(start + size)}
            head["@odata.nextLink"] = f"{self._root}{asked.path}?{query(onward)}"
        page = b",".join(rows[start : start + size])
        return msgspec.json.encode(head)[:-1] + b',"value":[' + page + b"]}"

    def _rows(self, asked: Asked, wanted: _Wanted) -> list[bytes]:
        """The rows, shaped and encoded; kept, for the next page shows more of the same."""
        shape = (asked.options.get(name, "") for name in ("$select", "$expand", "$filter"))
        key = (asked.path, wanted.key, str(wanted.thin and sorted(wanted.thin)), *shape)
        if key not in self._encoded:
            encoder = msgspec.json.Encoder()
            rows = self._shaped(asked, wanted, self._filtered(asked, wanted))
            self._encoded[key] = [encoder.encode(row) for row in rows]
        return self._encoded[key]

    def _check_options(self, asked: Asked, wanted: _Wanted) -> None:
        options, set = asked.options, wanted.set
        if "$skip" in options and not set.intune:
            raise Refusal(400, "Request_BadRequest", "'$skip' is not supported by the service.")
        for name in options:
            if name.startswith("$") and name not in {*set.options, "$skip", "$skiptoken"}:
                raise Refusal(400, "Request_UnsupportedQuery", f"Unsupported Query: {name}.")
        if wanted.advanced and not (asked.eventual and options.get("$count") == "true"):
            # An OData cast is an advanced query (Advanced query capabilities on Entra ID objects).
            message = "The request uses an OData cast: it needs $count=true and the header ConsistencyLevel."
            raise Refusal(400, "Request_UnsupportedQuery", message)

    def _filtered(self, asked: Asked, wanted: _Wanted) -> list[Row]:
        rows = wanted.rows
        if asked.path.startswith("/v1.0"):
            rows = [row for row in rows if not _is_beta_only(row)]
        if text := asked.options.get("$filter"):
            holds = predicate(text, wanted.set.filters, wanted.set.type)
            rows = [row for row in rows if holds(row)]
        return rows

    def _shaped(self, asked: Asked, wanted: _Wanted, rows: list[Row]) -> list[Row]:
        """The rows with the properties that were asked for; nulls for those that the token may not see."""
        type = TYPES[wanted.set.type]
        known = type.v1 | (type.beta if asked.path.startswith("/beta") else frozenset())
        selected = [name.strip() for name in asked.options.get("$select", "").split(",") if name]
        for name in selected:
            if name not in known:
                raise _unknown(name, wanted.set.type)
        expanded, inner = self._expanded(asked, wanted.set)
        names = selected or (list(type.default) if type.default else [])
        hidden = wanted.set.expands | (frozenset() if selected else type.hidden)
        shaped = []
        for row in rows:
            found = {name: row.get(name) for name in names} if names else dict(row)
            if names and "@odata.type" in row:
                found["@odata.type"] = row["@odata.type"]
            for name in hidden:
                found.pop(name, None)
            if expanded and expanded in row:
                found[expanded] = _picked(row[expanded], inner)
            if wanted.thin is not None:
                found = {name: value if name in wanted.thin else None for name, value in found.items()}
            shaped.append(found)
        return shaped

    def _expanded(self, asked: Asked, set: Set) -> tuple[str, list[str]]:
        text = asked.options.get("$expand", "")
        if not text:
            return "", []
        match = _EXPANDED.fullmatch(text)
        if not match or match[1] not in set.expands:
            raise _unknown(text, set.type)
        return match[1], match[2].split(",") if match[2] else []

    def _size(self, options: Any, set: Set) -> int:
        top = options.get("$top")
        if top is None:
            return set.page
        if not top.isdecimal() or int(top) < 1 or (int(top) > set.largest and not set.intune):
            message = f"Invalid page size specified: '{top}'. Must be between 1 and {set.largest} inclusive."
            raise Refusal(400, "Request_UnsupportedQuery", message)
        return min(int(top), set.largest)

    def _position(self, options: Any) -> int:
        try:
            return position(options["$skiptoken"]) if "$skiptoken" in options else 0
        except ValueError as error:
            raise Refusal(400, "BadRequest", "The specified page token value is not valid.") from error

    def _context(self, asked: Asked) -> str:
        version, _, path = asked.path.removeprefix("/").partition("/")
        selected = asked.options.get("$select")
        return f"{self._root}/{version}/$metadata#{path}{f'({selected})' if selected else ''}"


def _is_beta_only(row: Row) -> bool:
    """What v1.0 leaves out, for it has no such type."""
    kind = str(row.get("@odata.type", "")).removeprefix("#microsoft.graph.")
    return kind in TYPES and TYPES[kind].beta_only


def _picked(value: Any, names: list[str]) -> Any:
    """What is expanded, with its own ``$select``."""
    if not names or value is None:
        return value
    if isinstance(value, list):
        return [{name: item.get(name) for name in names} for item in value]
    return {name: value.get(name) for name in names}


def _unknown(name: str, type: str) -> Refusal:
    message = f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type"
    return Refusal(400, "BadRequest", f"{message} 'microsoft.graph.{type}'.")


def _intune_refusal(permissions: list[str], path: str) -> str:
    """The message of Intune's 403: a JSON document in a string (``graph.md``, A6)."""
    scopes = ", ".join(name for read in permissions for name in (read, read.replace(".Read.", ".ReadWrite.")))
    message = (
        f"Application is not authorized to perform this operation. Application must have one of the following scopes:"
        f" {scopes} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000"
        f" - Activity ID: 0f4a7f0e-3c1e-4f7e-9a55-0d6b1c2d3e4f"
        f" - Url: https://fef.lab.manage.microsoft.com/StatelessService{path}"
    )
    document = {
        "_version": 3,
        "Message": message,
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode().replace("\n", "\r\n")
