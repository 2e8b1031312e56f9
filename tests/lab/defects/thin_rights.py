"""What no longer can be told of a site that shows the scanner's account some of its rows only."""

from __future__ import annotations

SWITCHED = "workload compliance"
"""The workload that Contoso has switched to Intune, for its pilot."""
NOT_SWITCHED = (
    "workload client-apps",
    "workload device-configuration",
    "workload endpoint-protection",
    "workload office",
    "workload windows-update",
)

THIN_RIGHTS: dict[str, str | tuple[str, ...]] = {
    "AZS030": "onboarded tenants",
    "CDP020": "site/SMS_AzureService",
    "COM050": NOT_SWITCHED,
    "COM060": NOT_SWITCHED,
    "COM070": "co-management",
}
"""``unassessed`` of every defect whose account has thin rights, beside what the defect hides."""
