"""Users of the pilot. Protects enrolment: who works at a pilot's device must be known, in scope and licensed."""

from __future__ import annotations

from comgmt_audit import Baseline, Design, Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.enrolment import MdmPolicies, people_in
from comgmt_audit.facts.groups import Groups
from comgmt_audit.facts.licences import SubscribedSkus
from comgmt_audit.facts.pilot_users import PilotUsers
from comgmt_audit.facts.tenant import Tenant
from comgmt_audit.facts.users import Users

from ._licensed import licensed
from ._scope import hybrid_join, users_need_intune
from ._shared import MDM_GROUPS, learn

family = Family(code="USR", title="Users of the pilot", stage=Stage.ENROLMENT)

_ENROL = learn("Set up automatic enrolment for Windows devices", "intune/intune-service/enrollment/windows-enroll")
_AFFINITY = learn(
    "User device affinity", "intune/configmgr/apps/deploy-use/link-users-and-devices-with-user-device-affinity"
)
_FAQ = learn("Product and licensing FAQ", "intune/configmgr/core/understand/product-and-licensing-faq")
_UPN = learn("Plan user principal names for hybrid join", "entra/identity/devices/hybrid-join-plan")
_READ_ALL = "Grant User.Read.All to the scanner, and record again."
_NO_AFFINITY = "the site knows no primary user of a device of the pilot (user device affinity is not in use)"


@check("USR010", severity=Severity.MEDIUM, refs=[_AFFINITY], tags=["beyond"], empty=_NO_AFFINITY)
def pilot_users_are_in_entra(pilot: PilotUsers) -> Findings:
    """The primary users of the pilot's devices are users of Entra ID, synchronised from the directory.

    Why: Who is not in Entra ID gets no token: neither licence, nor Conditional Access, nor an app from Intune.
    Remedy: Put the user's OU into Microsoft Entra Connect > Customize synchronization options > Domain and OU
    filtering, and synchronise.
    """
    for user in pilot:
        if not user.sid:
            why = f"the site shows no discovered user {user.account}"
            cure = (
                "In the console, switch on Administration > Hierarchy Configuration > Discovery Methods > Active "
                "Directory User Discovery for the user's OU; give the scanner the collection All Users and User Groups."
            )
            yield cannot_tell(user, why, cure=cure, evidence=user.sides)
            continue
        yield require(
            user,
            bool(user.id),
            expected=f"a user with the security identifier {user.sid}",
            actual=user.name or f"nobody (primary user of {', '.join(user.devices)})",
            evidence=user.sides,
        )


@check(
    "USR020",
    severity=Severity.LOW,
    covers=["S127"],
    refs=[_ENROL],
    tags=["beyond"],
    after=["ENR020", "USR010"],
    empty=_NO_AFFINITY,
)
def pilot_users_are_in_the_mdm_scope(pilot: PilotUsers, policies: MdmPolicies, groups: Groups) -> Findings:
    """The primary users of the pilot's devices are in the MDM user scope.

    Why: Configuration Manager enrols with the device's own token and needs no scope; where that fails, or the device
    joins anew, Windows enrols with the user's token, and only for users in scope.
    Remedy: In the Entra admin centre, open Settings > Mobility > Microsoft Intune, and add a group with the users of
    the pilot to the MDM user scope.
    """
    policy = policies.intune
    if policy.scope == "all":
        yield require(policy, True)
        return
    scope = people_in(policy, groups)
    for user in pilot:
        if not user.id or user.enabled is False:
            continue  # USR010 tells of the one; the other signs in nowhere
        evidence = (*user.sides, policy.evidence)
        if scope is None:
            yield cannot_tell(user, "it is not known who is in the MDM user scope", cure=MDM_GROUPS, evidence=evidence)
            continue
        actual = f"not in it: {user.name}, primary user of {', '.join(user.devices)}"
        yield require(user, user.id in scope, expected=policy.shown, actual=actual, evidence=evidence)


@check("USR030", severity=Severity.LOW, covers=["S04"], refs=[_FAQ], tags=["beyond"], after=["ENR020", "LIC020"])
def users_in_the_mdm_scope_have_intune(
    policies: MdmPolicies, groups: Groups, users: Users, skus: SubscribedSkus, baseline: Baseline, design: Design
) -> Findings:
    """Every user in the groups of the MDM user scope really has Microsoft Intune.

    Why: The scope sends the user's new devices to Intune, which refuses whom it has no licence for (0x8018002b). For
    devices that are clients of Configuration Manager already, no such licence is needed, so this is a warning.
    Remedy: Assign a licence with Intune to the group (Entra admin centre > Billing > Licenses), or take the user out
    of the group of the MDM user scope.
    """
    policy = policies.intune
    if policy.scope != "selected":
        raise NotApplicable(f"the MDM user scope is {policy.shown}, so no group limits it")
    if users_need_intune(design, baseline) is None:
        raise NotApplicable("every enabled user needs Intune on this path, which LIC050 looks at")
    scope = people_in(policy, groups)
    if scope is None:
        yield cannot_tell(policy, "it is not known who is in the MDM user scope", cure=MDM_GROUPS)
        return
    enrolling = (user for user in users.in_scope if user.id in scope)
    yield from licensed(enrolling, skus, baseline.intune_plans, also=(policy.evidence,))


@check("USR040", severity=Severity.MEDIUM, refs=[_UPN], tags=["beyond"], applies=hybrid_join)
def synchronised_users_have_a_routable_name(users: Users, tenant: Tenant) -> Findings:
    """No user who comes from the directory signs in by a name of the tenant's initial domain.

    Why: Entra ID gives that name to whose UPN suffix in the directory is not verified (such as `.local`): the user on
    the device and the one in Entra ID then differ, and enrolment ends with 0x8018002b.
    Remedy: Add a verified domain as UPN suffix in Active Directory Domains and Trusts > Properties, set it for the
    user (`Set-ADUser -UserPrincipalName`), and synchronise.
    """
    initial = tuple(f"@{domain.name.casefold()}" for domain in tenant.domains if domain.is_initial)
    expected = "a name in a verified domain of the organisation"
    suspects = [user for user in users.in_scope if user.name.casefold().endswith(initial)]
    if not suspects:
        yield require(f"{len(users.users)} users", True)
    for user in suspects:
        if user.synchronised is None and user.enabled is not None:
            yield require(user, True)  # made in the cloud
        elif user.synchronised is None:
            yield cannot_tell(user, "it was not answered whether the user is synchronised", cure=_READ_ALL)
        else:
            yield require(user, not user.synchronised, expected=expected, actual=user.name)
