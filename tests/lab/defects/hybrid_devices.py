"""Devices of the pilot: what can be wrong with one device, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.entra_devices import device
from tests.lab.estate import contoso

ONE, OTHER = device("PC001", 1), device("PC002", 2)


def _devices(*devices: dict[str, object]) -> dict[str, object]:
    return {"entra_devices__devices": devices}


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="hybrid-devices-a-computer-out-of-synchronised-ous",
        story="A computer of the pilot is in an OU that Entra Connect does not synchronise.",
        estate=lambda: contoso(**_devices(ONE)),
        fails={"DEV020": "computer PC002"},
        blocked=("DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-a-computer-registered-only",
        story="A computer of the pilot was only registered by its user.",
        estate=lambda: contoso(**_devices(ONE, device("PC002", 2, "Workplace"))),
        fails={"DEV020": "computer PC002"},
        blocked=("DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-a-join-that-is-pending",
        story="A computer of the pilot was synchronised, and has not joined yet.",
        estate=lambda: contoso(**_devices(ONE, device("PC002", 2, None))),
        fails={"DEV020": "computer PC002"},
        blocked=("DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-a-device-disabled-in-entra",
        story="Somebody disabled the device of a pilot computer in Entra ID.",
        estate=lambda: contoso(**_devices(ONE, device("PC002", 2, accountEnabled=False))),
        fails={"DEV030": "computer PC002"},
    ),
    Defect(
        name="hybrid-devices-registered-and-hybrid-joined",
        story="A user had registered the computer before it joined: Entra ID knows it twice.",
        estate=lambda: contoso(**_devices(ONE, OTHER, device("PC002", 3, "Workplace", isManaged=True))),
        fails={"DEV040": "computer PC002"},
    ),
    Defect(
        name="hybrid-devices-leftover-of-an-earlier-join",
        story="A computer was installed anew, and the device of its earlier life was left in Entra ID.",
        estate=lambda: contoso(**_devices(ONE, OTHER, device("PC002", 3))),
        fails={"DEV040": "computer PC002"},
    ),
    Defect(
        name="hybrid-devices-a-new-computer-without-its-certificate",
        story="A computer cannot reach the registration service, so that it has neither certificate nor device.",
        estate=lambda: contoso(directory__client_user_certificates=0, **_devices(OTHER)),
        fails={"DEV010": "computer PC001", "DEV020": "computer PC001"},
        blocked=("DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-a-certificate-that-may-not-be-read",
        story="The account may not read whether a computer that has not joined carries its certificate.",
        estate=lambda: contoso(directory__client_user_certificates=None, **_devices(OTHER)),
        fails={"DEV020": "computer PC001"},
        unassessed={"DEV010": "computer PC001", "HYB070": "pc001.corp.contoso.com"},
        blocked=("DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-refused-devices",
        story="Graph refuses to list devices.",
        estate=lambda: contoso().refusing("graph/devices"),
        unread=("DEV010", "DEV020", "DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-unreadable-computers",
        story="The directory refuses to list the computers.",
        estate=lambda: contoso().refusing("directory/client-computers"),
        unread=("DEV010", "DEV020", "DEV030", "DEV040"),
    ),
    Defect(
        name="hybrid-devices-joined-to-entra-only",
        story="A computer has an account in the domain still, and is joined to Entra ID only: it can enrol.",
        estate=lambda: contoso(**_devices(ONE, device("PC002", 2, "AzureAd"))),
    ),
)
