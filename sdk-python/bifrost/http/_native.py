"""HTTP for plain Python, so that workflows can be tested outside of the sandbox."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import Any

from .messages import Headers, HTTPError, Request, Response, Timeout


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a response like any other."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def send(request: Request) -> Response:
    """Sends a request and blocks until its response is there."""
    native = urllib.request.Request(
        request.url, data=request.content, headers=dict(request.headers), method=request.method
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(native, timeout=request.timeout) as answer:
            return Response(answer.status, Headers(answer.headers.items()), answer.read(), request)
    except urllib.error.HTTPError as answer:
        with answer:
            return Response(answer.code, Headers(answer.headers.items()), answer.read(), request)
    except TimeoutError as error:
        raise Timeout(f"no response within {request.timeout} s: {request.method} {request.url}") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise Timeout(f"no response within {request.timeout} s: {request.method} {request.url}") from error
        raise HTTPError(f"{request.method} {request.url}: {reason}") from error


async def send_async(request: Request) -> Response:
    """Sends a request in a thread."""
    return await asyncio.to_thread(send, request)
