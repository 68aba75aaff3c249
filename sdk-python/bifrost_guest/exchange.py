"""One exchange over `wasi:http`: a request given to the host, and its answer.

The host connects, encrypts, and applies the egress policy. Waiting is left to the caller:
under the event loop other tasks go on meanwhile, a blocking caller waits by itself.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

from componentize_py_types import Err
from wit_world.imports import monotonic_clock, outgoing_handler, poll
from wit_world.imports import wasi_http_types as types
from wit_world.imports.poll import Pollable
from wit_world.imports.streams import InputStream, OutputStream, StreamError_Closed, StreamError_LastOperationFailed

Result = TypeVar("Result")
Fields = list[tuple[str, bytes]]
Wait = Callable[[Pollable], Awaitable[None]]

_CHUNK = 64 * 1024
"""Bytes asked for in one read; one WASI write may be smaller."""

_NANOSECONDS = 1_000_000_000

_LONGEST_WAIT = 10 * 365 * 24 * 3600
"""Seconds; what is asked for beyond has no end, and no form in the host's clock."""

_METHODS: dict[str, Callable[[], Any]] = {
    "GET": types.Method_Get,
    "HEAD": types.Method_Head,
    "POST": types.Method_Post,
    "PUT": types.Method_Put,
    "DELETE": types.Method_Delete,
    "CONNECT": types.Method_Connect,
    "OPTIONS": types.Method_Options,
    "TRACE": types.Method_Trace,
    "PATCH": types.Method_Patch,
}

TIMEOUTS = (
    types.ErrorCode_DnsTimeout,
    types.ErrorCode_ConnectionTimeout,
    types.ErrorCode_ConnectionReadTimeout,
    types.ErrorCode_ConnectionWriteTimeout,
    types.ErrorCode_HttpResponseTimeout,
)
"""The host's words for what took too long."""

_DENIED = "denied: "
"""What begins the host's words where the egress policy forbids a request."""

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Refused(Exception):
    """The host gave no answer. `code` is its error, `None` when the request has no form in HTTP."""

    def __init__(self, code: Any) -> None:
        if isinstance(code, StreamError_LastOperationFailed):
            found = types.http_error_code(code.value)
            super().__init__(code.value.to_debug_string() if found is None else spell(found))
            code = found or code
        else:
            super().__init__("there is no such method or address" if code is None else spell(code))
        self.code = code

    @property
    def denied(self) -> bool:
        """True when the egress policy forbids it."""
        code = self.code
        if isinstance(code, types.ErrorCode_InternalError):
            return (code.value or "").startswith(_DENIED)
        return isinstance(code, types.ErrorCode_HttpRequestDenied)


class Answer:
    """What the host answered: the status and the fields, and a body that is read piece by piece."""

    def __init__(self, response: types.IncomingResponse) -> None:
        self.status: int = response.status()
        with response.headers() as fields:
            self.fields: Fields = fields.entries()
        # In the order in which they are made; dropped in the reverse one, for a child goes before its parent.
        self._resources: list[Any] = [response]
        body = response.consume()
        self._resources.append(body)
        self._stream: InputStream = body.stream()
        self._resources.append(self._stream)
        self._readable: Pollable = self._stream.subscribe()
        self._resources.append(self._readable)

    async def read(self, wait: Wait) -> bytes:
        """The next piece of the body; nothing at its end. Raises `Refused` when it breaks."""
        while True:
            try:
                chunk = self._stream.read(_CHUNK)
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return b""
                raise Refused(error.value) from None
            if chunk:
                return chunk
            await wait(self._readable)

    def close(self) -> None:
        """Lets go of the rest. May be called more than once."""
        while self._resources:
            self._resources.pop().__exit__(None, None, None)


async def exchange(
    method: str, secure: bool, authority: str, target: str, fields: Fields, content: bytes | None, wait: Wait
) -> Answer:
    """Sends a request; its body, if there is one, whole. Raises `Refused`."""
    try:
        outgoing = types.OutgoingRequest(types.Fields.from_list(fields))
        kind = _METHODS.get(method)
        outgoing.set_method(types.Method_Other(method) if kind is None else kind())
        outgoing.set_scheme(types.Scheme_Https() if secure else types.Scheme_Http())
        outgoing.set_authority(authority)
        outgoing.set_path_with_query(target)
        body = outgoing.body() if content else None
        with outgoing_handler.handle(outgoing, None) as future:
            if body is not None and content:
                await _write(body, content, wait)
            with future.subscribe() as pollable:
                await wait(pollable)
            answer = future.get()
        if answer is None or isinstance(answer, Err):
            raise AssertionError("a future that is ready has a value, once")
        if isinstance(answer.value, Err):
            raise Refused(answer.value.value)
        return Answer(answer.value.value)
    except Err as error:
        raise Refused(error.value) from None


def blocking(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs what waits with `block_until` to its end."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast(Result, done.value)
    raise AssertionError("what blocks never suspends")


def block_until(timeout: float | None) -> Wait:
    """How a blocking caller waits: raises `TimeoutError` when `timeout` seconds from now have passed."""
    deadline = None if timeout is None else time.monotonic() + timeout

    async def wait(pollable: Pollable) -> None:
        if deadline is None:
            pollable.block()
            return
        left = min(max(deadline - time.monotonic(), 0), _LONGEST_WAIT)
        with monotonic_clock.subscribe_duration(math.ceil(left * _NANOSECONDS)) as timer:
            if 0 not in poll.poll([pollable, timer]):
                raise TimeoutError("timed out")

    return wait


def spell(code: Any) -> str:
    """`ErrorCode_ConnectionRefused()` as `connection refused`, with its detail; the host's own words as they are."""
    detail = getattr(code, "value", None)
    if isinstance(code, types.ErrorCode_InternalError) and detail:
        return str(detail).removeprefix(_DENIED)
    if isinstance(code, types.ErrorCode_TlsAlertReceived) and detail.alert_message:
        return str(detail.alert_message)
    name = _WORDS.sub(" ", type(code).__name__.rpartition("_")[2]).lower()
    return name if detail is None else f"{name} ({detail})"


async def _write(body: types.OutgoingBody, content: bytes, wait: Wait) -> None:
    complete = False
    with body.write() as stream, stream.subscribe() as writable:
        try:
            view = memoryview(content)
            while view:
                room = await _room(stream, writable, wait)
                stream.write(bytes(view[:room]))
                view = view[room:]
            complete = True
            stream.flush()
            await _room(stream, writable, wait)
        except Err as error:
            # The peer has read all it wants; its response tells whether that was enough.
            if not isinstance(error.value, StreamError_Closed):
                raise
    try:
        types.OutgoingBody.finish(body, None)
    except Err:
        if complete:
            raise


async def _room(stream: OutputStream, writable: Pollable, wait: Wait) -> int:
    """How many bytes the stream takes; waits until it takes some."""
    while not (room := stream.check_write()):
        await wait(writable)
    return room
