"""Who may do what with a directory object: the binary, self-relative security descriptor, and its access check.

Layouts: [MS-DTYP] 2.4.6 (descriptor), 2.4.5 (ACL), 2.4.4 (ACE), 2.4.2 (SID). The access check is that of [MS-DTYP]
2.5.3.2: entries in their order, an earlier entry wins. Meaning of the bits on directory objects: [MS-ADTS] 5.1.3.2;
on certificate templates: [MS-CRTD] 2.5.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Set
from enum import Enum
from uuid import UUID

from msgspec import Struct

EVERYONE = "S-1-1-0"
AUTHENTICATED_USERS = "S-1-5-11"
DOMAIN_ADMINS = 512
DOMAIN_USERS = 513
DOMAIN_COMPUTERS = 515
ENTERPRISE_ADMINS = 519
"""Well-known SIDs, and relative ids of well-known groups ([MS-DTYP] 2.4.2.4); 519 is of the forest root domain."""

_CONTROL_ACCESS = 0x100
_READ = 0x20014  # RC | LC | RP, [MS-CRTD] 2.5.3
_GENERIC = {0x10000000: 0xF01FF, 0x20000000: 0x20004, 0x40000000: 0x20028, 0x80000000: 0x20094}
_INHERIT_ONLY = 0x08
_DACL_PRESENT = 0x0004
_SELF_RELATIVE = 0x8000
_OBJECT_TYPE_PRESENT, _INHERITED_TYPE_PRESENT = 1, 2

_ALLOWED = frozenset({0x00, 0x05, 0x09, 0x0B})
_DENIED = frozenset({0x01, 0x06, 0x0A, 0x0C})
_OBJECT = frozenset({0x05, 0x06, 0x0B, 0x0C})
_CONDITIONAL = frozenset({0x09, 0x0A, 0x0B, 0x0C})
"""ACE types by what they do; the conditional ones carry an expression that only the domain controller can answer."""


class Right(Enum):
    """A right over a certificate template: access mask, and the extended right that it is (``None``: plain bits)."""

    READ = (_READ, None)
    ENROLL = (_CONTROL_ACCESS, UUID("0e10c968-78fb-11d2-90d4-00c04f79dc55"))
    AUTOENROLL = (_CONTROL_ACCESS, UUID("a05b8cc2-17bc-4802-a710-e7c15ab866a2"))

    @property
    def label(self) -> str:
        """The word of the Security tab."""
        return self.name.capitalize()


class Ace(Struct, frozen=True, kw_only=True):
    """One access control entry. ``object_type`` is the extended right or property it is about; ``None``: all."""

    type: int
    flags: int
    mask: int
    sid: str
    object_type: UUID | None = None


class SecurityDescriptor(Struct, frozen=True, kw_only=True):
    """Owner and entries. ``aces`` is ``None`` where there is no DACL: then everybody has full control."""

    owner: str | None
    aces: tuple[Ace, ...] | None


class Access(Struct, frozen=True):
    """The outcome of an access check: ``allowed`` is ``None`` where a conditional entry decides.

    ``through`` names the SIDs whose entries granted it.
    """

    allowed: bool | None
    through: tuple[str, ...] = ()


class DescriptorError(ValueError):
    """The bytes are not a self-relative security descriptor; the message says at which offset."""


def parse(data: bytes) -> SecurityDescriptor:
    """The descriptor in *data*. Raises DescriptorError, whatever the bytes are."""
    revision, _, control, owner, _, _, dacl = _unpack("<BBHIIII", data, 0)
    if revision != 1 or not control & _SELF_RELATIVE:
        raise DescriptorError("offset 0: not a self-relative security descriptor of revision 1")
    return SecurityDescriptor(
        owner=_sid(data, owner, len(data)) if owner else None,
        aces=_acl(data, dacl) if control & _DACL_PRESENT and dacl else None,
    )


def access(descriptor: SecurityDescriptor, token: Set[str], right: Right) -> Access:
    """Does the DACL give *right* to a principal whose token holds these SIDs (itself and all its groups)?"""
    if descriptor.aces is None:
        return Access(True, (EVERYONE,))
    entries = [ace for ace in descriptor.aces if ace.sid in token and not ace.flags & _INHERIT_ONLY]
    at_best = _walk(entries, right, lambda ace: ace.type in _ALLOWED)
    at_worst = _walk(entries, right, lambda ace: ace.type in _DENIED)
    return at_best if at_best.allowed == at_worst.allowed else Access(None, at_best.through)


def _walk(entries: Iterable[Ace], right: Right, condition_holds: Callable[[Ace], bool]) -> Access:
    """[MS-DTYP] 2.5.3.2: bits that are still wanted are granted or denied by the first entry that speaks of them."""
    wanted, extended = right.value
    through: dict[str, None] = {}
    for ace in entries:
        if ace.type in _CONDITIONAL and not condition_holds(ace):
            continue
        if ace.object_type not in (None, extended):
            continue  # about another extended right, or about single properties
        bits = _specific(ace.mask) & wanted
        if bits and ace.type in _DENIED:
            return Access(False)
        if bits and ace.type in _ALLOWED:
            through[ace.sid] = None
            wanted &= ~bits
        if not wanted:
            return Access(True, tuple(through))
    return Access(False)


def _specific(mask: int) -> int:
    """The mask with generic bits replaced by what they mean for directory objects ([MS-ADTS] 5.1.3.2)."""
    for generic, specific in _GENERIC.items():
        if mask & generic:
            mask |= specific
    return mask


def _acl(data: bytes, offset: int) -> tuple[Ace, ...]:
    revision, _, size, count, _ = _unpack("<BBHHH", data, offset)
    end = offset + size
    if revision not in (2, 4) or size < 8 or end > len(data):
        raise DescriptorError(f"offset {offset}: not an access control list that fits into {len(data)} bytes")
    aces = []
    place = offset + 8
    for _ in range(count):
        ace, length = _ace(data, place, end)
        aces.append(ace)
        place += length
    return tuple(aces)


def _ace(data: bytes, offset: int, end: int) -> tuple[Ace, int]:
    """One entry, and its length. What follows the SID (a condition) is passed over."""
    type, flags, length, mask = _unpack("<BBHI", data, offset)
    stop = offset + length
    if length < 8 or stop > end:
        raise DescriptorError(f"offset {offset}: an entry of {length} bytes does not fit into its list")
    if type not in _ALLOWED | _DENIED:
        return Ace(type=type, flags=flags, mask=mask, sid=""), length  # matches no token: grants and denies nothing
    place = offset + 8
    object_type = None
    if type in _OBJECT:
        (present,) = _unpack("<I", data, place)
        place += 4
        if present & _OBJECT_TYPE_PRESENT:
            object_type = _guid(data, place, stop)
            place += 16
        if present & _INHERITED_TYPE_PRESENT:
            place += 16
    return Ace(type=type, flags=flags, mask=mask, sid=_sid(data, place, stop), object_type=object_type), length


def _guid(data: bytes, offset: int, end: int) -> UUID:
    if offset + 16 > end:
        raise DescriptorError(f"offset {offset}: an object type does not fit into its entry")
    return UUID(bytes_le=data[offset : offset + 16])


def _sid(data: bytes, offset: int, end: int) -> str:
    revision, count = _unpack("<BB", data, offset)
    if revision != 1 or count > 15 or offset + 8 + 4 * count > end:
        raise DescriptorError(f"offset {offset}: not a security identifier that fits")
    authority = int.from_bytes(data[offset + 2 : offset + 8], "big")
    parts = _unpack(f"<{count}I", data, offset + 8)
    return "-".join(["S-1", str(authority), *map(str, parts)])


def _unpack(format: str, data: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(format, data, offset)
    except struct.error:
        raise DescriptorError(f"offset {offset}: the data ends after {len(data)} bytes") from None
