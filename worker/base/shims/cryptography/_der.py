"""DER, as far as keys are written in it."""

from __future__ import annotations

INTEGER, BITS, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x03, 0x04, 0x05, 0x06, 0x30


def context(number: int) -> int:
    """The tag of an explicit field."""
    return 0xA0 | number


class Reader:
    """Reads one value after the other. Raises `ValueError` for what is no DER."""

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)
        self._at = 0

    @property
    def tag(self) -> int | None:
        """The tag of the next value; `None` at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def next(self, expected: int) -> bytes:
        """The content of the next value, which must have this tag."""
        return self.value(expected)[0]

    def value(self, expected: int) -> tuple[bytes, bytes]:
        """Content of the next value, and the value as it is encoded."""
        if self.tag != expected:
            raise ValueError(f"expected the DER tag {expected:#04x}, found {self.tag}")
        start, at = self._at, self._at + 2
        length = self._data[at - 1] if at <= len(self._data) else 0
        if length >= 0x80:
            size = length & 0x7F
            length = int.from_bytes(self._data[at : at + size]) if 0 < size <= 4 else len(self._data)
            at += size
        self._at = at + length
        if self._at > len(self._data):
            raise ValueError("the DER ends early")
        return self._data[at : self._at], self._data[start : self._at]

    def sequence(self) -> Reader:
        return Reader(self.next(SEQUENCE))

    def integer(self) -> int:
        return int.from_bytes(self.next(INTEGER), signed=True)

    def bits(self) -> bytes:
        """A bit string of whole bytes."""
        content = self.next(BITS)
        if content[:1] != b"\0":
            raise ValueError("a bit string of broken bytes")
        return content[1:]

    def end(self) -> None:
        if self.tag is not None:
            raise ValueError("there is more after the DER")


def encode(tag: int, *parts: bytes) -> bytes:
    """A value with this content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size) + content


def integer(value: int) -> bytes:
    """An integer that is not negative."""
    if value < 0:
        raise ValueError("numbers of keys are not negative")
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def bits(content: bytes) -> bytes:
    return encode(BITS, b"\0", content)
