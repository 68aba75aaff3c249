"""What keys of all kinds have in common: they are kept as the DER that the host takes."""

from __future__ import annotations

from typing import Any

from ... import _host, _pem
from ...exceptions import UnsupportedAlgorithm
from .formats import Encoding, NoEncryption, PrivateFormat, PublicFormat


class PublicKey:
    """A SubjectPublicKeyInfo."""

    def __init__(self, spki: bytes) -> None:
        self._spki = spki

    def public_bytes(self, encoding: Encoding, format: PublicFormat) -> bytes:
        if format is not PublicFormat.SubjectPublicKeyInfo:
            raise UnsupportedAlgorithm("public keys are written as SubjectPublicKeyInfo")
        return _written(encoding, "PUBLIC KEY", self._spki)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._spki == other._spki  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._spki)


class PrivateKey:
    """A PKCS #8 key, which the host has found valid."""

    def __init__(self, pkcs8: bytes) -> None:
        self._pkcs8 = pkcs8
        self._spki = _host.public_key(pkcs8)

    def private_bytes(self, encoding: Encoding, format: PrivateFormat, encryption_algorithm: Any) -> bytes:
        if format is not PrivateFormat.PKCS8 or not isinstance(encryption_algorithm, NoEncryption):
            raise UnsupportedAlgorithm("private keys are written as PKCS #8, without encryption")
        return _written(encoding, "PRIVATE KEY", self._pkcs8)


def _written(encoding: Encoding, label: str, der: bytes) -> bytes:
    if encoding is Encoding.DER:
        return der
    if encoding is Encoding.PEM:
        return _pem.encode(label, der)
    raise UnsupportedAlgorithm("keys are written as PEM or DER")
