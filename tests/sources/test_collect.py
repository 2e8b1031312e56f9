"""The collect script run on this computer: a stand-in for powershell.exe prints what the estate's server would."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from checks.hosts import AUTOENROLMENT_KEY
from checks.hybrid_join import CLIENT_SIDE_KEY
from comgmt_audit import log_catalogue
from comgmt_audit.connections import Connections, Files, Hosts
from comgmt_audit.facts import logs
from comgmt_audit.recording import Recording
from comgmt_audit.sources import collect, hosts, winrm
from comgmt_audit.sources.session import Session
from tests.lab import hosts as lab
from tests.lab.estate import contoso
from tests.sources.files_session import absences, probed, recorded

SERVER = "cm01.corp.contoso.com"
EVIDENCE = lab.collections(contoso())[SERVER]
PARTS = {f"host/{SERVER}/{part}" for part in ("certificates", "gpresult", "dsregcmd", "registry", "key-files")}

ROOTS = "site/trusted-root-list"

Install = Callable[[str], None]


@pytest.fixture
def powershell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a powershell.exe on the path that runs this Python, on a computer that is called like the site server."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "evidence").write_bytes(EVIDENCE)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("SYSTEMROOT", raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "CM01")

    def install(code: str) -> None:
        program = folder / "powershell.exe"
        evidence = f"evidence = open({str(tmp_path / 'evidence')!r}).read()"
        program.write_text(f"#!{sys.executable} -IS\nimport sys, time\n{evidence}\n{code}\n")
        program.chmod(0o755)

    return install


def read(folder: Path, **more: Any) -> Recording:
    return recorded(folder / "recording", hosts, connections=Connections(**more))


def reason(recording: Recording) -> tuple[str, str, str]:
    """Of all parts: why they are not there, in which words, and the cure."""
    found = {one.id: one.absence for one in recording.manifest.observations if one.absence}
    assert set(found) == PARTS
    ((why, detail, cure),) = {(one.reason.value, one.detail, one.cure) for one in found.values()}
    return why, detail, cure


def test_on_the_server_itself_the_script_is_run_and_what_it_prints_is_kept(powershell, tmp_path):
    powershell(f"assert sys.argv[1:] == {_command()!r}\nprint(evidence)")
    recording = read(tmp_path)
    assert set(recording.ids("")) == PARTS - {f"host/{SERVER}/dsregcmd", f"host/{SERVER}/registry"} | {ROOTS}
    assert recording.json(f"host/{SERVER}/key-files", dict)["drives"] == ["C:\\", "D:\\"]
    assert [row for _, row in recording.lines(ROOTS, dict)] == [{"Subject": "CN=Contoso Root CA", "Thumbprint": ""}]
    assert recording.json(f"host/{SERVER}/certificates", dict)["stores"][0]["store"] == "My"
    assert "ConfigMgr IIS Servers" in recording.text(f"host/{SERVER}/gpresult")


def _command() -> list[str]:
    options = ["-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-ExecutionPolicy", "Bypass"]
    return [*options, "-File", str(collect.SCRIPT), "-Pipeline"]


def test_lines_that_were_broken_on_the_way_are_put_together(powershell, tmp_path):
    powershell("for at in range(0, len(evidence), 77): print(evidence[at:at+77], end='\\r\\n')")
    assert recorded_parts(read(tmp_path))


def recorded_parts(recording: Recording) -> list[str]:
    return [one.id for one in recording.manifest.observations if one.answer]


@pytest.mark.parametrize(
    ("code", "why", "detail", "cure"),
    [
        ("sys.exit(5)", "unreadable", "ended with 5: nothing was said", "Run the collect script"),
        ("sys.stderr.write('LanguageMode=ConstrainedLanguage\\nAt line 12'); sys.exit(1)", "refused",
         "LanguageMode=ConstrainedLanguage", "Application control"),
        ("sys.stderr.write('Die Datei ... FullyQualifiedErrorId : UnauthorizedAccess'); sys.exit(1)", "refused",
         "ended with 1", "execution policy"),
        ("print('hello')", "unreadable", "is not what the collect script writes", "Run the collect script"),
        ("", "unreadable", "is not what the collect script writes", "Run the collect script"),
        ("print(evidence[:2000])", "unreadable", "is not what the collect script writes", "Run the collect script"),
        ("print(evidence.replace('\"collector\":1', '\"collector\":2'))", "unreadable", "format 2", "Run the"),
        ("print(evidence.replace('cm01.corp', 'cm01.test'))", "unreadable", "only its first name", "Run the"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_with_its_cure(powershell, tmp_path, code, why, detail, cure):
    powershell(code)
    found = reason(read(tmp_path))
    assert found[0] == why
    assert detail in found[1]
    assert cure in found[2]


def test_a_script_that_does_not_end_is_ended(powershell, tmp_path):
    powershell("time.sleep(60)")
    started = time.monotonic()
    assert "did not end within 1 s" in reason(read(tmp_path, hosts=Hosts(timeout=1)))[1]
    assert time.monotonic() - started < 30


def test_output_without_end_is_not_kept(powershell, tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "MAX_SIZE", 100_000)
    powershell("while True: sys.stdout.write('x' * 1000)")
    assert "larger than 100000 bytes" in reason(read(tmp_path))[1]


def test_what_is_no_program_says_so(powershell, tmp_path):
    powershell("")
    (tmp_path / "bin" / "powershell.exe").write_text("#!/nowhere/python\n")
    assert reason(read(tmp_path))[0] == "refused"


def test_a_file_goes_before_the_computer_itself(powershell, tmp_path):
    powershell("sys.exit(1)")
    (tmp_path / "in").mkdir()
    parts: dict[str, Any] = {"certificates": {"stores": []}, "registry": {}, "key-files": {"drives": []}}
    parts |= {"gpresult": "x", "dsregcmd": "x"}
    (tmp_path / "in" / "cm01.json").write_bytes(lab.collection(SERVER, parts))
    recording = read(tmp_path, files=Files(hosts=(str(tmp_path / "in"),)))
    assert absences(recording) == {}
    assert set(recording.ids("")) == PARTS


def test_a_file_that_cannot_be_read_does_not_stand_in_the_way(powershell, tmp_path):
    powershell("print(evidence)")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "cm01.json").write_text("{")
    recording = read(tmp_path, files=Files(hosts=(str(tmp_path / "in"),)))
    assert recording.answered(f"host/{SERVER}/certificates").answer
    assert "cm01.json" in absences(recording)[f"host/{SERVER}/registry"][1]


@pytest.mark.parametrize("change", ["another name", "switched off", "no PowerShell"])
def test_elsewhere_nothing_is_run(powershell, tmp_path, monkeypatch, change):
    powershell("print(evidence)")
    if change == "another name":
        monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    if change == "no PowerShell":
        (tmp_path / "bin" / "powershell.exe").unlink()
    recording = read(tmp_path, hosts=Hosts(here=change != "switched off"))
    assert recording.ids("") == []


def test_a_computer_that_is_named_and_cannot_be_asked_says_why(tmp_path):
    found = reason(read(tmp_path, hosts=Hosts(names=("CM01.corp.contoso.com",))))
    assert found[:2] == ("unreachable", "it is not this computer, and connect.hosts.winrm is off")
    (probe,) = probed(hosts, connections=Connections(hosts=Hosts(names=("CM01.corp.contoso.com",))))
    assert not probe.answers
    assert SERVER in probe.detail


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Computers behind WinRM that take their time; how many are asked at once, and who was let go."""
    pytest.importorskip("pypsrp")
    seen: dict[str, Any] = {"now": 0, "most": 0, "ended": 0, "seconds": 0.05}
    lock = threading.Lock()

    def run(at: winrm.Target, seconds: float, ended: threading.Event) -> bytes:
        with lock:
            seen["now"] += 1
            seen["most"] = max(seen["most"], seen["now"])
        let_go = ended.wait(seen["seconds"])
        with lock:
            seen["now"] -= 1
            seen["ended"] += let_go
        return lab.collection(at.host, {"certificates": {"stores": []}})

    monkeypatch.setattr(winrm, "run", run)
    return seen


def test_computers_are_asked_side_by_side_and_not_all_at_once(remote, tmp_path):
    names = tuple(f"pc{number}.corp.contoso.com" for number in range(20))
    recording = read(tmp_path, hosts=Hosts(winrm=True, names=names))
    assert len(recorded_parts(recording)) == 20
    assert 1 < remote["most"] <= hosts.AT_ONCE


def test_whoever_is_asked_is_let_go_when_the_time_is_over(remote, tmp_path):
    remote["seconds"] = 60
    started = time.monotonic()

    def impatient(session: Session) -> Any:
        return asyncio.wait_for(hosts.record(session), 0.5)

    source = SimpleNamespace(record=impatient)
    names = ("pc1.corp.contoso.com", "pc2.corp.contoso.com")
    with pytest.raises(TimeoutError):
        recorded(tmp_path / "r", cast("Any", source), connections=Connections(hosts=Hosts(winrm=True, names=names)))
    assert time.monotonic() - started < 30
    assert remote["ended"] == 2


def test_without_pypsrp_winrm_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    found = reason(read(tmp_path, hosts=Hosts(winrm=True, names=("CM01.corp.contoso.com",))))
    assert found[1:] == ("WinRM needs the package pypsrp", "pip install 'comgmt-audit[live]'")


def test_doctor_says_that_the_script_will_run_here_and_does_not_run_it(powershell):
    powershell("sys.exit(1)")
    (probe,) = probed(hosts, connections=Connections())
    assert (probe.answers, probe.detail) == (True, f"{SERVER} is this computer: the script runs here")


def test_the_powershell_of_windows_goes_before_any_other(powershell, tmp_path, monkeypatch):
    powershell("")
    assert collect.powershell() == str(tmp_path / "bin" / "powershell.exe")
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    for folder in ("System32", "Sysnative"):
        place = tmp_path / folder / "WindowsPowerShell" / "v1.0"
        place.mkdir(parents=True)
        (place / "powershell.exe").touch()
        assert collect.powershell() == str(place / "powershell.exe")


@pytest.mark.parametrize(
    ("own", "hosts_known", "found"),
    [
        ("CM01", ["cm01.corp.contoso.com", "cm02.corp.contoso.com"], "cm01.corp.contoso.com"),
        ("cm01.corp.contoso.com", ["cm01.corp.contoso.com", "cm01.test"], "cm01.corp.contoso.com"),
        ("cm01", ["cm01.corp.contoso.com", "cm01.test"], ""),
        ("cm01.corp.contoso.com", ["cm01.test"], ""),
        ("cm", ["cm01.test"], ""),
    ],
)
def test_this_computer_is_known_by_its_name(monkeypatch, own, hosts_known, found):
    monkeypatch.setattr(socket, "gethostname", lambda: own)
    assert collect.this_one(hosts_known) == found


# The script itself: it is Windows PowerShell as a grammar knows it, it only reads, and it is the one that was reviewed.

REVIEWED = "496f4b557ff24520023cee1e68b37cb68b892c58d704c146dbee67b72fbab790"
"""SHA-256 of the script that was reviewed: whoever changes it reads it as a whole, and then writes the new one here."""

CMDLETS = {
    "ConvertTo-Json", "ForEach-Object", "Get-ChildItem", "Get-Content", "Get-FileHash", "Get-Location",
    "Out-Null", "Test-Path",
}  # fmt: skip
METHODS = {
    "Combine", "GetCurrent", "GetDrives", "GetIPGlobalProperties", "GetRSAPrivateKey", "GetTempPath", "GetValue",
    "GetValueNames", "IsInRole", "Matches", "OpenSubKey", "ReadAllText", "Replace", "ToBase64String", "ToString",
    "ToUniversalTime", "WriteAllText",
}  # fmt: skip
"""What is called of .NET: the last one writes the one file."""
PROGRAMS = {'"$env:SystemRoot\\System32\\gpresult.exe"', '"$env:SystemRoot\\System32\\dsregcmd.exe"', "$Read"}
"""What is run with ``&``; ``$Read`` is a block of the script's own."""


@pytest.fixture(scope="module")
def tree() -> Node:
    return Parser(Language(tree_sitter_powershell.language())).parse(collect.SCRIPT.read_bytes()).root_node


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def texts(tree: Node, kind: str) -> set[str]:
    return {(node.text or b"").decode() for node in nodes(tree) if node.type == kind}


def test_the_script_is_the_one_that_was_reviewed():
    assert hashlib.sha256(collect.SCRIPT.read_bytes()).hexdigest() == REVIEWED


def test_the_script_is_powershell(tree):
    assert not tree.has_error
    broken = Parser(Language(tree_sitter_powershell.language())).parse(
        collect.SCRIPT.read_bytes().replace(b"}", b"", 1)
    )
    assert broken.root_node.has_error  # the grammar does tell


def test_the_script_calls_nothing_that_changes_anything(tree):
    own = texts(tree, "function_name")
    assert all(name.startswith("Get-") for name in own)
    assert texts(tree, "command_name") - own == CMDLETS
    called = {child for node in nodes(tree) if node.type == "invokation_expression" for child in node.children}
    names = {(node.text or b"").decode() for node in called if node.type == "member_name"}
    assert names == METHODS
    assert texts(tree, "command_name_expr") == PROGRAMS
    assert texts(tree, "redirection") == set()


def test_it_writes_a_file_only_where_it_is_not_told_to_print(tree):
    (branch,) = (node for node in nodes(tree) if node.type == "if_statement" and b"WriteAllText" in (node.text or b""))
    assert (branch.text or b"").startswith(b"if ($Pipeline) {")
    printing = (branch.text or b"").partition(b"} else {")[0]
    assert b"WriteAllText" not in printing


def test_every_log_that_a_fact_reads_is_collected(tree):
    (loop,) = (node for node in nodes(tree) if node.type == "foreach_statement" and b"'CloudMgr'" in (node.text or b"")
               and b"$folders" not in (node.text or b""))  # fmt: skip
    named = {text.strip("'").lower() for text in texts(loop, "verbatim_string_characters")}
    kinds = [kind for kind in vars(logs).values() if isinstance(kind, type) and issubclass(kind, logs.Logs)]
    assert named == {kind.log for kind in kinds if hasattr(kind, "log")}


def test_every_part_that_a_fact_reads_is_collected(tree):
    strings = texts(tree, "verbatim_string_characters")
    for part in ("certificates", "registry", "gpresult", "dsregcmd", "key-files", "mobileclient", "My", "Root", "CA"):
        assert f"'{part}'" in strings
    levels = {
        place.rpartition("\\")[0::2] for name in log_catalogue.names() for place in log_catalogue.log(name).levels
    }
    assert {f"'{name}'" for _, name in levels} <= strings
    for key in (AUTOENROLMENT_KEY, CLIENT_SIDE_KEY, *(key for key, _ in levels)):
        assert f"'{key.removeprefix('HKLM' + chr(92))}'" in strings
