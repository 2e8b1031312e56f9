"""A month of nightly scans over a lab that changes: what each night says, and whom it wakes.

Each night the clock has gone on, logs have grown, CAs have published new lists, the directory has synchronised. None of
that is drift. What is changed on purpose is named with its place; nights without a change say nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import Struct

pytest.importorskip("apprise", reason="not installed: apprise (extra watch)")
pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")

from comgmt_audit import cli
from tests.end_to_end.test_notifications import Hook, Watched, hook, serving, watched
from tests.lab.dns import GONE
from tests.lab.estate import Estate, contoso

__all__ = ["Hook", "hook", "serving", "watched"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
    pytest.mark.timeout(300),
]

ALIAS = "enterpriseenrollment.contoso.com"
OUTSIDE = f"dns/outside/{ALIAS}"
AUTHORITY = "graph/mdm-authority"
SERVICES = ("tls/inside/cmg.contoso.com:443", "tls/outside/cmg.contoso.com:443")


class Night(Struct, frozen=True, kw_only=True):
    """What is done before the scan of one night, and what it must say; the rest is as the night before."""

    done: dict[str, Any] = {}
    refused: tuple[str, ...] = ()
    verdicts: frozenset[tuple[str, str]] = frozenset()
    """(what became of it, check), but for what still fails."""
    values: frozenset[tuple[str, str, str]] = frozenset()
    """(kind, observation, path)."""
    unseen: frozenset[str] = frozenset()
    told: str = ""
    """The title of the message, without the environment."""


def verdicts(**changes: str) -> frozenset[tuple[str, str]]:
    return frozenset((change, check) for check, change in changes.items())


NIGHTS = {
    0: Night(told="ready; the first scan"),
    2: Night(
        done={"tenant__mdm_authority": "sccm"},
        verdicts=verdicts(TEN010="new"),
        values=frozenset({("changed", AUTHORITY, "/mobileDeviceManagementAuthority")}),
        told="not ready; 1 new, was ready",
    ),
    3: Night(
        done={"tenant__mdm_authority": "intune"},
        verdicts=verdicts(TEN010="fixed"),
        values=frozenset({("changed", AUTHORITY, "/mobileDeviceManagementAuthority")}),
        told="ready; 1 fixed, was not ready",
    ),
    5: Night(
        done={"dns__outside": {ALIAS: GONE}},
        verdicts=verdicts(DNS090="new"),
        values=frozenset(
            {
                ("removed", OUTSIDE, ""),  # where the alias led to
                ("changed", OUTSIDE, "/code"),
                ("removed", OUTSIDE, "/records/-"),
            }
        ),
        told="ready; 1 new",
    ),
    # A right that was lost for a night: nothing is fixed, nothing is removed, and nothing new comes back with it.
    7: Night(refused=(AUTHORITY,), unseen=frozenset({AUTHORITY}), told="cannot tell; was ready"),
    8: Night(unseen=frozenset({AUTHORITY}), told="ready; was cannot tell"),
    9: Night(
        done={"dns__outside": {}},
        verdicts=verdicts(DNS090="fixed"),
        values=frozenset({("added", OUTSIDE, ""), ("changed", OUTSIDE, "/code"), ("added", OUTSIDE, "/records/-")}),
        told="ready; 1 fixed",
    ),
    11: Night(
        done={"directory__iis_members": ("CM01",)},
        values=frozenset({("removed", "directory/groups", "/member/-")}),
    ),
    12: Night(
        done={"directory__iis_members": ("CM01", "MP01")},
        values=frozenset({("added", "directory/groups", "/member/-")}),
    ),
    14: Night(
        done={"people__overrides": {"bob": {"displayName": "Bob B."}}},
        values=frozenset({("added", "graph/users", "/displayName")}),
    ),
    # The certificate of the CMG is renewed: the file, the site, and what is really served.
    16: Night(
        done={"certificates__gateway__days_after": 700},
        values=frozenset(
            {
                ("changed", "certificate-file/configmgrcloudmgserver.pfx", "about/sha256"),
                ("changed", "site/SMS_AzureService", "/ServiceThumbprint"),
                *((kind, "host/cm01.corp.contoso.com/key-files", "/files/-") for kind in ("added", "removed")),
                *(
                    (kind, where, "")
                    for kind in ("added", "removed")
                    for where in ("certificate-file/configmgrcloudmgserver.pfx", *SERVICES)
                ),
            }
        ),
    ),
    18: Night(
        done={"site__version": "5.00.9135.1000"},
        verdicts=verdicts(SIT010="new"),
        values=frozenset({("changed", "site/SMS_Site", path) for path in ("/BuildNumber", "/Version")}),
        told="not ready; 1 new, 1 expired, was ready",  # Microsoft's support of it ended
    ),
    # Five days before its end a secret comes into sight; one day before it, and at its end, it is told again.
    20: Night(
        done={"entra_apps__secrets": (25.0,)},
        verdicts=verdicts(APP100="new"),
        values=frozenset(
            {
                (
                    "changed",
                    "graph/applications",
                    "/passwordCredentials[keyId=44444444-0000-4000-8000-000000000000]/endDateTime",
                )
            }
        ),
        told="not ready; 1 new, 1 about to expire",
    ),
    24: Night(told="not ready; 1 about to expire"),
    25: Night(verdicts=verdicts(APP100="worse"), told="not ready; 1 worse, 1 expired"),
    27: Night(
        done={"tls__gateway__protocols": ("TLSv1.2",)},
        values=frozenset({("changed", where, "about/protocol") for where in SERVICES}),
    ),
}


def test_each_night_names_what_was_changed_and_nothing_else(watched: Watched, hook: Hook, tmp_path, capsys):
    done: dict[str, Any] = {}
    for number in range(30):
        night = NIGHTS.get(number, Night())
        done |= night.done
        estate = contoso(days_later=number, **done)
        for observation in night.refused:
            estate = estate.refusing(observation)
        heard = len(hook.heard)
        watched.night(estate, "--quiet")
        assert [one["title"] for one in hook.heard[heard:]] == ([f"Contoso: {night.told}"] if night.told else []), (
            number
        )
        if number:
            _drift(night, number, tmp_path, capsys)


def _drift(night: Night, number: int, folder: Any, capsys: Any) -> None:
    report = folder / "drift.json"
    pair = (folder / f"night-{number - 1}", folder / f"night-{number}")
    code = cli.main(["drift", *map(str, pair), "--json", str(report), "--quiet"])
    capsys.readouterr()
    drift = msgspec.json.decode(report.read_bytes())
    news = [one for one in drift["verdicts"].get("changes", []) if one["change"] != "still failing"]
    assert {(one["change"], one["check"]) for one in news} == night.verdicts, number
    assert len(news) == len(night.verdicts), number
    values = {(one["kind"], one["observation"], one.get("path", "")) for one in drift["values"]}
    assert values == night.values, number
    assert {one.partition(": ")[0] for one in drift.get("unseen", [])} == night.unseen, number
    assert code == (1 if night.verdicts or night.values else 3 if night.unseen else 0), number


def test_the_history_knows_since_when_and_what_came_and_went(watched: Watched, hook: Hook, tmp_path, capsys):
    broken = {"tenant__mdm_authority": "sccm"}
    nights: list[Estate] = [contoso(days_later=day, **(broken if day in {1, 3, 5, 6} else {})) for day in range(7)]
    for estate in nights:
        watched.night(estate, "--quiet")
    assert cli.main(["drift", f"--history={tmp_path / 'history.sqlite'}"]) == 0
    out = capsys.readouterr().out
    assert "TEN010 (critical) MDM authority; found: sccm; since 2026-11-29 (1 day); comes and goes" in out
