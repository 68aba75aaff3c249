"""Stands for the compiled half of `ssl`, for what looks behind it: the platform does TLS, see `ssl`."""

from ssl import (  # noqa: F401
    OPENSSL_VERSION,
    OPENSSL_VERSION_INFO,
    OPENSSL_VERSION_NUMBER,
    MemoryBIO,
    RAND_add,
    RAND_bytes,
    RAND_status,
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLSession,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
    _SSLContext,
)

ENCODING_PEM, ENCODING_DER = 1, 2
