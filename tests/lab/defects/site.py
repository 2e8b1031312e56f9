"""Site: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="site-a-version-between-two-of-the-list-is-not-assessed",
        story="A version between two of the list is not assessed.",
        estate=lambda: contoso(site__version="5.00.9136.1000"),
        outcomes={"SIT010": "not assessed"},
        subjects={},
    ),
    Defect(
        name="site-another-site-than-the-declared-one-fails",
        story="Another site than the declared one fails.",
        estate=lambda: contoso(design__site__code="XYZ"),
        outcomes={"BOO060": "fail", "SIT020": "fail"},
        subjects={
            "BOO060": frozenset(["app ConfigMgr Client Setup Bootstrap: SMSSITECODE"]),
            "SIT020": frozenset(["site XYZ"]),
        },
    ),
    Defect(
        name="site-a-site-that-thin-rights-hide-is-not-assessed",
        story="A site that thin rights hide is not assessed.",
        estate=lambda: contoso(site__listed=False),
        outcomes={
            "CMG030": "not assessed",
            "MPT020": "not assessed",
            "SIT010": "not assessed",
            "SIT020": "not assessed",
            "SIT030": "not assessed",
            "SIT050": "not assessed",
            "TPL050": "not assessed",
            "TPL240": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="site-thin-rights-alone-take-away-what-rests-on-absence",
        story="Thin rights alone take away what rests on absence.",
        estate=lambda: contoso(site__full_access=False),
        outcomes={
            "AZS030": "not assessed",
            "COM050": "not assessed",
            "COM060": "not assessed",
            "COM070": "not assessed",
            "CDP020": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="site-masks-without-pki-certificates-fail",
        story="Masks without pki certificates fail.",
        estate=lambda: contoso(site__security_mask=192),
        outcomes={"SIT050": "fail"},
        subjects={"SIT050": frozenset(["site PS1, communication security"])},
    ),
    Defect(
        name="site-a-mask-that-means-nothing-is-not-assessed",
        story="A mask that means nothing is not assessed.",
        estate=lambda: contoso(site__security_mask=0),
        outcomes={"SIT050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="site-an-http-management-point-without-enhanced-http-fails",
        story="An http management point without enhanced http fails.",
        estate=lambda: contoso(site__mp_ssl_state=0),
        outcomes={"MPT020": "fail", "MPT030": "fail", "SIT030": "fail"},
        subjects={
            "MPT020": frozenset(["site PS1, communication security"]),
            "MPT030": frozenset(["management point MP01.corp.contoso.com"]),
            "SIT030": frozenset(["site PS1, communication security"]),
        },
    ),
    Defect(
        name="site-nobody-who-is-full-administrator-over-all-scopes-fails",
        story="Nobody who is full administrator over all scopes fails.",
        estate=lambda: contoso(
            site__administrators=(
                ("CONTOSO\\cmadmin", ("Full Administrator",), ("Default",)),
                ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),
            )
        ),
        outcomes={"SIT040": "fail"},
        subjects={"SIT040": frozenset(["Full Administrator over all scopes"])},
    ),
    Defect(
        name="site-translated-role-names-are-not-assessed",
        story="Translated role names are not assessed.",
        estate=lambda: contoso(
            site__administrators=(
                ("CONTOSO\\cmadmin", ("Hauptadministrator",), ("Alle",)),
                ("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),
            )
        ),
        outcomes={"SIT040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="site-administrators-that-thin-rights-hide-are-not-assessed",
        story="Administrators that thin rights hide are not assessed.",
        estate=lambda: contoso(
            site__administrators=(("CONTOSO\\scanner", ("Read-only Analyst",), ("All",)),), site__full_access=False
        ),
        outcomes={
            "AZS030": "not assessed",
            "COM050": "not assessed",
            "COM060": "not assessed",
            "COM070": "not assessed",
            "CDP020": "not assessed",
            "SIT040": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="site-a-root-that-the-site-does-not-trust-fails",
        story="A root that the site does not trust fails.",
        estate=lambda: contoso(site__trusts_root=False),
        outcomes={"HST110": "fail", "SIT060": "fail"},
        subjects={
            "HST110": frozenset(["CN=PC001.corp.contoso.com (D070BE7D) on pc001.corp.contoso.com"]),
            "SIT060": frozenset(["Contoso Root CA in TrustedRootCert.cer"]),
        },
    ),
    Defect(
        name="site-a-trusted-root-list-that-was-not-recorded-is-not-assessed",
        story="A trusted root list that was not recorded is not assessed.",
        estate=lambda: contoso().unrecorded("site/trusted-root-list"),
        outcomes={"HST110": "not assessed", "SIT060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="site-requests-without-answer-are-not-assessed",
        story="Requests without answer are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_Site"),
        outcomes={
            "CMG030": "not assessed",
            "MPT020": "not assessed",
            "SIT010": "not assessed",
            "SIT020": "not assessed",
            "SIT030": "not assessed",
            "SIT050": "not assessed",
            "TPL050": "not assessed",
            "TPL240": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="site-requests-without-answer-are-not-assessed-2",
        story="Requests without answer are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_SCI_Component"),
        outcomes={"MPT020": "not assessed", "SIT030": "not assessed", "SIT050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="site-requests-without-answer-are-not-assessed-3",
        story="Requests without answer are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_Admin"),
        outcomes={"SIT040": "not assessed"},
        subjects={},
    ),
)
