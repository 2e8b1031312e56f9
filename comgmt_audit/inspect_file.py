"""What one evidence file says: ``comgmt-audit inspect``. Recognised by content; what cannot be read says why.

No file ends it with an exception: evidence is hostile, and the user wants to know what we see in it.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from comgmt_audit import plain_file
from comgmt_audit.errors import ComgmtError, FactUnavailable
from comgmt_audit.log_catalogue import Entry, Kind
from comgmt_audit.text_encoding import decode

if TYPE_CHECKING:
    from comgmt_audit.facts.log_records import Record
    from comgmt_audit.facts.x509 import Certificate
    from comgmt_audit.log_catalogue.own import OwnEntry
    from comgmt_audit.sources.certificate_files import CertificateFile

MAX_SIZE = 64 * 1024**2
"""Bytes of a file that are read at once."""

MAX_RECORDS = 2_000_000
"""Records of a log that are looked at; of Configuration Manager's own, a file of MAX_SIZE has some 400,000."""

_EXCERPT = 200
_REASON = 500
_LISTED = 12
"""Certificates, groups and keys that are shown of many."""


class Hit(Struct, frozen=True, kw_only=True):
    """A known line of a log: which, how often, and when first and last (UTC; ``None``: the log does not say)."""

    log: str
    id: str
    kind: str
    meaning: str
    cause: str
    remedy: str
    count: int
    line: int
    first: dt.datetime | None
    last: dt.datetime | None
    newest: str


class Seen(Struct, frozen=True, kw_only=True):
    """What we see in a file. ``kind`` is empty where it is none that we know; ``unread`` says what is not, and why."""

    file: str
    kind: str = ""
    facts: dict[str, Any] = {}
    hits: tuple[Hit, ...] = ()
    unread: tuple[str, ...] = ()


def inspect(path: Path, passwords: Sequence[str] = (), own: Sequence[OwnEntry] = ()) -> Seen:
    """Look at one file. Raises nothing: a file that cannot be read says so in ``unread``.

    :param passwords: are tried on a sealed PFX in this order; they go nowhere.
    :param own: log lines of the user's own, beside ours.
    """
    from comgmt_audit.sources.certificate_files import shown

    name = shown(str(path))
    try:
        with plain_file.opened(path) as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        return Seen(file=name, unread=(f"cannot be read: {error.strerror}",))
    if len(data) > MAX_SIZE:
        return Seen(file=name, unread=(f"is larger than {MAX_SIZE} bytes",))
    try:
        seen = _seen(path, data, passwords, own)
    except (ComgmtError, FactUnavailable, ValueError, RecursionError) as error:
        seen = Seen(file="", unread=(str(error),))
    return msgspec.structs.replace(seen, file=name, unread=tuple(map(_one_line, seen.unread)))


def _one_line(reason: str) -> str:
    """A reason is one line, also where it repeats what stands in the file."""
    words = " ".join(reason.split())
    return words if len(words) <= _REASON else f"{words[:_REASON]}…"


def table(seen: Seen) -> Iterator[str]:
    """The same as lines for a terminal, not yet made safe for it."""
    yield f"{seen.file}: {seen.kind or 'not recognised'}"
    for name, value in seen.facts.items():
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            yield f"  {name + ':' if number == 0 else '':24} {'not known' if item is None else item}"
    for hit in seen.hits:
        when = f"{hit.last:%Y-%m-%d %H:%M:%SZ}" if hit.last else "no time"
        yield f"  {hit.kind:8} {when:21} {hit.count} x {hit.id} (line {hit.line})"
        yield f"           {hit.newest}"
        yield from (f"           {text}" for text in (hit.meaning, hit.cause, hit.remedy) if text)
    for why in seen.unread:
        yield f"  not read: {why}"


def _seen(path: Path, data: bytes, passwords: Sequence[str], own: Sequence[OwnEntry]) -> Seen:
    """The first that recognises the file."""
    from comgmt_audit import inspect_json
    from comgmt_audit.sources.host_files import recognised

    if not data:
        return Seen(file="", unread=("is empty",))
    if data.startswith(b"PK\x03\x04"):
        return Seen(file="", unread=("is a ZIP archive: unpack it; a recording is judged by comgmt-audit scan",))
    if data[:1] == b"\x30" or path.suffix.lower() in {".pfx", ".p12", ".cer", ".crt", ".p7b", ".crl"}:
        return _binary(path, data, passwords)
    text = decode(data).text
    if found := inspect_json.read(text, own):
        return found
    if path.suffix.lower() == ".json":
        return Seen(file="", unread=("is called .json and is no JSON, or is cut off",))
    if "-----BEGIN " in text[:4096]:
        return _binary(path, text.encode(), passwords)
    if what := recognised(text):
        return command(what, text)
    return log(path, text, own)


def _binary(path: Path, data: bytes, passwords: Sequence[str]) -> Seen:
    from comgmt_audit.facts.x509 import certificates

    if crl := _crl(data):
        return crl
    content = _opened(path, passwords)
    parsed = certificates("".join(content.certificates).encode(), path.name)
    facts = {**content.about, "certificates": [_certificate(one) for one in parsed[:_LISTED]]}
    sealed = content.about["container"] == "pkcs12" and not content.about["opened"]
    return Seen(file="", kind=content.about["container"], facts=facts, unread=(_sealed(passwords),) if sealed else ())


def _opened(path: Path, passwords: Sequence[str]) -> CertificateFile:
    """The file as it is without a password, or as the first password shows it that opens it."""
    from comgmt_audit.sources import certificate_files

    content = certificate_files.read(path)
    for password in passwords:
        if content.about.get("opened", True):
            break
        content = certificate_files.read(path, password)
    return content


def _sealed(passwords: Sequence[str]) -> str:
    if not passwords:
        return "the key and what else is sealed: say where the password is, --password env:NAME, or --password ask"
    which = "the password does not open it" if len(passwords) == 1 else "none of the passwords opens it"
    return f"the key and what else is sealed: {which}, or the file is damaged: both look the same"


def _certificate(one: Certificate) -> str:
    span = f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
    return f"{one.thumbprint}  {span}  {', '.join(one.names[:_LISTED]) or one.subject_text}  by {one.issuer_text}"


def _crl(data: bytes) -> Seen | None:
    """A revocation list in DER or PEM; nothing where it is none."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        pem = b"-----BEGIN X509 CRL-----" in data
        crl = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        number = [one.value.crl_number for one in crl.extensions if isinstance(one.value, x509.CRLNumber)]
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
        return None
    facts = {
        "issuer": crl.issuer.rfc4514_string(),
        "this update": str(crl.last_update_utc),
        "next update": str(crl.next_update_utc) if crl.next_update_utc else None,
        "number": number[0] if number else None,
        "revoked": len(crl),
    }
    return Seen(file="", kind="certificate revocation list", facts=facts)


def command(what: str, text: str) -> Seen:
    """The output of a command, by the name that ``sources.host_files`` has for it."""
    show = _COMMANDS.get(what)
    return show(text) if show else Seen(file="", unread=("is no command's output that we know",))


def _gpresult(text: str) -> Seen:
    from comgmt_audit.facts import gpresult

    kind = "gpresult"
    try:
        policy = gpresult.parse(text)
    except gpresult.NotCollected as error:
        return Seen(file="", kind=kind, unread=(f"the computer's groups: {error}", gpresult.CURE))
    return Seen(file="", kind=kind, facts={"groups of the computer": sorted(policy.groups)})


def _dsregcmd(text: str) -> Seen:
    from comgmt_audit.facts import dsregcmd

    kind = "dsregcmd /status"
    try:
        facts = msgspec.to_builtins(dsregcmd.parse(text))
    except dsregcmd.NotJoinStatus as error:
        return Seen(file="", kind=kind, unread=(str(error),))
    del facts["lines"]
    return Seen(file="", kind=kind, facts=facts)


def _certutil(text: str) -> Seen:
    from comgmt_audit.facts import certutil

    kind = "certutil output"
    try:
        listed = certutil.parse(text)
    except certutil.NotListing as error:
        return Seen(file="", kind=kind, unread=(str(error),))
    rows = [
        f"{one.thumbprint}  {one.subject}  key {known(one.has_key)}, exportable {known(one.exportable)}"
        for one in listed
    ]
    return Seen(file="", kind=kind, facts={"certificates": rows or "none"})


def known(value: object) -> str:
    """Yes, no, or that nobody knows, in words."""
    return "not known" if value is None else "yes" if value else "no"


_COMMANDS: dict[str, Callable[[str], Seen]] = {
    "gpresult": _gpresult,
    "dsregcmd": _dsregcmd,
    "certutil-my": _certutil,
}


def log(path: Path, text: str, own: Sequence[OwnEntry] = ()) -> Seen:
    """A log: of a known name by the lines of that log, else by those of all; and by the user's *own* lines likewise."""
    from comgmt_audit import log_catalogue
    from comgmt_audit.facts.log_records import records
    from comgmt_audit.facts.log_states import base_name

    name, known = base_name(path.name.lower()), log_catalogue.names()
    entries = _entries([name] if name in known else known)
    mine = [(line.log, line) for line in own if line.log == name] or [(line.log, line) for line in own]
    may_be_mine = _likely([line for _, line in mine])
    hits: dict[str, Hit] = {}
    clocks: dict[str, dt.datetime | None] = {}
    total = timed = torn = 0
    times: list[dt.datetime] = []
    lower = text.casefold()
    entries = [(log, entry) for log, entry in entries if any(literal in lower for literal in entry.literals)]
    every = records([text])
    for record in itertools.islice(every, MAX_RECORDS):
        total, timed, torn = total + 1, timed + (record.local is not None), torn + record.torn
        times[1:] = [record.time] if record.time and times else times[1:]
        times = times or ([record.time] if record.time else [])
        if not (record.torn and record.local is None):
            _match(entries, record, hits, clocks)
            if may_be_mine(record.message):
                _match(mine, record, hits, clocks)
    framed = bool(timed or torn or "<![LOG[" in text)
    if not (framed or hits or path.suffix.lower() in {".log", ".lo_"}):
        return Seen(
            file="", unread=("is no evidence that we know: neither a certificate, a log nor a command's output",)
        )
    ours = {entry.id for _, entry in entries}
    states = [hit for hit in hits.values() if hit.id in ours and hit.kind in {Kind.SUCCESS, Kind.FAILURE, Kind.PENDING}]
    facts: dict[str, Any] = {"records": total, "torn": torn}
    if times:
        facts["covers"] = f"{times[0]:%Y-%m-%d %H:%M:%SZ} to {times[-1]:%Y-%m-%d %H:%M:%SZ}"
    if name in known:
        facts["state"] = max(states, key=lambda hit: hit.line).kind if states else None
    unread = [] if timed else ["times: the lines have none"]
    unread += [f"what comes after {MAX_RECORDS} records"] if next(every, None) else []
    unread += [f"{torn} torn records: what they would go on to say is not known"] if torn else []
    ordered = tuple(sorted(hits.values(), key=lambda hit: hit.line))
    return Seen(file="", kind="log", facts=facts, hits=ordered, unread=tuple(unread))


def _likely(own: Sequence[OwnEntry]) -> Callable[[str], bool]:
    if not own:
        return lambda _: False
    from comgmt_audit.log_catalogue.own import likely

    return likely(own)


def _entries(logs: Iterable[str]) -> list[tuple[str, Entry]]:
    """The known lines of some logs, each once; those of families after what is a log's own, which says more."""
    from comgmt_audit import log_catalogue

    found: dict[str, tuple[str, Entry]] = {}
    for log in logs:
        for entry in log_catalogue.log(log).entries:
            found.setdefault(entry.id, (log, entry))
    return sorted(found.values(), key=lambda known: known[1].id in log_catalogue.of_families())


def _match(
    entries: Sequence[tuple[str, Entry]], record: Record, hits: dict[str, Hit], clocks: dict[str, dt.datetime | None]
) -> None:
    """Count the first entry that knows the record, unless a noise just before it excuses it (as in a scan)."""
    from comgmt_audit.facts.log_states import EXCUSED_FOR

    for log, entry in entries:
        if entry.search(record.message) is None:
            continue
        since = clocks.get(entry.excused_by)
        if since and record.local and dt.timedelta(0) <= record.local - since <= EXCUSED_FOR:
            return
        clocks[entry.id] = record.local
        before = hits.get(entry.id)
        hits[entry.id] = Hit(
            log=log,
            id=entry.id,
            kind=entry.kind.value,
            meaning=entry.meaning,
            cause=entry.cause,
            remedy=entry.remedy,
            count=before.count + 1 if before else 1,
            line=record.line,
            first=before.first if before else record.time,
            last=record.time,
            newest=record.message.strip()[:_EXCERPT],
        )
        return
