"""Site system roles: management points, CMG connection points, and the state of components (AdminService).

Classes ``SMS_SCI_SysResUse`` and ``SMS_ComponentSummarizer`` (reference ``configmgr`` sections 2.1, 3.2 and 9). Names
in ``Props`` are known from scripts that read them; a property that is missing is unknown, never off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.facts.admin_service import Scalar, boolean, column, integer, may_be_empty, refuse_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

ROLES = "site/SMS_SCI_SysResUse"
COMPONENT_STATES = "site/SMS_ComponentSummarizer"

MANAGEMENT_POINT = "SMS Management Point"
CONNECTION_POINT = "SMS Cloud Proxy Connector"
"""``RoleName`` of the roles (PowerShell reference, Get-CMSiteRole); there is no role "SMS CMG Connection Point"."""

PROXY_CONNECTOR = "SMS_CLOUD_PROXYCONNECTOR"
USER_DISCOVERY = "SMS_AZUREAD_DISCOVERY_AGENT"
"""Components (reference ``configmgr`` section 9)."""

SINCE_MIDNIGHT = "0001128000100008"
"""The tally interval "since midnight"; where rows of several intervals were recorded, this one is judged."""

_SSL_STATES = {0: "http", 1: "https", 3: "always https", 4: "always http"}
"""``SMS_SCI_SysResUse.SslState`` (SDK); 2 is "not applicable"."""

_STATES = {0: "stopped", 1: "started", 2: "paused", 3: "installing", 4: "reinstalling", 5: "deinstalling"}
_STATUSES = {0: "green", 1: "yellow", 2: "red"}
_STARTS = {0: "autostart", 1: "scheduled", 2: "manual"}
"""``State``, ``Status`` and ``Type`` of ``SMS_ComponentSummarizer`` (SDK)."""


class _RawProperty(Struct, frozen=True, rename="pascal"):
    property_name: str | None = None
    value: Scalar = None


class _RawRole(Struct, frozen=True, rename="pascal"):
    role_name: str | None = None
    network_path: str | None = field(name="NetworkOSPath", default=None)
    site_code: str | None = None
    ssl_state: Scalar = None
    props: tuple[_RawProperty, ...] | None = None


class ManagementPoint(Struct, frozen=True, kw_only=True):
    """A management point. Every flag is ``None`` where the site does not say; ``protocol`` is then ``""``."""

    server: str
    site: str
    protocol: str
    allows_gateway: bool | None
    internet: bool | None
    intranet: bool | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its server."""
        return f"management point {self.server}"

    @property
    def is_https(self) -> bool | None:
        """Clients reach it with HTTPS and a PKI certificate."""
        return self.protocol in ("https", "always https") if self.protocol else None


class ManagementPoints(Struct, frozen=True, kw_only=True):
    """The management points of all sites; an empty list is known to be empty.

    ``complete``: the recorder's account sees every role, so a server that is not listed has none.
    """

    needs: ClassVar[tuple[str, ...]] = (ROLES,)
    points: tuple[ManagementPoint, ...]
    complete: bool

    def __iter__(self) -> Iterator[ManagementPoint]:
        return iter(self.points)

    def serving(self, declared: str) -> tuple[ManagementPoint, ...]:
        """Those that serve the CMG: the declared one, else those that take its traffic, else all."""
        if declared:
            return tuple(point for point in self.points if point.server.casefold() == declared.casefold())
        return tuple(point for point in self.points if point.allows_gateway) or self.points

    @classmethod
    def read(cls, environment: Environment) -> ManagementPoints:
        """All rows of the role."""
        found = tuple(_management_point(row, raw) for row, raw in _roles(environment, MANAGEMENT_POINT))
        refuse_empty(environment, ROLES, found, "management point")
        return cls(points=found, complete=may_be_empty(environment, ROLES))


def _management_point(row: Evidence, raw: _RawRole) -> ManagementPoint:
    flags = {}
    for number, prop in enumerate(raw.props or ()):
        if prop.property_name in ("AllowProxyTraffic", "MPInternetFacing", "MPIntranetFacing"):
            flags[prop.property_name] = boolean(prop.value, column(row, f"Props/{number}/Value"))
    return ManagementPoint(
        server=_server(raw),
        site=text(raw.site_code),
        protocol=_SSL_STATES.get(_known(integer(raw.ssl_state, column(row, "SslState"))), ""),
        allows_gateway=flags.get("AllowProxyTraffic"),
        internet=flags.get("MPInternetFacing"),
        intranet=flags.get("MPIntranetFacing"),
        evidence=row,
    )


class ConnectionPoint(Struct, frozen=True, kw_only=True):
    """A CMG connection point. To which CMG it is linked is in no documented column."""

    server: str
    site: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its server."""
        return f"CMG connection point {self.server}"


class ConnectionPoints(Struct, frozen=True, kw_only=True):
    """The CMG connection points of all sites; an empty list is known to be empty; ``complete`` as for the MPs."""

    needs: ClassVar[tuple[str, ...]] = (ROLES,)
    points: tuple[ConnectionPoint, ...]
    complete: bool

    def __iter__(self) -> Iterator[ConnectionPoint]:
        return iter(self.points)

    @classmethod
    def read(cls, environment: Environment) -> ConnectionPoints:
        """All rows of the role."""
        found = tuple(
            ConnectionPoint(server=_server(raw), site=text(raw.site_code), evidence=row)
            for row, raw in _roles(environment, CONNECTION_POINT)
        )
        refuse_empty(environment, ROLES, found, "CMG connection point")
        return cls(points=found, complete=may_be_empty(environment, ROLES))


def _roles(environment: Environment, name: str) -> Iterator[tuple[Evidence, _RawRole]]:
    for row, raw in rows(environment, ROLES, _RawRole):
        if text(raw.role_name) == name:
            yield row, raw


def _server(raw: _RawRole) -> str:
    return text(raw.network_path).strip("\\")


class _RawState(Struct, frozen=True, rename="pascal"):
    component_name: str | None = None
    machine_name: str | None = None
    tally_interval: str | None = None
    state: Scalar = None
    status: Scalar = None
    type: Scalar = None


class ComponentState(Struct, frozen=True, kw_only=True):
    """What the site says of a component on a server; ``""`` where it does not say.

    ``state``: started, stopped, paused, ...; ``status``: green, yellow, red, by the messages of the interval;
    ``starts``: autostart, scheduled or manual.
    """

    component: str
    server: str
    state: str
    status: str
    starts: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Component and server."""
        return f"{self.component} on {self.server}"


class ComponentStates(Struct, frozen=True, kw_only=True):
    """The component summary. A component that is not listed is unknown: it may just not have reported yet."""

    needs: ClassVar[tuple[str, ...]] = (COMPONENT_STATES,)
    states: tuple[ComponentState, ...]

    def of(self, component: str) -> tuple[ComponentState, ...]:
        """Those of one component, one a server."""
        return tuple(state for state in self.states if state.component == component)

    @classmethod
    def read(cls, environment: Environment) -> ComponentStates:
        """One entry a component and server: that of the interval "since midnight", else the first."""
        chosen: dict[tuple[str, str], ComponentState] = {}
        preferred = set()
        for row, raw in rows(environment, COMPONENT_STATES, _RawState):
            key = (text(raw.component_name), text(raw.machine_name).casefold())
            since_midnight = text(raw.tally_interval).upper() == SINCE_MIDNIGHT
            if key not in chosen or (since_midnight and key not in preferred):
                chosen[key] = _state(row, raw)
            if since_midnight:
                preferred.add(key)
        return cls(states=tuple(chosen.values()))


def _state(row: Evidence, raw: _RawState) -> ComponentState:
    return ComponentState(
        component=text(raw.component_name),
        server=text(raw.machine_name),
        state=_STATES.get(_known(integer(raw.state, column(row, "State"))), ""),
        status=_STATUSES.get(_known(integer(raw.status, column(row, "Status"))), ""),
        starts=_STARTS.get(_known(integer(raw.type, column(row, "Type"))), ""),
        evidence=row,
    )


def _known(number: int | None) -> int:
    """For a look-up: unknown is a number that no table has."""
    return -1 if number is None else number
