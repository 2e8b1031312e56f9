"""Conditional Access, redirect URIs and enrolment domains: defects of Contoso's tenant and what they change."""

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
        name="conditional-access-everything-is-blocked-for-everybody",
        story="A policy from a test blocks every application for all users, but for the server app.",
        estate=lambda: _with(policy("Lockdown", "block", excluded=(SERVER_APP,))),
        outcomes={"ENR100": "fail"},
        subjects={"ENR100": frozenset(["Conditional Access policy Lockdown"])},
    ),
    Defect(
        name="conditional-access-intune-enrolment-is-blocked",
        story="A policy blocks the application Microsoft Intune Enrollment, to keep private devices out.",
        estate=lambda: _with(policy("No private devices", "block", applications=(INTUNE_ENROLMENT,))),
        outcomes={"ENR100": "fail"},
        subjects={"ENR100": frozenset(["Conditional Access policy No private devices"])},
    ),
    Defect(
        name="conditional-access-registering-a-device-is-blocked",
        story="A policy blocks the user action Register or join devices.",
        estate=lambda: _with(
            policy("No joining", "block", applications=(), actions=("urn:user:registerdevice",)),
        ),
        outcomes={"ENR100": "fail"},
        subjects={"ENR100": frozenset(["Conditional Access policy No joining"])},
    ),
    Defect(
        name="conditional-access-the-server-app-is-forgotten",
        story="Multi-factor sign-in became mandatory for all applications, and nobody excluded the server app.",
        estate=lambda: contoso(tenant__access_policies=(policy("Require MFA", "mfa"), LEGACY)),
        outcomes={"APP140": "fail"},
        subjects={"APP140": frozenset(["Conditional Access policy Require MFA"])},
    ),
    Defect(
        name="conditional-access-no-policy-is-switched-on",
        story="The tenant uses security defaults, and no policy of its own.",
        estate=lambda: contoso(tenant__access_policies=()),
        outcomes={"ENR100": "not applicable", "APP140": "not applicable"},
    ),
    Defect(
        name="conditional-access-policies-that-are-refused-prove-nothing",
        story="The scanner may not read Conditional Access policies.",
        estate=lambda: contoso().refusing("graph/conditional-access-policies"),
        outcomes={"ENR100": "not assessed", "APP140": "not assessed"},
    ),
    Defect(
        name="conditional-access-conditions-that-are-null-prove-nothing",
        story="Graph answers a policy without its conditions.",
        estate=lambda: contoso(
            tenant__access_policies=(*healthy(SERVER_APP), policy("Hidden", "block") | {"conditions": None})
        ),
        outcomes={"ENR100": "not assessed", "APP140": "not assessed"},
    ),
    Defect(
        name="entra-apps-the-server-app-is-from-before-2309",
        story="The site was updated, but nobody updated the application settings: the redirect URI is missing.",
        estate=lambda: contoso(entra_apps__web_redirects=("https://ConfigMgrService",)),
        outcomes={"APP130": "fail"},
        subjects={"APP130": frozenset(["application ConfigMgr Server App (7078946d-fc1c-43b7-8dee-dd6e6b00d783)"])},
    ),
    Defect(
        name="dns-the-domain-of-a-merger-has-no-enrolment-names",
        story="After a merger users sign in with fabrikam.com, for which nobody made the enrolment records.",
        estate=lambda: contoso(
            tenant__more_domains=("fabrikam.com", "unused.example"),
            people__overrides={"bob": {"userPrincipalName": "bob@Fabrikam.com"}},
        ),
        outcomes={"DNS100": "fail"},
        subjects={"DNS100": frozenset(["domain fabrikam.com"])},
    ),
)
