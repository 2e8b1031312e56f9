"""Who may enrol: the MDM and MAM user scopes, and the enrolment restrictions (Microsoft Graph, beta).

The two scopes are told to a signed-in account only: as an application, nobody may read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

from msgspec import Struct, field

from comgmt_audit.errors import Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.groups import Groups
from comgmt_audit.model import Evidence

INTUNE = "0000000a-0000-0000-c000-000000000000"
"""The application Microsoft Intune; its policy holds the scope that matters."""

INTUNE_ENROLLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
"""The application Microsoft Intune Enrollment, which many tenants do not have."""


EVERYBODY = "every user"
"""Stands for all users in the scope All."""


class _Group(Struct, frozen=True, rename="camel"):
    id: str
    display_name: str | None = None


class _Policy(Struct, frozen=True, rename="camel"):
    id: str
    applies_to: str
    display_name: str | None = None
    discovery_url: str | None = None
    terms_of_use_url: str | None = None
    compliance_url: str | None = None
    included_groups: tuple[_Group, ...] | None = None


class ScopeGroup(Struct, frozen=True, kw_only=True):
    """A group of a scope; its id is in lower case."""

    id: str
    name: str


class MobilityPolicy(Struct, frozen=True, kw_only=True):
    """The user scope of one application.

    ``scope``: none, all or selected. ``groups`` matter for selected; ``None`` where they were not answered.
    """

    observation: str
    line: int
    id: str
    name: str
    kind: str
    scope: str
    discovery_url: str | None
    terms_url: str | None
    compliance_url: str | None
    groups: tuple[ScopeGroup, ...] | None

    @property
    def label(self) -> str:
        """Scope and application."""
        return f"{self.kind} user scope of {self.name}"

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence(self.observation, f"line {self.line}/appliesTo", self.scope)

    @property
    def shown(self) -> str:
        """The scope as the portal shows it, with the groups."""
        if self.scope != "selected":
            return "None (nobody)" if self.scope == "none" else self.scope.capitalize()
        return f"Some ({', '.join(group.name for group in self.groups or ()) or 'without groups'})"


class _Policies(Struct, frozen=True, kw_only=True):
    """The policies of one kind, by application id."""

    by_id: dict[str, MobilityPolicy]

    @classmethod
    def _read(cls, environment: Environment, observation: str, kind: str) -> Self:
        lines = environment.recording.lines(observation, _Policy)
        found = [_policy(observation, line, kind, raw) for line, raw in lines]
        if INTUNE not in {policy.id for policy in found}:
            raise Unreadable(
                f"the list of {kind} policies has no Microsoft Intune in it",
                "See in the Entra admin centre under Settings > Mobility whether Microsoft Intune is listed.",
                observation,
            )
        return cls(by_id={policy.id: policy for policy in found})

    @property
    def intune(self) -> MobilityPolicy:
        """The policy of Microsoft Intune."""
        return self.by_id[INTUNE]


class MdmPolicies(_Policies, frozen=True, kw_only=True):
    """Whose devices are enrolled (mobile device management)."""

    needs: ClassVar[tuple[str, ...]] = ("graph/mdm-policies",)

    @property
    def enrolment(self) -> MobilityPolicy | None:
        """The policy of Microsoft Intune Enrollment, where the tenant has that application."""
        return self.by_id.get(INTUNE_ENROLLMENT)

    @classmethod
    def read(cls, environment: Environment) -> MdmPolicies:
        """The MDM policies. Raises FactUnavailable, always so for a scanner that signs in as an application."""
        return cls._read(environment, "graph/mdm-policies", "MDM")


class MamPolicies(_Policies, frozen=True, kw_only=True):
    """Whose apps are protected without enrolment (mobile application management)."""

    needs: ClassVar[tuple[str, ...]] = ("graph/mam-policies",)

    @classmethod
    def read(cls, environment: Environment) -> MamPolicies:
        """The MAM policies. Raises FactUnavailable, always so for a scanner that signs in as an application."""
        return cls._read(environment, "graph/mam-policies", "MAM")


def _policy(observation: str, line: int, kind: str, raw: _Policy) -> MobilityPolicy:
    if raw.applies_to not in {"none", "all", "selected"}:
        cure = "Look at the scope in the Entra admin centre under Settings > Mobility."
        raise Unreadable(f"line {line}: appliesTo is {raw.applies_to!r}, which no document explains", cure, observation)
    groups = raw.included_groups
    return MobilityPolicy(
        observation=observation,
        line=line,
        id=raw.id.lower(),
        name=raw.display_name or raw.id,
        kind=kind,
        scope=raw.applies_to,
        discovery_url=raw.discovery_url,
        terms_url=raw.terms_of_use_url,
        compliance_url=raw.compliance_url,
        groups=None
        if groups is None
        else tuple(ScopeGroup(id=group.id.lower(), name=group.display_name or group.id) for group in groups),
    )


class _Restriction(Struct, frozen=True, rename="camel"):
    platform_blocked: bool | None = None


class _Configuration(Struct, frozen=True, rename="camel"):
    id: str
    type: str | None = field(name="@odata.type", default=None)
    display_name: str | None = None
    windows_restriction: _Restriction | None = None


class PlatformRestriction(Struct, frozen=True, kw_only=True):
    """The default platform restriction; ``windows_blocked`` is ``None`` where Intune does not say."""

    line: int
    name: str
    windows_blocked: bool | None

    @property
    def label(self) -> str:
        """Its name."""
        return f"default enrolment restriction {self.name}"

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        place = f"line {self.line}/windowsRestriction/platformBlocked"
        return Evidence("graph/enrolment-configurations", place, f"{self.windows_blocked}".lower())


class EnrolmentRestrictions(Struct, frozen=True, kw_only=True):
    """The default restrictions on platforms: the only ones that count where ConfigMgr enrols with the device token."""

    needs: ClassVar[tuple[str, ...]] = ("graph/enrolment-configurations",)
    defaults: tuple[PlatformRestriction, ...]

    def __iter__(self) -> Iterator[PlatformRestriction]:
        return iter(self.defaults)

    @classmethod
    def read(cls, environment: Environment) -> EnrolmentRestrictions:
        """The defaults, known by the end of their id. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/enrolment-configurations", _Configuration)
        return cls(
            defaults=tuple(
                PlatformRestriction(
                    line=line,
                    name=raw.display_name or raw.id,
                    windows_blocked=raw.windows_restriction.platform_blocked if raw.windows_restriction else None,
                )
                for line, raw in lines
                if raw.id.endswith("_DefaultPlatformRestrictions")
            )
        )


def people_in(policy: MobilityPolicy, groups: Groups) -> dict[str, str] | None:
    """The users of a scope who are not disabled, id to name; ``None`` where they are not known."""
    if policy.scope == "all":
        return {EVERYBODY: EVERYBODY}
    people: dict[str, str] = {}
    for chosen in policy.groups if policy.groups is not None else (None,):
        users = groups[chosen.id].users if chosen else None
        if users is None:
            return None
        people |= {user.id: user.name for user in users if user.enabled is not False}
    return people
