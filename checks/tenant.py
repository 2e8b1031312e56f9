"""The tenant itself. Protects everybody: nothing enrols where the tenant does not hand devices to Intune."""

from __future__ import annotations

from comgmt_audit import Design, Evidence, Family, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.directory_roles import GlobalAdministrators, Holder
from comgmt_audit.facts.groups import Groups
from comgmt_audit.facts.tenant import MdmAuthority, Tenant

from ._scope import declared_tenant, on_premises_domain
from ._shared import learn

family = Family(code="TEN", title="Tenant", stage=Stage.TENANT)

CROWD = 5
"""More Global Administrators than this are a crowd. Microsoft advises fewer than five (Entra: best practices)."""


@check(
    "TEN010",
    severity=Severity.CRITICAL,
    covers=["S08"],
    step="Prerequisites: on-premises infrastructure",
    refs=[learn("Set the MDM authority", "intune/intune-service/fundamentals/mdm-authority-set")],
)
def mdm_authority_is_intune(authority: MdmAuthority) -> Findings:
    """The MDM authority is Intune.

    Why: Devices enrol with whatever authority the tenant names; with any other value no device can be co-managed.
    Remedy: In the Microsoft Intune admin centre, open Tenant administration > Tenant status (or the banner on Devices)
    and choose Intune MDM Authority. A tenant that still shows `sccm` needs a support request.
    """
    yield require(authority, authority.value == "intune", expected="intune", actual=authority.value)


@check(
    "TEN020",
    severity=Severity.CRITICAL,
    covers=["S79"],
    step="Enable Azure cloud services in Configuration Manager",
    refs=[learn("Find your tenant", "entra/fundamentals/how-to-find-tenant")],
    applies=declared_tenant,
)
def tenant_is_the_declared_one(tenant: Tenant, design: Design) -> Findings:
    """The tenant that was read is the one that the design names.

    Why: With a test tenant in place of the real one every other result describes the wrong environment.
    Remedy: Sign the scanner in to the tenant of the roll-out, or correct rollout.tenant_id in comgmt.toml (the id
    stands in the Entra admin centre under Overview).
    """
    expected = design.rollout.tenant_id.lower()
    yield require(tenant, tenant.id.lower() == expected, expected=expected, actual=tenant.id)


@check(
    "TEN030",
    severity=Severity.HIGH,
    covers=["S05"],
    step="Prerequisites: Azure services and environment",
    refs=[learn("What is Microsoft Entra Connect?", "entra/identity/hybrid/connect/whatis-azure-ad-connect")],
    applies=on_premises_domain,
)
def directory_synchronisation_is_on(tenant: Tenant) -> Findings:
    """The on-premises directory is synchronised to Entra ID.

    Why: Domain-joined devices become hybrid-joined, and users get licences, only if their objects reach Entra ID.
    Remedy: Install Microsoft Entra Connect Sync or Cloud Sync on-premises and start the synchronisation; the state
    shows in the Entra admin centre under Identity > Hybrid management > Microsoft Entra Connect.
    """
    shown = {True: "on", False: "switched off", None: "never set up"}[tenant.synchronised]
    place = Evidence("graph/organization", "/value/0/onPremisesSyncEnabled", shown)
    yield require(tenant, tenant.synchronised is True, expected="on", actual=shown, evidence=place)


@check(
    "TEN040",
    severity=Severity.HIGH,
    covers=["S05"],
    step="Prerequisites: Azure services and environment",
    refs=[
        learn(
            "Microsoft Entra Connect Sync: scheduler",
            "entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler",
        )
    ],
    applies=on_premises_domain,
    after=["TEN030"],
)
def directory_synchronisation_is_recent(tenant: Tenant, design: Design, now: Now) -> Findings:
    """The last directory synchronisation is recent.

    Why: While synchronisation stands still, new devices stay unknown to Entra ID and cannot enrol.
    Remedy: On the server with Microsoft Entra Connect, run `Get-ADSyncScheduler` and `Start-ADSyncSyncCycle
    -PolicyType Delta`, and look in Synchronization Service Manager for failed runs; with Cloud Sync, see that the
    agents are active.
    """
    hours = design.horizons.sync_hours
    place = Evidence("graph/organization", "/value/0/onPremisesLastSyncDateTime")
    if tenant.last_sync is None:
        yield cannot_tell(tenant, "no time of a synchronisation", cure="Wait for the first cycle, then record again.")
        return
    oldest = now.in_days(-hours / 24)
    yield require(
        tenant, tenant.last_sync >= oldest, expected=("since", oldest), actual=tenant.last_sync, evidence=place
    )


@check(
    "TEN050",
    severity=Severity.HIGH,
    covers=["S24"],
    step="Prerequisites: permissions",
    refs=[learn("Co-management prerequisites", "intune/configmgr/comanage/overview")],
)
def somebody_is_global_administrator(administrators: GlobalAdministrators, groups: Groups) -> Findings:
    """An enabled user holds the role Global Administrator.

    Why: Creating the applications, consenting to their permissions and creating the CMG need this role.
    Remedy: In the Entra admin centre, open Roles & admins > Global Administrator, and assign it to a person (with
    Privileged Identity Management: activate the eligible assignment for the time of the roll-out).
    """
    people = [person for holder in administrators for person in _people(holder, groups) or ()]
    unknown = [h for h in administrators if _people(h, groups) is None]
    if unknown and not people:
        cure = "Grant RoleManagement.Read.Directory and GroupMember.Read.All to the scanner, and record again."
        yield cannot_tell(administrators, f"it is not known who is behind {_names(unknown)}", cure=cure)
        return
    holders = _names(list(administrators))
    actual = f"no enabled user among {holders}" if holders else "nobody holds the role"
    yield require(administrators, bool(people), expected="at least one enabled user", actual=actual)


@check(
    "TEN060",
    severity=Severity.ADVICE,
    covers=["S24"],
    step="Prerequisites: permissions",
    refs=[learn("Best practices for Microsoft Entra roles", "entra/identity/role-based-access-control/best-practices")],
    after=["TEN050"],
)
def global_administrators_are_few(administrators: GlobalAdministrators, groups: Groups) -> Findings:
    """Global Administrator is held by five users or fewer.

    Why: Each of them can undo the whole roll-out, and an attacker needs only one of them.
    Remedy: In the Entra admin centre, open Roles & admins > Global Administrator, and give people narrower roles such
    as Intune Administrator or Cloud Application Administrator; two break-glass accounts stay.
    """
    people = {person for holder in administrators for person in _people(holder, groups) or ()}
    unknown = [h for h in administrators if _people(h, groups) is None]
    if unknown and len(people) <= CROWD:
        cure = "Grant RoleManagement.Read.Directory and GroupMember.Read.All to the scanner, and record again."
        yield cannot_tell(administrators, f"it is not known who is behind {_names(unknown)}", cure=cure)
        return
    actual = f"{len(people)} users: {', '.join(sorted(people))}"
    yield require(administrators, len(people) <= CROWD, expected=f"at most {CROWD} users", actual=actual)


def _people(holder: Holder, groups: Groups) -> tuple[str, ...] | None:
    """The enabled users who hold the role this way; ``None`` where that is not known. Applications are no people."""
    if holder.kind == "servicePrincipal":
        return ()
    if holder.kind == "group":
        group = groups[holder.id]
        known = group.users is not None and not group.doubtful_users
        return tuple(member.name for member in group.enabled_users) if known else None
    if holder.kind != "user" or holder.enabled is None:
        return None
    return (holder.name,) if holder.enabled else ()


def _names(holders: list[Holder]) -> str:
    return ", ".join(sorted(holder.name for holder in holders))
