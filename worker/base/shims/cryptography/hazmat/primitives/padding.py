"""Padding to whole blocks: PKCS #7."""

from __future__ import annotations

from ...exceptions import AlreadyFinalized


class PaddingContext:
    """Bytes on their way; nothing comes out before the end."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._data: bytearray | None = bytearray()

    def update(self, data: bytes) -> bytes:
        if self._data is None:
            raise AlreadyFinalized("Context was already finalized.")
        self._data += data
        return b""

    def finalize(self) -> bytes:
        if self._data is None:
            raise AlreadyFinalized("Context was already finalized.")
        data, self._data = bytes(self._data), None
        return self._changed(data)

    def _changed(self, data: bytes) -> bytes:
        count = self._size - len(data) % self._size
        return data + bytes([count]) * count


class _Unpadding(PaddingContext):
    def _changed(self, data: bytes) -> bytes:
        count = data[-1] if data else 0
        if len(data) % self._size or not 0 < count <= self._size or data[-count:] != bytes([count]) * count:
            raise ValueError("Invalid padding bytes.")
        return data[:-count]


class PKCS7:
    def __init__(self, block_size: int) -> None:
        if not 0 < block_size <= 2040 or block_size % 8:
            raise ValueError("block_size must be a multiple of 8, up to 2040.")
        self.block_size = block_size

    def padder(self) -> PaddingContext:
        return PaddingContext(self.block_size // 8)

    def unpadder(self) -> PaddingContext:
        return _Unpadding(self.block_size // 8)
