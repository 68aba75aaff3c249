"""What the host computes, with the library's errors."""

from __future__ import annotations

from componentize_py_types import Err
from wit_world.imports import signing

from .exceptions import InvalidSignature, UnsupportedAlgorithm


def public_key(private: bytes) -> bytes:
    """The public half of a PKCS #8 key, as SubjectPublicKeyInfo. Raises `ValueError` for a bad key."""
    try:
        return signing.public_key(private)
    except Err as error:
        raise ValueError(error.value.message) from None


def sign(algorithm: str, private: bytes, message: bytes) -> bytes:
    try:
        return signing.sign(_named(algorithm), private, message)
    except Err as error:
        raise ValueError(error.value.message) from None


def verify(algorithm: str, public: bytes, message: bytes, signature: bytes) -> None:
    """Raises `InvalidSignature`."""
    try:
        valid = signing.verify(_named(algorithm), public, message, signature)
    except Err as error:
        raise ValueError(error.value.message) from None
    if not valid:
        raise InvalidSignature


def _named(algorithm: str) -> signing.Algorithm:
    try:
        return signing.Algorithm[algorithm]
    except KeyError:
        known = ", ".join(name.lower().replace("_", " ") for name in signing.Algorithm.__members__)
        message = f"{algorithm.lower().replace('_', ' ')} is not supported in a run, but {known}"
        raise UnsupportedAlgorithm(message) from None
