"""Binary security descriptors, and the access check over them."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.security_descriptor import (
    AUTHENTICATED_USERS,
    EVERYONE,
    DescriptorError,
    Right,
    access,
    parse,
)
from tests.lab.security_descriptor import (
    AUTOENROLL,
    CONTROL_ACCESS,
    ENROLL,
    FULL_CONTROL,
    INHERIT_ONLY,
    READ,
    READ_AND_WRITE,
    ace,
    descriptor,
    untyped_object_ace,
)

ADMINS = "S-1-5-21-1004336348-1177238915-682003330-512"
OTHERS = "S-1-5-21-1004336348-1177238915-682003330-1601"
GENERIC_ALL, GENERIC_READ = 0x10000000, 0x80000000
TOKEN = frozenset({ADMINS, EVERYONE, AUTHENTICATED_USERS})


def allowed(right: Right, *aces: bytes, token: frozenset[str] = TOKEN) -> bool | None:
    return access(parse(descriptor(aces)), token, right).allowed


def test_owner_and_entries_are_read():
    found = parse(descriptor([ace(ADMINS, 0x130, ENROLL), ace(EVERYONE, READ, deny=True)], owner=OTHERS))
    assert found.owner == OTHERS
    assert found.aces is not None
    assert [(one.type, one.mask, one.sid, one.object_type) for one in found.aces] == [
        (5, 0x130, ADMINS, ENROLL),
        (1, READ, EVERYONE, None),
    ]


@pytest.mark.parametrize(
    ("entry", "read", "enroll", "autoenroll"),
    [
        (ace(ADMINS, CONTROL_ACCESS, ENROLL), False, True, False),
        (ace(ADMINS, 0x130, ENROLL), False, True, False),
        (ace(ADMINS, CONTROL_ACCESS, AUTOENROLL), False, False, True),
        (ace(ADMINS, CONTROL_ACCESS), False, True, True),
        (untyped_object_ace(ADMINS, CONTROL_ACCESS), False, True, True),
        (ace(ADMINS, READ), True, False, False),
        (ace(ADMINS, 0x20014), True, False, False),
        (ace(ADMINS, 0x10), False, False, False),
        (ace(ADMINS, READ_AND_WRITE), True, False, False),
        (ace(ADMINS, FULL_CONTROL), True, True, True),
        (ace(ADMINS, GENERIC_ALL), True, True, True),
        (ace(ADMINS, GENERIC_READ), True, False, False),
        (ace(ADMINS, FULL_CONTROL, flags=INHERIT_ONLY), False, False, False),
        (ace(OTHERS, FULL_CONTROL), False, False, False),
        (ace(EVERYONE, FULL_CONTROL), True, True, True),
        (ace(AUTHENTICATED_USERS, CONTROL_ACCESS, ENROLL), False, True, False),
    ],
)
def test_what_one_entry_gives(entry, read, enroll, autoenroll):
    assert [allowed(right, entry) for right in Right] == [read, enroll, autoenroll]


def test_the_order_of_entries_decides():
    allow, deny = ace(ADMINS, CONTROL_ACCESS, ENROLL), ace(EVERYONE, CONTROL_ACCESS, deny=True)
    assert allowed(Right.ENROLL, deny, allow) is False
    assert allowed(Right.ENROLL, allow, deny) is True


def test_a_deny_of_another_right_or_for_another_principal_does_not_count():
    allow = ace(ADMINS, CONTROL_ACCESS, ENROLL)
    assert allowed(Right.ENROLL, ace(ADMINS, CONTROL_ACCESS, AUTOENROLL, deny=True), allow) is True
    assert allowed(Right.ENROLL, ace(OTHERS, CONTROL_ACCESS, deny=True), allow) is True
    assert allowed(Right.ENROLL, ace(ADMINS, READ, deny=True), allow) is True


def test_read_may_come_in_parts_and_be_denied_in_part():
    first, rest = ace(ADMINS, 0x20000), ace(EVERYONE, 0x14)
    assert allowed(Right.READ, first, rest) is True
    assert access(parse(descriptor([first, rest])), TOKEN, Right.READ).through == (ADMINS, EVERYONE)
    assert allowed(Right.READ, first, ace(ADMINS, 0x10, deny=True), rest) is False


def test_no_access_list_gives_everything_and_an_empty_one_nothing():
    assert access(parse(descriptor(None)), frozenset({OTHERS}), Right.ENROLL).allowed is True
    assert allowed(Right.ENROLL) is False


def test_a_conditional_entry_leaves_open_what_it_decides():
    conditional = ace(ADMINS, CONTROL_ACCESS, ENROLL, conditional=True)
    assert allowed(Right.ENROLL, conditional) is None
    assert allowed(Right.ENROLL, ace(ADMINS, CONTROL_ACCESS, ENROLL), conditional) is True
    denied = ace(ADMINS, CONTROL_ACCESS, deny=True, conditional=True)
    assert allowed(Right.ENROLL, denied, ace(ADMINS, CONTROL_ACCESS, ENROLL)) is None
    assert allowed(Right.ENROLL, ace(OTHERS, CONTROL_ACCESS, conditional=True)) is False


def test_an_entry_of_an_unknown_type_gives_and_denies_nothing():
    audit = struct.pack("<BBHI", 0x02, 0, 20, FULL_CONTROL) + bytes.fromhex("010100000000000100000000")
    assert allowed(Right.ENROLL, audit) is False
    assert allowed(Right.ENROLL, audit, ace(ADMINS, CONTROL_ACCESS)) is True


WHOLE = descriptor([ace(ADMINS, CONTROL_ACCESS, ENROLL), ace(EVERYONE, READ)])


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_descriptor_that_was_cut_off_is_refused(length):
    with pytest.raises(DescriptorError):
        parse(WHOLE[:length])


def test_absolute_and_later_descriptors_are_refused():
    with pytest.raises(DescriptorError, match="self-relative"):
        parse(b"\x01\x00\x04\x00" + WHOLE[4:])
    with pytest.raises(DescriptorError, match="self-relative"):
        parse(b"\x02" + WHOLE[1:])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_read(data):
    with contextlib.suppress(DescriptorError):
        parse(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_access_check(place, value):
    try:
        found = parse(WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
    except DescriptorError:
        return
    assert access(found, TOKEN, Right.ENROLL).allowed in (True, False, None)
