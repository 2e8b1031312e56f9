"""Whatever stands in any text of the model, a page that is opened in Chromium runs none of it and asks for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests import hostile

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Opener = Callable[..., "Page"]
GIANT = {"giant": "<b>x</b>\n" * 130_000}
each = pytest.mark.parametrize("harm", [*hostile.HARMS.values(), *GIANT.values()], ids=[*hostile.HARMS, *GIANT])

EVERYTHING = """() => {
    document.querySelectorAll('details').forEach((part) => (part.open = true));
    for (const element of document.querySelectorAll('main *, header *, nav *')) {
        element.dispatchEvent(new MouseEvent('mouseover', {bubbles: false}));
    }
}"""


def harmless(page: Page) -> None:
    """No script but the page's own ran, no handler is there, and no address but a harmless one."""
    page.evaluate(EVERYTHING)
    assert page.evaluate("window.hurt") is None
    # The trend is a picture that the page brings along; in a picture nothing runs.
    assert (
        page.locator(
            "img:not([src^='data:image/svg+xml']), iframe, object, embed, base, link[href^=http], form[action]"
        ).count()
        == 0
    )
    handlers = "all => all.flatMap(e => e.getAttributeNames()).filter(name => name.startsWith('on'))"
    assert page.eval_on_selector_all("*", handlers) == []
    links = page.eval_on_selector_all(
        "a[href]", "all => all.map(a => new URL(a.getAttribute('href'), location).protocol)"
    )
    assert set(links) <= {"file:", "https:", "http:"}


@each
def test_the_page_of_a_scan_runs_nothing_and_works(open_page: Opener, harm: str) -> None:
    page = open_page(hostile.scan(harm))
    harmless(page)
    checks = page.locator(".check").count()
    assert checks == len(hostile.scan(harm).results)
    assert page.inner_text(".filters [role=status]") == f"{checks} of {checks} checks shown"
    page.select_option(".filters select", "fail")
    page.locator(".filters [role=status]:has-text('fail')").wait_for()
    assert 0 < page.locator(".check:visible").count() < checks


@pytest.mark.parametrize("name", ["scans-01", "scans-02", "template", "svg", "handler", "c1", "address"])
def test_the_page_of_drift_runs_nothing(open_page: Opener, name: str) -> None:
    page = open_page(hostile.drift(hostile.HARMS[name]))
    harmless(page)
    assert page.evaluate("document.scripts.length") == 0
