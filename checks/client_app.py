"""The Configuration Manager client through Intune. Protects devices that meet Intune before the site."""

from __future__ import annotations

import re

from comgmt_audit import Baseline, Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.entra_apps import ClientApp, ServerApp, same_uri
from comgmt_audit.facts.groups import Groups
from comgmt_audit.facts.intune_apps import ClientDeliveries, ClientDelivery, SetupCommand, Target

from ._shared import learn

family = Family(code="BOO", title="Configuration Manager client through Intune", stage=Stage.ENROLMENT)

_CREATE = "Create an Intune app to install the Configuration Manager client"
_ASSIGN = "Assign the Intune app to install the Configuration Manager client"
_PREPARE = learn("Prepare internet-based devices for co-management", "intune/configmgr/comanage/how-to-prepare-Win10")
_PROPERTIES = learn(
    "Client installation parameters and properties",
    "intune/configmgr/core/clients/deploy/about-client-installation-properties",
)
_NONE = "Intune brings the client to no device, which existing clients do not need"
_EDIT = "Copy the line from the console: Administration > Cloud Services > Cloud Attach > the policy > Enablement."

# fmt: off
KNOWN = frozenset({
    "AADCLIENTAPPID", "AADRESOURCEURI", "AADTENANTID", "AADTENANTNAME", "CCMADMINS", "CCMALLOWSILENTREBOOT",
    "CCMALWAYSINF", "CCMCERTISSUERS", "CCMCERTSEL", "CCMCERTSTORE", "CCMDEBUGLOGGING", "CCMENABLELOGGING",
    "CCMEVALHOUR", "CCMEVALINTERVAL", "CCMFIRSTCERT", "CCMHOSTNAME", "CCMHTTPPORT", "CCMHTTPSPORT", "CCMHTTPSSTATE",
    "CCMINSTALLDIR", "CCMLOGLEVEL", "CCMLOGMAXHISTORY", "CCMLOGMAXSIZE", "DISABLECACHEOPT", "DISABLESITEOPT",
    "DNSSUFFIX", "FSP", "IGNOREAPPVVERSIONCHECK", "INSTALL", "MANAGEDINSTALLER", "NOTIFYONLY", "PROVISIONTS",
    "RESETKEYINFORMATION", "SITEREASSIGN", "SMSCACHEDIR", "SMSCACHEFLAGS", "SMSCACHESIZE", "SMSCONFIGSOURCE",
    "SMSDIRECTORYLOOKUP", "SMSMP", "SMSMPLIST", "SMSPUBLICROOTKEY", "SMSROOTKEYPATH", "SMSSIGNCERT", "SMSSITECODE",
    "UPGRADETOLATEST",
})
# fmt: on
"""Properties that ccmsetup.exe and client.msi take (Client installation parameters and properties; CCMHTTPSSTATE,
SMSMPLIST and UPGRADETOLATEST as client push and Microsoft's own lines use them)."""

_HOST = re.compile(r"(?P<host>[a-z0-9.-]+)/CCM_Proxy_MutualAuth/[0-9]+", re.IGNORECASE)


@check("BOO010", severity=Severity.HIGH, covers=["S122"], step=_CREATE, refs=[_PREPARE], empty=_NONE, after=["LIC020"])
def intune_installs_the_client(deliveries: ClientDeliveries, design: Design) -> Findings:
    """Intune installs the Configuration Manager client: by a published app, or by the co-management settings policy.

    Why: A device that enrols into Intune first becomes co-managed only when Intune brings it the client.
    Remedy: In the Intune admin centre, open Devices > Enrollment > Windows > Co-management Settings, create a policy
    and choose Automatically install the Configuration Manager client: Yes; or add ccmsetup.msi under Apps > Windows >
    Add > Line-of-business app.
    """
    if not list(deliveries) and design.rollout.path == "intune-first":
        yield require(
            "Configuration Manager client in Intune", False, expected=("an app", "a policy"), actual="neither"
        )
    for delivery in deliveries:
        if delivery.kind != "policy" and delivery.published is None:
            cure = "Grant DeviceManagementApps.Read.All to the scanner, and record again."
            yield cannot_tell(delivery, "publishingState was not answered", cure=cure)
            continue
        yield require(delivery, delivery.published is not False, expected="published", actual="not published")


@check("BOO020", severity=Severity.ADVICE, covers=["S123"], step=_CREATE, refs=[_PREPARE], empty="there is no app")
def app_says_what_it_is(deliveries: ClientDeliveries) -> Findings:
    """The app's description and publisher are filled in.

    Why: Who finds the app in two years should not take it for a leftover.
    Remedy: In the Intune admin centre, open Apps > Windows > the app > Properties > App information: description
    "Configuration Manager Client", publisher "Microsoft".
    """
    for delivery in _apps(deliveries):
        missing = [n for n in ("description", "publisher") if not getattr(delivery, n)]
        yield require(delivery, not missing, expected=("description", "publisher"), actual=f"no {', '.join(missing)}")


def _apps(deliveries: ClientDeliveries) -> list[ClientDelivery]:
    return [delivery for delivery in deliveries if delivery.kind != "policy"]


@check("BOO030", severity=Severity.HIGH, covers=["S124"], step=_CREATE, refs=[_PREPARE, _PROPERTIES], empty=_NONE)
def command_line_is_well_formed(deliveries: ClientDeliveries, baseline: Baseline) -> Findings:
    """The command line has the structure that ccmsetup understands.

    Why: What ccmsetup.exe sees is only what stands between the quotation marks of CCMSETUPCMD; a misplaced one, or an
    address with https:// or a GUID at its end, leaves a client that never finds the site.
    Remedy: Copy the line from the Configuration Manager console (Administration > Cloud Services > Cloud Attach > the
    policy > Enablement) into the app's command-line arguments, or into the co-management settings policy.
    """
    for delivery in deliveries:
        problems = [*_quoting(delivery), *_values(delivery.command, baseline)]
        yield require(delivery, not problems, expected=_shape(baseline), actual=problems, advice=_EDIT)


def _shape(baseline: Baseline) -> str:
    values = {"CCMHOSTNAME": "<host>/CCM_Proxy_MutualAuth/<number>", "SMSSITECODE": "<site code>"}
    inside = " ".join(f"{name}={values.get(name, '...')}" for name in baseline.setup_properties)
    return f'CCMSETUPCMD="{inside}"'


def _quoting(delivery: ClientDelivery) -> list[str]:
    command = delivery.command
    problems = []
    if delivery.kind == "msi" and not command.wrapped:
        problems.append("CCMSETUPCMD is missing")
    if not command.balanced:
        problems.append("the quotation marks do not match")
    outside = sorted(command.outside.keys() & KNOWN)
    return problems + [f"{name} stands outside the quotation marks of CCMSETUPCMD" for name in outside]


def _values(command: SetupCommand, baseline: Baseline) -> list[str]:
    host, code = command.properties.get("CCMHOSTNAME"), command.properties.get("SMSSITECODE")
    problems = [f"{name} is missing" for name in baseline.setup_properties if name not in command.properties]
    if host is not None and not _HOST.fullmatch(host):
        problems.append(f"CCMHOSTNAME={host}")
    if code is not None and not re.fullmatch(r"[A-Za-z0-9]{3}", code):
        problems.append(f"SMSSITECODE={code}")
    return problems


@check("BOO040", severity=Severity.LOW, covers=["S124"], step=_CREATE, refs=[_PROPERTIES], empty=_NONE)
def command_line_has_known_properties(deliveries: ClientDeliveries) -> Findings:
    """Every property in the command line is one that ccmsetup knows.

    Why: A mistyped property is ignored without a word.
    Remedy: In the Intune admin centre, correct the name in the app's command-line arguments (Apps > Windows > the app >
    Properties > App information), or in the co-management settings policy.
    """
    for delivery in deliveries:
        unknown = sorted(delivery.command.properties.keys() - KNOWN)
        advice = _meant(unknown) if unknown else ""
        yield require(delivery, not unknown, expected="documented properties", actual=unknown, advice=advice)


def _meant(unknown: list[str]) -> str:
    import difflib  # late: loading it takes longer than all of the family's checks

    close = {name: difflib.get_close_matches(name, sorted(KNOWN), n=1) for name in unknown}
    return " ".join(f"{name}: did you mean {found[0]}?" for name, found in close.items() if found)


@check("BOO050", severity=Severity.HIGH, covers=["S124"], step=_CREATE, refs=[_PREPARE], empty=_NONE)
def command_line_is_short_enough(deliveries: ClientDeliveries, baseline: Baseline) -> Findings:
    """The command line is not longer than Intune takes.

    Why: A longer line fails on the device, not in the portal.
    Remedy: In the Intune admin centre (Apps > Windows > the app > Properties > App information), leave out of the
    command-line arguments what the client learns from the CMG by itself: AADTENANTID, SMSMP, /mp.
    """
    for delivery in deliveries:
        length, limit = delivery.command.length, baseline.setup_length
        expected, actual = f"at most {limit} characters", f"{length} characters"
        yield require(delivery, length <= limit, expected=expected, actual=actual)


@check(
    "BOO060",
    severity=Severity.HIGH,
    covers=["S125"],
    step=_CREATE,
    refs=[_PREPARE, _PROPERTIES],
    after=["BOO030", "CMG010"],
    empty=_NONE,
)
def command_line_leads_to_this_site(deliveries: ClientDeliveries, design: Design) -> Findings:
    """The command line names this CMG and this site.

    Why: A client that is sent to another gateway or site code installs, and then never registers.
    Remedy: Copy the line from the Configuration Manager console again (Administration > Cloud Services > Cloud Attach >
    the policy > Enablement), after the CMG has been changed or replaced.
    """
    for delivery in deliveries:
        values = delivery.command.properties
        host = values.get("CCMHOSTNAME", "").partition("/")[0]
        yield _same(delivery, "CCMHOSTNAME", host, design.gateway.service_name, "gateway.service_name")
        yield _same(delivery, "SMSSITECODE", values.get("SMSSITECODE", ""), design.site.code, "site.code")


def _same(delivery: ClientDelivery, name: str, actual: str, expected: str, key: str) -> Finding:
    subject = f"{delivery.label}: {name}"
    if not expected:
        why = f"the design does not say {key}"
        return cannot_tell(subject, why, cure=f"Set {key} in comgmt.toml.", evidence=delivery.evidence)
    holds = actual.casefold() == expected.casefold()
    return require(subject, holds, expected=expected, actual=actual, evidence=delivery.evidence, advice=_EDIT)


@check(
    "BOO070",
    severity=Severity.HIGH,
    covers=["S125"],
    step=_CREATE,
    refs=[_PREPARE, _PROPERTIES],
    empty="no command line names an Entra application",
)
def command_line_names_these_applications(
    deliveries: ClientDeliveries, server: ServerApp, client: ClientApp
) -> Findings:
    """Where the command line names Entra applications, they are those of this site.

    Why: A client with the id or URI of another application is refused its token.
    Remedy: Copy the line from the Configuration Manager console again (Administration > Cloud Services > Cloud Attach >
    the policy > Enablement): AADRESOURCEURI is the App ID URI of the server app, AADCLIENTAPPID the client id of the
    client (native) app.
    """
    for delivery in deliveries:
        values = delivery.command.properties
        if id := values.get("AADCLIENTAPPID"):
            yield _same(delivery, "AADCLIENTAPPID", id, client.registration.app_id, "apps.client_app_id")
        if uri := values.get("AADRESOURCEURI"):
            app = server.registration.application
            if app is None:
                cure = "Compare it with the App ID URI in the tenant where the server app is registered."
                yield cannot_tell(
                    f"{delivery.label}: AADRESOURCEURI", "the server app is not registered in this tenant", cure=cure
                )
                continue
            holds = same_uri(uri) in {same_uri(own) for own in app.uris}
            subject = f"{delivery.label}: AADRESOURCEURI"
            sides = (delivery.evidence, app.evidence)
            yield require(subject, holds, expected=app.uris, actual=uri, evidence=sides, advice=_EDIT)


@check("BOO080", severity=Severity.HIGH, covers=["S126"], step=_ASSIGN, refs=[_PREPARE], after=["BOO010"], empty=_NONE)
def client_is_required_for_somebody(deliveries: ClientDeliveries, groups: Groups) -> Findings:
    """The app or policy is assigned, as required, to somebody who is not excluded again.

    Why: What is only available, or assigned to an empty group, never arrives on a device.
    Remedy: In the Intune admin centre, open the app (or the co-management settings policy) > Properties > Assignments,
    add the pilot's group under Required, and see that the group has members.
    """
    for delivery in deliveries:
        if delivery.required is None or delivery.excluded is None:
            cure = "Grant DeviceManagementApps.Read.All to the scanner, and record again."
            yield cannot_tell(delivery, "the assignments were not answered", cure=cure)
            continue
        reached = _reaches_somebody(delivery.required, delivery.excluded, groups)
        if reached is None:
            cure = "Grant GroupMember.Read.All to the scanner, and record the members of these groups."
            yield cannot_tell(delivery, "it is not known who is in the groups of the assignments", cure=cure)
            continue
        named = [groups[target.group].label for target in delivery.required if target.group]
        actual = f"nobody left in {', '.join(named)}" if named else "no required assignment"
        yield require(delivery, reached, expected="somebody", actual=actual)


def _reaches_somebody(required: tuple[Target, ...], excluded: tuple[Target, ...], groups: Groups) -> bool | None:
    """Does the assignment reach a user or device? ``None`` where members are missing that could decide it."""
    if any(target.everybody for target in required):
        return True
    barred = {target.group for target in excluded}
    wanted = [groups[target.group] for target in required if target.group not in barred]
    left_out = [groups[id] for id in barred]
    left = {id for group in wanted for id in group.active} - {id for group in left_out for id in group.active}
    if left and all(group.complete for group in left_out):
        return True
    return False if not wanted or all(group.complete for group in (*wanted, *left_out)) else None
