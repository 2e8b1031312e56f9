"""For tests in a browser: Chromium once a module, and pages that are opened offline and must stay silent.

Needs Playwright for Python and an installed Chromium (``COMGMT_CHROMIUM``, or ``chromium`` on the path).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comgmt_audit.model import DriftReport, Scan
from reports import drift_page
from reports import page as report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = os.environ.get("COMGMT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

Opener = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (COMGMT_CHROMIUM names it)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens the page of a scan, or of drift, offline; what it asks for or complains of fails the test at its end."""
    contexts: list[BrowserContext] = []
    noise: list[str] = []

    def opener(scan: Scan | DriftReport, fragment: str = "", **options: Any) -> Page:
        path = tmp_path / "page.html"
        if isinstance(scan, Scan):
            report.write(scan, path)
        else:
            drift_page.write(scan, path)
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        opened = context.new_page()
        opened.on("console", lambda message: noise.append(message.text))
        opened.on("pageerror", lambda error: noise.append(str(error)))
        opened.on("dialog", lambda dialog: noise.append(dialog.message))
        opened.on(
            "request",
            lambda request: None if request.url.startswith((path.as_uri(), "data:")) else noise.append(request.url),
        )
        opened.goto(path.as_uri() + fragment)
        return opened

    yield opener
    for context in contexts:
        context.close()
    assert noise == []
