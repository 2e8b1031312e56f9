"""How Intune brings the Configuration Manager client to devices: by an app with ccmsetup, or by the co-management
settings policy that replaced it (Configuration Manager: how to prepare internet-based devices).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.errors import Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

APPS = "graph/mobile-apps"
POLICIES = "graph/enrolment-configurations"

MSI = "#microsoft.graph.windowsMobileMSI"
WIN32 = "#microsoft.graph.win32LobApp"
POLICY = "#microsoft.graph.deviceComanagementAuthorityConfiguration"


class _Target(Struct, frozen=True, rename="camel"):
    type: str | None = field(name="@odata.type", default=None)
    group_id: str | None = None


class _Assignment(Struct, frozen=True, rename="camel"):
    target: _Target
    intent: str | None = None


class _App(Struct, frozen=True, rename="camel"):
    id: str
    type: str | None = field(name="@odata.type", default=None)
    display_name: str | None = None
    description: str | None = None
    publisher: str | None = None
    publishing_state: str | None = None
    file_name: str | None = None
    setup_file_path: str | None = None
    command_line: str | None = None
    install_command_line: str | None = None
    assignments: tuple[_Assignment, ...] | None = None


class _Policy(Struct, frozen=True, rename="camel"):
    id: str
    type: str | None = field(name="@odata.type", default=None)
    display_name: str | None = None
    install_configuration_manager_agent: bool | None = None
    configuration_manager_agent_command_line_argument: str | None = None
    assignments: tuple[_Assignment, ...] | None = None


class Target(Struct, frozen=True, kw_only=True):
    """Whom an assignment means: ``group`` is an id in lower case, or ``""``; ``everybody``: all devices or users."""

    group: str
    everybody: bool


class SetupCommand(Struct, frozen=True, kw_only=True):
    """A command line for ccmsetup, taken apart.

    ``properties``: those that ccmsetup.exe sees, names in upper case. ``outside``: those beside CCMSETUPCMD, which it
    never sees. ``parameters``: words with a slash, without their values. ``wrapped``: CCMSETUPCMD is there. ``text`` is
    without secrets, ``length`` in characters with them.
    """

    text: str
    length: int
    wrapped: bool
    balanced: bool
    properties: dict[str, str]
    outside: dict[str, str]
    parameters: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> SetupCommand:
        """Take a command line apart; nothing in it is an error yet."""
        balanced = text.count('"') % 2 == 0
        start = re.search(r'\bCCMSETUPCMD\s*=\s*"', text, re.IGNORECASE)
        if start is None:
            properties, parameters = _words(text)
            bare = re.search(r"\bCCMSETUPCMD\b", text, re.IGNORECASE) is not None
            return cls(
                text=redacted(text),
                length=len(text),
                wrapped=bare,
                balanced=balanced and not bare,
                properties={name: value for name, value in properties.items() if name != "CCMSETUPCMD"},
                outside={},
                parameters=parameters,
            )
        inside, rest = _quoted(text, start.end())
        properties, parameters = _words(inside)
        outside, _ = _words(text[: start.start()] + " " + rest)
        return cls(
            text=redacted(text),
            length=len(text),
            wrapped=True,
            balanced=balanced,
            properties=properties,
            outside=outside,
            parameters=parameters,
        )


def redacted(text: str) -> str:
    """The command line without its registration token, which is a secret."""
    return re.sub(r"(/regtoken:)[^\s\"]+", r"\1***", text, flags=re.IGNORECASE)


def _quoted(text: str, start: int) -> tuple[str, str]:
    """What stands between the quotes from *start* on, and what follows; a doubled quote is one inside (Windows
    Installer: command-line options).
    """
    inside: list[str] = []
    position = start
    while position < len(text):
        if text[position] != '"':
            inside.append(text[position])
            position += 1
        elif text[position : position + 2] == '""':
            inside.append('"')
            position += 2
        else:
            return "".join(inside), text[position + 1 :]
    return "".join(inside), ""


_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


def _words(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    properties: dict[str, str] = {}
    parameters: list[str] = []
    for word in _WORD.findall(text):
        name, separator, value = word.partition("=")
        if word.startswith("/"):
            parameters.append(word[1:].partition(":")[0].upper())
        elif separator:
            properties[name.upper()] = value.strip('"')
    return properties, tuple(parameters)


class ClientDelivery(Struct, frozen=True, kw_only=True):
    """One way in which Intune installs the client.

    ``kind``: msi, win32 or policy. ``published`` is ``None`` where it has no meaning or is not known; ``required`` and
    ``excluded`` are ``None`` where the assignments were not answered.
    """

    observation: str
    line: int
    kind: str
    name: str
    description: str
    publisher: str
    published: bool | None
    command: SetupCommand
    required: tuple[Target, ...] | None
    excluded: tuple[Target, ...] | None

    @property
    def label(self) -> str:
        """Kind and name."""
        return f"co-management policy {self.name}" if self.kind == "policy" else f"app {self.name}"

    @property
    def evidence(self) -> Evidence:
        """Its line, with the command line."""
        return Evidence(self.observation, f"line {self.line}", self.command.text[:300])


class ClientDeliveries(Struct, frozen=True, kw_only=True):
    """The ways in which Intune installs the client; both lists are whole, so an empty one is known to be empty.

    Where one is assigned, what is assigned to nobody is a leftover (the app that a policy replaced), and left out.
    """

    needs: ClassVar[tuple[str, ...]] = (APPS, POLICIES)
    deliveries: tuple[ClientDelivery, ...]

    def __iter__(self) -> Iterator[ClientDelivery]:
        return iter(self.deliveries)

    @classmethod
    def read(cls, environment: Environment) -> ClientDeliveries:
        """Apps with ccmsetup, and policies that install the agent. Raises FactUnavailable where either is unknown."""
        apps = (_app(line, raw) for line, raw in environment.recording.lines(APPS, _App) if _is_setup(raw))
        policies = (
            _policy(line, raw)
            for line, raw in environment.recording.lines(POLICIES, _Policy)
            if raw.type == POLICY and raw.install_configuration_manager_agent is not False
        )
        found = (*apps, *policies)
        in_use = tuple(delivery for delivery in found if delivery.required != ())
        return cls(deliveries=in_use or found)


def _is_setup(raw: _App) -> bool:
    """An app that installs the client: by its file, or by what only ccmsetup takes."""
    if raw.type not in {MSI, WIN32}:
        return False
    files = {
        (name or "").replace("/", "\\").rpartition("\\")[2].casefold() for name in (raw.file_name, raw.setup_file_path)
    }
    command = (raw.command_line or raw.install_command_line or "").upper()
    return bool(files & {"ccmsetup.msi", "ccmsetup.exe"}) or "CCMSETUPCMD" in command or "CCMHOSTNAME" in command


def _app(line: int, raw: _App) -> ClientDelivery:
    required, excluded = _targets(raw.assignments, APPS, line, intents={"required"})
    return ClientDelivery(
        observation=APPS,
        line=line,
        kind="msi" if raw.type == MSI else "win32",
        name=raw.display_name or raw.id,
        description=(raw.description or "").strip(),
        publisher=(raw.publisher or "").strip(),
        published=None if raw.publishing_state is None else raw.publishing_state == "published",
        command=SetupCommand.parse(raw.command_line or raw.install_command_line or ""),
        required=required,
        excluded=excluded,
    )


def _policy(line: int, raw: _Policy) -> ClientDelivery:
    required, excluded = _targets(raw.assignments, POLICIES, line, intents=None)
    return ClientDelivery(
        observation=POLICIES,
        line=line,
        kind="policy",
        name=raw.display_name or raw.id,
        description="",
        publisher="",
        published=None,
        command=SetupCommand.parse(raw.configuration_manager_agent_command_line_argument or ""),
        required=required,
        excluded=excluded,
    )


def _targets(
    assignments: tuple[_Assignment, ...] | None, observation: str, line: int, *, intents: set[str] | None
) -> tuple[tuple[Target, ...] | None, tuple[Target, ...] | None]:
    """Included and excluded targets of the assignments with one of *intents* (``None``: they have no intent)."""
    if assignments is None:
        return None, None
    included: list[Target] = []
    excluded: list[Target] = []
    for assignment in assignments:
        if intents is not None and assignment.intent not in intents:
            continue
        kind = (assignment.target.type or "").rpartition(".")[2]
        if kind in {"groupAssignmentTarget", "exclusionGroupAssignmentTarget"}:
            if not assignment.target.group_id:
                raise Unreadable(
                    f"line {line}: an assignment to a group names none", "Look at the recorded answer.", observation
                )
            target = Target(group=assignment.target.group_id.lower(), everybody=False)
            (included if kind == "groupAssignmentTarget" else excluded).append(target)
        elif kind in {"allDevicesAssignmentTarget", "allLicensedUsersAssignmentTarget"}:
            included.append(Target(group="", everybody=True))
    return tuple(included), tuple(excluded)
