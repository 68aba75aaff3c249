"""`socket.socket` for clients that speak HTTP, and what waits for sockets."""

from __future__ import annotations

import errno
import itertools
import select
import selectors
import socket
import time
import weakref
from collections.abc import Iterable
from typing import Any, NoReturn

from ..exchange import block_until, blocking
from . import wire
from .connection import Connection

_FIRST_DESCRIPTOR = 1 << 20
"""Numbers of sockets begin here, far from those of files."""

_descriptors = itertools.count(_FIRST_DESCRIPTOR)
_open: weakref.WeakValueDictionary[int, Socket] = weakref.WeakValueDictionary()


class Socket(socket.socket):
    """A TCP socket that connects, to speak HTTP. Everything else is refused."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        # Not the base's: there is nothing to make below it.
        if fileno is not None:
            raise OSError(errno.EBADF, "There are no sockets but those that this run makes")
        if family not in (-1, socket.AF_INET, socket.AF_INET6):
            raise OSError(errno.EAFNOSUPPORT, "Only internet sockets can be made in here, to speak HTTP")
        if type not in (-1, socket.SOCK_STREAM) or proto not in (-1, 0, socket.IPPROTO_TCP):
            raise OSError(errno.EPROTONOSUPPORT, "Only TCP sockets can be made in here, to speak HTTP")
        self._family = socket.AF_INET if family == -1 else socket.AddressFamily(family)
        self._io_refs = 0
        self._closed = False
        self._number = next(_descriptors)
        self._timeout = socket.getdefaulttimeout()
        self._options: dict[tuple[int, int], Any] = {}
        self.connection: Connection | None = None
        """What it is connected to; `None` before."""
        _open[self._number] = self

    # What it is.

    @property
    def family(self) -> socket.AddressFamily:  # type: ignore[override]
        """`AF_INET` or `AF_INET6`."""
        return self._family

    @property
    def type(self) -> socket.SocketKind:  # type: ignore[override]
        """`SOCK_STREAM`."""
        return socket.SOCK_STREAM

    @property
    def proto(self) -> int:  # type: ignore[override]
        """TCP's number."""
        return socket.IPPROTO_TCP

    def fileno(self) -> int:
        """A number that `select` knows, and nothing else; -1 when closed."""
        return self._number

    def __repr__(self) -> str:
        where = "" if self.connection is None else f", peer={self.connection.place}"
        return f"<{type(self).__name__} fd={self._number}{where}>"

    def getpeername(self) -> Any:
        """The host as it was asked for, and the port."""
        connection = self._connected()
        address = (connection.host, connection.port)
        return (*address, 0, 0) if self._family == socket.AF_INET6 else address

    def getsockname(self) -> Any:
        """No address: the platform connects."""
        return ("::", 0, 0, 0) if self._family == socket.AF_INET6 else ("0.0.0.0", 0)

    def settimeout(self, value: float | None) -> None:
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if value is None else float(value)

    def gettimeout(self) -> float | None:
        return self._timeout

    timeout = property(gettimeout)  # type: ignore[assignment]

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        return self._timeout != 0

    def setsockopt(self, level: int, option: int, value: Any, length: int | None = None) -> None:  # type: ignore[override]
        self._options[level, option] = value

    def getsockopt(self, level: int, option: int, length: int = 0) -> Any:  # type: ignore[override]
        return self._options.get((level, option), 0)

    # What it does.

    def connect(self, address: Any) -> None:
        connection = self.aim(address)
        if self._timeout != 0:
            blocking(connection.reach(block_until(self._timeout)))
        self.connection = connection

    def connect_ex(self, address: Any) -> int:
        try:
            self.connect(address)
        except socket.gaierror:
            raise
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def aim(self, address: Any) -> Connection:
        """The connection that `connect` would make, before anybody is asked whether it can be."""
        self._check_open()
        if self.connection is not None:
            raise OSError(errno.EISCONN, "Socket is already connected")
        host, port = address[:2]
        return Connection(_ascii(host), port)

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data)
        return memoryview(data).nbytes

    def sendall(self, data: Any, flags: int = 0) -> None:
        connection = self._connected()
        if connection.ended:
            raise BrokenPipeError(errno.EPIPE, "The connection is closed")
        connection.feed(memoryview(data).cast("B"))

    def sendmsg(self, buffers: Iterable[Any], *_more: Any) -> int:  # type: ignore[override]
        return self.send(b"".join(buffers))

    def recv(self, size: int, flags: int = 0) -> bytes:
        connection = self._connected()
        if not self._await_output(connection):
            return b""
        data = bytes(memoryview(connection.output)[:size])
        if not flags & socket.MSG_PEEK:
            del connection.output[:size]
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """True when `recv` would answer at once: a piece of an answer, or its end."""
        connection = self.connection
        return connection is not None and bool(connection.output or connection.ended or connection.busy)

    def shutdown(self, how: int) -> None:
        connection = self._connected()
        if how != socket.SHUT_WR:
            connection.close()

    def detach(self) -> int:
        number, self._number = self._number, -1
        _open.pop(number, None)
        self._closed = True
        return number

    def _real_close(self, _ss: Any = None) -> None:
        _open.pop(self._number, None)
        self._number = -1
        if self.connection is not None:
            self.connection.close()

    def _await_output(self, connection: Connection) -> bool:
        """Waits for a piece of an answer; false at the end."""
        if connection.output:
            return True
        if connection.unasked:
            from .. import threads  # imports asyncio, which imports ssl, which imports this

            threads.note_request()
        wait = block_until(self._timeout)
        while not connection.output and not connection.ended:
            if self._timeout == 0 and not connection.busy:
                raise BlockingIOError(errno.EAGAIN, "Nothing was asked")
            blocking(connection.advance(wait))
        return bool(connection.output)

    def _connected(self) -> Connection:
        self._check_open()
        if self.connection is None:
            raise OSError(errno.ENOTCONN, "Socket is not connected")
        return self.connection

    def _check_open(self) -> None:
        if self._number < 0:
            raise OSError(errno.EBADF, "Bad file descriptor")

    # What it does not.

    def bind(self, address: Any) -> None:
        if isinstance(address, tuple) and len(address) > 1 and address[1] == 0:
            return  # where a connection comes from is the platform's to decide
        self._refuse("No server can listen in here")

    def _refuse(self, why: str) -> NoReturn:
        raise OSError(errno.EOPNOTSUPP, why)

    def listen(self, backlog: int = 0) -> None:
        self._refuse("No server can listen in here")

    def accept(self) -> Any:
        self._refuse("No server can listen in here")

    def dup(self) -> Any:
        self._refuse("A connection is one socket's alone")

    def _only_streams(self, *_arguments: Any, **_options: Any) -> Any:
        raise wire.only_http()

    sendto = recvfrom = recvfrom_into = recvmsg = recvmsg_into = sendmsg_afalg = _only_streams


def resolve(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[tuple[Any, ...]]:
    """`socket.getaddrinfo`: names stay as they are, for the host resolves them when it connects."""
    if isinstance(port, bytes):
        port = port.decode()
    if isinstance(port, str):
        port = int(port) if port.isdigit() else {"http": 80, "https": 443}.get(port)
        if port is None:
            raise socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")
    if type not in (0, socket.SOCK_STREAM):
        raise socket.gaierror(socket.EAI_SOCKTYPE, "Only TCP sockets can be made in here, to speak HTTP")
    name = "localhost" if host is None else _ascii(host)
    kind = socket.AF_INET6 if ":" in name else socket.AF_INET
    if family not in (0, kind) or (flags & socket.AI_NUMERICHOST and not _is_numeric(name)):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    address = (name, port or 0, 0, 0) if kind == socket.AF_INET6 else (name, port or 0)
    return [(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]


def _refuse_names(*_arguments: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_FAIL, "Names are resolved by the platform when it connects, not in here")


def _ascii(host: Any) -> str:
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii")
    try:
        return (host if host.isascii() else host.encode("idna").decode()).lower().partition("%")[0]
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, f"not a name of a host: {host!r}") from None


def _is_numeric(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


class Poll:
    """`select.poll` for sockets: what was asked for can be read."""

    def __init__(self) -> None:
        self._events: dict[int, int] = {}

    def register(self, fd: Any, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT) -> None:
        self._events[_number(fd)] = eventmask

    def modify(self, fd: Any, eventmask: int) -> None:
        if _number(fd) not in self._events:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        self._events[_number(fd)] = eventmask

    def unregister(self, fd: Any) -> None:
        del self._events[_number(fd)]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        found = []
        for number, events in self._events.items():
            ready = _readiness(number) & (events | select.POLLNVAL)
            if ready:
                found.append((number, ready))
        if not found and timeout is not None and timeout > 0:
            time.sleep(timeout / 1000)
        return found


def choose(
    rlist: Iterable[Any], wlist: Iterable[Any], xlist: Iterable[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """`select.select` for sockets."""
    readable = [item for item in rlist if _readiness(_number(item)) & select.POLLIN]
    writable = [item for item in wlist if _readiness(_number(item)) & select.POLLOUT]
    if not readable and not writable and timeout:
        time.sleep(timeout)
    return readable, writable, []


def _number(item: Any) -> int:
    return item if isinstance(item, int) else item.fileno()  # type: ignore[no-any-return]


def _readiness(number: int) -> int:
    found = _open.get(number)
    if found is None:
        return select.POLLNVAL
    return select.POLLOUT | (select.POLLIN if found.readable() else 0)


def install() -> None:
    """Puts these in the place of what the standard library has."""
    socket.socket = socket.SocketType = Socket  # type: ignore[misc,assignment]
    socket.getaddrinfo = resolve
    socket.gethostbyname = socket.gethostbyname_ex = socket.gethostbyaddr = socket.getnameinfo = _refuse_names  # type: ignore[assignment]
    select.poll = selectors.PollSelector._selector_cls = Poll  # type: ignore[attr-defined,assignment]
    select.select = choose  # type: ignore[assignment]
    selectors.SelectSelector._select = staticmethod(choose)  # type: ignore[attr-defined]
