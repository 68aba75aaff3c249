"""Paddings of RSA signatures."""

from __future__ import annotations

from typing import Any, ClassVar

from ..hashes import HashAlgorithm


class AsymmetricPadding:
    name: ClassVar[str]


class PKCS1v15(AsymmetricPadding):
    name = "EMSA-PKCS1-v1_5"


class MGF1:
    def __init__(self, algorithm: HashAlgorithm) -> None:
        self._algorithm = algorithm


class OAEP(AsymmetricPadding):
    """Of encryption, which a run does not have: for code that names it and does not use it."""

    name = "EME-OAEP"

    def __init__(self, mgf: MGF1, algorithm: HashAlgorithm, label: bytes | None) -> None:
        self._mgf, self._algorithm, self._label = mgf, algorithm, label


class _Length:
    """A length of the salt that stands for a number."""


class PSS(AsymmetricPadding):
    """With a salt as long as the digest: the one that tokens use."""

    name = "EMSA-PSS"
    MAX_LENGTH: ClassVar[Any] = _Length()
    AUTO: ClassVar[Any] = _Length()
    DIGEST_LENGTH: ClassVar[Any] = _Length()

    def __init__(self, mgf: MGF1, salt_length: Any) -> None:
        self._mgf = mgf
        self._salt_length = salt_length
