"""A small HTTP client: `response = await http.get(url)`.

Every function is a coroutine; `bifrost.http.blocking` has the same ones for code that
is not asynchronous. In the sandbox the host sends the request under the egress policy
of the organization, and requests that are gathered run at the same time.
"""

from __future__ import annotations

from typing import Any

from .. import _platform
from . import blocking
from .messages import DEFAULT_TIMEOUT, Headers, HTTPError, HTTPStatusError, Request, Response, Timeout, build

__all__ = [
    "DEFAULT_TIMEOUT",
    "HTTPError",
    "HTTPStatusError",
    "Headers",
    "Request",
    "Response",
    "Timeout",
    "blocking",
    "delete",
    "get",
    "patch",
    "post",
    "put",
    "request",
]


async def request(method: str, url: str, **options: Any) -> Response:
    """Sends a request and answers its response, whatever the status.

    Options: `params`, `headers`, `json`, `data` (bytes, text or a form), `timeout` in
    seconds (30). Raises `Timeout`, or `HTTPError` when there is no response.
    """
    return await _platform.current().send_async(build(method, url, **options))


async def get(url: str, **options: Any) -> Response:
    """`GET`; see `request`."""
    return await request("GET", url, **options)


async def post(url: str, **options: Any) -> Response:
    """`POST`; see `request`."""
    return await request("POST", url, **options)


async def put(url: str, **options: Any) -> Response:
    """`PUT`; see `request`."""
    return await request("PUT", url, **options)


async def patch(url: str, **options: Any) -> Response:
    """`PATCH`; see `request`."""
    return await request("PATCH", url, **options)


async def delete(url: str, **options: Any) -> Response:
    """`DELETE`; see `request`."""
    return await request("DELETE", url, **options)
