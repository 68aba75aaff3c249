"""TLS, as far as libraries ask for it: the platform encrypts, and checks every certificate.

Takes the place of the standard library's `ssl`, whose compiled half there is not. Contexts
can be made and set up; what they would weaken is refused when they are used.
"""

from __future__ import annotations

import base64
import os
import re
import socket
from collections.abc import Iterable
from typing import Any, NoReturn

from bifrost_guest.exchange import block_until, blocking
from bifrost_guest.net.connection import TLS, UNVERIFIED_TLS, heard
from bifrost_guest.net.sockets import Socket
from bifrost_guest.net.tls_names import (
    AlertDescription,
    Options,
    Purpose,
    SSLErrorNumber,
    SSLMethod,
    TLSVersion,  # noqa: F401  # of this module for others, as all of them
    VerifyFlags,
    VerifyMode,
)
from bifrost_guest.net.tls_settings import _SSLContext

OPENSSL_VERSION = "OpenSSL 3.0.0, or what the platform has"
"""Begins as libraries expect it of one whose checks can be relied on."""
OPENSSL_VERSION_NUMBER = 0x30000000
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
HAS_ALPN = HAS_SNI = HAS_TLSv1_2 = HAS_TLSv1_3 = HAS_ECDH = HAS_NEVER_CHECK_COMMON_NAME = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_PSK = HAS_PHA = False
CHANNEL_BINDING_TYPES: list[str] = []
PEM_HEADER, PEM_FOOTER = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


for _kind in (SSLMethod, VerifyMode, VerifyFlags, Options, AlertDescription, SSLErrorNumber):
    globals().update(_kind.__members__)
_SSLMethod = SSLMethod
PROTOCOL_TLS_CLIENT, PROTOCOL_TLS = SSLMethod.PROTOCOL_TLS_CLIENT, SSLMethod.PROTOCOL_TLS
CERT_NONE, CERT_REQUIRED = VerifyMode.CERT_NONE, VerifyMode.CERT_REQUIRED


class SSLError(OSError):
    """An error of TLS."""

    library: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return self.strerror if self.strerror is not None else super().__str__()


class SSLZeroReturnError(SSLError):
    """The connection was closed in order."""


class SSLWantReadError(SSLError):
    """More has to be read first."""


class SSLWantWriteError(SSLError):
    """More has to be written first."""


class SSLSyscallError(SSLError):
    """Something below TLS failed."""


class SSLEOFError(SSLError):
    """The connection was cut."""


class SSLCertVerificationError(SSLError, ValueError):
    """A certificate is not to be believed."""

    verify_code = 1
    verify_message = ""


CertificateError = SSLCertVerificationError
socket_error = OSError


class SSLSession:
    """There are none to be had."""


class DefaultVerifyPaths:
    """Where certificates are looked for: nowhere in here."""

    cafile = capath = None
    openssl_cafile_env, openssl_cafile = "SSL_CERT_FILE", ""
    openssl_capath_env, openssl_capath = "SSL_CERT_DIR", ""


def get_default_verify_paths() -> DefaultVerifyPaths:
    """See the class."""
    return DefaultVerifyPaths()


class SSLContext(_SSLContext):
    """Settings. What would weaken TLS, or needs keys in here, is refused when it is used."""

    sslsocket_class: Any
    sslobject_class: Any

    def __init__(self, protocol: int = PROTOCOL_TLS) -> None:
        self.protocol = SSLMethod(protocol)
        super().__init__(self.protocol)
        self.post_handshake_auth = False
        self.hostname_checks_common_name = False
        self.keylog_filename: Any = None
        self.sni_callback: Any = None
        self.num_tickets = 2
        self.security_level = 2
        self._alpn: list[str] = []

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        """Has no effect: whom to believe is the platform's to decide."""
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        for path in (cafile, capath):
            if path is not None:
                os.stat(path)

    def load_default_certs(self, purpose: Purpose = Purpose.SERVER_AUTH) -> None:
        """Has no effect."""

    set_default_verify_paths = load_default_certs

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> NoReturn:
        """Refused: a key of a client would have to be the platform's."""
        raise SSLError(1, "client certificates are not available: TLS is done by the platform")

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """What the library would speak; in here it is HTTP/1.1."""
        self._alpn = list(alpn_protocols)

    def _ignored(self, *_arguments: Any, **_options: Any) -> None:
        """Has no effect."""

    set_ciphers = set_npn_protocols = load_dh_params = set_ecdh_curve = set_servername_callback = _ignored
    set_ciphersuites = set_groups = _ignored

    def get_ciphers(self) -> list[dict[str, Any]]:
        """Unknown in here."""
        return []

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        """Unknown in here."""
        return []

    def cert_store_stats(self) -> dict[str, int]:
        """Unknown in here."""
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def session_stats(self) -> dict[str, int]:
        """None."""
        return {}

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | None = None,
        session: Any = None,
    ) -> SSLSocket:
        """A socket whose connection the platform encrypts."""
        self.check(server_side, server_hostname)
        return SSLSocket._over(sock, self, server_hostname)

    def wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: str | None = None,
        session: Any = None,
    ) -> SSLObject:
        """The same for a library that carries the bytes by itself."""
        self.check(server_side, server_hostname)
        return SSLObject(self, incoming, outgoing, server_hostname)

    def check(self, server_side: bool, server_hostname: str | None) -> None:
        """Refuses what cannot be done. Raises `SSLError`."""
        if server_side or self.protocol == SSLMethod.PROTOCOL_TLS_SERVER:
            raise SSLError(1, "no server can listen in here")
        if self._check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")

    @property
    def verifies(self) -> bool:
        """True when certificates are checked."""
        return self._verify_mode != CERT_NONE

    def beginning(self) -> bytes:
        """What a connection begins with, in place of a handshake."""
        return TLS if self.verifies else UNVERIFIED_TLS

    def alpn(self) -> str | None:
        """What was agreed upon."""
        return "http/1.1" if "http/1.1" in self._alpn else None


def create_default_context(
    purpose: Purpose = Purpose.SERVER_AUTH, *, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> SSLContext:
    """A context that checks certificates."""
    context = SSLContext(PROTOCOL_TLS_CLIENT if purpose == Purpose.SERVER_AUTH else SSLMethod.PROTOCOL_TLS_SERVER)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


_create_default_https_context = create_default_context


def _create_unverified_context(*_arguments: Any, **_options: Any) -> SSLContext:
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = CERT_NONE
    return context


_create_stdlib_context = _create_unverified_context


class _Facts:
    """What can be asked about an encrypted connection."""

    context: SSLContext
    server_hostname: str | None
    server_side = False
    session = None
    session_reused = False

    def getpeercert(self, binary_form: bool = False) -> Any:
        """For whom the certificate is: the platform has nothing to do with any other."""
        if binary_form:
            raise SSLError(1, "the certificate of the other side is not to be seen in here: the platform checks it")
        if self.server_hostname is None:
            return {}
        kind = "IP Address" if re.fullmatch(r"[\d.]+|.*:.*", self.server_hostname) else "DNS"
        return {"subjectAltName": ((kind, self.server_hostname),)}

    def selected_alpn_protocol(self) -> str | None:
        """HTTP/1.1, when the library offered it."""
        return self.context.alpn()

    def get_verified_chain(self) -> list[bytes]:
        """None of its certificates is to be seen; see `getpeercert`."""
        return []

    get_unverified_chain = get_verified_chain

    def _unknown(self, *_arguments: Any) -> None:
        """Unknown in here."""

    selected_npn_protocol = compression = cipher = shared_ciphers = version = get_channel_binding = _unknown
    verify_client_post_handshake = _unknown


class SSLSocket(_Facts, Socket):
    """A socket over TLS."""

    @classmethod
    def _over(cls, sock: Any, context: SSLContext, server_hostname: str | None) -> SSLSocket:
        if not isinstance(sock, Socket) or isinstance(sock, SSLSocket):
            raise SSLError(1, "TLS within TLS is not available: the platform makes its connections")
        made = cls(sock.family)
        made.context, made.server_hostname = context, server_hostname
        made._timeout, made._options, made.connection = sock._timeout, sock._options, sock.connection
        sock.connection = None
        sock.detach()
        if made.connection is not None:
            try:
                made.do_handshake()
            except OSError:
                made.close()
                raise
        return made

    def connect(self, address: Any) -> None:
        super().connect(address)
        self.do_handshake()

    @property
    def _sslobj(self) -> SSLSocket:
        """Where some libraries look for what can be asked."""
        return self

    def do_handshake(self, block: bool = False) -> None:
        """From here on the platform encrypts. Raises `OSError` when it cannot."""
        connection = self._connected()
        if not connection.secure:
            blocking(connection.encrypt(self.context.verifies, block_until(self._timeout or None)))

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        """As `recv`."""
        return self.recv(len) if buffer is None else self.recv_into(buffer, len)

    def write(self, data: Any) -> int:
        """As `send`."""
        return self.send(data)

    def pending(self) -> int:
        """Bytes that are there to be read."""
        return len(self._connected().output)

    def unwrap(self) -> NoReturn:
        """There is nothing below to go back to."""
        raise SSLError(1, "a connection over TLS stays one")


class MemoryBIO:
    """Bytes on their way."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = False

    @property
    def pending(self) -> int:
        """How many."""
        return len(self._data)

    @property
    def eof(self) -> bool:
        """True when there are none, and will be none."""
        return self._ended and not self._data

    def read(self, size: int = -1) -> bytes:
        """Takes some."""
        end = len(self._data) if size < 0 else size
        data = bytes(self._data[:end])
        del self._data[:end]
        return data

    def write(self, data: Any) -> int:
        """Adds some."""
        if self._ended:
            raise SSLError(1, "cannot write() after write_eof()")
        self._data += data
        return memoryview(data).nbytes

    def write_eof(self) -> None:
        """Adds no more."""
        self._ended = True


class SSLObject(_Facts):
    """TLS for a library that carries the bytes by itself: they stay as they are."""

    def __init__(
        self, context: SSLContext, incoming: MemoryBIO, outgoing: MemoryBIO, server_hostname: str | None
    ) -> None:
        self.context = context
        self.server_hostname = server_hostname
        self._incoming = incoming
        self._outgoing = outgoing
        self._begun = False
        self._answer = b""

    def do_handshake(self) -> None:
        """Says to the connection that the platform has to encrypt it, and reads what came of it.

        Raises `SSLWantReadError` until that is there, and `SSLError` when it failed.
        """
        if not self._begun:
            self._begun = True
            self._outgoing.write(self.context.beginning())
        if self._answer.endswith(b"\n"):
            return
        if self._incoming.eof:
            raise SSLEOFError(8, "EOF occurred in violation of protocol")
        self._answer += self._incoming.read()  # nothing follows it: the other side waits for a request
        if not self._answer.endswith(b"\n"):
            raise SSLWantReadError(2, "The operation did not complete (read)")
        if (error := heard(self._answer)) is not None:
            raise error

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        """What came in. Raises `SSLWantReadError` when there is nothing yet."""
        if not self._incoming.pending:
            if self._incoming.eof:
                if buffer is not None:
                    return 0
                return b""
            raise SSLWantReadError(2, "The operation did not complete (read)")
        data = self._incoming.read(len)
        if buffer is None:
            return data
        memoryview(buffer)[: data.__len__()] = data
        return data.__len__()

    def write(self, data: Any) -> int:
        """Sends."""
        return self._outgoing.write(data)

    def pending(self) -> int:
        """Bytes that are there to be read."""
        return self._incoming.pending

    def unwrap(self) -> None:
        """Ends it."""


SSLContext.sslsocket_class, SSLContext.sslobject_class = SSLSocket, SSLObject


def DER_cert_to_PEM_cert(der_cert_bytes: bytes) -> str:
    """A certificate as text."""
    text = base64.b64encode(der_cert_bytes).decode()
    return "\n".join([PEM_HEADER, *re.findall(".{1,64}", text), PEM_FOOTER, ""])


def PEM_cert_to_DER_cert(pem_cert_string: str) -> bytes:
    """A certificate as bytes."""
    text = pem_cert_string.strip()
    if not text.startswith(PEM_HEADER) or not text.endswith(PEM_FOOTER):
        raise ValueError(f"Invalid PEM encoding; must start with {PEM_HEADER} and end with {PEM_FOOTER}")
    return base64.decodebytes(text[len(PEM_HEADER) : -len(PEM_FOOTER)].encode("ascii"))


def RAND_bytes(num: int) -> bytes:
    """Random bytes, as `os.urandom`."""
    return os.urandom(num)


def RAND_status() -> bool:
    """There are always enough."""
    return True


def RAND_add(_string: Any, _entropy: float) -> None:
    """Has no effect."""


def get_server_certificate(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refused: see `_Facts.getpeercert`."""
    raise SSLError(1, "the certificate of the other side is not to be seen in here: the platform checks it")
