"""The source ``certificate-files``: the files that ``connect.files.certificates`` names, and those of its folders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import certificate_files, secrets
from comgmt_audit.sources.session import Permission, Probe, Session, unreadable

NAME = "certificate-files"

PERMISSIONS = {
    "certificate-file/": (Permission(name="Read the files", kind="host", why="certificates as they were handed in"),)
}
"""Rights by observation."""

_SUFFIXES = frozenset({".pfx", ".p12", ".cer", ".crt", ".pem", ".p7b", ".p7c"})
"""What is taken of a folder; a file that is named itself may be called as it likes."""
_SEALED = frozenset({".pfx", ".p12"})
_KEY = "connect.files.certificate_password"


async def record(session: Session) -> None:
    """Keep the certificates of every wanted file, or why they cannot be read."""
    await asyncio.to_thread(_record, session)


async def probe(session: Session) -> Iterable[Probe]:
    """Are the files there, and is the password where it is said to be?"""
    named = session.connections.files.certificates
    if not named:
        return []
    files = list(_files(session))
    missing = [place for place in named if not Path(place).exists()]
    there = {path.name.lower() for path in files}
    strays = [name for name in session.connections.files.certificate_passwords if name.lower() not in there]
    troubles = [trouble for _, trouble in (_password(session, path) for path in files if _sealed(path)) if trouble]
    if missing:
        return [_trouble(f"{', '.join(missing)}: not there", "Correct connect.files.certificates.")]
    if troubles:
        return [_trouble(troubles[0].detail, troubles[0].cure)]
    if strays:
        return [_trouble(f"{', '.join(strays)}: no such file is handed in", f"Correct {_KEY}s.")]
    count = len(files)
    return [Probe(source=NAME, answers=True, detail=f"{count} certificate file{'' if count == 1 else 's'}")]


def _trouble(detail: str, cure: str) -> Probe:
    return Probe(source=NAME, answers=False, detail=detail, cure=cure)


def _record(session: Session) -> None:
    for name, paths in _by_name(session).items():
        if not session.wanted(f"certificate-file/{name}"):
            continue
        password, trouble = _password(session, paths[0])
        if len(paths) > 1:
            places = " and ".join(str(path) for path in paths)
            _absent(session, paths[0], unreadable(f"{places} have the same name", "Hand in only one of them."))
        elif trouble and _sealed(paths[0]):
            _absent(session, paths[0], trouble)
        else:
            known = {} if password is None else {name: password}
            certificate_files.observe(session.writer, paths, known)
        session.progress(NAME, paths[0].name, 1)


def _absent(session: Session, path: Path, absence: Absence) -> None:
    name = certificate_files.shown(path.name)
    session.writer.absent(f"certificate-file/{name.lower()}", absence, source=NAME, request=f"file {name}")


def _by_name(session: Session) -> dict[str, list[Path]]:
    """The files by name in lower case: the design names them without their folder."""
    found: dict[str, list[Path]] = {}
    for path in sorted(set(_files(session))):
        found.setdefault(certificate_files.shown(path.name).lower(), []).append(path)
    return found


def _files(session: Session) -> Iterable[Path]:
    """The named files, there or not, and those of the named folders. A folder that cannot be listed is named itself."""
    for place in map(Path, session.connections.files.certificates):
        try:
            inside = sorted(place.iterdir()) if place.is_dir() else [place]
        except OSError:
            inside = [place]
        yield from (path for path in inside if path == place or path.suffix.lower() in _SUFFIXES)


def _sealed(path: Path) -> bool:
    return path.suffix.lower() in _SEALED


def _password(session: Session, path: Path) -> tuple[str | None, Absence | None]:
    """The password of a sealed file, its own or that of all, if any is declared; or why it cannot be had."""
    files = session.connections.files
    own = {name.lower(): (name, reference) for name, reference in files.certificate_passwords.items()}
    name, reference = own.get(path.name.lower(), ("", files.certificate_password))
    if not reference and not name:
        return None, None
    try:
        return secrets.resolve(reference, f'{_KEY}s."{name}"' if name else _KEY), None
    except ComgmtError as error:
        return None, unreadable(error.message, error.hint)
