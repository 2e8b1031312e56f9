"""Logs: what they can tell, or hide, and what it changes."""

from __future__ import annotations

from checks.hosts import AUTOENROLMENT_KEY
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.logs import ANSWERED, PUBLISHED, Log

DISCOVERY = "sms_azuread_discovery_agent.log on cm01.corp.contoso.com"
DISCOVERY_FILE = "log/cm01.corp.contoso.com/sms_azuread_discovery_agent"
CYCLE = "Retrieving AAD discovery settings from database..."
CLOUDMGR = "cloudmgr.log on cm01.corp.contoso.com"
CONNECTOR = "sms_cloud_proxyconnector.log on mp01.corp.contoso.com"
CLIENT = "comanagementhandler.log on pc001.corp.contoso.com"
TRACING = "HKLM\\SOFTWARE\\Microsoft\\SMS\\Tracing\\{}"
MPCONTROL = "mpcontrol.log on cm01.corp.contoso.com"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="logs-2018-discovery-success-in-new-words",
        story="The discovery agent logs its success in the words of today, which the tutorial does not know.",
        estate=lambda: contoso_2018(
            logs__discovery=Log(
                current=(
                    (200, CYCLE),
                    (20, "Successfully published UDX for Microsoft Entra users"),
                    (1, CYCLE),
                )
            )
        ),
        fails={"LOG010": DISCOVERY},
        unassessed={"LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-discovery-log-unread",
        story="The discovery agent's log was refused; its roll-over has no success.",
        estate=lambda: contoso(
            logs__discovery=Log(
                rolled=(
                    (300, CYCLE),
                    (200, CYCLE),
                ),
                current=(
                    (160, CYCLE),
                    (1, CYCLE),
                ),
            )
        ).refusing(f"{DISCOVERY_FILE}.log"),
        unassessed={"LOG010": DISCOVERY, "LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-cmg-deployment-under-way",
        story="cloudmgr.log ends amid a deployment of the CMG.",
        estate=lambda: contoso(
            logs__cloud_manager=Log(current=((300, "start"), (0.1, "Waiting for check if container exists.")))
        ),
        unassessed={"LOG030": CLOUDMGR},
    ),
    Defect(
        name="logs-cloudmgr-log-incomplete",
        story="Only the newest part of cloudmgr.log was read.",
        estate=lambda: contoso(logs__cloud_manager=Log(current=((300, "start"), (1, "end")), complete=False)),
        unassessed={"LOG030": CLOUDMGR},
    ),
    Defect(
        name="logs-discovery-success-in-the-roll-over-only",
        story="The roll-over of the discovery agent's log has a success; the log itself was refused.",
        estate=lambda: contoso(
            logs__discovery=Log(
                rolled=(
                    (200, CYCLE),
                    (30, "Successfully published UDX for Azure Active Directory users"),
                ),
                current=((1, CYCLE),),
            )
        ).refusing(f"{DISCOVERY_FILE}.log"),
        unassessed={"LOG010": DISCOVERY, "LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-cloudmgr-log-is-an-old-copy",
        story="cloudmgr.log is a copy that ends long before the scan.",
        estate=lambda: contoso(logs__cloud_manager=Log(current=((400, "start"), (300, "end")))),
        unassessed={"LOG030": CLOUDMGR},
    ),
    Defect(
        name="logs-management-point-answers-403",
        story="mpcontrol.log ends with the status 403 of the management point.",
        estate=lambda: contoso(
            logs__management_point=Log(
                current=(
                    (3, "Call to HttpSendRequestSync succeeded for port 443 with status code 200, text: OK"),
                    (2, "Call to HttpSendRequestSync failed for port 443 with status code 403, text: Forbidden"),
                )
            )
        ),
        fails={"LOG050": MPCONTROL},
    ),
    Defect(
        name="logs-management-point-untested",
        story="mpcontrol.log has no test of the management point.",
        estate=lambda: contoso(logs__management_point=Log(current=((3, "start"),))),
        unassessed={"LOG050": MPCONTROL},
    ),
    Defect(
        name="logs-no-client-log-collected",
        story="No log of a sample client was collected.",
        estate=lambda: contoso().unrecorded("log/pc001.corp.contoso.com/comanagementhandler.log"),
        not_applicable=("LOG060",),
    ),
    Defect(
        name="logs-client-log-refused",
        story="CoManagementHandler.log of the sample client could not be read.",
        estate=lambda: contoso().refusing("log/pc001.corp.contoso.com/comanagementhandler.log"),
        unassessed={"LOG060": "comanagementhandler.log on pc001.corp.contoso.com"},
    ),
    Defect(
        name="logs-discovery-without-secret",
        story="The discovery agent logs that it could not get the server app's secret, and no success.",
        estate=lambda: contoso(
            logs__discovery=Log(
                current=((200, CYCLE), (10, "Could not obtain application secret for tenant 72f988bf."))
            )
        ),
        fails={"LOG010": DISCOVERY, "LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-discovery-secret-expired",
        story="After its last success the discovery agent logs that the server app's secret has expired.",
        estate=lambda: contoso(
            logs__discovery=Log(
                current=(
                    (200, CYCLE),
                    (20, PUBLISHED),
                    (10, "AADSTS7000222: The provided client secret keys are expired."),
                )
            )
        ),
        fails={"LOG010": DISCOVERY},
    ),
    Defect(
        name="logs-cmg-maintenance-failed",
        story="cloudmgr.log has a failed maintenance task of the CMG.",
        estate=lambda: contoso(
            logs__cloud_manager=Log(
                current=(
                    (300, "start"),
                    (20, "ERROR: TaskManager: Task [Deployment Maintenance for service X] has failed. Exception"),
                    (1, "end"),
                )
            )
        ),
        fails={"LOG030": CLOUDMGR},
    ),
    Defect(
        name="logs-connection-point-without-client-certificate",
        story="The CMG connection point is refused, because it shows no client certificate.",
        estate=lambda: contoso(
            logs__connection_point=Log(
                current=((3, ANSWERED), (2, "ResponseHeader: HTTP/1.1 403 CMGConnector_Clientcertificaterequired~~"))
            )
        ),
        fails={"LOG040": CONNECTOR},
    ),
    Defect(
        name="logs-connection-point-without-role-certificate",
        story="The CMG connection point, alone on its server, waits for a role certificate.",
        estate=lambda: contoso(
            logs__connection_point=Log(current=((3, ANSWERED), (2, "missing role certificate. reload in next cycle")))
        ),
        fails={"LOG040": CONNECTOR},
    ),
    Defect(
        name="logs-connection-point-forbidden",
        story="The management point refuses the CMG connection point, as where IIS has another certificate bound.",
        estate=lambda: contoso(
            logs__connection_point=Log(
                current=((3, ANSWERED), (2, "ResponseHeader: HTTP/1.1 403 CMGConnector_Forbidden~~"))
            )
        ),
        fails={"LOG040": CONNECTOR},
    ),
    Defect(
        name="logs-client-enrolment-failed",
        story="The sample client's enrolment failed, because multi-factor sign-in was asked for.",
        estate=lambda: contoso(
            logs__co_management=Log(
                current=((3, "Device is provisioned"), (2, "MDM enrollment failed with error code 0x8018002a"))
            )
        ),
        fails={"LOG060": CLIENT},
    ),
    Defect(
        name="logs-client-enrolment-not-configured",
        story="CoManagementHandler.log of the sample client says that enrolment is not configured for its user.",
        estate=lambda: contoso(
            logs__co_management=Log(
                current=(
                    (2, "MDM enrollment hasn't been configured yet on AAD, or the enrollment url isn't expected."),
                )
            )
        ),
        fails={"LOG060": CLIENT},
    ),
    Defect(
        name="logs-discovery-success-is-not-logged",
        story="The discovery agent's logging level is 3, errors only, so its log has neither a success nor a failure.",
        estate=lambda: contoso(
            logs__discovery=Log(current=((200, "start"), (1, "end"))),
            hosts__site_server__registry={TRACING.format("SMS_AZUREAD_DISCOVERY_AGENT"): {"LoggingLevel": 3}},
        ),
        unassessed={"LOG010": DISCOVERY, "LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-recovery-of-the-connection-point-is-not-logged",
        story="The CMG connection point logs warnings and errors only: its last line is a refusal of two hours ago.",
        estate=lambda: contoso(
            logs__connection_point=Log(current=((2, "ResponseHeader: HTTP/1.1 403 CMGConnector_Forbidden~~"),)),
            hosts__management_point__registry={TRACING.format("SMS_CLOUD_PROXYCONNECTOR"): {"LoggingLevel": 2}},
        ),
        unassessed={"LOG040": CONNECTOR},
    ),
    Defect(
        name="logs-client-logs-errors-only",
        story="The sample client logs errors only: that its enrolment was tried again, and how, is not written.",
        estate=lambda: contoso(
            logs__co_management=Log(current=((9, "MDM enrollment failed with error code 0x8018002a"),)),
            hosts__client__registry={
                AUTOENROLMENT_KEY: {"AEPolicy": 7},
                "HKLM\\SOFTWARE\\Microsoft\\CCM\\Logging\\@Global": {"LogLevel": 3},
            },
        ),
        unassessed={"LOG060": CLIENT},
    ),
    Defect(
        name="logs-discovery-failure-in-a-log-of-one-day",
        story="The discovery agent's log begins a day ago and has a failure only; what came before has rolled away.",
        estate=lambda: contoso(
            logs__discovery=Log(current=((20, CYCLE), (10, "Could not obtain application secret for tenant 72f988bf.")))
        ),
        fails={"LOG010": DISCOVERY},
        unassessed={"LOG020": DISCOVERY},
    ),
    Defect(
        name="logs-own-line-says-failure",
        story="CloudMgr.log has a line that Contoso's own catalogue knows as a failure.",
        estate=lambda: contoso(
            design__logs={"catalogues": ["our-lines.toml"]},
            logs__cloud_manager=Log(
                current=((300, "start"), (20, "Contoso: proxy-07 refused the site server"), (1, "end"))
            ),
        ),
        fails={"LOG070": CLOUDMGR},
    ),
    Defect(
        name="logs-own-line-says-nothing-new",
        story="Contoso's own catalogue knows lines, and CloudMgr.log has none of them.",
        estate=lambda: contoso(design__logs={"catalogues": ["our-lines.toml"]}),
        passes=("LOG070",),
    ),
    Defect(
        name="logs-own-log-was-not-recorded",
        story="Contoso's own catalogue names a log of its agent, which no folder has.",
        estate=lambda: contoso(design__logs={"catalogues": ["our-lines.toml", "our-agent-lines.toml"]}),
        unassessed={"LOG070": "contoso agent.log"},
    ),
    Defect(
        name="logs-client-waits-to-enrol",
        story="CoManagementHandler.log of the sample client says that it waits its turn to enrol.",
        estate=lambda: contoso(
            logs__co_management=Log(current=((2, "Queuing enrollment timer to fire at 11/25/2026"),))
        ),
        unassessed={"LOG060": CLIENT},
    ),
    Defect(
        name="logs-client-sent-to-a-gateway-that-was-replaced",
        story="The sample client still goes by a gateway that was replaced since it was last in the network.",
        estate=lambda: contoso(logs__client_gateway="cmg-old.contoso.com"),
        fails={"LOG080": "locationservices.log on pc001.corp.contoso.com"},
    ),
    Defect(
        name="logs-client-that-was-never-outside",
        story="The sample client has never left the network, so its log tells of no gateway.",
        estate=lambda: contoso(logs__client_gateway=None),
        not_applicable=("LOG080",),
    ),
)
