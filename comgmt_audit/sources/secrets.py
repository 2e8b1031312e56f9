"""Where secrets come from: the environment, a file, or the keyring; comgmt.toml or an option only says which."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from comgmt_audit.errors import ComgmtError, DesignError

_FORMS = "Write env:NAME, file:PATH or keyring:SERVICE/USER."


def resolve(reference: str, key: str) -> str:
    """The secret that *reference* points to: ``env:NAME``, ``file:PATH`` (its first line) or ``keyring:SERVICE/USER``.

    :param key: of comgmt.toml, such as ``connect.cloud.secret``, or an option; errors name it, never what it led to.
    :raises DesignError: where the reference is none, or leads to nothing.
    :raises ComgmtError: where the keyring is asked for and cannot be used.
    """
    key = key if key.startswith("--") else f"comgmt.toml: {key}"
    kind, separator, place = reference.partition(":")
    reader = {"env": _environment, "file": _file, "keyring": _keyring}.get(kind)
    if not separator or not place or reader is None:
        # The text may be the secret itself, written where it must not be: it is not repeated.
        raise DesignError(f"{key} does not say where the secret is.", _FORMS)
    return reader(place, key)


def _environment(name: str, key: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise DesignError(f"{key}: the environment variable {name} is not set.", f"Set {name}.")
    return secret


def _file(place: str, key: str) -> str:
    try:
        text = Path(place).expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DesignError(f"{key}: {place} cannot be read: {error.strerror}.", _FORMS) from None
    except UnicodeDecodeError:
        raise DesignError(f"{key}: {place} is not text in UTF-8.", "Save it as UTF-8.") from None
    secret = text.partition("\n")[0].rstrip("\r")
    if not secret:
        raise DesignError(f"{key}: the first line of {place} is empty.", "Write the secret there.")
    return secret


def _keyring(place: str, key: str) -> str:
    service, separator, user = place.rpartition("/")
    if not separator or not service or not user:
        raise DesignError(f"{key}: the keyring needs SERVICE/USER.", _FORMS)
    try:
        # Optional, and without types: imported by name.
        keyring, errors = importlib.import_module("keyring"), importlib.import_module("keyring.errors")
    except ImportError:
        raise ComgmtError(f"{key}: the keyring package is not installed.", "pip install keyring") from None
    try:
        secret: str | None = keyring.get_password(service, user)
    except errors.KeyringError as error:
        raise ComgmtError(f"{key}: the keyring cannot be used: {type(error).__name__}.", _FORMS) from None
    if not secret:
        raise DesignError(f"{key}: the keyring has nothing for {place}.", f"keyring set {service} {user}")
    return secret
