"""Logs: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.logs import Log

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="logs-the-tutorial-knew-one-spelling-only",
        story="The tutorial knew one spelling only.",
        estate=lambda: contoso_2018(
            logs__discovery=Log(
                current=(
                    (200, "Retrieving AAD discovery settings from database..."),
                    (20, "Successfully published UDX for Microsoft Entra users"),
                    (1, "Retrieving AAD discovery settings from database..."),
                )
            )
        ),
        outcomes={"LOG010": "fail", "LOG020": "not assessed"},
        subjects={"LOG010": frozenset(["sms_azuread_discovery_agent.log on cm01.corp.contoso.com"])},
    ),
    Defect(
        name="logs-a-file-that-was-not-read-leaves-a-gap",
        story="A file that was not read leaves a gap.",
        estate=lambda: contoso(
            logs__discovery=Log(
                rolled=(
                    (300, "Retrieving AAD discovery settings from database..."),
                    (200, "Retrieving AAD discovery settings from database..."),
                ),
                current=(
                    (160, "Retrieving AAD discovery settings from database..."),
                    (1, "Retrieving AAD discovery settings from database..."),
                ),
            )
        ).refusing("log/cm01.corp.contoso.com/sms_azuread_discovery_agent" + ".log"),
        outcomes={"LOG010": "not assessed", "LOG020": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-a-deployment-under-way-is-not-assessed",
        story="A deployment under way is not assessed.",
        estate=lambda: contoso(
            logs__cloud_manager=Log(current=((300, "start"), (0.1, "Waiting for check if container exists.")))
        ),
        outcomes={"LOG030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-a-part-of-the-log-proves-no-absence-of-failures",
        story="A part of the log proves no absence of failures.",
        estate=lambda: contoso(logs__cloud_manager=Log(current=((300, "start"), (1, "end")), complete=False)),
        outcomes={"LOG030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-a-success-in-the-roll-over-passes-nothing-where-the-log-itself-was-refused",
        story="A success in the roll over passes nothing where the log itself was refused.",
        estate=lambda: contoso(
            logs__discovery=Log(
                rolled=(
                    (200, "Retrieving AAD discovery settings from database..."),
                    (30, "Successfully published UDX for Azure Active Directory users"),
                ),
                current=((1, "Retrieving AAD discovery settings from database..."),),
            )
        ).refusing(f"{'log/cm01.corp.contoso.com/sms_azuread_discovery_agent'}.log"),
        outcomes={"LOG010": "not assessed", "LOG020": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-an-old-copy-of-the-log-says-nothing",
        story="An old copy of the log says nothing.",
        estate=lambda: contoso(logs__cloud_manager=Log(current=((400, "start"), (300, "end")))),
        outcomes={"LOG030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-a-management-point-that-answers-with-an-error-fails",
        story="A management point that answers with an error fails.",
        estate=lambda: contoso(
            logs__management_point=Log(
                current=(
                    (3, "Call to HttpSendRequestSync succeeded for port 443 with status code 200, text: OK"),
                    (2, f"Call to HttpSendRequestSync failed for port 443 with status code {'403, text: Forbidden'}"),
                )
            )
        ),
        outcomes={"LOG050": "fail"},
        subjects={"LOG050": frozenset(["mpcontrol.log on cm01.corp.contoso.com"])},
    ),
    Defect(
        name="logs-a-management-point-that-was-not-tested-is-not-assessed",
        story="A management point that was not tested is not assessed.",
        estate=lambda: contoso(logs__management_point=Log(current=((3, "start"),))),
        outcomes={"LOG050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="logs-a-sample-of-no-client-is-in-order",
        story="A sample of no client is in order.",
        estate=lambda: contoso().unrecorded("log/pc001.corp.contoso.com/comanagementhandler.log"),
        outcomes={"LOG060": "not applicable"},
        subjects={},
    ),
    Defect(
        name="logs-a-sample-of-no-client-is-in-order-2",
        story="A sample of no client is in order.",
        estate=lambda: contoso().refusing("log/pc001.corp.contoso.com/comanagementhandler.log"),
        outcomes={"LOG060": "not assessed"},
        subjects={},
    ),
)
