"""Ciphers: AES."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from ...._aes import AES as Blocks
from ....exceptions import UnsupportedAlgorithm


class CipherAlgorithm:
    name: ClassVar[str]
    key_sizes: ClassVar[frozenset[int]]


class BlockCipherAlgorithm(CipherAlgorithm):
    block_size: ClassVar[int]


class AES(BlockCipherAlgorithm):
    name, block_size = "AES", 128
    key_sizes = frozenset([128, 192, 256])

    def __init__(self, key: bytes) -> None:
        if len(key) * 8 not in self.key_sizes:
            raise ValueError(f"Invalid key size ({len(key) * 8}) for AES.")
        self.key = bytes(key)
        self.cipher = Blocks(self.key)

    @property
    def key_size(self) -> int:
        return len(self.key) * 8


class AES128(AES):
    key_sizes = frozenset([128])


class AES256(AES):
    key_sizes = frozenset([256])


class ChaCha20(CipherAlgorithm):
    name = "ChaCha20"

    def __init__(self, *_arguments: Any) -> NoReturn:
        raise UnsupportedAlgorithm(f"a run has AES, not {self.name}")


class TripleDES(ChaCha20):
    name = "3DES"
