"""Hybrid join. Protects enrolment: a domain-joined client that is not joined to Entra ID as well cannot enrol."""

from __future__ import annotations

from comgmt_audit import Design, Evidence, Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.errors import FactUnavailable, NotRecorded
from comgmt_audit.facts.directory import Computers, ServiceConnectionPoint
from comgmt_audit.facts.dsregcmd import JoinState
from comgmt_audit.facts.hosts import HostRegistry, JoinStates, place
from comgmt_audit.facts.tenant import Tenant

from . import _scope
from ._shared import learn, unavailable

family = Family(code="HYB", title="Hybrid join", stage=Stage.ENROLMENT)

_MANUAL = learn("Hybrid join: configure manually", "entra/identity/devices/hybrid-join-manual")
_STATUS = learn("Troubleshoot devices with dsregcmd", "entra/identity/devices/troubleshoot-device-dsregcmd")
_JOINED = learn("Troubleshoot hybrid joined devices", "entra/identity/devices/troubleshoot-hybrid-join-windows-current")
CLIENT_SIDE_KEY = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\CDJ\\AAD"
"""TenantId and TenantName of a controlled roll-out, in place of the forest's (Microsoft: Hybrid join, controlled)."""
_COLLECT = "On that client run `dsregcmd /status > dsregcmd.txt`, as the signed-in user, and record again."


def _clients(design: Design) -> tuple[str, ...]:
    if not design.clients.samples:
        raise NotRecorded(
            "the design names no sample clients, so no client's join state was collected",
            "Name a few pilot clients in comgmt.toml, [clients] samples, and collect their evidence (collect-script).",
        )
    return tuple(client.casefold() for client in design.clients.samples)


def _named_by_clients(design: Design, registry: HostRegistry) -> bool:
    """Every sample client has the tenant in its own registry: a controlled roll-out without the forest's object."""
    try:
        tenants = [registry.of(client).value(CLIENT_SIDE_KEY, "TenantId") for client in design.clients.samples]
    except FactUnavailable:
        return False
    return bool(tenants) and all(tenants)


@check(
    "HYB010",
    severity=Severity.HIGH,
    step="Prerequisites: Azure services and environment",
    refs=[_MANUAL],
    applies=_scope.hybrid_join,
)
def service_connection_point_exists(point: ServiceConnectionPoint, registry: HostRegistry, design: Design) -> Findings:
    """The forest has a service connection point for hybrid join.

    Why: Domain-joined Windows finds its Entra tenant there; without it no device joins, and none can enrol.
    Remedy: In Microsoft Entra Connect run Configure device options > Configure Hybrid Microsoft Entra ID join, and let
    it configure the SCP for the forest. For a controlled roll-out set TenantId and TenantName on the clients instead.
    """
    if not point.exists and _named_by_clients(design, registry):
        raise NotApplicable("the sample clients name the tenant in their own registry: a controlled roll-out")
    yield require(point, point.exists, expected="exists", actual="no such object")


@check(
    "HYB020",
    severity=Severity.HIGH,
    step="Prerequisites: Azure services and environment",
    refs=[_MANUAL],
    after=["HYB010"],
    applies=_scope.hybrid_join,
)
def service_connection_point_names_the_tenant(point: ServiceConnectionPoint, tenant: Tenant) -> Findings:
    """The service connection point names this tenant, by its id and by one of its verified domains.

    Why: Devices join the tenant that stands there: another one, or none where the name is not verified.
    Remedy: Run Configure device options in Microsoft Entra Connect again, or set the attribute `keywords` of
    CN=62a0ff2e-97b9-4513-943f-0d221bd30080 to `azureADId:<tenant id>` and `azureADName:<verified domain>`.
    """
    if not point.exists:
        raise NotApplicable("the forest has no service connection point")
    domains = tuple(domain.name.casefold() for domain in tenant.domains)
    yield require(
        f"{point.label}: azureADId",
        point.tenant_ids == (tenant.id.casefold(),),
        expected=tenant.id,
        actual=point.tenant_ids,
        evidence=(point.evidence, tenant.evidence),
    )
    yield require(
        f"{point.label}: azureADName",
        bool(point.tenant_names) and set(point.tenant_names) <= set(domains),
        expected=domains,
        actual=point.tenant_names,
        evidence=(point.evidence, tenant.evidence),
    )


@check(
    "HYB030",
    severity=Severity.HIGH,
    step="Prerequisites: Azure services and environment",
    refs=[_STATUS],
    applies=_scope.hybrid_join,
)
def clients_are_hybrid_joined(states: JoinStates, design: Design) -> Findings:
    """Sample clients are joined to the domain and to Entra ID.

    Why: A client without both cannot enrol into Intune as a co-managed device.
    Remedy: On the client run `dsregcmd /status` and read Diagnostic Data: error phase `discover` points at the service
    connection point or the network, `0x801c03f2` at a device that is not synchronised yet (its OU, Entra Connect).
    """
    for client in _clients(design):
        try:
            state = states.of(client)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        if state.hybrid_joined is None:
            why = "AzureAdJoined or DomainJoined is not said"
            yield cannot_tell(client, why, cure=_COLLECT, evidence=_line(client, state, "azureadjoined"))
            continue
        yield require(
            client,
            state.hybrid_joined,
            expected="AzureAdJoined YES, DomainJoined YES",
            actual=f"AzureAdJoined {_word(state.entra_joined)}, DomainJoined {_word(state.domain_joined)}",
            evidence=_line(client, state, "azureadjoined"),
        )


@check(
    "HYB040",
    severity=Severity.HIGH,
    step="Prerequisites: Azure services and environment",
    refs=[_STATUS],
    after=["HYB030"],
    applies=_scope.hybrid_join,
)
def clients_are_joined_to_this_tenant(states: JoinStates, tenant: Tenant, design: Design) -> Findings:
    """Sample clients are joined to this tenant.

    Why: A device that was left in an earlier tenant does not enrol in this one (0x8018002b).
    Remedy: On the client, elevated, run `dsregcmd /leave`, restart it, and let it join again; see the service
    connection point first.
    """
    for client in _clients(design):
        try:
            state = states.of(client)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        evidence = _line(client, state, "tenantid")
        if not state.tenant_id:
            yield cannot_tell(client, "TenantId is not said", cure=_COLLECT, evidence=evidence)
            continue
        same = state.tenant_id == tenant.id.casefold()
        sides = (evidence, tenant.evidence)
        yield require(client, same, expected=tenant.id, actual=state.tenant_id, evidence=sides)


@check(
    "HYB050",
    severity=Severity.MEDIUM,
    step="Configure auto-enrollment of devices to Intune",
    refs=[_STATUS],
    after=["HYB040"],
    applies=_scope.hybrid_join,
)
def clients_know_the_mdm(states: JoinStates, design: Design) -> Findings:
    """The tenant tells sample clients where to enrol.

    Why: Without an MDM URL automatic enrolment has no address. (With one, the device need not be enrolled yet.)
    Remedy: Give the signed-in user an Intune licence and add the user to the MDM user scope (Intune admin centre >
    Devices > Enrollment > Automatic Enrollment); collect `dsregcmd /status` as that user.
    """
    for client in _clients(design):
        try:
            state = states.of(client)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        evidence = _line(client, state, "mdmurl")
        if state.mdm_url is None:
            yield cannot_tell(client, "the output of dsregcmd breaks off", cure=_COLLECT, evidence=evidence)
        elif state.mdm_url or state.by_user:
            yield require(
                client, bool(state.mdm_url), expected="an MdmUrl", actual="MdmUrl is empty", evidence=evidence
            )
        else:
            why = "dsregcmd ran by WinRM, and for its account there is no MDM; for the client's user there may be"
            yield cannot_tell(client, why, cure=_COLLECT, evidence=evidence)


@check(
    "HYB060",
    severity=Severity.MEDIUM,
    step="Prerequisites: Azure services and environment",
    refs=[_STATUS],
    after=["HYB030"],
    applies=_scope.hybrid_join,
)
def client_devices_are_enabled(states: JoinStates, design: Design) -> Findings:
    """Entra ID still accepts the device certificates of sample clients.

    Why: A device that was disabled or deleted in Entra ID says that it is joined, and cannot sign in or enrol.
    Remedy: Enable the device in the Entra admin centre > Devices; where it was deleted, run `dsregcmd /leave` on the
    client, elevated, and restart it.
    """
    for client in _clients(design):
        try:
            state = states.of(client)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        answer = state.device_authentication
        evidence = _line(client, state, "deviceauthstatus")
        if not answer.upper().startswith(("SUCCESS", "FAILED. DEVICE IS")):
            why = f"DeviceAuthStatus is {answer}" if answer else "DeviceAuthStatus is not said (Windows before 21H1)"
            yield cannot_tell(
                client, why, cure="Run `dsregcmd /status` on line, on a current Windows.", evidence=evidence
            )
            continue
        yield require(
            client,
            answer.upper().startswith("SUCCESS"),
            expected="DeviceAuthStatus: SUCCESS",
            actual=answer,
            evidence=evidence,
        )


@check(
    "HYB070",
    severity=Severity.MEDIUM,
    step="Prerequisites: Azure services and environment",
    refs=[_MANUAL],
    applies=_scope.hybrid_join,
)
def computers_have_a_registration_certificate(
    computers: Computers, states: JoinStates, tenant: Tenant, design: Design
) -> Findings:
    """The computer accounts of sample clients carry the certificate with which they join.

    Why: Entra Connect synchronises only computers with `userCertificate`; without it a device waits for ever
    (0x801c03f2). In a federated domain the device joins without it.
    Remedy: On the client run the scheduled task Microsoft > Windows > Workplace Join > Automatic-Device-Join; the
    client must reach enterpriseregistration.windows.net as SYSTEM. Then wait for the next synchronisation.
    """
    if any(domain.type == "Federated" for domain in tenant.domains):
        raise NotApplicable("the tenant has a federated domain, in which devices join without synchronisation")
    for client in _clients(design):
        computer = computers.on(client)
        if computer is None or computer.user_certificates is None:
            why = "the directory showed no computer of that name, or not its userCertificate"
            yield cannot_tell(client, why, cure="Read the client's domain as well, with the attribute userCertificate.")
            continue
        joined = _is_joined(states, client)
        yield require(
            computer,
            joined or computer.user_certificates > 0,
            expected="userCertificate is filled",
            actual="it is empty, and the device is not joined",
        )


@check(
    "HYB080",
    severity=Severity.LOW,
    step="Prerequisites: Azure services and environment",
    refs=[_JOINED],
    after=["HYB030"],
    applies=_scope.hybrid_join,
)
def clients_are_not_registered_as_well(states: JoinStates, design: Design) -> Findings:
    """No user's work account is registered on sample clients beside their hybrid join.

    Why: The device is then in Entra ID twice, once managed and once not, and rules for devices may take the wrong one.
    Remedy: Signed in as that user, open Settings > Accounts > Access work or school, and disconnect the account; before
    the next devices join, set BlockAADWorkplaceJoin to 1 in
    HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WorkplaceJoin.
    """
    for client in _clients(design):
        try:
            state = states.of(client)
        except FactUnavailable as error:
            yield unavailable(client, error)
            continue
        evidence = _line(client, state, "workplacejoined")
        if state.registered is None or not (state.registered or state.by_user):
            why = (
                "WorkplaceJoined is not said" if state.registered is None else "dsregcmd ran by WinRM, for its account"
            )
            yield cannot_tell(client, why, cure=_COLLECT, evidence=evidence)
        else:
            yield require(
                client,
                not state.registered,
                expected="WorkplaceJoined: NO",
                actual="WorkplaceJoined: YES",
                evidence=evidence,
            )


def _is_joined(states: JoinStates, client: str) -> bool:
    """Already joined: then it has had what it needed."""
    try:
        return states.of(client).entra_joined is True
    except FactUnavailable:
        return False


def _word(value: bool | None) -> str:
    return "not said" if value is None else "YES" if value else "NO"


def _line(client: str, state: JoinState, key: str) -> Evidence:
    number = state.lines.get(key)
    return place(client, "dsregcmd", f"line {number}" if number else "")
