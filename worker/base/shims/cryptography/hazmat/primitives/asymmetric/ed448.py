"""Ed448, which the platform does not have: the names, for code that asks what a key is."""

from typing import NoReturn

from ....exceptions import UnsupportedAlgorithm


class Ed448PublicKey:
    @classmethod
    def from_public_bytes(cls, data: bytes) -> NoReturn:
        raise UnsupportedAlgorithm("a run has Ed25519, not Ed448")


class Ed448PrivateKey:
    @classmethod
    def generate(cls) -> NoReturn:
        raise UnsupportedAlgorithm("a run has Ed25519, not Ed448")

    @classmethod
    def from_private_bytes(cls, data: bytes) -> NoReturn:
        raise UnsupportedAlgorithm("a run has Ed25519, not Ed448")
