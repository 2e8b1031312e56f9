"""Whose certificates lead where: the own CAs and their roots, and the clients' certificates up to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.certificates import TrustedRootFiles, Unseen
from comgmt_audit.facts.directory import EnrollmentServices, OwnAuthorities
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.hosts import INTERMEDIATES, PERSONAL, TRUSTED_ROOTS, CertificateStores, HostCertificates
from comgmt_audit.facts.x509 import CLIENT_AUTHENTICATION, Certificate, path
from comgmt_audit.model import Evidence


class IssuingAuthorities(Struct, frozen=True, kw_only=True):
    """The own CAs that issue this roll-out's templates, each with its path: exported files first, then the forest's.

    The path of a CA begins with its own certificate.
    """

    needs: ClassVar[tuple[str, ...]] = (*OwnAuthorities.needs, "certificate-file/")
    paths: tuple[tuple[Certificate, ...], ...]

    @classmethod
    def read(cls, environment: Environment) -> IssuingAuthorities:
        """From the forest's enrolment services. Raises FactUnavailable."""
        names, known = environment.design.names, environment.fact(OwnAuthorities)
        services = environment.fact(EnrollmentServices).issuing((names.web_template, names.client_template))
        published = {der for service in services for der in service.certificates}
        pool = (*environment.fact(TrustedRootFiles).certificates, *known.all)
        return cls(paths=tuple(path(one, pool) for one in known.issuing if one.der in published))


class ClientPath(Struct, frozen=True, kw_only=True):
    """A client authentication certificate of a sample client, and its path to the root."""

    host: str
    path: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        """The client's own."""
        return self.path[0]

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """Its issuers up to the root."""
        return self.path[1:]

    @property
    def label(self) -> str:
        """The certificate and its computer."""
        return self.certificate.label

    @property
    def evidence(self) -> Evidence:
        """The certificate in the computer's store."""
        return self.certificate.evidence


class ClientPaths(Struct, frozen=True, kw_only=True):
    """The paths of the client certificates that the own CAs issued to the sample clients of the design."""

    needs: ClassVar[tuple[str, ...]] = (*HostCertificates.needs, *OwnAuthorities.needs)
    paths: tuple[ClientPath, ...]
    unseen: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[ClientPath]:
        return iter(self.paths)

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """Every CA of the paths, once."""
        found = {link.der: link for one in self.paths for link in one.authorities}
        return tuple(found.values())

    @property
    def links(self) -> tuple[tuple[Certificate, Certificate], ...]:
        """Every certificate of the paths with its issuer, once; roots have none."""
        pairs = ((child, issuer) for one in self.paths for child, issuer in zip(one.path, one.path[1:], strict=False))
        return tuple({child.der: (child, issuer) for child, issuer in pairs}.values())

    @classmethod
    def read(cls, environment: Environment) -> ClientPaths:
        """Those of every sample client; never raises, so that the other clients are still judged."""
        paths: list[ClientPath] = []
        unseen: list[Unseen] = []
        for host in environment.design.clients.samples:
            try:
                stores = environment.fact(HostCertificates).of(host)
                paths.extend(_client_paths(stores, environment.fact(OwnAuthorities)))
            except FactUnavailable as error:
                unseen.append(Unseen.of(f"client certificate of {host}", error, environment))
        if not paths and not unseen:
            unseen.append(_NO_CLIENT)
        unseen.extend(_broken_off(one) for one in paths if not one.path[-1].self_signed)
        return cls(paths=tuple(paths), unseen=tuple(unseen))


_NO_CLIENT = Unseen(
    label="client certificates",
    evidence=Evidence(""),
    why="no client authentication certificate of the own CA was seen on a sample client",
    cure="Name one or more clients that have one in comgmt.toml, section [clients], key samples, and run the host "
    "collector on them.",
)


def _broken_off(one: ClientPath) -> Unseen:
    last = one.path[-1]
    return Unseen(
        label=f"issuer of {last.label}",
        evidence=last.evidence,
        why=f"the certificate of {last.issuer_text} was not seen",
        cure="Publish it in the forest (certutil -dspublish), or record the stores CA and Root of that computer.",
    )


def _client_paths(stores: CertificateStores, own: OwnAuthorities) -> Iterator[ClientPath]:
    """Entra ID and Intune put client certificates of their own into the same store: only the own CAs' count."""
    pool = [*own.all]
    for name in (INTERMEDIATES, TRUSTED_ROOTS):
        if name in stores.stores:
            pool.extend(stores.readable(name))
    for one in stores.readable(PERSONAL):
        if one.usages and one.allows(CLIENT_AUTHENTICATION) and own.issued(one):
            yield ClientPath(host=stores.host, path=path(one, pool))
