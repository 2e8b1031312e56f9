"""Co-management at the site. Protects the pilot's devices: who enrols, who manages what, and whether it came true."""

from __future__ import annotations

from comgmt_audit import Design, Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE
from comgmt_audit.facts.azure_services import ConfigMgrTenants
from comgmt_audit.facts.co_management import CoManagedDevices, CoManagement, IntunePolicies
from comgmt_audit.facts.site_collections import Collections

from ._listed import listed, looked_at
from ._scope import enabled, pilot
from ._shared import learn

family = Family(code="COM", title="Co-management", stage=Stage.CO_MANAGEMENT)

STEP = "Enable co-management in Configuration Manager"
ENABLE = learn("How to enable co-management", "intune/configmgr/comanage/how-to-enable")
WORKLOADS = learn("Co-management workloads", "intune/configmgr/comanage/workloads")
MONITOR = learn("Monitor co-management", "intune/configmgr/comanage/how-to-monitor")
XML_CURE = (
    "Record the co-management policies by item reads (SMS_ConfigurationPolicy with the CI_ID): a list read leaves "
    "their rules out. The console shows them in the properties of Cloud Attach > CoMgmtSettingsProd."
)


def _only_when_on(co_management: CoManagement, design: Design) -> None:
    """Before the switch there is nothing to judge; that it is still off is what COM010 says."""
    if not co_management.enabled and not design.rollout.enabled:
        raise NotApplicable("co-management is not switched on yet")


@check("COM010", severity=Severity.CRITICAL, covers=["S117"], step=STEP, refs=[ENABLE])
def co_management_is_enabled(co_management: CoManagement, design: Design) -> Findings:
    """Co-management is enabled at the site.

    Why: Until then no device gets the co-management policy, and none enrols through Configuration Manager. While the
    design says that it is not switched on yet (`rollout.enabled`), this is only a reminder.
    Remedy: In the console, open Administration > Cloud Services > Cloud Attach (Co-management before 2111), choose
    Configure Cloud Attach, sign in to the tenant, and complete the wizard.
    """
    if co_management.enabled is None:
        why = "the site does not say whether the policy CoMgmtSettingsProd is assigned"
        yield cannot_tell(co_management, why, cure=FULL_ACCESS_CURE)
        return
    milder = None if design.rollout.enabled else Severity.ADVICE
    yield require(co_management, co_management.enabled, expected="enabled", actual="not enabled", severity=milder)


@check("COM020", severity=Severity.CRITICAL, covers=["S117"], step=STEP, after=["COM010"], refs=[ENABLE])
def co_management_is_bound_to_the_tenant(
    co_management: CoManagement, tenants: ConfigMgrTenants, design: Design
) -> Findings:
    """Co-management is bound to the tenant of the design.

    Why: Devices enrol into the tenant to which the site is onboarded, whatever tenant was meant.
    Remedy: In the console, open Administration > Cloud Services > Cloud Attach, delete the co-management object, and
    run the wizard again with an account of the right tenant; or correct `rollout.tenant_id` in comgmt.toml.
    """
    _only_when_on(co_management, design)
    ids = [tenant.id for tenant in tenants]
    if design.rollout.tenant_id:
        seen = (co_management.evidence, *looked_at(tenants))
        yield listed("co-management", design.rollout.tenant_id, ids, complete=tenants.complete, evidence=seen)
    else:
        yield require(co_management, bool(ids), expected="a tenant", actual="none")


@check("COM030", severity=Severity.HIGH, covers=["S118"], step=STEP, after=["COM010"], refs=[ENABLE])
def automatic_enrolment_is_as_declared(co_management: CoManagement, design: Design) -> Findings:
    """Automatic enrolment into Intune is for the pilot or for all, as declared.

    Why: Set to none, no device enrols; with All instead of Pilot, every device does at once.
    Remedy: In the console, open Administration > Cloud Services > Cloud Attach > Properties, tab Enablement, and choose
    Pilot or All for Automatic enrolment in Intune; or correct `rollout.automatic_enrolment` in comgmt.toml.
    """
    _only_when_on(co_management, design)
    if not co_management.enrolment:
        yield cannot_tell(co_management, "the rules of the policies were not read", cure=XML_CURE)
    else:
        same = co_management.enrolment == design.rollout.automatic_enrolment
        yield require(co_management, same, expected=design.rollout.automatic_enrolment, actual=co_management.enrolment)


@check(
    "COM040",
    severity=Severity.HIGH,
    covers=["S119"],
    step=STEP,
    applies=pilot,
    after=["COM010", "COM030"],
    refs=[ENABLE],
)
def pilot_collection_has_members(co_management: CoManagement, collections: Collections, design: Design) -> Findings:
    """The pilot of automatic enrolment has a collection with members, the declared one.

    Why: Without a collection, or with an empty one, the pilot has no device; with another one, the wrong devices enrol.
    Remedy: In the console, open Administration > Cloud Services > Cloud Attach > Properties, and choose the collection
    for Intune Auto Enrollment (tab Enablement, or Staging before 2111); put the pilot's devices into it.
    """
    _only_when_on(co_management, design)
    if not co_management.enrolment_collections and not co_management.deployments_known:
        yield cannot_tell(co_management, "its deployments were not all read", cure=FULL_ACCESS_CURE)
    elif not co_management.enrolment_collections:
        yield require(co_management, False, expected="a pilot collection", actual="none")
    for id in co_management.enrolment_collections:
        collection = collections.by_id.get(id)
        if collection is None or collection.members is None:
            why = "the collection, or the number of its members, was not read"
            yield cannot_tell(f"pilot collection {id}", why, cure=FULL_ACCESS_CURE)
            continue
        wanted = design.clients.pilot_collection
        meant = not wanted or collection.is_called(wanted)
        yield require(
            collection,
            meant and collection.members > 0,
            expected=f"{wanted or 'a pilot collection'} with members",
            actual=collection.shown,
        )


@check(
    "COM050",
    severity=Severity.HIGH,
    covers=["S120"],
    step=STEP,
    after=["COM010"],
    empty="no workload is switched to Intune",
    refs=[WORKLOADS],
)
def switched_workloads_have_policies(co_management: CoManagement, policies: IntunePolicies, design: Design) -> Findings:
    """Every workload that is switched to Intune has policies or apps assigned there.

    Why: From the switch on, Configuration Manager lets go of the workload; if nothing is assigned in Intune, nobody
    manages it, and the devices keep whatever they had last.
    Remedy: In the Intune admin centre, make and assign what the workload needs (compliance policy, configuration
    profile, update ring, endpoint security policy, app), or move the workload back in Cloud Attach > Properties >
    Workloads.
    """
    _only_when_on(co_management, design)
    for workload in co_management.workloads:
        assigned = policies.assigned.get(workload.name)
        if workload.authority == "configmgr":
            continue
        if not workload.authority:
            yield cannot_tell(workload, "who has it was not read", cure=XML_CURE)
        elif assigned is None:
            why = "how many policies are assigned in Intune was not read"
            yield cannot_tell(workload, why, cure="Grant DeviceManagementConfiguration.Read.All, and record again.")
        else:
            yield require(
                workload,
                assigned > 0,
                expected="something assigned in Intune",
                actual=f"nothing assigned, switched for {'the pilot' if workload.authority == 'pilot' else 'all'}",
            )


@check(
    "COM060",
    severity=Severity.HIGH,
    covers=["S121"],
    step=STEP,
    after=["COM010"],
    empty="no workload is in pilot",
    refs=[WORKLOADS],
)
def workloads_in_pilot_have_a_collection(
    co_management: CoManagement, collections: Collections, design: Design
) -> Findings:
    """Every workload in pilot has a pilot collection with members.

    Why: A workload in pilot without devices is a switch that does nothing, while everybody believes it was tried.
    Remedy: In the console, open Administration > Cloud Services > Cloud Attach > Properties, tab Staging, and choose a
    collection for the workload.
    """
    _only_when_on(co_management, design)
    for workload in co_management.workloads:
        if not workload.authority:
            yield cannot_tell(workload, "who has it was not read", cure=XML_CURE)
        if workload.authority != "pilot":
            continue
        reached = [collections.by_id.get(id) for id in workload.collections]
        known = [collection.members for collection in reached if collection and collection.members is not None]
        if not any(known) and (len(known) < len(reached) or not co_management.deployments_known):
            why = "its collection, or the number of its members, was not read"
            yield cannot_tell(workload, why, cure=FULL_ACCESS_CURE)
        else:
            actual = [collection.shown for collection in reached if collection]
            yield require(workload, any(known), expected="a collection with members", actual=actual or "none")


@check("COM070", severity=Severity.LOW, covers=["S120"], step=STEP, after=["COM010"], refs=[WORKLOADS])
def workload_flags_are_known(co_management: CoManagement, design: Design) -> Findings:
    """The site's workload flags hold no bit of unknown meaning.

    Why: The flags are documented nowhere; a bit that no source explains may be a workload that is switched and that no
    other check looks at.
    Remedy: Compare Cloud Attach > Properties > Workloads in the console with what this scanner lists as switched.
    """
    _only_when_on(co_management, design)
    if co_management.unknown_flags:
        why = f"bits {co_management.unknown_flags:#x} are not explained by any source"
        yield cannot_tell(co_management, why, cure="Compare the tab Workloads with the switched workloads listed here.")
    elif any(not workload.authority for workload in co_management.workloads):
        yield cannot_tell(co_management, "the flags were not read", cure=XML_CURE)
    else:
        yield require(co_management, True)


@check(
    "COM080",
    severity=Severity.MEDIUM,
    covers=["S132"],
    step="Next Steps",
    applies=enabled,
    after=["COM010"],
    refs=[MONITOR],
)
def devices_are_co_managed(devices: CoManagedDevices) -> Findings:
    """The devices that co-management is meant for are co-managed: enrolled, provisioned, and with the policy.

    Why: Everything else can be in order, and a device still not there: no licence, no primary refresh token, a leftover
    enrolment. Each such device is one that Intune does not manage.
    Remedy: On the device, read CoManagementHandler.log and the event log
    DeviceManagement-Enterprise-Diagnostics-Provider; `dsregcmd /status` must show AzureAdJoined: YES. Microsoft spreads
    enrolment over days in large collections.
    """
    for device in devices:
        if device.co_managed:
            yield require(device, True)
        elif device.waiting:
            why = "it is waiting for the policy, or its enrolment is under way"
            yield cannot_tell(device, why, cure="Wait for the next policy cycle and sign-in, and record again.")
        else:
            code = f", code {device.enrolment_code:#010x}" if device.failed else ""
            yield require(
                device,
                False,
                expected="enrolled, provisioned, policy present",
                actual=f"enrolled {_word(device.enrolled)}, provisioned {_word(device.provisioned)}{code}",
            )


def _word(flag: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[flag]
