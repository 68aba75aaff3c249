"""Ed25519."""

from __future__ import annotations

from typing import Any, NoReturn

from .... import _host
from ...._der import OCTETS, OID, SEQUENCE, Reader, bits, encode, integer
from ....exceptions import UnsupportedAlgorithm
from .._keys import PrivateKey, PublicKey
from ..formats import Encoding, PrivateFormat, PublicFormat

ALGORITHM = bytes.fromhex("2b6570")
"""The identifier of Ed25519 keys."""

_IDENTIFIER = encode(SEQUENCE, encode(OID, ALGORITHM))
_SIZE = 32


class Ed25519PublicKey(PublicKey):
    @classmethod
    def from_public_bytes(cls, data: bytes) -> Ed25519PublicKey:
        if len(data) != _SIZE:
            raise ValueError("An Ed25519 public key is 32 bytes long")
        return cls(encode(SEQUENCE, _IDENTIFIER, bits(data)))

    def public_bytes_raw(self) -> bytes:
        outer = Reader(self._spki).sequence()
        outer.next(SEQUENCE)
        return outer.bits()

    def public_bytes(self, encoding: Encoding, format: PublicFormat) -> bytes:
        if encoding is Encoding.Raw and format is PublicFormat.Raw:
            return self.public_bytes_raw()
        return super().public_bytes(encoding, format)

    def verify(self, signature: bytes, data: bytes) -> None:
        _host.verify("ED25519", self._spki, data, signature)


class Ed25519PrivateKey(PrivateKey):
    @classmethod
    def from_private_bytes(cls, data: bytes) -> Ed25519PrivateKey:
        if len(data) != _SIZE:
            raise ValueError("An Ed25519 private key is 32 bytes long")
        return cls(encode(SEQUENCE, integer(0), _IDENTIFIER, encode(OCTETS, encode(OCTETS, data))))

    @classmethod
    def generate(cls) -> NoReturn:
        raise UnsupportedAlgorithm("keys are made outside of a run, and kept as secrets")

    def public_key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey(self._spki)

    def private_bytes_raw(self) -> bytes:
        outer = Reader(self._pkcs8).sequence()
        outer.integer()
        outer.next(SEQUENCE)
        return Reader(outer.next(OCTETS)).next(OCTETS)

    def private_bytes(self, encoding: Encoding, format: PrivateFormat, encryption_algorithm: Any) -> bytes:
        if encoding is Encoding.Raw and format is PrivateFormat.Raw:
            return self.private_bytes_raw()
        return super().private_bytes(encoding, format, encryption_algorithm)

    def sign(self, data: bytes) -> bytes:
        return _host.sign("ED25519", self._pkcs8, data)
