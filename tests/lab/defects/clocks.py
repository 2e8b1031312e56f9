"""Clocks: whose is wrong, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

PROVIDER = "clock of the SMS Provider cm01.corp.contoso.com"
CONTROLLER = "clock of the domain controller dc01.corp.contoso.com"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="clocks-site-server-six-minutes-behind",
        story="The site server's clock is six minutes behind: it takes its time from its virtual machine's host.",
        estate=lambda: contoso(clocks__site=-360),
        fails={"CLK010": PROVIDER},
    ),
    Defect(
        name="clocks-domain-controller-ahead-and-its-domain-with-it",
        story="The domain controller is ten minutes ahead, and the site server follows it.",
        estate=lambda: contoso(clocks__directory=600, clocks__site=598),
        fails={"CLK010": (CONTROLLER, PROVIDER)},
    ),
    Defect(
        name="clocks-computer-that-recorded-ahead",
        story="The clock of the computer that recorded is an hour ahead of all others.",
        estate=lambda: contoso(clocks__graph=-3600, clocks__directory=-3600, clocks__site=-3600),
        fails={"CLK010": "computer that recorded"},
    ),
    Defect(
        name="clocks-site-server-within-the-tolerance",
        story="The site server's clock is four minutes ahead, which Kerberos and tokens allow.",
        estate=lambda: contoso(clocks__site=240),
    ),
    Defect(
        name="clocks-of-the-directory-not-read",
        story="The domain controller did not say what time it is.",
        estate=lambda: contoso().unreachable("directory/clock"),
        unassessed={"CLK010": "clock of the domain controller"},
    ),
    Defect(
        name="clocks-of-graph-not-read",
        story="Microsoft Graph was not asked, so only the servers inside can be compared.",
        estate=lambda: contoso().unreachable("graph/clock"),
        unassessed={"CLK010": "clock of Microsoft Graph"},
    ),
)
