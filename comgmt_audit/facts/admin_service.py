"""Values and rows as the AdminService gives them.

The WMI route answers numbers as numbers or as strings, and booleans as ``true``, ``1``, ``"1"`` or ``"True"``
(reference ``configmgr`` 1.1, 2.1 and 6). It filters rows by role and scope without a word (12.2), so an empty list is
knowledge only where the recorder vouches for the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias, TypeVar

from comgmt_audit.errors import Refused, Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

Scalar: TypeAlias = bool | int | float | str | None
"""A column that the AdminService fills with a number, a boolean, or either as text; ``None`` is unknown, never 0."""

FULL_ACCESS = "full_access"
"""Key of an observation's ``about``: true where the recorder saw that its account may read every row of the class."""

FULL_ACCESS_CURE = (
    "Give the scanner's account the role Read-only Analyst over all instances (security scope All, collections All "
    "Systems and All Users and User Groups), and record again: an AdminService list that role-based administration "
    "cut short looks like one that is really empty."
)

Raw = TypeVar("Raw")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def rows(environment: Environment, id: str, type: type[Raw]) -> Iterator[tuple[Evidence, Raw]]:
    """The rows of a class with the place of each. Raises FactUnavailable where there is no answer."""
    for number, raw in environment.recording.lines(id, type):
        yield Evidence(id, f"line {number}"), raw


def column(row: Evidence, name: str) -> Evidence:
    """The place of one column of a row."""
    return Evidence(row.observation, f"{row.pointer}/{name}", row.excerpt)


def may_be_empty(environment: Environment, id: str) -> bool:
    """Is an empty list of this observation knowledge? Only if the recorder vouches that its account sees every row."""
    return environment.recording.observation(id).about.get(FULL_ACCESS) is True


def refuse_empty(environment: Environment, id: str, rows: object, what: str, *, never: bool = False) -> None:
    """Raise Refused where *rows* is empty and that may be role-based administration at work, not the truth.

    :param never: there is always at least one, so an empty list is never the truth.
    """
    if not rows and (never or not may_be_empty(environment, id)):
        why = f"the AdminService listed no {what}, and may have hidden what there is from this account"
        raise Refused(why, FULL_ACCESS_CURE, id)


def integer(value: Scalar, place: Evidence) -> int | None:
    """A whole number; ``None`` and ``""`` are unknown. Raises Unreadable naming the place for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip())
    raise _unreadable(value, "a whole number", place)


def boolean(value: Scalar, place: Evidence) -> bool | None:
    """A yes or no; ``None`` and ``""`` are unknown. ``"0"`` is no. Raises Unreadable naming the place."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    text = value.strip().casefold() if isinstance(value, str) else f"{value:g}"
    if text not in _BOOLEANS:
        raise _unreadable(value, "yes or no", place)
    return _BOOLEANS[text]


def text(value: Scalar) -> str:
    """A column as text; unknown is ``""``, a key that came as a number its digits."""
    return "" if value is None else str(value).strip()


def _unreadable(value: Scalar, wanted: str, place: Evidence) -> Unreadable:
    return Unreadable(
        f"{place.observation}, {place.pointer}: {str(value)[:80]!r} is not {wanted}",
        "Look at the recorded answer; if the AdminService really says so, please report it.",
        place.observation,
    )
