"""The certificates that the roll-out uses: of the cloud services, of what is served, and of the sample clients."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.facts.certificates import CloudCertificates, Unseen
from comgmt_audit.facts.chains import ClientPaths
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.revocation import INSIDE, OUTSIDE
from comgmt_audit.facts.tls import CLOUD, ServedEndpoints
from comgmt_audit.facts.x509 import Certificate


class CertificatesInUse(Struct, frozen=True, kw_only=True):
    """Every path of a certificate in use, the certificate first, and what of them could not be seen.

    ``cloud``: in DER, the certificates of paths that clients on the internet must build.
    """

    needs: ClassVar[tuple[str, ...]] = (*ClientPaths.needs, *CloudCertificates.needs, *ServedEndpoints.needs)
    paths: tuple[tuple[Certificate, ...], ...]
    cloud: frozenset[bytes]
    unseen: tuple[Unseen, ...]

    @property
    def links(self) -> tuple[tuple[Certificate, Certificate], ...]:
        """Every certificate with its issuer, once; roots have none."""
        return tuple({child.der: (child, issuer) for way in self.paths for child, issuer in pairwise(way)}.values())

    @property
    def issued(self) -> tuple[Certificate, ...]:
        """Every certificate that somebody else issued, once; its issuer may not have been seen."""
        return tuple({one.der: one for way in self.paths for one in way if not one.self_signed}.values())

    def vantage(self, environment: Environment, one: Certificate, id: Callable[[str], str]) -> str:
        """From where what the certificate names is looked at; *id* gives the observation of a vantage.

        Clients on the internet look up what belongs to cloud services, so an answer from inside stands in only where
        nobody asked from outside; everything else is looked up inside.
        """
        return OUTSIDE if one.der in self.cloud and environment.recording.has(id(OUTSIDE)) else INSIDE

    @classmethod
    def read(cls, environment: Environment) -> CertificatesInUse:
        """From the paths of all of them; never raises."""
        cloud, served = environment.fact(CloudCertificates), environment.fact(ServedEndpoints)
        clients = environment.fact(ClientPaths)
        pki = environment.design.clients.authentication == "pki"
        outside = [*(one.path for one in cloud), *(one.way for one in served if one.role in CLOUD)]
        inside = [*(one.way for one in served if one.role not in CLOUD), *(one.path for one in clients)]
        return cls(
            paths=(*outside, *inside),
            cloud=frozenset(one.der for way in outside for one in way),
            unseen=(*cloud.unseen, *cloud.locked, *(clients.unseen if pki else ())),
        )
