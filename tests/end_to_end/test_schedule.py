"""The files of ``comgmt-audit schedule``: held against the schemas and tools of who reads them, and run as they are."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from cronsim import CronSim
from lxml import etree

pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")

from comgmt_audit import cli, schedules
from tests.lab.estate import contoso, record

ODD = "a folder with 100% \"quotes\", $HOME, 'more', back\\slash & <angles>"


@pytest.fixture
def schedule(capsys, tmp_path, monkeypatch):
    """The files of one form by name, of an environment in *folder* below the working directory."""

    def schedule(form: str, *arguments: str, folder: str = "") -> dict[str, str]:
        monkeypatch.chdir(tmp_path)
        place = Path(folder)
        place.mkdir(exist_ok=True)
        named = [str(place / "comgmt.toml"), "--reports", str(place / "reports")]
        code = cli.main(["schedule", f"--{form}", *named, *arguments, "--output", "out"])
        assert code == 0, capsys.readouterr().err
        return {
            name: (tmp_path / "out" / name).read_text(encoding=schedules.ENCODINGS.get(name, "utf-8"))
            for name in schedules.FORMS[form]
        }

    return schedule


def schema(name: str) -> Any:
    """Of SchemaStore, as check-jsonschema carries it."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return msgspec.json.decode((folder / f"{name}.json").read_bytes())


def loaded(form: str, text: str) -> Any:
    """The document as its service reads it: to Azure DevOps every scalar is text; YAML 1.2 has no `on: true`."""
    if form == "azure-pipelines":
        return yaml.load(text, Loader=yaml.BaseLoader)
    return {("on" if key is True else key): value for key, value in yaml.safe_load(text).items()}


SERVICES = {
    "github": ("comgmt-audit.yml", "github-workflows"),
    "azure-pipelines": ("azure-pipelines.yml", "azure-pipelines"),
    "gitlab": (".gitlab-ci.yml", "gitlab-ci"),
}


def commands(form: str, text: str) -> list[str]:
    """What the service's shell is given."""
    document = loaded(form, text)
    if form == "gitlab":
        return list(document["comgmt-audit"]["script"])
    steps = document["jobs"]["scan"]["steps"] if form == "github" else document["jobs"][0]["steps"]
    return [step[key] for step in steps for key in ("run", "script") if key in step]


@pytest.mark.parametrize("form", SERVICES)
@pytest.mark.parametrize("history", ["", "kept/h.sqlite", "postgresql+psycopg://pat@db/history"])
def test_a_ci_service_would_take_it(schedule, form, history):
    name, rules = SERVICES[form]
    text = schedule(form, *(["--history", history] if history else []), "--notify")[name]
    jsonschema.Draft7Validator(schema(rules)).validate(loaded(form, text))
    assert ("cache" in text.lower()) is ("://" not in history)


@pytest.mark.parametrize("form", SERVICES)
def test_the_ci_services_shell_gets_what_was_meant(schedule, form):
    text = schedule(form, "--fail-on", "high,new", folder=ODD)[SERVICES[form][0]]
    lines = "\n".join(commands(form, text)).splitlines()
    (line,) = (line for line in lines if line.startswith("comgmt-audit scan"))
    words = shlex.split(line)
    assert words[:3] == ["comgmt-audit", "scan", f"{ODD}/comgmt.toml"]
    assert f"--html={ODD}/reports/report.html" in words
    assert "--fail-on=high,new" in words


def test_the_crontab_runs_each_day_at_that_time(schedule):
    line = schedule("cron", "--at", "23:05")["comgmt-audit.cron"].splitlines()[-1]
    when = CronSim(" ".join(line.split()[:5]), dt.datetime(2026, 12, 31, 22, 0))
    assert [next(when) for _ in range(2)] == [dt.datetime(2026, 12, 31, 23, 5), dt.datetime(2027, 1, 1, 23, 5)]


def of_cron(line: str) -> list[str]:
    """What cron hands to the shell: up to the first percent sign that is not escaped (crontab(5))."""
    command = re.split(r"(?<!\\)%", line.split(maxsplit=5)[5])[0]
    return ["/bin/sh", "-c", command.replace("\\%", "%")]


def of_systemd(text: str) -> list[str]:
    """A command line of a unit, its quotes, escapes, specifiers and variables undone (systemd.service(5))."""
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    bare = [quoted or plain for quoted, plain in words]
    assert not any(re.search(r"(?<!%)%(?:%%)*(?!%)", word) for word in bare)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%").replace("$$", "$") for word in bare]


def of_windows(text: str) -> list[str]:
    task = etree.fromstring(text.encode("utf-16"))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    command, arguments = (task.findtext(f".//t:{name}", namespaces=space) for name in ("Command", "Arguments"))
    assert command
    assert arguments
    return [command, *_runtime(arguments)]


def _runtime(line: str) -> list[str]:
    """The words of a command line by the rules of Microsoft's C runtime (C++: parsing of command-line arguments)."""
    words: list[str] = []
    word, quoted, begun, i = "", False, False, 0
    while i < len(line):
        slashes = len(line) - i - len(line[i:].lstrip("\\"))
        after = line[i + slashes : i + slashes + 1]
        if slashes:
            word += "\\" * (slashes // 2 if after == '"' else slashes)
            begun = True
            i += slashes
            if after == '"' and slashes % 2:
                word += '"'
                i += 1
        elif after == '"':
            quoted, begun, i = not quoted, True, i + 1
        elif after == " " and not quoted:
            words += [word] if begun else []
            word, begun, i = "", False, i + 1
        else:
            word, begun, i = word + after, True, i + 1
    return [*words, word] if begun else words


@pytest.mark.skipif(os.name == "nt", reason="paths of this computer are Windows paths")
@pytest.mark.parametrize("form", ["cron", "systemd", "windows-task"])
def test_the_command_runs_as_it_stands(schedule, form, tmp_path):
    folder = tmp_path / ODD
    files = schedule(form, "--history", f"{ODD}/history.sqlite", folder=ODD)
    record(contoso(), folder / "recording")
    (folder / "comgmt.toml").write_text('name = "Contoso"\nrecording = "recording"\n')
    (folder / "reports").mkdir()
    if form == "cron":
        command = of_cron(files["comgmt-audit.cron"].splitlines()[-1])
    elif form == "systemd":
        command = of_systemd(files["comgmt-audit.service"])
    else:
        command = of_windows(files["comgmt-audit.xml"])
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode in {0, 1, 3}, done.stdout) == (True, ""), done.stderr
    assert {path.name for path in (folder / "reports").iterdir()} == {
        f"report.{end}" for end in ("html", "xml", "json", "md", "sarif")
    }
    assert (folder / "history.sqlite").exists()


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="not installed: systemd-analyze (Debian package systemd)"
)
def test_systemd_takes_the_units(schedule, tmp_path):
    schedule("systemd", folder=ODD)
    units = [str(tmp_path / "out" / name) for name in schedules.FORMS["systemd"]]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "comgmt-audit" in line]
    assert ours == []
    when = subprocess.run(
        ["systemd-analyze", "calendar", "*-*-* 06:00:00"], capture_output=True, text=True, check=False
    )
    assert when.returncode == 0, when.stderr


def test_a_windows_task_is_utf_16_and_does_not_overlap(schedule, tmp_path):
    schedule("windows-task")
    data = (tmp_path / "out" / "comgmt-audit.xml").read_bytes()
    assert data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = etree.tostring(etree.fromstring(data), encoding="unicode")
    assert "<MultipleInstancesPolicy>IgnoreNew<" in text
    assert "<ExecutionTimeLimit>PT1500S<" in text


def test_it_is_printed_where_no_folder_is_named(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["schedule", "--systemd"]) == 0
    out = capsys.readouterr().out
    assert "# comgmt-audit.service" in out
    assert "# comgmt-audit.timer" in out
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(schedule, capsys, tmp_path):
    schedule("cron")
    (tmp_path / "out" / "comgmt-audit.cron").write_text("mine")
    assert cli.main(["schedule", "--cron", "--output", "out"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "out" / "comgmt-audit.cron").read_text() == "mine"
    assert cli.main(["schedule", "--cron", "--output", "out", "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "Say for what: one of --cron, --systemd"),
        (["--cron", "--at", "24:00"], "write a time such as 06:00"),
        (["--cron", "--at", "6"], "write a time such as 06:00"),
        (["--cron", "--history", "a\nb"], "cannot hold a control character"),
        (["--github", "/etc/comgmt.toml"], "as seen from the repository"),
        (["--github", "--history", "postgresql://pat:S3cret@db/x"], "no place for a password"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, error, capsys):
    assert cli.main(["schedule", *arguments]) == 2
    err = capsys.readouterr().err
    assert error in err
    assert "S3cret" not in err


def test_the_program_is_this_installation(schedule):
    line = schedule("cron")["comgmt-audit.cron"].splitlines()[-1]
    assert str(Path(sys.executable).parent) in line


def recipes(heading: str) -> Any:
    """The YAML under a heading of docs/ci.md."""
    text = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return section.partition("```yaml\n")[2].partition("```")[0]


@pytest.mark.parametrize(
    ("heading", "form", "before"),
    [("GitHub Actions", "github", "on: [push]\n"), ("Azure DevOps", "azure-pipelines", ""), ("GitLab", "gitlab", "")],
)
def test_the_recipes_of_the_documentation_are_what_the_service_takes(heading, form, before):
    document = loaded(form, before + recipes(heading))
    jsonschema.Draft7Validator(schema(SERVICES[form][1])).validate(document)
    assert "comgmt-audit" in str(document)


def test_the_inputs_in_the_documentation_are_those_of_the_action():
    root = Path(__file__).parents[2]
    action = yaml.safe_load((root / "action.yml").read_text(encoding="utf-8"))
    (line,) = re.findall(
        r"^Inputs: (.*?)\. Outputs", (root / "docs" / "ci.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert set(re.findall(r"`([^`]+)`", line)) == set(action["inputs"])
