"""The estate as a picture: families of checks in columns of stages, and what rests on what.

The places are worked out here and the template draws them: columns need no layout library. A family rests on another
where one of its checks waits for one of the other's (``Check.after``).
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Struct

from comgmt_audit.model import CheckResult, Outcome, Scan, Stage

from ._shared import STAGE_TITLES, printable, shown_id

COLUMN, ROW = 150, 62
"""Units from one box to the next."""
BOX = 130, 54
"""Width and height of a box."""
_HEAD = 30
_LINE = 17
"""Characters of a line in a box."""
_STATES = {
    "to mend": ("red", "fail"),
    "blocked": ("amber", "blocked"),
    "not looked at": ("amber", "unknown"),
    "in order": ("green", "pass"),
    "does not apply": ("grey", "none"),
}


class _Family(Struct, frozen=True):
    code: str
    title: str
    stage: Stage
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(shown_id(r.check.id) for r in self.results if r.outcome is Outcome.FAIL and not r.waived)

    @property
    def blocked(self) -> tuple[str, ...]:
        return tuple(r.check.id for r in self.results if r.blocked_by)

    @property
    def unknown(self) -> int:
        return sum(r.outcome in {Outcome.NOT_ASSESSED, Outcome.ERROR} and not r.blocked_by for r in self.results)

    @property
    def state(self) -> str:
        """The gravest of what its checks say."""
        if self.failed:
            return "to mend"
        if self.blocked:
            return "blocked"
        if self.unknown:
            return "not looked at"
        judged = any(r.outcome in {Outcome.PASS, Outcome.FAIL} for r in self.results)
        return "in order" if judged else "does not apply"

    @property
    def detail(self) -> str:
        """Its state with the number or the name that matters."""
        if self.failed:
            return f"{len(self.failed)} to mend"
        if self.blocked:
            return f"{len(self.blocked)} blocked"
        return f"{self.unknown} not looked at" if self.unknown else self.state


def picture(scan: Scan) -> dict[str, Any] | None:
    """Columns, boxes, arrows and the same in words; None where nothing was judged."""
    families = _families(scan)
    if not families:
        return None
    edges = _edges(families)
    columns = [[f for f in families if f.stage is stage] for stage in Stage]
    columns = [_ordered(column, edges) for column in columns if column]
    places = {f.code: (x, y) for x, column in enumerate(columns) for y, f in enumerate(column)}
    return {
        "width": COLUMN * len(columns),
        "height": _HEAD + ROW * max(map(len, columns)),
        "box": BOX,
        "columns": [{"x": COLUMN * x, "title": STAGE_TITLES[column[0].stage]} for x, column in enumerate(columns)],
        "nodes": [_node(family, *places[family.code]) for family in families],
        "edges": [
            {"d": _curve(places[base], places[top]), "broken": broken}
            for (base, top), broken in sorted(edges.items(), key=lambda item: item[1])
        ],
        "words": _words(columns, edges),
    }


def _families(scan: Scan) -> tuple[_Family, ...]:
    found: dict[str, list[CheckResult]] = {}
    for result in scan.results:
        found.setdefault(result.check.family, []).append(result)
    return tuple(
        _Family(code, of[0].check.family_title or code, of[0].check.stage, tuple(of)) for code, of in found.items()
    )


def _edges(families: Sequence[_Family]) -> dict[tuple[str, str], bool]:
    """(what carries, what rests on it): is it broken, does a failure of the one block a check of the other?"""
    owner = {result.check.id: family.code for family in families for result in family.results}
    edges: dict[tuple[str, str], bool] = {}
    for family in families:
        for result in family.results:
            for id in (*result.check.after, *result.blocked_by):
                base = owner.get(id, family.code)
                if base != family.code:
                    key = base, family.code
                    edges[key] = edges.get(key, False) or id in result.blocked_by
    return edges


def _ordered(column: Iterable[_Family], edges: Collection[tuple[str, str]]) -> list[_Family]:
    """What carries stands above what rests on it; apart from that by the name."""
    left, done = sorted(column, key=lambda family: family.title), list[_Family]()
    while left:
        waiting = {family.code for family in left}
        free = [f for f in left if not any((base, f.code) in edges for base in waiting if base != f.code)]
        done += free or left[:1]  # where families wait for each other, the first one goes first
        left = [family for family in left if family not in done]
    return done


def _node(family: _Family, column: int, row: int) -> dict[str, Any]:
    css, icon = _STATES[family.state]
    title = printable(family.title, limit=200)
    return {
        "x": COLUMN * column,
        "y": _HEAD + ROW * row,
        "code": shown_id(family.code),
        "lines": textwrap.wrap(title, _LINE, max_lines=3, placeholder="…"),
        "label": f"{title}: {family.detail}",
        "detail": family.detail,
        "css": css,
        "icon": icon,
    }


def _curve(base: tuple[int, int], top: tuple[int, int]) -> str:
    """The way of an arrow from what carries to what rests on it; within a column it goes round on the right."""
    width, height = BOX
    x1, y1 = COLUMN * base[0] + width, _HEAD + ROW * base[1] + height // 2
    y2 = _HEAD + ROW * top[1] + height // 2
    if base[0] == top[0]:
        out = x1 + 10 + 3 * min(abs(base[1] - top[1]), 3)
        return f"M{x1} {y1}C{out} {y1} {out} {y2 - 8} {x1 + 2} {y2 - 8}"
    x2 = COLUMN * top[0]
    if x2 < x1:  # what carries stands in a later stage
        return f"M{x1 - width} {y1}C{x1 - width - 20} {y1} {x2 + width + 20} {y2} {x2 + width + 2} {y2}"
    return f"M{x1} {y1}C{x1 + 20} {y1} {x2 - 20} {y2} {x2 - 2} {y2}"


def _words(columns: Sequence[Sequence[_Family]], edges: dict[tuple[str, str], bool]) -> list[dict[str, Any]]:
    """The picture in words: by stage, each family with its state, on what it rests, and what stands in its way."""
    titles = {family.code: printable(family.title, limit=200) for column in columns for family in column}
    return [
        {
            "stage": STAGE_TITLES[column[0].stage],
            "families": [
                {
                    "title": titles[family.code],
                    "code": shown_id(family.code),
                    "detail": family.detail,
                    "failed": family.failed,
                    "rests": ", ".join(titles[base] for base, top in edges if top == family.code),
                    "blocked": tuple(dict.fromkeys(shown_id(id) for r in family.results for id in r.blocked_by)),
                }
                for family in column
            ],
        }
        for column in columns
    ]
