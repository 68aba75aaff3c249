"""X448, which the platform does not have: the names, for code that asks what a key is."""

from typing import Any, NoReturn

from ....exceptions import UnsupportedAlgorithm


class X448PublicKey:
    @classmethod
    def from_public_bytes(cls, data: bytes) -> NoReturn:
        _absent()


class X448PrivateKey:
    @classmethod
    def from_private_bytes(cls, data: bytes) -> NoReturn:
        _absent()

    @classmethod
    def generate(cls, *_arguments: Any) -> NoReturn:
        _absent()


def _absent() -> NoReturn:
    raise UnsupportedAlgorithm("a run can sign with its keys, not agree on others with them")
