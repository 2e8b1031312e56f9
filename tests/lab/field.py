"""Failures that administrators report in public, and what of the catalogue shows each: field.toml, and its pages."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
START, END = "<!-- field: start -->", "<!-- field: end -->"
"""Between them stands what :func:`unseen` says."""


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One failure, or (of ``traps``) one good set-up that a naive check fails."""

    what: str
    checks: tuple[str, ...] = ()
    """They fail."""
    open: tuple[str, ...] = ()
    """They are not assessed."""
    defects: tuple[str, ...] = ()
    """The defects of the catalogue that are this state."""
    healthy: tuple[str, ...] = ()
    """What proves that a set-up in order stays so: a defect that changes nothing, or ``file::test``."""
    without: str = ""
    """Why no evidence shows it."""


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """All of them, by number."""

    cases: dict[str, Case]
    traps: dict[str, Case]


@functools.cache
def field() -> Field:
    """What field.toml says."""
    return msgspec.toml.decode(Path(__file__).with_name("field.toml").read_bytes(), type=Field)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """For docs/coverage.md: number, failure, checks, and the defects that prove them."""
    for prefix, cases in (("", field().cases), ("trap ", field().traps)):
        for number, case in cases.items():
            proof = [*case.defects, *case.healthy]
            seen = (
                ", ".join((*case.checks, *case.open))
                or (case.without and "none: see [limits](limits.md)")
                or "in order"
            )
            yield f"{prefix}{number}", case.what, seen, "<br>".join(f"`{one}`" for one in proof)


def unseen() -> str:
    """For docs/limits.md: the failures that no evidence shows, and why."""
    lines = (f"- {case.what} {case.without}" for case in field().cases.values() if case.without)
    return "\n".join((START, *lines, END))


def with_unseen(page: str) -> str:
    """docs/limits.md with that part made again."""
    before, _, rest = page.partition(START)
    return before + unseen() + rest.partition(END)[2]
