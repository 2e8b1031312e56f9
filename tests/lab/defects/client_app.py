"""Client app: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="client-app-the-app-that-the-policy-replaced-is-a-leftover",
        story="The app that the policy replaced is a leftover.",
        estate=lambda: contoso(
            intune__app_properties={
                "assignments": [],
                "commandLine": "CCMSETUPCMD=old",
                "publishingState": "notPublished",
            },
            intune__policy='CCMSETUPCMD="CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/72057594037928100 '
            'SMSSITECODE=PS1"',
        ),
        outcomes={"BOO020": "not applicable"},
        subjects={},
    ),
    Defect(
        name="client-app-a-publishing-state-that-was-not-answered-is-not-assessed",
        story="A publishing state that was not answered is not assessed.",
        estate=lambda: contoso(intune__app_properties={"publishingState": None}),
        outcomes={"BOO010": "not assessed"},
        subjects={},
    ),
    Defect(
        name="client-app-an-app-without-its-particulars-is-advice",
        story="An app without its particulars is advice.",
        estate=lambda: contoso(intune__app_properties={"description": ""}),
        outcomes={"BOO020": "fail"},
        subjects={"BOO020": frozenset(["app ConfigMgr Client Setup Bootstrap"])},
    ),
    Defect(
        name="client-app-no-required-assignment-fails",
        story="No required assignment fails.",
        estate=lambda: contoso(intune__assignments=()),
        outcomes={"BOO080": "fail", "ENR060": "not applicable"},
        subjects={"BOO080": frozenset(["app ConfigMgr Client Setup Bootstrap"])},
    ),
    Defect(
        name="client-app-an-empty-group-fails",
        story="An empty group fails.",
        estate=lambda: contoso(people__bootstrap=()),
        outcomes={"BOO080": "fail"},
        subjects={"BOO080": frozenset(["app ConfigMgr Client Setup Bootstrap"])},
    ),
    Defect(
        name="client-app-a-group-that-is-excluded-again-fails",
        story="A group that is excluded again fails.",
        estate=lambda: contoso(intune__assignments=(("required", "group", ""), ("required", "exclusion", ""))),
        outcomes={"BOO080": "fail"},
        subjects={"BOO080": frozenset(["app ConfigMgr Client Setup Bootstrap"])},
    ),
    Defect(
        name="client-app-unknown-members-are-not-assessed",
        story="Unknown members are not assessed.",
        estate=lambda: contoso(intune__assignments=(("required", "group", "33333333-0000-4000-8000-000000000078"),)),
        outcomes={"BOO080": "not assessed", "ENR060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="client-app-unknown-members-are-not-assessed-2",
        story="Unknown members are not assessed.",
        estate=lambda: contoso(
            intune__assignments=(
                ("required", "group", ""),
                ("required", "exclusion", "33333333-0000-4000-8000-000000000078"),
            )
        ),
        outcomes={"BOO080": "not assessed"},
        subjects={},
    ),
    Defect(
        name="client-app-assignments-that-were-not-answered-are-not-assessed",
        story="Assignments that were not answered are not assessed.",
        estate=lambda: contoso(intune__assignments=None),
        outcomes={"BOO080": "not assessed", "ENR060": "not applicable"},
        subjects={},
    ),
    Defect(
        name="client-app-a-policy-that-does-not-install-the-client-is-none",
        story="A policy that does not install the client is none.",
        estate=lambda: contoso(
            intune__app=False,
            intune__policy='CCMSETUPCMD="CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/72057594037928100 '
            'SMSSITECODE=PS1"',
            intune__policy_installs=False,
            design__rollout__path="intune-first",
        ),
        outcomes={
            "BOO010": "fail",
            "BOO020": "not applicable",
            "BOO030": "not applicable",
            "BOO040": "not applicable",
            "BOO050": "not applicable",
            "BOO060": "not applicable",
            "BOO080": "blocked",
            "ENR060": "not applicable",
            "HYB010": "not applicable",
            "HYB020": "not applicable",
            "HYB030": "not applicable",
            "HYB040": "not applicable",
            "HYB050": "not applicable",
            "HYB060": "not applicable",
            "HYB070": "not applicable",
            "LIC050": "pass",
        },
        subjects={"BOO010": frozenset(["Configuration Manager client in Intune"])},
    ),
)
