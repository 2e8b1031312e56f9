"""The site: what can be wrong with it and with what it shows, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.defects.thin_rights import THIN_RIGHTS
from tests.lab.estate import contoso

COMMUNICATION = "site PS1, communication security"
ADMINISTRATOR = "Full Administrator over all scopes"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="site-version-undocumented",
        story="The site's version is between two that Microsoft lists.",
        estate=lambda: contoso(site__version="5.00.9136.1000"),
        unassessed={"SIT010": "site PS1"},
    ),
    Defect(
        name="site-code-differs",
        story="The design's site code is XYZ, and the site is PS1.",
        estate=lambda: contoso(design__site__code="XYZ"),
        fails={"BOO060": "app ConfigMgr Client Setup Bootstrap: SMSSITECODE", "SIT020": "site XYZ"},
    ),
    Defect(
        name="site-hidden-from-the-scanner",
        story="The site shows the scanner's account no site at all.",
        estate=lambda: contoso(site__listed=False),
        unassessed=dict.fromkeys(
            ("CMG030", "MPT020", "SIT010", "SIT020", "SIT030", "SIT050", "TPL050", "TPL240"), "site/SMS_Site"
        ),
    ),
    Defect(
        name="site-thin-rights",
        story="The scanner's account may see some of the site's rows only.",
        estate=lambda: contoso(site__full_access=False),
        unassessed=THIN_RIGHTS,
    ),
    Defect(
        name="site-without-pki-certificates",
        story="The site does not use clients' PKI certificates.",
        estate=lambda: contoso(site__security_mask=192),
        fails={"SIT050": COMMUNICATION},
    ),
    Defect(
        name="site-communication-unsaid",
        story="The site does not say how clients communicate.",
        estate=lambda: contoso(site__security_mask=0),
        unassessed={"SIT050": COMMUNICATION},
    ),
    Defect(
        name="site-http-without-enhanced-http",
        story="The management point follows the site to HTTP, and Enhanced HTTP is not on.",
        estate=lambda: contoso(site__mp_ssl_state=0),
        fails={"SIT030": COMMUNICATION, "MPT030": "management point MP01.corp.contoso.com"},
        blocked=("MPT020", "MPT040"),
    ),
    Defect(
        name="site-full-administrator-limited",
        story="The only Full Administrator is limited to the scope Default.",
        estate=lambda: contoso(
            site__administrators=(
                ("CONTOSO\\cmadmin", ("Full Administrator",), ("Default",)),
                ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),
            )
        ),
        fails={"SIT040": ADMINISTRATOR},
    ),
    Defect(
        name="site-role-names-translated",
        story="The site's roles and scopes have German names, and their ids were not shown.",
        estate=lambda: contoso(
            site__administrators=(
                ("CONTOSO\\cmadmin", ("Hauptadministrator",), ("Alle",)),
                ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),
            )
        ),
        unassessed={"SIT040": ADMINISTRATOR},
    ),
    Defect(
        name="site-administrators-hidden-by-thin-rights",
        story="The site shows no Full Administrator to the scanner's account, which may see some rows only.",
        estate=lambda: contoso(
            site__administrators=(("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),), site__full_access=False
        ),
        unassessed=THIN_RIGHTS | {"SIT040": ADMINISTRATOR},
    ),
    Defect(
        name="site-does-not-trust-the-root",
        story="The own root CA is not in the site's list of trusted root certification authorities.",
        estate=lambda: contoso(site__trusts_root=False),
        fails={
            "HST110": "CN=PC001.corp.contoso.com (D070BE7D) on pc001.corp.contoso.com",
            "SIT060": "Contoso Root CA in TrustedRootCert.cer",
        },
    ),
    Defect(
        name="site-trusted-roots-unrecorded",
        story="The site's list of trusted root certification authorities was not handed in.",
        estate=lambda: contoso().unrecorded("site/trusted-root-list"),
        unread=("HST110", "SIT060"),
    ),
    Defect(
        name="site-refused-sites",
        story="The site refuses to list its sites.",
        estate=lambda: contoso().refusing("site/SMS_Site"),
        unread=("CMG030", "MPT020", "SIT010", "SIT020", "SIT030", "SIT050", "TPL050", "TPL240"),
    ),
    Defect(
        name="site-refused-components",
        story="The site refuses to list the settings of its components.",
        estate=lambda: contoso().refusing("site/SMS_SCI_Component"),
        unread=("MPT020", "SIT030", "SIT050"),
    ),
    Defect(
        name="site-refused-administrators",
        story="The site refuses to list its administrative users.",
        estate=lambda: contoso().refusing("site/SMS_Admin"),
        unread=("SIT040",),
    ),
    Defect(
        name="site-version-out-of-support",
        story="The site runs version 2503, whose support has ended.",
        estate=lambda: contoso(site__version="5.00.9135.1000"),
        fails={"SIT010": "site PS1"},
    ),
    Defect(
        name="site-version-near-its-end",
        story="The site's version is supported for 169 more days, and the design wants a warning 170 days before.",
        estate=lambda: contoso(design__horizons={"support_days": 170}),
        fails={"SIT010": "site PS1"},
    ),
    Defect(
        name="site-version-1810",
        story="The site runs version 1810.",
        estate=lambda: contoso(site__version="5.00.8740.1000"),
        fails={"SIT010": "site PS1"},
    ),
    Defect(
        name="site-version-2111",
        story="The site runs version 2111, whose console dies after the sign-in to Azure.",
        estate=lambda: contoso(site__version="5.00.9068.1000"),
        fails={"SIT010": "site PS1"},
    ),
)
