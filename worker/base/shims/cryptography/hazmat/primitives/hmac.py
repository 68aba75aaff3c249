"""HMAC, computed by the interpreter itself."""

from __future__ import annotations

import hmac
from typing import Any

from ...exceptions import InvalidSignature
from .hashes import HashAlgorithm


class HMAC:
    def __init__(self, key: bytes, algorithm: HashAlgorithm, backend: Any = None) -> None:
        self.algorithm = algorithm
        self._hmac = hmac.new(key, digestmod=algorithm.name)

    def update(self, data: bytes) -> None:
        self._hmac.update(data)

    def finalize(self) -> bytes:
        return self._hmac.digest()

    def verify(self, signature: bytes) -> None:
        """Raises `InvalidSignature`."""
        if not hmac.compare_digest(self.finalize(), signature):
            raise InvalidSignature("Signature did not match digest.")

    def copy(self) -> HMAC:
        other = object.__new__(HMAC)
        other.algorithm, other._hmac = self.algorithm, self._hmac.copy()
        return other
