"""The clocks of the servers, as far as each was ahead of the computer that recorded (``docs/recording/clocks.md``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

GRAPH = "Microsoft Graph"
CLOCKS = {
    "graph/clock": GRAPH,
    "directory/clock": "the domain controller",
    "site/clock": "the SMS Provider",
}
"""By observation, what has that clock. The first that is known is what the others are compared with: Microsoft's own
clock, or else the one by which Windows sets all clocks of a domain."""


class _Raw(Struct, frozen=True):
    server: str
    ahead: int


class Clock(Struct, frozen=True, kw_only=True):
    """A server's clock; ``ahead``: whole seconds, negative where it is behind the computer that recorded."""

    kind: str
    server: str
    ahead: int
    evidence: Evidence

    @property
    def label(self) -> str:
        """What it is, and the server's name."""
        return f"clock of {self.kind}" if self.kind == GRAPH else f"clock of {self.kind} {self.server}"


class Clocks(Struct, frozen=True, kw_only=True):
    """Those that were told, in the order of CLOCKS, and why others were not."""

    needs: ClassVar[tuple[str, ...]] = tuple(CLOCKS)
    clocks: tuple[Clock, ...]
    untold: tuple[tuple[str, FactUnavailable], ...]

    def __iter__(self) -> Iterator[Clock]:
        return iter(self.clocks)

    @classmethod
    def read(cls, environment: Environment) -> Clocks:
        """All that can be had; one that is missing does not stop the others. Raises FactUnavailable where none is."""
        found: list[Clock] = []
        untold: list[tuple[str, FactUnavailable]] = []
        for id, kind in CLOCKS.items():
            try:
                raw = environment.recording.json(id, _Raw)
            except FactUnavailable as error:
                untold.append((kind, error))
            else:
                found.append(Clock(kind=kind, server=raw.server, ahead=raw.ahead, evidence=Evidence(id, "/ahead")))
        if not found:
            raise untold[0][1]
        return cls(clocks=tuple(found), untold=tuple(untold))
