"""Requests, responses and what can go wrong between them."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from .._text import checked

DEFAULT_TIMEOUT = 30.0
"""Seconds for a whole request, the body of the response included."""

_DETAIL = 500
"""Characters of a response's text that an error message quotes."""

Params: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]


class HTTPError(Exception):
    """A request could not be sent or its response not be read."""


class Timeout(HTTPError):
    """The response did not arrive in time."""


class HTTPStatusError(HTTPError):
    """The server answered with an error status; see `response`."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response


class Headers(Mapping[str, str]):
    """Header fields; names ignore case, a repeated field is joined with commas."""

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        for name, value in fields.items() if isinstance(fields, Mapping) else fields:
            key = name.lower()
            if key in self._fields:
                value = f"{self._fields[key][1]}, {value}"
            self._fields[key] = (name, value)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent. `timeout` in seconds, `None` for no limit of its own."""

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    content: bytes | None = None
    timeout: float | None = DEFAULT_TIMEOUT


@dataclass(frozen=True)
class Response:
    """A whole response. Redirects are not followed."""

    status_code: int
    headers: Headers
    content: bytes
    request: Request

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        return self.request.url

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """The body in the charset of its content type, UTF-8 without one."""
        charset = "utf-8"
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                charset = value.strip().strip("\"'")
        try:
            return self.content.decode(charset, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is none."""
        return jsonlib.loads(self.content)

    def raise_for_status(self) -> Response:
        """Raises `HTTPStatusError` for 4xx and 5xx, else answers the response itself."""
        if self.status_code < 400:
            return self
        message = f"{self.status_code} for {self.request.method} {self.request.url}"
        detail = self.text.strip()[:_DETAIL]
        raise HTTPStatusError(f"{message}: {detail}" if detail else message, self)


def build(
    method: str,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    data: bytes | str | Mapping[str, Any] | None = None,
    timeout: float | None = DEFAULT_TIMEOUT,
) -> Request:
    """A request from what a caller wrote.

    `params` extend the query, `json` is sent as JSON, `data` as it is or, when a mapping,
    as a form. Raises `ValueError` for a URL that is not absolute http or https and for text
    that is not valid, `TypeError` for what is no text.
    """
    checked(method, "the method")
    parts = urlsplit(checked(url, "the URL"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an absolute http or https URL: {url!r}")
    if params:
        pairs = params.items() if isinstance(params, Mapping) else params
        query = urlencode([(name, value) for name, value in pairs if value is not None], doseq=True)
        parts = parts._replace(query="&".join(filter(None, (parts.query, query))))
    if json is not None and data is not None:
        raise ValueError("give either json= or data=, not both")
    fields = dict(headers or {})
    for name, value in fields.items():
        checked(value, f"the value of the header {checked(name, 'the name of a header')}")
    content: bytes | None = None
    content_type = None
    if json is not None:
        content, content_type = jsonlib.dumps(json).encode(), "application/json"
    elif isinstance(data, Mapping):
        content, content_type = urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    elif data is not None:
        content = data.encode() if isinstance(data, str) else bytes(data)
    names = {name.lower() for name in fields}
    if content_type is not None and "content-type" not in names:
        fields["Content-Type"] = content_type
    if "user-agent" not in names:
        fields["User-Agent"] = "bifrost"
    return Request(method.upper(), parts._replace(fragment="").geturl(), Headers(fields), content, timeout)
