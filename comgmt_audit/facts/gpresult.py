"""Which groups a computer's logon token holds, from ``gpresult /r`` (English text) or ``/x`` (XML) (``logs`` 4.1).

The text's headings follow the language of Windows; the XML does not. A run without elevation leaves out the computer's
section and still ends well, so a section that is not there was not collected: it never says *not a member*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CURE = "On that server, in an elevated prompt, run `gpresult /scope computer /x gpresult.xml`, and record again."

_RSOP = "{http://www.microsoft.com/GroupPolicy/Rsop}"
_TYPES = "{http://www.microsoft.com/GroupPolicy/Types}"
_TITLE = "group policy result tool"
_COMPUTER = "COMPUTER SETTINGS"
_USER = "USER SETTINGS"
_LABEL = "mandatory level"
_GROUPS = "the computer is a part of the following security groups"


class ComputerPolicy(Struct, frozen=True, kw_only=True):
    """The groups of the computer's token since its last start: names in lower case without domain, and SIDs."""

    groups: frozenset[str]
    sids: frozenset[str] = frozenset()

    def has(self, group: str) -> bool:
        """Is the group of that whole name among them? Case and domain do not count."""
        return _bare(group) in self.groups


class NotCollected(ValueError):  # noqa: N818 -- what happened, in the words of the report
    """The output does not tell the computer's groups; the message says why."""


def parse(text: str) -> ComputerPolicy:
    """The computer's groups. Raises NotCollected, whatever the text is."""
    text = text.lstrip("\ufeff \t\r\n")
    return _from_xml(text) if text.startswith("<") else _from_text(text)


def _from_xml(text: str) -> ComputerPolicy:
    """By namespace; the declared encoding is passed over, for this is text already."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise NotCollected(f"it is not the XML of gpresult ({error})") from None
    if root.tag != f"{_RSOP}Rsop":
        raise NotCollected("it is XML, and not that of gpresult")
    computer = root.find(f"{_RSOP}ComputerResults")
    if computer is None:
        raise NotCollected("it has no computer section: gpresult did not run elevated")
    groups = computer.findall(f"{_RSOP}SecurityGroup")
    return _policy(
        names=(group.findtext(f"{_TYPES}Name") or "" for group in groups),
        sids=(group.findtext(f"{_TYPES}SID") or "" for group in groups),
    )


def _from_text(text: str) -> ComputerPolicy:
    lines = [line.strip() for line in text.splitlines()]
    if any(line.startswith("ERROR:") for line in lines[:5]):
        raise NotCollected("gpresult was denied access: it did not run elevated")
    if _COMPUTER not in lines:
        english = any(_TITLE in line.casefold() for line in lines[:5]) and _USER in lines
        raise NotCollected(
            "it has no computer section: gpresult did not run elevated"
            if english
            else "it is not the output of `gpresult /r` in English"
        )
    section = lines[lines.index(_COMPUTER) + 1 :]
    section = section[: section.index(_USER)] if _USER in section else section
    place = next((number for number, line in enumerate(section) if line.casefold() == _GROUPS), None)
    if place is None:
        raise NotCollected("its computer section lists no security groups")
    after = section[place + 1 :]
    if after and re.fullmatch(r"-+", after[0]):
        after = after[1:]
    # A token's list ends with its integrity label; without it, or a blank line, more may have followed.
    if "" not in after and not "".join(after[-1:]).casefold().endswith(_LABEL):
        raise NotCollected("its list of security groups breaks off")
    return _policy(names=after[: after.index("")] if "" in after else after, sids=())


def _policy(names: Iterable[str], sids: Iterable[str]) -> ComputerPolicy:
    groups = frozenset(bare for name in names if (bare := _bare(name)))
    if not groups:
        raise NotCollected("its computer section lists no security groups")  # every computer is at least in Everyone
    return ComputerPolicy(groups=groups, sids=frozenset(sid.strip() for sid in sids if sid.strip()))


def _bare(name: str) -> str:
    """Domain groups are printed with and without their domain: the last path component counts."""
    return name.rpartition("\\")[2].strip().casefold()
