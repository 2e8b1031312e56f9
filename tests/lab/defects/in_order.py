"""What is unusual and in order: variations of Contoso that change nothing, or only what no longer applies."""

from __future__ import annotations

from tests.lab.defects.client_app import GOOD
from tests.lab.defects.defect import Defect
from tests.lab.defects.templates import RSA, cng
from tests.lab.estate import contoso, contoso_2018
from tests.lab.logs import Log
from tests.lab.people import principal

OF_CLIENT_CERTIFICATES = (
    *("CRL010", "CRL030", "CRL050", "CRL060", "CRL070", "CRL080", "CRL090", "CRL100"),
    *("HST100", "HST110", "HST120"),
    *("SIT050", "SIT060"),
    *("TPL210", "TPL220", "TPL240", "TPL250", "TPL260", "TPL270"),
)
"""Checks that have no meaning where clients have no certificates."""

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="in-order-cng-templates",
        story="Both templates make CNG keys by RSA, which every site since version 1802 takes.",
        estate=lambda: contoso(**cng("web", RSA), **cng("client", RSA)),
    ),
    Defect(
        name="in-order-wildcard-certificate",
        story="The CMG's certificate is for *.contoso.com.",
        estate=lambda: contoso(certificates__gateway__common_name="*.contoso.com"),
    ),
    Defect(
        name="in-order-key-of-4096-bits",
        story="The CMG's certificate has a key of 4096 bits.",
        estate=lambda: contoso(certificates__gateway__key="rsa-4096"),
    ),
    Defect(
        name="in-order-discovery-success-in-new-words",
        story="The discovery agent logs its success in the words of today.",
        estate=lambda: contoso(
            logs__discovery=Log(
                current=(
                    (200, "Retrieving AAD discovery settings from database..."),
                    (20, "Successfully published UDX for Microsoft Entra users"),
                )
            )
        ),
    ),
    Defect(
        name="in-order-user-certificate-gone-after-the-join",
        story="The sample client has no userCertificate in the directory any more, and has joined.",
        estate=lambda: contoso(directory__client_user_certificates=0),
    ),
    Defect(
        name="in-order-enhanced-http",
        story="The site is on Enhanced HTTP, its management point follows, and clients sign in with Entra ID.",
        estate=lambda: contoso(
            site__security_mask=1216,
            site__mp_ssl_state=0,
            design__site__communication="enhanced-http",
            design__clients__authentication="entra",
        ),
        not_applicable=(
            *OF_CLIENT_CERTIFICATES,
            *("DIR010", "DIR020", "DIR030", "DIR040"),
            *("HST010", "HST020", "HST030", "HST040", "HST050", "HST060", "HST130"),
            *("MPT030",),
            *("ROO010", "ROO020", "ROO030", "ROO040", "ROO050", "ROO060"),
            *("TPL010", "TPL020", "TPL030", "TPL050", "TPL070", "TPL080", "TPL090", "TPL100", "TPL110", "TPL130"),
        ),
        passes=("SIT030",),
    ),
    Defect(
        name="in-order-clients-sign-in-with-entra",
        story="Clients sign in to the CMG with Entra ID, so that no certificate of theirs is revoked.",
        estate=lambda: contoso(design__clients__authentication="entra"),
        not_applicable=OF_CLIENT_CERTIFICATES,
    ),
    Defect(
        name="in-order-app-id-uri-of-the-own-domain",
        story="The App ID URI of the server app is one of the own domain, in Entra and at the site.",
        estate=lambda: contoso(entra_apps__uris=("https://contoso.com/cm", contoso().names.app_id_uri)),
    ),
    Defect(
        name="in-order-alternate-sign-in-name",
        story="A user's sign-in name ends in corp.local: users sign in with another attribute.",
        estate=lambda: contoso(people__overrides={"frank": {"userPrincipalName": "frank@corp.local"}}),
    ),
    Defect(
        name="in-order-administrator-without-licence",
        story="The Global Administrator is an account of its own, which is none of the users and has no licence.",
        estate=lambda: contoso(people__administrators=(principal("user", "admin@contoso.com"),)),
    ),
    Defect(
        name="in-order-internet-only-management-point",
        story="The management point behind the CMG is for the internet only, beside another for the intranet.",
        estate=lambda: contoso(site__mp_intranet=0, site__intranet_mp=True, site__security_mask=1504),
        passes=("SIT030",),
    ),
    Defect(
        name="in-order-second-address-of-the-list",
        story="Clients' certificates name two addresses of the list, one of which answers.",
        estate=lambda: contoso(
            certificates__client__crl_urls=(
                "http://pki.contoso.com/CertEnroll/gone.crl",
                "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl",
            )
        ),
    ),
    Defect(
        name="in-order-2018-console-writes-no-compatibility",
        story="The web template was made by a console that writes no compatibility, which means Windows Server 2003.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=0x10),
    ),
    Defect(
        name="in-order-cmg-serves-content-without-cdp",
        story="Devices that are joined to Entra ID only get content from the CMG; there is no CDP.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True, design__gateway__serves_content="on"),
        passes=("CDP110",),
    ),
    Defect(
        name="in-order-command-line-of-the-console",
        story="The command line is the console's: its address ends in digits, and it has no AADTENANTID.",
        estate=lambda: contoso(intune__command_line=GOOD),
    ),
    Defect(
        name="in-order-noise-of-the-public-address",
        story="cloudmgr.log has the failed maintenance after a public address was made, which is to be ignored.",
        estate=lambda: contoso(
            logs__cloud_manager=Log(
                current=(
                    (300, "start"),
                    (20, "Resource Manager - Creating Public IP Address X with deployment CreatePublicIPAddress7f3e~~"),
                    (19.95, "ERROR: TaskManager: Task [Deployment Maintenance for service X] has failed. Exception"),
                    (1, "end"),
                )
            )
        ),
    ),
    Defect(
        name="in-order-federated-domain",
        story="The domain is federated: computers join without a userCertificate.",
        estate=lambda: contoso(tenant__domain_type="Federated", directory__client_user_certificates=0),
        not_applicable=("HYB070", "DEV010"),
    ),
)
