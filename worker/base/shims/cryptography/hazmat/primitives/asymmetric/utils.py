"""The two numbers of an ECDSA signature."""

from ...._der import SEQUENCE, Reader, encode, integer


def decode_dss_signature(signature: bytes) -> tuple[int, int]:
    outer = Reader(signature)
    inner = outer.sequence()
    numbers = inner.integer(), inner.integer()
    inner.end()
    outer.end()
    return numbers


def encode_dss_signature(r: int, s: int) -> bytes:
    return encode(SEQUENCE, integer(r), integer(s))
