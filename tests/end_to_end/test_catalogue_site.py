"""The built catalogue site: a broken link is no site, nothing comes from elsewhere, and a browser finds its way."""

from __future__ import annotations

import functools
import http.server
import re
import subprocess
import threading
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from tests.end_to_end.conftest import CHROMIUM
from tests.lab import coverage
from tests.lab.catalogue import examples, guide, pages, site

pytestmark = [
    pytest.mark.skipif(
        find_spec("zensical") is None, reason="the site's generator is not installed: pip install '.[docs]'"
    ),
    pytest.mark.xdist_group("catalogue site"),
]


class _Assets(HTMLParser):
    """What a browser loads by itself: not the links that a reader follows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "srcset", "data", "poster"} or (name == "href" and tag == "link"):
                self.found.append(value or "")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The whole site; each family shows one example only, for all of them take a while (tests/matrix has them)."""
    folder = tmp_path_factory.mktemp("catalogue")
    once = functools.cache(lambda family: examples.of(next(c.id for c in coverage.pack() if c.family.code == family)))
    site.write(folder, lambda id: once(id[:3]))
    return site.build(folder)


def test_every_page_is_built(built):
    for place in (*guide.sources(), *(pages.path_of(check) for check in coverage.pack())):
        assert (built / place).with_suffix(".html").is_file(), place


def test_nothing_is_loaded_from_elsewhere(built):
    found = 0
    for page in built.rglob("*.html"):
        assets = _Assets()
        assets.feed(page.read_text(encoding="utf-8"))
        assert [one for one in assets.found if "//" in one] == [], page
        found += len(assets.found)
    assert found > 1000
    for style in built.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_every_link_leads_to_a_page_and_a_place_that_is_there(built):
    seen = 0
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if page.name == "404.html":
            continue  # its links start at the root of wherever it is put
        for target in re.findall(r'<a [^>]*href="([^"]*)"', text):
            if target.startswith(("https://", "mailto:")):
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name).resolve() if name not in {"", "."} else page
            file = file / "index.html" if file.is_dir() else file
            assert file.is_file(), (page, target)
            assert not anchor or f'id="{anchor}"' in file.read_text(encoding="utf-8"), (page, target)
            seen += 1
    assert seen > 5000


def test_a_broken_link_ends_the_build(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text("# Home\n\n[gone](gone.md)\n", encoding="utf-8")
    (tmp_path / "zensical.toml").write_text(site.SETTINGS.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        site.build(tmp_path)


@pytest.fixture(scope="module")
def address(built):
    handler = functools.partial(_Quiet, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_a_browser_shows_a_check_and_asks_nobody_else(address, scheme, width):
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}/checks/CRT/CRT110.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", shade)[:3])) < 300) == (scheme == "dark")
        page.keyboard.press("/")
        page.keyboard.type("revocation list")
        page.get_by_text(re.compile(r"^\d+ results$")).wait_for()
        assert page.get_by_text("CRL060").count() > 0
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert wrong == []
