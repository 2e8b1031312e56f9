"""Certificate files on disk: .pfx, .p12, .cer, .crt, .pem and .p7b, by what they are and not by how they are called.

Of a file its certificates are kept, and what it says of itself; a private key never is, and a password neither.
``docs/recording/certificate-files.md`` describes the observation.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit import plain_file
from comgmt_audit.errors import EvidenceError
from comgmt_audit.recording import Absence, Reason, RecordingWriter
from comgmt_audit.sources import pkcs12

if TYPE_CHECKING:
    from cryptography import x509

MAX_SIZE = 4 * 1024**2
"""Bytes of a file that are read; a PFX with its path is some 6,000."""

MAX_CERTIFICATES = 1000
"""Certificates that are taken of one file: the largest list of roots has some 500."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----((?:[^-]|-(?!----))*+)-----END \1-----")
"""A block ends at the next five hyphens: a file of beginnings without end costs no more than its length."""
_CERTIFICATE_BLOCKS = {b"CERTIFICATE", b"X509 CERTIFICATE"}
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PFX_VERSION = bytes.fromhex("020103")


class CertificateFile(Struct, frozen=True, kw_only=True):
    """What is kept of a file: its certificates in PEM (of a PFX the key's own first), and ``about`` the file."""

    certificates: tuple[str, ...]
    about: dict[str, Any]


def read(path: Path, password: str | None = None) -> CertificateFile:
    """Read one file. A wrong or missing password is no error: what can be seen without it is worth having.

    :param password: of a PFX; ``None`` where none is known, ``""`` for the empty one.
    :raises EvidenceError: where it is no certificate file, is cut off, too large, or cannot be read.
    """
    name = shown(path.name)
    data = _content(path)
    found = _recognised(data, name, password)
    about = {
        "file": name,
        "path": shown(str(path)),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        **found.about,
        "certificates": len(found.certificates),
    }
    return CertificateFile(certificates=found.certificates, about=about)


def observe(
    writer: RecordingWriter,
    paths: Iterable[Path],
    passwords: Mapping[str, str],
    progress: Callable[[str], object] = str,
) -> None:
    """Write one observation a file: ``certificate-file/`` and its name in lower case.

    :param passwords: by file name, compared without regard to case.
    :param progress: is told each name before the file is read.
    :raises EvidenceError: where two files have the same name: the design names files without their folder.
    """
    known = {name.casefold(): password for name, password in passwords.items()}
    seen: dict[str, Path] = {}
    for path in sorted(paths):
        name = shown(path.name).lower()
        if name in seen:
            raise EvidenceError(f"{path} and {seen[name]} have the same name.", "Hand in only one of them.")
        seen[name] = path
        progress(path.name)
        rest = {"source": "certificate-files", "request": f"file {shown(path.name)}"}
        try:
            content = read(path, known.get(path.name.casefold()))
        except EvidenceError as error:
            absence = Absence(reason=Reason.UNREADABLE, detail=error.message, cure=error.hint)
            writer.absent(f"certificate-file/{name}", absence, **rest)
        else:
            writer.pem(f"certificate-file/{name}", content.certificates, about=content.about, **rest)


def shown(name: str) -> str:
    """A file's name as text that can be written: on disk it need not be in any encoding."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _content(path: Path) -> bytes:
    try:
        with plain_file.opened(path) as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise EvidenceError(f"{shown(str(path))}: cannot be read: {error.strerror}.") from None
    if len(data) > MAX_SIZE:
        raise EvidenceError(
            f"{shown(path.name)}: is larger than {MAX_SIZE} bytes; no certificate file is.",
            "Name the file that was exported.",
        )
    if not data:
        raise EvidenceError(f"{shown(path.name)}: is empty.", "Export the certificate again.")
    return data


def _recognised(data: bytes, name: str, password: str | None) -> CertificateFile:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # PEM that was redirected to a file by Windows PowerShell.
        data = data.decode("utf-16", errors="replace").encode("ascii", errors="replace")
    if b"-----BEGIN " in data:
        return _pem(data, name)
    encoding = "DER"
    if data[:1] != b"\x30":
        encoding, bare = "PEM", _base64(data)
        if bare is None:
            raise EvidenceError(
                f"{name}: is neither a certificate nor a PFX.",
                "Export it with the Certificate Export Wizard: .PFX with the private key, or .CER (DER or Base-64).",
            )
        data = bare
    if (missing := _missing(data)) > 0:
        raise EvidenceError(f"{name}: is cut off: {missing} bytes are missing at its end.", "Copy the file again.")
    head = data[:48]
    if _PFX_VERSION in head[:9]:
        return _pfx(data, name, password)
    if _SIGNED_DATA in head:
        return _collection(data, name)
    return CertificateFile(
        certificates=(_block(_checked(data, name)),),
        about={"container": "certificate", "encoding": encoding, "has_private_key": False},
    )


def _base64(data: bytes) -> bytes | None:
    """The content of a Base-64 file without its BEGIN and END lines, as some tools leave it."""
    try:
        content = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if content[:1] == b"\x30" else None


def _missing(data: bytes) -> int:
    """Bytes that the outermost SEQUENCE announces and the file does not have (X.690, section 8.1.3)."""
    if len(data) < 2:
        return 1
    length = data[1]
    if length == 0x80:  # indefinite: the end is marked, not announced
        return 0
    if length < 0x80:
        return 2 + length - len(data)
    size = length & 0x7F
    return 2 + size + int.from_bytes(data[2 : 2 + size], "big") - len(data)


def _pem(data: bytes, name: str) -> CertificateFile:
    blocks = _BLOCK.findall(data)
    if not blocks:
        raise EvidenceError(f"{name}: begins a PEM block and does not end it: the file is cut off.", "Copy it again.")
    certificates: list[str] = []
    for kind, text in blocks[:MAX_CERTIFICATES]:
        der = _base64(text) if kind in _CERTIFICATE_BLOCKS | {b"PKCS7"} else None
        if kind in _CERTIFICATE_BLOCKS:
            certificates.append(_block(_checked(der or b"", name)))
        elif kind == b"PKCS7":
            certificates.extend(_collection(der or b"", name).certificates)
    has_key = any(kind.endswith(b"PRIVATE KEY") for kind, _ in blocks)
    if not certificates:
        what = "a private key" if has_key else blocks[0][0].decode("ascii").lower()
        raise EvidenceError(f"{name}: holds {what} and no certificate.", "Name the file with the certificate.")
    return CertificateFile(
        certificates=tuple(certificates),
        about={
            "container": "certificate" if len(certificates) == 1 else "certificates",
            "encoding": "PEM",
            "has_private_key": has_key,
        },
    )


def _collection(data: bytes, name: str) -> CertificateFile:
    """A .p7b (PKCS#7): certificates without any key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
    from cryptography.x509 import InvalidVersion

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BER in place of DER is legal, and warned about
            found = pkcs7.load_der_pkcs7_certificates(data)[:MAX_CERTIFICATES]
    except (ValueError, UnsupportedAlgorithm, InvalidVersion):
        raise EvidenceError(
            f"{name}: begins like a .p7b (PKCS#7) and is damaged, or holds no certificate.",
            "Export the certificates again.",
        ) from None
    return CertificateFile(
        certificates=tuple(_block(_checked(one.public_bytes(Encoding.DER), name)) for one in found),
        about={"container": "pkcs7", "encoding": "DER", "has_private_key": False},
    )


def _checked(der: bytes, name: str) -> bytes:
    try:
        _parsed(der)
    except ValueError:
        raise EvidenceError(
            f"{name}: is not an X.509 certificate, or it is damaged.", "Export the certificate again."
        ) from None
    return der


def _parsed(der: bytes) -> x509.Certificate:
    """The certificate, with names that can be read. Raises ValueError."""
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots break RFC 5280 in ways that are warned about
        try:
            certificate = x509.load_der_x509_certificate(der)
        except x509.InvalidVersion as error:
            raise ValueError(str(error)) from None
        _ = certificate.subject, certificate.issuer  # parsed when they are asked for
        return certificate


def _block(der: bytes) -> str:
    """PEM as RFC 7468 writes it, made anew so that no comment or key that stood beside it comes along."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _pfx(data: bytes, name: str, password: str | None) -> CertificateFile:
    shown = pkcs12.structure(data, name)
    unprotected = pkcs12.open_with(data, "", shown)
    opened = unprotected or (pkcs12.open_with(data, password, shown) if password else None)
    key = shown.keys[0] if shown.keys else None
    try:
        ordered = _path_first(opened.certificates if opened else shown.certificates)
    except ValueError:
        raise EvidenceError(f"{name}: one of its certificates is damaged.", "Export the certificate again.") from None
    about: dict[str, Any] = {
        "container": "pkcs12",
        "encoding": "DER",
        "mac": shown.mac or "none",
        "certificate_encryption": shown.certificate_encryption.name if shown.certificate_encryption else "none",
        "key_encryption": (key.encryption.name if key.encryption else "none") if key else None,
        "key_provider": key.provider if key else None,
        "key_container": key.container if key else None,
        "machine_key_set": key.machine_key_set if key else None,
        "opened": True if opened else None if password is None else False,
        "protected": unprotected is None,
        "has_private_key": opened.has_private_key if opened else (bool(shown.keys) if shown.keys_in_view else None),
        "key_matches": opened.key_matches if opened else None,
        "key_spec": opened.key_spec if opened else None,
        "friendly_name": opened.friendly_name if opened else None,
    }
    return CertificateFile(certificates=tuple(_block(der) for der in ordered), about=about)


def _path_first(certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The certificate of the key, then its issuers in order, then whatever else there is: readers differ in order."""
    path, rest = list(certificates[:1]), sorted(certificates[1:MAX_CERTIFICATES])
    parsed = {der: _parsed(der) for der in certificates[:MAX_CERTIFICATES]}
    while path and (issuer := next((der for der in rest if parsed[der].subject == parsed[path[-1]].issuer), None)):
        rest.remove(issuer)
        path.append(issuer)
    return (*path, *rest)
