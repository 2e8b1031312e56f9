"""Intune's policies and apps of each co-management workload: as many as the site's part of the estate counts.

The lists and types are those of Intune in Graph (device configuration, compliance, apps); of each there is one more
that nobody is assigned, which must not be counted.
"""

from __future__ import annotations

from tests.lab.estate import Estate
from tests.lab.servers.cloud_filter import Row

_TARGET = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}


def sets(estate: Estate) -> dict[str, list[Row]]:
    """The rows by the path after the version."""
    profiles = (
        *_assigned(estate, "device-configuration", "windows10GeneralConfiguration"),
        *_assigned(estate, "endpoint-protection", "windows10EndpointProtectionConfiguration"),
        *_assigned(estate, "windows-update", "windowsUpdateForBusinessConfiguration"),
    )
    return {
        "deviceManagement/deviceCompliancePolicies": _assigned(estate, "compliance", "windows10CompliancePolicy"),
        "deviceManagement/deviceConfigurations": [*profiles],
        "deviceManagement/configurationPolicies": [
            {
                "id": "cccccccc-0000-4000-9000-000000000001",
                "name": "Nobody's settings",
                "platforms": "windows10",
                "technologies": "mdm",
                "templateReference": {"templateId": "", "templateFamily": "none"},
                "assignments": [],
            }
        ],
        "deviceManagement/groupPolicyConfigurations": [],
        "deviceManagement/intents": [
            {"id": "cccccccc-0000-4000-9000-000000000002", "displayName": "Nobody's baseline", "isAssigned": False}
        ],
        "deviceManagement/windowsFeatureUpdateProfiles": [],
    }


def apps(estate: Estate) -> list[Row]:
    """Apps of types for which the recorder's list of possible clients does not ask."""
    universal = _assigned(estate, "client-apps", "windowsUniversalAppX")
    return [*universal, *_assigned(estate, "office", "officeSuiteApp")]


def _assigned(estate: Estate, workload: str, type: str) -> list[Row]:
    count = estate.site.intune_policies.get(workload) or 0
    return [
        {
            "@odata.type": f"#microsoft.graph.{type}",
            "id": f"cccccccc-{number:04d}-4000-8000-{sum(type.encode()):012d}",
            "displayName": f"{workload} {number}",
            "assignments": [{"id": f"{workload}_{number}", "target": _TARGET}] if number < count else [],
        }
        for number in range(count + 1)
    ]
