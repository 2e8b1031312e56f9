"""What is, or is not, in a list that the AdminService may have cut short."""

from __future__ import annotations

from collections.abc import Iterable

from comgmt_audit import Evidence, Finding, cannot_tell, require
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE


def listed(
    subject: str, wanted: str, seen: Iterable[str], *, complete: bool, evidence: Evidence | None = None
) -> Finding:
    """Judge that *wanted* is among what was seen, without regard to case.

    :param complete: the scanner's account sees the whole list; without it, what is not listed may just be hidden.
    """
    names = tuple(seen)
    if wanted.casefold() in {name.casefold() for name in names} or complete:
        holds = wanted.casefold() in {name.casefold() for name in names}
        return require(subject, holds, expected=wanted, actual=names or "none", evidence=evidence)
    why = "it is not listed, but the scanner's account may not see all that there is"
    return cannot_tell(subject, why, cure=FULL_ACCESS_CURE, evidence=evidence)
