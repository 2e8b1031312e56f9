"""What reports say of earlier scans: what has changed since the last one, how old each failure is, and the trend."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from markupsafe import Markup

from comgmt_audit.model import Change, Drifted, Point, Scan

from ._shared import moment, phrase, printable, shown_id
from .drift_text import TITLES, days

SHOWN = 50
"""Changes of one kind on the page; ``comgmt-audit drift`` shows all."""
_SERIES: dict[str, tuple[str, Callable[[Point], int]]] = {
    "fail": ("#c4314b", lambda point: point.failed),
    "waived": ("#8a8886", lambda point: point.waived),
    "not assessed": ("#c78a1b", lambda point: point.unknown),
}
"""What the trend draws, from the bottom up; the colours stand out on white and on black."""
_WIDTH, _HEIGHT = 900, 200
_SVG = "http://www.w3.org/2000/svg"


def ages(scan: Scan) -> dict[tuple[str, str], str]:
    """By check and subject: since when it fails, and whether it comes and goes. Nothing for what began just now."""
    drift = scan.history.drift if scan.history else None
    if drift is None:
        return {}
    found = {(one.check, one.subject): _age(one, days(one, drift)) for one in drift.changes}
    return {key: text for key, text in found.items() if text}


def _age(change: Drifted, since: str) -> str:
    told = [f"Fails {since}." if since and change.change in {Change.STILL_FAILING, Change.WORSE} else ""]
    if change.change is Change.NEW:
        told.append("New since the last scan.")
    if change.change is Change.WORSE:
        told.append("Worse than in the last scan.")
    if change.flapping:
        told.append("It comes and goes.")
    return " ".join(text for text in told if text)


def summary(scan: Scan) -> str:
    """What has changed since the last scan, in one line; empty where no history was kept."""
    if not scan.history:
        return ""
    drift = scan.history.drift
    if drift is None:
        return "The first scan of this history."
    counts = [f"{len(of)} {kind.value}" for kind in TITLES if (of := drift.of(kind))]
    return f"Since {moment(drift.before)}: {', '.join(counts) or 'nothing fails, and nothing has changed'}."


def view(scan: Scan) -> dict[str, Any]:
    """What ``page_history.html`` shows; empty where no history was kept."""
    if not scan.history:
        return {}
    drift = scan.history.drift
    return {
        "summary": summary(scan),
        "notes": [printable(note) for note in drift.notes] if drift else [],
        "groups": [_group(title, drift.of(kind)) for kind, title in _news() if drift and drift.of(kind)],
        # An address in base64, as long as the picture is: nothing in it is to be escaped or cut.
        "chart": Markup(_chart(scan.history.points)),  # noqa: S704
        "points": [_point(point) for point in reversed(scan.history.points)],
    }


def _news() -> Iterator[tuple[Change, str]]:
    """What still fails stands elsewhere on the page, with its age."""
    return ((kind, title) for kind, title in TITLES.items() if kind is not Change.STILL_FAILING)


def _group(title: str, changes: tuple[Drifted, ...]) -> dict[str, Any]:
    return {"title": title, "rows": [_row(one) for one in changes[:SHOWN]], "more": max(0, len(changes) - SHOWN)}


def _row(change: Drifted) -> dict[str, Any]:
    gone = change.change in {Change.FIXED, Change.UNKNOWN_NOW}
    return {
        "check": shown_id(change.check),
        "severity": change.severity.value,
        "subject": printable(change.subject),
        "before": phrase(change.before) if change.before is not None else "",
        "after": phrase(change.after) if change.after is not None or not gone else "",
        "marks": [text for text, is_so in (("comes and goes", change.flapping), ("waived", change.waived)) if is_so],
    }


def _point(point: Point) -> dict[str, Any]:
    numbers = {name: getattr(point, name) for name in ("failed", "waived", "unknown", "passed")}
    return {"at": moment(point.at), "verdict": point.verdict.value, **numbers}


def _chart(points: tuple[Point, ...]) -> str:
    """The trend as the address of a picture that lies in the page; empty for one scan, and where pygal is not there."""
    if len(points) < 2:
        return ""
    try:
        import pygal
        from pygal.style import Style
    except ImportError:
        return ""
    # pygal leaves a finder of the old kind for its maps behind; Python warns of it at every later import.
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    chart: Any = pygal.StackedBar(
        width=_WIDTH,
        height=_HEIGHT,
        explicit_size=True,
        js=[],
        legend_at_bottom=True,
        legend_at_bottom_columns=len(_SERIES),
        margin=8,
        truncate_legend=-1,
        x_labels_major_every=max(1, len(points) // 6),
        show_minor_x_labels=False,
        style=Style(
            background="transparent",
            plot_background="transparent",
            foreground="#7a7a7a",
            foreground_strong="#7a7a7a",
            foreground_subtle="#7a7a7a",
            guide_stroke_color="#9a9a9a",
            major_guide_stroke_color="#9a9a9a",
            opacity="1",
            font_family="system-ui, sans-serif",
            colors=tuple(colour for colour, _ in _SERIES.values()),
        ),
    )
    chart.uuid = "trend"  # by chance otherwise: the same scan must give the same page
    chart.x_labels = [f"{point.at:%m-%d}" for point in points]
    for name, (_, number) in _SERIES.items():
        chart.add(name, [number(point) for point in points])
    highest = max(sum(number(point) for _, number in _SERIES.values()) for point in points)
    chart.y_labels = list(range(0, highest + 1, highest // 4 or 1))  # checks are whole
    svg: bytes = chart.render()
    return f"data:image/svg+xml;base64,{b64encode(_still(svg)).decode()}"


def _still(svg: bytes) -> bytes:
    """The picture without its own script, and without comments: one says on which day it was drawn."""
    from xml.etree import ElementTree as ET

    from defusedxml.ElementTree import fromstring

    ET.register_namespace("", _SVG)
    root = fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}script", "script"}:
                parent.remove(child)
    picture: bytes = ET.tostring(root)
    return picture
