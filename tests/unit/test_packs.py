"""Packs: ours and the user's load the same way, and what is wrong with one is said by file and function."""

from __future__ import annotations

import itertools
import sys
import textwrap
from pathlib import Path

import pytest

from comgmt_audit import Severity, Stage, baselines, packs
from comgmt_audit.design import Design
from comgmt_audit.errors import PackError
from comgmt_audit.inputs import load_packs

GOOD = '''
from __future__ import annotations

from comgmt_audit import Design, Family, Findings, Severity, Stage, check, require

family = Family(code="OWN", title="Ours", stage=Stage.CLIENTS)


@check("OWN010", severity=Severity.LOW, tags=["house"])
def the_environment_has_a_name(design: Design) -> Findings:
    """The environment has a name.

    Why: Reports need one.
    Remedy: Set `name` in comgmt.toml.
    """
    yield require("name", design.name != "unnamed environment", expected="a name", actual=design.name)
'''

numbers = itertools.count()


@pytest.fixture
def pack(tmp_path: Path):
    """Write a pack of one file with some text of a good one replaced; returns its folder."""

    def write(*changes: tuple[str, str], file: str = "own.py", **more: str) -> Path:
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        folder = tmp_path / f"pack{next(numbers)}"
        folder.mkdir()
        (folder / file).write_text(text, encoding="utf-8")
        for name, content in more.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(content), encoding="utf-8")
        return folder

    return write


def refused(folder: Path) -> PackError:
    with pytest.raises(PackError) as caught:
        packs.combine([packs.load(folder, folder.name)])
    return caught.value


def test_a_check_is_collected_with_all_that_it_says(pack):
    (check,) = packs.load(pack(), "mine")
    assert (check.id, check.title, check.severity, check.tags) == (
        "OWN010",
        "The environment has a name.",
        Severity.LOW,
        ("house",),
    )
    assert (check.why, check.remedy) == ("Reports need one.", "Set `name` in comgmt.toml.")
    assert (check.family.code, check.family.stage, check.pack) == ("OWN", Stage.CLIENTS, "mine")
    assert (check.name, check.facts) == ("the_environment_has_a_name", {"design": Design})


def test_ours_load_and_combine():
    checks = packs.combine([packs.builtin()])
    assert {check.pack for check in checks} == {"comgmt-audit"}
    assert any(check.id == "TEN010" for check in checks)


def test_a_pack_of_the_users_stands_beside_ours(pack):
    ours, own = load_packs([pack()])
    assert ours.name == "comgmt-audit"
    assert [check.id for check in own.checks] == ["OWN010"]
    assert own.name == own.folder.name


def test_two_folders_of_the_same_name_keep_apart(pack, tmp_path):
    first = pack()
    second = tmp_path / "elsewhere" / first.name
    second.parent.mkdir()
    pack(("OWN", "TWO")).rename(second)
    loaded = load_packs([first, second])
    assert len({one.name for one in loaded}) == 3
    assert [one.checks[0].id for one in loaded[1:]] == ["OWN010", "TWO010"]


@pytest.mark.parametrize("name", ["my.checks", "my checks", "2026-checks", "prüfungen"])
def test_a_folder_may_be_called_anything(pack, tmp_path, name):
    folder = pack().rename(tmp_path / name)
    assert [check.id for check in packs.load(folder, folder.name)] == ["OWN010"]


def test_loading_leaves_sys_path_and_other_modules_alone(pack):
    before = list(sys.path)
    packs.load(pack(), "mine")
    assert sys.path == before
    assert "own" not in sys.modules


def test_files_that_begin_with_an_underscore_are_shared_and_not_collected(pack):
    folder = pack(
        ("from comgmt_audit import", "from ._words import NAME\nfrom comgmt_audit import"),
        ('"a name"', "NAME"),
        _words="NAME = 'a name'",
    )
    assert [check.id for check in packs.load(folder, "mine")] == ["OWN010"]


def test_a_check_that_is_imported_from_another_file_is_collected_once(pack):
    folder = pack(other="from .own import family, the_environment_has_a_name")
    assert [check.id for check in packs.load(folder, "mine")] == ["OWN010"]


def test_a_file_without_checks_needs_no_family(pack):
    assert len(packs.load(pack(plain="x = 1"), "mine")) == 1


def test_checks_come_in_the_order_of_the_file(pack):
    earlier = GOOD[GOOD.index("@check") :].replace("OWN010", "OWN020").replace("the_environment", "a_environment")
    folder = pack(("@check", earlier + "\n\n@check"))
    assert [check.id for check in packs.load(folder, "mine")] == ["OWN020", "OWN010"]


def test_a_second_load_is_a_second_value(pack):
    folder = pack()
    first, second = packs.load(folder, "mine"), packs.load(folder, "mine")
    assert first[0].function is not second[0].function
    assert len(first) == len(second) == 1


def test_an_id_that_is_used_twice_names_both(pack):
    with pytest.raises(PackError, match="OWN010 is defined twice") as caught:
        load_packs([pack(), pack()])
    assert caught.value.message.count("the_environment_has_a_name") == 2
    assert "letters of its own" in caught.value.hint


def test_a_prerequisite_that_does_not_exist_is_named(pack):
    message = refused(pack(("tags=", 'after=["OWN099"], tags='))).message
    assert message == "OWN010 waits for OWN099, which no pack defines."


def test_a_prerequisite_in_our_pack_is_found(pack):
    load_packs([pack(("tags=", 'after=["TEN010"], tags='))])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("The environment has a name.\n", "\n", "its docstring has no 'first line'"),
        ("Why: Reports need one.", "", "its docstring has no 'Why:'"),
        ("Remedy: Set `name` in comgmt.toml.", "", "its docstring has no 'Remedy:'"),
        ("design: Design", "design", "parameter 'design' is not annotated with a fact"),
        ("design: Design", "design: str", "parameter 'design' is not annotated with a fact"),
        ("design: Design", "design: Desing", "'Desing' is not defined"),
        ("design: Design", "design: 'Stage.nowhere'", "is not annotated with a fact"),
        ("design: Design", "*design: Design", "parameter"),
    ],
)
def test_what_is_wrong_with_a_check_names_file_function_and_id(pack, old, new, said):
    if new.startswith("*"):
        folder = pack((old, "*things: int, design: Design"))
    else:
        folder = pack((old, new))
    message = refused(folder).message
    assert message.startswith(f"{folder / 'own.py'}: the_environment_has_a_name (OWN010): ")
    assert said in message


@pytest.mark.parametrize("id", ["OWN10", "OWN0100", "own010", "O-010", "ÖWN010", ""])
def test_an_id_that_is_not_three_letters_and_three_digits_is_refused(pack, id):
    error = refused(pack(("OWN010", id)))
    assert f"has the id {id!r}" in error.message
    assert "three capital letters" in error.hint


def test_a_check_of_another_family_is_refused(pack):
    message = refused(pack(('"OWN010"', '"TEN010"'))).message
    assert message.endswith("own.py: TEN010 does not belong to the family OWN.")


def test_a_severity_that_is_only_text_is_refused(pack):
    assert "write Severity.HIGH" in refused(pack(("severity=Severity.LOW", 'severity="low"'))).message


def test_a_file_with_checks_and_no_family_is_refused(pack):
    message = refused(pack(("family = ", "famliy = "))).message
    assert message.endswith("own.py: has checks but no `family = Family(...)`.")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("def the_environment", "def def the_environment", "SyntaxError"),
        ("from comgmt_audit import Design", "from comgmt_audit import Desing", "ImportError"),
        ("family =", "import no_such_library\nfamily =", "ModuleNotFoundError"),
        ("family =", "1 / 0\nfamily =", "ZeroDivisionError"),
        ("family =", "raise SystemExit(0)\nfamily =", "SystemExit"),
        ("severity=Severity.LOW", "severity=Severity.LOWEST", "AttributeError"),
        ("severity=Severity.LOW", "severtiy=Severity.LOW", "TypeError"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named_with_the_authors_own_error(pack, old, new, error):
    folder = pack((old, new))
    message = refused(folder).message
    assert message.startswith(f"{folder / 'own.py'} cannot be loaded: {error}")


def test_the_line_of_a_syntax_error_is_said(pack):
    assert "own.py, line 9" in refused(pack(("@check", "def (:\n@check"))).message


def test_what_is_no_folder_of_checks_is_refused(tmp_path):
    assert "is not a folder of checks" in refused(tmp_path / "nothing").message
    assert "has no check files" in refused(tmp_path).message


def test_our_folders_are_found_in_a_source_tree():
    assert (packs.folder("checks") / "tenant.py").is_file()
    assert packs.report("terminal").render


def test_a_scope_may_read_the_baseline_too(tmp_path):
    text = '''
from comgmt_audit import Baseline, Design, Family, Findings, Severity, Stage, check, require
family = Family(code="AAA", title="A", stage=Stage.TENANT)
def by_design(design: Design) -> str | None:
    """By the design."""
    return design.name
def by_both(design: Design, baseline: Baseline) -> str | None:
    """By both."""
    return f"{design.name} {baseline.name}"
@check("AAA010", severity=Severity.LOW, applies=by_design)
def one(design: Design) -> Findings:
    """One.

    Why: a
    Remedy: b
    """
    yield require("x", True)
@check("AAA020", severity=Severity.LOW, applies=by_both)
def two(design: Design) -> Findings:
    """Two.

    Why: a
    Remedy: b
    """
    yield require("x", True)
'''
    (tmp_path / "aaa.py").write_text(text, encoding="utf-8")
    one, two = packs.load(tmp_path, "mine")
    design, baseline = Design(name="Contoso"), baselines.load("current")
    assert one.applies
    assert two.applies
    assert one.applies(design, baseline) == "Contoso"
    assert two.applies(design, baseline) == "Contoso current"
    assert (one.applies.__doc__, two.applies.__doc__) == ("By the design.", "By both.")
