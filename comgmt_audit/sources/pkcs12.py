"""The structure of a PKCS#12 file (.pfx, RFC 7292): what it says with its password, and without.

Windows and OpenSSL put the key into an encrypted bag inside an unencrypted safe, so the bag's attributes (key
provider, machine key set, key container) and all algorithms can be read by anybody. Certificates, their friendly names
and the attributes inside the key need the password. Nothing here returns, keeps or prints a key or a password.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from comgmt_audit.errors import EvidenceError

MAX_ITERATIONS = 5_000_000
"""Rounds of key derivation that are still tried: Windows writes 2,000, OpenSSL 2,048; this many take seconds."""

_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
_KEY_BAG = "1.2.840.113549.1.12.10.1.1"
_SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2"
_CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_LOCAL_KEY_ID = "1.2.840.113549.1.9.21"
_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_PBE_3DES = "1.2.840.113549.1.12.1.3"
_FRIENDLY_NAME = "1.2.840.113549.1.9.20"
_PROVIDER = "1.3.6.1.4.1.311.17.1"
_MACHINE_KEY_SET = "1.3.6.1.4.1.311.17.2"
_KEY_USAGE = "2.5.29.15"

_CIPHERS = {
    "1.2.840.113549.1.12.1.1": "PBE-SHA1-RC4-128",
    "1.2.840.113549.1.12.1.2": "PBE-SHA1-RC4-40",
    _PBE_3DES: "PBE-SHA1-3DES",
    "1.2.840.113549.1.12.1.4": "PBE-SHA1-2DES",
    "1.2.840.113549.1.12.1.5": "PBE-SHA1-RC2-128",
    "1.2.840.113549.1.12.1.6": "PBE-SHA1-RC2-40",
    "1.2.840.113549.3.7": "3DES-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
}
_AES_BYTES = {"AES-128-CBC": 16, "AES-192-CBC": 24, "AES-256-CBC": 32}
_DIGESTS = {
    "1.3.14.3.2.26": "SHA-1",
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
    "1.2.840.113549.1.5.14": "PBMAC1",
}
_PSEUDO_RANDOM = {
    "1.2.840.113549.2.7": "SHA-1",
    "1.2.840.113549.2.8": "SHA-224",
    "1.2.840.113549.2.9": "SHA-256",
    "1.2.840.113549.2.10": "SHA-384",
    "1.2.840.113549.2.11": "SHA-512",
}


class Algorithm(Struct, frozen=True, kw_only=True):
    """A password-based cipher: its ``name`` as in ``PBES2/AES-256-CBC/HMAC-SHA-256``, and what derives its key."""

    name: str
    salt: bytes = b""
    iterations: int = 0
    digest: str = ""
    """The PRF of PBKDF2; empty for the derivation of RFC 7292, appendix B."""
    iv: bytes = b""


class KeyBag(Struct, frozen=True, kw_only=True):
    """A private key in the file, as its clear attributes describe it; ``sealed`` is the encrypted key."""

    encryption: Algorithm | None
    provider: str | None
    machine_key_set: bool
    container: str | None
    sealed: bytes

    def __repr__(self) -> str:
        return f"KeyBag(provider={self.provider!r})"


class Structure(Struct, frozen=True, kw_only=True):
    """What a PKCS#12 file shows without its password.

    ``keys_in_view`` is false where no key is seen and one could be in a sealed safe.
    """

    mac: str | None
    mac_iterations: int
    certificate_encryption: Algorithm | None
    keys: tuple[KeyBag, ...]
    keys_in_view: bool
    certificates: tuple[bytes, ...]
    """Those that were exported without *certificate privacy*, in DER; that of the key first."""


class Opened(Struct, frozen=True, kw_only=True):
    """What the password adds: DER certificates, the one of the key first; never the key."""

    certificates: tuple[bytes, ...]
    friendly_name: str | None
    has_private_key: bool
    key_matches: bool | None
    key_spec: str | None


def structure(data: bytes, name: str) -> Structure:
    """What the file shows to anybody. Raises EvidenceError, naming the file *name*."""
    from pyasn1.error import PyAsn1Error

    try:
        found = _structure(data)
    except (PyAsn1Error, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        # pyasn1 raises all of these on hostile input; what it says helps nobody who is not a programmer.
        raise EvidenceError(
            f"{name}: begins like a PFX (PKCS#12) and is damaged inside.", "Export the certificate again."
        ) from None
    rounds = [found.mac_iterations, *(a.iterations for a in _algorithms(found))]
    if max(rounds) > MAX_ITERATIONS or min(rounds) < 0:
        raise EvidenceError(
            f"{name}: asks for {max(rounds)} rounds of key derivation; more than {MAX_ITERATIONS} are refused.",
            "No Windows tool writes such a file: export the certificate again.",
        )
    return found


def open_with(data: bytes, password: str, shown: Structure) -> Opened | None:
    """What the password opens; ``None`` where it does not (which cannot be told from a damaged file)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
    from cryptography.x509 import InvalidVersion

    try:
        with warnings.catch_warnings():
            # A file in BER instead of DER is legal, and the reader warns about it.
            warnings.simplefilter("ignore")
            content = pkcs12.load_pkcs12(data, password.encode("utf-8"))
            others = [held.certificate for held in content.additional_certs]
            leaf = content.cert.certificate if content.cert else None
            friendly = content.cert.friendly_name if content.cert else None
            if content.key is None:
                return Opened(
                    certificates=tuple(cert.public_bytes(Encoding.DER) for cert in others),
                    friendly_name=None,
                    has_private_key=False,
                    key_matches=None,
                    key_spec=None,
                )
            wanted = content.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            matching = leaf is not None and wanted == leaf.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
            return Opened(
                certificates=tuple(cert.public_bytes(Encoding.DER) for cert in ([leaf] if leaf else []) + others),
                friendly_name=friendly.decode("utf-8", "replace") if friendly else None,
                has_private_key=True,
                key_matches=matching,
                key_spec=_key_spec(shown.keys[0], password) if len(shown.keys) == 1 else None,
            )
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion):
        return None


def _algorithms(found: Structure) -> Iterator[Algorithm]:
    if found.certificate_encryption:
        yield found.certificate_encryption
    for bag in found.keys:
        if bag.encryption:
            yield bag.encryption


def _decode(data: object, spec: object) -> Any:
    from pyasn1.codec.ber import decoder

    return decoder.decode(bytes(data), asn1Spec=spec)[0]  # type: ignore[call-overload]  # the stubs know no generic spec


def _structure(data: bytes) -> Structure:
    from pyasn1_modules import rfc7292

    pfx = _decode(data, rfc7292.PFX())
    mac, iterations = None, 0
    if pfx["macData"].isValue:
        mac_oid = str(pfx["macData"]["mac"]["digestAlgorithm"]["algorithm"])
        mac, iterations = _DIGESTS.get(mac_oid, mac_oid), int(pfx["macData"]["iterations"])
    keys: list[KeyBag] = []
    sealed: Algorithm | None = None
    in_view = True
    certificates: list[tuple[bytes, bytes]] = []
    for safe in _decode(_octets(pfx["authSafe"]["content"]), rfc7292.AuthenticatedSafe()):
        kind = str(safe["contentType"])
        if kind == _DATA:
            bags = _decode(_octets(safe["content"]), rfc7292.SafeContents())
            keys.extend(_key_bags(bags))
            certificates.extend(_certificates(bags))
        else:
            in_view = False
            sealed = _sealed_by(safe["content"]) if kind == _ENCRYPTED_DATA else Algorithm(name=kind)
    return Structure(
        mac=mac,
        mac_iterations=iterations,
        certificate_encryption=sealed,
        keys=tuple(keys),
        keys_in_view=in_view or bool(keys),
        certificates=tuple(der for _, der in sorted(certificates, key=lambda one: one[0] == b"")),
    )


def _octets(content: object) -> bytes:
    from pyasn1.type import univ

    return bytes(_decode(content, univ.OctetString()))


def _sealed_by(content: object) -> Algorithm:
    from pyasn1_modules import rfc5652

    encrypted = _decode(content, rfc5652.EncryptedData())
    return _algorithm(encrypted["encryptedContentInfo"]["contentEncryptionAlgorithm"])


def _certificates(bags: Any) -> Iterator[tuple[bytes, bytes]]:
    """(localKeyID, DER) of the X.509 certificates; only that of the key has the first (RFC 2985, section 5.5.2)."""
    from pyasn1.type import univ
    from pyasn1_modules import rfc7292

    for bag in bags:
        if str(bag["bagId"]) != _CERTIFICATE_BAG:
            continue
        held = _decode(bag["bagValue"], rfc7292.CertBag())
        if str(held["certId"]) == _X509_CERTIFICATE:
            identifiers = [a["attrValues"][0] for a in bag["bagAttributes"] if str(a["attrType"]) == _LOCAL_KEY_ID]
            identifier = bytes(_decode(identifiers[0], univ.OctetString())) if identifiers else b""
            yield identifier, _octets(held["certValue"])


def _key_bags(bags: Any) -> Iterator[KeyBag]:
    from pyasn1_modules import rfc7292

    for bag in bags:
        kind = str(bag["bagId"])
        if kind not in {_KEY_BAG, _SHROUDED_KEY_BAG}:
            continue
        attributes = {str(a["attrType"]): a["attrValues"] for a in bag["bagAttributes"]}
        shrouded = _decode(bag["bagValue"], rfc7292.PKCS8ShroudedKeyBag()) if kind == _SHROUDED_KEY_BAG else None
        yield KeyBag(
            encryption=_algorithm(shrouded["encryptionAlgorithm"]) if shrouded is not None else None,
            provider=_text(attributes.get(_PROVIDER)),
            machine_key_set=_MACHINE_KEY_SET in attributes,
            container=_text(attributes.get(_FRIENDLY_NAME)),
            sealed=bytes(shrouded["encryptedData"]) if shrouded is not None else b"",
        )


def _text(values: Any) -> str | None:
    """The first value of an attribute, a BMPString (RFC 2985, section 5.5.1)."""
    from pyasn1.type import char

    if values is None or not len(values):
        return None
    return str(_decode(values[0], char.BMPString()))


def _algorithm(identifier: Any) -> Algorithm:
    from pyasn1_modules import rfc7292, rfc8018

    oid = str(identifier["algorithm"])
    if oid == _PBES2:
        return _pbes2(_decode(identifier["parameters"], rfc8018.PBES2_params()))
    if oid not in _CIPHERS:
        return Algorithm(name=oid)
    parameters = _decode(identifier["parameters"], rfc7292.Pkcs_12PbeParams())
    return Algorithm(name=_CIPHERS[oid], salt=bytes(parameters["salt"]), iterations=int(parameters["iterations"]))


def _pbes2(parameters: Any) -> Algorithm:
    """PBES2 (RFC 8018, section 6.2) with PBKDF2; any other derivation is named by its object identifier."""
    from pyasn1.type import univ
    from pyasn1_modules import rfc8018

    scheme = str(parameters["encryptionScheme"]["algorithm"])
    cipher = _CIPHERS.get(scheme, scheme)
    function = parameters["keyDerivationFunc"]
    if str(function["algorithm"]) != _PBKDF2:
        return Algorithm(name=f"PBES2/{cipher}/{function['algorithm']}")
    derivation = _decode(function["parameters"], rfc8018.PBKDF2_params())
    digest_oid = str(derivation["prf"]["algorithm"])
    digest = _PSEUDO_RANDOM.get(digest_oid, digest_oid)
    iv = _decode(parameters["encryptionScheme"]["parameters"], univ.OctetString()) if cipher in _AES_BYTES else b""
    return Algorithm(
        name=f"PBES2/{cipher}/HMAC-{digest}",
        salt=bytes(derivation["salt"]["specified"]),
        iterations=int(derivation["iterationCount"]),
        digest=digest,
        iv=bytes(iv),
    )


def _key_spec(bag: KeyBag, password: str) -> str | None:
    """``exchange`` or ``signature``: the key usage attribute inside the key, which Windows reads as KeySpec.

    Source: Windows SDK, PFXImportCertStore, remarks. ``None`` where the attribute is not there (an RSA key is then
    imported for exchange) or the cipher is not one of those that Windows and OpenSSL write today.
    """
    from pyasn1.error import PyAsn1Error
    from pyasn1.type import univ
    from pyasn1_modules import rfc7292

    clear = _decrypt(bag, password)
    if clear is None:
        return None
    try:
        attributes = _decode(clear, rfc7292.PrivateKeyInfo())["attributes"]
        bits = [_decode(a["attrValues"][0], univ.BitString()) for a in attributes if str(a["attrType"]) == _KEY_USAGE]
        usage = int("".join(str(bit) for bit in bits[0]).ljust(8, "0")[:8], 2) if bits else 0
    except (PyAsn1Error, ValueError, TypeError, IndexError):
        return None
    # Bits of KeyUsage: keyEncipherment 0x20, dataEncipherment 0x10, digitalSignature 0x80, keyCertSign 4, cRLSign 2.
    return "exchange" if usage & 0x30 else "signature" if usage & 0x86 else None


def _decrypt(bag: KeyBag, password: str) -> bytes | None:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    algorithm = bag.encryption
    if algorithm is None:
        return None
    parts = algorithm.name.split("/")
    if parts[0] == "PBES2" and parts[1] in _AES_BYTES and algorithm.digest in _DIGESTS.values():
        digest = algorithm.digest.replace("-", "").lower()
        secret = hashlib.pbkdf2_hmac(
            digest, password.encode("utf-8"), algorithm.salt, algorithm.iterations, _AES_BYTES[parts[1]]
        )
        cipher: Any = Cipher(AES(secret), modes.CBC(algorithm.iv))
    elif algorithm.name == "PBE-SHA1-3DES":
        secret, iv = _derive(password, algorithm, 1, 24), _derive(password, algorithm, 2, 8)
        cipher = Cipher(TripleDES(secret), modes.CBC(iv))
    else:
        return None
    decryptor = cipher.decryptor()
    unpadder = padding.PKCS7(cipher.algorithm.block_size).unpadder()
    clear = decryptor.update(bag.sealed) + decryptor.finalize()
    return bytes(unpadder.update(clear) + unpadder.finalize())


def _derive(password: str, algorithm: Algorithm, purpose: int, size: int) -> bytes:
    """Key (purpose 1) or IV (2) by SHA-1: RFC 7292, appendix B.2, for at most 2 rounds of 20 bytes."""
    block = 64

    def filled(data: bytes) -> bytes:
        length = -(-len(data) // block) * block
        return (data * (length // max(len(data), 1) + 1))[:length]

    material = bytearray(filled(algorithm.salt) + filled(password.encode("utf-16-be") + b"\0\0"))
    out = b""
    while len(out) < size:
        digest = hashlib.sha1(bytes([purpose]) * block + material, usedforsecurity=False).digest()
        for _ in range(algorithm.iterations - 1):
            digest = hashlib.sha1(digest, usedforsecurity=False).digest()
        out += digest
        addend = int.from_bytes((digest * (block // len(digest) + 1))[:block], "big") + 1
        for start in range(0, len(material), block):
            value = int.from_bytes(material[start : start + block], "big") + addend
            material[start : start + block] = (value % (1 << 8 * block)).to_bytes(block, "big")
    return out[:size]
