"""Contoso's Conditional Access policies (Microsoft Graph)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comgmt_audit.recording import RecordingWriter
    from tests.lab.estate import Estate

INTUNE_ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"


def policy(
    name: str,
    *controls: str,
    state: str = "enabled",
    applications: tuple[str, ...] = ("All",),
    excluded: tuple[str, ...] = (),
    users: tuple[str, ...] = ("All",),
    clients: tuple[str, ...] = ("all",),
    actions: tuple[str, ...] = (),
    **conditions: Any,
) -> dict[str, Any]:
    """A policy; *conditions* are further ones, such as locations."""
    return {
        "id": f"abababab-0000-4000-8000-{sum(map(ord, name)):012d}",
        "displayName": name,
        "state": state,
        "conditions": {
            "clientAppTypes": list(clients),
            "applications": {
                "includeApplications": list(applications),
                "excludeApplications": list(excluded),
                "includeUserActions": list(actions),
            },
            "users": {"includeUsers": list(users), "excludeUsers": [], "includeGroups": [], "excludeGroups": []},
            "platforms": None,
            "locations": None,
            "signInRiskLevels": [],
            **conditions,
        },
        "grantControls": {"operator": "OR", "builtInControls": list(controls)} if controls else None,
    }


LEGACY = policy("Block legacy authentication", "block", clients=("exchangeActiveSync", "other"))
TRIAL = policy("Block outside the office (trial)", "block", state="enabledForReportingButNotEnforced")


def healthy(server_app: str) -> tuple[dict[str, Any], ...]:
    """Multi-factor sign-in for everything but the server app, legacy authentication blocked, and one on trial."""
    return policy("Require MFA", "mfa", excluded=(server_app,)), LEGACY, TRIAL


def _id(row: Any) -> str:
    return str(row["id"])


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about the policies."""
    found = estate.tenant.access_policies
    rows = healthy(estate.names.server_app_id) if found is None else found
    writer.lines(
        "graph/conditional-access-policies",
        sorted(rows, key=_id),
        source="graph",
        request="GET /v1.0/identity/conditionalAccess/policies?$select=id,displayName,state,conditions,grantControls",
    )
