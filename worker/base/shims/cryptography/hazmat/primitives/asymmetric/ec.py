"""ECDSA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from .... import _host
from ...._der import OCTETS, OID, SEQUENCE, Reader, bits, context, encode, integer
from ....exceptions import UnsupportedAlgorithm
from .._keys import PrivateKey, PublicKey
from ..hashes import HashAlgorithm

ALGORITHM = bytes.fromhex("2a8648ce3d0201")
"""The identifier of keys on elliptic curves."""


class EllipticCurve:
    name: ClassVar[str]
    key_size: ClassVar[int]
    identifier: ClassVar[bytes]


class SECP256R1(EllipticCurve):
    name, key_size, identifier = "secp256r1", 256, bytes.fromhex("2a8648ce3d030107")


class SECP384R1(EllipticCurve):
    name, key_size, identifier = "secp384r1", 384, bytes.fromhex("2b81040022")


class SECP521R1(EllipticCurve):
    name, key_size, identifier = "secp521r1", 521, bytes.fromhex("2b81040023")


class SECP256K1(EllipticCurve):
    name, key_size, identifier = "secp256k1", 256, bytes.fromhex("2b8104000a")


_CURVES = {curve.identifier: curve for curve in (SECP256R1, SECP384R1, SECP521R1, SECP256K1)}


class ECDSA:
    def __init__(self, algorithm: HashAlgorithm) -> None:
        self.algorithm = algorithm


class ECDH:
    """Key agreement, which a run does not have."""


class EllipticCurvePublicKey(PublicKey):
    def __init__(self, spki: bytes) -> None:
        super().__init__(spki)
        outer = Reader(spki).sequence()
        self.curve = curve_of(outer.sequence())
        self._point = outer.bits()
        if len(self._point) != 2 * _width(self.curve) + 1 or self._point[0] != 4:
            raise ValueError("the point of an elliptic curve key is given by both its coordinates")

    @property
    def key_size(self) -> int:
        return self.curve.key_size

    def public_numbers(self) -> EllipticCurvePublicNumbers:
        width = _width(self.curve)
        x, y = self._point[1 : width + 1], self._point[width + 1 :]
        return EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), self.curve)

    def verify(self, signature: bytes, data: bytes, signature_algorithm: ECDSA) -> None:
        _host.verify(_algorithm(self.curve, signature_algorithm), self._spki, data, signature)


class EllipticCurvePrivateKey(PrivateKey):
    @property
    def curve(self) -> EllipticCurve:
        return self.public_key().curve

    @property
    def key_size(self) -> int:
        return self.curve.key_size

    def public_key(self) -> EllipticCurvePublicKey:
        return EllipticCurvePublicKey(self._spki)

    def private_numbers(self) -> EllipticCurvePrivateNumbers:
        outer = Reader(self._pkcs8).sequence()
        outer.integer()
        outer.next(SEQUENCE)
        inner = Reader(outer.next(OCTETS)).sequence()
        inner.integer()
        return EllipticCurvePrivateNumbers(int.from_bytes(inner.next(OCTETS)), self.public_key().public_numbers())

    def sign(self, data: bytes, signature_algorithm: ECDSA) -> bytes:
        return _host.sign(_algorithm(self.curve, signature_algorithm), self._pkcs8, data)

    def exchange(self, algorithm: ECDH, peer_public_key: EllipticCurvePublicKey) -> NoReturn:
        raise UnsupportedAlgorithm("a run can sign with its keys, not agree on others with them")


EllipticCurvePublicKeyWithSerialization = EllipticCurvePublicKey
EllipticCurvePrivateKeyWithSerialization = EllipticCurvePrivateKey


@dataclass(frozen=True)
class EllipticCurvePublicNumbers:
    x: int
    y: int
    curve: EllipticCurve

    def public_key(self, backend: Any = None) -> EllipticCurvePublicKey:
        width = _width(self.curve)
        point = b"\x04" + self.x.to_bytes(width) + self.y.to_bytes(width)
        return EllipticCurvePublicKey(encode(SEQUENCE, _identifier(self.curve), bits(point)))


@dataclass(frozen=True)
class EllipticCurvePrivateNumbers:
    private_value: int
    public_numbers: EllipticCurvePublicNumbers

    def private_key(self, backend: Any = None) -> EllipticCurvePrivateKey:
        key = derive_private_key(self.private_value, self.public_numbers.curve)
        if key.public_key().public_numbers().x != self.public_numbers.x:
            raise ValueError("the two halves of the key do not belong together")
        return key


def derive_private_key(private_value: int, curve: EllipticCurve, backend: Any = None) -> EllipticCurvePrivateKey:
    """The key with this number; the host computes its public half."""
    if private_value <= 0 or private_value.bit_length() > curve.key_size:
        raise ValueError("private_value must be a positive number of the curve's size")
    value = encode(OCTETS, private_value.to_bytes(_width(curve)))
    return _from_sec1(curve, encode(SEQUENCE, integer(1), value))


def from_sec1(key: bytes) -> EllipticCurvePrivateKey:
    """From an ECPrivateKey, which PEM calls EC PRIVATE KEY."""
    inner = Reader(key).sequence()
    inner.integer()
    inner.next(OCTETS)
    if inner.tag != context(0):
        raise ValueError("the key does not say which curve it is on")
    return _from_sec1(_curve(Reader(inner.next(context(0))).next(OID)), key)


def _from_sec1(curve: EllipticCurve, key: bytes) -> EllipticCurvePrivateKey:
    return EllipticCurvePrivateKey(encode(SEQUENCE, integer(0), _identifier(curve), encode(OCTETS, key)))


def generate_private_key(curve: EllipticCurve, backend: Any = None) -> NoReturn:
    raise UnsupportedAlgorithm("keys are made outside of a run, and kept as secrets")


def curve_of(identifier: Reader) -> EllipticCurve:
    """The curve that a key's identifier names."""
    identifier.next(OID)
    return _curve(identifier.next(OID))


def _curve(identifier: bytes) -> EllipticCurve:
    curve = _CURVES.get(identifier)
    if curve is None:
        raise UnsupportedAlgorithm(f"keys are on {', '.join(known.name for known in _CURVES.values())}")
    return curve()


def _identifier(curve: EllipticCurve) -> bytes:
    return encode(SEQUENCE, encode(OID, ALGORITHM), encode(OID, curve.identifier))


def _width(curve: EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _algorithm(curve: EllipticCurve, algorithm: ECDSA) -> str:
    return f"ECDSA_{curve.name.upper()}_{algorithm.algorithm.name.upper()}"
