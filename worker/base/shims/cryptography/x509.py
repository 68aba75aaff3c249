"""Certificates, for the public key in them."""

from __future__ import annotations

from typing import Any

from . import _der, _pem
from .hazmat.primitives.serialization import load_der_public_key


class Certificate:
    """A certificate. Nobody has checked who signed it."""

    def __init__(self, public: bytes) -> None:
        self._public = public

    def public_key(self) -> Any:
        return load_der_public_key(self._public)


def load_der_x509_certificate(data: bytes, backend: Any = None) -> Certificate:
    outer = _der.Reader(data)
    certificate = outer.sequence()
    outer.end()
    signed = certificate.sequence()
    if signed.tag == _der.context(0):
        signed.next(_der.context(0))  # version
    signed.next(_der.INTEGER)
    for _ in ("signature", "issuer", "validity", "subject"):
        signed.next(_der.SEQUENCE)
    return Certificate(signed.value(_der.SEQUENCE)[1])


def load_pem_x509_certificate(data: bytes, backend: Any = None) -> Certificate:
    label, content, _ = _pem.decode(data)
    if label not in ("CERTIFICATE", "X509 CERTIFICATE"):
        raise ValueError(f"a certificate was expected, not a block named {label!r}")
    return load_der_x509_certificate(content)
