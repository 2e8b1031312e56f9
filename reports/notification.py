"""What people are told when something has changed: a title and a short text in Markdown, by a template."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import Change, News

from ._shared import counted, explanation, headline, printable
from .drift_text import SHOWN, TITLES, line
from .markdown import code, text

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_TITLE = 150


def render(news: News, template: str = "") -> tuple[str, str]:
    """Title and text. *template* is the user's, in Jinja2's language; its variables are in ``docs/notifications.md``.

    Raises ComgmtError where the template is wrong.
    """
    source = template or (_TEMPLATES / "notification.md").read_text(encoding="utf-8")
    with _named():
        body = _environment().from_string(source).render(view(news))
    return title(news), re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def check(template: str) -> None:
    """Raise ComgmtError where the user's template is not in Jinja2's language."""
    with _named():
        _environment().parse(template)


def _environment() -> SandboxedEnvironment:
    """A template is text of the user, not code of ours: it reaches nothing but its variables."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["code"] = code
    return environment


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except TemplateSyntaxError as error:
        raise ComgmtError(f"The template of notifications is wrong in line {error.lineno}: {error.message}.") from None
    except (TemplateError, TypeError, ValueError) as error:
        raise ComgmtError(f"The template of notifications cannot be used: {error}.") from None


def title(news: News) -> str:
    """The environment, what changed, and the verdict, on one line."""
    counts = {change: sum(one.change is change for one in news.changes) for change in TITLES}
    said = [f"{count} {change.value}" for change, count in counts.items() if count]
    ended = sum(one.at <= news.scan.recorded_at for one in news.expiring)
    ends = {"about to expire": len(news.expiring) - ended, "expired": ended}
    said += [f"{count} {what}" for what, count in ends.items() if count]
    if news.before and news.before is not news.scan.verdict:
        said.append(f"was {news.before.value}")
    what = ", ".join(said) or "the first scan"
    return printable(f"{news.scan.environment}: {news.scan.verdict.value}; {what}", limit=_LONGEST_TITLE)


def view(news: News) -> dict[str, Any]:
    """What a template sees."""
    scan = news.scan
    drift = scan.history.drift if scan.history else None
    groups = {}
    for change, name in TITLES.items():
        found = [line(one, drift) for one in news.changes if one.change is change] if drift else []
        if change is not Change.STILL_FAILING:
            groups[name] = found
    return {
        "environment": printable(scan.environment),
        "headline": headline(scan),
        "verdict": scan.verdict.value,
        "before": news.before.value if news.before else "",
        "explanation": explanation(scan),
        "recorded_at": scan.recorded_at,
        "groups": {name: lines[:SHOWN] for name, lines in groups.items() if lines},
        "more": {name: len(lines) - SHOWN for name, lines in groups.items() if len(lines) > SHOWN},
        "expiring": [
            {
                "kind": text(one.kind),
                "subject": printable(one.subject, limit=200),
                "day": f"{one.at:%Y-%m-%d}",
                "left": _left((one.at - scan.recorded_at).days),
            }
            for one in news.expiring
        ],
    }


def _left(days: int) -> str:
    return f"in {counted(days, 'day')}" if days > 0 else "today" if days == 0 else f"{counted(-days, 'day')} ago"
