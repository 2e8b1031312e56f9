"""``python -m tests.lab.embed``: make the embedded environments of ``scan --demo`` again.

``tests/end_to_end/test_demo.py`` says when they are stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.lab import directory, people
from tests.lab.dns import GONE, Record
from tests.lab.estate import Estate, contoso, record
from tests.lab.hosts import Stored
from tests.lab.site_clients import Settings

FOLDER = Path(__file__).parents[2] / "comgmt_audit" / "demo"
USERS = 2000


def ready() -> Estate:
    """Contoso, ready for co-management."""
    return contoso(people__users=USERS)


def not_ready() -> Estate:
    """A believable mess: every defect was reported from the field."""
    estate = ready()
    for change in DEFECTS.values():
        estate = estate.with_(**change(estate))
    # Exported with AES256-SHA256, which a scale set takes; the ready one is TripleDES, as Windows makes by default.
    estate = estate.with_(
        certificates__gateway_pfx__key_encryption="PBES2/AES-256-CBC/HMAC-SHA-256",
        certificates__gateway_pfx__certificate_encryption="PBES2/AES-256-CBC/HMAC-SHA-256",
        certificates__gateway_pfx__mac="SHA-256",
    )
    return estate.refusing(
        "graph/mam-policies",
        "HTTP 403: the application's token may not read mobility policies",
        "Sign in as a user (device code or browser) with Policy.Read.All: no application permission reads it.",
    )


def _licences(estate: Estate) -> dict[str, Any]:
    overrides = {
        "bob": people.assigned(off=(people.PREMIUM,)),
        "carol": people.NOTHING,
        "dave": people.assigned(state="Error", error="CountViolation", group=estate.names.licence_group_id, held=False),
        "eve": {"usageLocation": None},
    }
    return {"people__overrides": overrides}


def _connection_point_names_the_old_tenant(estate: Estate) -> dict[str, Any]:
    old = "0f0f0f0f-0000-4000-8000-00000000001d"
    return {"directory__keywords": ("azureADName:contoso-old.onmicrosoft.com", f"azureADId:{old}")}


def _templates(estate: Estate) -> dict[str, Any]:
    web, client = estate.directory.web, estate.directory.client
    entries = (*(web.entries or ()), directory.Entry("domain-admins", directory.ENROLL))
    return {
        "directory__web": msgspec.structs.replace(web, private_key_flag=0x01010010, entries=entries),
        "directory__client": msgspec.structs.replace(client, private_key_flag=0x01010010),
    }


def _split_horizon(estate: Estate) -> dict[str, Any]:
    service, old = estate.names.gateway_service, "contosocmg.cloudapp.net"
    return {
        "dns__outside": {**estate.dns.outside, service: Record(cname=old), old: GONE},
        "dns__inside": {**estate.dns.inside, service: GONE},
    }


def _management_point_without_client_certificate(estate: Estate) -> dict[str, Any]:
    kept = tuple(stored for stored in estate.hosts.management_point.personal if stored.role != "mp-client")
    return {"hosts__management_point__personal": kept}


def _exportable_copy_left_behind(estate: Estate) -> dict[str, Any]:
    return {
        "hosts__site_server__personal": (*estate.hosts.site_server.personal, Stored(role="gateway", exportable=True))
    }


DEFECTS = {
    "users without licence, plan, seat or usage location": _licences,
    "hybrid join points to an old tenant": _connection_point_names_the_old_tenant,
    "the client app was never consented to": lambda estate: {"entra_apps__grants": ()},
    "the server app's secret ends in 12 days": lambda estate: {"entra_apps__secrets": (12.0,)},
    "the discovery's secret was refused after its last success": lambda estate: {
        "logs__discovery__current": (
            *estate.logs.discovery.current,
            (0.4, "ERROR: AADSTS7000215: Invalid client secret provided."),
        ),
    },
    "the site runs a version out of support": lambda estate: {"site__version": "5.00.9135.1000"},
    "templates let keys be exported, and Domain Admins enrol": _templates,
    "the CMG's certificate ends in 18 days": lambda estate: {"certificates__gateway__days_after": 18},
    "the CMG's file lacks its chain": lambda estate: {"certificates__gateway_pfx__path": ("gateway",)},
    "an exportable copy stayed in the store": _exportable_copy_left_behind,
    "the CRL is not on the internet": lambda estate: {"certificates__issuing_crl__outside": 404},
    "one issuing CA was not uploaded": lambda estate: {"certificates__uploaded": ("root",)},
    "the CNAME still leads to the classic service, and inside DNS has none": _split_horizon,
    "the connection point's server has no client certificate": _management_point_without_client_certificate,
    "the management point takes no internet clients": lambda estate: {"site__mp_internet": "0"},
    "client settings are not deployed": lambda estate: {
        "site__settings": (Settings(gateway=False, collections=()),),
    },
    "the Intune app's command line has its quotes in the wrong place": lambda estate: {
        "intune__command_line": f'CCMSETUPCMD="CCMHOSTNAME={estate.names.gateway_service}/CCM_Proxy_MutualAuth/'
        f'{estate.names.management_point_role_id}" SMSSITECODE="{estate.names.site_code}"'
    },
}


def write(folder: Path) -> list[Path]:
    """Write both environments into a folder; returns their paths."""
    paths = []
    for name, estate in {"ready": ready(), "not-ready": not_ready()}.items():
        path = folder / f"{name}.zip"
        path.unlink(missing_ok=True)
        paths.append(record(estate, path))
    return paths


if __name__ == "__main__":
    for made in write(FOLDER):
        sys.stdout.write(f"{made.name}: {made.stat().st_size} bytes\n")
