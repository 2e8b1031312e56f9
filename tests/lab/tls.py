"""What Contoso's services serve on port 443: certificates of the estate's roles, and protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from comgmt_audit import design as designs
from comgmt_audit.recording import Absence, Reason, RecordingWriter
from tests.lab import pki

if TYPE_CHECKING:
    from tests.lab.estate import Estate


class Serving(Struct, frozen=True, kw_only=True):
    """One service."""

    role: str
    """Whose certificate it shows (:mod:`tests.lab.pki`)."""
    after: tuple[str, ...] | None = None
    """Roles whose certificates it sends after its own; ``None``: all issuers but the root."""
    protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    old_known: bool = True
    """It could be found out whether old protocols are accepted."""
    inside_role: str = ""
    """What is seen inside where that is another certificate, as a proxy that inspects TLS shows it."""
    inside: str = ""
    outside: str = ""
    """Why there is no answer, by vantage."""


class Tls(Struct, frozen=True, kw_only=True):
    """Healthy by default: each service serves its own certificate with the issuing CAs."""

    gateway: Serving = Serving(role="gateway")
    distribution_point: Serving = Serving(role="distribution-point")
    management_point: Serving = Serving(role="management-point")


def sent(estate: Estate, serving: Serving) -> tuple[str, ...]:
    """The roles whose certificates are sent, in order."""
    after = pki.issuers(estate, serving.role)[:-1] if serving.after is None else serving.after
    return (serving.role, *after)


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Shake hands with every service of the design, from both vantages; with the management point from inside."""
    for service, host in designs.from_mapping(estate.design, "the lab's design").tls_names.items():
        serving: Serving = getattr(estate.tls, service)
        for vantage in ("inside",) if service == "management_point" else ("inside", "outside"):
            _record(estate, writer, serving, vantage, host)


def _record(estate: Estate, writer: RecordingWriter, serving: Serving, vantage: str, host: str) -> None:
    id, rest = f"tls/{vantage}/{host}:443", {"source": "tls", "request": f"TLS handshake with {host}:443"}
    about: dict[str, object] = {"vantage": vantage, "host": host, "port": 443}
    if why := getattr(serving, vantage):
        writer.absent(id, Absence(reason=Reason.UNREACHABLE, detail=why), about=about, **rest)
        return
    old = max((one for one in serving.protocols if one in {"TLSv1", "TLSv1.1"}), default="")
    about |= {"protocol": max(serving.protocols), "old_protocol": old if serving.old_known else None}
    if vantage == "inside" and serving.inside_role:
        serving = msgspec.structs.replace(serving, role=serving.inside_role)
    writer.pem(id, [pki.pem(estate, role) for role in sent(estate, serving)], about=about, **rest)
