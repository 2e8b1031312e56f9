"""``comgmt-audit init``: asked, told by options, and from a recording. test_live_init.py has real servers."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from comgmt_audit import cli, connections, design
from comgmt_audit.cli import init as command
from comgmt_audit.init import discovery
from comgmt_audit.init.answers import all_keys
from comgmt_audit.init.discovery import Discovery, Seen
from comgmt_audit.init.questions import QUESTIONS
from comgmt_audit.sources import directory
from comgmt_audit.sources.ldap import DirectoryError
from comgmt_audit.sources.session import unreachable

DEMO = Path(cli.__file__).parents[1] / "demo" / "ready.zip"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Answer the questions, one line each; returns the result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "is_terminal", lambda: True)

    def asked(*lines: str, arguments: tuple[str, ...] = ()):
        return CliRunner().invoke(cli.cli, ["init", *arguments], input="".join(f"{line}\n" for line in lines))

    return asked


def written() -> dict[str, dict[str, object]]:
    return {name: table for name, table in tomllib.loads(Path("comgmt.toml").read_text("utf-8")).items() if table}


def test_where_nobody_can_be_asked_it_says_what_to_do(run, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "comgmt_audit", "init"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Say --yes, --set KEY=VALUE or --answers FILE." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_yes_writes_a_file_that_is_read_and_that_doctor_accepts(run):
    assert run("init", "--yes") == (0, "", "Wrote comgmt.toml; next: comgmt-audit doctor comgmt.toml\n")
    assert design.load(Path("comgmt.toml")) == design.Design()
    code, out, err = run("doctor", "comgmt.toml", "--select", "DIR")
    assert (code, err) == (3, "")
    assert "directory: does not answer" in out


def test_options_and_a_file_answer_and_the_option_has_the_last_word(run, tmp_path):
    (tmp_path / "answers.toml").write_text('[site]\ncode = "AAA"\nserver = "cm01.contoso.com"\n')
    assert run("init", "--answers", "answers.toml", "--set", "site.code=PS1")[0] == 0
    assert written()["site"] == {"code": "PS1", "server": "cm01.contoso.com"}


def test_nothing_is_written_over_without_force(run):
    assert run("init", "--yes")[0] == 0
    code, _, err = run("init", "--yes", "--set", "name=Other")
    assert (code, err) == (2, "Error: comgmt.toml: is there already.\nName another file, or say --force.\n")
    assert run("init", "--yes", "--set", "name=Other", "--force")[0] == 0
    assert design.load(Path("comgmt.toml")).name == "Other"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "site.kode=PS1"], "Did you mean 'code'?"),
        (["--set", "connect.cloud.secret=hunter2"], "does not say where the secret is"),
        (["--answers", "nowhere.toml"], "no such file"),
        (["--from", "nowhere"], "nowhere"),
        (["--yes", "--discover", "--from", "x"], "exclude each other"),
        (["--yes", "--set", "site=x"], "site"),
        (["--yes", "--set", "name=\udcff"], "is no text in UTF-8"),
        (["--set", 'connect.files.certificate_passwords={a={b="hunter2"}}'], "connect.files.certificate_passwords"),
        (["--set", "dns.inside=[[["], "dns.inside: Expected a list"),
        (["--yes", "nowhere/comgmt.toml"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_written(run, tmp_path, arguments, said):
    code, _, err = run("init", *arguments)
    assert code == 2
    assert said in err
    assert "hunter2" not in err
    assert list(tmp_path.iterdir()) == []


def test_every_question_has_a_default_and_says_why(asked):
    done = asked(*[""] * len(QUESTIONS))
    assert done.exit_code == 0, done.output
    assert design.load(Path("comgmt.toml")) == design.Design()
    assert connections.load(Path("comgmt.toml")) == connections.Connections()
    for question in QUESTIONS:
        if question.when({}):
            assert question.why in done.output


def test_a_wrong_answer_is_asked_again_and_a_secret_is_not_taken(asked):
    given = {
        "name": ["Contoso"],
        "rollout.on_premises_domain": ["n"],
        "site.server": ["cm01", "cm01.contoso.com"],
        "connect.cloud.sign_in": ["client-secret"],
        "connect.cloud.secret": ["hunter2", "env:SCANNER"],
        "rollout.cloud": ["mars", "china"],
        "site.code": ["PS1"],
    }
    order = [
        question.key
        for question in QUESTIONS
        if question.when({"rollout.on_premises_domain": False, "connect.cloud.sign_in": "client-secret"})
    ]
    assert "connect.directory.server" not in order
    assert "connect.cloud.certificate" not in order
    done = asked(*(line for key in order for line in given.get(key, [""])))
    assert done.exit_code == 0, done.output
    assert "'cm01' is not a full name" in done.output
    assert "does not say where the secret is" in done.output
    text = Path("comgmt.toml").read_text("utf-8")
    assert "hunter2" not in text
    assert written()["site"]["code"] == "PS1"
    assert written()["connect"]["cloud"] == {"use": True, "sign_in": "client-secret", "secret": "env:SCANNER"}
    assert written()["rollout"]["cloud"] == "china"


def test_what_was_answered_by_an_option_is_not_asked(asked):
    words = [f"--set={question.key}={_default(question.key)}" for question in QUESTIONS if question.key != "name"]
    done = asked("Contoso", arguments=tuple(words))
    assert done.exit_code == 0, done.output
    assert design.load(Path("comgmt.toml")).name == "Contoso"


def _default(key: str) -> str:
    value = all_keys()[key].default
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_an_interrupted_dialogue_writes_nothing(asked, tmp_path):
    done = asked("Contoso")  # the input ends: as Ctrl-D
    assert done.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_the_design_that_a_recording_shows_judges_it_as_its_own_does(run):
    assert run("init", "--from", DEMO, "--set", f"recording={DEMO.as_posix()}")[0] == 0
    assert written()["site"]["code"] == "PS1"
    assert run("scan", "comgmt.toml", "--select", "SIT,TEN,CMG010,CMG020,CMG030,AZS,SUB", "--quiet")[0] == 0


def test_what_a_recording_shows_is_the_default_of_the_questions(asked):
    done = asked(*[""] * len(QUESTIONS), arguments=("--from", str(DEMO)))
    assert done.exit_code == 0, done.output
    assert "site.code [PS1]: " in done.output
    assert "Seen in the AdminService (site/SMS_Site)." in done.output
    assert written()["site"]["code"] == "PS1"


def test_what_a_hostile_recording_shows_moves_no_cursor(asked, monkeypatch):
    evil = Seen("\x1b[2J\u202eevil", "a \x1b[2J\u202eplace")
    seen = Discovery(found={"name": evil}, notes={"site.code": evil.place}, remarks=[evil.place])
    monkeypatch.setattr(discovery, "look", lambda _: seen)
    done = asked(*[""] * len(QUESTIONS), arguments=("--from", "anything"))
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output
    assert design.load(Path("comgmt.toml")).name == "\x1b[2J\u202eevil"
    assert "\x1b" not in Path("comgmt.toml").read_text("utf-8")


def test_a_domain_leads_to_its_domain_controller(run, monkeypatch):
    def controllers(domain: str, timeout: float) -> list[str]:
        assert (domain, timeout > 0) == ("corp.contoso.com", True)
        return ["dc01.corp.contoso.com", "dc02.corp.contoso.com"]

    monkeypatch.setattr(directory, "controllers", controllers)
    assert run("init", "--yes", "--domain", "corp.contoso.com")[0] == 0
    assert written()["connect"]["directory"] == {"server": "ldap://dc01.corp.contoso.com"}


def test_a_domain_that_dns_does_not_know_is_named(run, monkeypatch, tmp_path):
    def controllers(*_: object, **__: object) -> list[str]:
        raise DirectoryError(unreachable("DNS names no domain controller: NXDOMAIN", "Let this machine ask."))

    monkeypatch.setattr(directory, "controllers", controllers)
    code, _, err = run("init", "--yes", "--domain", "nowhere.test")
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert "--domain nowhere.test: DNS names no domain controller: NXDOMAIN.\nLet this machine ask." in err
