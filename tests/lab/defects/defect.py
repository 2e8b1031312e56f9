"""What a defect is."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from tests.lab.estate import Estate


class Defect(Struct, frozen=True, kw_only=True):
    """One named change to a healthy estate, and every outcome that it changes."""

    name: str
    """Stable, in kebab-case."""
    story: str
    """What is wrong, in a sentence."""
    estate: Callable[[], Estate]
    outcomes: dict[str, str]
    """Every check whose outcome changes: fail, not assessed, blocked, not applicable or pass."""
    subjects: dict[str, frozenset[str]] = {}
    """Of failing checks, where it is declared: the subjects that fail."""

    def failing(self) -> set[str]:
        """The ids of the checks that must fail."""
        return {id for id, outcome in self.outcomes.items() if outcome == "fail"}
