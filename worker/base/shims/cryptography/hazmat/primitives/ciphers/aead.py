"""Authenticated encryption, which the platform does not have: the names, for code that imports them."""

from __future__ import annotations

from typing import Any, NoReturn

from ....exceptions import UnsupportedAlgorithm


class AESGCM:
    def __init__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise UnsupportedAlgorithm(f"a run has no {type(self).__name__}; Fernet is there")

    @classmethod
    def generate_key(cls, *_arguments: Any) -> NoReturn:
        raise UnsupportedAlgorithm(f"a run has no {cls.__name__}; Fernet is there")


class AESCCM(AESGCM):
    pass


class AESSIV(AESGCM):
    pass


class AESGCMSIV(AESGCM):
    pass


class ChaCha20Poly1305(AESGCM):
    pass
