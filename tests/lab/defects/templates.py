"""Certificate templates: what can be wrong with them, and what it changes."""

from __future__ import annotations

from typing import Any

from tests.lab import directory
from tests.lab.defects.defect import Defect
from tests.lab.directory import Entry
from tests.lab.estate import contoso, contoso_2018
from tests.lab.security_descriptor import descriptor

WEB = "template ConfigMgrCloudWebServer"
ADMINS_ENROL = (
    f"{WEB}: Enroll for Domain Admins of corp.contoso.com",
    f"{WEB}: Enroll for Enterprise Admins of corp.contoso.com",
)
ANYBODY_ENROLS = (
    f"{WEB}: Enroll for Authenticated Users",
    f"{WEB}: Enroll for Domain Computers of corp.contoso.com",
    f"{WEB}: Enroll for Domain Users of corp.contoso.com",
    f"{WEB}: Enroll for Everyone",
)
GROUP_ENROLS = (f"{WEB}: Enroll for ConfigMgr IIS Servers", f"{WEB}: Read for ConfigMgr IIS Servers")
CLIENT = "template ConfigMgrWorkstationAuth"

KSP = ("1,Microsoft Software Key Storage Provider",)
RSA = ("msPKI-Asymmetric-Algorithm`PZPWSTR`RSA`msPKI-Hash-Algorithm`PZPWSTR`SHA256`",)
ECC = ("msPKI-Asymmetric-Algorithm`PZPWSTR`ECDSA_P256`msPKI-Hash-Algorithm`PZPWSTR`SHA256`",)


def cng(template: str, algorithm: tuple[str, ...]) -> dict[str, Any]:
    """The properties of a template (``web``, ``client``) of today whose keys a key storage provider makes."""
    return {
        f"directory__{template}__schema_version": 4,
        f"directory__{template}__private_key_flag": 0x06060000,
        f"directory__{template}__providers": KSP,
        f"directory__{template}__request_policies": algorithm,
    }


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="templates-2018-web-missing",
        story="The template ConfigMgrCloudWebServer does not exist.",
        estate=lambda: contoso_2018(directory__web__exists=False),
        fails={"TPL010": WEB},
        blocked=(
            "TPL020",
            "TPL030",
            "TPL040",
            "TPL050",
            "TPL060",
            "TPL070",
            "TPL080",
            "TPL090",
            "TPL100",
            "TPL110",
            "TPL120",
        ),
    ),
    Defect(
        name="templates-2018-client-missing",
        story="The template ConfigMgrWorkstationAuth does not exist.",
        estate=lambda: contoso_2018(directory__client__exists=False),
        fails={"TPL210": CLIENT},
        blocked=("TPL110", "TPL220", "TPL230", "TPL240", "TPL250", "TPL260", "TPL270"),
    ),
    Defect(
        name="templates-2018-web-without-server-authentication",
        story="The web template is for client authentication.",
        estate=lambda: contoso_2018(directory__web__usages=(directory.CLIENT_AUTHENTICATION,)),
        fails={"TPL020": WEB},
    ),
    Defect(
        name="templates-2018-web-subject-from-directory",
        story="The web template builds the subject from Active Directory.",
        estate=lambda: contoso_2018(directory__web__name_flag=134217728),
        fails={"TPL030": WEB},
    ),
    Defect(
        name="templates-2018-web-subject-unread",
        story="The directory does not show where the web template's subject comes from.",
        estate=lambda: contoso_2018(directory__web__name_flag=None),
        unassessed={"TPL030": WEB},
    ),
    Defect(
        name="templates-2018-web-key-not-exportable",
        story="The web template does not allow the private key to be exported.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=16842752),
        fails={"TPL060": WEB},
    ),
    Defect(
        name="templates-2018-web-not-issued",
        story="No CA issues the web template.",
        estate=lambda: contoso_2018(directory__web__published=False),
        fails={"TPL090": WEB},
    ),
    Defect(
        name="templates-2018-web-needs-approval",
        story="Requests by the web template wait for a certificate manager's approval.",
        estate=lambda: contoso_2018(directory__web__enrolment_flag=2),
        fails={"TPL110": WEB},
    ),
    Defect(
        name="templates-2018-web-approval-unread",
        story="The directory does not show whether the web template needs approval.",
        estate=lambda: contoso_2018(directory__web__enrolment_flag=None),
        unassessed={"TPL110": WEB},
    ),
    Defect(
        name="templates-2018-web-cng-provider",
        story="The web template offers a CNG key storage provider only.",
        estate=lambda: contoso_2018(directory__web__providers=KSP),
        fails={"TPL120": WEB},
    ),
    Defect(
        name="templates-2018-web-provider-unsaid",
        story="The web template names no provider: the requester chooses.",
        estate=lambda: contoso_2018(directory__web__providers=()),
        unassessed={"TPL120": WEB},
    ),
    Defect(
        name="templates-2018-client-without-client-authentication",
        story="The client template is for server authentication.",
        estate=lambda: contoso_2018(directory__client__usages=(directory.SERVER_AUTHENTICATION,)),
        fails={"TPL220": CLIENT},
    ),
    Defect(
        name="templates-2018-client-key-exportable",
        story="The client template allows the private key to be exported.",
        estate=lambda: contoso_2018(directory__client__private_key_flag=16842768),
        fails={"TPL250": CLIENT},
    ),
    Defect(
        name="templates-2018-client-not-issued",
        story="No CA issues the client template.",
        estate=lambda: contoso_2018(directory__client__published=False),
        fails={"TPL270": CLIENT},
    ),
    Defect(
        name="templates-web-key-exportable",
        story="The web template's private key can be exported, and no cloud service needs that.",
        estate=lambda: contoso(directory__web__private_key_flag=16842768),
        fails={"TPL130": WEB},
    ),
    Defect(
        name="templates-web-key-flag-unread",
        story="The directory does not show whether the web template allows the private key to be exported.",
        estate=lambda: contoso(directory__web__private_key_flag=None),
        unassessed={"TPL130": WEB},
    ),
    Defect(
        name="templates-2018-web-key-flag-unread",
        story="The directory shows neither the web template's compatibility nor whether its key can be exported.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=None),
        unassessed={"TPL040": WEB, "TPL060": WEB},
    ),
    Defect(
        name="templates-2018-web-of-2008",
        story="The web template was made for Windows Server 2008, with a CNG provider.",
        estate=lambda: contoso_2018(directory__web__schema_version=3, directory__web__providers=KSP),
        fails={"TPL040": WEB},
        blocked=("TPL050", "TPL120"),
    ),
    Defect(
        name="templates-2018-web-compatibility-raised",
        story="The web template has schema version 2, and its compatibility was raised above Windows Server 2003.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=67502096),
        fails={"TPL040": WEB},
        blocked=("TPL050", "TPL120"),
    ),
    Defect(
        name="templates-2018-client-compatibility-raised",
        story="The client template's compatibility was raised to Windows Server 2008.",
        estate=lambda: contoso_2018(directory__client__private_key_flag=33685504),
        fails={"TPL230": CLIENT},
        blocked=("TPL240",),
    ),
    Defect(
        name="templates-forest-root-unread",
        story="The forest's root domain was not read, so that Enterprise Admins cannot be recognised.",
        estate=lambda: contoso(directory__forest_root=False),
        unassessed={"TPL070": "Enterprise Admins"},
    ),
    Defect(
        name="templates-web-group-without-enroll",
        story="ConfigMgr IIS Servers may read the web template, and may not enrol.",
        estate=lambda: contoso(directory__web__entries=(Entry("iis-group", (131220, None)),)),
        fails={"TPL080": f"{WEB}: Enroll for ConfigMgr IIS Servers"},
    ),
    Defect(
        name="templates-client-without-enroll",
        story="Domain Computers may read and write the client template, and may neither enrol nor autoenrol.",
        estate=lambda: contoso(directory__client__entries=(Entry("domain-computers", (983295, None)),)),
        fails={
            "TPL260": (
                f"{CLIENT}: Autoenroll for Domain Computers of corp.contoso.com",
                f"{CLIENT}: Enroll for Domain Computers of corp.contoso.com",
            )
        },
    ),
    Defect(
        name="templates-web-permissions-unread",
        story="The directory does not show who may enrol by the web template.",
        estate=lambda: contoso(directory__web__entries=None),
        unassessed={
            "TPL070": ADMINS_ENROL,
            "TPL080": GROUP_ENROLS,
            "TPL100": ANYBODY_ENROLS,
        },
    ),
    Defect(
        name="templates-client-permissions-unread",
        story="The directory does not show who may enrol by the client template.",
        estate=lambda: contoso(directory__client__entries=None),
        unassessed={
            "TPL260": (
                f"{CLIENT}: Autoenroll for Domain Computers of corp.contoso.com",
                f"{CLIENT}: Enroll for Domain Computers of corp.contoso.com",
                f"{CLIENT}: Read for Domain Computers of corp.contoso.com",
            )
        },
    ),
    Defect(
        name="templates-web-permissions-damaged",
        story="The web template's security descriptor is damaged.",
        estate=lambda: contoso(directory__web__descriptor=b"\x01\x00\x04\x80"),
        unassessed={
            "TPL070": ADMINS_ENROL,
            "TPL080": GROUP_ENROLS,
            "TPL100": ANYBODY_ENROLS,
        },
    ),
    Defect(
        name="templates-web-hidden-from-the-scanner",
        story="The scanner's account may not read the web template, so that it looks as if there were none.",
        estate=lambda: contoso(directory__web__hidden=True),
        unassessed=dict.fromkeys(
            ("TPL010", "TPL020", "TPL030", "TPL050", "TPL070", "TPL080", "TPL090", "TPL100", "TPL110", "TPL130"),
            "directory/certificate-templates",
        ),
    ),
    Defect(
        name="templates-client-hidden-from-the-scanner",
        story="The scanner's account may not read the client template, so that it looks as if there were none.",
        estate=lambda: contoso(directory__client__hidden=True),
        unassessed=dict.fromkeys(
            ("TPL110", "TPL210", "TPL220", "TPL240", "TPL250", "TPL260", "TPL270"), "directory/certificate-templates"
        ),
    ),
    Defect(
        name="templates-web-without-access-list",
        story="The web template has no access list at all: everybody may do everything.",
        estate=lambda: contoso(directory__web__descriptor=descriptor(None)),
        fails={
            "TPL070": ADMINS_ENROL,
            "TPL100": ANYBODY_ENROLS,
        },
    ),
    Defect(
        name="templates-web-elliptic-keys",
        story="The web template makes keys of an elliptic curve.",
        estate=lambda: contoso(**cng("web", ECC)),
        fails={"TPL050": WEB},
    ),
    Defect(
        name="templates-client-elliptic-keys",
        story="The client template makes keys of an elliptic curve.",
        estate=lambda: contoso(**cng("client", ECC)),
        fails={"TPL240": CLIENT},
    ),
    Defect(
        name="templates-web-cng-before-1710",
        story="The web template makes CNG keys, and the site is older than version 1710.",
        estate=lambda: contoso(**cng("web", RSA), site__version="5.00.8540.1000"),
        fails={"SIT010": "site PS1", "TPL050": f"{WEB}: management point"},
    ),
)
