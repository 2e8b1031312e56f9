"""Client settings. Protects every device of the pilot: without them it neither registers nor uses the CMG."""

from __future__ import annotations

from collections.abc import Iterator

from comgmt_audit import Design, Family, Finding, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE
from comgmt_audit.facts.client_settings import ClientSettings, Option
from comgmt_audit.facts.site_collections import Collections

from ._listed import listed, looked_at
from ._shared import learn

family = Family(code="CLS", title="Client settings", stage=Stage.CLIENTS)

STEP = "Configure Client Settings to direct clients to use the CMG"
SETTINGS = learn("About client settings: Cloud services", "intune/configmgr/core/clients/deploy/about-client-settings")
DEFAULT_CURE = (
    "Record the default client settings as well (Get-CMClientSetting -Id 0 -Setting Cloud), or deploy custom settings "
    "that set the group Cloud Services."
)
ITEM_CURE = "Record every client settings object by an item read: a list read leaves its groups out."


@check("CLS010", severity=Severity.HIGH, step=STEP, refs=[SETTINGS])
def declared_settings_exist(settings: ClientSettings, design: Design) -> Findings:
    """The declared custom client settings exist.

    Why: Everything said of the clients' settings is about this object; a wrong name means that nothing was looked at.
    Remedy: In the console, open Administration > Client Settings and create Custom Client Device Settings of that name;
    or correct `clients.settings` in comgmt.toml.
    """
    if not design.clients.settings:
        raise NotApplicable("the design names no custom client settings")
    names = [one.name for one in settings]
    subject = f"client settings {design.clients.settings}"
    seen = looked_at(settings)
    yield listed(subject, design.clients.settings, names, complete=settings.complete, evidence=seen)


def _switched_on(settings: ClientSettings, design: Design, option: Option) -> Iterator[Finding]:
    """Judge a setting as the devices of the declared settings get it: the strongest settings that set it win."""
    meant = settings.named(design.clients.settings) if design.clients.settings else None
    deciding = settings.deciding(option, meant)
    subject = meant or deciding
    if subject is None or deciding is None:
        yield cannot_tell(subject or "client settings", "nothing that was recorded sets it", cure=DEFAULT_CURE)
    elif not deciding.readable or deciding.options is None:
        yield cannot_tell(deciding, "its groups were not read", cure=ITEM_CURE)
    elif (value := option(deciding.options)) is None:
        yield cannot_tell(deciding, "it does not say", cure=DEFAULT_CURE)
    elif not settings.complete and deciding is not meant and deciding.is_default:
        yield cannot_tell(subject, "custom settings may be hidden from the scanner's account", cure=FULL_ACCESS_CURE)
    else:
        yield require(
            subject,
            value,
            expected="Yes",
            actual="No" if deciding is subject else f"No, by the {deciding.label}",
            evidence=deciding.evidence,
        )


@check("CLS020", severity=Severity.HIGH, covers=["S113"], step=STEP, after=["CLS010"], refs=[SETTINGS])
def clients_may_use_cloud_content(settings: ClientSettings, design: Design) -> Findings:
    """Clients are allowed to use a cloud distribution point.

    Why: Without it, a client on the internet gets its policies and then no content: every installation waits for ever.
    It is needed for a CMG that serves content as well.
    Remedy: In the client settings, group Cloud Services, set Allow access to cloud distribution point to Yes.
    """
    yield from _switched_on(settings, design, lambda options: options.distribution_point)


@check("CLS030", severity=Severity.HIGH, covers=["S114"], step=STEP, after=["CLS010"], refs=[SETTINGS])
def devices_register_automatically(settings: ClientSettings, design: Design) -> Findings:
    """Domain-joined devices register with Entra ID automatically.

    Why: A device that is not registered is not hybrid joined, and so never enrols; it shows no error anywhere.
    Remedy: In the client settings, group Cloud Services, set Automatically register new Windows 10 or later domain
    joined devices with Microsoft Entra ID to Yes.
    """
    yield from _switched_on(settings, design, lambda options: options.join)


@check("CLS040", severity=Severity.CRITICAL, covers=["S115"], step=STEP, after=["CLS010"], refs=[SETTINGS])
def clients_may_use_the_gateway(settings: ClientSettings, design: Design) -> Findings:
    """Clients are allowed to use a cloud management gateway.

    Why: A client that is not allowed to is never told of the CMG: outside the intranet it is lost.
    Remedy: In the client settings, group Cloud Services, set Enable clients to use a cloud management gateway to Yes.
    """
    yield from _switched_on(settings, design, lambda options: options.gateway)


@check("CLS050", severity=Severity.HIGH, covers=["S116"], step=STEP, after=["CLS010"], refs=[SETTINGS])
def settings_reach_devices(settings: ClientSettings, collections: Collections, design: Design) -> Findings:
    """The custom client settings are deployed to a collection with members.

    Why: Settings that are made and not deployed change nothing, and no error says so; this step is easily skipped.
    Remedy: In the console, open Administration > Client Settings, choose the settings, Deploy, and select the pilot
    collection; wait for a policy cycle of the clients.
    """
    meant = settings.named(design.clients.settings) if design.clients.settings else None
    chosen = [meant] if meant else [one for one in settings if one.options is not None]
    if not chosen and not settings.complete:
        yield cannot_tell("client settings", "they may be hidden from the scanner's account", cure=FULL_ACCESS_CURE)
    elif not chosen:
        raise NotApplicable("no custom settings set the group Cloud Services; the default settings reach every client")
    for one in chosen:
        reached = [collections.by_id.get(id) for id in one.collections]
        members = [collection.members for collection in reached if collection]
        known = [count for count in members if count is not None]
        hidden = None in reached or len(known) < len(members) or (not one.collections and not settings.complete)
        if hidden and not any(known):
            yield cannot_tell(one, "the collections that they reach were not all read", cure=FULL_ACCESS_CURE)
        else:
            actual = [collection.shown for collection in reached if collection]
            yield require(one, any(known), expected="a collection with members", actual=actual or "not deployed")
