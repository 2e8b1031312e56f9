"""Conditional Access: which policies stand in the way, and what they change."""

from __future__ import annotations

from typing import Any

from tests.lab.conditional_access import INTUNE_ENROLMENT, LEGACY, healthy, policy
from tests.lab.defects.defect import Defect
from tests.lab.estate import Estate, contoso
from tests.lab.names import Names

SERVER_APP = Names().server_app_id


def _with(*policies: dict[str, Any]) -> Estate:
    return contoso(tenant__access_policies=(*healthy(SERVER_APP), *policies))


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="conditional-access-everything-blocked",
        story="A policy from a test blocks every application for all users, but for the server app.",
        estate=lambda: _with(policy("Lockdown", "block", excluded=(SERVER_APP,))),
        fails={"ENR100": "Conditional Access policy Lockdown"},
    ),
    Defect(
        name="conditional-access-intune-enrolment-blocked",
        story="A policy blocks the application Microsoft Intune Enrollment, to keep private devices out.",
        estate=lambda: _with(policy("No private devices", "block", applications=(INTUNE_ENROLMENT,))),
        fails={"ENR100": "Conditional Access policy No private devices"},
    ),
    Defect(
        name="conditional-access-device-registration-blocked",
        story="A policy blocks the user action Register or join devices.",
        estate=lambda: _with(
            policy("No joining", "block", applications=(), actions=("urn:user:registerdevice",)),
        ),
        fails={"ENR100": "Conditional Access policy No joining"},
    ),
    Defect(
        name="conditional-access-server-app-not-excluded",
        story="Multi-factor sign-in became mandatory for all applications, and nobody excluded the server app.",
        estate=lambda: contoso(tenant__access_policies=(policy("Require MFA", "mfa"), LEGACY)),
        fails={"APP140": "Conditional Access policy Require MFA"},
    ),
    Defect(
        name="conditional-access-no-policies",
        story="The tenant uses security defaults, and no policy of its own.",
        estate=lambda: contoso(tenant__access_policies=()),
        not_applicable=("APP140", "ENR100"),
    ),
    Defect(
        name="conditional-access-refused-policies",
        story="The scanner may not read Conditional Access policies.",
        estate=lambda: contoso().refusing("graph/conditional-access-policies"),
        unread=("APP140", "ENR100"),
    ),
    Defect(
        name="conditional-access-conditions-unsaid",
        story="Graph answers a policy without its conditions.",
        estate=lambda: contoso(
            tenant__access_policies=(*healthy(SERVER_APP), policy("Hidden", "block") | {"conditions": None})
        ),
        unassessed={"APP140": "Conditional Access policy Hidden", "ENR100": "Conditional Access policy Hidden"},
    ),
)
