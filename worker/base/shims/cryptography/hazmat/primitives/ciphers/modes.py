"""Modes of ciphers: CBC."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from ....exceptions import UnsupportedAlgorithm


class Mode:
    name: ClassVar[str]


class CBC(Mode):
    name = "CBC"

    def __init__(self, initialization_vector: bytes) -> None:
        if len(initialization_vector) != 16:
            raise ValueError(f"Invalid IV size ({len(initialization_vector)}) for CBC.")
        self.initialization_vector = bytes(initialization_vector)


class _Absent(Mode):
    def __init__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise UnsupportedAlgorithm(f"a run has AES in CBC, not in {self.name}")


class CFB(_Absent):
    name = "CFB"


class CTR(_Absent):
    name = "CTR"


class ECB(_Absent):
    name = "ECB"


class GCM(_Absent):
    name = "GCM"


class OFB(_Absent):
    name = "OFB"
