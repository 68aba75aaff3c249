"""PBKDF2 (RFC 8018)."""

from __future__ import annotations

import hmac
from typing import Any

from ..hashes import HashAlgorithm
from . import KeyDerivationFunction


class PBKDF2HMAC(KeyDerivationFunction):
    def __init__(
        self, algorithm: HashAlgorithm, length: int, salt: bytes, iterations: int, backend: Any = None
    ) -> None:
        if length < 1 or iterations < 1:
            raise ValueError("length and iterations must be at least 1")
        self._algorithm, self._length, self._salt, self._iterations = algorithm, length, salt, iterations

    def _derived(self, material: bytes) -> bytes:
        keyed = hmac.new(material, digestmod=self._algorithm.name)
        size, derived = self._algorithm.digest_size, b""
        for number in range(1, -(-self._length // size) + 1):
            part = _digest(keyed, self._salt + number.to_bytes(4))
            block = int.from_bytes(part)
            for _ in range(self._iterations - 1):
                part = _digest(keyed, part)
                block ^= int.from_bytes(part)
            derived += block.to_bytes(size)
        return derived[: self._length]


def _digest(keyed: Any, data: bytes) -> bytes:
    copy = keyed.copy()
    copy.update(data)
    return bytes(copy.digest())
