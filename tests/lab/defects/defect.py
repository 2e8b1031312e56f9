"""What a defect is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from tests.lab.estate import Estate
from tests.lab.judging import UNREAD, Change

IN_USE = (*(f"AIA{number:03}" for number in range(10, 70, 10)), "CRL120")
"""The checks that say which of the certificates in use could not be seen."""

Subjects = str | tuple[str, ...] | frozenset[str]
"""The subjects of one check: one of them as it is, several as a tuple; none at all as ``()``."""


class Defect(Struct, frozen=True, kw_only=True):
    """One named change to a healthy estate, and every change of a (check, subject, outcome) that it brings.

    The checks that it does not name keep their outcome, and those that it names have no other failing or not assessed
    subject: the matrix compares both ways.
    """

    name: str
    """What is wrong, in kebab-case, behind the name of the family: ``gateway-state-provisioning``."""
    story: str
    """What is wrong where, in one sentence that an administrator understands."""
    estate: Callable[[], Estate]
    fails: Mapping[str, Subjects] = {}
    """By check that fails, the subjects that fail."""
    unassessed: Mapping[str, Subjects] = {}
    """By check, the subjects that are not assessed; of a check that also fails, its further subjects."""
    unread: tuple[str, ...] = ()
    """Checks that are not assessed because the very observation that the estate takes away could not be had."""
    blocked: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    """Checks that do not apply to the healthy estate, and here pass."""

    @property
    def outcomes(self) -> dict[str, str]:
        """Of every check whose outcome changes: fail, not assessed, blocked, not applicable or pass."""
        return {change.check: change.outcome for change in _by_weight(self)}

    def failing(self) -> set[str]:
        """The ids of the checks that must fail."""
        return set(self.fails)

    def changes(self) -> set[Change]:
        """Every (check, subject, outcome) that must be seen."""
        return set(_by_weight(self))


def _by_weight(defect: Defect) -> Iterator[Change]:
    """What is declared, failures last: they decide the outcome of a check."""
    for outcome, ids in (
        ("pass", defect.passes),
        ("not applicable", defect.not_applicable),
        ("blocked", defect.blocked),
    ):
        yield from (Change(id, "", outcome) for id in ids)
    yield from (Change(id, UNREAD, "not assessed") for id in defect.unread)
    for outcome, declared in (("not assessed", defect.unassessed), ("fail", defect.fails)):
        for id, subjects in declared.items():
            for subject in (subjects,) if isinstance(subjects, str) else subjects or ("",):
                yield Change(id, subject, outcome)
