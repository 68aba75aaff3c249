"""AES in CBC. Everything else of the kind says that it is not here."""

from __future__ import annotations

from typing import Any

from ....exceptions import AlreadyFinalized
from .algorithms import AES, BlockCipherAlgorithm, CipherAlgorithm
from .modes import CBC

__all__ = ["BlockCipherAlgorithm", "Cipher", "CipherAlgorithm", "CipherContext"]

_BLOCK = 16


class Cipher:
    def __init__(self, algorithm: AES, mode: CBC, backend: Any = None) -> None:
        self.algorithm = algorithm
        self.mode = mode

    def encryptor(self) -> CipherContext:
        return _Encryptor(self.algorithm, self.mode)

    def decryptor(self) -> CipherContext:
        return _Decryptor(self.algorithm, self.mode)


class CipherContext:
    """Blocks on their way through a cipher."""

    def __init__(self, algorithm: AES, mode: CBC) -> None:
        self._aes = algorithm.cipher
        self._before = mode.initialization_vector
        self._rest: bytes | None = b""

    def update(self, data: bytes) -> bytes:
        if self._rest is None:
            raise AlreadyFinalized("Context was already finalized.")
        data = self._rest + data
        whole = len(data) - len(data) % _BLOCK
        self._rest = data[whole:]
        return b"".join(self._next(data[at : at + _BLOCK]) for at in range(0, whole, _BLOCK))

    def finalize(self) -> bytes:
        if self._rest is None:
            raise AlreadyFinalized("Context was already finalized.")
        rest, self._rest = self._rest, None
        if rest:
            raise ValueError("The length of the provided data is not a multiple of the block length.")
        return b""

    def _next(self, block: bytes) -> bytes:
        raise NotImplementedError


class _Encryptor(CipherContext):
    def _next(self, block: bytes) -> bytes:
        self._before = self._aes.encrypt(_xor(block, self._before))
        return self._before


class _Decryptor(CipherContext):
    def _next(self, block: bytes) -> bytes:
        before, self._before = self._before, block
        return _xor(self._aes.decrypt(block), before)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(_BLOCK)
