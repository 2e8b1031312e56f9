"""Automatic enrolment into Intune, and what comes of it. Protects the first sign-in on a new device."""

from __future__ import annotations

from comgmt_audit import (
    Baseline,
    Design,
    Evidence,
    Family,
    Finding,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.conditional_access import ConditionalAccess
from comgmt_audit.facts.devices import ManagedDevices
from comgmt_audit.facts.enrolment import (
    EVERYBODY,
    EnrolmentRestrictions,
    MamPolicies,
    MdmPolicies,
    MobilityPolicy,
    people_in,
)
from comgmt_audit.facts.groups import Group, Groups
from comgmt_audit.facts.intune_apps import ClientDeliveries

from ._scope import enabled
from ._shared import ACCESS_CURE, MDM_GROUPS, NEWER, learn

family = Family(code="ENR", title="Enrolment into Intune", stage=Stage.ENROLMENT)

_STEP = "Configure auto-enrollment of devices to Intune"
_ENROL = learn("Set up automatic enrolment for Windows devices", "intune/intune-service/enrollment/windows-enroll")


@check(
    "ENR010", severity=Severity.HIGH, covers=["S127"], step=_STEP, refs=[_ENROL], after=["TEN020", "LIC010", "LIC020"]
)
def mdm_scope_is_some_or_all(policies: MdmPolicies, design: Design) -> Findings:
    """The MDM user scope of Microsoft Intune is Some (with groups) or All.

    Why: A device that joins Entra ID first enrols only for users in this scope. Configuration Manager enrols its own
    clients with the device's token and its own URLs, so there an empty scope is a warning, not a failure.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune (not Microsoft Intune Enrollment),
    and set MDM user scope to Some with the pilot's group, or to All.
    """
    policy = policies.intune
    if policy.scope == "selected" and policy.groups is None:
        yield cannot_tell(policy, "the groups of the scope were not answered", cure=MDM_GROUPS)
        return
    holds = policy.scope == "all" or (policy.scope == "selected" and bool(policy.groups))
    milder = Severity.LOW if design.rollout.path == "existing-clients" else None
    yield require(policy, holds, expected=("Some", "All"), actual=policy.shown, severity=milder)


@check("ENR020", severity=Severity.HIGH, covers=["S127", "S131"], step=_STEP, refs=[_ENROL], after=["ENR010"])
def groups_of_the_mdm_scope_have_users(policies: MdmPolicies, groups: Groups, design: Design) -> Findings:
    """Every group in the MDM user scope has enabled users in it.

    Why: The scope counts users; a group that is empty, or holds devices only, lets nobody enrol.
    Remedy: In the Entra admin centre, open Groups > the group > Members, and add the users of the pilot.
    """
    policy = policies.intune
    if policy.scope != "selected":
        raise NotApplicable(f"the MDM user scope is {policy.shown}, so no group limits it")
    for chosen in policy.groups or ():
        group = groups[chosen.id]
        if group.users is None or (group.doubtful_users and not group.enabled_users):
            why = group.why or "it is not known whether its users are enabled"
            yield cannot_tell(f"group {chosen.name}", why, cure=group.cure or "Grant User.Read.All to the scanner.")
            continue
        milder = Severity.LOW if design.rollout.path == "existing-clients" else None
        yield require(
            group, bool(group.enabled_users), expected="enabled users", actual="no enabled user", severity=milder
        )


@check("ENR030", severity=Severity.HIGH, covers=["S128"], step=_STEP, refs=[_ENROL])
def mdm_urls_are_the_defaults(policies: MdmPolicies, baseline: Baseline, design: Design) -> Findings:
    """The MDM URLs of Microsoft Intune are the defaults of the cloud.

    Why: Devices are sent to these addresses; a typing error shows as "the MDM Terms of Use endpoint is not correctly
    configured", or as nothing at all.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune, choose Restore default MDM URLs, and
    Save.
    """
    policy, cloud = policies.intune, design.rollout.cloud
    if policy.scope == "none":
        raise NotApplicable("the MDM user scope is None, so nobody is sent to these URLs")
    if cloud not in baseline.mdm_urls:
        raise NotApplicable(f"no default URLs are documented for the cloud {cloud}")
    names = ("discoveryUrl", "termsOfUseUrl", "complianceUrl")
    actual = (policy.discovery_url, policy.terms_url, policy.compliance_url)
    for name, expected, url in zip(names, baseline.mdm_urls[cloud], actual, strict=True):
        same = (url or "").casefold() == expected.casefold()
        place = Evidence(policy.observation, f"line {policy.line}/{name}", url or "")
        if not same and cloud != "public" and name != "discoveryUrl":
            why = f"{url}: only the discovery URL is documented for this cloud"
            cure = "Compare it with Restore default MDM URLs in the Entra admin centre."
            yield cannot_tell(name, why, cure=cure, evidence=place)
            continue
        yield require(name, same, expected=expected, actual=url, evidence=place)


@check("ENR040", severity=Severity.LOW, covers=["S129"], step=_STEP, refs=[_ENROL], tags=["personal-devices"])
def nobody_is_in_both_scopes(mdm: MdmPolicies, mam: MamPolicies, groups: Groups) -> Findings:
    """No user is in the MDM user scope and in the MAM user scope at once.

    Why: On a personal device MAM then wins, and the device is not enrolled. On corporate devices MDM wins, so this is
    a warning for personal devices only.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune, and set MAM user scope to None, or
    to groups without the users of the MDM user scope.
    """
    both = (mdm.intune, mam.intune)
    if "none" in {policy.scope for policy in both}:
        yield require(mam.intune, True)
        return
    sides = [people_in(policy, groups) for policy in both]
    if None in sides:
        missing = [policy.label for policy, side in zip(both, sides, strict=True) if side is None]
        yield cannot_tell(mam.intune, f"it is not known who is in {' and '.join(missing)}", cure=MDM_GROUPS)
        return
    limited = [side for side in sides if side is not None and EVERYBODY not in side]
    shared = set.intersection(*map(set, limited)) if limited else {EVERYBODY}
    names = {id: name for side in limited for id, name in side.items()}
    actual = sorted(names.get(id, id) for id in shared)
    evidence = [policy.evidence for policy in both]
    yield require(mam.intune, not shared, expected="nobody in both", actual=_few(actual), evidence=evidence)


def _few(names: list[str]) -> list[str]:
    """The first names of a long list, and how many more there are."""
    return names if len(names) <= 20 else [*names[:20], f"and {len(names) - 20} more"]


@check(
    "ENR050",
    severity=Severity.LOW,
    covers=["S130"],
    step=_STEP,
    refs=[_ENROL],
    empty="the tenant has no application Microsoft Intune Enrollment",
)
def intune_enrollment_is_for_all(policies: MdmPolicies) -> Findings:
    """The application Microsoft Intune Enrollment, where the tenant has it, has the MDM user scope All.

    Why: The tutorial asks for it, so that multi-factor sign-in at enrolment works; the scope that decides who enrols is
    that of Microsoft Intune.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune Enrollment, and set MDM user scope to
    All.
    """
    policy = policies.enrolment
    if policy:
        yield require(policy, policy.scope == "all", expected="All", actual=policy.shown)


@check("ENR060", severity=Severity.MEDIUM, covers=["S131"], step=_STEP, refs=[_ENROL], after=["ENR010"])
def mdm_scope_covers_who_gets_the_client(
    policies: MdmPolicies, deliveries: ClientDeliveries, groups: Groups
) -> Findings:
    """Users to whom Intune is to give the Configuration Manager client are in the MDM user scope.

    Why: Their devices cannot enrol, so they never get the client, although it is assigned to them.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune, and add the group to the MDM user
    scope.
    """
    targets = {t.group for d in deliveries for t in d.required or () if t.group}
    if policies.intune.scope == "all":
        yield require(policies.intune, True)
        return
    if not targets:
        raise NotApplicable("Intune gives the Configuration Manager client to no group")
    covered = people_in(policies.intune, groups)
    for group in (groups[id] for id in sorted(targets)):
        yield _covered(group, policies.intune, covered)


def _covered(group: Group, policy: MobilityPolicy, covered: dict[str, str] | None) -> Finding:
    if group.users is None or covered is None:
        return cannot_tell(
            group, group.why or "it is not known who is in the MDM user scope", cure=group.cure or MDM_GROUPS
        )
    left_out = sorted(user.name for user in group.enabled_users if user.id not in covered)
    if not left_out and any(user.id not in covered for user in group.doubtful_users):
        why = "it is not known whether users outside the scope are enabled"
        return cannot_tell(group, why, cure="Grant User.Read.All to the scanner, and record again.")
    expected, sides = "all users in the MDM user scope", (group.evidence, policy.evidence)
    return require(group, not left_out, expected=expected, actual=_few(left_out), evidence=sides)


@check(
    "ENR070",
    severity=Severity.HIGH,
    covers=["S127"],
    tags=["beyond"],
    step=_STEP,
    refs=[learn("Set enrolment restrictions", "intune/intune-service/enrollment/enrollment-restrictions-set")],
    after=["TEN020", "LIC020"],
)
def default_restriction_lets_windows_enrol(restrictions: EnrolmentRestrictions) -> Findings:
    """The default enrolment restriction does not block Windows.

    Why: When Configuration Manager enrols a device with its token, only the default restriction counts; a blocked
    platform ends in error 0x80180014. Blocking personal devices does no harm here.
    Remedy: In the Intune admin centre, open Devices > Enrollment > Device platform restriction > All Users >
    Properties, and set Windows (MDM) to Allow.
    """
    for restriction in restrictions:
        if restriction.windows_blocked is None:
            cure = "Grant DeviceManagementServiceConfig.Read.All to the scanner, and record again."
            yield cannot_tell(restriction, "Intune did not say whether Windows is blocked", cure=cure)
            continue
        yield require(restriction, not restriction.windows_blocked, expected="allowed", actual="blocked")


@check(
    "ENR080",
    severity=Severity.HIGH,
    covers=["S132"],
    step="Next Steps",
    refs=[learn("Monitor co-management", "intune/configmgr/comanage/how-to-monitor")],
    applies=enabled,
    after=["COM010"],
)
def some_devices_are_co_managed(devices: ManagedDevices) -> Findings:
    """There are Windows devices that both Configuration Manager and Intune manage.

    Why: Co-management is switched on, and nothing came of it: devices do not enrol, or have no client.
    Remedy: On a device of the pilot, read CoManagementHandler.log (%WinDir%\\CCM\\Logs) and the event log
    DeviceManagement-Enterprise-Diagnostics-Provider; in the console, open Monitoring > Cloud Attach > Co-management.
    """
    windows = [device for device in devices if device.windows]
    unknown = [device for device in windows if not device.agent]
    count = sum(device.co_managed for device in windows)
    if not count and (unknown or not windows):
        cure = "Grant DeviceManagementManagedDevices.Read.All (application) to the scanner, and record again."
        why = f"{len(unknown)} of {len(windows)} Windows devices without a managementAgent that is known"
        yield cannot_tell(devices, why, cure=cure)
        return
    yield require(devices, count > 0, expected="at least 1 co-managed", actual=f"0 of {len(windows)} Windows devices")


@check(
    "ENR090",
    severity=Severity.LOW,
    covers=["S132"],
    step="Next Steps",
    refs=[learn("Monitor co-management", "intune/configmgr/comanage/how-to-monitor")],
    applies=enabled,
    empty="no device enrolled through co-management",
    after=["COM010"],
)
def devices_that_enrolled_so_are_co_managed(devices: ManagedDevices) -> Findings:
    """Devices that enrolled through co-management still have both managers.

    Why: Where the Configuration Manager client is gone, the device gets neither its software nor its updates from
    there.
    Remedy: On the device, look at %WinDir%\\ccmsetup\\Logs\\ccmsetup.log, and install the client again; retire devices
    that are gone (Intune admin centre > Devices > the device > Retire).
    """
    for device in devices:
        if not device.windows or device.enrolment not in {"windowsCoManagement", ""}:
            continue
        if not device.enrolment:
            cure = "Grant DeviceManagementManagedDevices.Read.All (application) to the scanner, and record again."
            yield cannot_tell(device, "Intune did not say how it enrolled", cure=cure)
            continue
        if not device.agent:
            cure = "Look at Managed by in the Intune admin centre > Devices > the device, and record again."
            yield cannot_tell(device, "Intune did not say what manages it", cure=cure)
            continue
        expected = "managed by Configuration Manager and Intune (configurationManagerClientMdm)"
        yield require(device, device.co_managed, expected=expected, actual=f"managed by {device.agent} only")


@check(
    "ENR100",
    severity=Severity.ADVICE,
    tags=["beyond"],
    refs=[
        learn(
            "Conditional Access: target resources",
            "entra/identity/conditional-access/concept-conditional-access-cloud-apps",
        )
    ],
    empty="no Conditional Access policy is switched on",
)
def no_access_policy_blocks_enrolment(access: ConditionalAccess) -> Findings:
    """No Conditional Access policy blocks the enrolment of Windows devices for all users.

    Why: Users then cannot enrol a device, or register it in Entra ID. (That a policy requires a compliant device does
    no harm: Microsoft lets enrolment pass it. Policies for some users, places or risks are not judged.)
    Remedy: In the Entra admin centre, open Protection > Conditional Access > the policy > Target resources > Exclude,
    and add Microsoft Intune Enrollment; or remove the user action Register or join devices.
    """
    for policy in access:
        if policy.switched_off:
            continue
        blocks = "block" in policy.controls and policy.means_enrolment and policy.everybody and not policy.narrowed
        if not policy.legible:
            yield cannot_tell(policy, "its conditions were not answered", cure=ACCESS_CURE)
        elif blocks and policy.state != "enabled":
            yield cannot_tell(policy, f"its state is {policy.state or 'not told'}", cure=NEWER)
        else:
            yield require(policy, not blocks, expected="enrolment is not blocked", actual="block, for all users")
