"""Co-management as the site has it: enablement, automatic enrolment, workloads, pilot collections, devices.

Classes ``SMS_ConfigurationPolicy`` (item reads: ``SDMPackageXML`` is lazy), ``SMS_ConfigurationPolicyAssignment``,
``SMS_Client_ComanagementState`` and ``SMS_FullCollectionMembership`` (reference ``configmgr`` section 7). Microsoft
documents neither the policies' names nor the workload bits; both come from scripts that read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct, field

from comgmt_audit.errors import FactUnavailable, Unreadable
from comgmt_audit.facts.admin_service import (
    Scalar,
    boolean,
    column,
    integer,
    may_be_empty,
    refuse_empty,
    rows,
    text,
)
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

POLICIES = "site/SMS_ConfigurationPolicy"
ASSIGNMENTS = "site/SMS_ConfigurationPolicyAssignment"
STATES = "site/SMS_Client_ComanagementState"
MEMBERS = "site/SMS_FullCollectionMembership"
INTUNE_POLICIES = "graph/workload-policies"

ENABLEMENT = "CoMgmtSettingsProd"
PILOT_ENROLMENT = "CoMgmtSettingsPilotAutoEnroll"
_PILOT = "CoMgmtSettingsPilot"
"""Names of the policies (DocumentConfigMgrCB, 2022)."""

KNOWN_BITS = 0xFF
"""The workload bits that sources explain; 1 alone means that nothing is switched. Anything above is unknown."""

FAILURE = 0x8000_0000
"""The severity bit of an HRESULT ([MS-ERREF] 2.1): set where an enrolment code is a failure."""

_FLAGS_RULE = 2
"""Index of the rule with the workload flags, where no resource id tells (DocumentConfigMgrCB, 2022)."""

_MAX_XML = 4 * 1024**2
"""Characters of a policy that are read; real ones have some ten thousand."""


class Workload(Struct, frozen=True, kw_only=True):
    """A workload: its name here, its bit, and the suffix of its pilot policy."""

    name: str
    bit: int
    suffix: str


WORKLOADS = (
    Workload(name="compliance", bit=2, suffix="CP"),
    Workload(name="device-configuration", bit=8, suffix="DC"),
    Workload(name="windows-update", bit=16, suffix="WUP"),
    Workload(name="endpoint-protection", bit=32, suffix="EP"),
    Workload(name="client-apps", bit=64, suffix="CApp"),
    Workload(name="office", bit=128, suffix="O365"),
)
"""The workloads of today (reference ``configmgr`` 7.1). Resource access (bit 4) was removed with version 2403."""


class _RawPolicy(Struct, frozen=True, rename="pascal"):
    id: Scalar = field(name="CI_ID", default=None)
    name: str | None = field(name="LocalizedDisplayName", default=None)
    is_assigned: Scalar = None
    xml: str | None = field(name="SDMPackageXML", default=None)


class _RawAssignment(Struct, frozen=True, rename="pascal"):
    policies: tuple[Scalar, ...] | None = field(name="AssignedCIs", default=None)
    collection: str | None = field(name="TargetCollectionID", default=None)


class Policy(Struct, frozen=True, kw_only=True):
    """One of the policies that make up co-management.

    ``enrols``: its rule for automatic enrolment; ``flags``: its workload bits. Both are ``None`` where the policy's XML
    was not read or does not say. ``collections``: ids of those it is deployed to.
    """

    name: str
    assigned: bool | None
    enrols: bool | None
    flags: int | None
    collections: tuple[str, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name."""
        return f"co-management policy {self.name}"


class SwitchedWorkload(Struct, frozen=True, kw_only=True):
    """A workload and who has it: ``configmgr``, ``pilot``, ``intune``, or ``""`` where that is not known.

    ``collections``: ids of its pilot collections.
    """

    name: str
    authority: str
    collections: tuple[str, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name."""
        return f"workload {self.name}"


class CoManagement(Struct, frozen=True, kw_only=True):
    """Co-management at the site.

    ``enrolment`` is ``all``, ``pilot``, ``none``, or ``""`` where it is not known; ``enabled`` is ``None`` likewise.
    ``unknown_flags``: workload bits that no source explains. ``deployments_known``: every deployment was seen, so a
    policy without collections is deployed nowhere.
    """

    needs: ClassVar[tuple[str, ...]] = (POLICIES, ASSIGNMENTS)
    enabled: bool | None
    enrolment: str
    enrolment_collections: tuple[str, ...]
    workloads: tuple[SwitchedWorkload, ...]
    unknown_flags: int
    deployments_known: bool
    evidence: Evidence

    @property
    def label(self) -> str:
        """The node of the console."""
        return "co-management"

    @classmethod
    def read(cls, environment: Environment) -> CoManagement:
        """The policies by name; none at all is known to be none only where the account sees every one."""
        deployed, deployments_known = _deployments(environment)
        policies = _policies(environment, deployed)
        refuse_empty(environment, POLICIES, policies, "co-management policy")
        enablement, pilot = policies.get(ENABLEMENT), policies.get(PILOT_ENROLMENT)
        complete = may_be_empty(environment, POLICIES)
        flags = enablement.flags if enablement else None
        return cls(
            enabled=enablement.assigned if enablement else (False if complete else None),
            enrolment=_enrolment(enablement, pilot, complete),
            enrolment_collections=pilot.collections if pilot else (),
            workloads=tuple(_switched(workload, policies, complete) for workload in WORKLOADS),
            unknown_flags=(flags or 0) & ~KNOWN_BITS,
            deployments_known=deployments_known,
            evidence=enablement.evidence if enablement else Evidence(POLICIES),
        )


def _deployments(environment: Environment) -> tuple[dict[int, list[str]], bool]:
    """The collections of each policy by its number, and whether that is all of them."""
    deployed: dict[int, list[str]] = {}
    known = may_be_empty(environment, ASSIGNMENTS)
    for row, assignment in rows(environment, ASSIGNMENTS, _RawAssignment):
        known = known and assignment.policies is not None
        for number in assignment.policies or ():
            if (id := integer(number, column(row, "AssignedCIs"))) is not None:
                deployed.setdefault(id, []).append(text(assignment.collection))
    return deployed, known


def _policies(environment: Environment, deployed: dict[int, list[str]]) -> dict[str, Policy]:
    found = {}
    for row, raw in rows(environment, POLICIES, _RawPolicy):
        name = text(raw.name)
        if not name.startswith("CoMgmtSettings"):
            continue
        enrols, flags = policy_rules(raw.xml or "", column(row, "SDMPackageXML"))
        found[name] = Policy(
            name=name,
            assigned=boolean(raw.is_assigned, column(row, "IsAssigned")),
            enrols=enrols,
            flags=flags,
            collections=tuple(sorted(deployed.get(integer(raw.id, column(row, "CI_ID")) or 0, ()))),
            evidence=row,
        )
    return found


def _enrolment(enablement: Policy | None, pilot: Policy | None, complete: bool) -> str:
    """For all where the policy for all says so, else as the pilot's says (DocumentConfigMgrCB, 2022)."""
    if enablement is not None and enablement.enrols:
        return "all"
    if not complete if enablement is None else enablement.enrols is None:
        return ""
    if pilot is None:
        return "none" if complete else ""
    if pilot.enrols is None:
        return ""
    return "pilot" if pilot.enrols else "none"


def _switched(workload: Workload, policies: dict[str, Policy], complete: bool) -> SwitchedWorkload:
    enablement, pilot = policies.get(ENABLEMENT), policies.get(_PILOT + workload.suffix)
    flags = enablement.flags if enablement else None
    in_pilot = pilot.assigned if pilot else (False if complete else None)
    if flags is not None and flags & workload.bit:
        authority = "intune"
    elif in_pilot:
        authority = "pilot"
    else:
        authority = "configmgr" if flags is not None and in_pilot is False else ""
    source = pilot if authority == "pilot" else enablement
    return SwitchedWorkload(
        name=workload.name,
        authority=authority,
        collections=pilot.collections if pilot and authority == "pilot" else (),
        evidence=source.evidence if source else Evidence(POLICIES),
    )


def policy_rules(xml: str, place: Evidence) -> tuple[bool | None, int | None]:
    """(automatic enrolment, workload flags) of a policy's XML; ``""`` is a lazy column that was not read: unknown.

    The rule for enrolment is known by its resource id ``AutoEnroll_Name``; that of the workloads by an id that names
    them, else by its place: the third rule. Element names are matched without their namespace.
    Raises Unreadable for what is not XML, or hostile.
    """
    if not xml.strip():
        return None, None
    enrols: bool | None = None
    flags: int | None = None
    for number, (id, value) in enumerate(_rules(xml, place)):
        if id.casefold() == "autoenroll_name":
            enrols = boolean(value, place)
        elif "workload" in id.casefold() or (number == _FLAGS_RULE and flags is None):
            flags = integer(value, place)
    return enrols, flags


def _rules(xml: str, place: Evidence) -> list[tuple[str, str]]:
    """(resource id, constant) of every rule, in order."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(xml) > _MAX_XML:
        raise _unreadable(place, f"{len(xml)} characters are more than a policy has")
    try:
        # A declaration may name UTF-16, as the column does: what arrives here is text already.
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", xml), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise _unreadable(place, f"{type(error).__name__}: {error}") from None
    return [
        (_first(rule, "DisplayName", "ResourceId"), _first(rule, "ConstantValue", "Value"))
        for rule in _named(root, "Rule")
    ]


def _named(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element.iter() if child.tag.rpartition("}")[2] == name)


def _first(element: Element, name: str, attribute: str) -> str:
    return next((str(child.get(attribute, "")) for child in _named(element, name)), "")


def _unreadable(place: Evidence, what: str) -> Unreadable:
    return Unreadable(
        f"{place.observation}, {place.pointer}: the policy is not XML that can be read: {what}",
        "Look at the recorded policy; if the site really holds it so, please report it.",
        place.observation,
    )


class _RawIntune(Struct, frozen=True):
    workload: str
    assigned: int | None = None


class IntunePolicies(Struct, frozen=True, kw_only=True):
    """How many policies or apps of each workload are assigned in Intune; a workload that is missing is unknown."""

    needs: ClassVar[tuple[str, ...]] = (INTUNE_POLICIES,)
    assigned: dict[str, int]

    @classmethod
    def read(cls, environment: Environment) -> IntunePolicies:
        """The counts that the recorder derived from Microsoft Graph (``docs/recording/site.md``)."""
        return cls(
            assigned={
                raw.workload: raw.assigned
                for _, raw in environment.recording.lines(INTUNE_POLICIES, _RawIntune)
                if raw.assigned is not None
            }
        )


class _RawState(Struct, frozen=True):
    resource_id: Scalar = field(name="ResourceID", default=None)
    machine_id: Scalar = field(name="MachineId", default=None)
    enrolled: Scalar = field(name="MDMEnrolled", default=None)
    provisioned: Scalar = field(name="MDMProvisioned", default=None)
    policy: Scalar = field(name="ComgmtPolicyPresent", default=None)
    status: Scalar = field(name="EnrollmentStatusCode", default=None)
    detail: Scalar = field(name="EnrollmentErrorDetail", default=None)


class _RawMember(Struct, frozen=True):
    resource_id: Scalar = field(name="ResourceID", default=None)
    name: str | None = field(name="Name", default=None)
    collection: str | None = field(name="CollectionID", default=None)


class CoManagedDevice(Struct, frozen=True, kw_only=True):
    """A device and its state; every flag is ``None`` where the site does not say (also: it never reported).

    ``enrolment_code`` is what its enrolment last ended with, an unsigned HRESULT.
    """

    name: str
    enrolled: bool | None
    provisioned: bool | None
    policy_present: bool | None
    enrolment_code: int | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name, else its resource id."""
        return f"device {self.name}"

    @property
    def co_managed(self) -> bool:
        """Enrolled, provisioned, and with the policy (monitor co-management; create queries)."""
        return bool(self.enrolled and self.provisioned and self.policy_present)

    @property
    def failed(self) -> bool:
        """Its enrolment ended with a failure code."""
        return bool((self.enrolment_code or 0) & FAILURE)

    @property
    def waiting(self) -> bool:
        """Not co-managed, and nothing failed: the policy is not there yet, or it reports a state without a failure."""
        unknown = None in (self.enrolled, self.provisioned, self.policy_present)
        return not self.failed and (unknown or not self.policy_present or self.enrolment_code is not None)


class CoManagedDevices(Struct, frozen=True, kw_only=True):
    """The devices that co-management is meant for.

    The members of the pilot collections where they were recorded; else every device that reported the policy or an
    enrolment, for the class lists other devices as well.
    """

    needs: ClassVar[tuple[str, ...]] = (STATES, MEMBERS, POLICIES, ASSIGNMENTS)
    devices: tuple[CoManagedDevice, ...]

    def __iter__(self) -> Iterator[CoManagedDevice]:
        return iter(self.devices)

    @classmethod
    def read(cls, environment: Environment) -> CoManagedDevices:
        """States joined with the pilot's members by resource id."""
        states = {}
        for row, raw in rows(environment, STATES, _RawState):
            key = integer(raw.resource_id, column(row, "ResourceID"))
            key = integer(raw.machine_id, column(row, "MachineId")) if key is None else key
            states[key] = _device(row, raw, str(key))
        members = _members(environment)
        if not members:
            reported = tuple(device for device in states.values() if device.policy_present or device.enrolled)
            refuse_empty(environment, STATES, reported, "device with a co-management state")
            return cls(devices=reported)
        found = []
        for key, (name, evidence) in members.items():
            state = states.get(key) or _device(evidence, _RawState(), name)
            found.append(
                CoManagedDevice(
                    name=name,
                    enrolled=state.enrolled,
                    provisioned=state.provisioned,
                    policy_present=state.policy_present,
                    enrolment_code=state.enrolment_code,
                    evidence=state.evidence,
                )
            )
        return cls(devices=tuple(found))


def _device(row: Evidence, raw: _RawState, name: str) -> CoManagedDevice:
    codes = (
        integer(raw.detail, column(row, "EnrollmentErrorDetail")),
        integer(raw.status, column(row, "EnrollmentStatusCode")),
    )
    known = [code & 0xFFFF_FFFF for code in codes if code is not None]
    return CoManagedDevice(
        name=name,
        enrolled=boolean(raw.enrolled, column(row, "MDMEnrolled")),
        provisioned=boolean(raw.provisioned, column(row, "MDMProvisioned")),
        policy_present=boolean(raw.policy, column(row, "ComgmtPolicyPresent")),
        enrolment_code=max(known) if known else None,
        evidence=row,
    )


def _members(environment: Environment) -> dict[int | None, tuple[str, Evidence]]:
    """The pilot's members by resource id; none where they were not recorded or the pilot is not known."""
    try:
        co_management = environment.fact(CoManagement)
        listed = list(rows(environment, MEMBERS, _RawMember))
    except FactUnavailable:
        return {}
    pilot = set(co_management.enrolment_collections)
    found = {}
    for row, raw in listed:
        if co_management.enrolment == "pilot" and text(raw.collection) in pilot:
            key = integer(raw.resource_id, column(row, "ResourceID"))
            found[key] = (text(raw.name) or str(key), row)
    return found
