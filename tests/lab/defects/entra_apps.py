"""Entra applications: what can be wrong with the server app and the client app, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.entra_apps import application
from tests.lab.estate import contoso
from tests.lab.names import Names

SERVER = "application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"
CLIENT = "application ConfigMgr Client App (7506ee10-f7ec-415a-b415-cd3d58790d97)"
SERVER_ID = "server app 7078946d-fc1c-43b7-8dee-dd6e6b00d783"
CLIENT_ID = "client app 7506ee10-f7ec-415a-b415-cd3d58790d97"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="entra-apps-redirect-of-2309-missing",
        story="The site was updated, but nobody updated the application settings: the redirect URI is missing.",
        estate=lambda: contoso(entra_apps__web_redirects=("https://ConfigMgrService",)),
        fails={"APP130": SERVER},
    ),
    Defect(
        name="entra-apps-client-app-of-another-tenant",
        story="The client app is registered in another tenant, so that its redirects are not shown here.",
        estate=lambda: contoso(entra_apps__client=False),
        unassessed={"APP060": CLIENT_ID},
    ),
    Defect(
        name="entra-apps-client-app-without-redirect",
        story="The client app lacks the redirect URI ms-appx-web://Microsoft.AAD.BrokerPlugin/<its id>.",
        estate=lambda: contoso(entra_apps__redirects=()),
        fails={"APP060": CLIENT},
    ),
    Defect(
        name="entra-apps-client-app-without-consent",
        story="Nobody gave admin consent to the client app.",
        estate=lambda: contoso(entra_apps__grants=()),
        fails={"APP080": CLIENT_ID},
    ),
    Defect(
        name="entra-apps-server-app-without-directory-read",
        story="The server app was not granted Directory.Read.All, so that no user is discovered.",
        estate=lambda: contoso(entra_apps__roles=()),
        fails={"APP090": SERVER_ID},
    ),
    Defect(
        name="entra-apps-secret-ends-soon",
        story="The server app's only secret ends in 30 days.",
        estate=lambda: contoso(entra_apps__secrets=(30.0,)),
        fails={"APP100": SERVER},
    ),
    Defect(
        name="entra-apps-refused-delegated-consent",
        story="Microsoft Graph refuses to show the delegated permissions that were granted.",
        estate=lambda: contoso().refusing("graph/oauth2-permission-grants"),
        unread=("APP080",),
    ),
    Defect(
        name="entra-apps-refused-application-consent",
        story="Microsoft Graph refuses to show the application permissions that were granted.",
        estate=lambda: contoso().refusing("graph/app-role-assignments"),
        unread=("APP090",),
    ),
    Defect(
        name="entra-apps-microsoft-graph-not-listed",
        story="The list of service principals lacks Microsoft Graph's own, by which permissions get their names.",
        estate=lambda: contoso(entra_apps__graph_principal=False),
        unassessed={"APP090": SERVER_ID},
    ),
    Defect(
        name="entra-apps-uri-changed-in-entra",
        story="The server app's App ID URI was changed in Entra, and the site has the former one.",
        estate=lambda: contoso(entra_apps__uris=("https://contoso.com/cm",)),
        fails={"APP110": SERVER},
    ),
    Defect(
        name="entra-apps-uri-of-an-unverified-domain",
        story="The server app's App ID URI is of evilcontoso.com, which is no verified domain of the tenant.",
        estate=lambda: contoso(entra_apps__uris=("https://evilcontoso.com/cm",)),
        fails={"APP050": SERVER, "APP110": SERVER},
    ),
    Defect(
        name="entra-apps-server-app-deleted",
        story="The server app was deleted in Entra; the site still names it.",
        estate=lambda: contoso(entra_apps__server=False, entra_apps__server_principal=None),
        fails={"APP010": SERVER_ID, "APP110": SERVER},
        blocked=("APP030", "APP040", "APP050", "APP070", "APP080", "APP090", "APP100", "APP130", "APP140"),
    ),
    Defect(
        name="entra-apps-server-app-without-uri",
        story="The server app has no App ID URI.",
        estate=lambda: contoso(entra_apps__uris=()),
        fails={"APP030": SERVER, "APP110": SERVER},
        blocked=("APP040", "APP050"),
    ),
    Defect(
        name="entra-apps-uri-of-two-applications",
        story="The server app of a second site has the same App ID URI.",
        estate=lambda: contoso(
            entra_apps__others=(
                application("aaaaaaaa-0000-4000-8000-000000000003", "Second site", uris=(Names().app_id_uri,)),
            )
        ),
        fails={"APP040": "App ID URI api://72f988bf-0000-4000-8000-2d7cd011db00/ConfigMgrService"},
    ),
    Defect(
        name="entra-apps-server-app-sign-in-disabled",
        story="The server app is disabled for sign-in in Entra.",
        estate=lambda: contoso(entra_apps__server_principal=False),
        fails={"APP070": SERVER_ID},
        blocked=("APP080", "APP090"),
    ),
    Defect(
        name="entra-apps-uri-of-old-form",
        story="The server app's App ID URI has the old form https://ConfigMgrService.",
        estate=lambda: contoso(entra_apps__uris=("https://ConfigMgrService",)),
        fails={"APP050": SERVER, "APP110": SERVER},
    ),
    Defect(
        name="entra-apps-secret-ended",
        story="The server app's only secret ended yesterday.",
        estate=lambda: contoso(entra_apps__secrets=(-1.0,)),
        fails={"APP100": SERVER},
    ),
)
