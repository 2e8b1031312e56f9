"""The management point and the CMG connection point: what can be wrong with them, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso

MP = "management point MP01.corp.contoso.com"
COMMUNICATION = "site PS1, communication security"
CONNECTION_POINT = "CMG connection point MP01.corp.contoso.com"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="management-point-not-on-the-declared-server",
        story="The design names MP99 as management point, which has no such role; nothing was collected from it.",
        estate=lambda: contoso(design__site__management_point="MP99.corp.contoso.com"),
        fails={
            "MPT010": "management point MP99.corp.contoso.com",
            "TLS060": "management point mp99.corp.contoso.com (inside)",
        },
        unassessed=dict.fromkeys(("HST010", "HST050", "HST060"), "mp99.corp.contoso.com")
        | dict.fromkeys(("HST030", "HST040", "HST130"), "host/mp99.corp.contoso.com"),
        blocked=("MPT030", "MPT040", "MPT050"),
    ),
    Defect(
        name="management-point-missing",
        story="The site has no management point.",
        estate=lambda: contoso(site__management_points=0),
        fails={"MPT010": MP, "MPT020": COMMUNICATION},
        blocked=("MPT030", "MPT040", "MPT050"),
    ),
    Defect(
        name="management-point-hidden-by-thin-rights",
        story="The site shows no management point to the scanner's account, which may see some rows only.",
        estate=lambda: contoso(site__management_points=0, site__full_access=False),
        unassessed=THIN_RIGHTS
        | dict.fromkeys(("MPT010", "MPT020", "MPT030", "MPT040", "MPT050", "SIT030"), "site/SMS_SCI_SysResUse"),
    ),
    Defect(
        name="management-point-always-http",
        story="The management point is set to HTTP.",
        estate=lambda: contoso(site__mp_ssl_state=4),
        fails={"SIT030": COMMUNICATION, "MPT030": MP},
        blocked=("MPT020", "MPT040"),
    ),
    Defect(
        name="management-point-protocol-unsaid",
        story="The site does not say by which protocol the management point is reached.",
        estate=lambda: contoso(site__mp_ssl_state=None),
        unassessed={"MPT020": COMMUNICATION, "SIT030": COMMUNICATION, "MPT030": MP},
    ),
    Defect(
        name="management-point-refuses-cmg-traffic",
        story="The management point does not allow cloud management gateway traffic.",
        estate=lambda: contoso(site__mp_allows_gateway=0),
        fails={"MPT040": MP},
    ),
    Defect(
        name="management-point-cmg-traffic-unsaid",
        story="The site does not say whether the management point allows cloud management gateway traffic.",
        estate=lambda: contoso(site__mp_allows_gateway=None),
        unassessed={"MPT040": MP},
    ),
    Defect(
        name="management-point-intranet-only",
        story="The management point allows intranet connections only.",
        estate=lambda: contoso(site__mp_internet="0"),
        fails={"MPT050": MP},
    ),
    Defect(
        name="management-point-connections-unsaid",
        story="The site does not say which connections the management point allows.",
        estate=lambda: contoso(site__mp_internet=None),
        unassessed={"MPT050": MP},
    ),
    Defect(
        name="management-point-no-connection-point",
        story="The site has no CMG connection point.",
        estate=lambda: contoso(site__connection_point=None),
        fails={"MPT070": CONNECTION_POINT},
        blocked=("MPT080",),
    ),
    Defect(
        name="management-point-connection-point-elsewhere",
        story="The CMG connection point is on the site server, and the design says on the management point.",
        estate=lambda: contoso(site__connection_point="CM01.corp.contoso.com"),
        fails={"MPT070": CONNECTION_POINT},
        blocked=("MPT080",),
    ),
    Defect(
        name="management-point-connector-stopped",
        story="The component of the CMG connection point is stopped.",
        estate=lambda: contoso(site__proxy_state=0, site__proxy_status=0),
        fails={"MPT080": "SMS_CLOUD_PROXYCONNECTOR on MP01.corp.contoso.com"},
    ),
    Defect(
        name="management-point-connector-state-unsaid",
        story="The site does not say whether the component of the CMG connection point runs.",
        estate=lambda: contoso(site__proxy_state=None),
        unassessed={"MPT080": CONNECTION_POINT},
    ),
    Defect(
        name="management-point-refused-roles",
        story="The site refuses to list its site system roles.",
        estate=lambda: contoso().refusing("site/SMS_SCI_SysResUse"),
        unread=("MPT010", "MPT020", "MPT030", "MPT040", "MPT050", "MPT070", "MPT080", "SIT030"),
    ),
    Defect(
        name="management-point-refused-component-status",
        story="The site refuses to list the status of its components.",
        estate=lambda: contoso().refusing("site/SMS_ComponentSummarizer"),
        unread=("AZS050", "MPT080"),
    ),
    Defect(
        name="management-point-enhanced-http-for-pki-clients",
        story="Clients have certificates only, and the site is on Enhanced HTTP, where they cannot use them.",
        estate=lambda: contoso(
            site__security_mask=1216,
            design__site__communication="enhanced-http",
            design__clients__authentication="pki",
            site__mp_ssl_state=0,
        ),
        fails={"MPT060": MP, "SIT050": COMMUNICATION},
        not_applicable=(
            "CRL060",
            "DIR040",
            "HST030",
            "HST040",
            "HST050",
            "HST060",
            "HST130",
            "MPT030",
            "TPL010",
            "TPL020",
            "TPL030",
            "TPL050",
            "TPL070",
            "TPL080",
            "TPL090",
            "TPL100",
            "TPL130",
        ),
        passes=("SIT030",),
    ),
)
