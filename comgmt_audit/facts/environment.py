"""What facts are read from: a recording, the declared design, and the baseline."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, TypeVar, cast

from msgspec import Struct

from comgmt_audit.baselines import Baseline
from comgmt_audit.design import Design
from comgmt_audit.recording import Recording

if TYPE_CHECKING:
    from comgmt_audit.log_catalogue.own import OwnEntry


class Fact(Protocol):
    """A typed view that reads itself from the environment.

    ``needs`` names the observations it reads (an id, or a prefix that ends in ``/``): what a recorder must ask for,
    and which permission a check costs.
    """

    needs: ClassVar[tuple[str, ...]]

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The fact. Raises FactUnavailable where it cannot be had."""


F = TypeVar("F")


class Environment:
    """A recording with its design and baseline; reads each fact once, and remembers a failure or crash as well.

    ``own_lines`` are the log lines of the files that the design names; they do not travel with a recording.
    """

    def __init__(
        self, recording: Recording, design: Design, baseline: Baseline, own_lines: tuple[OwnEntry, ...] = ()
    ) -> None:
        self.recording = recording
        self.design = design
        self.baseline = baseline
        self.own_lines = own_lines
        self.now = recording.manifest.recorded_at
        self._facts: dict[type, object] = {}
        self._failures: dict[type, tuple[Exception, TracebackType | None]] = {}

    def fact(self, type: type[F]) -> F:
        """The fact of that type (also Design and Baseline). Raises FactUnavailable."""
        if type is Design:
            return cast("F", self.design)
        if type is Baseline:
            return cast("F", self.baseline)
        if type in self._failures:
            error, trace = self._failures[type]
            raise error.with_traceback(trace)  # as it was at first, or it would grow with every check that asks
        if type not in self._facts:
            try:
                self._facts[type] = cast("Fact", type).read(self)
            except Exception as error:
                self._failures[type] = error, error.__traceback__
                raise
        return cast("F", self._facts[type])

    def seen(self, type: type[F]) -> tuple[F, ...]:
        """The facts of that type (or of types that are one) that were asked for and could be had."""
        return tuple(fact for fact in self._facts.values() if isinstance(fact, type))


class Now(Struct, frozen=True):
    """The time of the recording (UTC): what checks compare dates with, so that a recording does not rot."""

    needs: ClassVar[tuple[str, ...]] = ()
    time: dt.datetime

    @classmethod
    def read(cls, environment: Environment) -> Now:
        """The recording's time."""
        return cls(environment.now)

    def in_days(self, days: float) -> dt.datetime:
        """The time that many days ahead (or, negative, ago)."""
        return self.time + dt.timedelta(days=days)
