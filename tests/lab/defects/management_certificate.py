"""The Azure management certificate of a classic deployment: what can be wrong with it, and what it changes."""

from __future__ import annotations

from comgmt_audit.recording.format import Absence, Reason
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso_2018

BOTH = "Azure management certificate"
PFX = "AzureManagementCert.pfx"
CER = "AzureManagementCert.cer"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="management-certificate-pfx-without-key",
        story="The .pfx of the Azure management certificate has no private key.",
        estate=lambda: contoso_2018(certificates__management_pfx__has_key=False),
        fails={"MGT010": PFX},
        blocked=("MGT020",),
    ),
    Defect(
        name="management-certificate-files-differ",
        story="The .cer is another certificate than the .pfx.",
        estate=lambda: contoso_2018(certificates__management_cer__role="root"),
        fails={"MGT020": BOTH},
    ),
    Defect(
        name="management-certificate-cer-is-pem",
        story="The .cer of the Azure management certificate was exported as Base-64.",
        estate=lambda: contoso_2018(certificates__management_cer__encoding="PEM"),
        fails={"MGT030": CER},
    ),
    Defect(
        name="management-certificate-ended",
        story="The Azure management certificate ended yesterday.",
        estate=lambda: contoso_2018(certificates__management__days_after=-1),
        fails={"MGT050": BOTH},
    ),
    Defect(
        name="management-certificate-key-of-1024-bits",
        story="The Azure management certificate has a key of 1024 bits.",
        estate=lambda: contoso_2018(certificates__management__key="rsa-1024"),
        fails={"MGT070": BOTH},
    ),
    Defect(
        name="management-certificate-pfx-locked",
        story="No password was given for the .pfx of the Azure management certificate.",
        estate=lambda: contoso_2018(certificates__management_pfx__opened=None),
        unassessed={"MGT020": PFX},
    ),
    Defect(
        name="management-certificate-pfx-all-encrypted",
        story="The .pfx of the Azure management certificate is encrypted as a whole, and no password was given.",
        estate=lambda: contoso_2018(
            certificates__management_pfx__opened=None, certificates__management_pfx__has_key=False
        ),
        unassessed={"MGT010": PFX, "MGT020": PFX},
    ),
    Defect(
        name="management-certificate-named-otherwise",
        story="Neither the subject nor the friendly name of the Azure management certificate is AzureManagementCert.",
        estate=lambda: contoso_2018(
            certificates__management__common_name="CM01.corp.contoso.com",
            certificates__management_pfx__friendly_name="Other",
        ),
        fails={"MGT040": BOTH},
    ),
    Defect(
        name="management-certificate-pfx-locked-and-named-otherwise",
        story="The subject is not AzureManagementCert, and no password was given for the .pfx with the friendly name.",
        estate=lambda: contoso_2018(
            certificates__management__common_name="CM01.corp.contoso.com", certificates__management_pfx__opened=None
        ),
        unassessed={"MGT020": PFX, "MGT040": BOTH},
    ),
    Defect(
        name="management-certificate-cer-missing",
        story="There is no .cer of the Azure management certificate where the design says.",
        estate=lambda: contoso_2018().with_(
            absences={"certificate-file/azuremanagementcert.cer": Absence(reason=Reason.ABSENT, detail="no such file")}
        ),
        fails={"MGT010": CER},
        unassessed={"MGT030": CER},
        blocked=("MGT020",),
    ),
    Defect(
        name="management-certificate-not-the-uploaded-one",
        story="Both files are of another certificate than the one in the subscription and at the cloud services.",
        estate=lambda: contoso_2018(
            certificates__management_pfx__role="distribution-point",
            certificates__management_cer__role="distribution-point",
        ),
        fails={"CDP070": "CDP testintunecdp.cloudapp.net", "CMG140": "CMG testintunecmg.cloudapp.net", "MGT060": BOTH},
    ),
)
