"""HTTP over `wasi:http`. The host connects, encrypts, and applies the egress policy.

One coroutine describes a whole exchange. Under the event loop it waits together with
other tasks; for blocking callers the same coroutine waits by itself.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, NoReturn, cast
from urllib.parse import quote, urlsplit

from componentize_py_types import Err
from wit_world.imports import monotonic_clock, outgoing_handler, poll
from wit_world.imports import wasi_http_types as types
from wit_world.imports.poll import Pollable
from wit_world.imports.streams import InputStream, OutputStream, StreamError_Closed, StreamError_LastOperationFailed

from bifrost.http.messages import Headers, HTTPError, Request, Response, Timeout

from .loop import GuestLoop

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

_TIMEOUTS = (
    types.ErrorCode_DnsTimeout,
    types.ErrorCode_ConnectionTimeout,
    types.ErrorCode_ConnectionReadTimeout,
    types.ErrorCode_ConnectionWriteTimeout,
    types.ErrorCode_HttpResponseTimeout,
)

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

Wait = Callable[[Pollable], Awaitable[None]]


async def send_async(request: Request) -> Response:
    """Sends a request; other tasks go on meanwhile."""
    loop = cast(GuestLoop, asyncio.get_running_loop())
    try:
        async with asyncio.timeout(request.timeout):
            return await _exchange(request, loop.wait_for)
    except TimeoutError as error:
        raise _timed_out(request) from error


def send(request: Request) -> Response:
    """Sends a request and blocks until its response is there."""
    deadline = None if request.timeout is None else time.monotonic() + request.timeout

    async def wait(pollable: Pollable) -> None:
        if deadline is None:
            pollable.block()
            return
        left = min(max(deadline - time.monotonic(), 0), _LONGEST_WAIT)
        with monotonic_clock.subscribe_duration(math.ceil(left * _NANOSECONDS)) as timer:
            if 0 not in poll.poll([pollable, timer]):
                raise _timed_out(request)

    exchange = _exchange(request, wait)
    try:
        exchange.send(None)
    except StopIteration as done:
        return cast(Response, done.value)
    raise AssertionError("a blocking exchange never suspends")


async def _exchange(request: Request, wait: Wait) -> Response:
    try:
        # Resources are dropped in reverse order: a child must go before its parent.
        with ExitStack() as stack:
            outgoing = _outgoing(request)
            body = outgoing.body() if request.content else None
            future = stack.enter_context(outgoing_handler.handle(outgoing, None))
            if body is not None and request.content:
                await _write(body, request.content, wait)
            with future.subscribe() as pollable:
                await wait(pollable)
            answer = future.get()
            if answer is None or isinstance(answer, Err):
                raise HTTPError(f"{request.method} {request.url}: the host gave no response")
            if isinstance(answer.value, Err):
                _raise(request, answer.value.value)
            response = stack.enter_context(answer.value.value)
            with response.headers() as fields:
                headers = Headers([(name, value.decode("latin-1")) for name, value in fields.entries()])
            content = await _read(response.consume(), wait)
            return Response(response.status(), headers, content, request)
    except Err as error:
        _raise(request, error.value)


def _outgoing(request: Request) -> types.OutgoingRequest:
    parts = urlsplit(request.url)
    fields = [(name, value.encode("utf-8")) for name, value in request.headers.items()]
    if request.content is not None and "content-length" not in request.headers:
        fields.append(("content-length", str(len(request.content)).encode()))
    outgoing = types.OutgoingRequest(types.Fields.from_list(fields))
    method = _METHODS.get(request.method)
    outgoing.set_method(types.Method_Other(request.method) if method is None else method())
    outgoing.set_scheme(types.Scheme_Https() if parts.scheme == "https" else types.Scheme_Http())
    outgoing.set_authority(parts.netloc.rpartition("@")[2])
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    outgoing.set_path_with_query(target)
    return outgoing


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


async def _read(body: types.IncomingBody, wait: Wait) -> bytes:
    chunks: list[bytes] = []
    with body, body.stream() as stream, stream.subscribe() as readable:
        while (chunk := _chunk(stream)) is not None:
            if chunk:
                chunks.append(chunk)
            else:
                await wait(readable)
    return b"".join(chunks)


def _chunk(stream: InputStream) -> bytes | None:
    """What is there to be read now; `None` at the end."""
    try:
        return stream.read(_CHUNK)
    except Err as error:
        if isinstance(error.value, StreamError_Closed):
            return None
        raise


def _timed_out(request: Request) -> Timeout:
    return Timeout(f"no response within {request.timeout} s: {request.method} {request.url}")


def _raise(request: Request, code: Any) -> NoReturn:
    """Raises what an error of the host means to a workflow."""
    where = f"{request.method} {request.url}"
    if isinstance(code, StreamError_LastOperationFailed):
        found = types.http_error_code(code.value)
        if found is None:
            raise HTTPError(f"{where}: {code.value.to_debug_string()}") from None
        code = found
    if code is None:
        raise HTTPError(f"{where}: there is no such method or address") from None
    if isinstance(code, _TIMEOUTS):
        raise Timeout(f"{where}: {_spell(code)}") from None
    if isinstance(code, types.ErrorCode_HttpRequestDenied):
        raise HTTPError(f"{where}: refused by the egress policy of the organization") from None
    raise HTTPError(f"{where}: {_spell(code)}") from None


def _spell(code: Any) -> str:
    """`ErrorCode_ConnectionRefused()` as `connection refused`, with its detail."""
    name = _WORDS.sub(" ", type(code).__name__.rpartition("_")[2]).lower()
    detail = getattr(code, "value", None)
    return name if detail is None else f"{name} ({detail})"
