"""Every error that comgmt-audit raises on purpose, as a tree.

ComgmtError                 the input cannot be used; the command ends with exit code 2
├── RecordingError          a folder or .zip is not a recording that this version reads
├── DesignError             comgmt.toml says something that cannot be meant
├── BaselineError           the baseline is unknown or malformed
├── SelectionError          --select names nothing that exists
├── WaiverError             waivers.toml, or the file of what was accepted, says something that cannot be meant
├── HistoryError            the history of scans cannot be used
├── PackError               a folder of checks cannot be loaded
└── EvidenceError           a file that the user handed in is not what it should be
FactUnavailable             a fact could not be had; the engine turns it into *not assessed*
├── NotRecorded             nobody asked the source for it in this run
├── Refused                 the source answered that we may not read it
├── Unreachable             the source did not answer
└── Unreadable              the source answered something that is not what it documents
NotApplicable               a check says why it does not apply; an outcome, not a failure
"""


class ComgmtError(Exception):
    """Something the user can mend: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class RecordingError(ComgmtError):
    """A folder or .zip is not a recording that this version reads."""


class DesignError(ComgmtError):
    """comgmt.toml says something that cannot be meant."""


class BaselineError(ComgmtError):
    """The baseline is unknown or malformed."""


class SelectionError(ComgmtError):
    """--select names nothing that exists."""


class PackError(ComgmtError):
    """A folder of checks cannot be loaded."""


class WaiverError(ComgmtError):
    """waivers.toml, or the file of what was accepted, says something that cannot be meant."""


class HistoryError(ComgmtError):
    """The history of scans cannot be used."""


class EvidenceError(ComgmtError):
    """A file that the user handed in is not what it should be."""


class FactUnavailable(Exception):  # noqa: N818 -- it is the cause of an outcome, not an error of ours
    """A fact could not be had: why, and what the administrator does to cure it."""

    def __init__(self, why: str, cure: str = "", observation: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.cure = cure
        self.observation = observation


class NotRecorded(FactUnavailable):
    """Nobody asked the source for it in this run."""


class Refused(FactUnavailable):
    """The source answered that we may not read it."""


class Unreachable(FactUnavailable):
    """The source did not answer."""


class Unreadable(FactUnavailable):
    """The source answered something that is not what it documents."""


class NotApplicable(Exception):  # noqa: N818 -- an outcome
    """Raised by a check whose claim has no meaning in this environment; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
