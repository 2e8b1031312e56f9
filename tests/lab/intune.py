"""Contoso's Intune: enrolment scopes, restrictions, the client's app, and managed devices (Microsoft Graph)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate

INTUNE = "0000000a-0000-0000-c000-000000000000"
ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
URLS = {
    "discoveryUrl": "https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc",
    "termsOfUseUrl": "https://portal.manage.microsoft.com/TermsofUse.aspx",
    "complianceUrl": "https://portal.manage.microsoft.com/?portalAction=Compliance",
}


class Scope(Struct, frozen=True, kw_only=True):
    """An MDM or MAM user scope. ``groups``: ids; empty for selected: the pilot's; ``None``: not answered."""

    applies_to: str = "selected"
    groups: tuple[str, ...] | None = ("",)
    urls: Mapping[str, str | None] = {}
    """Replaces URLs by name."""


def device(name: str, number: int, agent: str | None = "configurationManagerClientMdm", **more: Any) -> dict[str, Any]:
    """A row of managedDevices."""
    return {
        "id": f"88888888-0000-4000-8000-{number:012d}",
        "deviceName": name,
        "azureADDeviceId": f"99999999-0000-4000-8000-{number:012d}",
        "managementAgent": agent,
        "deviceEnrollmentType": "windowsCoManagement",
        "complianceState": "compliant",
        "managementState": "managed",
        "operatingSystem": "Windows",
        "osVersion": "10.0.26100.4602",
        "userPrincipalName": "",
        **more,
    }


PHONE = device("Adele's phone", 3, "mdm", deviceEnrollmentType="userEnrollment", operatingSystem="iOS")


class Intune(Struct, frozen=True, kw_only=True):
    """Healthy by default: scope Some with the pilot's group, one app for the client, two co-managed PCs and a phone."""

    mdm: Scope = Scope()
    mam: Scope = Scope(applies_to="none", groups=())
    enrolment: Scope | None = Scope(applies_to="all", groups=())
    """The scope of Microsoft Intune Enrollment; ``None``: the tenant has no such application."""
    windows_blocked: bool | None = False
    personal_blocked: bool = True
    app: bool = True
    app_properties: dict[str, Any] = {}
    """Replaces properties of the app."""
    command_line: str = ""
    """Empty: as the console shows it."""
    policy: str | None = None
    """The command line of a co-management settings policy; ``None``: there is none."""
    policy_installs: bool | None = True
    assignments: tuple[tuple[str, str, str], ...] | None = (("required", "group", ""),)
    """Intent, kind (group, exclusion, allDevices, allLicensedUsers), and group id (empty: the bootstrap group)."""
    devices: tuple[dict[str, Any], ...] = (device("PC-0001", 1), device("PC-0002", 2), PHONE)


def command_line(estate: Estate) -> str:
    """The line that the console shows for this estate; the tutorial's has the applications in it as well."""
    names = estate.names
    gateway = f"CCMHOSTNAME={names.gateway_service}/CCM_Proxy_MutualAuth/{names.management_point_role_id}"
    apps = f" AADRESOURCEURI={names.app_id_uri} AADCLIENTAPPID={names.client_app_id}"
    more = apps if estate.design["baseline"] == "tutorial-2018" else ""
    return f'CCMSETUPCMD="{gateway} SMSSITECODE={names.site_code}{more}"'


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about Intune."""
    intune = estate.intune
    mdm = [_policy(estate, INTUNE, "Microsoft Intune", intune.mdm)]
    if intune.enrolment:
        mdm.append(_policy(estate, ENROLMENT, "Microsoft Intune Enrollment", intune.enrolment))
    for kind, name, rows in (
        ("mdm", "mobileDeviceManagementPolicies", mdm),
        ("mam", "mobileAppManagementPolicies", [_policy(estate, INTUNE, "Microsoft Intune", intune.mam)]),
    ):
        request = f"GET /beta/policies/{name}?$expand=includedGroups($select=id,displayName)"
        writer.lines(f"graph/{kind}-policies", rows, source="graph", request=request)
    writer.lines(
        "graph/enrolment-configurations",
        _configurations(estate),
        source="graph",
        request="GET /beta/deviceManagement/deviceEnrollmentConfigurations?$expand=assignments",
    )
    writer.lines(
        "graph/mobile-apps",
        [*([_app(estate)] if intune.app else []), _other_app()],
        source="graph",
        request="GET /v1.0/deviceAppManagement/mobileApps"
        "?$filter=isof('microsoft.graph.windowsMobileMSI') or isof('microsoft.graph.win32LobApp')&$expand=assignments",
    )
    writer.lines(
        "graph/managed-devices",
        intune.devices,
        source="graph",
        request="GET /v1.0/deviceManagement/managedDevices?$select=id,deviceName,azureADDeviceId,managementAgent,"
        "deviceEnrollmentType,complianceState,managementState,operatingSystem,osVersion,userPrincipalName",
    )


def _policy(estate: Estate, id: str, name: str, scope: Scope) -> dict[str, Any]:
    groups = None if scope.groups is None else [group or estate.names.pilot_group_id for group in scope.groups]
    row = {
        "id": id,
        "appliesTo": scope.applies_to,
        "displayName": name,
        "description": f"Device Management Policy for {name}",
        "isValid": True,
        **URLS,
        **scope.urls,
    }
    if groups is None:
        return row
    return row | {"includedGroups": [{"id": group, "displayName": "MDM pilot users"} for group in groups]}


def _configurations(estate: Estate) -> list[dict[str, Any]]:
    intune = estate.intune
    account = "77777777-0000-4000-8000-000000000001"
    rows: list[dict[str, Any]] = [
        {
            "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration",
            "id": f"{account}_DefaultLimit",
            "displayName": "All users and all devices",
            "priority": 0,
            "limit": 15,
        },
        {
            "@odata.type": "#microsoft.graph.deviceEnrollmentPlatformRestrictionsConfiguration",
            "id": f"{account}_DefaultPlatformRestrictions",
            "displayName": "All users and all devices",
            "priority": 0,
            "windowsRestriction": {
                "platformBlocked": intune.windows_blocked,
                "personalDeviceEnrollmentBlocked": intune.personal_blocked,
                "osMinimumVersion": "",
            },
        },
    ]
    if intune.policy is not None:
        rows.append(
            {
                "@odata.type": "#microsoft.graph.deviceComanagementAuthorityConfiguration",
                "id": "aaaaaaaa-0000-4000-8000-000000000001_policy",
                "displayName": "Co-management settings",
                "priority": 1,
                "managedDeviceAuthority": 0,
                "installConfigurationManagerAgent": intune.policy_installs,
                "configurationManagerAgentCommandLineArgument": intune.policy,
                "assignments": _assignments(estate, intent=False),
            }
        )
    return rows


def _assignments(estate: Estate, *, intent: bool) -> list[dict[str, Any]] | None:
    if estate.intune.assignments is None:
        return None
    kinds = {"group": "group", "exclusion": "exclusionGroup"}
    rows = []
    for number, (wanted, kind, group) in enumerate(estate.intune.assignments):
        target = {"@odata.type": f"#microsoft.graph.{kinds.get(kind, kind)}AssignmentTarget"}
        if kind in kinds:
            target["groupId"] = group or estate.names.bootstrap_group_id
        rows.append({"id": f"x_{number}", "target": target, **({"intent": wanted} if intent else {})})
    return rows


def _app(estate: Estate) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.windowsMobileMSI",
        "id": "ffffffff-0000-4000-8000-000000000001",
        "displayName": "ConfigMgr Client Setup Bootstrap",
        "description": "Configuration Manager Client",
        "publisher": "Microsoft",
        "publishingState": "published",
        "committedContentVersion": "1",
        "fileName": "ccmsetup.msi",
        "size": 1843200,
        "commandLine": estate.intune.command_line or command_line(estate),
        "productCode": "{AAAAAAAA-0000-4000-8000-0000000000BB}",
        "productVersion": "5.0.9141.1000",
        "ignoreVersionDetection": True,
        "assignments": _assignments(estate, intent=True),
        **estate.intune.app_properties,
    }


def _other_app() -> dict[str, Any]:
    """An app that has nothing to do with it, and must not be taken for the client."""
    return {
        "@odata.type": "#microsoft.graph.win32LobApp",
        "id": "ffffffff-0000-4000-8000-000000000002",
        "displayName": "7-Zip",
        "description": "",
        "publisher": "",
        "publishingState": "published",
        "fileName": "7zip.intunewin",
        "setupFilePath": "7z.msi",
        "installCommandLine": "msiexec /i 7z.msi /qn",
        "assignments": [],
    }
