"""The second door: the same outcomes as the first, in pytest's words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from comgmt_audit import cli
from tests.end_to_end.packs import HOSTILE, OUTCOMES, pack
from tests.lab.estate import contoso, record
from tests.unit.recordings import edit_manifest

ROOT = Path(__file__).parent.parent.parent
INSTALLED = any(point.value == "comgmt_audit.pytest_plugin" for point in entry_points(group="pytest11"))
LOAD = [] if INSTALLED else ["-p", "comgmt_audit.pytest_plugin"]
"""Installed, the entry point brings the plugin; pytest refuses to load it twice."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return record(contoso(), tmp_path_factory.mktemp("recordings") / "contoso")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("packs") / "house")


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a folder of its own, with the plugin, and every warning an error."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:randomly\n")
    return lambda *arguments: pytester.runpytest_subprocess(*LOAD, *map(str, arguments))


@pytest.fixture
def audit(run, recording, own):
    """Judge Contoso by the house's checks."""
    return lambda *arguments: run(f"--comgmt={recording}", f"--comgmt-checks={own}", "--comgmt-select=OWN", *arguments)


def collected(result: pytest.RunResult) -> list[str]:
    return re.findall(r"::(\w+)$", result.stdout.str(), re.MULTILINE)


def test_every_outcome_in_pytests_words(audit):
    result = audit("-rA")
    result.assert_outcomes(passed=2, failed=2, skipped=1, errors=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines_random(
        [
            "PASSED house/house.py::OWN010",
            "PASSED house/house.py::OWN060",
            "FAILED house/house.py::OWN020 - Failed: OWN020 (high) fail: Colours are agreed.",
            "SKIPPED * there are no pets",
            "ERROR house/house.py::OWN040 - *OWN040 (low) not assessed: Windows are shut.",
            "ERROR house/house.py::OWN050 - *OWN050 (low) error: This check never crashes.",
            "ERROR house/house.py::OWN070 - *OWN070 (low) not assessed: The painter is paid.",
        ]
    )


def test_a_failure_says_subject_values_advice_and_remedy_and_shows_no_python(audit):
    result = audit("-k", "OWN020")
    result.stdout.fnmatch_lines(
        [
            "*_ OWN020 Colours are agreed. _*",
            "OWN020 (high) fail: Colours are agreed.",
            "- the door",
            "    expected: blue",
            "    actual: red",
            "    advice: Call the painter.",
            "remedy: Paint it blue.",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def runtest*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_what_was_not_assessed_says_why_and_what_cures_it(audit):
    result = audit("-k", "OWN040 or OWN070")
    result.stdout.fnmatch_lines(["why not: 1 of 1 subjects could not be judged", "cure: Look.", "- window"])
    result.stdout.fnmatch_lines(["why not: blocked by OWN020", "cure: Mend OWN020 first*"])


def test_a_crash_shows_its_traceback_for_it_is_a_defect(audit):
    audit("-k", "OWN050").stdout.fnmatch_lines(["*Traceback*", "*in this_check_crashes*", "ZeroDivisionError: *"])


def test_evidence_is_shown_with_its_request(run, tmp_path):
    path = record(contoso(tenant__mdm_authority="sccm"), tmp_path / "r.zip")
    result = run(f"--comgmt={path}", "-k", "TEN010")
    result.assert_outcomes(failed=1, deselected=None)
    result.stdout.fnmatch_lines(["    evidence: GET /v1.0/organization*mobileDeviceManagementAuthority"])


def test_both_doors_agree_on_our_own_checks(run, tmp_path, capsys):
    estate = contoso(tenant__mdm_authority="sccm").refusing("graph/organization")
    path = record(estate, tmp_path / "r")
    cli.main(["scan", str(path), "--quiet", "--json", str(tmp_path / "s.json")])
    scanned = {
        result["check"]["id"]: result["outcome"]
        for result in msgspec.json.decode((tmp_path / "s.json").read_bytes())["results"]
    }
    run(f"--comgmt={path}", f"--junitxml={tmp_path / 'j.xml'}")
    words = {"failure": {"fail"}, "skipped": {"not applicable"}, "error": {"not assessed", "error"}, "passed": {"pass"}}
    cases = _cases(tmp_path / "j.xml")
    assert sorted(cases) == sorted(scanned)
    for id, case in cases.items():
        (outcome,) = [child.tag for child in case if child.tag != "properties"] or ["passed"]
        assert scanned[id] in words[outcome]
    assert set(scanned.values()) >= {"pass", "fail", "not applicable", "not assessed"}


def _cases(path: Path) -> dict[str, ET.Element]:
    return {case.get("name", ""): case for case in ET.parse(path).iter("testcase")}


def test_junit_has_one_outcome_a_case_and_names_id_severity_stage_and_statements(audit, tmp_path):
    audit(f"--junitxml={tmp_path / 'j.xml'}")
    cases = _cases(tmp_path / "j.xml")
    outcomes = {id: [child.tag for child in case if child.tag != "properties"] for id, case in cases.items()}
    assert outcomes == {
        "OWN010": [],
        "OWN020": ["failure"],
        "OWN030": ["skipped"],
        "OWN040": ["error"],
        "OWN050": ["error"],
        "OWN060": [],
        "OWN070": ["error"],
        "OWN080": ["failure"],
    }
    assert {case.get("classname") for case in cases.values()} == {"house.house"}
    properties = [(p.get("name"), p.get("value")) for p in cases["OWN020"].iter("property")]
    assert properties == [
        ("id", "OWN020"),
        ("severity", "high"),
        ("stage", "clients"),
        ("outcome", "fail"),
        ("statement", "S32"),
        ("statement", "S33"),
    ]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("OWN01", "OWN010"),
        ("names_are_given", "OWN010"),
        ("colours", "OWN020"),
        ("broken", "OWN020"),
        ("House and not pets", "OWN010 OWN020 OWN040 OWN050 OWN060 OWN070 OWN080"),
    ],
    ids=["id", "function", "title", "tag", "family"],
)
def test_k_finds_ids_functions_words_of_the_title_tags_and_the_family(audit, expression, ids):
    assert collected(audit("--collect-only", "-q", "-k", expression)) == ids.split()


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("OWN and S33", "OWN020"),
        ("clients and high", "OWN010 OWN020"),
        ("advice or S31", "OWN010 OWN080"),
        ("not low and not medium", "OWN010 OWN020 OWN080"),
    ],
)
def test_m_finds_family_stage_severity_and_statement(audit, expression, ids):
    assert collected(audit("--collect-only", "-q", "-m", expression)) == ids.split()


def test_every_marker_is_registered(audit):
    result = audit("--markers")
    result.stdout.fnmatch_lines_random([f"@pytest.mark.{name}: *" for name in ("OWN", "S33", "clients", "advice")])


def test_workers_of_xdist_judge_the_same(audit):
    result = audit("-n", "2", "-rA")
    result.assert_outcomes(passed=2, failed=2, skipped=1, errors=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_pytest_html_shows_the_checks(audit, tmp_path):
    audit(f"--html={tmp_path / 'r.html'}", "--self-contained-html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for id in OUTCOMES:
        assert f"house/house.py::{id}" in page
    assert "Paint it blue." in page


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_run_in_which_only_lesser_checks_failed_succeeds_and_says_so(audit, workers):
    result = audit("-k", "OWN010 or OWN080", *workers)
    result.assert_outcomes(passed=1, failed=1, deselected=None)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["comgmt-audit: 1 failed below severity medium: advice, no obstacle."])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-k", "OWN080", "--comgmt-fail-on=advice"], 1),
        (["-k", "OWN020 or OWN080"], 1),
        (["-k", "OWN080 or OWN040"], 1),
        (["-k", "OWN020", "--comgmt-fail-on=critical"], 0),
        (["-k", "OWN080 or OWN010", "-x"], 1),
    ],
    ids=["threshold", "graver too", "error too", "higher threshold", "stopped early"],
)
def test_the_run_fails_where_more_than_lesser_checks_failed(audit, own, arguments, code):
    """Also where it was stopped at a lesser failure, for then it is not known what would have followed."""
    assert audit(*arguments).ret == code


def test_nothing_else_of_the_folder_is_collected(audit, pytester):
    pytester.makepyfile(test_mine="def test_mine(): raise AssertionError")
    result = audit("--collect-only", "-q")
    assert collected(result) == list(OUTCOMES)


def test_a_path_that_is_named_is_collected_in_addition(audit, pytester):
    pytester.makepyfile(test_mine="def test_mine(): pass", test_other="def test_other(): pass")
    assert sorted(collected(audit("test_mine.py", "--collect-only", "-q"))) == [*OUTCOMES, "test_mine"]


def test_a_single_check_can_be_named_by_its_file(audit, own):
    assert collected(audit(f"{own / 'house.py'}::OWN020", "--collect-only", "-q")) == ["OWN020"]


def test_a_check_file_is_no_test_module_even_if_it_is_called_like_one(run, recording, tmp_path):
    folder = pack(tmp_path / "house")
    text = (folder / "house.py").read_text() + "\n\ndef test_not_ours():\n    raise AssertionError\n"
    (folder / "test_house.py").write_text(text)
    (folder / "house.py").unlink()
    result = run(f"--comgmt={recording}", f"--comgmt-checks={folder}", "--comgmt-select=OWN", "--collect-only", "-q")
    assert collected(result) == list(OUTCOMES)


def test_the_header_says_what_is_judged_and_whose_checks_run(audit, own):
    result = audit("--collect-only")
    result.stdout.fnmatch_lines(
        [
            "comgmt-audit: 'Contoso', recorded 2026-11-24 06:00 UTC, baseline 'current'",
            f"comgmt-audit: 8 checks of house from {own.resolve()}",
        ]
    )


def test_a_comgmt_toml_is_judged_as_well(run, recording, pytester):
    (pytester.path / "comgmt.toml").write_text(f'name = "Here"\nrecording = "{recording.as_posix()}"\n')
    result = run("--comgmt=comgmt.toml", "--comgmt-select=TEN010")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["comgmt-audit: 'Here', *"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--comgmt=nowhere"], "ERROR: nowhere: no such file or folder."),
        (["--comgmt={empty}"], "ERROR: *it has no manifest.json."),
        (["--comgmt={recording}", "--comgmt-select=NOPE"], "ERROR: --select: 'NOPE' fits no check."),
        (["--comgmt={recording}", "--comgmt-checks=nowhere"], "ERROR: *nowhere: is not a folder of checks."),
        (["--comgmt={recording}", "--comgmt-fail-on=fatal"], "*invalid choice: 'fatal'*"),
        (["--comgmt=\x1b[2J"], "ERROR: \\x1b[[]2J: no such file or folder."),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(run, recording, tmp_path, arguments, said):
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run(*[argument.format(recording=recording, empty=empty) for argument in arguments])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
    assert "Traceback" not in result.stderr.str()
    assert "\x1b" not in result.stderr.str()


def test_a_hostile_recording_is_a_usage_error(run, tmp_path):
    path = edit_manifest(record(contoso(), tmp_path / "r"), lambda m: m.update(format=99))
    result = run(f"--comgmt={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *is a recording of format 99*"])


def test_hostile_strings_do_not_reach_the_terminal(run, tmp_path):
    path = record(contoso(design__name="\x1b[31mred"), tmp_path / "r")
    folder = pack(tmp_path / "evil", HOSTILE)
    result = run(f"--comgmt={path}", f"--comgmt-checks={folder}", "--comgmt-select=EVL", "--color=no")
    result.assert_outcomes(failed=1)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", result.stdout.str())


@pytest.mark.parametrize("form", ["--comgmt={}", "--comgmt {}"])
def test_nothing_is_written_into_the_recording(pytester, run, tmp_path, form):
    path = record(contoso(), tmp_path / "r")
    before = sorted(tmp_path.rglob("*"))
    (pytester.path / "tox.ini").unlink()  # without a configuration file, pytest looks for its root folder by itself
    result = run(*form.format(path).split(" "), "-p", "randomly", "--comgmt-select=TEN010")
    result.assert_outcomes(passed=1)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_recording_does_not_configure_pytest(pytester, run, tmp_path):
    path = record(contoso(), tmp_path / "r")
    (path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    run(f"--comgmt={path}", "--comgmt-select=TEN010").assert_outcomes(passed=1)
    (pytester.path / "tox.ini").unlink()
    result = run("--comgmt", path, "--comgmt-select=TEN010")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *lies in the recording; write --comgmt=RECORDING, with `=`."])


def test_without_its_option_the_plugin_stays_away(run, pytester):
    pytester.makepyfile(
        """
        import sys

        def test_mine():
            assert not {"comgmt_audit.engine", "comgmt_audit.packs"} & set(sys.modules)
        """
    )
    result = run("-q")  # with more words pytest names whatever is installed
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*comgmt-audit*")


def test_the_help_lists_the_options():
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *LOAD, "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT / "docs",
    )
    for option in ("--comgmt=RECORDING", "--comgmt-checks=DIR", "--comgmt-select=EXPR", "--comgmt-fail-on=SEVERITY"):
        assert option in ended.stdout
