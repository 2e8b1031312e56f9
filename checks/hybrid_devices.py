"""Hybrid join, device by device. Protects enrolment: each pilot computer needs one sound device object in Entra ID."""

from __future__ import annotations

from comgmt_audit import Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.joined_devices import HYBRID, JOINED, REGISTERED, EntraDevices, PilotComputers
from comgmt_audit.facts.tenant import Tenant

from . import _scope
from ._shared import learn

family = Family(code="DEV", title="Devices of the pilot", stage=Stage.ENROLMENT)

_PLAN = learn("Plan hybrid join", "entra/identity/devices/hybrid-join-plan")
_TROUBLE = learn("Troubleshoot hybrid join", "entra/identity/devices/troubleshoot-hybrid-join-windows-current")
_STALE = learn("Manage stale devices", "entra/identity/devices/manage-stale-devices")
_KINDS = {HYBRID: "hybrid joined", JOINED: "joined", REGISTERED: "registered", None: "pending", "": "pending"}
_STEP = "Prerequisites: Azure services and environment"


@check("DEV010", severity=Severity.HIGH, step=_STEP, refs=[_TROUBLE], tags=["beyond"], applies=_scope.hybrid_join)
def computers_carry_their_certificate(pilot: PilotComputers, devices: EntraDevices, tenant: Tenant) -> Findings:
    """Every computer of the pilot that has not joined yet carries the certificate with which it joins.

    Why: Entra Connect synchronises a computer only when its attribute `userCertificate` is filled; until then joining
    ends with 0x801c03f2.
    Remedy: On the computer let the task Task Scheduler > Microsoft > Windows > Workplace Join > Automatic-Device-Join
    run as SYSTEM where https://enterpriseregistration.windows.net can be reached; it writes the attribute.
    """
    if any(domain.type == "Federated" for domain in tenant.domains):
        raise NotApplicable("the tenant has a federated domain, in which devices join without synchronisation")
    for computer in pilot:
        joined = any(device.trust in {HYBRID, JOINED} for device in devices.named(computer.name))
        if computer.certificate is None and not joined:
            why = "userCertificate is not shown to this account"
            cure = (
                "Record with an account that may read userCertificate of the computers (Domain Users may by default)."
            )
            yield cannot_tell(computer, why, cure=cure)
        else:
            found = bool(computer.certificate) or joined
            yield require(computer, found, expected="userCertificate is filled", actual="it is empty")


@check("DEV020", severity=Severity.HIGH, step=_STEP, refs=[_PLAN], tags=["beyond"], applies=_scope.hybrid_join)
def computers_have_a_joined_device(pilot: PilotComputers, devices: EntraDevices) -> Findings:
    """Every computer of the pilot is a joined device in Entra ID.

    Why: A computer that is out of the synchronised OUs, or has not joined yet, cannot enrol into Intune.
    Remedy: Where there is no device, add the computer's OU in Microsoft Entra Connect > Customize synchronization
    options > Domain and OU filtering, and synchronise. Where it is registered only or pending, run `dsregcmd /status`
    on it.
    """
    for computer in pilot:
        found = devices.named(computer.name)
        joined = any(device.trust in {HYBRID, JOINED} for device in found)
        states = sorted({"registered only" if one.trust == REGISTERED else "pending" for one in found})
        yield require(
            computer,
            joined,
            expected="a hybrid joined device of that name",
            actual=states or "no device of that name",
            evidence=(computer.evidence, *(device.evidence for device in found)),
        )


@check(
    "DEV030",
    severity=Severity.HIGH,
    step=_STEP,
    refs=[_STALE],
    tags=["beyond"],
    after=["DEV020"],
    applies=_scope.hybrid_join,
)
def joined_devices_are_enabled(pilot: PilotComputers, devices: EntraDevices) -> Findings:
    """No joined device of the pilot is disabled in Entra ID.

    Why: A disabled device gets no token, so it neither enrols nor signs in.
    Remedy: In the Entra admin centre > Devices > All devices enable it; where it is a leftover, delete it instead.
    """
    for computer in pilot:
        joined = [one for one in devices.named(computer.name) if one.trust in {HYBRID, JOINED}]
        off = [one for one in joined if one.enabled is False]
        evidence = tuple(one.evidence for one in off or joined)
        yield require(computer, not off, expected="enabled", actual="disabled", evidence=evidence)


@check(
    "DEV040",
    severity=Severity.MEDIUM,
    step=_STEP,
    refs=[_STALE],
    tags=["beyond"],
    after=["DEV020"],
    applies=_scope.hybrid_join,
)
def no_computer_is_known_twice(pilot: PilotComputers, devices: EntraDevices) -> Findings:
    """Every computer of the pilot is one device in Entra ID, not several.

    Why: Beside a leftover of an earlier join, or a registration of its user, Conditional Access and Intune may judge
    the wrong one; a registration that an MDM manages keeps hybrid join from completing.
    Remedy: In the Entra admin centre > Devices > All devices compare the device ids with `dsregcmd /status` on the
    computer, and delete the others; on the computer, Settings > Accounts > Access work or school removes a
    registration.
    """
    for computer in pilot:
        found = devices.named(computer.name)
        trusts = [f"{_KINDS.get(one.trust, one.trust)}{', managed' if one.managed else ''}" for one in found]
        evidence = tuple(device.evidence for device in found)
        yield require(
            computer,
            len(found) <= 1,
            expected="one device",
            actual=f"{len(found)} devices: {'; '.join(sorted(trusts))}",
            evidence=evidence,
        )
