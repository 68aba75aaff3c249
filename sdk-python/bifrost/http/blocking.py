"""`bifrost.http` for code that is not asynchronous. Nothing else runs meanwhile."""

from __future__ import annotations

from typing import Any

from .. import _platform
from .messages import Response, build


def request(method: str, url: str, **options: Any) -> Response:
    """As `bifrost.http.request`, but blocks."""
    return _platform.current().send(build(method, url, **options))


def get(url: str, **options: Any) -> Response:
    """`GET`; see `request`."""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Response:
    """`POST`; see `request`."""
    return request("POST", url, **options)


def put(url: str, **options: Any) -> Response:
    """`PUT`; see `request`."""
    return request("PUT", url, **options)


def patch(url: str, **options: Any) -> Response:
    """`PATCH`; see `request`."""
    return request("PATCH", url, **options)


def delete(url: str, **options: Any) -> Response:
    """`DELETE`; see `request`."""
    return request("DELETE", url, **options)
