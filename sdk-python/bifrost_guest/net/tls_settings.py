"""What `ssl.SSLContext` inherits, as natively from its compiled half: settings that libraries also set past it."""

from __future__ import annotations

from .tls_names import Options, SSLMethod, TLSVersion, VerifyFlags, VerifyMode


class _SSLContext:
    """Settings of TLS, each a descriptor of this class."""

    __slots__ = ("_check_hostname", "_verify_mode", "maximum_version", "minimum_version", "options", "verify_flags")

    def __init__(self, protocol: SSLMethod) -> None:
        client = protocol == SSLMethod.PROTOCOL_TLS_CLIENT
        self._check_hostname = client
        self._verify_mode = VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL | Options.OP_NO_SSLv3
        self.minimum_version, self.maximum_version = TLSVersion.TLSv1_2, TLSVersion.MAXIMUM_SUPPORTED

    @property
    def check_hostname(self) -> bool:
        """Whether the certificate has to be the host's."""
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value: bool) -> None:
        self._check_hostname = bool(value)
        if value and self._verify_mode == VerifyMode.CERT_NONE:
            self._verify_mode = VerifyMode.CERT_REQUIRED

    @property
    def verify_mode(self) -> VerifyMode:
        """Whether certificates are checked."""
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:
        mode = VerifyMode(value)
        if mode == VerifyMode.CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = mode
