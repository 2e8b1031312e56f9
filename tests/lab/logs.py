"""Contoso's logs, framed as Configuration Manager frames them: site servers ``$$<``, clients ``<![LOG[``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter
from tests.lab.names import NOW

if TYPE_CHECKING:
    from tests.lab.estate import Estate

BIAS = -60
"""Minutes that, added to local time, give UTC: the lab's servers stand in Central Europe, in winter."""

Lines = tuple[tuple[float, str], ...]
"""Lines of a log: hours before the recording, and the message."""


class Log(Struct, frozen=True, kw_only=True):
    """One log: *rolled* is its ``.lo_`` (none where empty), *current* the ``.log``."""

    current: Lines
    rolled: Lines = ()
    complete: bool = True


PUBLISHED = "Successfully published UDX for Azure Active Directory users"
ANSWERED = (
    "MessageID: 0b7c RequestURI: https://MP01.corp.contoso.com/CCM_STS EndpointName: CCM_STS "
    "ResponseHeader: HTTP/1.1 200 OK ~~ ResponseBodySize: 0 ElapsedTime: 3 ms"
)
MP_ANSWERED = "Call to HttpSendRequestSync succeeded for port 443 with status code 200, text: OK"


class Logs(Struct, frozen=True, kw_only=True):
    """Healthy by default."""

    discovery: Log = Log(
        rolled=(
            (260, "Retrieving AAD discovery settings from database..."),
            (259.9, "AAD USER full sync initialized for tenant 72f988bf, with server CM01"),
            (259.5, PUBLISHED),
        ),
        current=(
            (26, "Retrieving AAD discovery settings from database..."),
            (25.9, "AAD USER delta sync initialized for tenant 72f988bf, with server CM01"),
            (25.8, PUBLISHED),
            (25.8, "AAD USER delta sync completed successfully at 4:12:00 AM."),
            (0.5, "Retrieving AAD discovery settings from database..."),
        ),
    )
    cloud_manager: Log = Log(
        current=(
            (250, "Waiting for check if container exists. Will check again in 10 seconds"),
            (
                30,
                "Resource Manager - Creating Public IP Address CONTOSOCMG with deployment CreatePublicIPAddress7f3e~~",
            ),
            (30, "ERROR: Exception occured for service CONTOSOCMG : System.AggregateException: One or more errors.~~"),
            (30, "TaskManager: Task [Deployment Maintenance for service CONTOSOCMG] status is Faulted~~"),
            (30, "ERROR: TaskManager: Task [Deployment Maintenance for service CONTOSOCMG] has failed. Exception"),
            (1, "TaskManager: 0 tasks are waiting"),
        ),
    )
    connection_point: Log = Log(
        current=(
            (200, "Filtered cert count with digital signature: 3"),
            (200, "Filtered cert count with client auth: 1"),
            (3, "Maintaining connections..."),
            (2, ANSWERED),
        ),
    )
    management_point: Log = Log(
        current=(
            (100, "Call to HttpSendRequestSync failed for port 443 with status code 500, text: Internal Server Error"),
            (99.8, MP_ANSWERED),
            (0.2, MP_ANSWERED),
        ),
    )
    co_management: Log = Log(
        current=(
            (90, "Queuing enrollment timer to fire at 11/21/2026 06:12:00 local time"),
            (70, "Enrolling device to MDM... Try #1 out of 3"),
            (69.9, "MDM enrollment succeeded"),
            (4, "Device is provisioned"),
            (4, "State ID and report detail hash are not changed. No need to resend."),
        ),
    )
    client_gateway: str | None = ""
    """Of which gateway the client's LocationServices.log tells; empty: Contoso's; ``None``: of none."""


def _location(estate: Estate) -> Log:
    """The log of a client that was out of the network once."""
    lines: tuple[tuple[float, str], ...] = ((80, "Domain joined client is in Intranet"),)
    gateway = estate.logs.client_gateway
    if gateway is not None:
        place = f"https://{gateway or estate.names.gateway_service}/CCM_Proxy_MutualAuth/72057594037928100"
        chosen = f"Rotating internet management point, new management point [1] is: {place} (0) with capabilities: "
        lines += ((30, "Domain joined client is in Internet"), (30, f"{chosen}<Capabilities/>"))
    return Log(current=lines)


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write the logs of the site server, the management point and one client."""
    logs, names = estate.logs, estate.names
    for server, log, component, frame, name in (
        (names.site_server, logs.discovery, "SMS_AZUREAD_DISCOVERY_AGENT", server_line, "SMS_AZUREAD_DISCOVERY_AGENT"),
        (names.site_server, logs.cloud_manager, "SMS_CLOUD_SERVICES_MANAGER", server_line, "CloudMgr"),
        (names.site_server, logs.management_point, "SMS_MP_CONTROL_MANAGER", server_line, "mpcontrol"),
        (
            names.management_point,
            logs.connection_point,
            "SMS_CLOUD_PROXYCONNECTOR",
            server_line,
            "SMS_Cloud_ProxyConnector",
        ),
        (names.client, logs.co_management, "CoManagementHandler", client_line, "CoManagementHandler"),
        (names.client, _location(estate), "LocationServices", client_line, "LocationServices"),
    ):
        for lines, suffix in ((log.rolled, "lo_"), (log.current, "log")):
            if not lines and suffix == "lo_":
                continue
            text = "".join(frame(hours, message, component, estate.at) for hours, message in lines)
            writer.text(
                f"log/{server.lower()}/{name.lower()}.{suffix}",
                text,
                source="log",
                request=f"{name}.{suffix} of {server}",
                about={
                    "path": f"Logs\\{name}.{suffix}",
                    "encoding": "utf-8",
                    "size": len(text.encode()),
                    "complete": log.complete,
                },
            )


def server_line(hours_ago: float, message: str, component: str, now: dt.datetime = NOW) -> str:
    """A record as site servers write it."""
    return f"{message}  $$<{component}><{_local(hours_ago, now):%m-%d-%Y %H:%M:%S.000}{BIAS}><thread=4711 (0x1267)>\r\n"


def client_line(hours_ago: float, message: str, component: str, now: dt.datetime = NOW) -> str:
    """A record as clients write it."""
    at = _local(hours_ago, now)
    return (
        f'<![LOG[{message}]LOG]!><time="{at:%H:%M:%S.000}{BIAS}" date="{at:%m-%d-%Y}" component="{component}"'
        ' context="" type="1" thread="4711" file="handler.cpp:100">\r\n'
    )


def _local(hours_ago: float, now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(hours=hours_ago) - dt.timedelta(minutes=BIAS)
