"""Drift of values: what was added, removed or changed between two recordings, with the path and both values.

What one of the recordings did not see is listed as such, and never taken for removed; what changes by itself
(``volatile.toml``) is not compared.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any, Literal

import msgspec
from msgspec import Struct

from comgmt_audit.drift.differences import KEYS, MISSING, differences
from comgmt_audit.model import ValueChange
from comgmt_audit.recording import Form, Observation, Reason, Recording

LABELS = (
    *("userPrincipalName", "displayName", "deviceName", "dNSHostName", "sAMAccountName", "LocalizedDisplayName"),
    *("ComponentName", "Name", "name", "cn"),
)
"""What people call an object, the most telling first."""
IDENTITIES = {
    "site/SMS_FullCollectionMembership": ("CollectionID", "ResourceID"),
    "site/SMS_ClientSettingsAssignment": ("ClientSettingsID", "CollectionID"),
    "site/SMS_ComponentSummarizer": ("ComponentName", "MachineName", "TallyInterval"),
    "site/SMS_SCI_Component": ("ItemName", "ItemType", "SiteCode"),
    "site/SMS_SCI_SysResUse": ("NALPath", "RoleName", "SiteCode"),
    "site/SMS_Collection": ("CollectionID",),
    "site/SMS_UserMachineRelationship": ("ResourceID", "UniqueUserName"),
}
"""The members that identify an object where it is not one of KEYS (Configuration Manager SDK: key qualifiers)."""
LONGEST = 500
"""Characters of a value that a difference shows."""


class ValueDrift(Struct, frozen=True, kw_only=True):
    """All differences between two recordings; ``unseen`` says what could not be compared, and why."""

    before: dt.datetime
    after: dt.datetime
    changes: tuple[ValueChange, ...]
    unseen: tuple[str, ...]


def compare(before: Recording, after: Recording) -> ValueDrift:
    """Every difference between two recordings. Raises RecordingError where one is damaged."""
    old = {one.id: one for one in before.manifest.observations}
    new = {one.id: one for one in after.manifest.observations}
    changes: list[ValueChange] = []
    unseen: list[str] = []
    for id in sorted(old.keys() | new.keys()):
        if _is_skipped(id):
            continue
        one, other = old.get(id), new.get(id)
        if why := _unseen(one, "earlier") or _unseen(other, "later"):
            if not (_is_nothing(one) and _is_nothing(other)):
                unseen.append(f"{id}: {why}")
        elif one and other:
            changes += _observation(before, after, one, other)
    return ValueDrift(
        before=before.manifest.recorded_at,
        after=after.manifest.recorded_at,
        changes=tuple(changes),
        unseen=tuple(unseen),
    )


def _is_nothing(observation: Observation | None) -> bool:
    """Does the recording hold nothing of it, so that there is nothing to lose?"""
    return observation is None or observation.answer is None


def _unseen(observation: Observation | None, when: str) -> str:
    """Why nothing is known of it: it was not asked, or there was no answer. That there is no such thing is known."""
    if observation is None:
        return f"not asked in the {when} recording"
    absence = observation.absence
    if absence and absence.reason is not Reason.ABSENT:
        return f"{absence.reason.value} in the {when} recording: {absence.detail}"
    return ""


def _observation(before: Recording, after: Recording, one: Observation, other: Observation) -> Iterator[ValueChange]:
    id = one.id
    if one.answer is None or other.answer is None:
        if one.answer or other.answer:
            yield ValueChange(kind="removed" if one.answer else "added", observation=id)
        return
    yield from _documents(id, _about(one), _about(other), path="about")
    if one.answer.sha256 == other.answer.sha256:
        return
    if one.answer.form is not other.answer.form:
        yield ValueChange(kind="changed", observation=id, before=one.answer.form.value, after=other.answer.form.value)
        return
    yield from _COMPARE[one.answer.form](id, before, after)


def _about(observation: Observation) -> dict[str, Any]:
    """What belongs to an answer and says something of the environment."""
    return {name: value for name, value in observation.about.items() if name not in {"wildcard_probe", "size", "bytes"}}


def _json(id: str, before: Recording, after: Recording) -> Iterator[ValueChange]:
    yield from _documents(id, before.json(id, Any), after.json(id, Any))


def _documents(id: str, one: Any, other: Any, *, label: str = "", path: str = "") -> Iterator[ValueChange]:
    ignored = _ignored(id)
    for where, old, new in differences(one, other, path):
        if not ignored(where):
            yield _change(id, label, where, old, new)


def _change(id: str, label: str, path: str, old: Any, new: Any) -> ValueChange:
    kind: Literal["added", "removed", "changed"] = (
        "added" if old is MISSING else "removed" if new is MISSING else "changed"
    )
    return ValueChange(kind=kind, observation=id, object=label, path=path, before=_shown(old), after=_shown(new))


def _shown(value: Any) -> str:
    if value is MISSING:
        return ""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _lines(id: str, before: Recording, after: Recording) -> Iterator[ValueChange]:
    """Lists: lines that are the same, byte for byte, are never decoded; the others are matched by their identity."""
    known = _digests(before, id)
    added = [line for line in _raw(after, id) if not _take(known, line)]
    # What is left in *known* was in the earlier recording only.
    removed = [line for line in _raw(before, id) if _take(known, line)]
    yield from _objects(id, list(map(_row(id), removed)), list(map(_row(id), added)))


def _digests(recording: Recording, id: str) -> Counter[bytes]:
    return Counter(_digest(line) for line in _raw(recording, id))


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


def _take(known: Counter[bytes], line: bytes) -> bool:
    key = _digest(line)
    if known[key] <= 0:
        return False
    known[key] -= 1
    return True


def _raw(recording: Recording, id: str) -> Iterator[bytes]:
    rest = b""
    for chunk in recording.chunks(id):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _row(id: str) -> Callable[[bytes], Any]:
    return _dns if id.startswith("dns/") else msgspec.json.decode


def _dns(line: bytes) -> Any:
    """An answer of DNS as text, without what is another one each time: the number, the order, and how long it lives."""
    import base64

    import dns.exception
    import dns.message
    import dns.rcode

    row = msgspec.json.decode(line)
    query = re.sub(r"comgmt-audit-probe-[0-9a-f]+", "(a name that is not there)", str(row.get("query")))
    try:
        message = dns.message.from_wire(base64.b64decode(row["wire"]))
    except (dns.exception.DNSException, KeyError, TypeError, ValueError):
        return row | {"query": query}
    records = sorted(f"{rrset.name} {item.rdtype.name} {item}" for rrset in message.answer for item in rrset)
    records = [re.sub(r"comgmt-audit-probe-[0-9a-f]+", "(a name that is not there)", record) for record in records]
    return {"query": query, "code": dns.rcode.to_text(message.rcode()), "records": records}


def _objects(id: str, removed: list[Any], added: list[Any]) -> Iterator[ValueChange]:
    names = _identity(id, removed, added)
    if not names:
        yield from (_change(id, _label(item, ""), "", item, MISSING) for item in removed)
        yield from (_change(id, _label(item, ""), "", MISSING, item) for item in added)
        return
    old, new = ({_named(item, names): item for item in items} for items in (removed, added))
    for value in sorted(old.keys() | new.keys()):
        one, other = old.get(value, MISSING), new.get(value, MISSING)
        yield from _documents(id, one, other, label=_label(other if one is MISSING else one, value))


def _identity(id: str, *lists: list[Any]) -> tuple[str, ...]:
    """The members that identify each object of these lists; none, where nothing does."""
    candidates = [IDENTITIES[id]] if id in IDENTITIES else [(key,) for key in KEYS]
    return next((names for names in candidates if all(_identifies(names, items) for items in lists)), ())


def _identifies(names: tuple[str, ...], items: list[Any]) -> bool:
    if not all(isinstance(item, dict) and all(isinstance(item.get(n), str | int) for n in names) for item in items):
        return False
    return len({_named(item, names) for item in items}) == len(items)


def _named(item: dict[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(str(item[name]) for name in names)


def _label(item: Any, value: str) -> str:
    """What people call it, with what identifies it."""
    if not isinstance(item, dict):
        return value
    name = next((str(item[one]) for one in LABELS if isinstance(item.get(one), str) and item[one]), "")
    return f"{name} ({value})" if name and value and name != value else name or value


def _pem(id: str, before: Recording, after: Recording) -> Iterator[ValueChange]:
    """Certificates, by what they are: one that was replaced is one removed and one added."""
    old, new = (Counter(_certificates(recording.pem(id))) for recording in (before, after))
    for label in sorted((old - new).elements()):
        yield ValueChange(kind="removed", observation=id, object=label)
    for label in sorted((new - old).elements()):
        yield ValueChange(kind="added", observation=id, object=label)


def _certificates(pem: bytes) -> Iterator[str]:
    from cryptography import x509

    for block in re.findall(rb"-----BEGIN [^-]+-----.+?-----END [^-]+-----", pem, re.DOTALL):
        digest = hashlib.sha256(block).hexdigest()[:16]
        try:
            certificate = x509.load_pem_x509_certificate(block)
            until = certificate.not_valid_after_utc
            yield f"{certificate.subject.rfc4514_string()} until {until:%Y-%m-%d} ({digest})"
        except ValueError:
            yield f"something that is no certificate ({digest})"


def _text(id: str, before: Recording, after: Recording) -> Iterator[ValueChange]:
    """Outputs of commands, line by line; their order does not count."""
    volatile = _volatile_lines(id)
    old, new = (
        Counter(line.strip() for line in recording.text_lines(id) if line.strip() and not volatile(line))
        for recording in (before, after)
    )
    for line in (old - new).elements():
        yield ValueChange(kind="removed", observation=id, before=_shown(line))
    for line in (new - old).elements():
        yield ValueChange(kind="added", observation=id, after=_shown(line))


_COMPARE: dict[Form, Callable[[str, Recording, Recording], Iterator[ValueChange]]] = {
    Form.JSON: _json,
    Form.LINES: _lines,
    Form.PEM: _pem,
    Form.TEXT: _text,
}


# What changes by itself


@functools.cache
def _rules() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((resources.files("comgmt_audit.drift") / "volatile.toml").read_text("utf-8"))


def _is_skipped(id: str) -> bool:
    return any(id.startswith(rule["observations"]) for rule in _rules()["skip"])


@functools.cache
def _ignored(id: str) -> Callable[[str], bool]:
    """Is this path one that changes by itself?"""
    paths = [path for rule in _rules()["ignore"] if id.startswith(rule["observations"]) for path in rule["paths"]]
    if not paths:
        return lambda _: False
    # `*` is one step; a member of a list is named in brackets.
    pattern = re.compile("|".join(re.escape(path).replace(r"/\*", r"\[[^\]]*\]") + r"(/.*)?" for path in paths))
    return lambda path: pattern.fullmatch(path) is not None


@functools.cache
def _volatile_lines(id: str) -> Callable[[str], bool]:
    patterns = [re.compile(rule["pattern"]) for rule in _rules()["lines"] if id.startswith(rule["observations"])]
    return lambda line: any(pattern.match(line) for pattern in patterns)
