"""Co-management: what can be wrong with its policies, pilot and devices, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import NOT_SWITCHED, THIN_RIGHTS
from tests.lab.estate import contoso
from tests.lab.site_clients import INTUNE_POLICIES, Device

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="co-management-not-enabled",
        story="Co-management is not enabled at the site.",
        estate=lambda: contoso(site__co_management=False),
        fails={"COM010": "co-management"},
        blocked=("COM020", "COM030", "COM040", "COM050", "COM060", "COM070", "COM080", "ENR080", "ENR090"),
    ),
    Defect(
        name="co-management-hidden-by-rights",
        story="The site shows no co-management policy to an account that may not see everything.",
        estate=lambda: contoso(site__co_management=False, site__full_access=False),
        unassessed=THIN_RIGHTS
        | dict.fromkeys(
            ("COM010", "COM020", "COM030", "COM040", "COM050", "COM060", "COM070"), "site/SMS_ConfigurationPolicy"
        ),
    ),
    Defect(
        name="co-management-enrolment-for-all",
        story="All devices enrol automatically, and the design says the pilot only.",
        estate=lambda: contoso(site__enrolment="all"),
        fails={"COM030": "co-management"},
        blocked=("COM040",),
    ),
    Defect(
        name="co-management-policy-rules-unread",
        story="The co-management policies were read as a list, which leaves their rules out.",
        estate=lambda: contoso(site__policy_xml=None),
        unassessed={
            "COM030": "co-management",
            "COM070": "co-management",
            "COM050": NOT_SWITCHED,
            "COM060": NOT_SWITCHED,
        },
    ),
    Defect(
        name="co-management-pilot-without-collection",
        story="The pilot of automatic enrolment has no collection.",
        estate=lambda: contoso(site__enrolment_deployed=False),
        fails={"COM040": "co-management"},
    ),
    Defect(
        name="co-management-enrolment-deployment-hidden-by-rights",
        story="The site shows no deployment of the enrolment policy to an account that may not see everything.",
        estate=lambda: contoso(site__full_access=False).with_(site__enrolment_deployed=False),
        unassessed=THIN_RIGHTS | {"COM040": "co-management"},
    ),
    Defect(
        name="co-management-workload-deployment-hidden-by-rights",
        story="The site shows no deployment of the pilot workloads to an account that may not see everything.",
        estate=lambda: contoso(site__full_access=False).with_(site__pilot_workloads_deployed=False),
        unassessed=THIN_RIGHTS
        | {
            "COM060": (
                "workload client-apps",
                "workload compliance",
                "workload device-configuration",
                "workload endpoint-protection",
                "workload office",
                "workload windows-update",
            )
        },
    ),
    Defect(
        name="co-management-another-pilot-collection",
        story="The pilot of automatic enrolment has another collection than the design says.",
        estate=lambda: contoso(design__clients__pilot_collection="Everybody"),
        fails={"COM040": "collection Co-management pilot (PS100021)"},
    ),
    Defect(
        name="co-management-compliance-switched-without-policies",
        story="The compliance workload is switched to Intune, where no compliance policy is assigned.",
        estate=lambda: contoso(
            site__intune_policies={
                "client-apps": 4,
                "device-configuration": 5,
                "endpoint-protection": 2,
                "office": 1,
                "windows-update": 2,
                "compliance": 0,
            }
        ),
        fails={"COM050": "workload compliance"},
    ),
    Defect(
        name="co-management-no-workload-switched",
        story="No workload is switched to Intune, not even for the pilot.",
        estate=lambda: contoso(site__pilot_workloads=()),
        not_applicable=("COM050", "COM060"),
    ),
    Defect(
        name="co-management-unknown-workload-flag",
        story="The site's workload flags have a bit that no source explains.",
        estate=lambda: contoso(site__workload_flags="8193"),
        unassessed={"COM070": "co-management"},
    ),
    Defect(
        name="co-management-compliance-pilot-without-collection",
        story="The compliance workload is in pilot, without a collection.",
        estate=lambda: contoso(site__pilot_workloads_deployed=False),
        fails={"COM060": "workload compliance"},
    ),
    Defect(
        name="co-management-no-devices",
        story="Nothing shows a device that co-management is meant for.",
        estate=lambda: contoso(site__devices=(), site__members_recorded=False),
        unassessed={"COM080": ()},
        not_applicable=("USR010", "USR020"),
    ),
    Defect(
        name="co-management-no-devices-to-thin-rights",
        story="Nothing shows a device to an account that may not see everything.",
        estate=lambda: contoso(site__devices=(), site__members_recorded=False).with_(site__full_access=False),
        unassessed=THIN_RIGHTS
        | {
            "COM080": "site/SMS_Client_ComanagementState",
            "USR010": "site/SMS_UserMachineRelationship",
            "USR020": "site/SMS_UserMachineRelationship",
        },
    ),
    Defect(
        name="co-management-refused-policies",
        story="The site refuses to list its co-management policies.",
        estate=lambda: contoso().refusing("site/SMS_ConfigurationPolicy"),
        unread=("COM010", "COM020", "COM030", "COM040", "COM050", "COM060", "COM070"),
    ),
    Defect(
        name="co-management-refused-collections",
        story="The site refuses to list its collections.",
        estate=lambda: contoso().refusing("site/SMS_Collection"),
        unread=("CLS050", "COM040", "COM060"),
    ),
    Defect(
        name="co-management-refused-device-states",
        story="The site refuses to list the co-management states of its devices.",
        estate=lambda: contoso().refusing("site/SMS_Client_ComanagementState"),
        unread=("COM080",),
    ),
    Defect(
        name="co-management-refused-workload-policies",
        story="Intune refuses to say which policies are assigned for the workloads.",
        estate=lambda: contoso().refusing("graph/workload-policies"),
        unread=("COM050",),
    ),
    Defect(
        name="co-management-enrolment-for-nobody",
        story="No device enrols automatically, and the design says the pilot.",
        estate=lambda: contoso(site__enrolment="none"),
        fails={"COM030": "co-management"},
        blocked=("COM040",),
    ),
    Defect(
        name="co-management-pilot-without-members",
        story="The pilot's collection has no members.",
        estate=lambda: contoso(site__pilot_members=0),
        fails={
            "CLS050": "client settings Co-mgmt device settings",
            "COM040": "collection Co-management pilot (PS100021)",
            "COM060": "workload compliance",
        },
    ),
    Defect(
        name="co-management-pilot-members-uncounted",
        story="The site does not say how many members the pilot's collection has.",
        estate=lambda: contoso(site__pilot_members=None),
        unassessed={
            "CLS050": "client settings Co-mgmt device settings",
            "COM040": "pilot collection PS100021",
            "COM060": "workload compliance",
        },
    ),
    Defect(
        name="co-management-compliance-policies-uncounted",
        story="How many compliance policies are assigned in Intune was not recorded.",
        estate=lambda: contoso(site__intune_policies={**INTUNE_POLICIES, "compliance": None}),
        unassessed={"COM050": "workload compliance"},
    ),
    Defect(
        name="co-management-device-not-enrolled",
        story="A device of the pilot did not enrol: Intune is not configured for its user (0x8018002b).",
        estate=lambda: contoso(
            site__devices=(Device(), Device(number=1, name="PC002", enrolled=0, status_code=0x8018002B))
        ),
        fails={"COM080": "device PC002"},
    ),
    Defect(
        name="co-management-device-not-provisioned",
        story="A device of the pilot is enrolled, and not provisioned.",
        estate=lambda: contoso(site__devices=(Device(), Device(number=1, name="PC002", provisioned=0))),
        fails={"COM080": "device PC002"},
    ),
    Defect(
        name="co-management-device-waiting-for-the-policy",
        story="A device of the pilot waits for the co-management policy.",
        estate=lambda: contoso(site__devices=(Device(), Device(number=1, name="PC002", enrolled=0, policy_present=0))),
        unassessed={"COM080": "device PC002"},
    ),
    Defect(
        name="co-management-device-without-report",
        story="A device of the pilot has not reported its co-management state.",
        estate=lambda: contoso(site__devices=(Device(), Device(number=1, name="PC002", reported=False))),
        unassessed={"COM080": "device PC002"},
    ),
    Defect(
        name="co-management-unreachable-deployments",
        story="The site does not answer when it is asked where its co-management policies are deployed.",
        estate=lambda: contoso().unreachable("site/SMS_ConfigurationPolicyAssignment"),
        unread=("COM010", "COM020", "COM030", "COM040", "COM050", "COM060", "COM070"),
    ),
)
