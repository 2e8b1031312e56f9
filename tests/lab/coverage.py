"""Writes docs/coverage.md: each statement with its checks, each check with its defects, each defect with what it is.

And each failure from the field with what shows it; those that nothing shows are a part of docs/limits.md.

``python -m tests.lab.coverage`` regenerates the page.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from comgmt_audit import packs
from comgmt_audit.model import Check, Family
from tests.lab import field
from tests.lab.defects import BY_MODULE, CATALOGUE
from tests.lab.defects.defect import Defect

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coverage.md"
SECTIONS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("statements.toml").read_text("utf-8"))
"""What the tutorial asks for, by section and statement."""
STATEMENTS = tuple(id for statements in SECTIONS.values() for id in statements)

NEVER_FAIL = {
    "COM070": "It only says what is not known: a workload flag that no source explains is no verdict on the site."
}
"""Checks that never fail, and why."""

_HEAD = """# Coverage

What the tutorial asks for, statement by statement; which checks look at it; and which defects of the lab make each of
them fail. Written by `python -m tests.lab.coverage`.

- A **defect** is one named change of healthy Contoso ([the catalogue](../tests/lab/defects)), such as
  `python -m tests.lab.serve --defect NAME` raises as real servers ([the lab](lab.md)). It declares every check and
  subject that then fails, is not assessed, is blocked or does not apply. Those called `in-order-…` are unusual and
  healthy.
- [The matrix](../tests/matrix/test_matrix.py) judges each defect by all checks, and compares whatever differs from the
  healthy estate with the declaration, both ways. It turns red where a check is turned off.
- Each family has finer cases beside it, in the file that its heading names.
"""


@functools.cache
def pack() -> tuple[Check, ...]:
    """Our checks, in the order of the pack."""
    return tuple(packs.builtin())


def proving(check: str) -> list[Defect]:
    """The defects that make this check fail; where it never does, those of which it cannot tell."""
    outcome = "not assessed" if check in NEVER_FAIL else "fail"
    return [defect for defect, said in _said() if said.get(check) == outcome]


@functools.cache
def _said() -> tuple[tuple[Defect, dict[str, str]], ...]:
    """Every defect with the outcomes that it changes."""
    return tuple((defect, defect.outcomes) for defect in CATALOGUE)


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_statements(), *_field(), *_checks(), *_defects()])


def _statements() -> Iterator[str]:
    yield "## Statements"
    for section, statements in SECTIONS.items():
        yield f"\n### {section}\n"
        yield from _table("Statement", "Must hold", "Checks", "Defects that make one of them fail")
        for statement, text in statements.items():
            checks = [check for check in pack() if statement in check.covers]
            defects = {defect.name for check in checks for defect in proving(check.id)}
            yield _row(statement, _text(text), ", ".join(_link(check) for check in checks) or "none", len(defects))
    yield ""


def _field() -> Iterator[str]:
    yield "## Failures from the field\n"
    yield "What administrators report in public (issue threads, support articles), and good set-ups that are easily"
    yield "failed. [field.toml](../tests/lab/field.toml) is the list; a test holds it against the catalogue.\n"
    yield from _table("Number", "Failure", "Checks", "Proved by")
    for number, what, seen, proof in field.rows():
        yield _row(number, _text(what), seen, proof)
    yield ""


def _checks() -> Iterator[str]:
    yield "## Checks"
    for family in dict.fromkeys(check.family for check in pack()):
        checks = [check for check in pack() if check.family == family]
        yield f"\n### {_heading(family)}\n"
        yield f"Finer cases: {', '.join(_cases(checks))}.\n"
        yield from _table("Check", "Claim", "Made to fail by", "Defects that leave it open")
        for check in checks:
            names = "<br>".join(f"`{defect.name}`" for defect in proving(check.id)) or "none"
            others = sum(said.get(check.id) in {"not assessed", "blocked"} for _, said in _said())
            yield _row(check.id, _text(check.title), names, others)
    yield ""


def _cases(checks: Iterable[Check]) -> list[str]:
    """Links to the files of tests/checks that are named like the family's file, or else name its checks."""
    folder = ROOT / "tests" / "checks"
    checks = tuple(checks)
    own = {f"test_{Path(check.function.__code__.co_filename).stem}.py" for check in checks}
    files = [file for file in sorted(folder.glob("test_*.py")) if file.name in own]
    if not files:
        code = f'"{checks[0].family.code}'
        files = [file for file in sorted(folder.glob("test_*.py")) if code in file.read_text("utf-8")]
    return [f"[{file.name}](../{file.relative_to(ROOT).as_posix()})" for file in files]


def _defects() -> Iterator[str]:
    yield "## Defects"
    for module, defects in BY_MODULE.items():
        yield f"\n### {module.replace('_', ' ').capitalize()}\n"
        yield from _table("Defect", "What is wrong", "Fail", "Not assessed", "Blocked")
        for defect in defects:
            by = {outcome: [id for id, said in defect.outcomes.items() if said == outcome] for outcome in _OUTCOMES}
            yield _row(f"`{defect.name}`", _text(defect.story), *(_few(ids) for ids in by.values()))
    yield ""


_OUTCOMES = ("fail", "not assessed", "blocked")


def _few(ids: list[str]) -> str:
    """The ids, or only how many where they are too many for a column."""
    return ", ".join(sorted(ids)) if len(ids) < 7 else f"{len(ids)} checks"


def _heading(family: Family) -> str:
    return f"{family.code}: {family.title}"


def _link(check: Check) -> str:
    """To its family's heading, whose anchor GitHub makes of its letters, digits, and hyphens for spaces."""
    kept = re.sub(r"[^a-z0-9 -]", "", _heading(check.family).lower())
    return f"[{check.id}](#{kept.replace(' ', '-')})"


def _text(text: str) -> str:
    """Prose in a cell: what stands in angle brackets is no tag."""
    return text.replace("<", "&lt;")


def _table(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield "|" + "---|" * len(titles)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    field.LIMITS.write_text(field.with_unseen(field.LIMITS.read_text(encoding="utf-8")), encoding="utf-8")
