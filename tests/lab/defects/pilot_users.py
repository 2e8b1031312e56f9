"""Users of the pilot: what can be wrong with who works at its devices, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.people import NOTHING
from tests.lab.site_clients import Device

ADELE = "user CONTOSO\\adele"
DAVE = "dave@contoso.com"


def _used_by(*accounts: str) -> tuple[Device, ...]:
    return tuple(Device(number=n, name="" if n == 0 else f"PC{n + 1:03}", user=one) for n, one in enumerate(accounts))


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="pilot-users-one-is-not-synchronised",
        story="The primary user of a pilot computer is in an OU that Entra Connect does not synchronise.",
        estate=lambda: contoso(people__overrides={"adele": {"onPremisesSecurityIdentifier": None}}),
        fails={"USR010": ADELE},
        blocked=("USR020",),
    ),
    Defect(
        name="pilot-users-one-is-not-discovered",
        story="The site has not discovered the primary user of a pilot computer.",
        estate=lambda: contoso(site__undiscovered=("adele",)),
        unassessed={"USR010": ADELE},
    ),
    Defect(
        name="pilot-users-one-is-outside-the-mdm-scope",
        story="The primary user of a pilot computer is not in the group of the MDM user scope.",
        estate=lambda: contoso(site__devices=_used_by("adele", "frank")),
        fails={"USR020": "user CONTOSO\\frank"},
    ),
    Defect(
        name="pilot-users-one-in-the-mdm-scope-has-no-licence",
        story="A user in the group of the MDM user scope has no licence with Intune.",
        estate=lambda: contoso(people__overrides={"dave": NOTHING}),
        fails={"LIC040": DAVE, "USR030": DAVE},
    ),
    Defect(
        name="pilot-users-one-with-a-name-that-is-not-routable",
        story="A user's UPN suffix is corp.local, so Entra ID calls the user by a name of the initial domain.",
        estate=lambda: contoso(people__overrides={"frank": {"userPrincipalName": "frank@contoso.onmicrosoft.com"}}),
        fails={"USR040": "frank@contoso.onmicrosoft.com"},
    ),
    Defect(
        name="pilot-users-no-affinity-is-kept",
        story="The site keeps no affinity of users and devices, as many do not.",
        estate=lambda: contoso(site__devices=_used_by("", "")),
        not_applicable=("USR010", "USR020"),
    ),
    Defect(
        name="pilot-users-refused-affinity",
        story="The site refuses to list the primary users of its devices.",
        estate=lambda: contoso().refusing("site/SMS_UserMachineRelationship"),
        unread=("USR010", "USR020"),
    ),
    Defect(
        name="pilot-users-refused-discovered-users",
        story="The site refuses to list the users that it has discovered.",
        estate=lambda: contoso().refusing("site/SMS_R_User"),
        unread=("USR010", "USR020"),
    ),
)
