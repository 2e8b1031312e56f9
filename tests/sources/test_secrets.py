"""Secrets come from where comgmt.toml says, and errors never hold them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from comgmt_audit.errors import ComgmtError, DesignError
from comgmt_audit.sources.secrets import resolve

KEY = "connect.cloud.secret"
CANARY = "CANARY-7f3a9c"


def test_the_environment(monkeypatch):
    monkeypatch.setenv("SCANNER_SECRET", CANARY)
    assert resolve("env:SCANNER_SECRET", KEY) == CANARY


@pytest.mark.parametrize("content", [CANARY, CANARY + "\n", CANARY + "\r\nnot this\n", "\ufeff" + CANARY])
def test_the_first_line_of_a_file(tmp_path, content):
    path = tmp_path / "secret"
    path.write_bytes(content.encode())
    assert resolve(f"file:{path}", KEY) == CANARY


def test_a_secret_may_begin_and_end_with_blanks(tmp_path):
    (tmp_path / "secret").write_text(" a b \n")
    assert resolve(f"file:{tmp_path / 'secret'}", KEY) == " a b "


def keyring(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> type[Exception]:
    class KeyringError(Exception):
        pass

    def get_password(service: str, user: str) -> str | None:
        return answer if (service, user) == ("comgmt/audit", "scanner") else None

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    monkeypatch.setitem(sys.modules, "keyring.errors", SimpleNamespace(KeyringError=KeyringError))
    return KeyringError


def test_the_keyring(monkeypatch):
    keyring(monkeypatch, CANARY)
    assert resolve("keyring:comgmt/audit/scanner", KEY) == CANARY


def test_an_empty_keyring(monkeypatch):
    keyring(monkeypatch, CANARY)
    with pytest.raises(DesignError, match="has nothing for comgmt/somebody") as caught:
        resolve("keyring:comgmt/somebody", KEY)
    assert caught.value.hint == "keyring set comgmt somebody"


def test_a_keyring_that_is_locked(monkeypatch):
    error = keyring(monkeypatch, None)
    keyring_module = sys.modules["keyring"]

    def locked(*_):
        raise sys.modules["keyring.errors"].KeyringError(CANARY)

    monkeypatch.setattr(keyring_module, "get_password", locked)
    with pytest.raises(ComgmtError, match="cannot be used: KeyringError") as caught:
        resolve("keyring:comgmt/audit/scanner", KEY)
    assert CANARY not in str(caught.value)
    assert error is not None


def test_a_keyring_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ComgmtError, match="is not installed") as caught:
        resolve("keyring:a/b", KEY)
    assert caught.value.hint == "pip install keyring"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:NOT_SET_ANYWHERE", "the environment variable NOT_SET_ANYWHERE is not set"),
        ("file:/nowhere/secret", "/nowhere/secret cannot be read: No such file or directory"),
        ("keyring:onlyservice", "the keyring needs SERVICE/USER"),
    ],
)
def test_what_is_missing_is_named_with_its_key(reference, message):
    with pytest.raises(DesignError) as caught:
        resolve(reference, KEY)
    assert caught.value.message == f"comgmt.toml: {KEY}: {message}."


def test_an_empty_file_and_one_that_is_no_text(tmp_path):
    (tmp_path / "empty").write_text("\nsecond line\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, message in {"empty": "is empty", "binary": "is not text in UTF-8"}.items():
        with pytest.raises(DesignError, match=message):
            resolve(f"file:{tmp_path / name}", KEY)


@pytest.mark.parametrize("written", [CANARY, "", "env:", f"secret:{CANARY}"])
def test_a_secret_that_was_written_into_comgmt_toml_is_not_repeated(written):
    with pytest.raises(DesignError, match="does not say where the secret is") as caught:
        resolve(written, KEY)
    assert CANARY not in str(caught.value)
    assert KEY in caught.value.message
