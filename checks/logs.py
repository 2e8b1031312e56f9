"""Logs. Protects against a green console over a service that failed last night: the newest word of each log counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from comgmt_audit import Design, Evidence, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE
from comgmt_audit.facts.cloud_services import Gateways
from comgmt_audit.facts.hosts import COLLECT, place
from comgmt_audit.facts.log_states import Hit, LogState
from comgmt_audit.facts.logs import (
    CloudManagerLogs,
    CoManagementLogs,
    ConnectionPointLogs,
    DiscoveryLogs,
    LocationLogs,
    ManagementPointLogs,
    OwnLogs,
)

from ._listed import looked_at
from ._scope import enabled, own_log_lines
from ._shared import learn

family = Family(code="LOG", title="Logs", stage=Stage.AZURE_SERVICES)

PUBLISHED = "discovery-users-published"
CERTIFICATE_STAGES = (
    "connector-no-signing-certificate",
    "connector-no-allowed-root",
    "connector-no-private-key",
    "connector-no-client-authentication",
)
"""The filter of the connection point, in the order in which it is applied; the first that leaves none tells why."""
LEVEL_CURE = "Set the component's logging level to 1 (default), wait a day, and record again."

SERVICES = "Enable Azure cloud services in Configuration Manager"
LOG_FILES = learn("Log file reference", "intune/configmgr/core/plan-design/hierarchy/log-files")
DISCOVERY = learn(
    "Configure Entra user discovery", "intune/configmgr/core/servers/deploy/configure/configure-discovery-methods"
)
GATEWAY_LOGS = learn(
    "Monitor a CMG", "intune/configmgr/core/clients/manage/cmg/monitor-clients-cloud-management-gateway"
)


@check("LOG010", severity=Severity.HIGH, covers=["S81"], step=SERVICES, refs=[DISCOVERY, LOG_FILES], after=["AZS010"])
def users_of_entra_were_published_recently(design: Design, logs: DiscoveryLogs, now: Now) -> Findings:
    """SMS_AZUREAD_DISCOVERY_AGENT.log says that users of Entra ID were published, recently, and nothing failed since.

    Why: A site that does not know a user of Entra ID refuses that user's token, so clients over the gateway get no
    policy (0x87d00231). A secret that ends, or a consent that is missing, shows up here first.
    Remedy: In the console, open Administration > Cloud Services > Azure Services, your Cloud Management service, tab
    Discovery > Run Full Discovery Now; then see the newest lines of the log for AADSTS errors and mend what they name.
    """
    oldest = now.in_days(-design.horizons.log_days)
    for state in _speaking(logs.states):
        yield _unread(state) or _published(state, oldest, now)


@check("LOG020", severity=Severity.MEDIUM, covers=["S80"], step=SERVICES, refs=[DISCOVERY], after=["AZS010"])
def a_discovery_has_run(design: Design, logs: DiscoveryLogs, now: Now) -> Findings:
    """A discovery of users in Entra ID has run to its end.

    Why: Until the first full discovery has run, the site knows no user of Entra ID, and the delta runs have nothing to
    start from. (The log does not say in a documented line that a run was a full one; a run that published or completed
    proves that one came before.)
    Remedy: In the console, open Administration > Cloud Services > Azure Services, your Cloud Management service, tab
    Discovery > Run Full Discovery Now.
    """
    oldest = now.in_days(-design.horizons.log_days)
    expected = "a run that published or completed"
    for state in _speaking(logs.states):
        if unread := _unread(state):
            yield unread
        elif state.success:
            yield _judge(state, True, expected, state.success)
        elif state.failure:
            yield _incomplete(state, oldest) or _judge(state, False, expected, state.failure)
        else:
            why = f"no run is in what the log covers: {_span(state)}"
            yield cannot_tell(state, why, cure="Run Full Discovery Now in the console, and record again after that.")


@check("LOG030", severity=Severity.MEDIUM, tags=["beyond"], step="Create the CMG", refs=[GATEWAY_LOGS, LOG_FILES])
def cloud_services_are_maintained_without_failure(design: Design, logs: CloudManagerLogs, now: Now) -> Findings:
    """CloudMgr.log has no recent failure of a cloud service.

    Why: The site deploys, renews and repairs the gateway by these tasks; one that fails leaves it without its new
    certificate or its new version. (The known failure of the public-address task, which Microsoft says to ignore, does
    not count.)
    Remedy: Read the exception in CloudMgr.log, and in the Azure portal the resource group > Deployments for the
    operation's own error; then in the console, Cloud Management Gateway > Synchronize configuration.
    """
    oldest = now.in_days(-design.horizons.log_days)
    for state in logs:
        failure = state.failure
        recent = failure is not None and (failure.time is None or failure.time >= oldest)
        if unread := _unread(state) or (None if recent else _gap(state) or _too_old(state, oldest)):
            yield unread
        elif state.latest and state.latest.is_pending and not recent and _is_at_the_end(state, state.latest):
            why = f"a cloud service is being deployed: {state.latest.matched}"
            yield cannot_tell(state, why, cure="Wait until the console shows it as Ready, then record again.")
        else:
            yield _judge(state, not recent, "no failure of a task", failure)


@check(
    "LOG040",
    severity=Severity.HIGH,
    covers=["S112"],
    step="Create the CMG connection point",
    refs=[GATEWAY_LOGS, LOG_FILES],
    after=["CMG020"],
)
def the_connection_point_reaches_the_management_point(design: Design, logs: ConnectionPointLogs, now: Now) -> Findings:
    """SMS_Cloud_ProxyConnector.log says last that a request through the gateway was answered.

    Why: The connection point carries every request of an internet client; where it lacks a client certificate, or the
    management point refuses it, clients get 403 and nothing more.
    Remedy: Enrol the client authentication certificate on the server of the connection point, see that its CRL can be
    read there, then restart SMS_EXECUTIVE; console: Cloud Management Gateway > Connection analyzer.
    """
    oldest = now.in_days(-design.horizons.log_days)
    for state in logs:
        yield _unread(state) or _state(state, oldest, now, "an answered request", _first_certificate_stage(state))


@check(
    "LOG050",
    severity=Severity.HIGH,
    covers=["S09"],
    step="Create and install the web server certificate on the management point",
    refs=[LOG_FILES],
)
def the_management_point_answers_the_site(design: Design, logs: ManagementPointLogs, now: Now) -> Findings:
    """mpcontrol.log says last that the management point answered with status 200.

    Why: The site tests its management points every ten minutes as a client would; 403 means that a client certificate
    is refused, 500 that IIS or the role is broken.
    Remedy: See the IIS log of the management point (`%SystemDrive%\\inetpub\\logs\\LogFiles`) for the sub-status: 403.7
    no client certificate, 403.13 CRL not readable or certificate revoked, 403.16 root not trusted; mend that, then
    restart SMS_EXECUTIVE.
    """
    oldest = now.in_days(-design.horizons.log_days)
    for state in logs:
        yield _unread(state) or _state(state, oldest, now, "status code 200", None)


@check(
    "LOG060",
    severity=Severity.ADVICE,
    tags=["beyond"],
    step="Enable co-management in Configuration Manager",
    refs=[learn("Monitor co-management", "intune/configmgr/comanage/how-to-monitor"), LOG_FILES],
    applies=enabled,
    empty="no client's CoManagementHandler.log was handed in as a sample",
)
def sampled_clients_are_enrolled(logs: CoManagementLogs) -> Findings:
    """CoManagementHandler.log of every sampled client says last that the device is enrolled.

    Why: The console counts devices; the client's log says why one of them is not among them.
    Remedy: Mend what the finding names (MDM user scope, licence, platform restriction, MFA); then on the client run
    Control Panel > Configuration Manager > Actions > Machine Policy Retrieval & Evaluation Cycle, and wait for the next
    attempt.
    """
    for state in logs:
        latest = state.latest
        if unread := _unread(state):
            yield unread
        elif latest is None or latest.is_pending:
            why = f"waiting: {latest.matched}" if latest else f"no known line in what the log covers: {_span(state)}"
            cure = (latest.entry.remedy if latest else "") or "Enrolment is spread over days: record again later."
            yield cannot_tell(state, why, cure=cure, evidence=latest.evidence if latest else None)
        elif latest.is_failure:
            yield _failed(state, "the device is enrolled", latest)
        else:
            yield _judge(state, True, "the device is enrolled", latest)


@check(
    "LOG070",
    severity=Severity.MEDIUM,
    tags=["beyond"],
    step="Your own log lines",
    refs=[LOG_FILES],
    applies=own_log_lines,
)
def no_log_line_of_your_own_says_failure(design: Design, logs: OwnLogs, now: Now) -> Findings:
    """No log says last, in the lines of your own catalogues, that something failed.

    Why: You know lines that nobody has published: of your proxy, your agents, your scripts. `[logs] catalogues` of
    comgmt.toml names the files with them (docs/log-lines.md); each entry says how grave its failure is.
    Remedy: Do what the entry's own remedy says, which the finding repeats. For a line that turned out to be harmless,
    set `kind = "noise"` in its catalogue.
    """
    oldest = now.in_days(-design.horizons.log_days)
    for log in logs.unseen:
        cure = f"Name the folder that has {log}.log in connect.files.logs, and record again."
        yield cannot_tell(f"{log}.log", "no file of it was recorded", cure=cure, evidence=Evidence(f"log/*/{log}.log"))
    for state in logs:
        latest = state.latest
        failed = latest is not None and latest.is_failure and (latest.time is None or latest.time >= oldest)
        if unread := _unread(state) or (None if failed else _gap(state) or _too_old(state, oldest)):
            yield unread
        elif latest and failed:
            yield _failed(state, "no line of failure", latest, latest.entry.severity)
        elif latest and latest.is_pending:
            why = f"waiting: {latest.matched}"
            yield cannot_tell(state, why, cure=latest.entry.remedy or "Record again later.", evidence=latest.evidence)
        elif state.log in logs.with_success and (latest is None or latest.is_failure):
            why = f"none of your lines that say success is the newest in what the log covers: {_span(state)}"
            yield cannot_tell(state, why, cure="Record again after it was written.")
        else:
            yield require(state, True)


@check(
    "LOG080",
    severity=Severity.MEDIUM,
    covers=["S125"],
    tags=["beyond"],
    step="Create a Configuration Manager client app in Intune",
    refs=[GATEWAY_LOGS, LOG_FILES],
    empty="no LocationServices.log of a sampled client tells of a gateway",
)
def sampled_clients_use_this_gateway(logs: LocationLogs, gateways: Gateways, design: Design) -> Findings:
    """LocationServices.log of every sampled client names a gateway of this site last.

    Why: A client keeps the gateway that it was told; where that was replaced or renamed, it is lost as soon as it
    leaves the network.
    Remedy: Bring the client into the network or on VPN, so that it learns the new gateway (Control Panel >
    Configuration Manager > Actions > Machine Policy Retrieval & Evaluation Cycle); correct CCMHOSTNAME where it is
    installed by Intune.
    """
    own = {name.casefold() for one in gateways for name in (one.service_name, one.deployment_name) if name}
    own |= {name.casefold() for name in (design.gateway.service_name, design.gateway.alias) if name}
    for state in logs:
        chosen = state.hits.get("location-gateway-chosen")
        if unread := _unread(state):
            yield unread
        elif state.last is None and not state.hits:
            yield cannot_tell(state, "no line of a log was found in it", cure="Hand in the log as it is.")
        elif chosen:
            host = chosen.matched.partition("https://")[2].partition("/")[0].casefold()
            if host not in own and not gateways.complete:
                why = f"it names {host}, and the scanner's account may not see all gateways of the site"
                yield cannot_tell(state, why, cure=FULL_ACCESS_CURE, evidence=chosen.evidence)
                continue
            sides = (chosen.evidence, *looked_at(gateways))
            yield require(state, host in own, expected=sorted(own), actual=host, evidence=sides)


def _speaking(states: Sequence[LogState]) -> Sequence[LogState]:
    """The logs that say something; a passive site server has one that says nothing."""
    return [state for state in states if state.hits] or states


def _unread(state: LogState) -> Finding | None:
    return cannot_tell(state, state.why, cure=state.cure) if state.why else None


def _published(state: LogState, oldest: dt.datetime, now: Now) -> Finding:
    """Judge one discovery log: an undone success, a recent one, an old one, none."""
    published, success, failure = state.hits.get(PUBLISHED), state.success, state.failure
    expected = "a publication of users, and no failure after it"
    if failure and (not success or failure.order > success.order):
        return _failed(state, expected, failure)
    if published and (published.time is None or not oldest <= published.time <= now.in_days(1)):
        return _not_recent(state, published, oldest, now, expected)
    if published:
        return _judge(state, True, expected, published)
    if success:
        why = f"runs complete, and none published users in what the log covers: {_span(state)}"
        return cannot_tell(state, why, cure="Run Full Discovery Now in the console, and record again after that.")
    return _no_line(state, oldest, expected)


def _state(state: LogState, oldest: dt.datetime, now: Now, expected: str, reason: Hit | None) -> Finding:
    """Judge by the newest success or failure; *reason* is an earlier line that says more than the newest one."""
    failure, success = state.failure, state.success
    if failure and (not success or failure.order > success.order):
        return _failed(state, expected, reason or failure)
    if success is None:
        why = f"no request is in what the log covers: {_span(state)}"
        return cannot_tell(state, why, cure="Record again after a client was served, with the log and its .lo_.")
    if success.time is None or not oldest <= success.time <= now.in_days(1):
        why = f"the newest line that says success is of {_when(success)}"
        return cannot_tell(
            state, why, cure="Hand in the log as it is now, then record again.", evidence=success.evidence
        )
    return _judge(state, True, expected, success)


def _not_recent(state: LogState, hit: Hit, oldest: dt.datetime, now: Now, expected: str) -> Finding:
    """Judge a success that is not recent: only a log that goes on and leaves nothing out proves that none followed."""
    cure = "Hand in the log as it is now, then record again."
    if hit.time is None:
        return cannot_tell(state, "the log does not say the offset of its times", cure=cure, evidence=hit.evidence)
    if hit.time > now.in_days(1):
        why = f"the line is of {_when(hit)}, after this recording: a clock is wrong"
        return cannot_tell(state, why, cure="Set the clock of the site server.", evidence=hit.evidence)
    if state.success and state.success.time and state.success.time >= oldest:
        why = f"runs complete, and the last that published users is of {_when(hit)}"
        return cannot_tell(state, why, cure="Run Full Discovery Now in the console, and record again after that.")
    return _incomplete(state, oldest) or _judge(state, False, expected, hit)


def _no_line(state: LogState, oldest: dt.datetime, expected: str) -> Finding:
    return _incomplete(state, oldest) or require(state, False, expected=expected, actual=f"none in {_span(state)}")


def _incomplete(state: LogState, oldest: dt.datetime) -> Finding | None:
    """Why a line that is not there proves nothing."""
    if state.only_warnings:
        why = f"logging level {state.level} leaves out the lines that say success"
        return cannot_tell(state, why, cure=LEVEL_CURE, evidence=place(state.server, "registry"))
    if state.level is None and not state.writes_ordinary_lines:
        why = (
            "the log has no ordinary line that we know, and whether its logging level leaves them out was not recorded"
        )
        return cannot_tell(state, why, cure=f"{COLLECT} Or record again when the log has more lines.")
    if gap := _gap(state):
        return gap
    if state.first is None or state.first > oldest:
        why = f"the log covers too little to tell: {_span(state)}"
        return cannot_tell(state, why, cure="Hand in the roll-over .lo_ as well, or enlarge the log, and record again.")
    return _too_old(state, oldest)


def _gap(state: LogState) -> Finding | None:
    if not state.gaps:
        return None
    why = f"a part of the log is missing: {', '.join(state.gaps)}"
    return cannot_tell(state, why, cure="Hand in the log and its roll-over .lo_ whole, then record again.")


def _too_old(state: LogState, oldest: dt.datetime) -> Finding | None:
    if state.last is not None and state.last >= oldest:
        return None
    why = f"the log says nothing of the last days: {_span(state)}"
    return cannot_tell(state, why, cure="Hand in the log as it is now, then record again.")


def _first_certificate_stage(state: LogState) -> Hit | None:
    """Where the certificate filter ends with none, the first stage that left none."""
    last = state.hits.get(CERTIFICATE_STAGES[-1])
    if last is None or state.failure is not last:
        return None
    stages = [hit for id in CERTIFICATE_STAGES if (hit := state.hits.get(id))]
    return next(hit for hit in stages if hit is last or _within(hit, last, dt.timedelta(minutes=1)))


def _within(one: Hit, other: Hit, span: dt.timedelta) -> bool:
    return one.time is not None and other.time is not None and abs(one.time - other.time) <= span


def _is_at_the_end(state: LogState, hit: Hit) -> bool:
    """The line is of the log's last hour: what it waits for is still under way."""
    return hit.time is None or state.last is None or state.last - hit.time <= dt.timedelta(hours=1)


def _failed(state: LogState, expected: str, failure: Hit, severity: Severity | None = None) -> Finding:
    """A failure that no success follows: it stands, unless a success would not have been written."""
    if not state.only_warnings:
        return _judge(state, False, expected, failure, severity)
    why = (
        f"it failed, last {_when(failure)}: {failure.matched}; logging level {state.level} leaves out the lines that"
        " would say whether it has healed"
    )
    return cannot_tell(state, why, cure=f"{failure.entry.remedy} {LEVEL_CURE}".strip(), evidence=failure.evidence)


def _judge(state: LogState, holds: bool, expected: str, hit: Hit | None, severity: Severity | None = None) -> Finding:
    return require(
        state,
        holds,
        expected=expected,
        actual=_said(hit),
        evidence=[hit.evidence] if hit else None,
        advice=hit.advice if hit and hit.is_failure else "",
        severity=severity,
    )


def _said(hit: Hit | None) -> tuple[str, ...] | None:
    if hit is None:
        return None
    return hit.matched, f"last seen {_when(hit)}", "seen once" if hit.count == 1 else f"seen {hit.count} times"


def _when(hit: Hit) -> str:
    return f"{hit.time:%Y-%m-%d %H:%M} UTC" if hit.time else "an unknown time"


def _span(state: LogState) -> str:
    if state.first is None or state.last is None:
        return "no line with a certain time"
    return f"{state.first:%Y-%m-%d %H:%M} to {state.last:%Y-%m-%d %H:%M} UTC"
