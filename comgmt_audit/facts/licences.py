"""The tenant's licences (Microsoft Graph ``subscribedSkus``), and what a user's licences amount to.

Plans are matched by their GUID, never by a list of SKUs: those go stale (``reference`` graph, section 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

NOT_FOR_USERS = ("intune_a_d", "mcocap", "meeting_room", "mtr_prem", "microsoft_teams_rooms")
"""How the part numbers of SKUs begin that license a device or a room: Intune device licences, shared Teams devices and
Teams rooms carry INTUNE_A, but entitle no user (Product names and service plan identifiers for licensing)."""

_USABLE = frozenset({"Enabled", "Warning"})
"""``capabilityStatus`` of a SKU that still works: Warning is the grace period after its end (Graph, subscribedSku)."""

_SUCCEEDED = frozenset({"Active"})
_FAILED = frozenset({"Error", "ActiveWithError", "Disabled"})
"""``state`` of an assignment that did not, or not wholly, succeed (Graph, licenseAssignmentState)."""


class _Plan(Struct, frozen=True, rename="camel"):
    service_plan_id: str
    service_plan_name: str | None = None
    provisioning_status: str | None = None


class _Units(Struct, frozen=True):
    enabled: int | None = None
    warning: int | None = None


class _Sku(Struct, frozen=True, rename="camel"):
    sku_id: str
    capability_status: str
    service_plans: tuple[_Plan, ...]
    sku_part_number: str | None = None
    applies_to: str | None = None
    consumed_units: int | None = None
    prepaid_units: _Units | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """A service plan inside a SKU; ``id`` in lower case, ``status`` such as Success or PendingActivation."""

    id: str
    name: str
    status: str | None


class Sku(Struct, frozen=True, kw_only=True):
    """A subscribed SKU. ``units`` are those that may be assigned (enabled and in grace); ``None`` is unknown.

    ``for_users`` is false for the licences of devices and rooms, and for what belongs to the tenant as a whole.
    """

    line: int
    id: str
    name: str
    status: str
    units: int | None
    consumed: int | None
    for_users: bool
    plans: tuple[Plan, ...]

    @property
    def label(self) -> str:
        """The part number."""
        return f"licence {self.name}"

    @property
    def evidence(self) -> Evidence:
        """The SKU's line."""
        return Evidence("graph/subscribed-skus", f"line {self.line}", f"{self.name}: {self.status}")

    @property
    def usable(self) -> bool:
        """Bought and not suspended: what it carries works for those who have it."""
        return self.status in _USABLE and self.units != 0

    @property
    def units_left(self) -> int | None:
        """How many more users may have it; negative where too many have it; ``None`` where Graph does not say."""
        return None if self.units is None or self.consumed is None else self.units - self.consumed

    def plan(self, wanted: Mapping[str, str]) -> Plan | None:
        """Its plan that is one of *wanted* (ids); one that works comes first."""
        found = [plan for plan in self.plans if plan.id in wanted]
        return min(found, key=lambda plan: plan.status != "Success", default=None)


class SubscribedSkus(Struct, frozen=True, kw_only=True):
    """All SKUs of the tenant; the list is whole, so what is not in it was not bought."""

    needs: ClassVar[tuple[str, ...]] = ("graph/subscribed-skus",)
    by_id: dict[str, Sku]

    def __iter__(self) -> Iterator[Sku]:
        return iter(self.by_id.values())

    def carrying(self, plans: Mapping[str, str]) -> tuple[Sku, ...]:
        """The SKUs that give users one of these plans, usable or not."""
        return tuple(sku for sku in self if sku.for_users and sku.plan(plans))

    @classmethod
    def read(cls, environment: Environment) -> SubscribedSkus:
        """All SKUs. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/subscribed-skus", _Sku)
        skus = [_sku(number, raw) for number, raw in lines]
        return cls(by_id={sku.id: sku for sku in skus})


def _sku(line: int, raw: _Sku) -> Sku:
    name = (raw.sku_part_number or raw.sku_id).strip()  # some part numbers end in a blank
    units = raw.prepaid_units or _Units()
    return Sku(
        line=line,
        id=raw.sku_id.lower(),
        name=name,
        status=raw.capability_status,
        units=None if units.enabled is None else units.enabled + (units.warning or 0),
        consumed=raw.consumed_units,
        for_users=raw.applies_to != "Company" and not name.lower().startswith(NOT_FOR_USERS),
        plans=tuple(
            Plan(
                id=plan.service_plan_id.lower(),
                name=plan.service_plan_name or plan.service_plan_id,
                status=plan.provisioning_status,
            )
            for plan in raw.service_plans
        ),
    )


class Licence(Struct, frozen=True, gc=False, rename="camel"):
    """A licence that a user has, and the plans in it that are switched off."""

    sku_id: str
    disabled_plans: tuple[str, ...] = ()


class Assignment(Struct, frozen=True, gc=False, rename="camel"):
    """How a licence comes to a user: directly (no group) or by a group, and what became of it."""

    sku_id: str
    state: str | None = None
    error: str | None = None
    assigned_by_group: str | None = None

    @property
    def failed(self) -> bool:
        """Did it not, or not wholly, succeed?"""
        return self.state in _FAILED

    @property
    def unclear(self) -> bool:
        """Does its state not say whether it succeeded?"""
        return self.state not in _SUCCEEDED | _FAILED

    @property
    def way(self) -> str:
        """``by group <id>`` or ``directly``."""
        return f"by group {self.assigned_by_group}" if self.assigned_by_group else "directly"

    @property
    def outcome(self) -> str:
        """State and error; Graph says no error as null, as nothing, or as "None"."""
        return f"{self.state} ({self.error})" if self.error and self.error != "None" else f"{self.state}"


class Licences(Struct, frozen=True, eq=False, kw_only=True):
    """What one user has; users with the same licences share one object, so these compare by identity.

    ``held`` and ``assignments`` are ``None`` where Graph did not say.
    """

    held: tuple[Licence, ...] | None
    assignments: tuple[Assignment, ...] | None


class Gap(Struct, frozen=True):
    """Why a user lacks a plan: what is seen, and what mends it. ``known`` is false where it cannot be told."""

    seen: tuple[str, ...]
    advice: str
    known: bool = True


def gap(licences: Licences, skus: SubscribedSkus, plans: Mapping[str, str]) -> Gap | None:
    """Why these licences do not give one of *plans*; ``None`` where they do."""
    if licences.held is None:
        return Gap(("assignedLicenses was not answered",), "Grant User.Read.All to the scanner.", known=False)
    failed = _failures(licences, skus, plans)
    seen: list[Gap] = []
    for licence in licences.held:
        sku = skus.by_id.get(licence.sku_id)
        if sku is None:
            why = f"licence {licence.sku_id}, which subscribedSkus does not list"
            seen.append(Gap((why,), "Record the licences and the users in one run.", known=False))
            continue
        found = [_held(sku, plan, licence, licences.assignments) for plan in sku.plans if plan.id in plans]
        if None in found:
            return None
        seen += [item for item in found if item]
    seen = [item for item in seen if not item.known] or failed or seen
    if not seen:
        nothing = f"no licence that carries {' or '.join(sorted(set(plans.values())))}"
        return Gap((nothing,), "Assign one, in the Entra admin centre under the user's Licenses or by a group.")
    return Gap(tuple(why for item in seen for why in item.seen), seen[0].advice, seen[0].known)


def _held(sku: Sku, plan: Plan, licence: Licence, assignments: tuple[Assignment, ...] | None) -> Gap | None:
    """Why a plan of a licence that the user has does not work; ``None`` where it does."""
    if not sku.for_users:
        return Gap((f"{sku.name} licenses devices or rooms",), "Assign a licence for users instead.")
    if not sku.usable:
        return Gap((f"{sku.name} is {sku.status}, {sku.units} units",), f"Renew {sku.name}, or assign another licence.")
    if plan.id in licence.disabled_plans:
        advice = f"Open the user's (or the group's) Licenses > {sku.name}, and switch {plan.name} on."
        return Gap((f"{plan.name} is switched off in {sku.name}",), advice)
    if plan.status != "Success":
        return Gap((f"{plan.name} in {sku.name} is {plan.status}",), "Have the service provisioned for the tenant.")
    rows = [row for row in assignments or () if row.sku_id == sku.id]
    if rows and all(row.state in {"Error", "Disabled"} for row in rows):
        return _failure(sku, rows[0])
    return None


def failed_assignments(
    licences: Licences, skus: SubscribedSkus, plans: Mapping[str, str]
) -> tuple[tuple[Sku, Assignment], ...]:
    """The assignments of licences with one of *plans* that did not wholly succeed."""
    return tuple((sku, row) for sku, row in _with_plans(licences, skus, plans) if row.failed)


def has_unclear_assignments(licences: Licences, skus: SubscribedSkus, plans: Mapping[str, str]) -> bool:
    """Is there an assignment of a licence with one of *plans* of which nobody can say whether it succeeded?"""
    return any(row.unclear for _, row in _with_plans(licences, skus, plans))


def _with_plans(licences: Licences, skus: SubscribedSkus, plans: Mapping[str, str]) -> Iterator[tuple[Sku, Assignment]]:
    for row in licences.assignments or ():
        sku = skus.by_id.get(row.sku_id)
        if sku and sku.for_users and sku.plan(plans):
            yield sku, row


def _failures(licences: Licences, skus: SubscribedSkus, plans: Mapping[str, str]) -> list[Gap]:
    held = {licence.sku_id for licence in licences.held or ()}
    return [_failure(sku, row) for sku, row in failed_assignments(licences, skus, plans) if sku.id not in held]


def _failure(sku: Sku, row: Assignment) -> Gap:
    return Gap((f"{sku.name} assigned {row.way}: {row.outcome}",), mending(sku, row))


def mending(sku: Sku, row: Assignment) -> str:
    """What mends an assignment that failed, by its error."""
    return _ERRORS.get(row.error or "", f"Look at the assignment of {sku.name} {row.way}, and reprocess it.")


_ERRORS = {
    "CountViolation": "Buy more units, or take some from accounts that do not need them; then reprocess the group.",
    "MutuallyExclusiveViolation": "Remove the other licence that carries the same service, or switch that plan off.",
    "DependencyViolation": "Switch the plan on that this one depends on.",
    "ProhibitedInUsageLocationViolation": "Set a usage location in which the service is offered.",
    "UniquenessViolation": "Remove the duplicate value (such as a proxy address) that two users have.",
}
"""What mends an assignment, by its error (Graph, licenseAssignmentState; Entra, group licensing problems)."""
