"""Conditional Access policies (Microsoft Graph ``conditionalAccessPolicy``): what they ask for, and whom they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from comgmt_audit.facts.enrolment import INTUNE_ENROLLMENT
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

OBSERVATION = "graph/conditional-access-policies"
REGISTER_DEVICE = "urn:user:registerdevice"
"""The user action of registering or joining a device (conditionalAccessApplications: includeUserActions)."""

_MODERN = frozenset({"all", "browser", "mobileAppsAndDesktopClients"})
"""Client app types with which Windows signs in; the others are legacy authentication."""
_UNDERSTOOD = frozenset({"applications", "users", "clientAppTypes", "platforms"})
"""Conditions that are judged here; any other one that is set narrows the policy to some sign-ins."""


class _Applications(Struct, frozen=True, rename="camel"):
    include_applications: tuple[str, ...] | None = None
    exclude_applications: tuple[str, ...] | None = None
    include_user_actions: tuple[str, ...] | None = None


class _Users(Struct, frozen=True, rename="camel"):
    include_users: tuple[str, ...] | None = None


class _Platforms(Struct, frozen=True, rename="camel"):
    include_platforms: tuple[str, ...] | None = None
    exclude_platforms: tuple[str, ...] | None = None


class _Controls(Struct, frozen=True, rename="camel"):
    built_in_controls: tuple[str, ...] | None = None


class _Policy(Struct, frozen=True, rename="camel"):
    id: str
    state: str | None = None
    display_name: str | None = None
    conditions: dict[str, Any] | None = None
    grant_controls: _Controls | None = None


class _Conditions(Struct, frozen=True, rename="camel"):
    applications: _Applications | None = None
    users: _Users | None = None
    platforms: _Platforms | None = None
    client_app_types: tuple[str, ...] | None = None


class AccessPolicy(Struct, frozen=True, kw_only=True):
    """A policy. ``state``: enabled, disabled or enabledForReportingButNotEnforced; ``""`` where it is not told.

    Ids are in lower case. ``legible``: were its conditions answered? ``narrowed``: names of conditions that limit it to
    some sign-ins, such as locations; what they mean is not judged.
    """

    line: int
    name: str
    state: str
    legible: bool
    applications: frozenset[str]
    excluded: frozenset[str]
    actions: frozenset[str]
    everybody: bool
    modern: bool
    windows: bool
    narrowed: tuple[str, ...]
    controls: frozenset[str]

    @property
    def label(self) -> str:
        """Its name."""
        return f"Conditional Access policy {self.name}"

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence(OBSERVATION, f"line {self.line}", self.name)

    @property
    def switched_off(self) -> bool:
        """Is it known to have no effect?"""
        return self.state in {"disabled", "enabledForReportingButNotEnforced"}

    @property
    def means_all_applications(self) -> bool:
        """Does it mean every application but those that it excludes?"""
        return "all" in self.applications

    @property
    def means_enrolment(self) -> bool:
        """Does it mean the enrolment of Windows devices, by the application or by the action?"""
        named = self.means_all_applications or INTUNE_ENROLLMENT in self.applications
        at_application = named and INTUNE_ENROLLMENT not in self.excluded
        return self.modern and self.windows and (at_application or REGISTER_DEVICE in self.actions)


class ConditionalAccess(Struct, frozen=True, kw_only=True):
    """All policies of the tenant; the list is whole."""

    needs: ClassVar[tuple[str, ...]] = (OBSERVATION,)
    policies: tuple[AccessPolicy, ...]

    def __iter__(self) -> Iterator[AccessPolicy]:
        return iter(self.policies)

    @classmethod
    def read(cls, environment: Environment) -> ConditionalAccess:
        """All policies. Raises FactUnavailable."""
        return cls(
            policies=tuple(_policy(line, raw) for line, raw in environment.recording.lines(OBSERVATION, _Policy))
        )


def _policy(line: int, raw: _Policy) -> AccessPolicy:
    conditions, legible = _conditions(raw.conditions)
    applications = conditions.applications or _Applications()
    clients = frozenset(conditions.client_app_types or ())
    return AccessPolicy(
        line=line,
        name=raw.display_name or raw.id,
        state=raw.state or "",
        legible=legible,
        applications=_lower(applications.include_applications),
        excluded=_lower(applications.exclude_applications),
        actions=_lower(applications.include_user_actions),
        everybody="all" in _lower((conditions.users or _Users()).include_users),
        modern=not clients or bool(clients & _MODERN),
        windows=_means_windows(conditions.platforms or _Platforms()),
        narrowed=tuple(sorted(name for name, value in (raw.conditions or {}).items() if _narrows(name, value))),
        controls=frozenset((raw.grant_controls or _Controls()).built_in_controls or ()),
    )


def _conditions(raw: Mapping[str, Any] | None) -> tuple[_Conditions, bool]:
    """The conditions that are understood, and whether they could be read."""
    import msgspec

    try:
        return msgspec.convert({name: (raw or {}).get(name) for name in _UNDERSTOOD}, _Conditions), raw is not None
    except msgspec.ValidationError:
        return _Conditions(), False


def _lower(names: tuple[str, ...] | None) -> frozenset[str]:
    return frozenset(name.lower() for name in names or ())


def _means_windows(platforms: _Platforms) -> bool:
    included = _lower(platforms.include_platforms)
    return (not included or bool(included & {"all", "windows"})) and "windows" not in _lower(
        platforms.exclude_platforms
    )


def _narrows(name: str, value: Any) -> bool:
    """Is it a condition of another kind, and set? Graph sends empty lists, nulls, and objects of them for none."""
    if name in _UNDERSTOOD or name.startswith("@"):
        return False
    return any(map(bool, value.values())) if isinstance(value, dict) else bool(value)
