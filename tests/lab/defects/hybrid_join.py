"""Hybrid join: what can be wrong with the service connection point and the clients' join, beside what hosts tell."""

from __future__ import annotations

from tests.lab.defects.defect import IN_USE, Defect
from tests.lab.estate import contoso
from tests.lab.hosts import AUTOENROLMENT_KEY, Joined
from tests.lab.names import Names

TENANT_ID = Names().tenant_id
TENANT = f"azureADId:{TENANT_ID}"
DSREGCMD = "host/pc001.corp.contoso.com/dsregcmd"
CLIENT_SIDE = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\CDJ\\AAD"
CLIENT = "pc001.corp.contoso.com"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="hybrid-join-scp-names-another-tenant",
        story="The service connection point names another tenant.",
        estate=lambda: contoso(
            directory__keywords=("azureADName:contoso.com", "azureADId:11111111-0000-4000-8000-000000000001")
        ),
        fails={"HYB020": "service connection point of the forest: azureADId"},
    ),
    Defect(
        name="hybrid-join-client-not-joined",
        story="dsregcmd of the sample client says AzureAdJoined: NO.",
        estate=lambda: contoso(hosts__joined__entra="NO"),
        fails={"HYB030": CLIENT},
        blocked=("HYB040", "HYB050", "HYB060", "HYB080"),
    ),
    Defect(
        name="hybrid-join-client-join-unsaid",
        story="dsregcmd of the sample client has no line AzureAdJoined.",
        estate=lambda: contoso(hosts__joined__entra=None),
        unassessed={"HYB030": CLIENT},
    ),
    Defect(
        name="hybrid-join-client-in-another-tenant",
        story="The sample client has joined another tenant.",
        estate=lambda: contoso(hosts__joined__tenant_id="11111111-0000-4000-8000-000000000001"),
        fails={"HYB040": CLIENT},
        blocked=("HYB050",),
    ),
    Defect(
        name="hybrid-join-client-tenant-unsaid",
        story="dsregcmd of the sample client does not say which tenant it has joined.",
        estate=lambda: contoso(hosts__joined__tenant_id=None),
        unassessed={"HYB040": CLIENT},
    ),
    Defect(
        name="hybrid-join-client-without-mdm-url",
        story="The sample client knows no MDM address, as where its user is outside the MDM user scope.",
        estate=lambda: contoso(hosts__joined__mdm_url=None),
        fails={"HYB050": CLIENT},
    ),
    Defect(
        name="hybrid-join-device-disabled-in-entra",
        story="The sample client's device was disabled or deleted in Entra.",
        estate=lambda: contoso(hosts__joined__device_authentication="FAILED. Device is either disabled or deleted"),
        fails={"HYB060": CLIENT},
    ),
    Defect(
        name="hybrid-join-device-state-unknown",
        story="The sample client could not ask Entra for the state of its device.",
        estate=lambda: contoso(hosts__joined__device_authentication="FAILED. ERROR"),
        unassessed={"HYB060": CLIENT},
    ),
    Defect(
        name="hybrid-join-dsregcmd-not-recognised",
        story="What was collected from the sample client is an error message, and not the output of dsregcmd.",
        estate=lambda: contoso(hosts__joined__text="'dsregcmd' is not recognized"),
        unassessed=dict.fromkeys(("HYB030", "HYB040", "HYB050", "HYB060", "HYB080"), CLIENT),
    ),
    Defect(
        name="hybrid-join-user-certificate-unread",
        story="The directory does not show the sample client's attribute userCertificate.",
        estate=lambda: contoso(directory__client_user_certificates=None),
        unassessed={"HYB070": CLIENT},
    ),
    Defect(
        name="hybrid-join-user-certificate-empty",
        story="The sample client has no userCertificate in the directory: Entra Connect does not synchronise it.",
        estate=lambda: contoso(directory__client_user_certificates=0, hosts__joined__entra="NO"),
        fails={"HYB030": CLIENT, "HYB070": "computer pc001.corp.contoso.com"},
        blocked=("HYB040", "HYB050", "HYB060", "HYB080"),
    ),
    Defect(
        name="hybrid-join-scp-missing",
        story="The forest has no service connection point.",
        estate=lambda: contoso(directory__connection_point_exists=False),
        fails={"HYB010": "service connection point of the forest"},
        blocked=("HYB020",),
    ),
    Defect(
        name="hybrid-join-scp-names-an-unverified-domain",
        story="The service connection point names fabrikam.com, which is no verified domain of the tenant.",
        estate=lambda: contoso(directory__keywords=(TENANT, "azureADName:fabrikam.com")),
        fails={"HYB020": "service connection point of the forest: azureADName"},
    ),
    Defect(
        name="hybrid-join-scp-without-keywords",
        story="The service connection point exists, and names no tenant.",
        estate=lambda: contoso(directory__keywords=()),
        fails={
            "HYB020": (
                "service connection point of the forest: azureADId",
                "service connection point of the forest: azureADName",
            )
        },
    ),
    Defect(
        name="hybrid-join-controlled-roll-out",
        story="The forest has no service connection point; the sample client names the tenant in its own registry.",
        estate=lambda: contoso(
            directory__connection_point_exists=False,
            hosts__client__registry={AUTOENROLMENT_KEY: {"AEPolicy": 7}, CLIENT_SIDE: {"TenantId": TENANT_ID}},
        ),
        not_applicable=("HYB010", "HYB020"),
    ),
    Defect(
        name="hybrid-join-client-without-mdm-url-to-winrm",
        story="dsregcmd ran by WinRM, and shows no MDM address to an account that is not the client's user.",
        estate=lambda: contoso(hosts__joined=Joined(mdm_url="", by_winrm=True)),
        unassessed={"HYB050": CLIENT, "HYB080": CLIENT},
    ),
    Defect(
        name="hybrid-join-no-sample-clients",
        story="The design names no sample client.",
        estate=lambda: contoso(design__clients__samples=[]),
        unassessed=dict.fromkeys(
            (
                "HST020",
                "HST100",
                "HST110",
                "HST120",
                "HYB030",
                "HYB040",
                "HYB050",
                "HYB060",
                "HYB070",
                "HYB080",
                "CRL070",
                "CRL080",
                "CRL090",
                "CRL100",
            ),
            (),
        )
        | dict.fromkeys(("CRL010", "CRL030", "CRL050", "CRL060", *IN_USE), "client certificates"),
    ),
    Defect(
        name="hybrid-join-dsregcmd-unrecorded",
        story="The output of dsregcmd was not collected from the sample client.",
        estate=lambda: contoso().unrecorded(DSREGCMD),
        unassessed=dict.fromkeys(("HYB030", "HYB040", "HYB050", "HYB060", "HYB080"), CLIENT),
    ),
    Defect(
        name="hybrid-join-refused-service-connection-point",
        story="The directory refuses to show the service connection point.",
        estate=lambda: contoso().refusing("directory/service-connection-point"),
        unread=("HYB010", "HYB020"),
    ),
    Defect(
        name="hybrid-join-refused-tenant",
        story="Microsoft Graph refuses to say which domains the tenant has.",
        estate=lambda: contoso().refusing("graph/organization"),
        unread=(
            *("DNS100", "APP050", "APP110", "DEV010", "HYB020", "HYB040", "HYB070", "SUB040"),
            *("TEN020", "TEN030", "TEN040", "USR040"),
        ),
    ),
    Defect(
        name="hybrid-join-client-registered-as-well",
        story="A user added a work account to the sample client before it joined: it is registered as well.",
        estate=lambda: contoso(hosts__joined__registered="YES"),
        fails={"HYB080": CLIENT},
    ),
    Defect(
        name="hybrid-join-client-registration-unsaid",
        story="dsregcmd of the sample client does not say whether it is registered for a user.",
        estate=lambda: contoso(hosts__joined__registered=None),
        unassessed={"HYB080": CLIENT},
    ),
)
