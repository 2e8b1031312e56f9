"""Management certificate: defects of Contoso and what they change."""

from __future__ import annotations

from comgmt_audit.recording.format import Absence, Reason
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso_2018

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="management-certificate-one-change",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management_pfx__has_key=False),
        outcomes={"MGT010": "fail", "MGT020": "blocked"},
        subjects={"MGT010": frozenset(["AzureManagementCert.pfx"])},
    ),
    Defect(
        name="management-certificate-one-change-2",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management_cer__role="root"),
        outcomes={"MGT020": "fail"},
        subjects={"MGT020": frozenset(["Azure management certificate"])},
    ),
    Defect(
        name="management-certificate-one-change-3",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management_cer__encoding="PEM"),
        outcomes={"MGT030": "fail"},
        subjects={"MGT030": frozenset(["AzureManagementCert.cer"])},
    ),
    Defect(
        name="management-certificate-one-change-4",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management__days_after=-1),
        outcomes={"MGT050": "fail"},
        subjects={"MGT050": frozenset(["Azure management certificate"])},
    ),
    Defect(
        name="management-certificate-one-change-5",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management__key="rsa-1024"),
        outcomes={"MGT070": "fail"},
        subjects={"MGT070": frozenset(["Azure management certificate"])},
    ),
    Defect(
        name="management-certificate-one-change-6",
        story="One change.",
        estate=lambda: contoso_2018(certificates__management_pfx__opened=None),
        outcomes={"MGT020": "not assessed"},
        subjects={},
    ),
    Defect(
        name="management-certificate-neither-name-is-the-agreed-one",
        story="Neither name is the agreed one.",
        estate=lambda: contoso_2018(
            certificates__management__common_name="CM01.corp.contoso.com",
            certificates__management_pfx__friendly_name="Other",
        ),
        outcomes={"MGT040": "fail"},
        subjects={"MGT040": frozenset(["Azure management certificate"])},
    ),
    Defect(
        name="management-certificate-a-friendly-name-in-a-locked-file-is-not-known",
        story="A friendly name in a locked file is not known.",
        estate=lambda: contoso_2018(
            certificates__management__common_name="CM01.corp.contoso.com", certificates__management_pfx__opened=None
        ),
        outcomes={"MGT020": "not assessed", "MGT040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="management-certificate-a-file-that-is-known-not-to-exist-fails",
        story="A file that is known not to exist fails.",
        estate=lambda: contoso_2018().with_(
            absences={"certificate-file/azuremanagementcert.cer": Absence(reason=Reason.ABSENT, detail="no such file")}
        ),
        outcomes={"MGT010": "fail", "MGT020": "blocked", "MGT030": "not assessed"},
        subjects={"MGT010": frozenset(["AzureManagementCert.cer"])},
    ),
    Defect(
        name="management-certificate-another-certificate-than-the-uploaded-one-fails",
        story="Another certificate than the uploaded one fails.",
        estate=lambda: contoso_2018(
            certificates__management_pfx__role="distribution-point",
            certificates__management_cer__role="distribution-point",
        ),
        outcomes={"CDP070": "fail", "CMG140": "fail", "MGT060": "fail"},
        subjects={
            "CDP070": frozenset(["CDP testintunecdp.cloudapp.net"]),
            "CMG140": frozenset(["CMG testintunecmg.cloudapp.net"]),
            "MGT060": frozenset(["Azure management certificate"]),
        },
    ),
)
