"""Enrolment: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.intune import Scope, device

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="enrolment-a-scope-of-some-without-groups-is-nobody",
        story="A scope of some without groups is nobody.",
        estate=lambda: contoso(intune__mdm=Scope(groups=())),
        outcomes={"ENR010": "fail", "ENR020": "blocked", "ENR060": "blocked"},
        subjects={"ENR010": frozenset(["MDM user scope of Microsoft Intune"])},
    ),
    Defect(
        name="enrolment-an-empty-group-in-the-scope-fails",
        story="An empty group in the scope fails.",
        estate=lambda: contoso(people__pilots=()),
        outcomes={"ENR020": "fail", "ENR060": "fail"},
        subjects={
            "ENR020": frozenset(["group MDM pilot users (33333333-0000-4000-8000-000000000010)"]),
            "ENR060": frozenset(["group ConfigMgr client by Intune (33333333-0000-4000-8000-000000000020)"]),
        },
    ),
    Defect(
        name="enrolment-the-same-group-in-both-scopes-is-a-low-warning",
        story="The same group in both scopes is a low warning.",
        estate=lambda: contoso(intune__mam=Scope()),
        outcomes={"ENR040": "fail"},
        subjects={"ENR040": frozenset(["MAM user scope of Microsoft Intune"])},
    ),
    Defect(
        name="enrolment-a-mam-group-of-unknown-members-is-not-assessed",
        story="A mam group of unknown members is not assessed.",
        estate=lambda: contoso(intune__mam=Scope(groups=("33333333-0000-4000-8000-000000000077",))),
        outcomes={"ENR040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="enrolment-intune-enrollment-for-some-is-a-low-warning",
        story="Intune enrollment for some is a low warning.",
        estate=lambda: contoso(intune__enrolment=Scope()),
        outcomes={"ENR050": "fail"},
        subjects={"ENR050": frozenset(["MDM user scope of Microsoft Intune Enrollment"])},
    ),
    Defect(
        name="enrolment-many-tenants-have-no-intune-enrollment",
        story="Many tenants have no intune enrollment.",
        estate=lambda: contoso(intune__enrolment=None),
        outcomes={"ENR050": "not applicable"},
        subjects={},
    ),
    Defect(
        name="enrolment-who-gets-the-client-must-be-in-the-scope",
        story="Who gets the client must be in the scope.",
        estate=lambda: contoso(people__bootstrap=("adele", "frank")),
        outcomes={"ENR060": "fail"},
        subjects={"ENR060": frozenset(["group ConfigMgr client by Intune (33333333-0000-4000-8000-000000000020)"])},
    ),
    Defect(
        name="enrolment-a-blocked-platform-fails",
        story="A blocked platform fails.",
        estate=lambda: contoso(intune__windows_blocked=True),
        outcomes={"ENR070": "fail"},
        subjects={"ENR070": frozenset(["default enrolment restriction All users and all devices"])},
    ),
    Defect(
        name="enrolment-a-blocked-platform-fails-2",
        story="A blocked platform fails.",
        estate=lambda: contoso(intune__windows_blocked=None),
        outcomes={"ENR070": "not assessed"},
        subjects={},
    ),
    Defect(
        name="enrolment-no-device-is-co-managed",
        story="No device is co managed.",
        estate=lambda: contoso(
            intune__devices=(device("PC-0001", 1, "mdm", deviceEnrollmentType="windowsAzureADJoin"),)
        ),
        outcomes={"ENR080": "fail", "ENR090": "not applicable"},
        subjects={"ENR080": frozenset(["devices in Intune"])},
    ),
    Defect(
        name="enrolment-a-device-that-lost-its-client-is-a-low-warning",
        story="A device that lost its client is a low warning.",
        estate=lambda: contoso(intune__devices=(device("PC-0001", 1), device("PC-0002", 2, "mdm"))),
        outcomes={"ENR090": "fail"},
        subjects={"ENR090": frozenset(["PC-0002"])},
    ),
    Defect(
        name="enrolment-a-tenant-attached-device-is-not-co-managed",
        story="A tenant attached device is not co managed.",
        estate=lambda: contoso(
            intune__devices=(device("PC-0001", 1, "configurationManagerClient", deviceEnrollmentType="unknown"),)
        ),
        outcomes={"ENR080": "fail", "ENR090": "not applicable"},
        subjects={"ENR080": frozenset(["devices in Intune"])},
    ),
    Defect(
        name="enrolment-an-agent-that-was-not-answered-is-not-assessed",
        story="An agent that was not answered is not assessed.",
        estate=lambda: contoso(intune__devices=(device("PC-0001", 1, None),)),
        outcomes={"ENR080": "not assessed", "ENR090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="enrolment-an-empty-list-of-devices-is-not-assessed",
        story="An empty list of devices is not assessed.",
        estate=lambda: contoso(intune__devices=()),
        outcomes={"ENR080": "not assessed", "ENR090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="enrolment-an-application-may-not-read-the-scopes-and-says-so",
        story="An application may not read the scopes and says so.",
        estate=lambda: contoso().refusing("graph/mam-policies"),
        outcomes={"ENR040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="enrolment-in-another-cloud-only-the-discovery-url-is-documented",
        story="In another cloud only the discovery url is documented.",
        estate=lambda: contoso(
            design__rollout__cloud="us-government",
            intune__mdm=Scope(
                urls={"discoveryUrl": "https://enrollment.manage.microsoft.us/enrollmentserver/discovery.svc"}
            ),
        ),
        outcomes={
            "DNS030": "fail",
            "DNS050": "blocked",
            "DNS060": "blocked",
            "DNS090": "fail",
            "ENR030": "not assessed",
            "CMG040": "fail",
        },
        subjects={
            "DNS030": frozenset(["cmg.contoso.com (inside)", "cmg.contoso.com (outside)"]),
            "DNS090": frozenset(["enterpriseenrollment.contoso.com (outside)"]),
            "CMG040": frozenset(["CMG cmg.contoso.com"]),
        },
    ),
)
