"""Listings of ``certutil -store My``."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.certutil import NotListing, parse
from comgmt_audit.sources.host_files import recognised
from comgmt_audit.text_encoding import decode
from tests.lab.certutil import END, FOREIGN, HASH, HEAD, block, foreign

KSP = "Microsoft Software Key Storage Provider"
PROVIDER = "  Provider = Microsoft RSA SChannel Cryptographic Provider"


@pytest.mark.parametrize(
    ("lines", "has_key", "exportable"),
    [
        ((PROVIDER, "Encryption test passed"), True, True),
        ((PROVIDER, "Signature test passed"), True, True),
        ((PROVIDER, "Private key is NOT exportable", "Encryption test passed"), True, False),
        ((PROVIDER, "Private key is NOT exportable"), None, False),
        ((PROVIDER,), None, None),
        (("Encryption test passed",), True, None),
        ((PROVIDER, "Missing stored keyset"), False, False),
        ((), None, None),
    ],
)
def test_what_is_known_of_the_key(lines, has_key, exportable):
    (found,) = parse(HEAD + block(*lines) + END)
    assert (found.has_key, found.exportable) == (has_key, exportable)


def test_the_fields_of_a_certificate():
    (found,) = parse(HEAD + block("Archived!", PROVIDER) + END)
    assert found.thumbprint == "1128C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4"
    assert found.subject == "CN=cmg.contoso.com, O=Contoso Ltd"
    assert found.issuer.startswith("CN=Contoso Issuing CA 1")
    assert found.template == "ConfigMgrCloudWebServer"
    assert found.provider == "Microsoft RSA SChannel Cryptographic Provider"
    assert found.archived
    assert found.line == 2


def test_every_certificate_has_its_own_lines():
    text = HEAD + block(PROVIDER, "Encryption test passed") + block("Missing stored keyset", number=1) + END
    assert [found.has_key for found in parse(text)] == [True, False]


def test_line_ends_of_windows_and_lines_without_indentation_are_read():
    text = (HEAD + block(PROVIDER.strip(), "Encryption test passed") + END).replace("\n", "\r\n")
    assert parse(text)[0].exportable is True


def test_an_empty_store_is_empty():
    assert parse(HEAD + END) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD + block(PROVIDER),
        HEAD + block().replace("Cert Hash", "Hash") + END,
        HEAD + block().replace(HASH, "11 28") + END,
        "CertUtil: -store command FAILED: 0x80070005 (WIN32: 5 ERROR_ACCESS_DENIED)\n",
    ],
    ids=["empty", "broken off", "no hash", "short hash", "failed"],
)
def test_what_is_no_whole_listing_is_refused(text):
    with pytest.raises(NotListing):
        parse(text)


@given(st.text())
def test_arbitrary_text_is_refused_or_read(text):
    for candidate in (text, HEAD + block(text) + END):
        with contextlib.suppress(NotListing):
            parse(candidate)


@pytest.mark.parametrize("language", FOREIGN)
def test_another_language_tells_what_is_not_translated(language):
    (found,) = parse(foreign(language))
    assert found.thumbprint == "1128C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4"
    assert found.subject == "CN=cmg.contoso.com, O=Contoso Ltd"
    assert found.issuer == "CN=Contoso Issuing CA 1, DC=com"
    assert found.provider == KSP
    assert found.store == "my"


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *((language, encoding) for language in FOREIGN for encoding in ("utf-16", "utf-8-sig", "utf-8")),
        *((language, encoding) for language in ("German", "French", "Spanish") for encoding in ("cp850", "cp1252")),
        ("Japanese", "cp932"),
    ],
)
def test_the_code_page_of_the_console_does_not_matter(language, encoding):
    """What is read is ASCII in all of them, whatever becomes of the labels."""
    text = decode(foreign(language).encode(encoding, errors="replace")).text
    (found,) = parse(text)
    assert (found.thumbprint, found.provider) == ("1128C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4", KSP)
    assert found.subject == "CN=cmg.contoso.com, O=Contoso Ltd"
    assert recognised(text) == "certutil-my"


@pytest.mark.parametrize("language", FOREIGN)
def test_what_another_language_says_of_the_key_is_not_known_and_not_guessed(language):
    (found,) = parse(foreign(language))
    assert (found.has_key, found.exportable) == (None, None)


@pytest.mark.parametrize("language", FOREIGN)
def test_an_empty_subject_does_not_make_the_issuer_one(language):
    (found,) = parse(foreign(language, subject="(-)"))
    assert (found.subject, found.issuer) == ("", "")


def test_each_certificate_belongs_to_the_store_that_is_named_before_it():
    found = parse(HEAD + block() + block(number=1) + 'Root "Trusted Root Certification Authorities"\n' + block() + END)
    assert [one.store for one in found] == ["my", "my", "root"]
    assert [one.store for one in parse(block() + END)] == [""]
