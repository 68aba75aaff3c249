"""AES (FIPS 197) in Python: for what is small, such as tokens and keys. Slow, and not constant-time."""

from __future__ import annotations


class AES:
    """One key: 16, 24 or 32 bytes."""

    def __init__(self, key: bytes) -> None:
        words = [int.from_bytes(key[at : at + 4]) for at in range(0, len(key), 4)]
        count = len(words)
        if len(key) not in (16, 24, 32):
            raise ValueError(f"Invalid key size ({len(key) * 8}) for AES.")
        factor = 1
        for at in range(count, 4 * (count + 7)):
            word = words[-1]
            if at % count == 0:
                word = _substituted((word << 8 | word >> 24) & 0xFFFFFFFF) ^ factor << 24
                factor = _double(factor)
            elif count == 8 and at % 8 == 4:
                word = _substituted(word)
            words.append(words[at - count] ^ word)
        self._encrypting = words
        # The equivalent inverse cipher: rounds in reverse, those between mixed.
        rounds = [words[at : at + 4] for at in range(0, len(words), 4)][::-1]
        between = [[_unmixed(word) for word in part] for part in rounds[1:-1]]
        self._decrypting = [word for part in (rounds[0], *between, rounds[-1]) for word in part]

    def encrypt(self, block: bytes) -> bytes:
        """One block of 16 bytes."""
        return _rounds(block, self._encrypting, _FORWARD, _BOX, 1)

    def decrypt(self, block: bytes) -> bytes:
        """One block of 16 bytes."""
        return _rounds(block, self._decrypting, _BACKWARD, _INVERSE, 3)


def _rounds(block: bytes, keys: list[int], tables: list[list[int]], box: bytes, step: int) -> bytes:
    """Columns are words; `step` is which column the second row comes from, and the next ones accordingly."""
    first, second, third, fourth = tables
    state = [int.from_bytes(block[4 * at : 4 * at + 4]) ^ keys[at] for at in range(4)]
    for base in range(4, len(keys) - 4, 4):
        state = [
            first[state[at] >> 24]
            ^ second[state[(at + step) & 3] >> 16 & 0xFF]
            ^ third[state[(at + 2) & 3] >> 8 & 0xFF]
            ^ fourth[state[(at - step) & 3] & 0xFF]
            ^ keys[base + at]
            for at in range(4)
        ]
    last = [
        (
            box[state[at] >> 24] << 24
            | box[state[(at + step) & 3] >> 16 & 0xFF] << 16
            | box[state[(at + 2) & 3] >> 8 & 0xFF] << 8
            | box[state[(at - step) & 3] & 0xFF]
        )
        ^ keys[at - 4]
        for at in range(4)
    ]
    return b"".join(word.to_bytes(4) for word in last)


def _double(value: int) -> int:
    return value << 1 ^ (0x11B if value & 0x80 else 0)


def _times(value: int, factor: int) -> int:
    """The product in the field of 256 elements."""
    product = 0
    while factor:
        product ^= value if factor & 1 else 0
        value, factor = _double(value), factor >> 1
    return product


def _substitution() -> bytes:
    box = bytearray(256)
    for value in range(256):
        # Its inverse is its 254th power.
        inverse = 1
        for bit in (1, 1, 1, 1, 1, 1, 1, 0):
            inverse = _times(inverse, inverse)
            inverse = _times(inverse, value) if bit else inverse
        twice = inverse << 8 | inverse
        box[value] = (inverse ^ twice >> 7 ^ twice >> 6 ^ twice >> 5 ^ twice >> 4) & 0xFF ^ 0x63
    return bytes(box)


def _tables(box: bytes, factors: tuple[int, int, int, int]) -> list[list[int]]:
    """Substitution and mixing of a column in one look-up, for each of its rows."""
    table = [int.from_bytes(bytes(_times(value, factor) for factor in factors)) for value in box]
    return [[(word >> shift | word << 32 - shift) & 0xFFFFFFFF for word in table] for shift in (0, 8, 16, 24)]


_BOX = _substitution()
_INVERSE = bytes(_BOX.index(value) for value in range(256))
_FORWARD = _tables(_BOX, (2, 1, 1, 3))
_BACKWARD = _tables(_INVERSE, (14, 9, 13, 11))


def _substituted(word: int) -> int:
    return int.from_bytes(word.to_bytes(4).translate(_BOX))


def _unmixed(word: int) -> int:
    """The inverse of mixing a column."""
    return (
        _BACKWARD[0][_BOX[word >> 24]]
        ^ _BACKWARD[1][_BOX[word >> 16 & 0xFF]]
        ^ _BACKWARD[2][_BOX[word >> 8 & 0xFF]]
        ^ _BACKWARD[3][_BOX[word & 0xFF]]
    )
