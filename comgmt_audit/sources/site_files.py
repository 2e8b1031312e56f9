"""The source ``site-files``: what only console, portal and site server show, as files that comgmt.toml names.

No documented interface gives the site's list of trusted roots, its default client settings, the CA certificates that
were uploaded to the CMG, and any more the management certificates of a classic subscription
(``docs/sources/site_files.md``): an administrator looks, and hands in files.
The collect script brings the first from the site server, and the source ``host`` keeps it, unless a file is named here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from comgmt_audit import plain_file
from comgmt_audit.errors import EvidenceError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import certificate_files
from comgmt_audit.sources.session import Permission, Probe, Session, unreachable, unreadable
from comgmt_audit.text_encoding import decode

NAME = "site-files"

AFTER = ("host",)
"""Of the trusted roots, what the collect script brought is kept by then."""

TRUSTED_ROOTS = "site/trusted-root-list"
GATEWAY_CERTIFICATES = "site/gateway-certificates"
DEFAULT_SETTINGS = "site/default-client-settings"
MANAGEMENT_CERTIFICATES = "arm/management-certificates"

_READ = (Permission(name="Read the files", kind="host", why="what only the console and the site server show"),)
PERMISSIONS = dict.fromkeys((TRUSTED_ROOTS, GATEWAY_CERTIFICATES, DEFAULT_SETTINGS), _READ)
"""Rights by observation."""

MAX_SIZE = 1024**2
"""Bytes of a text that are read: mobileclient.tcf has some ten thousand."""

_SETTINGS = ("AllowCMG", "AllowCloudDP", "AutoAADJoin")
"""The group Cloud Services, as ``Get-CMClientSetting -Setting Cloud`` names them; nothing else is kept."""
_ISSUERS = re.compile(r"^[ \t]*CertificateIssuers[ \t]*=[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CERTIFICATES = frozenset({".cer", ".crt", ".pem", ".p7b", ".p7c"})

_NOT_HANDED_IN = {
    TRUSTED_ROOTS: "Hand in the collect script's file of the site server, or name mobileclient.tcf in "
    "connect.files.trusted_roots.",
    GATEWAY_CERTIFICATES: "Look at the properties of the CMG (Settings > Certificates uploaded to the cloud service), "
    "and name the .cer files of those in connect.files.gateway_certificates; [] where there are none.",
    DEFAULT_SETTINGS: "On the site server run `Get-CMClientSetting -Id 0 -Setting Cloud | ConvertTo-Json > cloud.json` "
    "and name the file in connect.files.default_client_settings.",
}


async def record(session: Session) -> None:
    """Keep what the files say, or why they cannot be read."""
    await asyncio.to_thread(_record, session)


async def probe(session: Session) -> Iterable[Probe]:
    """Are the files there, and are they what they are said to be?"""
    return await asyncio.to_thread(lambda: list(_probe(session)))


def _probe(session: Session) -> Iterator[Probe]:
    for id, named, reads in _sources(session):
        try:
            content = reads(named)
        except (EvidenceError, OSError) as error:
            trouble = _trouble(error)
            yield Probe(source=NAME, answers=False, detail=f"{id}: {trouble.detail}", cure=trouble.cure)
        else:
            yield Probe(source=NAME, answers=True, detail=f"{id}: {len(content)}")


def _record(session: Session) -> None:
    read = {id: (named, reads) for id, named, reads in _sources(session)}
    for id in dict.fromkeys((*_NOT_HANDED_IN, *read)):
        if not session.wanted(id) or session.writer.has(id):
            continue
        if id not in read:
            absence = unreachable("nobody has handed it in", _NOT_HANDED_IN[id])
            session.writer.absent(id, absence, source=NAME, request=id, at=session.clock())
            continue
        named, reads = read[id]
        names = [certificate_files.shown(path.name) for path in named]
        rest: dict[str, Any] = {"source": NAME, "request": f"files {', '.join(names)}".rstrip(), "at": session.clock()}
        try:
            content = reads(named)
        except (EvidenceError, OSError) as error:
            session.writer.absent(id, _trouble(error), **rest)
        else:
            _keep(session, id, content, rest)
        session.progress(NAME, id, 1)


def _sources(session: Session) -> Iterator[tuple[str, list[Path], Callable[[list[Path]], Any]]]:
    """Each observation that comgmt.toml names files for, the files, and what reads them."""
    files = session.connections.files
    if files.trusted_roots is not None:
        yield TRUSTED_ROOTS, _paths(files.trusted_roots), roots
    if files.gateway_certificates is not None:
        yield GATEWAY_CERTIFICATES, _paths(files.gateway_certificates), certificates
    if files.default_client_settings:
        yield DEFAULT_SETTINGS, _paths([files.default_client_settings]), settings
    if files.management_certificates is not None:
        yield MANAGEMENT_CERTIFICATES, _paths(files.management_certificates), thumbprints


def _paths(names: Iterable[str]) -> list[Path]:
    return [Path(name) for name in names]


def _keep(session: Session, id: str, content: Any, rest: dict[str, Any]) -> None:
    if isinstance(content, list) and id != GATEWAY_CERTIFICATES:
        session.writer.lines(id, content, **rest)
    elif id == GATEWAY_CERTIFICATES:
        session.writer.pem(id, content, **rest)
    else:
        session.writer.json(id, content, **rest)


def roots(paths: Iterable[Path]) -> list[dict[str, str]]:
    """The trusted roots: those of ``mobileclient.tcf``, or the certificates of files; one row each.

    Raises EvidenceError and OSError.
    """
    rows: list[dict[str, str]] = []
    for path in paths:
        if path.suffix.lower() in _CERTIFICATES or path.is_dir():
            rows += [_row(pem) for pem in certificates([path])]
        else:
            rows += issuers(_text(path), path.name)
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def issuers(text: str, name: str = "mobileclient.tcf") -> list[dict[str, str]]:
    """The roots in a text with the attribute ``CertificateIssuers``, separated by ``|``; it tells no thumbprint.

    (About client installation properties, CCMCERTISSUERS.) Raises EvidenceError where the attribute is not there: that
    it is left out where the list is empty is documented nowhere.
    """
    found = _ISSUERS.findall(text)
    if len(found) != 1:
        why = "has no attribute CertificateIssuers" if not found else "has several attributes CertificateIssuers"
        raise EvidenceError(
            f"{certificate_files.shown(name)}: {why}.",
            "Name the file <Configuration Manager>\\bin\\<platform>\\mobileclient.tcf of the site server, or the .cer "
            "files of the roots that the site's properties show (Communication Security > Set).",
        )
    subjects = [subject.strip() for subject in found[0].strip('"').split("|")]
    return [{"Subject": subject, "Thumbprint": ""} for subject in subjects if subject]


def certificates(paths: Iterable[Path]) -> list[str]:
    """The certificates of the files, and of those in folders, in PEM, each once. Raises EvidenceError and OSError."""
    found: dict[str, None] = {}
    for path in paths:
        inside = sorted(one for one in path.iterdir() if one.suffix.lower() in _CERTIFICATES) if path.is_dir() else ()
        if path.is_dir() and not inside:
            raise EvidenceError(
                f"{certificate_files.shown(path.name)}: there is no certificate file in it.",
                "Name the .cer files; where there are none, say so with [].",
            )
        for file in inside or (path,):
            found |= dict.fromkeys(_public(file))
    return list(found)


def _public(path: Path) -> tuple[str, ...]:
    """The certificates of a file without a key."""
    file = certificate_files.read(path)
    if file.about["container"] == "pkcs12":
        raise EvidenceError(
            f"{certificate_files.shown(path.name)}: holds a private key.", "Name the CA's certificate, a .cer file."
        )
    return file.certificates


def thumbprints(paths: Iterable[Path]) -> list[dict[str, str]]:
    """The certificates that a classic subscription trusts, of .cer files or of texts with one thumbprint a line.

    Raises EvidenceError and OSError.
    """
    rows: list[dict[str, str]] = []
    for path in paths:
        if path.suffix.lower() in _CERTIFICATES or path.is_dir():
            rows += [{"thumbprint": _thumbprint(pem)} for pem in certificates([path])]
            continue
        lines = [re.sub(r"[\s:]", "", line).upper() for line in _text(path).splitlines() if line.strip()]
        if not all(re.fullmatch(r"[0-9A-F]{40}", line) for line in lines):
            raise EvidenceError(
                f"{certificate_files.shown(path.name)}: not every line is a SHA-1 thumbprint (40 hexadecimal digits).",
                "Write one thumbprint a line, as the portal shows it under Subscriptions > Management certificates.",
            )
        rows += [{"thumbprint": line} for line in lines]
    return rows


def _row(pem: str) -> dict[str, str]:
    from cryptography import x509

    subject = x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string()
    return {"Subject": subject, "Thumbprint": _thumbprint(pem)}


def _thumbprint(pem: str) -> str:
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem), usedforsecurity=False).hexdigest().upper()


def settings(paths: Iterable[Path]) -> dict[str, bool | int | str]:
    """The default client settings' group Cloud Services. Raises EvidenceError and OSError."""
    (path,) = paths
    try:
        found = msgspec.json.decode(_text(path).encode(), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        found = {}
    kept = {name: found[name] for name in _SETTINGS if isinstance(found.get(name), bool | int | str)}
    if not kept:
        raise EvidenceError(
            f"{certificate_files.shown(path.name)}: is no JSON object with {', '.join(_SETTINGS)}.",
            _NOT_HANDED_IN[DEFAULT_SETTINGS],
        )
    return kept


def _text(path: Path) -> str:
    """The text of a file. Raises EvidenceError and OSError."""
    with plain_file.opened(path) as file:
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise EvidenceError(f"{certificate_files.shown(path.name)}: is larger than {MAX_SIZE} bytes.", "Name another.")
    return decode(data).text


def _trouble(error: EvidenceError | OSError) -> Absence:
    if isinstance(error, OSError):
        name = certificate_files.shown(str(error.filename or ""))
        return unreadable(f"{name}: {error.strerror}", "Correct the path in connect.files of comgmt.toml.")
    return unreadable(error.message, error.hint or "Correct connect.files of comgmt.toml.")
