"""`bifrost.http` over the host."""

from __future__ import annotations

import asyncio
from typing import NoReturn, cast
from urllib.parse import quote, urlsplit

from bifrost.http.messages import Headers, HTTPError, Request, Response, Timeout

from .exchange import TIMEOUTS, Refused, Wait, block_until, blocking, exchange
from .loop import GuestLoop
from .threads import note_request


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
    note_request()
    try:
        return blocking(_exchange(request, block_until(request.timeout)))
    except TimeoutError:
        raise _timed_out(request) from None


async def _exchange(request: Request, wait: Wait) -> Response:
    parts = urlsplit(request.url)
    fields = [(name, value.encode("utf-8")) for name, value in request.headers.items()]
    if request.content is not None and "content-length" not in request.headers:
        fields.append(("content-length", str(len(request.content)).encode()))
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    authority = parts.netloc.rpartition("@")[2]
    try:
        answer = await exchange(
            request.method, parts.scheme == "https", authority, target, fields, request.content, wait
        )
        try:
            chunks = []
            while chunk := await answer.read(wait):
                chunks.append(chunk)
        finally:
            answer.close()
    except Refused as refused:
        _raise(request, refused)
    headers = Headers([(name, value.decode("latin-1")) for name, value in answer.fields])
    return Response(answer.status, headers, b"".join(chunks), request)


def _timed_out(request: Request) -> Timeout:
    return Timeout(f"no response within {request.timeout} s: {request.method} {request.url}")


def _raise(request: Request, refused: Refused) -> NoReturn:
    """Raises what an error of the host means to a workflow."""
    where = f"{request.method} {request.url}"
    if isinstance(refused.code, TIMEOUTS):
        raise Timeout(f"{where}: {refused}") from None
    raise HTTPError(f"{where}: {refused}") from None
