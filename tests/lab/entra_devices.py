"""Contoso's Windows devices as Entra ID knows them (Microsoft Graph)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate


def device(name: str, number: int, trust: str | None = "ServerAd", **more: Any) -> dict[str, Any]:
    """A row of devices."""
    return {
        "id": f"66666666-0000-4000-8000-{number:012d}",
        "deviceId": f"66666666-1111-4000-8000-{number:012d}",
        "displayName": name,
        "trustType": trust,
        "accountEnabled": True,
        "isManaged": trust == "ServerAd",
        **more,
    }


PRIVATE = device("Adele's laptop", 90, "Workplace")
HEALTHY = (device("PC001", 1), device("PC002", 2), PRIVATE)


class EntraDevices(Struct, frozen=True, kw_only=True):
    """Healthy by default: both computers of the pilot are hybrid joined, and somebody registered a laptop."""

    devices: tuple[dict[str, Any], ...] = HEALTHY


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about devices."""
    writer.lines(
        "graph/devices",
        estate.entra_devices.devices,
        source="graph",
        request="GET /v1.0/devices?$select=id,deviceId,displayName,trustType,accountEnabled,isManaged"
        "&$filter=operatingSystem eq 'Windows'&$top=999&$count=true",
    )
