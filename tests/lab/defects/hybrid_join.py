"""Hybrid join: what can be wrong with the service connection point and the clients' join, beside what hosts tell."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
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
        unassessed={"HYB050": CLIENT},
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
                "CRL070",
                "CRL080",
                "CRL090",
                "CRL100",
            ),
            (),
        )
        | dict.fromkeys(("CRL010", "CRL030", "CRL050", "CRL060", "CRL120"), "client certificates"),
    ),
    Defect(
        name="hybrid-join-dsregcmd-unrecorded",
        story="The output of dsregcmd was not collected from the sample client.",
        estate=lambda: contoso().unrecorded(DSREGCMD),
        unassessed=dict.fromkeys(("HYB030", "HYB040", "HYB050", "HYB060"), CLIENT),
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
        unread=("DNS100", "APP050", "APP110", "HYB020", "HYB040", "HYB070", "SUB040", "TEN020", "TEN030", "TEN040"),
    ),
)
