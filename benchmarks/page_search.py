"""Search in the HTML page of ten thousand findings, in Chromium: from the event of a key to the screen.

Needs Playwright and Chromium (``COMGMT_CHROMIUM``, or ``chromium`` on the path), and is left out without them. Time on
the clock, for a browser works in several processes: the median of several searches, so that a busy machine
disturbs it less. ``python -m benchmarks.page_search`` runs it alone.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Table

FINDINGS = 10_000
LIMIT = 100
"""Milliseconds."""
SEARCHES = (
    "user009",
    "user0098",
    "user00987",
    "",
    "teams3",
    "nothing at all",
    "",
    "intune a",
    "BIG0",
    "",
    "licence",
    "",
)
"""Typed one after the other; an empty one brings back everything."""

_SEARCH = """(text) => new Promise((done) => {
    const form = document.querySelector(".filters");
    const input = form.querySelector("input"), status = form.querySelector("[role=status]");
    const start = performance.now();
    const painted = () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    const said = new MutationObserver(() => { said.disconnect(); painted(); });
    said.observe(status, {childList: true, characterData: true, subtree: true});
    input.value = text;
    input.dispatchEvent(new Event("input", {bubbles: true}));
})"""

_FILTER = _SEARCH.replace('form.querySelector("input")', 'form.querySelector("select")')


def page_search(table: Table, folder: Path) -> None:
    """Search and filter, where the findings are of one check and where they are of many."""
    chromium = os.environ.get("COMGMT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium or importlib.util.find_spec("playwright") is None:
        print("left out: search in the page, for Playwright or Chromium is not installed")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = running.chromium.launch(executable_path=chromium, args=arguments)
        for checks in (1, 200):
            path = _written(folder, checks)
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_timeout(1000)  # somebody reads the first line
            searched = [page.evaluate(_SEARCH, text) for text in SEARCHES]
            filtered = [page.evaluate(_FILTER, value) for value in ("fail", "", "pass", "", "fail", "")]
            of = f"{FINDINGS:,} findings of {checks} check{'s' if checks > 1 else ''}"
            table.add(f"search in {of}", statistics.median(searched), LIMIT, "ms", f"worst {max(searched):.0f} ms")
            table.add(f"filter {of}", statistics.median(filtered), LIMIT, "ms", f"worst {max(filtered):.0f} ms")
            page.close()
        browser.close()


def _written(folder: Path, checks: int) -> Path:
    from reports import page
    from tests import scans

    path = folder / "search.html"
    page.write(scans.many(FINDINGS, checks), path)
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        page_search(Table(), Path(name))
