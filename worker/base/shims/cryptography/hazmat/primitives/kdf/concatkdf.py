"""The concatenation KDF (NIST SP 800-56A)."""

from __future__ import annotations

import hashlib
from typing import Any

from ..hashes import HashAlgorithm
from . import KeyDerivationFunction


class ConcatKDFHash(KeyDerivationFunction):
    def __init__(self, algorithm: HashAlgorithm, length: int, otherinfo: bytes | None, backend: Any = None) -> None:
        if length < 1:
            raise ValueError("length must be at least 1")
        self._algorithm, self._length, self._info = algorithm, length, otherinfo or b""

    def _derived(self, material: bytes) -> bytes:
        derived, number = b"", 1
        while len(derived) < self._length:
            part = number.to_bytes(4) + material + self._info
            derived, number = derived + hashlib.new(self._algorithm.name, part).digest(), number + 1
        return derived[: self._length]
