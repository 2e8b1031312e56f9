"""The tenant itself. Protects everybody: nothing enrols where the tenant does not hand devices to Intune."""

from __future__ import annotations

from comgmt_audit import Family, Findings, Severity, Stage, check, require
from comgmt_audit.facts.tenant import MdmAuthority

from ._shared import learn

family = Family(code="TEN", title="Tenant", stage=Stage.TENANT)


@check(
    "TEN010",
    severity=Severity.CRITICAL,
    covers=["S08"],
    step="Prerequisites: on-premises infrastructure",
    refs=[learn("Set the MDM authority", "intune/intune-service/fundamentals/mdm-authority-set")],
)
def mdm_authority_is_intune(authority: MdmAuthority) -> Findings:
    """The MDM authority is Intune.

    Why: Devices enrol with whatever authority the tenant names; with any other value no device can be co-managed.
    Remedy: In the Microsoft Intune admin centre, open Tenant administration > Tenant status (or the banner on Devices)
    and choose Intune MDM Authority. A tenant that still shows `sccm` needs a support request.
    """
    yield require(authority, authority.value == "intune", expected="intune", actual=authority.value)
