"""What is expected, as data: ``current`` (today's Microsoft guidance) and ``tutorial-2018`` (the source document).

A baseline is a TOML file; every value has an entry in ``[sources]`` that says which document asks for it, and as of
when. A user's own baseline may start from one of ours with ``extends = "current"``.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from comgmt_audit.errors import BaselineError

_HERE = Path(__file__).parent


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document that asks for a value, and the date of the version that was read."""

    document: str
    date: dt.date
    url: str = ""


class Build(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Configuration Manager current branch version (``2509``: build ``9141``), its release and end of support."""

    version: str
    build: int
    available: dt.date
    ends: dt.date


class Baseline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Expected values. The meaning of each stands in its description; where it comes from, in ``sources``."""

    name: str
    title: str
    sources: dict[str, Source]
    builds: Annotated[tuple[Build, ...], Meta(description="Configuration Manager versions and their support.")]
    deployments: Annotated[tuple[str, ...], Meta(description="Deployment models of a CMG that are still supported.")]
    separate_distribution_point: Annotated[bool, Meta(description="A CDP beside the CMG may still exist.")]
    key_bits: Annotated[tuple[int, ...], Meta(description="RSA key sizes that the cloud roles support.")]
    key_providers: Annotated[
        tuple[str, ...],
        Meta(description="Names of the only key providers allowed; empty: any RSA provider, CNG included."),
    ]
    cng_since_build: Annotated[
        dict[str, int], Meta(description="First site build that takes CNG keys, by role; 0: never.")
    ]
    templates_of_2003: Annotated[
        bool,
        Meta(description="Certificate templates must keep the compatibility Windows Server 2003 (schema version 2)."),
    ]
    management_point_names: Annotated[
        tuple[str, ...],
        Meta(description="Where the MP's web certificate must have its FQDN: cn and san, or either (empty)."),
    ]
    service_suffixes: Annotated[
        dict[str, tuple[str, ...]], Meta(description="Suffixes of deployment names in Azure, by cloud.")
    ]
    own_custom_domain: Annotated[
        bool, Meta(description="The own CA may issue a cloud service's certificate for a name in an own domain.")
    ]
    classic_suffixes: Annotated[
        tuple[str, ...], Meta(description="Suffixes of a cloud service (classic), which a scale set no longer has.")
    ]
    dns_views: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="From where the names of the cloud services must resolve (outside, inside), by who issues "
            "their certificates (public, own)."
        ),
    ]
    enrolment_targets: Annotated[
        dict[str, dict[str, str]], Meta(description="Where the enrolment CNAMEs lead to, by cloud and host name.")
    ]
    issued_roots_limit: Annotated[int | None, Meta(description="Most root CA certificates at the CMG; null: no limit.")]
    issued_subordinates_limit: Annotated[
        int | None, Meta(description="Most subordinate CA certificates at the CMG; null: no limit.")
    ]
    intune_licence_paths: Annotated[
        tuple[str, ...], Meta(description="Roll-out paths on which every user needs an Intune licence.")
    ]
    premium_licence_paths: Annotated[
        tuple[str, ...], Meta(description="Roll-out paths on which every user needs Entra ID P1 or P2.")
    ]
    intune_plans: Annotated[dict[str, str], Meta(description="Service plans that are Intune: id to name.")]
    premium_plans: Annotated[dict[str, str], Meta(description="Service plans that are Entra ID P1 or P2: id to name.")]
    discovery_success: Annotated[
        str, Meta(description="Regular expression of the log line that proves a user discovery.")
    ]
    mdm_urls: Annotated[
        dict[str, tuple[str, str, str]], Meta(description="Discovery, terms-of-use and compliance URLs, by cloud.")
    ]
    setup_properties: Annotated[
        tuple[str, ...], Meta(description="Properties that CCMSETUPCMD must carry for this design.")
    ]
    setup_length: Annotated[int, Meta(description="Most characters of a command line in Intune.")]


def load(name: str) -> Baseline:
    """The baseline of that name, or from a file of that path. Raises BaselineError."""
    return _convert(_read(name), name)


def names() -> tuple[str, ...]:
    """The baselines that we ship."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml")))


def _read(name: str) -> dict[str, Any]:
    path = _HERE / f"{name}.toml" if name in names() else Path(name)
    if not path.is_file():
        raise BaselineError(
            f"There is no baseline {name!r}.", f"Known: {', '.join(names())}, or the path of a .toml file."
        )
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise BaselineError(f"{path}: is not TOML: {error}.") from None
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror}.") from None
    if path.parent != _HERE:
        _check_expression(raw.get("discovery_success"), path)
    parent = raw.pop("extends", None)
    if parent is None:
        return raw
    if parent not in names():
        raise BaselineError(f"{path}: extends {parent!r}, which does not exist.", f"Known: {', '.join(names())}.")
    base = _read(parent)
    sources = {**base.get("sources", {}), **raw.get("sources", {})}
    return {**base, **raw, "sources": sources}


def _check_expression(pattern: object, path: Path) -> None:
    try:
        re.compile(pattern if isinstance(pattern, str) else "")
    except re.error as error:
        raise BaselineError(
            f"{path}: discovery_success: is no regular expression: {error}.",
            "Write it in single quotes, as comgmt_audit/baselines/current.toml does.",
        ) from None


def _convert(raw: dict[str, Any], name: str) -> Baseline:
    raw.setdefault("issued_roots_limit", None)
    raw.setdefault("issued_subordinates_limit", None)
    try:
        return msgspec.convert(raw, Baseline)
    except msgspec.ValidationError as error:
        raise BaselineError(f"Baseline {name}: {error}.") from None
