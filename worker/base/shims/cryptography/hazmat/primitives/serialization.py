"""Reading keys."""

from __future__ import annotations

import base64
from typing import Any, NoReturn

from ... import _pem
from ..._der import OID, SEQUENCE, Reader
from ...exceptions import UnsupportedAlgorithm
from .asymmetric import ec, ed25519, rsa
from .formats import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

__all__ = ["BestAvailableEncryption", "Encoding", "KeySerializationEncryption", "NoEncryption", "PrivateFormat", "PublicFormat",
           "load_der_private_key", "load_der_public_key", "load_pem_private_key", "load_pem_public_key",
           "load_ssh_private_key", "load_ssh_public_key"]  # fmt: skip

_PRIVATE: dict[bytes, Any] = {
    rsa.ALGORITHM: rsa.RSAPrivateKey,
    ec.ALGORITHM: ec.EllipticCurvePrivateKey,
    ed25519.ALGORITHM: ed25519.Ed25519PrivateKey,
}
_PUBLIC: dict[bytes, Any] = {
    rsa.ALGORITHM: rsa.RSAPublicKey,
    ec.ALGORITHM: ec.EllipticCurvePublicKey,
    ed25519.ALGORITHM: ed25519.Ed25519PublicKey,
}
_KINDS = "keys are of RSA, ECDSA or Ed25519"


def load_pem_private_key(
    data: bytes, password: bytes | None, backend: Any = None, *, unsafe_skip_rsa_key_validation: bool = False
) -> Any:
    label, content, encrypted = _pem.decode(data)
    if encrypted:
        if password is None:
            raise TypeError("Password was not given but private key is encrypted")
        raise UnsupportedAlgorithm("a run reads no encrypted keys; keep it decrypted, as a secret")
    if password is not None:
        raise TypeError("Password was given but private key is not encrypted.")
    if label == "RSA PRIVATE KEY":
        return rsa.from_pkcs1(content)
    if label == "EC PRIVATE KEY":
        return ec.from_sec1(content)
    if label == "PRIVATE KEY":
        return load_der_private_key(content, None)
    if label in ("OPENSSH PRIVATE KEY", "DSA PRIVATE KEY"):
        raise UnsupportedAlgorithm(f"{_KINDS}, written as PKCS #8, PKCS #1 or SEC 1, not as {label.title()}")
    raise ValueError(f"a private key was expected, not a block named {label!r}")


def load_der_private_key(
    data: bytes, password: bytes | None, backend: Any = None, *, unsafe_skip_rsa_key_validation: bool = False
) -> Any:
    if password is not None:
        raise UnsupportedAlgorithm("a run reads no encrypted keys; keep it decrypted, as a secret")
    outer = Reader(data).sequence()
    outer.integer()
    if outer.tag != SEQUENCE:
        raise ValueError("the key is not written as PKCS #8")
    kind = _PRIVATE.get(outer.sequence().next(OID))
    if kind is None:
        raise UnsupportedAlgorithm(_KINDS)
    return kind(data)


def load_pem_public_key(data: bytes, backend: Any = None) -> Any:
    label, content, _ = _pem.decode(data)
    if label == "PUBLIC KEY":
        return load_der_public_key(content)
    if label == "RSA PUBLIC KEY":
        return rsa.from_public_pkcs1(content)
    raise ValueError(f"a public key was expected, not a block named {label!r}")


def load_der_public_key(data: bytes, backend: Any = None) -> Any:
    kind = _PUBLIC.get(Reader(data).sequence().sequence().next(OID))
    if kind is None:
        raise UnsupportedAlgorithm(_KINDS)
    return kind(data)


def load_ssh_private_key(data: bytes, password: bytes | None, backend: Any = None) -> NoReturn:
    raise UnsupportedAlgorithm(f"{_KINDS}, written as PKCS #8, PKCS #1 or SEC 1, not as OpenSSH does")


def load_ssh_public_key(data: bytes, backend: Any = None) -> Any:
    parts = data.split(None, 2)
    if len(parts) < 2:
        raise ValueError("Invalid line format")
    rest = base64.b64decode(parts[1], validate=True)
    fields = []
    while rest:
        length = int.from_bytes(rest[:4])
        fields.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    kind = parts[0].decode("ascii", "replace")
    if not fields or fields[0] != parts[0]:
        raise ValueError("Invalid key format")
    if kind == "ssh-rsa" and len(fields) == 3:
        return rsa.RSAPublicNumbers(int.from_bytes(fields[1]), int.from_bytes(fields[2])).public_key()
    if kind == "ssh-ed25519" and len(fields) == 2:
        return ed25519.Ed25519PublicKey.from_public_bytes(fields[1])
    curve = {"nistp256": ec.SECP256R1, "nistp384": ec.SECP384R1, "nistp521": ec.SECP521R1}.get(kind.rpartition("-")[2])
    if curve is not None and len(fields) == 3 and len(fields[2]) % 2:
        half = len(fields[2]) // 2
        x, y = fields[2][1 : half + 1], fields[2][half + 1 :]
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve()).public_key()
    raise UnsupportedAlgorithm(f"{_KINDS}, not {kind}")
