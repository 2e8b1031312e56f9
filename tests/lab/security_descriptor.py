"""Binary, self-relative security descriptors, as a domain controller answers them ([MS-DTYP] 2.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from uuid import UUID

ENROLL = UUID("0e10c968-78fb-11d2-90d4-00c04f79dc55")
AUTOENROLL = UUID("a05b8cc2-17bc-4802-a710-e7c15ab866a2")
READ = 0x20094
READ_AND_WRITE = 0xF00FF
"""What the console prints as Full Control; the bit for extended rights (0x100) is not in it."""
FULL_CONTROL = 0xF01FF
CONTROL_ACCESS = 0x100
INHERIT_ONLY = 0x08


def sid(text: str) -> bytes:
    """``S-1-5-21-…`` as bytes."""
    _, revision, authority, *parts = text.split("-")
    numbers = [int(part) for part in parts]
    head = struct.pack("<BB", int(revision), len(numbers)) + int(authority).to_bytes(6, "big")
    return head + struct.pack(f"<{len(numbers)}I", *numbers)


def ace(
    who: str, mask: int, right: UUID | None = None, *, deny: bool = False, flags: int = 0, conditional: bool = False
) -> bytes:
    """One entry; with *right* an object entry about that extended right."""
    kind = (0x01 if deny else 0x00) + (0x05 if right else 0x00)
    if conditional:
        kind = {0x00: 0x09, 0x01: 0x0A, 0x05: 0x0B, 0x06: 0x0C}[kind]
    body = struct.pack("<I", mask)
    if right:
        body += struct.pack("<I", 1) + right.bytes_le
    body += sid(who)
    if conditional:
        body += b"artx\x00\x00\x00\x00"
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def untyped_object_ace(who: str, mask: int) -> bytes:
    """An object entry that names no object type, and so is about all rights."""
    body = struct.pack("<II", mask, 0) + sid(who)
    return struct.pack("<BBH", 0x05, 0, 4 + len(body)) + body


def descriptor(
    aces: Iterable[bytes] | None, owner: str = "S-1-5-18", group: str = "", *, protected: bool = False
) -> bytes:
    """A descriptor with these entries in this order; ``None``: one without a DACL. *protected*: it inherits none."""
    owner_bytes, group_bytes = sid(owner), sid(group) if group else b""
    entries = None if aces is None else list(aces)
    control = 0x8000 | (0 if entries is None else 0x0004) | (0x1400 if protected else 0)
    owner_at = struct.calcsize("<BBHIIII")
    group_at = owner_at + len(owner_bytes)
    dacl_at = group_at + len(group_bytes)
    head = (1, 0, control, owner_at, group_at if group else 0, 0, 0 if entries is None else dacl_at)
    acl = b""
    if entries is not None:
        content = b"".join(entries)
        acl = struct.pack("<BBHHH", 4, 0, 8 + len(content), len(entries), 0) + content
    return struct.pack("<BBHIIII", *head) + owner_bytes + group_bytes + acl
