"""RSA."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, NoReturn

from .... import _host
from ...._der import NULL, OCTETS, OID, SEQUENCE, Reader, bits, encode, integer
from ....exceptions import UnsupportedAlgorithm
from .._keys import PrivateKey, PublicKey
from ..hashes import HashAlgorithm
from .padding import PSS, AsymmetricPadding, PKCS1v15

ALGORITHM = bytes.fromhex("2a864886f70d010101")
"""The identifier of RSA keys."""

_IDENTIFIER = encode(SEQUENCE, encode(OID, ALGORITHM), encode(NULL))


class RSAPublicKey(PublicKey):
    def __init__(self, spki: bytes) -> None:
        super().__init__(spki)
        self._numbers = _public_numbers(spki)

    @property
    def key_size(self) -> int:
        return self._numbers.n.bit_length()

    def public_numbers(self) -> RSAPublicNumbers:
        return self._numbers

    def verify(self, signature: bytes, data: bytes, padding: AsymmetricPadding, algorithm: HashAlgorithm) -> None:
        _host.verify(_algorithm(padding, algorithm), self._spki, data, signature)

    def encrypt(self, *_arguments: Any) -> NoReturn:
        raise UnsupportedAlgorithm("a run can check signatures of RSA, not encrypt")


class RSAPrivateKey(PrivateKey):
    @property
    def key_size(self) -> int:
        return self.public_key().key_size

    def public_key(self) -> RSAPublicKey:
        return RSAPublicKey(self._spki)

    def private_numbers(self) -> RSAPrivateNumbers:
        outer = Reader(self._pkcs8).sequence()
        outer.integer()
        outer.next(SEQUENCE)
        inner = Reader(outer.next(OCTETS)).sequence()
        _, n, e, d, p, q, dmp1, dmq1, iqmp = [inner.integer() for _ in range(9)]
        return RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, RSAPublicNumbers(e, n))

    def sign(self, data: bytes, padding: AsymmetricPadding, algorithm: HashAlgorithm) -> bytes:
        return _host.sign(_algorithm(padding, algorithm), self._pkcs8, data)

    def decrypt(self, *_arguments: Any) -> NoReturn:
        raise UnsupportedAlgorithm("a run can sign with RSA, not decrypt")


RSAPublicKeyWithSerialization = RSAPublicKey
RSAPrivateKeyWithSerialization = RSAPrivateKey


@dataclass(frozen=True)
class RSAPublicNumbers:
    e: int
    n: int

    def public_key(self, backend: Any = None) -> RSAPublicKey:
        key = encode(SEQUENCE, integer(self.n), integer(self.e))
        return RSAPublicKey(encode(SEQUENCE, _IDENTIFIER, bits(key)))


@dataclass(frozen=True)
class RSAPrivateNumbers:
    p: int
    q: int
    d: int
    dmp1: int
    dmq1: int
    iqmp: int
    public_numbers: RSAPublicNumbers

    def private_key(self, backend: Any = None, *, unsafe_skip_rsa_key_validation: bool = False) -> RSAPrivateKey:
        numbers = (0, self.public_numbers.n, self.public_numbers.e, self.d, self.p, self.q, self.dmp1, self.dmq1, self.iqmp)
        return from_pkcs1(encode(SEQUENCE, *map(integer, numbers)))


def from_pkcs1(key: bytes) -> RSAPrivateKey:
    """From an RSAPrivateKey, which PEM calls RSA PRIVATE KEY."""
    return RSAPrivateKey(encode(SEQUENCE, integer(0), _IDENTIFIER, encode(OCTETS, key)))


def from_public_pkcs1(key: bytes) -> RSAPublicKey:
    """From an RSAPublicKey, which PEM calls RSA PUBLIC KEY."""
    return RSAPublicKey(encode(SEQUENCE, _IDENTIFIER, bits(key)))


def generate_private_key(public_exponent: int, key_size: int, backend: Any = None) -> NoReturn:
    raise UnsupportedAlgorithm("keys are made outside of a run, and kept as secrets")


def rsa_crt_iqmp(p: int, q: int) -> int:
    return pow(q, -1, p)


def rsa_crt_dmp1(private_exponent: int, p: int) -> int:
    return private_exponent % (p - 1)


def rsa_crt_dmq1(private_exponent: int, q: int) -> int:
    return private_exponent % (q - 1)


def rsa_recover_prime_factors(n: int, e: int, d: int) -> tuple[int, int]:
    """The factors of the modulus, the larger one first."""
    odd = d * e - 1
    if n < 4 or odd <= 0 or odd % 2:
        raise ValueError("Unable to compute factors p and q from exponent d.")
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for _ in range(100):
        root = pow(random.randrange(2, n - 1), odd, n)
        for _ in range(twos):
            square = root * root % n
            if square == 1 and root not in (1, n - 1):
                factor = math.gcd(root - 1, n)
                return max(factor, n // factor), min(factor, n // factor)
            root = square
    raise ValueError("Unable to compute factors p and q from exponent d.")


def _public_numbers(spki: bytes) -> RSAPublicNumbers:
    outer = Reader(spki).sequence()
    outer.next(SEQUENCE)
    inner = Reader(outer.bits()).sequence()
    n, e = inner.integer(), inner.integer()
    if n <= 0 or e <= 0:
        raise ValueError("the numbers of a public key are positive")
    return RSAPublicNumbers(e, n)


def _algorithm(padding: AsymmetricPadding, algorithm: HashAlgorithm) -> str:
    if isinstance(padding, PKCS1v15):
        return f"RSA_PKCS1_{algorithm.name.upper()}"
    if not isinstance(padding, PSS):
        raise UnsupportedAlgorithm(f"{padding.name} is no padding of a signature")
    lengths = (algorithm.digest_size, PSS.DIGEST_LENGTH, PSS.AUTO)
    if padding._salt_length not in lengths or padding._mgf._algorithm != algorithm:
        raise UnsupportedAlgorithm("PSS takes one hash, and a salt as long as its digest")
    return f"RSA_PSS_{algorithm.name.upper()}"
