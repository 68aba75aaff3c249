"""Hash algorithms, computed by the interpreter itself."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar


class HashAlgorithm:
    """Its name, and sizes in bytes."""

    name: ClassVar[str]
    digest_size: ClassVar[int]
    block_size: ClassVar[int]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)


class SHA1(HashAlgorithm):
    name, digest_size, block_size = "sha1", 20, 64


class SHA224(HashAlgorithm):
    name, digest_size, block_size = "sha224", 28, 64


class SHA256(HashAlgorithm):
    name, digest_size, block_size = "sha256", 32, 64


class SHA384(HashAlgorithm):
    name, digest_size, block_size = "sha384", 48, 128


class SHA512(HashAlgorithm):
    name, digest_size, block_size = "sha512", 64, 128


class MD5(HashAlgorithm):
    name, digest_size, block_size = "md5", 16, 64


class Hash:
    """A hash in the making."""

    def __init__(self, algorithm: HashAlgorithm, backend: Any = None) -> None:
        self.algorithm = algorithm
        self._hash = hashlib.new(algorithm.name)

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def finalize(self) -> bytes:
        return self._hash.digest()

    def copy(self) -> Hash:
        other = Hash(self.algorithm)
        other._hash = self._hash.copy()
        return other
