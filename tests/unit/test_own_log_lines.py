"""Log lines of the user's own: what is refused and in which words, that no pattern hangs, and where their hits show."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import pytest

from comgmt_audit import timeline
from comgmt_audit.cli import main
from comgmt_audit.design import Design, Logs
from comgmt_audit.errors import DesignError, NotRecorded
from comgmt_audit.facts.logs import OwnLogs
from comgmt_audit.inputs import open_environment
from comgmt_audit.inspect_file import inspect
from comgmt_audit.log_catalogue import own
from tests.lab import judging
from tests.lab.estate import contoso, record
from tests.lab.logs import Log, client_line, server_line

LINE = """
[[entries]]
log = "ccmsetup"
id = "our-proxy-refused"
kind = "failure"
pattern = 'proxy-[0-9]+ refused'
meaning = "The proxy refused the client."
example = "Connection through proxy-07 refused"
remedy = "Ask the network team."
"""
LAB = Path(judging.__file__).parent
REFUSED = "Contoso: proxy-07 refused the site server"


@pytest.fixture
def load(tmp_path):
    """The entries of files of that content."""

    def read(*texts):
        paths = [tmp_path / f"lines-{number}.toml" for number, _ in enumerate(texts)]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return own.load(paths)

    return read


def test_an_entry_is_read_as_it_is_written(load):
    (entry,) = load(LINE + 'severity = "high"\ncause = "A new proxy."\n')
    assert (entry.log, entry.id, entry.kind, entry.severity) == ("ccmsetup", "our-proxy-refused", "failure", "high")
    assert entry.search("CONNECTION through PROXY-12 Refused by peer") == "PROXY-12 Refused"
    assert entry.search("Connection through proxy-1\r\n2 refused") == "proxy-12 refused"
    assert entry.search("Connection through proxy-x refused") is None
    assert (entry.cause, entry.remedy) == ("A new proxy.", "Ask the network team.")


def changed(key, value):
    lines = (f"{key} = {value}" if line.startswith(f"{key} =") else line for line in LINE.split("\n"))
    return "\n".join(line for line in lines if value or not line.startswith(f"{key} ="))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no list of [[entries]]"),
        ("entries = 3", "has no list of [[entries]]"),
        ("entries = [3]", "(entry 1)"),
        (LINE + "[other]\n", "It has 'other'"),
        ("[[entries]]\nid = ", "is not TOML: Invalid value (at end of document)"),
        ("[[entries]]\npattern = \"\\d\"\n", "at line 2, column 14"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"#" * (own.MAX_SIZE + 1), "is larger than 1048576 bytes"),
        ("a = " + "[" * 100_000, "is not TOML"),
        ("a = " + "9" * 5000, "is not TOML"),
        (LINE + 'patern = "x"\n', "line 2 (entry 1): [entries] has no key 'patern'. Did you mean 'pattern'?"),
        (LINE + 'feeds = ["LOG010"]\n', "has no key 'feeds'"),
        (LINE + "cause = 3\n", "entries.cause: Expected text in quotes, got a whole number."),
        (changed("kind", '"bad"'), "entries.kind: Invalid enum value 'bad'. Allowed: success, failure,"),
        (changed("kind", ""), "line 2 (entry 1): has no kind."),
        (changed("remedy", ""), "has no remedy."),
        (changed("example", '""'), "has no example."),
        ("[[entries]]\n", "line 1 (entry 1): has no log, id, kind, pattern, meaning, example."),
        (changed("log", '"ccmsetup.log"'), "log: 'ccmsetup.log' is no log's name."),
        (changed("log", '"../ccmsetup"'), "log: '../ccmsetup' is no log's name."),
        (changed("id", '"Our proxy"'), "id: 'Our proxy' is no id."),
        (changed("id", '"setup-failed"'), "id: 'setup-failed' is one of ours."),
        (changed("pattern", "'(proxy'"), "pattern: is no regular expression that RE2 takes: missing ): (proxy."),
        (changed("pattern", "'proxy(?=x)'"), "pattern: is no regular expression that RE2 takes"),
        (changed("pattern", "'(p)\\1'"), "pattern: is no regular expression that RE2 takes"),
        (changed("pattern", "'((a{900}){900}){900}'"), "pattern: is no regular expression that RE2 takes"),
        (changed("pattern", "'(proxy)?'"), "pattern: matches an empty line"),
        (changed("pattern", "'.*'"), "pattern: matches an empty line"),
        (changed("pattern", f"'{'x' * 1001}'"), "pattern: is longer than 1000 characters."),
        (changed("example", '"nothing of it"'), "example: the pattern does not match it."),
        (LINE + LINE, "the id 'our-proxy-refused' is that of "),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_with_file_line_and_key(load, tmp_path, text, said):
    with pytest.raises(DesignError) as error:
        load(text)
    assert said in error.value.message
    assert error.value.message.startswith(str(tmp_path / "lines-0.toml"))
    assert "\n" not in error.value.message
    assert len(error.value.message) < 500


def test_the_line_is_that_of_the_entry(load):
    with pytest.raises(DesignError, match=r"lines-0\.toml, line 11 \(entry 2\): .*lines-0\.toml, line 2 \(entry 1\)"):
        load(LINE + LINE)


def test_an_id_is_used_once_in_all_files(load):
    with pytest.raises(DesignError, match=r"lines-1\.toml, line 2 .* is that of .*lines-0\.toml"):
        load(LINE, LINE)


def test_there_are_no_more_than_can_be_searched_for(load):
    many = "".join(LINE.replace("our-proxy", f"our-{number}") for number in range(own.MAX_LINES + 1))
    with pytest.raises(DesignError, match="501 log lines are named, and 500 is the limit"):
        load(many)


@pytest.mark.parametrize("name", ["gone.toml", "."])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(DesignError, match="cannot be read"):
        own.load([tmp_path / name])


def test_without_re2_it_says_what_to_install(load, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    own._compiled.cache_clear()
    with pytest.raises(DesignError, match="need google-re2") as error:
        load(LINE)
    assert "comgmt-audit[log-lines]" in error.value.hint


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(x|x)*y", "(.*)*z", "(.*)(.*)(.*)(.*)z", "(x?){60}x{60}y"])
def test_no_pattern_hangs(load, pattern):
    """Each takes a backtracking engine for ever, or for hours, on such a line."""
    example = "x" * 60 + "yz"
    (entry,) = load(changed("pattern", f"'{pattern}'").replace("Connection through proxy-07 refused", example))
    start = time.process_time()
    assert entry.search("x" * 100_000) is None
    assert time.process_time() - start < 2


@pytest.mark.parametrize("count", [1, 20, own.MAX_LINES])
def test_many_lines_are_searched_for_at_once(load, count):
    text = changed("pattern", "'[a-z]+ proxy-{n}x[0-9]+ refused'").replace("our-proxy", "our-{n}")
    text = text.replace("Connection through proxy-07", "through proxy-{n}x07")
    entries = load("".join(text.replace("{n}", str(number)) for number in range(count)))
    likely = own.likely(entries)
    start = time.process_time()
    assert not any(likely(f"Reading workload flags of the policy, attempt {number}") for number in range(20_000))
    assert time.process_time() - start < 3
    assert likely(f"THROUGH PROXY-{count - 1}X1 refused")
    assert likely(f"through proxy-{count - 1}x1 ref\r\nused")


def lab(*names: str) -> tuple[own.OwnEntry, ...]:
    return own.load(LAB / name for name in names)


def estate(*lines, catalogues=("our-lines.toml",), **log):
    return contoso(design__logs={"catalogues": catalogues}, logs__cloud_manager=Log(current=lines, **log))


@pytest.mark.parametrize(
    ("lines", "outcome", "said"),
    [
        (((300, "start"), (20, REFUSED), (1, "end")), "fail", "proxy-07 refused the site server"),
        (((20, REFUSED),), "fail", "proxy-07 refused the site server"),  # it stands, whatever came before it
        (((300, REFUSED), (1, "end")), "pass", ""),  # long ago, and the log goes on
        (((300, "start"), (20, REFUSED), (10, "proxy-08 is being replaced")), "not assessed", "waiting: proxy-08"),
        (((400, "start"), (300, "end")), "not assessed", "nothing of the last days"),
        (((300, "start"), (1, "end")), "pass", ""),
    ],
)
def test_the_newest_of_the_users_lines_is_judged(judge, lines, outcome, said):
    found = judge(estate(*lines))["LOG070"]
    assert found.outcome.value == outcome
    assert not said or said in str(found.findings[0].actual)


def test_an_entry_says_how_grave_its_failure_is_and_what_mends_it(judge):
    found = judge(estate((20, REFUSED)))["LOG070"].findings[0]
    assert found.severity.value == "high"
    assert "Ask the network team to let the site server through." in found.advice


def test_a_log_of_which_only_the_end_was_read_is_not_assessed(judge):
    assert judge(estate((300, "start"), (1, "end"), complete=False))["LOG070"].outcome.value == "not assessed"


def test_a_success_that_none_wrote_is_not_assessed(judge):
    lines = lab("our-agent-lines.toml")
    assert [line.log for line in lines] == ["contoso agent"]
    found = judge(estate((1, "end"), catalogues=("our-agent-lines.toml",)))["LOG070"]
    assert found.outcome.value == "not assessed"
    assert found.findings[0].subject == "contoso agent.log"


def test_without_catalogues_it_does_not_apply(judge):
    assert judge(contoso())["LOG070"].outcome.value == "not applicable"


def test_a_recording_alone_says_that_the_lines_did_not_travel(tmp_path):
    path = record(estate((20, REFUSED)), tmp_path / "recording")
    found = judging.results(path, own_lines=False)["LOG070"]
    assert found.outcome.value == "not assessed"
    environment = open_environment(path)
    with pytest.raises(NotRecorded, match=r"our-lines\.toml do not travel"):
        environment.fact(OwnLogs)
    environment.recording.close()


def test_comgmt_toml_beside_the_lines_judges_an_old_recording(tmp_path):
    record(contoso(logs__cloud_manager=Log(current=((20, REFUSED),))), tmp_path / "old")
    (tmp_path / "our.toml").write_text(LINE.replace("ccmsetup", "CloudMgr"), encoding="utf-8")
    toml = tmp_path / "comgmt.toml"
    toml.write_text('recording = "old"\n[logs]\ncatalogues = ["our.toml"]\n', encoding="utf-8")
    environment = open_environment(toml)
    (state,) = environment.fact(OwnLogs)
    assert state.latest
    assert (state.latest.entry.id, state.latest.matched) == ("our-proxy-refused", "proxy-07 refused")
    assert [event.meaning for event in timeline.events(environment)] == ["The proxy refused the client."]
    environment.recording.close()


def test_a_log_of_their_own_is_recorded_live_and_judged(tmp_path, capsys):
    folder = tmp_path / "Logs"
    folder.mkdir()
    (folder / "Contoso Agent.log").write_text(server_line(1, "The agent is ready", "AGENT"), encoding="utf-8")
    lines = (LAB / "our-agent-lines.toml").read_text(encoding="utf-8")
    (tmp_path / "our.toml").write_text(lines, encoding="utf-8")
    toml = tmp_path / "comgmt.toml"
    off = "".join(f"[connect.{table}]\nuse = false\n" for table in ("cloud", "admin_service", "directory", "web"))
    toml.write_text(
        f'[logs]\ncatalogues = ["our.toml"]\n{off}[connect.files.logs]\n"cm01" = "{folder.as_posix()}"\n',
        encoding="utf-8",
    )
    assert main(["record", str(toml), "--output", str(tmp_path / "recording"), "--select", "LOG070", "--quiet"]) == 0
    toml.write_text('recording = "recording"\n' + toml.read_text(encoding="utf-8"), encoding="utf-8")
    environment = open_environment(toml)
    (state,) = environment.fact(OwnLogs)
    assert state.latest
    assert state.latest.entry.id == "contoso-agent-ready"
    environment.recording.close()
    assert capsys.readouterr().out == ""


def test_a_wrong_catalogue_ends_a_scan_with_its_words(tmp_path, capsys):
    toml = tmp_path / "comgmt.toml"
    toml.write_text('recording = "old"\n[logs]\ncatalogues = ["gone.toml"]\n', encoding="utf-8")
    assert main(["scan", str(toml)]) == 2
    assert "gone.toml: cannot be read" in capsys.readouterr().err


def test_inspect_shows_them_beside_ours(tmp_path, capsys):
    lines = tmp_path / "our.toml"
    lines.write_text(LINE, encoding="utf-8")
    log = tmp_path / "ccmsetup.log"
    text = client_line(2, "CcmSetup is exiting with return code 0", "x") + client_line(1, "proxy-3 refused us", "x")
    log.write_text(text, encoding="utf-8")
    assert main(["inspect", "--json", "--log-lines", str(lines), str(log)]) == 0
    (seen,) = json.loads(capsys.readouterr().out)
    assert [(hit["id"], hit["kind"]) for hit in seen["hits"]] == [
        ("setup-succeeded", "success"),
        ("our-proxy-refused", "failure"),
    ]
    assert seen["facts"]["state"] == "success"  # of our lines; the user's have no say in it


def test_inspect_searches_a_log_of_another_name_for_all(tmp_path):
    log = tmp_path / "anything.log"
    log.write_text(server_line(1, REFUSED, "X"), encoding="utf-8")
    assert [hit.id for hit in inspect(log, own=lab("our-lines.toml", "our-agent-lines.toml")).hits] == [
        "contoso-proxy-refused"
    ]


def test_the_design_names_the_files():
    assert Design(logs=Logs(catalogues=("a.toml",))).logs.catalogues == ("a.toml",)
