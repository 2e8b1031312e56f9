"""The client through Intune: what can be wrong with the app or policy that brings it, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import Estate, contoso, contoso_2018

GOOD = 'CCMSETUPCMD="CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/72057594037928100 SMSSITECODE=PS1"'
"""The command line as the console shows it."""


APP = "app ConfigMgr Client Setup Bootstrap"


def _with_line(text: str) -> Estate:
    return contoso(intune__command_line=text)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="client-app-leftover-beside-the-policy",
        story="A co-management settings policy brings the client; the app that it replaced is left over, for nobody.",
        estate=lambda: contoso(
            intune__app_properties={
                "assignments": [],
                "commandLine": "CCMSETUPCMD=old",
                "publishingState": "notPublished",
            },
            intune__policy=GOOD,
        ),
        not_applicable=("BOO020",),
    ),
    Defect(
        name="client-app-publishing-state-unanswered",
        story="Intune does not say whether the client's app is published.",
        estate=lambda: contoso(intune__app_properties={"publishingState": None}),
        unassessed={"BOO010": APP},
    ),
    Defect(
        name="client-app-without-description",
        story="The client's app has no description.",
        estate=lambda: contoso(intune__app_properties={"description": ""}),
        fails={"BOO020": APP},
    ),
    Defect(
        name="client-app-assigned-to-nobody",
        story="The client's app is assigned to no group.",
        estate=lambda: contoso(intune__assignments=()),
        fails={"BOO080": APP},
        not_applicable=("ENR060",),
    ),
    Defect(
        name="client-app-assigned-to-an-empty-group",
        story="The group that the client's app is assigned to has no members.",
        estate=lambda: contoso(people__bootstrap=()),
        fails={"BOO080": APP},
    ),
    Defect(
        name="client-app-assigned-group-excluded-again",
        story="The group that the client's app is assigned to is excluded again.",
        estate=lambda: contoso(intune__assignments=(("required", "group", ""), ("required", "exclusion", ""))),
        fails={"BOO080": APP},
    ),
    Defect(
        name="client-app-members-of-assigned-group-unread",
        story="The members of the group that the client's app is assigned to were not read.",
        estate=lambda: contoso(intune__assignments=(("required", "group", "33333333-0000-4000-8000-000000000078"),)),
        unassessed={"BOO080": APP, "ENR060": "group 33333333-0000-4000-8000-000000000078"},
    ),
    Defect(
        name="client-app-members-of-excluded-group-unread",
        story="The members of a group that is excluded from the client's app were not read.",
        estate=lambda: contoso(
            intune__assignments=(
                ("required", "group", ""),
                ("required", "exclusion", "33333333-0000-4000-8000-000000000078"),
            )
        ),
        unassessed={"BOO080": APP},
    ),
    Defect(
        name="client-app-assignments-unanswered",
        story="Intune does not say to whom the client's app is assigned.",
        estate=lambda: contoso(intune__assignments=None),
        unassessed={"BOO080": APP},
        not_applicable=("ENR060",),
    ),
    Defect(
        name="client-app-policy-does-not-install-the-client",
        story="Devices enrol first, and the co-management settings policy does not install the client.",
        estate=lambda: contoso(
            intune__app=False,
            intune__policy=GOOD,
            intune__policy_installs=False,
            design__rollout__path="intune-first",
        ),
        fails={"BOO010": "Configuration Manager client in Intune"},
        blocked=("BOO080",),
        not_applicable=(
            "BOO020",
            "BOO030",
            "BOO040",
            "BOO050",
            "BOO060",
            "ENR060",
            "DEV010",
            "DEV020",
            "DEV030",
            "DEV040",
            "USR030",
            "USR040",
            "HYB010",
            "HYB020",
            "HYB030",
            "HYB040",
            "HYB050",
            "HYB060",
            "HYB070",
            "HYB080",
        ),
        passes=("LIC050",),
    ),
    Defect(
        name="client-app-not-published",
        story="The client's app in Intune is not published.",
        estate=lambda: contoso(intune__app_properties={"publishingState": "notPublished"}),
        fails={"BOO010": APP},
        blocked=("BOO080",),
    ),
    Defect(
        name="client-app-missing-where-devices-enrol-first",
        story="Devices enrol first, and nothing in Intune brings them the client.",
        estate=lambda: contoso(intune__app=False, design__rollout__path="intune-first"),
        fails={"BOO010": "Configuration Manager client in Intune"},
        blocked=("BOO080",),
        not_applicable=(
            "BOO020",
            "BOO030",
            "BOO040",
            "BOO050",
            "BOO060",
            "ENR060",
            "DEV010",
            "DEV020",
            "DEV030",
            "DEV040",
            "USR030",
            "USR040",
            "HYB010",
            "HYB020",
            "HYB030",
            "HYB040",
            "HYB050",
            "HYB060",
            "HYB070",
            "HYB080",
        ),
        passes=("LIC050",),
    ),
    Defect(
        name="client-app-command-line-without-closing-quote",
        story="The command line of the client's app lacks the closing quotation mark of CCMSETUPCMD.",
        estate=lambda: _with_line(GOOD[:-1]),
        fails={"BOO030": APP},
        blocked=("BOO060",),
    ),
    Defect(
        name="client-app-command-line-with-https-prefix",
        story="CCMHOSTNAME in the command line of the client's app begins with https://.",
        estate=lambda: _with_line(GOOD.replace("CCMHOSTNAME=", "CCMHOSTNAME=https://")),
        fails={"BOO030": APP},
        blocked=("BOO060",),
    ),
    Defect(
        name="client-app-command-line-without-site-code",
        story="The command line of the client's app names no site code.",
        estate=lambda: _with_line(GOOD.replace(" SMSSITECODE=PS1", "")),
        fails={"BOO030": APP},
        blocked=("BOO060",),
    ),
    Defect(
        name="client-app-2018-command-line-without-applications",
        story="The tutorial's command line lacks the two Entra applications.",
        estate=lambda: contoso_2018(intune__command_line=GOOD.replace("cmg.contoso.com", "testintunecmg.cloudapp.net")),
        fails={"BOO030": APP},
        blocked=("BOO060",),
        not_applicable=("BOO070",),
    ),
    Defect(
        name="client-app-command-line-with-mistyped-property",
        story="The command line of the client's app has the property MANGEDINSTALLER, a typing error.",
        estate=lambda: _with_line(GOOD[:-1] + ' MANGEDINSTALLER=1"'),
        fails={"BOO040": APP},
    ),
    Defect(
        name="client-app-command-line-too-long",
        story="The command line of the client's app is longer than Intune takes.",
        estate=lambda: _with_line(GOOD[:-1] + f' FSP={"x" * 1024}"'),
        fails={"BOO050": APP},
    ),
    Defect(
        name="client-app-command-line-for-another-cmg",
        story="The command line of the client's app leads to another CMG.",
        estate=lambda: _with_line(GOOD.replace("cmg.contoso.com", "cmg.fabrikam.com")),
        fails={"BOO060": "app ConfigMgr Client Setup Bootstrap: CCMHOSTNAME"},
    ),
    Defect(
        name="client-app-command-line-for-another-site",
        story="The command line of the client's app names the site code PS2.",
        estate=lambda: _with_line(GOOD.replace("PS1", "PS2")),
        fails={"BOO060": "app ConfigMgr Client Setup Bootstrap: SMSSITECODE"},
    ),
    Defect(
        name="client-app-command-line-with-another-client-app",
        story="AADCLIENTAPPID in the command line of the client's app is the id of the server app.",
        estate=lambda: _with_line(f'{GOOD[:-1]} AADCLIENTAPPID={contoso().names.server_app_id}"'),
        fails={"BOO070": "app ConfigMgr Client Setup Bootstrap: AADCLIENTAPPID"},
    ),
    Defect(
        name="client-app-command-line-with-another-app-id-uri",
        story="AADRESOURCEURI in the command line of the client's app is not the server app's App ID URI.",
        estate=lambda: _with_line(GOOD[:-1] + ' AADRESOURCEURI=https://ConfigMgrService"'),
        fails={"BOO070": "app ConfigMgr Client Setup Bootstrap: AADRESOURCEURI"},
    ),
    Defect(
        name="client-app-refused-apps",
        story="Intune refuses to list its apps.",
        estate=lambda: contoso().refusing("graph/mobile-apps"),
        unread=("BOO010", "BOO020", "BOO030", "BOO040", "BOO050", "BOO060", "BOO070", "BOO080", "ENR060"),
    ),
    Defect(
        name="client-app-unreachable-policies",
        story="Intune does not answer when it is asked for its enrolment policies.",
        estate=lambda: contoso().unreachable("graph/enrolment-configurations"),
        unread=("BOO010", "BOO020", "BOO030", "BOO040", "BOO050", "BOO060", "BOO070", "BOO080", "ENR060", "ENR070"),
    ),
)
