"""Certificate files as facts: those of the cloud services, of the Azure management, and of the own CAs.

``docs/recording/certificate-files.md`` describes the observation. A file is found by its name without regard to case
or folder, as Windows finds it. A PFX whose password nobody gave is still a fact: what it shows in the clear is known,
its certificates are not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar

import msgspec
from msgspec import Struct, structs

from comgmt_audit import design as designs
from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.site import Sites
from comgmt_audit.facts.x509 import Certificate, certificate, certificates, covers, ders, path
from comgmt_audit.model import Evidence

GATEWAY, DISTRIBUTION_POINT = "gateway", "distribution_point"
"""The cloud roles, as the baselines call them."""

UPLOADED = "arm/management-certificates"


class _About(Struct, frozen=True):
    file: str
    path: str = ""
    container: str = ""
    encoding: str = ""
    size: int = 0
    sha256: str = ""
    mac: str | None = None
    certificate_encryption: str | None = None
    key_encryption: str | None = None
    key_provider: str | None = None
    key_container: str | None = None
    machine_key_set: bool | None = None
    opened: bool | None = None
    protected: bool | None = None
    has_private_key: bool | None = None
    key_matches: bool | None = None
    key_spec: str | None = None
    friendly_name: str | None = None


class CertificateFile(_About, frozen=True, kw_only=True):
    """A file with certificates. ``None`` where the file does not say, or only with the password.

    ``container`` is ``pkcs12``, ``certificate``, ``certificates`` or ``pkcs7``; ``encoding`` is ``DER`` or ``PEM``;
    ``opened``: the password was right, wrong, or (``None``) not given; ``protected``: the empty password does not open
    it; ``key_spec`` is ``exchange`` or ``signature``.
    """

    certificates: tuple[Certificate, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name."""
        return self.file

    @property
    def folder(self) -> str | None:
        """Its folder on a Windows computer, without the last backslash; ``None`` where it was read elsewhere.

        An administrative share (``\\\\CM01\\C$\\Certs``) is the folder on that computer.
        """
        folder = self.path.replace("/", "\\").rpartition("\\")[0]
        if folder.startswith("\\\\"):
            _, _, folder = folder[2:].partition("\\")
            folder = folder.replace("$", ":", 1) if folder[1:2] == "$" else ""
        return folder.rstrip("\\") if folder[1:2] == ":" else None

    @property
    def locked(self) -> str:
        """Why what it seals is unknown; empty: it is known, or nothing is sealed."""
        if self.container != "pkcs12" or self.opened:
            return ""
        if self.opened is False:
            return f"{self.file}: the password does not open it; a wrong one and a damaged file look the same"
        return f"{self.file}: its password was not given, so what it seals is unknown"

    @classmethod
    def of(cls, environment: Environment, name: str) -> CertificateFile:
        """The file of that name. Raises FactUnavailable."""
        id = file_id(name)
        if not environment.recording.has(id):
            raise NotRecorded(
                f"the recording has no certificate file {base_name(name)!r}",
                "Name the file in connect.files.certificates (of a .pfx also its password) and record again; "
                "comgmt.toml names the files that are expected.",
                id,
            )
        observation = environment.recording.answered(id)
        try:
            about = msgspec.convert(observation.about, _About)
        except msgspec.ValidationError as error:
            raise Unreadable(f"{id}: what the recording says about the file is damaged: {error}", "", id) from None
        found = certificates(environment.recording.pem(id), id)
        return cls(**structs.asdict(about), certificates=found, evidence=Evidence(id))


def base_name(path: str) -> str:
    """The file name in a path of Windows or of anything else."""
    return path.replace("/", "\\").rpartition("\\")[2]


def file_id(name: str) -> str:
    """The observation of a certificate file."""
    return f"certificate-file/{base_name(name).lower()}"


class Unseen(Struct, frozen=True, kw_only=True):
    """Something that should have been judged and could not be seen; ``absent``: it is known not to exist."""

    label: str
    evidence: Evidence
    why: str
    cure: str
    absent: bool = False

    @classmethod
    def of(cls, label: str, error: FactUnavailable, environment: Environment) -> Unseen:
        """From the failure to read it."""
        known = bool(error.observation) and environment.recording.has(error.observation)
        return cls(
            label=label,
            evidence=Evidence(error.observation),
            why=error.why,
            cure=error.cure,
            absent=known and environment.recording.is_absent(error.observation),
        )


class CloudCertificate(Struct, frozen=True, kw_only=True):
    """The certificate of a cloud service: its own certificate, and the path as the file has it.

    ``path`` begins with the certificate; every link is verified by signature. ``public``: it leads to a root of
    Mozilla's list or of ``pki.public_roots``; ``None`` where it leads to no root at all.
    """

    role: str
    service: designs.CloudService
    file: CertificateFile
    certificate: Certificate
    path: tuple[Certificate, ...]
    public: bool | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """The service and the file."""
        return cloud_label(self.role, self.file.file)

    @property
    def served_names(self) -> tuple[str, ...]:
        """The names that a client accepts: the DNS names of the SAN; the common name only without any (RFC 9525)."""
        return self.certificate.dns_names or self.certificate.common_names

    def serves(self, name: str) -> bool:
        """Does a client that connects to this name accept it?"""
        return any(covers(pattern, name) for pattern in self.served_names)


class CloudFile(Struct, frozen=True, kw_only=True):
    """The file of a cloud service, whether or not its certificates could be read."""

    role: str
    service: designs.CloudService
    file: CertificateFile
    evidence: Evidence

    @property
    def label(self) -> str:
        """The service and the file."""
        return cloud_label(self.role, self.file.file)


def cloud_label(role: str, file: str) -> str:
    """``CMG certificate ConfigMgrCloudMGServer.pfx``."""
    return f"{'CMG' if role == GATEWAY else 'CDP'} certificate {base_name(file)}"


class CloudCertificates(Struct, frozen=True, kw_only=True):
    """The certificates of the cloud services that the design wants: of the CMG, and of the CDP where there is one.

    ``unseen``: services whose file is not there; ``locked``: those whose file keeps its certificates to itself.
    """

    needs: ClassVar[tuple[str, ...]] = ("certificate-file/",)
    files: tuple[CloudFile, ...]
    certificates: tuple[CloudCertificate, ...]
    unseen: tuple[Unseen, ...]
    locked: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[CloudCertificate]:
        return iter(self.certificates)

    @classmethod
    def read(cls, environment: Environment) -> CloudCertificates:
        """What is there of each; never raises, so that one missing file leaves the other to be judged."""
        files: list[CloudFile] = []
        unseen: list[Unseen] = []
        for role, service in _wanted(environment.design):
            label = cloud_label(role, service.certificate_file or "(not declared)")
            try:
                if not service.certificate_file:
                    raise NotRecorded(
                        f"the design does not name the file of the {role.replace('_', ' ')}'s certificate",
                        f"Set certificate_file in comgmt.toml, section [{role}].",
                    )
                file = CertificateFile.of(environment, service.certificate_file)
                files.append(CloudFile(role=role, service=service, file=file, evidence=file.evidence))
            except FactUnavailable as error:
                unseen.append(Unseen.of(label, error, environment))
        opened = [(file, _own(file.file)) for file in files]
        return cls(
            files=tuple(files),
            certificates=tuple(_cloud(environment, file, leaf) for file, leaf in opened if leaf),
            unseen=tuple(unseen),
            locked=tuple(_locked(file) for file, leaf in opened if not leaf),
        )


def _wanted(design: designs.Design) -> Iterator[tuple[str, designs.CloudService]]:
    yield GATEWAY, design.gateway
    if design.distribution_point.wanted:
        yield DISTRIBUTION_POINT, design.distribution_point


def _own(file: CertificateFile) -> Certificate | None:
    """The certificate that the file is about: of a PFX that of the key, else the first that is no CA's."""
    if file.key_matches:
        return file.certificates[0] if file.certificates else None
    return next((one for one in file.certificates if not one.is_ca), next(iter(file.certificates), None))


def _locked(file: CloudFile) -> Unseen:
    return Unseen(
        label=file.label,
        evidence=file.evidence,
        why=file.file.locked or f"{file.file.file} holds no certificate",
        cure="Give the password of the file when recording (it is not kept), or add its certificate as a .cer.",
    )


def _cloud(environment: Environment, file: CloudFile, leaf: Certificate) -> CloudCertificate:
    way = path(leaf, file.file.certificates)
    return CloudCertificate(
        role=file.role,
        service=file.service,
        file=file.file,
        certificate=leaf,
        path=way,
        public=is_public(way, environment.design.pki.public_roots),
        evidence=leaf.evidence,
    )


def is_public(way: tuple[Certificate, ...], declared: tuple[str, ...]) -> bool | None:
    """Does a path lead to a root of Mozilla's list, or to one of the *declared* fingerprints? ``None``: to no root."""
    wanted = {fingerprint.replace(":", "").replace(" ", "").upper() for fingerprint in declared}
    if any(link.fingerprint in wanted for link in way):
        return True
    known = _mozilla_roots(way[-1])
    if path(way[-1], known)[-1].fingerprint in {root.fingerprint for root in known}:
        return True
    return False if way[-1].self_signed else None


def _mozilla_roots(issued: Certificate) -> tuple[Certificate, ...]:
    """The roots of Mozilla's list that may have issued this certificate: those that hold its issuer's name.

    Looking for the name's bytes first spares the parsing and verifying of the other hundred.
    """
    from cryptography import x509

    issuer = list(x509.load_der_x509_certificate(issued.der).issuer)
    name = issuer[-1].value if issuer else b""
    held = name.encode() if isinstance(name, str) else name
    return tuple(certificate(der, "certifi", number) for number, der in enumerate(_mozilla_list(), 1) if held in der)


@functools.cache
def _mozilla_list() -> tuple[bytes, ...]:
    """Mozilla's list of roots (DER), as the package certifi carries it."""
    from pathlib import Path

    import certifi

    return tuple(ders(Path(certifi.where()).read_bytes(), "certifi"))


class SiteBuild(Struct, frozen=True, kw_only=True):
    """The lowest build of the sites, which decides what keys the roles take; ``None``: it is not known, and why."""

    needs: ClassVar[tuple[str, ...]] = Sites.needs
    build: int | None
    why: str = ""
    cure: str = ""

    @classmethod
    def read(cls, environment: Environment) -> SiteBuild:
        """Never raises: legacy keys are fine with every build."""
        try:
            builds = [site.build for site in environment.fact(Sites) if site.build is not None]
        except FactUnavailable as error:
            return cls(build=None, why=error.why, cure=error.cure)
        return cls(build=min(builds, default=None), why="the site does not say its build", cure="Record it again.")


class ManagementCertificates(Struct, frozen=True, kw_only=True):
    """The two files of the Azure management certificate; ``None`` where one could not be had, with the reason."""

    needs: ClassVar[tuple[str, ...]] = ("certificate-file/",)
    pfx: CertificateFile | None
    cer: CertificateFile | None
    unseen: tuple[Unseen, ...]

    @property
    def files(self) -> tuple[CertificateFile, ...]:
        """Those that are there."""
        return tuple(file for file in (self.pfx, self.cer) if file)

    @property
    def certificate(self) -> Certificate | None:
        """The certificate, from whichever file shows it."""
        return next((own for own in map(_own, self.files) if own), None)

    @property
    def evidence(self) -> Evidence:
        """The certificate, or the first file."""
        found = self.certificate or next(iter(self.files), None)
        return found.evidence if found else Evidence("")

    @property
    def label(self) -> str:
        """What it is."""
        return "Azure management certificate"

    @classmethod
    def read(cls, environment: Environment) -> ManagementCertificates:
        """What is there of both; never raises."""
        declared = environment.design.management_certificate
        found: list[CertificateFile | None] = []
        unseen: list[Unseen] = []
        for name in (declared.pfx, declared.cer):
            try:
                found.append(CertificateFile.of(environment, name))
            except FactUnavailable as error:
                found.append(None)
                unseen.append(Unseen.of(base_name(name), error, environment))
        return cls(pfx=found[0], cer=found[1], unseen=tuple(unseen))


class _RawUploaded(Struct, frozen=True):
    thumbprint: str


class UploadedManagementCertificates(Struct, frozen=True, kw_only=True):
    """The thumbprints (SHA-1, upper-case hex) of the subscription's management certificates."""

    needs: ClassVar[tuple[str, ...]] = (UPLOADED,)
    thumbprints: frozenset[str]
    evidence: Evidence

    @classmethod
    def read(cls, environment: Environment) -> UploadedManagementCertificates:
        """All of the subscription."""
        found = environment.recording.lines(UPLOADED, _RawUploaded)
        return cls(thumbprints=frozenset(raw.thumbprint.upper() for _, raw in found), evidence=Evidence(UPLOADED))


class TrustedRootFiles(Struct, frozen=True, kw_only=True):
    """The exported certificates of the own CAs: those that the design names, and what is in them."""

    needs: ClassVar[tuple[str, ...]] = ("certificate-file/",)
    files: tuple[CertificateFile, ...]
    unseen: tuple[Unseen, ...]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate of the files, labelled with its file."""
        return tuple(
            structs.replace(one, label=f"{one.label} in {file.file}")
            for file in self.files
            for one in file.certificates
        )

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The self-signed ones."""
        return tuple(one for one in self.certificates if one.self_signed)

    @classmethod
    def read(cls, environment: Environment) -> TrustedRootFiles:
        """What is there of each; never raises."""
        files: list[CertificateFile] = []
        unseen: list[Unseen] = []
        for name in environment.design.names.root_files:
            try:
                files.append(CertificateFile.of(environment, name))
            except FactUnavailable as error:
                unseen.append(Unseen.of(base_name(name), error, environment))
        return cls(files=tuple(files), unseen=tuple(unseen))
