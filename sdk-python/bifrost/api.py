"""The platform's REST API, with the rights of the run.

A request is served by the host; there is no token that code could see or pass on.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import _context, _platform
from .http import messages

_BASE = "http://bifrost"
"""Stands before paths where a whole URL is asked for."""


def _split(path: str, params: Any) -> str:
    if not isinstance(path, str) or not path.startswith("/api/"):
        raise ValueError(f"api: {str(path)[:60]!r} is not a path of the API; it begins with /api/")
    parts = urlsplit(messages.build("GET", _BASE + path, params=params).url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _response(request: messages.Request, status: int, headers: list[tuple[str, str]], content: bytes) -> Any:
    """What `httpx` has for it, where the workspace has `httpx`."""
    try:
        import httpx
    except ImportError:
        return messages.Response(status, messages.Headers(headers), content, request)
    asked = httpx.Request(request.method, request.url, headers=dict(request.headers), content=request.content)
    return httpx.Response(status, headers=headers, content=content, request=asked)


def _call(
    method: str,
    path: str,
    *,
    params: messages.Params | None = None,
    json: Any = None,
    data: Mapping[str, Any] | None = None,
    content: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    scope: str | None = None,
    **ignored: Any,
) -> Any:
    # What httpx takes beside: timeouts and redirects are the host's.
    unknown = set(ignored) - {"timeout", "follow_redirects", "extensions"}
    if unknown:
        raise TypeError(f"api.{method.lower()}: unknown argument {sorted(unknown)[0]!r}")
    if data is not None and content is not None:
        raise ValueError("give either content= or data=, not both")
    target = _split(path, params)
    request = messages.build(
        method, _BASE + target, headers=headers, json=json, data=content if data is None else data
    )
    arguments: dict[str, Any] = {
        "method": request.method,
        "path": target,
        "headers": [[name, value] for name, value in request.headers.items()],
        "body": base64.b64encode(request.content or b"").decode(),
        "scope": scope if scope is not None else _context.scope_override(),
    }
    answer = _platform.current().call("api.call", arguments)
    fields = [(name, value) for name, value in answer["headers"]]
    return _response(request, answer["status"], fields, base64.b64decode(answer["body"]))


class api:
    """`from bifrost import api`, then `response = await api.get("/api/executions", params={"limit": 10})`.

    The answer is an `httpx.Response` where the workspace has `httpx`, else a
    `bifrost.http.messages.Response`; a status of failure raises nothing by itself:
    `response.raise_for_status()`. `params`, `json`, `data`, `content` and `headers` are as httpx
    has them; `scope` is an organization's id, for the provider's workflows.

    A run may do what its caller and its code may do, both. `PermissionError` for paths that are
    not for workflows: signing in, keys, invitations, deploying. A request has at most 2 MiB, an
    answer 8 MiB.
    """

    @staticmethod
    async def get(path: str, **kw: Any) -> Any:
        """Reads."""
        return _call("GET", path, **kw)

    @staticmethod
    async def post(path: str, **kw: Any) -> Any:
        """Makes something, or asks for something to be done."""
        return _call("POST", path, **kw)

    @staticmethod
    async def put(path: str, **kw: Any) -> Any:
        """Replaces."""
        return _call("PUT", path, **kw)

    @staticmethod
    async def patch(path: str, **kw: Any) -> Any:
        """Changes."""
        return _call("PATCH", path, **kw)

    @staticmethod
    async def delete(path: str, **kw: Any) -> Any:
        """Deletes."""
        return _call("DELETE", path, **kw)
