"""Entra apps: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="entra-apps-an-application-of-another-tenant-is-there-but-cannot-be-looked-into",
        story="An application of another tenant is there but cannot be looked into.",
        estate=lambda: contoso(entra_apps__client=False),
        outcomes={"APP060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="entra-apps-a-client-app-without-the-brokers-redirect-fails",
        story="A client app without the brokers redirect fails.",
        estate=lambda: contoso(entra_apps__redirects=()),
        outcomes={"APP060": "fail"},
        subjects={"APP060": frozenset(["application ConfigMgr Client App (7506ee10-f7ec-415a-b415-cd3d58790d97)"])},
    ),
    Defect(
        name="entra-apps-a-client-app-without-consent-for-all-fails",
        story="A client app without consent for all fails.",
        estate=lambda: contoso(entra_apps__grants=()),
        outcomes={"APP080": "fail"},
        subjects={"APP080": frozenset(["client app 7506ee10-f7ec-415a-b415-cd3d58790d97"])},
    ),
    Defect(
        name="entra-apps-a-server-app-that-may-not-read-the-directory-fails",
        story="A server app that may not read the directory fails.",
        estate=lambda: contoso(entra_apps__roles=()),
        outcomes={"APP090": "fail"},
        subjects={"APP090": frozenset(["server app 7078946d-fc1c-43b7-8dee-dd6e6b00d783"])},
    ),
    Defect(
        name="entra-apps-a-secret-that-ends-fails",
        story="A secret that ends fails.",
        estate=lambda: contoso(entra_apps__secrets=(30.0,)),
        outcomes={"APP100": "fail"},
        subjects={"APP100": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"])},
    ),
    Defect(
        name="entra-apps-without-consent-nothing-is-said-of-it",
        story="Without consent nothing is said of it.",
        estate=lambda: contoso().refusing("graph/oauth2-permission-grants"),
        outcomes={"APP080": "not assessed"},
        subjects={},
    ),
    Defect(
        name="entra-apps-without-consent-nothing-is-said-of-it-2",
        story="Without consent nothing is said of it.",
        estate=lambda: contoso().refusing("graph/app-role-assignments"),
        outcomes={"APP090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="entra-apps-a-list-without-microsoft-graph-is-not-whole",
        story="A list without microsoft graph is not whole.",
        estate=lambda: contoso(entra_apps__graph_principal=False),
        outcomes={"APP090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="entra-apps-a-uri-need-not-be-the-default",
        story="A uri need not be the default.",
        estate=lambda: contoso(entra_apps__uris=("https://contoso.com/cm",)),
        outcomes={"APP110": "fail"},
        subjects={"APP110": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"])},
    ),
    Defect(
        name="entra-apps-a-domain-that-merely-looks-verified-is-none",
        story="A domain that merely looks verified is none.",
        estate=lambda: contoso(entra_apps__uris=("https://evilcontoso.com/cm",)),
        outcomes={"APP050": "fail", "APP110": "fail"},
        subjects={
            "APP050": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"]),
            "APP110": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"]),
        },
    ),
    Defect(
        name="entra-apps-the-server-app-was-deleted",
        story="The server app was deleted.",
        estate=lambda: contoso(entra_apps__server=False, entra_apps__server_principal=None),
        outcomes={
            "APP010": "fail",
            "APP030": "blocked",
            "APP040": "blocked",
            "APP050": "blocked",
            "APP070": "blocked",
            "APP080": "blocked",
            "APP090": "blocked",
            "APP100": "blocked",
            "APP110": "fail",
            "APP130": "blocked",
            "APP140": "blocked",
        },
        subjects={
            "APP010": frozenset(["server app 7078946d-fc1c-43b7-8dee-dd6e6b00d783"]),
            "APP110": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"]),
        },
    ),
)
