"""The command line, from arguments to exit code."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from comgmt_audit import __version__, cli, engine
from comgmt_audit.cli import scan as scan_command
from comgmt_audit.model import EXIT_CODES
from tests.end_to_end.packs import HOSTILE, OUTCOMES, pack
from tests.lab.estate import contoso, record
from tests.unit.recordings import edit_manifest

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "comgmt_audit"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return record(contoso(), tmp_path_factory.mktemp("recordings") / "contoso")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("packs") / "house")


@pytest.fixture
def run(capsys):
    """Run the command here; returns its exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def scan(run, recording, own):
    """Judge Contoso by some of the house's checks."""
    return lambda select, *arguments: run("scan", recording, "--checks", own, "--select", select, *arguments)


def process(*arguments: object, **rest) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", **rest.pop("env", {})}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        check=False,
        env=environment,
        capture_output="stdout" not in rest,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        **rest,
    )


# Exit codes


@pytest.mark.parametrize(
    ("select", "arguments", "code"),
    [
        ("OWN010", [], 0),
        ("OWN010,OWN030", [], 0),
        ("OWN080", [], 0),
        ("OWN080", ["--fail-on", "advice"], 1),
        ("OWN020", [], 1),
        ("OWN020", ["--fail-on", "critical"], 0),
        ("OWN020", ["--fail-on", "HIGH"], 1),
        ("OWN", [], 1),
        ("OWN010,OWN040", [], 3),
        ("OWN010,OWN050", [], 3),
        ("OWN030", [], 3),
        ("OWN", ["--fail-on", "critical"], 3),
        ("NOPE", [], 2),
    ],
)
def test_the_exit_code_is_that_of_the_verdict(scan, select, arguments, code):
    assert scan(select, *arguments)[0] == code


def test_healthy_contoso_is_ready(run, recording):
    code, out, err = run("scan", recording)
    assert (code, err) == (0, "")
    assert out.startswith("READY: ")


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_defect_makes_it_not_ready(run, tmp_path, form):
    path = record(contoso(tenant__mdm_authority="sccm"), tmp_path / ("r.zip" if form == "zip" else "r"))
    code, out, _ = run("scan", path)
    assert code == 1
    assert "TEN010" in out


def test_missing_evidence_cannot_be_told(run, tmp_path):
    path = record(contoso().refusing("graph/mdm-authority"), tmp_path / "r")
    assert run("scan", path, "--select", "TEN010")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "nowhere"], "nowhere: no such file or folder"),
        (["scan", "."], "it has no manifest.json"),
        (["scan"], "Name a recording (folder or .zip) or a comgmt.toml, or try --demo."),
        (["scan", "nowhere.toml"], "nowhere.toml: no such file"),
        (["scan", "--demo", "nearly"], "'nearly' is not one of 'not-ready', 'ready'"),
        (["scan", "x", "--demo"], "Name a recording or --demo, not both"),
        (["scan", "x", "--demo", "ready"], "Name a recording or --demo, not both"),
        (["scan", "x", "--fail-on", "fatal"], "'fatal' is not one of 'advice', 'low', 'medium', 'high', 'critical'"),
        (["scan", "x", "--baseline"], "requires an argument"),
        (["scan", "x", "--quiet", "--verbose"], "exclude each other"),
        (["scan", "x", "--html", "a", "--json", "./a"], "Two reports cannot go to the same file"),
        (["scan", "x", "--html", "."], "is a directory"),
        (["scan", "x", "--checks", "nowhere"], "nowhere: is not a folder of checks"),
        (["scan", "x", "--nonsense"], "No such option"),
        (["scan", "x", "y"], "unexpected extra argument"),
        (["scna"], "No such command 'scna'"),
        (["explain"], "Missing argument"),
        (["completion", "cmd"], "'cmd' is not one of"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_says_why(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err.replace("\n", " ")
    assert "Traceback" not in err


def test_no_arguments_show_the_help_and_end_with_2(run):
    code, out, err = run()
    assert (code, out) == (2, "")
    assert "Commands:" in err


def test_a_crash_ends_with_70_and_shows_its_place_only_when_asked(run, recording, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError("boom \x1b[31m")

    monkeypatch.setattr(engine, "scan", crash)
    code, out, err = run("scan", recording)
    assert (code, out) == (70, "")
    assert "a defect of comgmt-audit: RuntimeError: boom \\u001b[31m" in err
    assert "Traceback" not in err
    assert "There is no verdict" in err
    code, _, err = run("scan", recording, "--verbose")
    assert code == 70
    assert "Traceback" in err
    monkeypatch.setenv("COMGMT_DEBUG", "1")
    assert "Traceback" in run("scan", recording)[2]


def test_ctrl_c_ends_with_130(run, recording, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "scan", interrupt)
    code, out, err = run("scan", recording)
    assert (code, out.strip()) == (130, "")
    assert "Interrupted." in err


def test_a_reader_that_goes_away_ends_with_141_and_no_noise():
    reading, writing = os.pipe()
    os.close(reading)
    ended = process("list", "--json", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_ends_with_2_and_says_so():
    with Path("/dev/full").open("w") as full:
        ended = process("list", stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 2
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_exit_code_is_documented_in_the_help_and_in_the_manual(run):
    codes = {*EXIT_CODES.values(), cli.USAGE, cli.DEFECT, cli.INTERRUPTED, cli.PIPE_CLOSED}
    help_text = run("scan", "--help")[1].partition("Exit codes:")[2]
    assert {int(code) for code in re.findall(r"^ +(\d+)  ", help_text, re.MULTILINE)} == codes
    manual = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", manual, re.MULTILINE)} == codes
    assert len(codes) == 7


def test_every_command_and_option_is_in_the_manual():
    manual = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in cli.cli.commands.items():
        assert f"comgmt-audit {name}" in manual
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert f"`{option}" in manual or f"{option}`" in manual, option


# What is judged


def test_without_an_argument_the_comgmt_toml_here_is_read(run, recording, tmp_path, monkeypatch):
    (tmp_path / "comgmt.toml").write_text(f'name = "Here"\nrecording = "{recording.as_posix()}"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("scan", "--select", "TEN010")
    assert code == 0
    assert "Here" in out


def test_a_comgmt_toml_judges_its_recording_by_its_own_design(run, recording, tmp_path, monkeypatch):
    """The recording's path is relative to the file, wherever the command runs."""
    (tmp_path / "designs").mkdir()
    relative = os.path.relpath(recording, tmp_path / "designs").replace("\\", "/")
    toml = tmp_path / "designs" / "other.toml"
    toml.write_text(f'name = "Other"\nrecording = "{relative}"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, _, _ = run("scan", toml, "--select", "TEN010", "--json", tmp_path / "s.json")
    scan = msgspec.json.decode((tmp_path / "s.json").read_bytes())
    assert code == 0
    assert (scan["environment"], scan["design"]["site"]["code"]) == ("Other", "")


def test_what_is_read_live_can_be_kept_and_a_recording_cannot(run, recording, tmp_path):
    code, _, err = run("scan", recording, "--keep", tmp_path / "kept")
    assert code == 2
    assert "--keep is for what is read live" in err
    assert not (tmp_path / "kept").exists()


def test_a_baseline_beside_the_comgmt_toml_is_found(run, recording, tmp_path):
    (tmp_path / "own.toml").write_text('extends = "current"\nname = "house baseline"\n')
    toml = tmp_path / "comgmt.toml"
    toml.write_text(f'baseline = "own.toml"\nrecording = "{recording.as_posix()}"\n')
    assert "baseline house baseline" in run("scan", toml, "--select", "TEN010")[1]


def test_the_baseline_can_be_overruled_by_name_and_by_file(run, recording, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('extends = "current"\nname = "house baseline"\n')
    assert "baseline house baseline" in run("scan", recording, "--select", "TEN010", "--baseline", own)[1]
    out = run("scan", recording, "--select", "TEN010", "--baseline", "tutorial-2018")[1]
    assert "baseline tutorial-2018" in out
    assert run("scan", recording, "--baseline", "1999")[0] == 2


def test_a_recording_opens_no_file_that_it_names_as_its_baseline(run, tmp_path):
    secret = tmp_path / "secret.toml"
    secret.write_text("password = 'x'\n")
    path = edit_manifest(record(contoso(), tmp_path / "r"), lambda m: m["design"].update(baseline=str(secret)))
    code, _, err = run("scan", path)
    assert code == 2
    assert "does not travel with it" in err
    assert "password" not in err
    assert run("scan", path, "--baseline", "current", "--select", "TEN010")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(["--demo"], "not-ready"), (["--demo", "not-ready"], "not-ready"), (["--demo", "ready"], "ready")],
)
def test_the_demo_is_not_ready_unless_asked(run, tmp_path, monkeypatch, arguments, name):
    (tmp_path / "demo").mkdir()
    for demo, authority in {"ready": "intune", "not-ready": "sccm"}.items():
        record(
            contoso(design__name=f"the {demo} demo", tenant__mdm_authority=authority), tmp_path / "demo" / f"{demo}.zip"
        )
    monkeypatch.setattr(scan_command, "__file__", str(tmp_path / "cli" / "scan.py"))
    code, out, _ = run("scan", *arguments, "--select", "TEN010")
    assert code == {"ready": 0, "not-ready": 1}[name]
    assert f"the {name} demo" in out


@pytest.mark.parametrize("format", [0, 99])
def test_a_hostile_recording_is_refused_with_2(run, tmp_path, format):
    path = edit_manifest(record(contoso(), tmp_path / "r"), lambda m: m.update(format=format))
    code, out, err = run("scan", path)
    assert (code, out) == (2, "")
    assert f"format {format}" in err


def test_whose_checks_are_loaded_is_said(scan, own):
    assert scan("OWN010")[2] == f"Loaded {len(OUTCOMES)} checks of house from {own.resolve()}\n"


# Reports


def test_all_reports_are_written_and_agree(scan, tmp_path):
    html, junit, json = (tmp_path / name for name in ("r.html", "r.xml", "r.json"))
    code, _, err = scan("OWN", "--html", html, "--junit", junit, "--json", json)
    assert code == 1
    assert [f"Wrote {path}" in err for path in (html, junit, json)] == [True] * 3
    scan_ = msgspec.json.decode(json.read_bytes())
    assert {result["check"]["id"]: result["outcome"] for result in scan_["results"]} == OUTCOMES
    assert scan_["verdict"] == "not ready"
    assert "OWN020" in html.read_text(encoding="utf-8")
    assert junit.read_text(encoding="utf-8").startswith('<?xml version="1.0" encoding="UTF-8"?>')


def test_a_kept_scan_is_rendered_again_to_the_same_bytes(scan, run, tmp_path):
    names = ("r.html", "r.xml", "r.md", "r.csv", "r.sarif", "r.json")
    options = [part for name in names for part in (f"--{FORMS[name[2:]]}", name)]
    first, second = (
        [str(tmp_path / f"{turn}-{part}") if part.startswith("r.") else part for part in options] for turn in (1, 2)
    )
    assert scan("OWN", *first)[0] == 1
    code, out, err = run("report", tmp_path / "1-r.json", *second)
    assert code == 0
    assert out.startswith("NOT READY")
    assert err.count("Wrote ") == len(names)
    for name in names:
        assert (tmp_path / f"2-{name}").read_bytes() == (tmp_path / f"1-{name}").read_bytes(), name


FORMS = {"html": "html", "xml": "junit", "md": "markdown", "csv": "csv", "sarif": "sarif", "json": "json"}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 1}'])
def test_what_is_no_scan_is_not_rendered(run, tmp_path, content):
    (tmp_path / "scan.json").write_bytes(content)
    code, out, err = run("report", tmp_path / "scan.json", "--html", tmp_path / "r.html")
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {tmp_path / 'scan.json'}: This is not the JSON report of a scan")
    assert not (tmp_path / "r.html").exists()


def test_a_scan_that_is_not_there_is_said(run, tmp_path):
    code, _, err = run("report", tmp_path / "none.json")
    assert code == 2
    assert "none.json: it cannot be read: No such file or directory" in err


def test_a_report_that_cannot_be_written_ends_with_2_and_the_others_are_written(scan, tmp_path):
    missing = tmp_path / "missing" / "r.xml"
    code, out, err = scan("OWN010", "--junit", missing, "--json", tmp_path / "r.json")
    assert code == 2
    assert str(missing) in err
    assert msgspec.json.decode((tmp_path / "r.json").read_bytes())["verdict"] == "ready"
    assert out.startswith("READY")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_report_is_replaced_as_a_whole(scan, tmp_path):
    path = tmp_path / "r.json"
    path.write_text("old" * 100_000)
    assert scan("OWN010", "--json", path)[0] == 0
    assert msgspec.json.decode(path.read_bytes())["verdict"] == "ready"


def test_quiet_prints_nothing_and_judges_all_the_same(scan, tmp_path):
    assert scan("OWN020", "--quiet", "--json", tmp_path / "r.json") == (1, "", "")
    assert (tmp_path / "r.json").exists()


def test_verbose_prints_what_passed(scan):
    assert "Names are given." not in scan("OWN010")[1]
    assert "Names are given." in scan("OWN010", "--verbose")[1]


def test_the_clock_can_be_fixed(scan, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("a.json", "b.json"):
        scan("OWN010", "--json", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert msgspec.json.decode((tmp_path / "a.json").read_bytes())["started_at"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("value", ["soon", "", "1e400", "9" * 30])
def test_a_clock_that_is_none_is_a_usage_error(scan, monkeypatch, value):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    code, _, err = scan("OWN010")
    assert code == 2
    assert "SOURCE_DATE_EPOCH" in err


# Terminals

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_nothing_hostile_reaches_the_terminal_from_a_recording(run, tmp_path):
    path = record(contoso(design__name="\x1b]0;owned\x07\x9b2J\u202eevil"), tmp_path / "r")
    folder = pack(tmp_path / "evil", HOSTILE)
    for more in ([], ["--verbose"]):
        code, out, err = run("scan", path, "--checks", folder, "--select", "EVL", *more)
        assert code == 1
        assert not UNSAFE.search(out + err)
        assert "red" in out


def test_nothing_hostile_reaches_the_terminal_from_an_error(run, tmp_path):
    edit = lambda m: m["observations"][0].setdefault("answer", {}).update(file="\x1b[31m.json")  # noqa: E731
    path = edit_manifest(record(contoso(), tmp_path / "r"), edit)
    for arguments in (
        ["scan", path],
        ["scan", "\x1b[2J"],
        ["scan", "x", "--\x1b[2J"],
        ["scan", path, "--select", "\x1b"],
        ["\x1b[2J"],
        ["explain", "\x1b[2J"],
    ):
        code, out, err = run(*arguments)
        assert code == 2
        assert not UNSAFE.search(out + err)


def test_a_console_without_our_characters_shows_marks_and_does_not_fail(recording, tmp_path):
    path = record(contoso(design__name="Ж 1"), tmp_path / "r")
    ended = process("scan", path, "--select", "TEN010", env={"PYTHONIOENCODING": "cp850"})
    assert ended.returncode == 0
    assert "? 1" in ended.stdout


def on_a_terminal(*arguments: object) -> tuple[int, str]:
    """Run the command on a pseudo-terminal; returns exit code and all that a user would see."""
    import pty

    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )
    os.close(terminal)
    seen = b""
    with contextlib.suppress(OSError):  # what Linux raises when the other end is closed
        while part := os.read(controller, 65536):
            seen += part
    os.close(controller)
    return child.wait(120), seen.decode("utf-8", "replace")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_on_a_terminal_the_report_is_coloured_and_progress_is_shown(recording, own):
    arguments = ["scan", recording, "--checks", own, "--select", "OWN"]
    code, seen = on_a_terminal(*arguments)
    assert code == 1
    assert re.search("Reading|Judging", seen)  # whichever the last frame of so short a run shows
    assert re.search(r"\x1b\[[0-9;]*31[0-9;]*mNOT READY", seen)
    code, seen = on_a_terminal(*arguments, "--quiet")
    assert (code, seen) == (1, "")


def test_away_from_a_terminal_there_is_no_progress_and_no_colour(recording, own):
    ended = process("scan", recording, "--checks", own, "--select", "OWN")
    assert ended.returncode == 1
    assert not re.search("Reading|Judging", ended.stderr + ended.stdout)
    assert "\x1b" not in ended.stderr + ended.stdout


# The other commands


def test_list_shows_every_check_on_a_line_in_the_order_of_the_rollout(run):
    code, out, _ = run("list")
    assert code == 0
    assert "TEN010  critical  tenant          The MDM authority is Intune." in out.splitlines()
    stages = [line.split()[2] for line in out.splitlines()]
    order = ["tenant", "on-premises", "pki", "azure-services", "dns", "clients", "co-management", "enrolment"]
    assert stages == sorted(stages, key=order.index)


def test_list_selects_and_lists_as_json(run, own):
    code, out, _ = run("list", "--checks", own, "--select", "S33,OWN080", "--json")
    checks = msgspec.json.decode(out)
    assert code == 0
    assert [check["id"] for check in checks if check["pack"] == "house"] == ["OWN020", "OWN080"]
    assert next(check for check in checks if check["id"] == "OWN020")["why"] == "They are seen."
    assert run("list", "--select", "NOPE")[0] == 2


def test_explain_says_all_that_a_check_says(run):
    code, out, _ = run("explain", "ten010")
    assert code == 0
    for part in (
        "TEN010  The MDM authority is Intune.\n",
        "Severity:         critical\n",
        "Stage:            tenant\n",
        "Statements:       S08\n",
        "Reads:            graph/mdm-authority\n",
        "Applies where:    ",
        "\nWhy:\n  Devices enrol",
        "\nRemedy:\n  In the Microsoft Intune admin centre",
        "\nSee:\n  ",
        ": https://learn.microsoft.com/",
    ):
        assert part in out


def test_explain_knows_the_users_checks_with_step_tags_and_prerequisites(run, own):
    out = run("explain", "OWN020", "--checks", own)[1]
    assert "Tutorial:         Set up the client\n" in out
    assert "Tags:             broken\n" in out
    assert "Waits for:        OWN020\n" in run("explain", "OWN070", "--checks", own)[1]


def test_explain_suggests_what_was_meant(run):
    code, _, err = run("explain", "TEN01O")
    assert code == 2
    assert "There is no check 'TEN01O'." in err
    assert "Did you mean TEN010" in err
    assert "`comgmt-audit list` shows all checks" in run("explain", "QQQ999")[2]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(run, shell):
    code, out, _ = run("completion", shell)
    assert code == 0
    assert f"_COMGMT_AUDIT_COMPLETE={shell}_complete" in out


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        ("comgmt-audit ", {"scan", "list", "explain", "completion"}),
        ("comgmt-audit explain ten0", {"TEN010"}),
        (
            "comgmt-audit scan --fail-on ",
            {"advice", "low", "medium", "high", "critical", "new", "unknown", "expired-waiver"},
        ),
    ],
)
def test_what_the_shell_completes(words, suggested):
    ended = process(
        env={
            "_COMGMT_AUDIT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
    )
    offered = {line.partition(",")[2] for line in ended.stdout.splitlines()}
    assert suggested <= offered


def test_the_version(run):
    assert run("--version") == (0, f"comgmt-audit {__version__}\n", "")


def test_the_version_costs_little():
    """At most 0.15 s of CPU, in the best of five runs, for the machine may be busy with something else."""

    def cost() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process("--version").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cost() for _ in range(5)) <= 0.15


@pytest.mark.parametrize("module", ["comgmt_audit.cli", "comgmt_audit.pytest_plugin"])
def test_starting_imports_nothing_heavy(module):
    heavy = (
        "cryptography dns httpx jinja2 rich lxml junit_xml xml pyasn1 certifi comgmt_audit.engine comgmt_audit.packs"
    )
    code = f"import sys, {module}; print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ended.stdout.split() == []
