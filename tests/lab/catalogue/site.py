"""The site's folder: all pages, the settings, and the navigation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from tests.lab import coverage
from tests.lab.catalogue import examples, guide, pages
from tests.lab.catalogue.examples import Example

SETTINGS = Path(__file__).with_name("zensical.toml")

_HOME = """# comgmt-audit

Is this environment ready for Configuration Manager + Intune co-management with PKI, and if not, what exactly must be
done? `comgmt-audit` reads, judges, and changes nothing.

- [All {count} checks](checks/index.md): what each claims, why, what mends it, what it needs to read, and what it says
  when it fails.
- [By severity, stage and subject](checks/tags.md).
- [comgmt.toml](configuration.md): every key of the declared design.
- [Reading live systems](live.md), [all commands and codes](cli.md), [what it does not see](limits.md).
"""


def write(folder: Path, example: Callable[[str], Example] = examples.of) -> None:
    """Write the whole source of the site into *folder*, which is emptied first; *example* makes one for a check."""
    shutil.rmtree(folder, ignore_errors=True)
    texts = {"index.md": _HOME.format(count=len(coverage.pack())), **dict(guide.pages()), **dict(pages.pages(example))}
    for place, text in texts.items():
        file = folder / "pages" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for place, picture in guide.images().items():
        file = folder / "pages" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, file)
    settings = tomlkit.parse(SETTINGS.read_text(encoding="utf-8"))
    project: Any = settings["project"]
    project["nav"] = navigation()
    project["site_dir"] = "site"
    (folder / "zensical.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")


def navigation() -> list[dict[str, Any]]:
    """Every page, in the order in which to read them."""
    written = list(guide.sources())
    top = [name for name in written if "/" not in name]
    project = [f"{name}.md" for name in guide.PROJECT]
    first = [f"{name}.md" for name in guide.FIRST]
    checks: list[Any] = ["checks/index.md", "checks/tags.md"]
    for family, members in pages.families().items():
        entries = [{check.id: pages.path_of(check)} for check in members]
        checks.append({family.title: [f"checks/{family.code}/index.md", *entries]})
    return [
        {"Home": "index.md"},
        {"Guide": [*first, *(name for name in top if name not in {*first, *project})]},
        {"Checks": checks},
        {"Sources": [name for name in written if name.startswith("sources/")]},
        {"Recordings": ["recording-format.md", *(name for name in written if name.startswith("recording/"))]},
        {"Project": [name for name in project if name != "recording-format.md"]},
    ]


def build(folder: Path) -> Path:
    """Build what was written; a warning, such as a broken link, ends it. Returns the folder of the built site."""
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "site"
