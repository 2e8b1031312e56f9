"""Schedules: the file by which cron, systemd, Windows or a CI service runs a scan each day, for the user to install.

Nothing is installed here. Every value goes through the quoting of the language that it lands in.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.version import __version__

FORMS: dict[str, tuple[str, ...]] = {
    "cron": ("comgmt-audit.cron",),
    "systemd": ("comgmt-audit.service", "comgmt-audit.timer"),
    "windows-task": ("comgmt-audit.xml",),
    "github": ("comgmt-audit.yml",),
    "azure-pipelines": ("azure-pipelines.yml",),
    "gitlab": (".gitlab-ci.yml",),
}
"""The files that each form needs; each has a template of the same name here, without the leading dot."""
ENCODINGS = {"comgmt-audit.xml": "utf-16"}
"""What ``schtasks /Create /XML`` reads (Task Scheduler schema: the files that it exports); all others are UTF-8."""
_GRACE = 600
"""Seconds beyond the time for reading, in which the scan is judged and its reports are written."""
REPORTS = ("html", "junit", "json", "markdown", "sarif")


class Job(Struct, frozen=True, kw_only=True):
    """What is to be run: *program* is how comgmt-audit is called here, *arguments* are those of ``scan``.

    *toml*, *reports* are absolute for a computer, and as seen from the repository for a CI service. Times are local to
    the computer, and UTC for a CI service.
    """

    program: tuple[str, ...]
    toml: str
    reports: str
    hour: int
    minute: int
    timeout: int
    fail_on: str
    history: str
    notify: bool
    separator: str = "/"

    @property
    def command(self) -> tuple[str, ...]:
        """The whole command line."""
        names = {"html": "html", "junit": "xml", "json": "json", "markdown": "md", "sarif": "sarif"}
        reports = [f"--{form}={self.reports}{self.separator}report.{names[form]}" for form in REPORTS]
        notify = ["--notify"] if self.notify else []
        limits = [f"--timeout={self.timeout}", f"--fail-on={self.fail_on}"]
        history = f"--history={self.history}" if self.history else "--history"
        return (*self.program, "scan", self.toml, *reports, history, *notify, *limits, "--quiet")

    @property
    def history_folder(self) -> str:
        """Where a file of the history lies, as seen from the repository; empty for a database."""
        return "" if "://" in self.history else PurePosixPath(self.history).parent.as_posix()


def files(form: str, job: Job) -> dict[str, str]:
    """The text of each file of the form, by its name. Raises ComgmtError where a name would break a line of it."""
    for word in job.command:
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in word):
            raise ComgmtError(f"{word!r}: a schedule cannot hold a control character.", "Name the file otherwise.")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701 -- no HTML; each template quotes for its own language
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= QUOTES
    values = {
        "job": job,
        "version": __version__,
        "limit": job.timeout + _GRACE,
        "at": f"{job.hour:02}:{job.minute:02}",
    }
    return {name: environment.get_template(f"{name.removeprefix('.')}.j2").render(values) for name in FORMS[form]}


def _shell(words: tuple[str, ...] | str) -> str:
    return shlex.quote(words) if isinstance(words, str) else shlex.join(words)


def _cron(words: tuple[str, ...]) -> str:
    """A percent sign ends the command in a crontab, unless it is escaped (crontab(5))."""
    return shlex.join(words).replace("%", "\\%")


def _systemd(words: tuple[str, ...] | str) -> str:
    """Quotes and C escapes; ``%`` and ``$`` begin a specifier and a variable (systemd.service(5), COMMAND LINES)."""
    if isinstance(words, tuple):
        return " ".join(map(_systemd, words))
    text = words.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if set(text) & set(" \t'\"\\;") or not text else text


def _windows(words: tuple[str, ...]) -> str:
    """A command line by the rules of Microsoft's C runtime, as XML."""
    return escape(subprocess.list2cmdline(words))


def _text(value: str) -> str:
    """A text in YAML: JSON's form is one of YAML's."""
    return json.dumps(value)


QUOTES: dict[str, Callable[..., str]] = {
    "shell": _shell,
    "cron": _cron,
    "systemd": _systemd,
    "windows": _windows,
    "xml": escape,
    "yaml": _text,
}
