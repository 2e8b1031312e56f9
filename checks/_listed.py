"""What is, or is not, in a list that the AdminService may have cut short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Protocol

from comgmt_audit import Evidence, Finding, cannot_tell, require
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE


class _Item(Protocol):
    @property
    def evidence(self) -> Evidence: ...


class _Listing(Protocol):
    needs: ClassVar[tuple[str, ...]]

    def __iter__(self) -> Iterator[_Item]: ...


def listed(
    subject: str, wanted: str, seen: Iterable[str], *, complete: bool, evidence: Iterable[Evidence] = ()
) -> Finding:
    """Judge that *wanted* is among what was seen, without regard to case.

    :param evidence: where it was looked for.
    :param complete: the scanner's account sees the whole list; without it, what is not listed may just be hidden.
    """
    names, places = tuple(seen), tuple(evidence)
    if wanted.casefold() in {name.casefold() for name in names} or complete:
        holds = wanted.casefold() in {name.casefold() for name in names}
        return require(subject, holds, expected=wanted, actual=names or "none", evidence=places)
    why = "it is not listed, but the scanner's account may not see all that there is"
    return cannot_tell(subject, why, cure=FULL_ACCESS_CURE, evidence=places)


def looked_at(fact: _Listing) -> tuple[Evidence, ...]:
    """Where each item of a fact stands; without any, the whole answer in which it would."""
    return tuple(item.evidence for item in fact) or (Evidence(fact.needs[0]),)
