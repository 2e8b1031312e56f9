"""The Azure subscription that pays for the cloud services. Protects the CMG: it stops with the subscription."""

from __future__ import annotations

from comgmt_audit import Design, Family, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.subscription import SCALE_SET_PROVIDERS, Providers, Subscription
from comgmt_audit.facts.tenant import Tenant

from ._scope import declared_subscription, scale_set
from ._shared import learn

family = Family(code="SUB", title="Azure subscription", stage=Stage.TENANT)

_STEP = "Prerequisites: Azure services and environment"
_PLAN = learn(
    "Plan for the cloud management gateway", "intune/configmgr/core/clients/manage/cmg/plan-cloud-management-gateway"
)
_CONFIGURE = learn(
    "Configure Microsoft Entra ID for the CMG", "intune/configmgr/core/clients/manage/cmg/configure-azure-ad"
)


@check("SUB010", severity=Severity.CRITICAL, covers=["S01"], step=_STEP, refs=[_PLAN])
def subscription_is_enabled(subscription: Subscription) -> Findings:
    """The Azure subscription is enabled.

    Why: In a subscription that is disabled, past due or warned the CMG stops, and internet clients are cut off.
    Remedy: In the Azure portal, open Subscriptions > the subscription > Overview, pay the open bill or reactivate it.
    """
    yield require(
        subscription, subscription.state.casefold() == "enabled", expected="Enabled", actual=subscription.state
    )


@check("SUB020", severity=Severity.CRITICAL, covers=["S01"], step=_STEP, refs=[_PLAN], applies=declared_subscription)
def subscription_is_the_declared_one(subscription: Subscription, design: Design) -> Findings:
    """The subscription that was read is the one that the design names.

    Why: A CMG in another subscription is billed to somebody else, and nobody here can mend it.
    Remedy: Choose the right subscription in the CMG wizard, or correct rollout.subscription_id in comgmt.toml.
    """
    expected = design.rollout.subscription_id.lower()
    yield require(subscription, subscription.id == expected, expected=expected, actual=subscription.id)


@check(
    "SUB030",
    severity=Severity.MEDIUM,
    covers=["S01"],
    tags=["beyond"],
    step=_STEP,
    refs=[_CONFIGURE],
    applies=scale_set,
)
def resource_providers_are_registered(providers: Providers) -> Findings:
    """The resource providers that a CMG on a scale set uses are registered in the subscription.

    Why: The wizard cannot create the CMG while one of them is missing.
    Remedy: In the Azure portal, open Subscriptions > the subscription > Resource providers, choose the provider and
    Register (role Contributor or Owner), or run `az provider register --namespace Microsoft.KeyVault`.
    """
    for namespace in SCALE_SET_PROVIDERS:
        provider = providers.by_namespace.get(namespace.lower())
        if provider is None or provider.state is None:
            cure = "Give the scanner the role Reader on the subscription, and record again."
            yield cannot_tell(f"resource provider {namespace}", "Azure did not tell its state", cure=cure)
            continue
        holds = provider.state.casefold() == "registered"
        yield require(provider, holds, expected="Registered", actual=provider.state)


@check(
    "SUB040",
    severity=Severity.ADVICE,
    covers=["S01"],
    tags=["beyond"],
    step=_STEP,
    refs=[_CONFIGURE],
)
def subscription_belongs_to_the_tenant_of_the_users(subscription: Subscription, tenant: Tenant) -> Findings:
    """The subscription is in the same tenant as users and devices.

    Why: Another tenant is allowed, but then Entra authentication must be switched off for it at the site, and consent
    and roles are needed twice.
    Remedy: If it is meant so, waive this (`waivers.toml`); else take a subscription of the users' tenant for the CMG:
    in the Azure portal, Subscriptions > Add.
    """
    if subscription.tenant_id is None:
        cure = "Give the scanner the role Reader on the subscription, and record again."
        yield cannot_tell(subscription, "Azure did not tell the subscription's tenant", cure=cure)
        return
    expected = tenant.id.lower()
    yield require(subscription, subscription.tenant_id == expected, expected=expected, actual=subscription.tenant_id)


@check(
    "SUB050",
    severity=Severity.LOW,
    covers=["S01"],
    tags=["beyond"],
    step=_STEP,
    refs=[learn("Azure spending limit", "azure/cost-management-billing/manage/spending-limit")],
)
def subscription_has_no_spending_limit(subscription: Subscription) -> Findings:
    """No spending limit can switch the subscription off.

    Why: Subscriptions with a credit (trial, Visual Studio) are disabled when it is used up, and the CMG with them.
    Remedy: In the Azure portal, open Subscriptions > the subscription > Overview > Remove spending limit, or use a
    pay-as-you-go or enterprise subscription.
    """
    if subscription.spending_limit is None:
        cure = "Give the scanner the role Reader on the subscription, and record again."
        yield cannot_tell(subscription, "Azure did not tell the spending limit", cure=cure)
        return
    if subscription.spending_limit.casefold() not in {"on", "off", "currentperiodoff"}:
        cure = "Look at the spending limit in the Azure portal under Subscriptions > Overview."
        yield cannot_tell(subscription, f"its spending limit is {subscription.spending_limit}", cure=cure)
        return
    yield require(
        subscription,
        subscription.spending_limit.casefold() != "on",
        expected="Off",
        actual=subscription.spending_limit,
    )
