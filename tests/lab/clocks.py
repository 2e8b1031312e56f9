"""The clocks of Contoso's servers and of Microsoft Graph, against that of the computer that records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate


class Clocks(Struct, frozen=True, kw_only=True):
    """Seconds by which each is ahead; healthy by default."""

    graph: int = 0
    directory: int = 1
    site: int = -2


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what each source's answers tell of the time there."""
    clocks, names = estate.clocks, estate.names
    told = {
        "graph": ("graph.microsoft.com", clocks.graph, "the time of graph.microsoft.com"),
        "directory": (f"dc01.{names.ad_domain}", clocks.directory, "LDAP search rootDSE (currentTime)"),
        "site": (names.site_server.lower(), clocks.site, f"the time of {names.site_server}"),
    }
    for source, (server, ahead, request) in told.items():
        writer.json(f"{source}/clock", {"server": server, "ahead": ahead}, source=source, request=request)
