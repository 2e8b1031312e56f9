"""comgmt.toml: what is wrong with it is said by key, with what was probably meant."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from comgmt_audit import design
from comgmt_audit.design import Design, Section
from comgmt_audit.errors import DesignError

SECTIONS = {name: value for name in Design.__struct_fields__ if isinstance(value := getattr(Design(), name), Section)}
KEYS = [("", Design, name) for name in Design.__struct_fields__] + [
    (section, type(value), name) for section, value in SECTIONS.items() for name in value.__struct_fields__
]


def wrong(text: str | bytes, tmp_path) -> str:
    path = tmp_path / "comgmt.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DesignError) as caught:
        design.load(path)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value.message.removeprefix(f"{path}: ")


def test_every_key_has_a_default():
    assert design.from_mapping({}, "nothing") == Design()


@pytest.mark.parametrize(("section", "type", "name"), KEYS)
def test_every_key_is_documented(section, type, name):
    if isinstance(getattr(type(), name), Section):
        assert (SECTIONS[name].__doc__ or "").strip()
        return
    notes = get_args(get_type_hints(type, include_extras=True)[name])[1:]
    (description,) = [note.description for note in notes if isinstance(note, Meta) and note.description]
    assert description.endswith(".")


@pytest.mark.parametrize(("section", "type", "name"), KEYS)
def test_a_mistyped_key_leads_to_the_right_one(section, type, name, tmp_path):
    value = "[]" if isinstance(getattr(type(), name), tuple) else '"x"'
    mistyped = name[:-1] + "qx"
    if isinstance(getattr(type(), name), Section):
        message = wrong(f"[{mistyped}]\n", tmp_path)
    else:
        message = wrong((f"[{section}]\n" if section else "") + f"{mistyped} = {value}\n", tmp_path)
    assert f"{mistyped!r}" in message
    assert "Did you mean" in message
    assert name in message.partition("Known: ")[2].rstrip(".").split(", ")


def test_a_mistyped_key_is_named_with_the_one_that_was_meant(tmp_path):
    message = wrong('[site]\nserverr = "x"\n', tmp_path)
    assert message.startswith("[site] has no key 'serverr'. Did you mean 'server'? Known: code, ")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[site]\ntenant_id = "x"\n', "It belongs in [rollout]."),
        ('[site]\nservice_name = "x"\n', "It belongs in [gateway] or in [distribution_point]."),
        ('[site]\nbaseline = "current"\n', "It belongs at the top of the file."),
        ('server = "x"\n', "It belongs in [site]."),
    ],
)
def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(tmp_path, text, hint):
    assert hint in wrong(text, tmp_path)


def test_a_key_that_resembles_nothing_gets_the_list_and_no_guess(tmp_path):
    message = wrong("[dns]\nzzzzzzzz = 1\n", tmp_path)
    assert "Did you mean" not in message
    assert message.endswith("Known: inside, outside, enrolment_domains.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[site]\nserver = 5\n", "site.server: Expected text in quotes, got a whole number."),
        ('[rollout]\nenabled = "yes"\n', "rollout.enabled: Expected true or false, got text in quotes."),
        ('[dns]\ninside = "10.0.0.1"\n', "dns.inside: Expected a list, got text in quotes."),
        ('[dns]\ninside = ["10.0.0.1", 3]\n', "dns.inside[1]: Expected text in quotes, got a whole number."),
        ('[horizons]\nlog_days = "7"\n', "horizons.log_days: Expected a whole number, got text in quotes."),
        ("[horizons]\nlog_days = -1\n", "horizons.log_days: Expected a whole number >= 0."),
        ("[horizons]\nlog_days = 99999999999999999999999\n", "horizons.log_days: Expected a whole number <= 36500."),
        ("site = 5\n", "site: Expected a section, got a whole number."),
        ("[[site]]\n", "site: Expected a section, got a list."),
    ],
)
def test_a_value_of_the_wrong_type_is_said_by_key_and_in_plain_words(tmp_path, text, message):
    assert wrong(text, tmp_path) == message


LITERALS = [
    (section, name, get_args(hint))
    for section, value in SECTIONS.items()
    for name, hint in get_type_hints(type(value)).items()
    if get_origin(hint) is Literal
]


@pytest.mark.parametrize(("section", "name", "allowed"), LITERALS)
@pytest.mark.parametrize("value", ['"something else"', "3"])
def test_a_value_that_is_none_of_the_allowed_names_the_key_and_all_of_them(tmp_path, section, name, allowed, value):
    message = wrong(f"[{section}]\n{name} = {value}\n", tmp_path)
    assert message.startswith(f"{section}.{name}: ")
    assert message.endswith(f"Allowed: {', '.join(allowed)}.")


def test_a_byte_order_mark_is_ignored(tmp_path):
    path = tmp_path / "comgmt.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "Contoso"\r\n')
    assert design.load(path).name == "Contoso"


@pytest.mark.parametrize("text", ['name = "M\xfcnchen"'.encode("latin-1"), 'name = "x"'.encode("utf-16")])
def test_a_file_that_is_not_utf_8_says_so(tmp_path, text):
    assert wrong(text, tmp_path).startswith("is not UTF-8 text")


@pytest.mark.parametrize("text", ["name = ", "name = 'a'\nname = 'b'", "[site", "a = " + "[" * 100_000])
def test_a_file_that_is_not_toml_says_where(tmp_path, text):
    assert wrong(text, tmp_path).startswith("is not TOML: ")


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(DesignError, match="no such file") as caught:
        design.load(tmp_path / "nothing.toml")
    assert "name a recording" in caught.value.hint


def test_a_folder_in_place_of_the_file_is_an_error_and_no_crash(tmp_path):
    with pytest.raises(DesignError, match="cannot be read"):
        design.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({}, True),
        ({"site": {"communication": "enhanced-http"}}, True),
        ({"site": {"communication": "enhanced-http"}, "clients": {"authentication": "entra"}}, False),
        (
            {
                "site": {"communication": "enhanced-http"},
                "clients": {"authentication": "entra"},
                "pki": {"cloud_certificates": "own"},
            },
            True,
        ),
    ],
)
def test_an_own_ca_is_used_where_any_certificate_comes_from_it(changes, own):
    assert design.from_mapping(changes, "test").uses_own_ca is own


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(raw=st.dictionaries(st.sampled_from(Design.__struct_fields__) | st.text(max_size=9), JSON, max_size=3))
def test_any_mapping_is_a_design_or_a_design_error(raw):
    try:
        found = design.from_mapping(raw, "anything")
    except DesignError as error:
        assert error.message.startswith("anything: ")
    else:
        assert design.from_mapping(msgspec.to_builtins(found), "again") == found
