"""HTTP/1.1 as a client writes it, read; and answers, written as a client reads them."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from http.client import responses

from ..exchange import Fields

_LONGEST_HEAD = 256 * 1024
"""Bytes of a request line and its fields; the host refuses less."""

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\s\x00-\x1f\x7f]+) HTTP/1\.([01])")
_START = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}( |$)")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")

_OF_THE_CONNECTION = frozenset(
    {"connection", "expect", "host", "http2-settings", "keep-alive", "proxy-authorization", "proxy-connection", "te",
     "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip
"""Fields that are about the connection, which is the host's. They are not sent on."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class NotHTTP(OSError):
    """What was written to a socket cannot be given to the host."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EPROTONOSUPPORT, why)


def only_http() -> NotHTTP:
    """The error of a library that speaks another protocol."""
    return NotHTTP("a workflow's connections speak HTTP/1.1 only; other protocols have no way out of the sandbox")


@dataclass(slots=True)
class Request:
    """A whole request."""

    method: str
    target: str
    host: str
    fields: Fields
    content: bytes | None
    keep_alive: bool


class Reader:
    """Makes requests of the bytes that a client writes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None
        self._length: int | None = None
        """Bytes that the body still lacks; `None` when it comes in chunks."""
        self._body = bytearray()
        self._in_trailer = False
        self.interim = b""
        """What is to be sent back before the request is whole."""

    @property
    def idle(self) -> bool:
        """True between two requests."""
        return self._head is None and not self._buffer

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes what the client wrote."""
        self._buffer += data

    def next(self) -> Request | None:
        """The next request that is whole. Raises `NotHTTP`."""
        if self._head is None and not self._read_head():
            return None
        head = self._head
        assert head is not None
        if not (self._read_chunks() if self._length is None else self._read_length()):
            return None
        if head.content is not None:
            head.content = bytes(self._body)
            self._body.clear()
        self._head = None
        return head

    def _read_head(self) -> bool:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):
            del buffer[:2]
        if buffer and buffer != b"\r" and not _START.match(buffer):
            raise only_http()
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _LONGEST_HEAD:
                raise NotHTTP(f"the head of the request is longer than {_LONGEST_HEAD} bytes")
            return False
        first, *lines = bytes(buffer[:end]).split(b"\r\n")
        del buffer[: end + 4]
        matched = _LINE.fullmatch(first)
        if matched is None:
            raise only_http()
        self._head = self._parse(matched[1].decode(), matched[2].decode("latin-1"), matched[3] == b"1", lines)
        return True

    def _parse(self, method: str, target: str, keep_alive: bool, lines: list[bytes]) -> Request:
        if method == "CONNECT" or not target.startswith(("/", "*")):
            raise NotHTTP("a workflow has no use for HTTP proxies: the platform makes its connections")
        host, length, chunked, expects, upgrade = "", 0, False, False, ""
        fields: Fields = []
        for line in lines:
            field = _FIELD.fullmatch(line)
            if field is None:
                raise NotHTTP(f"not a header field of HTTP: {line[:80]!r}")
            name, value = field[1].decode(), field[2]
            match lower := name.lower():
                case "host":
                    host = value.decode("latin-1").lower()
                case "connection":
                    options = value.lower()
                    keep_alive = b"keep-alive" in options or (keep_alive and b"close" not in options)
                case "transfer-encoding":
                    chunked = value.lower().endswith(b"chunked")
                case "content-length":
                    if not value.isdigit():
                        raise NotHTTP(f"not a length: {value[:80]!r}")
                    length = int(value)
                case "expect":
                    expects = value.lower() == b"100-continue"
                case "upgrade":
                    upgrade = value.decode("latin-1").lower()
            if lower not in _OF_THE_CONNECTION:
                fields.append((name, value))
        if upgrade == "websocket":
            raise NotHTTP("a workflow cannot open web sockets")
        if expects:
            self.interim += _CONTINUE
        self._length = None if chunked else length
        return Request(method, target, host, fields, b"" if chunked or length else None, keep_alive)

    def _read_length(self) -> bool:
        assert self._length is not None
        taken = min(self._length, len(self._buffer))
        self._body += memoryview(self._buffer)[:taken]
        del self._buffer[:taken]
        self._length -= taken
        return not self._length

    def _read_chunks(self) -> bool:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n")) >= 0:
            if self._in_trailer:
                # Fields after the body: read past, up to the empty line.
                del buffer[: end + 2]
                if end == 0:
                    self._in_trailer = False
                    return True
                continue
            digits = bytes(buffer[:end]).partition(b";")[0].strip()
            if not _SIZE.fullmatch(digits):
                raise NotHTTP(f"not the size of a chunk: {bytes(buffer[:80])!r}")
            size = int(digits, 16)
            if size == 0:
                del buffer[: end + 2]
                self._in_trailer = True
                continue
            if len(buffer) < end + 2 + size + 2:
                return False
            self._body += memoryview(buffer)[end + 2 : end + 2 + size]
            del buffer[: end + 2 + size + 2]
        return False


def head(status: int, fields: Fields, method: str, keep_alive: bool) -> tuple[bytes, bool]:
    """The head of an answer, and whether its body follows in chunks."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}".encode()]
    length = False
    for name, value in fields:
        lower = name.lower()
        length = length or lower == "content-length"
        if lower not in _OF_THE_CONNECTION:
            lines.append(name.encode() + b": " + value)
    bodiless = method == "HEAD" or status < 200 or status in (204, 304)
    chunked = not length and not bodiless
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    if not keep_alive:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n", chunked


def chunk(data: bytes) -> bytes:
    """One piece of a body in chunks; of nothing, its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)
