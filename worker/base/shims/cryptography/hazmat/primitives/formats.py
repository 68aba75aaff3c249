"""How keys can be written; `serialization` has these names."""

from enum import Enum


class Encoding(Enum):
    PEM = "PEM"
    DER = "DER"
    OpenSSH = "OpenSSH"
    Raw = "Raw"
    X962 = "ANSI X9.62"
    SMIME = "S/MIME"


class PrivateFormat(Enum):
    PKCS8 = "PKCS8"
    TraditionalOpenSSL = "TraditionalOpenSSL"
    Raw = "Raw"
    OpenSSH = "OpenSSH"
    PKCS12 = "PKCS12"


class PublicFormat(Enum):
    SubjectPublicKeyInfo = "X.509 subjectPublicKeyInfo with PKCS#1"
    PKCS1 = "Raw PKCS#1"
    OpenSSH = "OpenSSH"
    Raw = "Raw"
    CompressedPoint = "X9.62 Compressed Point"
    UncompressedPoint = "X9.62 Uncompressed Point"


class KeySerializationEncryption:
    """How a private key is encrypted."""


class BestAvailableEncryption(KeySerializationEncryption):
    """With a password; keys are written without encryption alone."""

    def __init__(self, password: bytes) -> None:
        if not password:
            raise ValueError("Password must be 1 or more bytes.")
        self.password = password


class NoEncryption(KeySerializationEncryption):
    """Not at all."""
