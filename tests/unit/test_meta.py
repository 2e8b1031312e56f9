"""A linter of our own checks: what no type and no import contract can say of them."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from comgmt_audit import packs
from comgmt_audit.selection import words_of

CHECKS = packs.combine([packs.builtin()])
FOLDER = packs.folder("checks")
FILES = sorted(FOLDER.glob("*.py"))
SHARED = {path.stem for path in FILES if path.name.startswith("_")}
PUBLIC = {"comgmt_audit", "comgmt_audit.facts", "comgmt_audit.errors"}
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK|lorem|foo|bar|NotImplementedError)\b|except[^\n]*:\s*pass\b")

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def _imports(tree: ast.AST) -> list[tuple[int, str]]:
    """(level, module) of every import, wherever it stands."""
    found = [(0, alias.name) for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [(node.level, name or "") for name in names]
    return found


@each_file
def test_checks_import_the_public_api_facts_the_standard_library_and_what_they_share(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for level, name in _imports(tree):
        if level == 1:
            assert name in SHARED
        else:
            assert level == 0
            assert (
                name in PUBLIC
                or name.startswith("comgmt_audit.facts.")
                or name.partition(".")[0] in sys.stdlib_module_names
            ), name


@each_file
def test_checks_read_no_clock_and_touch_no_system(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    forbidden = {"os", "subprocess", "socket", "pathlib", "io", "time", "random", "urllib", "http", "logging"}
    assert not {name.partition(".")[0] for level, name in _imports(tree) if level == 0} & forbidden
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert not called & {"now", "today", "utcnow", "open", "print", "input", "eval", "exec", "__import__"}


@each_file
def test_no_check_is_lost_to_another_function_of_its_name(path):
    """A second function of the same name replaces the first, and its check with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@each_file
def test_every_file_that_is_no_helper_has_checks_of_one_family(path):
    own = [check for check in CHECKS if Path(check.function.__code__.co_filename) == path]
    assert bool(own) != path.name.startswith("_")
    assert len({check.family for check in own}) <= 1


@each_file
def test_nothing_is_left_over(path):
    assert not LEFTOVERS.search(path.read_text(encoding="utf-8"))


def test_a_family_code_and_a_function_name_belong_to_one_file():
    codes = Counter(
        check.family.code for check in {check.family.code + check.family.title: check for check in CHECKS}.values()
    )
    assert [code for code, count in codes.items() if count > 1] == []
    names = Counter(check.name for check in CHECKS)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_id_is_used_twice_and_each_belongs_to_its_family():
    ids = Counter(check.id for check in packs.builtin())
    assert [id for id, count in ids.items() if count > 1] == []
    assert [check.id for check in CHECKS if not check.id.startswith(check.family.code)] == []


def test_no_two_checks_claim_the_same():
    titles = Counter(check.title for check in CHECKS)
    assert [title for title, count in titles.items() if count > 1] == []


@each_check
def test_the_statements_that_it_covers_exist(check):
    assert len(set(check.covers)) == len(check.covers)
    for statement in check.covers:
        assert re.fullmatch(r"S\d\d+", statement)
        assert 1 <= int(statement[1:]) <= 132
        assert statement == f"S{int(statement[1:]):02}"


@each_check
def test_it_belongs_to_a_step_of_the_tutorial_or_says_that_it_goes_beyond(check):
    assert check.step or "beyond" in check.tags


@each_check
def test_its_references_are_pages_by_https(check):
    for reference in check.refs:
        assert reference.title.strip()
        assert re.fullmatch(r"https://[a-z0-9.-]+/\S*", reference.url)


@each_check
def test_its_claim_is_one_sentence(check):
    assert re.fullmatch(r"[^\n]{10,120}\.", check.title)


@each_check
def test_its_reason_and_remedy_are_more_than_words_of_form(check):
    assert len(check.why) >= 30
    assert len(check.remedy) >= 20
    assert check.why.endswith((".", ")", "`"))
    assert check.remedy.endswith((".", ")", "`"))


@each_check
def test_its_tags_name_nothing_that_has_a_name_already(check):
    """A tag that equals a stage, a severity or a statement would choose by two meanings."""
    others = {word.casefold() for other in CHECKS for word in words_of(other)[:4]}
    for tag in check.tags:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", tag)
        assert tag not in others


@each_check
def test_its_scope_says_what_it_asks(check):
    assert check.applies is None or (check.applies.__doc__ or "").strip()


@each_check
def test_what_it_waits_for_stands_before_it(check):
    stages = {other.id: other.family.stage.rank for other in CHECKS}
    assert [id for id in check.after if stages[id] > check.family.stage.rank] == []


@each_check
def test_its_facts_name_the_observations_that_they_need(check):
    for fact in check.facts.values():
        needs = getattr(fact, "needs", ())
        assert isinstance(needs, tuple)
        assert all(re.fullmatch(r"[a-z0-9-]+/\S*", need) for need in needs)
