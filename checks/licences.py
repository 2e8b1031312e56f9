"""Licences: what the tenant bought, and what each user really got. Protects enrolment: it fails silently without."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from comgmt_audit import (
    Baseline,
    Family,
    Finding,
    Findings,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.licences import (
    Assignment,
    Sku,
    SubscribedSkus,
    failed_assignments,
    gap,
    has_unclear_assignments,
    mending,
)
from comgmt_audit.facts.users import Users

from ._licensed import doubt, licensed
from ._scope import users_need_intune, users_need_premium
from ._shared import learn

family = Family(code="LIC", title="Licences", stage=Stage.TENANT)

_FAQ = learn("Product and licensing FAQ", "intune/configmgr/core/understand/product-and-licensing-faq")
_PLANS = learn("Product names and service plan identifiers", "entra/identity/users/licensing-service-plan-reference")
_STEP = "Prerequisites: Azure services and environment"


@check("LIC010", severity=Severity.CRITICAL, covers=["S02", "S06"], step=_STEP, refs=[_PLANS, _FAQ], after=["TEN020"])
def tenant_has_entra_premium(skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """The tenant has a usable licence with Microsoft Entra ID P1 or P2, alone or in a bundle.

    Why: Automatic enrolment into Intune is a feature of Entra ID P1; without it no device enrols by itself.
    Remedy: Buy Microsoft Entra ID P1, Enterprise Mobility + Security or Microsoft 365 E3/E5 (Microsoft 365 admin
    centre > Billing > Purchase services), or renew the suspended subscription.
    """
    yield _carried("Microsoft Entra ID P1 or P2", skus, baseline.premium_plans)


@check("LIC020", severity=Severity.CRITICAL, covers=["S03", "S06"], step=_STEP, refs=[_PLANS, _FAQ], after=["TEN020"])
def tenant_has_intune(skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """The tenant has a usable licence with Microsoft Intune, alone or in a bundle.

    Why: Without one Intune does not exist in the tenant. Basic Mobility and Security (INTUNE_O365), the Intune Suite
    add-on and licences for devices or rooms do not count.
    Remedy: Buy Microsoft Intune Plan 1, Enterprise Mobility + Security or Microsoft 365 E3/E5 (Microsoft 365 admin
    centre > Billing > Purchase services), or renew the suspended subscription.
    """
    yield _carried("Microsoft Intune", skus, baseline.intune_plans)


def _carried(what: str, skus: SubscribedSkus, plans: Mapping[str, str]) -> Finding:
    """Does a usable SKU carry one of the plans, provisioned?"""
    found = skus.carrying(plans)
    states = [(sku, sku.plan(plans)) for sku in found]
    holds = any(sku.usable and plan and plan.status == "Success" for sku, plan in states)
    actual = [f"{sku.name}: {sku.status}, {sku.units} units, plan {plan.status}" for sku, plan in states if plan]
    evidence = [sku.evidence for sku in found]
    expected = f"a usable licence with {_either(plans)}"
    return require(what, holds, expected=expected, actual=actual or "no such licence", evidence=evidence)


def _either(plans: Mapping[str, str]) -> str:
    """Service plans by the names under which the admin centres list them: any one will do."""
    return " or ".join(plans.values())


@check(
    "LIC030",
    severity=Severity.LOW,
    covers=["S02", "S03"],
    step=_STEP,
    refs=[_PLANS],
    after=["LIC010", "LIC020"],
)
def licences_have_units_left(skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """There are unassigned licences left, of Entra ID Premium and of Intune.

    Why: The next user, and anybody a licensing group takes in, ends in the error CountViolation without a word to you.
    Remedy: Buy more units (Microsoft 365 admin centre > Billing > Your products), or take licences from accounts that
    do not need them.
    """
    for what, plans in {"Entra ID P1 or P2": baseline.premium_plans, "Intune": baseline.intune_plans}.items():
        usable = [sku for sku in skus.carrying(plans) if sku.usable]
        left = {sku.name: sku.units_left for sku in usable}
        evidence = [sku.evidence for sku in usable]
        known = [units for units in left.values() if units is not None]
        if len(known) < len(left) and not any(units > 0 for units in known):
            cure = "Grant LicenseAssignment.Read.All to the scanner, and record again."
            yield cannot_tell(what, "Graph does not say how many are left", cure=cure, evidence=evidence)
            continue
        yield require(
            what,
            any(units > 0 for units in known),
            expected="more than 0 left",
            actual=[f"{name}: {units} left" for name, units in left.items()],
            evidence=evidence,
            severity=Severity.MEDIUM if any(units < 0 for units in known) else None,
        )


@check(
    "LIC040",
    severity=Severity.HIGH,
    covers=["S04", "S06"],
    step=_STEP,
    refs=[_FAQ, _PLANS],
    after=["LIC010"],
    applies=users_need_premium,
)
def every_user_has_entra_premium(users: Users, skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """Every enabled user really has Microsoft Entra ID P1 or P2.

    Why: A device enrols automatically only for a user with Entra ID P1; a licence whose plan is switched off, or whose
    assignment is in error, is none.
    Remedy: Assign a licence with Entra ID P1 (Entra admin centre > Billing > Licenses, or by a group), with the plan
    switched on. Waive accounts that never sign in to a device, such as service accounts.
    """
    yield from licensed(users.in_scope, skus, baseline.premium_plans)


@check(
    "LIC050",
    severity=Severity.HIGH,
    covers=["S04", "S06"],
    step=_STEP,
    refs=[_FAQ, learn("Assign Intune licences", "intune/intune-service/fundamentals/licenses-assign")],
    after=["LIC020"],
    applies=users_need_intune,
)
def every_user_has_intune(users: Users, skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """Every enabled user really has Microsoft Intune.

    Why: A user without Intune cannot enrol a device ("This account is not allowed on this phone", error 0x8018002b).
    Since December 2019 existing Configuration Manager clients no longer need it; devices that enrol first still do.
    Remedy: Assign a licence with Intune (Entra admin centre > Billing > Licenses, or by a group), with the plan
    switched on. Waive accounts that never sign in to a device, such as service accounts.
    """
    yield from licensed(users.in_scope, skus, baseline.intune_plans)


@check(
    "LIC060",
    severity=Severity.MEDIUM,
    covers=["S04"],
    step=_STEP,
    refs=[
        learn(
            "Identify and resolve licence assignment problems", "entra/identity/users/licensing-groups-resolve-problems"
        )
    ],
)
def no_licence_assignment_is_in_error(users: Users, skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """No assignment of a licence with Intune or Entra ID Premium is in error.

    Why: An assignment by a group that fails leaves the user without the licence, and tells nobody.
    Remedy: In the Entra admin centre, open Groups > the group > Licenses, look at the users in error, mend the cause
    and choose Reprocess.
    """
    plans = {**baseline.premium_plans, **baseline.intune_plans}
    needed = (baseline.premium_plans, baseline.intune_plans)
    failed = cache(lambda licences: failed_assignments(licences, skus, plans))
    unclear = cache(lambda licences: has_unclear_assignments(licences, skus, plans))
    complete = cache(lambda licences: all(gap(licences, skus, wanted) is None for wanted in needed))
    for user in users.in_scope:
        if user.licences.assignments is None:
            cure = "Grant User.Read.All to the scanner, and record again."
            yield cannot_tell(user, "licenseAssignmentStates was not answered", cure=cure)
            continue
        rows = failed(user.licences)
        if not rows and unclear(user.licences):
            why = "the state of an assignment is none that is documented"
            yield cannot_tell(user, why, cure="Look at the user's licences in the Entra admin centre.")
            continue
        yield require(
            user,
            not rows,
            expected="Active",
            actual=[f"{sku.name} {row.way}: {row.outcome}" for sku, row in rows],
            severity=Severity.LOW if rows and complete(user.licences) else None,
            advice=_advice(rows, complete(user.licences)) if rows else "",
        )


def _advice(rows: tuple[tuple[Sku, Assignment], ...], spare: bool) -> str:
    """What mends each error, once; and that nothing is lost where another licence steps in."""
    ways = dict.fromkeys(mending(sku, row) for sku, row in rows)
    return " ".join([*(["Another licence gives this user the same services."] if spare else []), *ways])


@check(
    "LIC070",
    severity=Severity.MEDIUM,
    covers=["S04"],
    step=_STEP,
    refs=[learn("Assign licences to users", "entra/fundamentals/license-users-groups")],
)
def usage_location_is_set_where_it_is_in_the_way(users: Users, skus: SubscribedSkus, baseline: Baseline) -> Findings:
    """No user stays without Entra ID Premium for want of a usage location.

    Why: Entra ID refuses to assign a licence to a user without a usage location. Who got one through a group, by the
    tenant's own location, is in order.
    Remedy: In the Entra admin centre, open the user > Properties > Settings > Usage location (for many users
    `Update-MgUser -UserId ... -UsageLocation DE`), then assign the licence.
    """
    missing = cache(lambda licences: gap(licences, skus, baseline.premium_plans))
    for user in users.in_scope:
        lack = None if user.location else missing(user.licences)
        if lack and (not lack.known or user.enabled is None or user.guest is None):
            yield cannot_tell(user, "no usage location; " + "; ".join(lack.seen) + doubt(user), cure=lack.advice)
            continue
        yield require(user, lack is None, expected="a usage location", actual="none")
