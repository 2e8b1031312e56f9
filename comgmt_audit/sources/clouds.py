"""The national clouds of Microsoft: where to sign in, where Microsoft Graph and Azure Resource Manager are.

Source: Microsoft Graph, National cloud deployments; azure-mgmt-core, ``get_arm_endpoints`` (reference ``graph``,
section 12). GCC uses the public cloud. Tokens of one cloud are worth nothing in another.
"""

from __future__ import annotations

from msgspec import Struct

from comgmt_audit.connections import Cloud as Connection
from comgmt_audit.design import Cloud as Name


class Cloud(Struct, frozen=True, kw_only=True):
    """Addresses of one cloud, without a slash at the end."""

    authority: str
    graph: str
    arm: str
    arm_audience: str
    """What a token for Azure Resource Manager is for; in US Government it is not the address."""

    @property
    def graph_scope(self) -> str:
        """All rights in Microsoft Graph that were granted."""
        return f"{self.graph}/.default"

    @property
    def arm_scope(self) -> str:
        """All rights in Azure Resource Manager."""
        return f"{self.arm_audience}/.default"


CLOUDS: dict[Name, Cloud] = {
    "public": Cloud(
        authority="https://login.microsoftonline.com",
        graph="https://graph.microsoft.com",
        arm="https://management.azure.com",
        arm_audience="https://management.azure.com",
    ),
    "us-government": Cloud(
        # GCC High (L4). For DoD (L5), graph_root in comgmt.toml is https://dod-graph.microsoft.us.
        authority="https://login.microsoftonline.us",
        graph="https://graph.microsoft.us",
        arm="https://management.usgovcloudapi.net",
        arm_audience="https://management.core.usgovcloudapi.net",
    ),
    "china": Cloud(
        authority="https://login.chinacloudapi.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        arm="https://management.chinacloudapi.cn",
        arm_audience="https://management.chinacloudapi.cn",
    ),
}


def addresses(name: Name, connection: Connection) -> Cloud:
    """The declared cloud's addresses, with those that comgmt.toml replaces."""
    cloud = CLOUDS[name]
    return Cloud(
        authority=(connection.authority or cloud.authority).rstrip("/"),
        graph=(connection.graph_root or cloud.graph).rstrip("/"),
        arm=(connection.arm_root or cloud.arm).rstrip("/"),
        arm_audience=cloud.arm_audience,
    )
