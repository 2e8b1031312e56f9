"""A pack of the user's with every outcome, and recordings, for the tests of both doors."""

from __future__ import annotations

from pathlib import Path

FIVE = '''
from comgmt_audit import Design, Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require

family = Family(code="OWN", title="House rules", stage=Stage.CLIENTS)
runs = []


@check("OWN010", severity=Severity.HIGH, covers=["S31"], tags=["fine"], refs=[])
def names_are_given(design: Design) -> Findings:
    """Names are given.

    Why: Reports need one.
    Remedy: Set `name` in comgmt.toml.
    """
    runs.append(1)
    yield require("name", True)


@check("OWN020", severity=Severity.HIGH, covers=["S32", "S33"], tags=["broken"], step="Set up the client")
def colours_are_agreed() -> Findings:
    """Colours are agreed.

    Why: They are seen.
    Remedy: Paint it blue.
    """
    yield require("the door", False, expected="blue", actual="red", advice="Call the painter.")


@check("OWN030", severity=Severity.MEDIUM)
def pets_are_welcome() -> Findings:
    """Pets are welcome.

    Why: They are nice.
    Remedy: Open the door.
    """
    raise NotApplicable("there are no pets")
    yield


@check("OWN040", severity=Severity.LOW)
def windows_are_shut() -> Findings:
    """Windows are shut.

    Why: It rains.
    Remedy: Shut them.
    """
    yield cannot_tell("window", "nobody looked", cure="Look.")


@check("OWN050", severity=Severity.LOW)
def this_check_crashes() -> Findings:
    """This check never crashes.

    Why: It would be a pity.
    Remedy: Mend the check.
    """
    yield require("sum", 1 / 0 == 1)


@check("OWN060", severity=Severity.LOW, after=["OWN010"])
def each_check_runs_once() -> Findings:
    """Each check runs once.

    Why: Facts are dear.
    Remedy: Keep the result.
    """
    yield require("runs", len(runs) == 1, expected=1, actual=len(runs))


@check("OWN070", severity=Severity.LOW, after=["OWN020"])
def the_painter_is_paid() -> Findings:
    """The painter is paid.

    Why: It is owed.
    Remedy: Pay.
    """
    yield require("bill", True)


@check("OWN080", severity=Severity.ADVICE)
def lamps_are_dim() -> Findings:
    """Lamps are dim.

    Why: It is late.
    Remedy: Turn them down.
    """
    yield require("lamp", False, expected="dim", actual="bright")
'''

HOSTILE = '''
from comgmt_audit import Family, Findings, Severity, Stage, check, require

family = Family(code="EVL", title="Hostile", stage=Stage.DNS)


@check("EVL010", severity=Severity.HIGH)
def strings_are_harmless() -> Findings:
    """Strings are harmless.

    Why: They reach a terminal.
    Remedy: Show them as they are.
    """
    evil = "\\x1b[31mred\\x1b]0;title\\x07\\x9b31m\\u202egnp.exe\\r\\x08"
    yield require(evil, False, expected=evil, actual=[evil], advice=evil)
'''

OUTCOMES = {
    "OWN010": "pass",
    "OWN020": "fail",
    "OWN030": "not applicable",
    "OWN040": "not assessed",
    "OWN050": "error",
    "OWN060": "pass",
    "OWN070": "not assessed",
    "OWN080": "fail",
}


def pack(folder: Path, text: str = FIVE) -> Path:
    folder.mkdir()
    (folder / "house.py").write_text(text, encoding="utf-8")
    return folder
