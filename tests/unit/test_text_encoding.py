"""Bytes of log files as text: no byte is an error."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.text_encoding import decode

GERMAN = "Zertifikat für Größe: gültig — ‘so’\r\nzweite Zeile\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (codecs.BOM_UTF8 + GERMAN.encode(), "utf-8"),
        (GERMAN.encode(), "utf-8"),
        (codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"), "utf-16-be"),
        (GERMAN.encode("utf-16-le"), "utf-16-le"),
        (GERMAN.encode("utf-16-be"), "utf-16-be"),
        (GERMAN.encode("cp1252"), "cp1252"),
    ],
)
def test_each_encoding_is_known(data, encoding):
    found = decode(data)
    assert (found.text, found.encoding) == (GERMAN, encoding)


def test_an_ansi_writer_in_a_utf_8_file_spoils_nothing():
    found = decode("grün\n".encode() + "grün\n".encode("cp1252"))
    assert (found.text, found.encoding) == ("grün\ngrün\n", "utf-8 and cp1252")


def test_another_code_page_can_be_named():
    assert decode("привет".encode("cp1251"), "cp1251").text == "привет"
    with pytest.raises(LookupError):
        decode(b"\xff", "cp-nothing")


def test_padding_and_marks_in_the_middle_go():
    assert decode(b"one" + bytes(5000) + codecs.BOM_UTF8 + b"two").text == "onetwo"
    assert decode(codecs.BOM_UTF16_LE + "one\ufefftwo".encode("utf-16-le")).text == "onetwo"


def test_a_file_of_padding_is_empty():
    assert decode(bytes(100_000)).text == ""


def test_half_a_character_at_the_end_is_replaced():
    assert decode(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c").text == "ab\ufffd"


@given(st.binary(max_size=400))
def test_no_bytes_are_an_error(data):
    assert "\0" not in decode(data).text
