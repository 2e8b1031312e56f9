"""Terminal: the same lines in a pipe and on a terminal, and nothing that moves the cursor."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import CheckResult, Outcome, Scan, Severity
from reports import terminal
from tests import scans


def shown(scan: Scan, *, verbose: bool = False, width: int = 10_000, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=colour, legacy_windows=False)
    terminal.show(scan, console, verbose=verbose)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("verbose", [False, True])
def test_the_text_stays(snapshot: SnapshotAssertion, verbose: bool) -> None:
    assert terminal.render(scans.every_outcome(), verbose=verbose) == snapshot


@pytest.mark.parametrize("verbose", [False, True])
def test_a_terminal_shows_the_same_lines_as_a_pipe(verbose: bool) -> None:
    printed = [line.rstrip() for line in shown(scans.every_outcome(), verbose=verbose).splitlines()]
    assert printed == terminal.render(scans.every_outcome(), verbose=verbose).splitlines()


def test_a_narrow_terminal_wraps_below_the_indentation() -> None:
    lines = shown(scans.every_outcome(), width=60).splitlines()
    assert max(map(len, lines)) <= 60
    remedy = next(i for i, line in enumerate(lines) if line.startswith("    remedy: "))
    assert lines[remedy + 1].startswith("    ")
    assert lines[remedy + 1].strip()


def test_the_first_line_has_the_verdict_and_the_counts() -> None:
    line = "CANNOT TELL: 0 pass, 0 fail, 0 not applicable, 0 not assessed, 0 error"
    assert terminal.render(scans.scan()).splitlines()[0] == line


def test_hostile_strings_neither_move_the_cursor_nor_become_markup() -> None:
    plain = terminal.render(scans.hostile(), verbose=True)
    assert not [character for character in plain if ord(character) < 32 and character != "\n"]
    assert "\u202e" not in plain
    assert "\x1b" not in shown(scans.hostile())
    assert "[bold]rich[/bold] [link=https://example.com]x[/link] :smile:" in shown(scans.hostile())


def test_a_check_with_many_findings_says_how_many_are_left_out() -> None:
    text = terminal.render(scans.many(1234))
    assert text.count("•") == terminal.SHOWN_FINDINGS
    assert "and 1,229 more (--verbose shows all)" in text
    assert terminal.render(scans.many(1234), verbose=True).count("•") == 1234


def test_what_differs_from_the_severity_of_the_check_is_said() -> None:
    milder = scans.finding("one", severity=Severity.LOW)
    scan = scans.scan([CheckResult(check=scans.text(), outcome=Outcome.FAIL, findings=(milder, scans.finding("two")))])
    text = terminal.render(scan)
    assert "• one (low)" in text
    assert "• two\n" in text


def test_what_was_not_wholly_looked_at_is_said_at_the_top() -> None:
    lines = terminal.render(scans.scan(partial="stopped by Ctrl+C", selection="CRT")).splitlines()
    assert lines[3:5] == [
        "The recording is not whole: stopped by Ctrl+C",
        "Only some checks were asked for: --select CRT",
    ]


def test_plain_text_costs_no_rich() -> None:
    code = (
        "import sys\n"
        "from reports import terminal\n"
        "from tests import scans\n"
        "terminal.render(scans.every_outcome(), verbose=True)\n"
        "print('rich' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "False"


def test_the_file_holds_everything(tmp_path: Path) -> None:
    terminal.write(scans.every_outcome(), tmp_path / "scan.txt")
    assert (tmp_path / "scan.txt").read_text("utf-8") == terminal.render(scans.every_outcome(), verbose=True)
