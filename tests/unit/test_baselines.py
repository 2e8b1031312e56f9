"""Baselines: data with a source for every value."""

from __future__ import annotations

import datetime as dt
from typing import get_args, get_type_hints

import pytest
from msgspec import Meta

from comgmt_audit import baselines
from comgmt_audit.baselines import Baseline
from comgmt_audit.errors import BaselineError

VALUES = [name for name in Baseline.__struct_fields__ if name not in {"name", "title", "sources"}]


def write(tmp_path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_ours_are_known_by_name():
    assert baselines.names() == ("current", "tutorial-2018")


@pytest.mark.parametrize("name", baselines.names())
def test_every_value_says_which_document_asks_for_it_and_when(name):
    sources = baselines.load(name).sources
    assert sorted(sources) == sorted(VALUES)
    for source in sources.values():
        assert source.document
        assert dt.date(2010, 1, 1) < source.date < dt.date(2030, 1, 1)
        assert source.url == "" or source.url.startswith("https://")


@pytest.mark.parametrize("field", VALUES)
def test_every_value_is_documented(field):
    notes = get_args(get_type_hints(Baseline, include_extras=True)[field])[1:]
    assert [note.description for note in notes if isinstance(note, Meta)]


@pytest.mark.parametrize("name", baselines.names())
def test_the_name_in_the_file_is_the_files(name):
    assert baselines.load(name).name == name


def test_no_build_is_listed_twice_and_each_ends_after_it_came():
    builds = baselines.load("current").builds
    assert len({build.build for build in builds}) == len(builds) > 0
    assert all(build.available < build.ends for build in builds)


def test_a_baseline_of_ones_own_starts_from_ours_and_keeps_the_rest(tmp_path):
    own = baselines.load(write(tmp_path, 'extends = "current"\nname = "own"\nkey_bits = [4096]\n'))
    ours = baselines.load("current")
    assert own.key_bits == (4096,)
    assert (own.builds, own.intune_plans, own.sources) == (ours.builds, ours.intune_plans, ours.sources)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "currant"\n', "extends 'currant', which does not exist"),
        ('extends = "current"\nkey_bitz = [1]\n', "unknown field `key_bitz`"),
        ('extends = "current"\nkey_bits = "2048"\n', "key_bits"),
        ('name = "own"\n', "missing required field"),
        ("name = ", "is not TOML"),
        ("a = " + "[" * 100_000, "is not TOML"),
        ("a = " + "9" * 5000, "is not TOML"),
        ('extends = "current"\nname = "own"\ndiscovery_success = "(published"\n', "discovery_success: is no regular"),
    ],
)
def test_what_is_wrong_is_said_by_name(tmp_path, text, message):
    with pytest.raises(BaselineError) as caught:
        baselines.load(write(tmp_path, text))
    assert message in caught.value.message


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BaselineError, match="no baseline 'tutorial'") as caught:
        baselines.load("tutorial")
    assert "current, tutorial-2018" in caught.value.hint
