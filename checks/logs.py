"""Logs. Protects against a green console over a service that failed last night: the newest word of each log counts."""

from __future__ import annotations

from collections.abc import Iterable

from comgmt_audit import Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.logs import (
    CloudManagerLogs,
    CoManagementLogs,
    ConnectionPointLogs,
    DiscoveryLogs,
    Hit,
    LogState,
    ManagementPointLogs,
)
from comgmt_audit.log_catalogue import Kind

from ._scope import enabled
from ._shared import learn

family = Family(code="LOG", title="Logs", stage=Stage.AZURE_SERVICES)
