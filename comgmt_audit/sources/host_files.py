"""Evidence of Windows computers as files: what the collect script wrote, and outputs of commands as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from comgmt_audit import plain_file
from comgmt_audit.errors import EvidenceError
from comgmt_audit.recording import Absence
from comgmt_audit.sources import site_files
from comgmt_audit.sources.collect import COLLECT, MAX_SIZE
from comgmt_audit.sources.logs import LOGS
from comgmt_audit.sources.session import Session, refused, unreadable
from comgmt_audit.text_encoding import decode

REQUESTS = {
    "certificates": "certificate stores",
    "certutil-my": "certutil -store My",
    "gpresult": "gpresult",
    "dsregcmd": "dsregcmd /status",
    "registry": "registry values",
    "key-files": "files with private keys: names and hashes",
    "mobileclient": "CertificateIssuers in mobileclient.tcf",
}
"""What was done on the computer, by the last part of the observation's id."""

PARTS = ("certificates", "gpresult", "dsregcmd", "registry", "key-files")
"""What the collect script brings of a computer, beside its logs."""

COMPUTER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})*")
_LOG = re.compile(r"([a-z0-9_-]+)\.(?:log|lo_)")
_RSOP = "http://www.microsoft.com/GroupPolicy/Rsop"
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class Collection(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the collect script writes: format 1.

    ``outputs`` and ``logs`` hold texts by name, of a log its newest lines; ``errors`` why a part is missing, by name.
    """

    collector: int
    host: str
    elevated: bool
    certificates: dict[str, Any] | None = None
    registry: dict[str, dict[str, int | str]] | None = None
    key_files: dict[str, Any] | None = None
    outputs: dict[str, str] = {}
    logs: dict[str, str] = {}
    errors: dict[str, str] = {}


class Found(Struct, frozen=True, kw_only=True):
    """One piece of evidence: which, of which computer, and its content or why there is none."""

    host: str
    what: str
    content: Any = None
    absence: Absence | None = None
    about: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The observation's; the site's list of trusted roots is the site's, whoever tells it."""
        if self.what == "mobileclient":
            return site_files.TRUSTED_ROOTS
        return f"log/{self.host}/{self.what}" if _LOG.fullmatch(self.what) else f"host/{self.host}/{self.what}"

    @property
    def request(self) -> str:
        """What was done on the computer."""
        if self.what == "mobileclient":
            return f"{REQUESTS[self.what]} on {self.host}"
        return REQUESTS.get(self.what, f"{self.what} of {self.host}")


def handed_in(session: Session) -> Iterator[Found]:
    """Every piece of evidence in the files and folders of ``connect.files.hosts``, or why it cannot be read."""
    for place in map(Path, session.connections.files.hosts):
        yield from _place(place, session)


def _place(place: Path, session: Session) -> Iterator[Found]:
    """A file, a folder of one computer, or a folder of both."""
    try:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
    except OSError as error:
        yield from lost(computer(place.name, session), f"{place}: {error.strerror}")
        return
    for path in inside:
        if path.is_dir():
            yield from _place(path, session)
        elif path.suffix.lower() == ".json":
            yield from _collected(path, session)
        else:
            yield from _output(path, computer(path.parent.name, session))


def _collected(path: Path, session: Session) -> Iterator[Found]:
    """The parts of one collection; of a file that cannot be read, its name says whose it is."""
    try:
        collection = parse(_bytes(path))
    except (OSError, ValueError) as error:
        yield from lost(computer(path.stem, session), f"{path.name}: {_why(error)}")
        return
    host = computer(collection.host, session)
    if not COMPUTER.fullmatch(host):
        yield from lost(computer(path.stem, session), f"{path.name}: its host is no computer's name")
        return
    yield from parts_of(collection, host, path.name, session)


def parts_of(collection: Collection, host: str, path: str, session: Session) -> Iterator[Found]:
    """The parts of a collection; of its logs those that are not read from the computer's folder."""
    parts = {
        "certificates": collection.certificates,
        "registry": collection.registry,
        "key-files": collection.key_files,
        **{what: text for what, text in collection.outputs.items() if what in REQUESTS and text.strip()},
    }
    if not _tells_roots(host, session):
        parts.pop("mobileclient", None)
    for what, content in parts.items():
        if what == "mobileclient":
            yield _roots(host, str(content))
        elif content is not None:
            yield _without_secrets(Found(host=host, what=what, content=content))
    read_there = {server.lower() for server in session.connections.files.logs}
    for name, text in collection.logs.items() if host not in read_there else ():
        log = _LOG.fullmatch(name.lower())
        if log and (log[1] in LOGS or log[1] in session.own_logs):
            about = {"path": path, "size": len(text.encode()), "complete": False}
            yield Found(host=host, what=name.lower(), content=text, about=about)
    for what, why in collection.errors.items():
        if what in REQUESTS and parts.get(what) is None and (what != "mobileclient" or _tells_roots(host, session)):
            yield Found(host=host, what=what, absence=unreadable(f"the collect script: {why}", COLLECT))


def _tells_roots(host: str, session: Session) -> bool:
    """Is it the site server, whose list of trusted roots no file of its own tells?"""
    server = session.design.site.server.lower()
    return session.connections.files.trusted_roots is None and host in {server or host}


def _roots(host: str, text: str) -> Found:
    try:
        return Found(host=host, what="mobileclient", content=site_files.issuers(text))
    except EvidenceError as error:
        return Found(host=host, what="mobileclient", absence=unreadable(error.message, error.hint))


def _without_secrets(found: Found) -> Found:
    """The same without what must not be kept. No script of ours writes a private key: what has one is left out."""
    text = found.content if isinstance(found.content, str) else msgspec.json.encode(found.content).decode()
    if _KEY.search(text):
        return Found(host=found.host, what=found.what, absence=unreadable("it holds a private key", COLLECT))
    return structs.replace(found, content=_without_settings(text)) if found.what == "gpresult" else found


def _without_settings(text: str) -> str:
    """gpresult's XML without what Group Policy sets: nobody reads it, and old preferences hold passwords (MS14-025)."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<ExtensionData", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("</ExtensionData>", start)
        at = end + len("</ExtensionData>") if end >= 0 else len(text)
    return "".join([*kept, text[at:]])


def parse(data: bytes) -> Collection:
    """What the collect script writes or prints. Raises ValueError where it is none, cut off, or of another format."""
    try:
        collection = msgspec.json.decode(one_line(decode(data).text).encode(), type=Collection)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"is not what the collect script writes: {error}") from None
    if collection.collector != 1:
        raise ValueError(f"is of format {collection.collector}, and format 1 is read")
    return collection


def one_line(text: str) -> str:
    """The text without line breaks: the script prints its one line in pieces, and a console may break it anywhere."""
    return text.replace("\r", "").replace("\n", "")


def _output(path: Path, host: str) -> Iterator[Found]:
    """One output of a command, by its content; a file that is none of them is passed over, unless it is called so."""
    named = next((what for what in REQUESTS if path.stem.lower().startswith(what.partition("-")[0])), None)
    try:
        text = decode(_bytes(path)).text
    except (OSError, ValueError) as error:
        if named:
            yield Found(host=host, what=named, absence=_trouble(error, path))
        return
    if what := recognised(text):
        yield _without_secrets(Found(host=host, what=what, content=text))
    elif named:
        why = f"{path.name}: it is no output of {REQUESTS[named]} that we know"
        yield Found(host=host, what=named, absence=unreadable(why, COLLECT))


def recognised(text: str) -> str | None:
    """Which command wrote this: a name of REQUESTS, or none; a listing of another store than My is none.

    Words that Windows translates are not needed. Only the beginning and the end are looked at: a file of any size is
    told in no time.
    """
    head, tail = text[:4096], text[-4096:]
    if _RSOP in head:
        return "gpresult"
    if re.search(r"^\s*\|\s*(?:Device State|Diagnostic Data)\s*\|", head, re.MULTILINE):
        return "dsregcmd"
    if "CertUtil: -store" in tail or re.search(r"^={10,} .+ \d+ ={10,}\s*$", head, re.MULTILINE):
        store = re.match(r'\s*(\w+) ".*"\s*$', head, re.MULTILINE)
        return "certutil-my" if store is None or store[1].lower() == "my" else None
    if (
        "group policy result tool" in head.casefold()
        or re.search(r"\bRSOP\b", head)
        or head.startswith("ERROR: Access")
    ):
        return "gpresult"
    return None


def computer(name: str, session: Session) -> str:
    """The computer's DNS name in lower case, as the design has it; a short name is that of the design's only one."""
    name = name.lower()
    known = {host.lower() for host in (*designed(session), *session.connections.hosts.names) if host}
    like = [host for host in known if host.partition(".")[0] == name]
    return like[0] if len(like) == 1 else name


def lost(host: str, why: str) -> Iterator[Found]:
    """The whole evidence of a computer cannot be read."""
    for what in PARTS:
        yield Found(host=host, what=what, absence=unreadable(why, COLLECT))


def _bytes(path: Path) -> bytes:
    """The whole file. Raises OSError, or ValueError where it is too large."""
    with plain_file.opened(path) as file:
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise ValueError(f"is larger than {MAX_SIZE} bytes")
    return data


def _why(error: OSError | ValueError) -> str:
    return error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)


def _trouble(error: OSError | ValueError, path: Path) -> Absence:
    detail = f"{path}: {_why(error)}"
    if isinstance(error, PermissionError):
        return refused(detail, "Let the scanner's account read the file.")
    return unreadable(detail, COLLECT)


def designed(session: Session) -> tuple[str, ...]:
    """The computers that the design names; empty where it leaves one open."""
    site, clients = session.design.site, session.design.clients
    return (site.server, site.management_point, site.connection_point, site.cloud_role_server, *clients.samples)
