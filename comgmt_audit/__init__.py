"""Read-only preflight scanner for Configuration Manager + Intune co-management with PKI.

The public API for authors of checks::

    from comgmt_audit import Family, Findings, Severity, Stage, check, require
    from comgmt_audit.facts.certificates import CloudCertificates
"""

from comgmt_audit.authoring import Findings, cannot_tell, check, require
from comgmt_audit.baselines import Baseline
from comgmt_audit.design import Design
from comgmt_audit.errors import NotApplicable
from comgmt_audit.model import Evidence, Family, Finding, Outcome, Reference, Severity, Stage
from comgmt_audit.version import __version__

__all__ = [
    "Baseline",
    "Design",
    "Evidence",
    "Family",
    "Finding",
    "Findings",
    "NotApplicable",
    "Outcome",
    "Reference",
    "Severity",
    "Stage",
    "__version__",
    "cannot_tell",
    "check",
    "require",
]
