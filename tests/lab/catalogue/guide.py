"""The pages of ``docs/`` as the site has them: links to files that are no pages become plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[3]
FIRST = ("configuration", "live", "cli", "ci")
"""What a newcomer reads first; the others follow by name."""
PROJECT = ("architecture", "limits", "coverage", "lab", "recording-format", "CONTRIBUTING", "CHANGELOG")
"""For whoever wants to know how it is made."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"([-*]|\d+\.) ")


def sources() -> dict[str, Path]:
    """Every page that people wrote, by its path in the site."""
    docs = ROOT / "docs"
    pages = {path.relative_to(docs).as_posix(): path for path in sorted(docs.rglob("*.md"))}
    return pages | {name: ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md")}


def images() -> dict[str, Path]:
    """Every picture, by its path in the site."""
    docs = ROOT / "docs"
    return {path.relative_to(docs).as_posix(): path for path in sorted((docs / "images").rglob("*")) if path.is_file()}


def pages() -> Iterator[tuple[str, str]]:
    """(path, Markdown) of every page that people wrote."""
    known = {path: place for place, path in sources().items()}
    for place, path in sources().items():
        yield place, _separated(_relinked(path.read_text(encoding="utf-8"), path, place, known))


def _relinked(text: str, path: Path, place: str, known: dict[Path, str]) -> str:
    """The links as seen from *place*; one to a file of the repository that is no page becomes its text."""

    def link(found: re.Match[str]) -> str:
        image, words, target = found.groups()
        name, mark, anchor = target.partition("#")
        file = (path.parent / name).resolve()
        if "://" in target or not name or image or not file.exists():
            return found[0]  # a broken link stays: the build says so
        if file in known:
            return f"[{words}]({_relative(known[file], place)}{mark}{anchor})"
        return words

    return _LINK.sub(link, text)


def _relative(target: str, place: str) -> str:
    return "../" * (len(PurePosixPath(place).parents) - 1) + target


def _separated(text: str) -> str:
    """As Python-Markdown wants lists, where GitHub is content with less: a blank line before, four spaces within."""
    lines: list[str] = []
    fence, shift = False, 0
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        before = lines[-1] if lines else ""
        if not fence:
            shift = 4 - depth if line and depth in {2, 3} else 0
            if _ITEM.match(line) and before and not before.startswith((" ", "|")) and not _ITEM.match(before):
                lines.append("")
        fence ^= line.lstrip().startswith("```")
        lines.append(" " * shift + line if line else line)
    return "\n".join(lines) + "\n"
