"""What Contoso's site says of its clients: settings, collections, co-management, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tests.lab import people

if TYPE_CHECKING:
    from tests.lab.estate import Estate
    from tests.lab.site import Lines

Flag = bool | int | str | None
"""A yes or no in any of the ways in which real sites say it."""

_FIRST_DEVICE = 16777219
_FIRST_USER = 2063597568
_FIRST_POLICY = 16777305
_NAMESPACE = "http://schemas.microsoft.com/SystemsCenterConfigurationManager/2009/07/10/DesiredConfiguration"


INTUNE_POLICIES: dict[str, int | None] = {
    "client-apps": 4,
    "compliance": 3,
    "device-configuration": 5,
    "endpoint-protection": 2,
    "office": 1,
    "windows-update": 2,
}
"""How many policies or apps of each workload Contoso has assigned in Intune."""


class Settings(Struct, frozen=True, kw_only=True):
    """Custom client settings; without a name: those of the design."""

    name: str = ""
    priority: int | str = 1
    type: int = 1
    distribution_point: Flag = True
    gateway: Flag = True
    join: Flag = True
    cloud_group: bool = True
    groups_read: bool = True
    collections: tuple[str, ...] = ("",)
    """Ids; empty: the pilot collection."""


class Device(Struct, frozen=True, kw_only=True):
    """A member of the pilot; without a name: Contoso's client."""

    name: str = ""
    number: int = 0
    reported: bool = True
    enrolled: Flag = 1
    provisioned: Flag = 1
    policy_present: Flag = 1
    status_code: int | None = None
    user: str = "adele"
    """The primary user's account; empty: nobody's."""
    user_active: Flag = True


def record(estate: Estate, lines: Lines) -> None:
    """Write client settings, collections, co-management and its devices."""
    site, names = estate.site, estate.names
    lines.write("SMS_ClientSettings", [_settings(estate, n, s) for n, s in enumerate(site.settings)])
    assignments = [
        {
            "ClientSettingsID": names.client_settings_id + number,
            "CollectionID": collection or names.pilot_collection_id,
            "CollectionName": names.pilot_collection,
            "CreationTime": "2026-09-01T08:00:00Z",
        }
        for number, settings in enumerate(site.settings)
        for collection in settings.collections
    ]
    lines.write("SMS_ClientSettingsAssignment", assignments)
    if site.default_settings is not None:
        lines.writer.json(
            "site/default-client-settings",
            site.default_settings,
            source="site-files",
            request="files cloud.json",
        )
    lines.write("SMS_Collection", _collections(estate), query="$select=CollectionID,Name,MemberCount")
    _record_policies(estate, lines)
    states = [_state(device) for device in site.devices if device.reported]
    lines.write("SMS_Client_ComanagementState", states)
    if site.members_recorded:
        members = [
            {
                "CollectionID": names.pilot_collection_id,
                "Name": device.name or names.client.partition(".")[0],
                "ResourceID": _FIRST_DEVICE + device.number,
            }
            for device in site.devices
        ]
        query = f"$filter=CollectionID eq '{names.pilot_collection_id}'&$select=ResourceID,Name,CollectionID"
        lines.write("SMS_FullCollectionMembership", members, query=query)
    _record_affinity(estate, lines)
    lines.writer.lines(
        "graph/workload-policies",
        [{"workload": workload, "assigned": assigned} for workload, assigned in sorted(site.intune_policies.items())],
        source="graph",
        request="GET /beta/deviceManagement/deviceCompliancePolicies?$expand=assignments (and one list a workload)",
    )


def _record_affinity(estate: Estate, lines: Lines) -> None:
    """Who is the primary user of which device, and the users that the site has discovered."""
    site, netbios = estate.site, estate.names.netbios
    relationships = [
        {
            "IsActive": device.user_active,
            "ResourceID": _FIRST_DEVICE + device.number,
            "ResourceName": device.name or estate.names.client.partition(".")[0],
            "UniqueUserName": f"{netbios}\\{device.user}",
        }
        for device in (*site.devices, *site.others)
        if device.user
    ]
    lines.write(
        "SMS_UserMachineRelationship", relationships, query="$select=IsActive,ResourceID,ResourceName,UniqueUserName"
    )
    users = [
        {
            "ResourceID": _FIRST_USER + number,
            "SID": people.user_sid(estate, number),
            "UniqueUserName": f"{netbios}\\{name}",
        }
        for number, name in enumerate(people.NAMES)
        if name not in site.undiscovered
    ]
    lines.write("SMS_R_User", users, query="$select=ResourceID,SID,UniqueUserName")


def _settings(estate: Estate, number: int, settings: Settings) -> dict[str, Any]:
    agents: list[dict[str, Any]] = [{"AgentID": 13}]
    if settings.cloud_group:
        agents.append(
            {
                "AgentID": 22,
                "AllowCloudDP": settings.distribution_point,
                "AllowCMG": settings.gateway,
                "AutoAADJoin": settings.join,
            }
        )
    return {
        "AgentConfigurations": agents if settings.groups_read else None,
        "AssignmentCount": len(settings.collections),
        "Enabled": False,
        "FeatureType": 2,
        "Name": settings.name or estate.names.client_settings,
        "Priority": settings.priority,
        "SettingsID": estate.names.client_settings_id + number,
        "Type": settings.type,
    }


def _collections(estate: Estate) -> list[dict[str, Any]]:
    site, names = estate.site, estate.names
    return [
        {"CollectionID": "SMS00001", "MemberCount": 1204, "Name": "All Systems"},
        {"CollectionID": names.pilot_collection_id, "MemberCount": site.pilot_members, "Name": names.pilot_collection},
        {"CollectionID": "PS100099", "MemberCount": 0, "Name": "Nobody"},
    ]


def policy_xml(enrols: bool, flags: int | str | None) -> str:
    """A co-management policy in the shape that scripts read; the names of its rules but the first are made up."""
    return (
        f'<?xml version="1.0" encoding="utf-16"?><DesiredConfigurationDigest xmlns="{_NAMESPACE}">'
        "<ConfigurationPolicy><Rules>"
        '<Rule><Annotation><DisplayName ResourceId="AutoEnroll_Name"/></Annotation><Expression><Operands>'
        f'<ConstantValue DataType="Boolean" Value="{str(enrols).lower()}"/></Operands></Expression></Rule>'
        '<Rule><Annotation><DisplayName ResourceId="Allow_Name"/></Annotation><Expression><Operands>'
        '<ConstantValue DataType="Boolean" Value="true"/></Operands></Expression></Rule>'
        '<Rule><Annotation><DisplayName ResourceId="Capabilities_Name"/></Annotation><Expression><Operands>'
        f'<ConstantValue DataType="Int64" Value="{flags}"/></Operands></Expression></Rule>'
        "</Rules></ConfigurationPolicy></DesiredConfigurationDigest>"
    )


def _record_policies(estate: Estate, lines: Lines) -> None:
    """The policy for all, that of the pilot's enrolment, and one a workload in pilot."""
    site, pilot = estate.site, estate.names.pilot_collection_id
    policies: list[dict[str, Any]] = []
    assignments: list[dict[str, Any]] = []

    def add(name: str, assigned: bool, xml: str, collection: str) -> None:
        number = _FIRST_POLICY + len(policies)
        policies.append(
            {
                "CI_ID": number,
                "IsAssigned": assigned,
                "IsEnabled": True,
                "LocalizedDisplayName": name,
                "SDMPackageXML": xml if site.policy_xml == "" else site.policy_xml,
            }
        )
        if collection:
            assignments.append({"AssignedCIs": [number], "AssignmentID": number, "TargetCollectionID": collection})

    if site.co_management:
        add("CoMgmtSettingsProd", True, policy_xml(site.enrolment == "all", site.workload_flags), "SMS00001")
        enrolment = pilot if site.enrolment_deployed else ""
        add("CoMgmtSettingsPilotAutoEnroll", True, policy_xml(site.enrolment == "pilot", 1), enrolment)
        for suffix in site.pilot_workloads:
            collection = pilot if site.pilot_workloads_deployed else ""
            add(f"CoMgmtSettingsPilot{suffix}", True, policy_xml(False, 1), collection)
    lines.write("SMS_ConfigurationPolicy", policies)
    lines.write("SMS_ConfigurationPolicyAssignment", assignments)


def _state(device: Device) -> dict[str, Any]:
    return {
        "Authority": "Intune",
        "ComgmtPolicyPresent": device.policy_present,
        "EnrollmentStatusCode": device.status_code,
        "HybridAADJoined": 1,
        "MDMEnrolled": device.enrolled,
        "MDMProvisioned": device.provisioned,
        "MachineId": _FIRST_DEVICE + device.number,
        "ResourceID": _FIRST_DEVICE + device.number,
    }
