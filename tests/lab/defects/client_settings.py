"""Client settings: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso
from tests.lab.site_clients import Settings

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="client-settings-stronger-settings-on-the-same-collection-win",
        story="Stronger settings on the same collection win.",
        estate=lambda: contoso(
            site__settings=(Settings(priority=2), Settings(name="Kiosks", priority=1, gateway=False))
        ),
        outcomes={"CLS040": "fail"},
        subjects={"CLS040": frozenset(["client settings Co-mgmt device settings"])},
    ),
    Defect(
        name="client-settings-refused-requests-are-not-assessed",
        story="Refused requests are not assessed.",
        estate=lambda: contoso().refusing("site/SMS_ClientSettings"),
        outcomes={
            "CLS010": "not assessed",
            "CLS020": "not assessed",
            "CLS030": "not assessed",
            "CLS040": "not assessed",
            "CLS050": "not assessed",
        },
        subjects={},
    ),
)
