"""asyncio's transports over connections: what `create_connection` makes."""

from __future__ import annotations

import asyncio
import errno
from typing import Any, Protocol

from ..exchange import Wait
from .connection import Connection
from .sockets import Socket


class Loop(Protocol):
    """What a transport needs of the event loop."""

    wait_for: Wait

    def call_soon(self, callback: Any, *args: Any) -> Any: ...

    def create_task(self, coroutine: Any) -> asyncio.Task[Any]: ...

    def create_future(self) -> asyncio.Future[Any]: ...


class Transport(asyncio.Transport):
    """A connection, for a protocol. A task exists only while an answer is awaited."""

    def __init__(self, loop: Any, sock: Socket, protocol: asyncio.BaseProtocol, extra: dict[str, Any]) -> None:
        assert sock.connection is not None
        super().__init__({"socket": sock, "peername": sock.getpeername(), "sockname": sock.getsockname(), **extra})
        self._loop: Loop = loop
        self._sock = sock
        self._connection: Connection = sock.connection
        self._protocol = protocol
        self._begun = False
        self._closing = False
        self._pump: asyncio.Task[None] | None = None
        self._resumed: asyncio.Future[None] | None = None

    async def encrypt(self, context: Any, server_hostname: str | None) -> None:
        """From here on the platform encrypts. Raises `OSError` when it cannot."""
        await self._connection.encrypt(context.verifies, self._loop.wait_for)
        self._extra.update(sslcontext=context, ssl_object=_SecureFacts(context, server_hostname), peercert={})  # type: ignore[attr-defined]

    def begin(self, waiter: asyncio.Future[None] | None) -> None:
        """Tells the protocol that it is connected."""
        self._begun = True
        self._loop.call_soon(self._protocol.connection_made, self)
        if waiter is not None:
            self._loop.call_soon(lambda: waiter.done() or waiter.set_result(None))

    def begin_encrypted(self, context: Any, server_hostname: str | None, waiter: asyncio.Future[None]) -> None:
        """The same, once the platform encrypts; if it cannot, only the waiter hears of it."""
        self._pump = self._loop.create_task(self._shake_hands(context, server_hostname, waiter))

    async def _shake_hands(self, context: Any, server_hostname: str | None, waiter: asyncio.Future[None]) -> None:
        try:
            await self.encrypt(context, server_hostname)
        except OSError as error:
            self._end(None)
            if not waiter.done():
                waiter.set_exception(error)
        else:
            self.begin(waiter)
        finally:
            self._pump = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def write(self, data: Any) -> None:
        if self._closing:
            return
        try:
            self._connection.feed(memoryview(data).cast("B"))
        except OSError as error:
            self._end(error)
            return
        if self._pump is None and (self._connection.busy or self._connection.output):
            self._pump = self._loop.create_task(self._deliver())

    def is_reading(self) -> bool:
        return self._resumed is None and not self._closing

    def pause_reading(self) -> None:
        if self._resumed is None and not self._closing:
            self._resumed = self._loop.create_future()

    def resume_reading(self) -> None:
        if self._resumed is not None:
            if not self._resumed.done():
                self._resumed.set_result(None)
            self._resumed = None

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no limit: a request is sent when it is whole."""

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, 0

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    async def _deliver(self) -> None:
        """Gives the protocol what comes out, until nothing more is asked for."""
        connection = self._connection
        try:
            while not self._closing:
                if self._resumed is not None:
                    await self._resumed
                    continue
                if connection.output:
                    data = bytes(connection.output)
                    connection.output.clear()
                    self._receive(data)
                elif connection.ended:
                    if not self._protocol.eof_received():  # type: ignore[attr-defined]
                        self._end(None)
                    return
                elif connection.busy:
                    await connection.advance(self._loop.wait_for)
                else:
                    return
        except OSError as error:
            self._end(error)
        finally:
            self._pump = None

    def _receive(self, data: bytes) -> None:
        protocol: Any = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)
            return
        while data:
            buffer = protocol.get_buffer(len(data))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            protocol.buffer_updated(size)
            data = data[size:]

    def _end(self, error: OSError | None) -> None:
        if self._closing:
            return
        self._closing = True
        self.resume_reading()
        if self._pump is not None and self._pump is not asyncio.current_task():
            self._pump.cancel()
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: OSError | None) -> None:
        self._connection.close()
        self._sock.close()
        if self._begun:
            self._protocol.connection_lost(error)


class _SecureFacts:
    """What can be asked about an encrypted connection."""

    def __init__(self, context: Any, server_hostname: str | None) -> None:
        self.context = context
        self.server_hostname = server_hostname

    def selected_alpn_protocol(self) -> str | None:
        return self.context.alpn()  # type: ignore[no-any-return]

    def getpeercert(self, binary_form: bool = False) -> Any:
        import ssl

        return ssl.SSLObject.getpeercert(self, binary_form)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        import ssl

        if hasattr(ssl.SSLObject, name):
            return lambda *_arguments: None
        raise AttributeError(name)


class Streams:
    """The part of an event loop that is about connections."""

    wait_for: Wait

    def __init__(self) -> None:
        super().__init__()
        self._reaching: dict[str, asyncio.Future[None]] = {}

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connects. Tasks that connect to the same place at the same time ask once."""
        connection = _own(sock).aim(address)
        place = connection.place
        while (other := self._reaching.get(place)) is not None:
            await asyncio.wait([other])
            if not other.cancelled():
                error = other.exception()
                if error is not None:
                    raise error
        future = self._reaching[place] = asyncio.get_running_loop().create_future()
        try:
            await connection.reach(self.wait_for)
        except OSError as error:
            future.set_exception(error)
            future.exception()
            raise
        else:
            future.set_result(None)
        finally:
            del self._reaching[place]
            future.cancel()
        sock.connection = connection

    async def sock_sendall(self, sock: Any, data: Any) -> None:
        _own(sock).sendall(data)

    async def sock_recv(self, sock: Any, n: int) -> bytes:
        connection = _own(sock)._connected()
        while not connection.output and not connection.ended:
            await connection.advance(self.wait_for)
        return _own(sock).recv(n) if connection.output else b""

    async def sock_recv_into(self, sock: Any, buf: Any) -> int:
        data = await self.sock_recv(sock, len(memoryview(buf).cast("B")))
        memoryview(buf).cast("B")[: len(data)] = data
        return len(data)

    async def start_tls(
        self,
        transport: Any,
        protocol: asyncio.BaseProtocol,
        sslcontext: Any,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> Any:
        sslcontext.check(server_side, server_hostname)
        await transport.encrypt(sslcontext, server_hostname)
        transport.set_protocol(protocol)
        return transport

    def _make_socket_transport(
        self, sock: Any, protocol: Any, waiter: Any = None, *, extra: Any = None, **_more: Any
    ) -> Transport:
        transport = Transport(self, _own(sock), protocol, extra or {})
        transport.begin(waiter)
        return transport

    def _make_ssl_transport(
        self,
        rawsock: Any,
        protocol: Any,
        sslcontext: Any,
        waiter: Any,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        extra: Any = None,
        **_more: Any,
    ) -> Transport:
        import ssl

        context = ssl.create_default_context() if sslcontext is True else sslcontext
        context.check(server_side, server_hostname)
        transport = Transport(self, _own(rawsock), protocol, extra or {})
        transport.begin_encrypted(context, server_hostname, waiter)
        return transport


def _own(sock: Any) -> Socket:
    if not isinstance(sock, Socket):
        raise OSError(errno.EBADF, "There are no sockets but those that this run makes")
    return sock
