"""What the logs of site servers and clients say last: success, failure, or still under way.

An observation ``log/<server>/<file>`` is a log file as text. Each fact here is one log of every server that has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self

from msgspec import Struct

from comgmt_audit import log_catalogue
from comgmt_audit.errors import NotRecorded
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.log_states import LogState, Reader, files, state
from comgmt_audit.log_catalogue import Kind

if TYPE_CHECKING:
    from comgmt_audit.log_catalogue.own import OwnEntry


class Logs(Struct, frozen=True, kw_only=True):
    """One log of every server that has it."""

    needs: ClassVar[tuple[str, ...]] = ("log/",)
    log: ClassVar[str]
    states: tuple[LogState, ...]

    def __iter__(self) -> Iterator[LogState]:
        return iter(self.states)

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The states, by server. Raises NotRecorded where no server's log is in the recording."""
        found = files(environment).get(cls.log, {})
        if not found:
            known = log_catalogue.log(cls.log)
            raise NotRecorded(
                f"the recording has no {known.title}",
                f"Hand in {known.title} ({known.where}, {known.folder}) and its roll-over .lo_, then record again.",
                f"log/*/{cls.log}.log",
            )
        return cls(states=tuple(state(environment, cls.log, server, ids) for server, ids in sorted(found.items())))


class DiscoveryLogs(Logs, frozen=True, kw_only=True):
    """SMS_AZUREAD_DISCOVERY_AGENT.log: the discovery of users in Entra ID."""

    log: ClassVar[str] = "sms_azuread_discovery_agent"


class CloudManagerLogs(Logs, frozen=True, kw_only=True):
    """CloudMgr.log: deployment and maintenance of the cloud services."""

    log: ClassVar[str] = "cloudmgr"


class ConnectionPointLogs(Logs, frozen=True, kw_only=True):
    """SMS_Cloud_ProxyConnector.log: the CMG connection point."""

    log: ClassVar[str] = "sms_cloud_proxyconnector"


class ManagementPointLogs(Logs, frozen=True, kw_only=True):
    """mpcontrol.log: the site's own test of its management points."""

    log: ClassVar[str] = "mpcontrol"


class _Samples(Logs, frozen=True, kw_only=True):
    """One log of the clients that were handed in; there may be none."""

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The states, by client: a sample, so having none is in order."""
        found = files(environment).get(cls.log, {})
        return cls(states=tuple(state(environment, cls.log, server, ids) for server, ids in sorted(found.items())))


class CoManagementLogs(_Samples, frozen=True, kw_only=True):
    """CoManagementHandler.log of the sampled clients."""

    log: ClassVar[str] = "comanagementhandler"


class LocationLogs(_Samples, frozen=True, kw_only=True):
    """LocationServices.log of the sampled clients: which management points they use."""

    log: ClassVar[str] = "locationservices"


class OwnLogs(Logs, frozen=True, kw_only=True):
    """What the user's own lines say of the logs that they name.

    ``unseen``: logs of which no file was recorded. ``with_success``: logs of which a line says success.
    """

    unseen: tuple[str, ...] = ()
    with_success: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The states, by log and server. Raises NotRecorded where a recording is judged without the user's files."""
        if environment.design.logs.catalogues and not environment.own_lines:
            raise NotRecorded(
                f"the log lines of {', '.join(environment.design.logs.catalogues)} do not travel with the recording",
                "Judge it by the comgmt.toml that names them: add the key recording at its top.",
            )
        from comgmt_audit.log_catalogue import own

        lines: dict[str, list[OwnEntry]] = {}
        for line in environment.own_lines:
            lines.setdefault(line.log, []).append(line)
        found = files(environment)
        return cls(
            states=tuple(
                state(environment, log, server, ids, Reader(entries, own.likely(entries)))
                for log, entries in sorted(lines.items())
                for server, ids in sorted(found.get(log, {}).items())
            ),
            unseen=tuple(sorted(lines.keys() - found.keys())),
            with_success=frozenset(line.log for line in environment.own_lines if line.kind is Kind.SUCCESS),
        )
