"""HKDF (RFC 5869)."""

from __future__ import annotations

import hmac
from typing import Any

from ..hashes import HashAlgorithm
from . import KeyDerivationFunction


class HKDFExpand(KeyDerivationFunction):
    def __init__(self, algorithm: HashAlgorithm, length: int, info: bytes | None, backend: Any = None) -> None:
        if not 0 < length <= 255 * algorithm.digest_size:
            raise ValueError(f"length must be 1 to {255 * algorithm.digest_size}")
        self._algorithm, self._length, self._info = algorithm, length, info or b""

    def _derived(self, material: bytes) -> bytes:
        derived, part, number = b"", b"", 1
        while len(derived) < self._length:
            part = hmac.digest(material, part + self._info + bytes([number]), self._algorithm.name)
            derived, number = derived + part, number + 1
        return derived[: self._length]


class HKDF(HKDFExpand):
    def __init__(
        self, algorithm: HashAlgorithm, length: int, salt: bytes | None, info: bytes | None, backend: Any = None
    ) -> None:
        super().__init__(algorithm, length, info)
        self._salt = salt or bytes(algorithm.digest_size)

    def _derived(self, material: bytes) -> bytes:
        return super()._derived(hmac.digest(self._salt, material, self._algorithm.name))
