"""Enrolment: what can be wrong with user scopes, restrictions and enrolled devices, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.intune import Scope, device

DEVICES = "devices in Intune"
MAM = "MAM user scope of Microsoft Intune"
BOOTSTRAP = "group ConfigMgr client by Intune (33333333-0000-4000-8000-000000000020)"
RESTRICTION = "default enrolment restriction All users and all devices"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="enrolment-mdm-scope-some-without-groups",
        story="The MDM user scope says Some, and no group is chosen: nobody can enrol.",
        estate=lambda: contoso(intune__mdm=Scope(groups=())),
        fails={"ENR010": "MDM user scope of Microsoft Intune"},
        blocked=("ENR020", "ENR060", "USR020", "USR030"),
    ),
    Defect(
        name="enrolment-pilot-group-empty",
        story="The group of the MDM user scope is empty; those who get the client by Intune are not in it.",
        estate=lambda: contoso(people__pilots=()),
        fails={"ENR020": "group MDM pilot users (33333333-0000-4000-8000-000000000010)", "ENR060": BOOTSTRAP},
        blocked=("USR020", "USR030"),
    ),
    Defect(
        name="enrolment-mam-scope-overlaps",
        story="The MAM user scope names the same group as the MDM user scope.",
        estate=lambda: contoso(intune__mam=Scope()),
        fails={"ENR040": MAM},
    ),
    Defect(
        name="enrolment-mam-group-unread",
        story="The MAM user scope names a group whose members were not read.",
        estate=lambda: contoso(intune__mam=Scope(groups=("33333333-0000-4000-8000-000000000077",))),
        unassessed={"ENR040": MAM},
    ),
    Defect(
        name="enrolment-scope-of-intune-enrollment-is-some",
        story="The MDM user scope of the application Microsoft Intune Enrollment is Some, where the tutorial sets All.",
        estate=lambda: contoso(intune__enrolment=Scope()),
        fails={"ENR050": "MDM user scope of Microsoft Intune Enrollment"},
    ),
    Defect(
        name="enrolment-intune-enrollment-absent",
        story="The tenant does not have the application Microsoft Intune Enrollment, as many do not.",
        estate=lambda: contoso(intune__enrolment=None),
        not_applicable=("ENR050",),
    ),
    Defect(
        name="enrolment-bootstrap-user-outside-the-scope",
        story="A member of the group that gets the client by Intune is not in the MDM user scope.",
        estate=lambda: contoso(people__bootstrap=("adele", "frank")),
        fails={"ENR060": BOOTSTRAP},
    ),
    Defect(
        name="enrolment-windows-blocked",
        story="The default enrolment restriction blocks Windows.",
        estate=lambda: contoso(intune__windows_blocked=True),
        fails={"ENR070": RESTRICTION},
    ),
    Defect(
        name="enrolment-windows-restriction-unsaid",
        story="The default enrolment restriction does not say whether Windows is blocked.",
        estate=lambda: contoso(intune__windows_blocked=None),
        unassessed={"ENR070": RESTRICTION},
    ),
    Defect(
        name="enrolment-no-device-co-managed",
        story="After the roll-out, the one device in Intune has no Configuration Manager client.",
        estate=lambda: contoso(
            intune__devices=(device("PC-0001", 1, "mdm", deviceEnrollmentType="windowsAzureADJoin"),)
        ),
        fails={"ENR080": DEVICES},
        not_applicable=("ENR090",),
    ),
    Defect(
        name="enrolment-device-lost-its-client",
        story="PC-0002 was enrolled by co-management, and has lost its Configuration Manager client.",
        estate=lambda: contoso(intune__devices=(device("PC-0001", 1), device("PC-0002", 2, "mdm"))),
        fails={"ENR090": "PC-0002"},
    ),
    Defect(
        name="enrolment-tenant-attached-only",
        story="The one device in Intune is tenant-attached: the site uploaded it, and it never enrolled.",
        estate=lambda: contoso(
            intune__devices=(device("PC-0001", 1, "configurationManagerClient", deviceEnrollmentType="unknown"),)
        ),
        fails={"ENR080": DEVICES},
        not_applicable=("ENR090",),
    ),
    Defect(
        name="enrolment-management-agent-unsaid",
        story="Intune does not say by what the one device is managed.",
        estate=lambda: contoso(intune__devices=(device("PC-0001", 1, None),)),
        unassessed={"ENR080": DEVICES, "ENR090": "PC-0001"},
    ),
    Defect(
        name="enrolment-no-devices-shown",
        story="Intune shows the scanner no device at all: there are none, or its role does not cover them.",
        estate=lambda: contoso(intune__devices=()),
        unassessed={"ENR080": "graph/managed-devices", "ENR090": "graph/managed-devices"},
    ),
    Defect(
        name="enrolment-refused-mam-scope",
        story="Microsoft Graph refuses to show the MAM user scope, as it does to every application.",
        estate=lambda: contoso().refusing("graph/mam-policies"),
        unread=("ENR040",),
    ),
    Defect(
        name="enrolment-government-cloud",
        story="The design and the discovery URL say the US government's cloud; all else is in the public one.",
        estate=lambda: contoso(
            design__rollout__cloud="us-government",
            intune__mdm=Scope(
                urls={"discoveryUrl": "https://enrollment.manage.microsoft.us/enrollmentserver/discovery.svc"}
            ),
        ),
        fails={
            "CMG040": "CMG cmg.contoso.com",
            "DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)"),
            "DNS090": "enterpriseenrollment.contoso.com (outside)",
        },
        unassessed={"ENR030": ("complianceUrl", "termsOfUseUrl")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="enrolment-mdm-scope-none",
        story="The MDM user scope of Microsoft Intune is None; only that of Microsoft Intune Enrollment is set.",
        estate=lambda: contoso(intune__mdm=Scope(applies_to="none", groups=())),
        fails={"ENR010": "MDM user scope of Microsoft Intune"},
        blocked=("ENR020", "ENR060", "USR020", "USR030"),
        not_applicable=("ENR030",),
    ),
    Defect(
        name="enrolment-terms-of-use-url-altered",
        story="The terms of use URL of Microsoft Intune was altered.",
        estate=lambda: contoso(intune__mdm=Scope(urls={"termsOfUseUrl": "https://intranet.contoso.com/terms"})),
        fails={"ENR030": "termsOfUseUrl"},
    ),
    Defect(
        name="enrolment-refused-mdm-scope",
        story="Microsoft Graph refuses to show the MDM user scope, as it does to every application.",
        estate=lambda: contoso().refusing("graph/mdm-policies"),
        unread=("ENR010", "ENR020", "ENR030", "ENR040", "ENR050", "ENR060", "USR020", "USR030"),
    ),
)
