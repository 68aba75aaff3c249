"""One connection, as a library sees it: requests go in as bytes, answers come out as bytes."""

from __future__ import annotations

import errno
import socket
from collections import deque
from http import HTTPStatus

from wit_world.imports import wasi_http_types as types

from bifrost import _platform
from bifrost.errors import OutsideExecutionError

from ..exchange import TIMEOUTS, Answer, Refused, Wait, exchange
from . import wire

TLS = b"\x16bifrost tls\r\n"
"""What begins a connection that the host encrypts, as a handshake natively does."""

UNVERIFIED_TLS = b"\x16bifrost tls unverified\r\n"
"""The same, where the certificate is not to be checked."""

AGREED = b"\x16bifrost agreed\r\n"
"""What comes back when the host and the other side have agreed upon TLS."""

ALERT = b"\x15"
"""What begins the line that comes back when they have not."""

_UNVERIFIED = ("bifrost-tls-unverified", b"1")
"""The field that asks the host to check no certificate; it goes no further."""

_BAD_CERTIFICATE = 42
"""The alert of TLS by which the host says that it does not believe a certificate."""

_reached: set[tuple[str, bool, bool]] = set()
"""Where somebody listened in this run, over TLS, unverified: no need to ask again."""


class Connection:
    """To one host and port. Nothing is sent before a request is whole."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """Both, as in a URL."""
        self.secure = False
        """True when the host encrypts."""
        self.unverified = False
        """True when it checks no certificate."""
        self.greeted = False
        """True while a handshake was begun by bytes, and is not answered."""
        self.ended = False
        """True when no more bytes will come out."""
        self.output = bytearray()
        """Bytes of answers that were not read yet."""
        self._reader = wire.Reader()
        self._fresh = True
        self._asked = False
        self._requests: deque[wire.Request] = deque()
        self._answer: Answer | None = None
        self._chunked = False
        self._keep_alive = True

    @property
    def unasked(self) -> bool:
        """True while there is a request that the host was not given yet."""
        return self._answer is None and bool(self._requests)

    @property
    def busy(self) -> bool:
        """True while there is an answer to be had."""
        return self.greeted or bool(self._requests) or self._answer is not None

    @property
    def authority(self) -> str:
        """The place as requests name it: without the usual port."""
        return self.place.removesuffix(":443" if self.secure else ":80")

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes what the library writes. Raises `NotHTTP`."""
        if not data:
            return
        if self._fresh:
            for beginning in (TLS, UNVERIFIED_TLS):
                if bytes(data[: len(beginning)]) == beginning:
                    self.greeted, self.secure, self.unverified = True, True, beginning is UNVERIFIED_TLS
                    data = data[len(beginning) :]
                    break
            self._fresh = False
        self._reader.feed(data)
        while (request := self._reader.next()) is not None:
            self._requests.append(request)
            self._asked = True
        if self._reader.interim:
            self.output += self._reader.interim
            self._reader.interim = b""

    async def reach(self, wait: Wait) -> None:
        """Finds out whether somebody listens, so that connecting fails as it does natively.

        Asks the host once for each place and run: it resolves the name and opens a
        connection, over TLS a whole one, unless it did so a moment ago. Raises `OSError`.
        """
        _refuse_while_loading()
        asked = (self.place, self.secure, self.unverified)
        if asked in _reached:
            return
        fields = [_UNVERIFIED] if self.unverified else []
        try:
            answer = await exchange("CONNECT", self.secure, self.authority, "/", fields, None, wait)
        except Refused as refused:
            if self.unverified and refused.denied:
                raise _still_verified(refused, self.place) from None
            raise _meaning(refused, self.place) from None
        answer.close()
        _reached.add(asked)

    async def encrypt(self, verified: bool, wait: Wait) -> None:
        """From here on the host encrypts. Fails as a handshake does natively. Raises `OSError`."""
        self._fresh, self.secure, self.unverified = False, True, not verified
        await self.reach(wait)

    async def advance(self, wait: Wait) -> None:
        """Makes `output` longer, or sets `ended`; waits as long as that takes. Raises `OSError`."""
        if self.greeted:
            await self._answer_greeting(wait)
            return
        if self._answer is None:
            if not self._requests:
                if not self._asked:
                    raise wire.only_http()  # it waits for the other side to speak first
                self.ended = True
                return
            await self._send(self._requests[0], wait)
            return
        try:
            piece = await self._answer.read(wait)
        except Refused as refused:
            self.close()
            raise _meaning(refused, self.place) from None
        if piece:
            self.output += wire.chunk(piece) if self._chunked else piece
            return
        if self._chunked:
            self.output += wire.chunk(b"")
        self._finish()

    def close(self) -> None:
        """Lets go of everything."""
        self.greeted = False
        self._requests.clear()
        if self._answer is not None:
            self._answer.close()
            self._answer = None
        self.ended = True

    async def _answer_greeting(self, wait: Wait) -> None:
        import ssl

        try:
            await self.reach(wait)
        except ssl.SSLError as error:
            self.output += alert(error)
        else:
            self.output += AGREED
        self.greeted = False

    async def _send(self, request: wire.Request, wait: Wait) -> None:
        _refuse_while_loading()
        authority = self.authority
        if request.host.removesuffix(":443" if self.secure else ":80") not in (authority, ""):
            raise wire.NotHTTP(
                f"the header `Host: {request.host}` does not name the host that is connected to, {authority}"
            )
        fields = [*request.fields, _UNVERIFIED] if self.unverified else request.fields
        try:
            answer = await exchange(
                request.method, self.secure, authority, request.target, fields, request.content, wait
            )
        except Refused as refused:
            self.close()
            if isinstance(refused.code, types.ErrorCode_HttpResponseIncomplete):
                return  # the other side has closed, too
            raise _meaning(refused, self.place) from None
        except BaseException:
            self.close()  # it was given up on: nobody shall send it again
            raise
        self._requests.popleft()
        self._keep_alive = request.keep_alive
        self._answer = answer
        written, self._chunked = wire.head(answer.status, answer.fields, request.method, request.keep_alive)
        self.output += written
        if request.method == "HEAD" or answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self._chunked = False
            self._finish()

    def _finish(self) -> None:
        assert self._answer is not None
        self._answer.close()
        self._answer = None
        if not self._keep_alive:
            self.close()


def _refuse_while_loading() -> None:
    if isinstance(_platform.current(), _platform.Loading):
        raise OutsideExecutionError(_platform.lazy_pattern("the network"))


def alert(error: OSError) -> bytes:
    """A failed handshake as the other side would tell of it."""
    import ssl

    kind = b"certificate" if isinstance(error, ssl.SSLCertVerificationError) else b"handshake"
    return b"%b%b %b\r\n" % (ALERT, kind, " ".join(str(error).split()).encode())


def heard(line: bytes) -> OSError | None:
    """What the answer to a handshake says: the error of an alert, else none."""
    import ssl

    if not line.startswith(ALERT):
        return None
    kind, _, text = line[len(ALERT) :].decode().strip().partition(" ")
    return ssl.SSLCertVerificationError(1, text) if kind == "certificate" else ssl.SSLError(1, text)


def _meaning(refused: Refused, place: str) -> OSError:
    """What the host's error natively is."""
    import ssl

    code, why = refused.code, f"{place}: {refused}"
    if refused.denied:
        return PermissionError(errno.EACCES, why)
    if isinstance(code, types.ErrorCode_DnsError):
        return socket.gaierror(socket.EAI_NONAME, f"{place}: the name is not known")
    if isinstance(code, TIMEOUTS):
        return TimeoutError(errno.ETIMEDOUT, why)
    if isinstance(code, types.ErrorCode_ConnectionRefused):
        return ConnectionRefusedError(errno.ECONNREFUSED, why)
    if isinstance(code, types.ErrorCode_TlsAlertReceived):
        if code.value.alert_id == _BAD_CERTIFICATE:
            return ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {why}")
        return ssl.SSLError(1, f"[SSL] {why}")
    return ConnectionResetError(errno.ECONNRESET, why)


def _still_verified(refused: Refused, place: str) -> OSError:
    import ssl

    return ssl.SSLError(
        1,
        f"{place}: the check of certificates cannot be switched off (verify=False, CERT_NONE): {refused}; TLS is done "
        "by the platform; a certificate of one's own authority has to be made known to it by its administrator, or "
        "the host be named among `unverified_hosts` in the organization's egress policy",
    )
