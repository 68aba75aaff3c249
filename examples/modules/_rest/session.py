"""An API with its address and its token: calls by path, answers as decoded JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote

import httpx

from bifrost import IntegrationData, IntegrationError, integrations

from .errors import Invalid, NotConfigured, Unexpected
from .tokens import TokenCache, TokenSource
from .transport import REPEATABLE, Call, ErrorReader, Policy, Transport, new_http, secure_url


class Session:
    """Calls of one API.

    The token goes to the host of `base_url` and nowhere else: redirects are not followed,
    and links to another host are refused. A call that is answered with 401 is made once
    more with a new token; calls side by side share that one.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        tokens: TokenSource,
        *,
        read_error: ErrorReader,
        headers: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.service = service
        self._base = secure_url(base_url, f"The address of {service}")
        self._read_error = read_error
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._own = http is None
        self._http = http or new_http()
        self._transport = Transport(service, self._http, policy or Policy())
        self._tokens = TokenCache(tokens, self._transport)

    async def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Reads. See `request`."""
        return await self.request("GET", path, params=params, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Any:
        """Creates or does something; never repeated when it may have been done. See `request`."""
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any, **options: Any) -> Any:
        """Replaces. See `request`."""
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: Any, **options: Any) -> Any:
        """Changes some fields. See `request`."""
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Any:
        """Deletes. See `request`."""
        return await self.request("DELETE", path, **options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Any:
        """The decoded answer; `None` when it has no body.

        `path` begins with `/` and is below the base address, or it is a whole address on the
        same host, as APIs give for a next page. Parameters that are `None` are left out.
        `repeatable` says that carrying the call out twice does no harm; by default that is
        so for all but POST and PATCH.

        Raises an `ApiError`.
        """
        call = Call(
            method,
            self._url(path),
            repeatable=method in REPEATABLE if repeatable is None else repeatable,
            read_error=self._read_error,
            params={key: value for key, value in (params or {}).items() if value is not None} or None,
            json=json,
            headers={**self._headers, **(headers or {})},
        )
        response = await self._transport.send(call, self._tokens)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise Unexpected(
                "the answer is not JSON", service=self.service, call=str(call), status=response.status_code
            ) from None

    def _url(self, path: str) -> httpx.URL:
        try:
            url = httpx.URL(str(self._base).rstrip("/") + path if path.startswith("/") else path)
        except httpx.InvalidURL as error:
            raise Unexpected(f"not a link: {error}", service=self.service) from None
        if path.startswith("//") or url.userinfo or _origin(url) != _origin(self._base):
            raise Unexpected("refused a link to another host", service=self.service, call=url.host)
        return url

    async def aclose(self) -> None:
        """Closes the connections, unless they were given."""
        if self._own:
            await self._http.aclose()


class ApiClient:
    """What the clients have in common: how they are opened and closed."""

    INTEGRATION: ClassVar[str]
    """Name of the integration that holds address and credentials."""

    entity_id: str | None = None
    """What this organization is called over there, when the integration says so."""

    @classmethod
    def of(cls, name: str, data: IntegrationData) -> Self:
        """A client with what an integration holds. `NotConfigured` when that is not enough."""
        raise NotImplementedError

    @classmethod
    async def open(cls, name: str | None = None, *, scope: str | None = None) -> Self:
        """A client for the integration, of the run's own organization or of `scope`.

        `NotConfigured` when there is none, or its connection has failed. Close it with `aclose`,
        or use `async with`.
        """
        name = name or cls.INTEGRATION
        try:
            data = await integrations.get(name, scope=scope)
        except IntegrationError as error:
            raise NotConfigured(str(error)) from error
        if data is None:
            raise NotConfigured(f"There is no integration “{name}”. Set it up first.")
        client = cls.of(name, data)
        client.entity_id = data.entity_id
        return client

    @classmethod
    @asynccontextmanager
    async def connect(cls, name: str | None = None, *, scope: str | None = None) -> AsyncIterator[Self]:
        """`open` and `aclose` in one: `async with Client.connect() as client`."""
        async with await cls.open(name, scope=scope) as client:
            yield client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        raise NotImplementedError


def path(*parts: object) -> str:
    """A path of segments, each encoded: an id from outside cannot lead to another place."""
    segments = [str(part) for part in parts]
    for segment in segments:
        if not segment.strip(". "):
            raise Invalid(f"“{segment}” is not an id")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def setting(data: IntegrationData, key: str, default: str | None = None) -> str:
    """A text of an integration's config. `NotConfigured` when it is missing and has no default."""
    value = data.config.get(key) or default
    if not value:
        raise NotConfigured(f"The integration lacks the setting `{key}`.")
    return str(value)


def page_size(data: IntegrationData, most: int) -> int:
    """How many records a page has: what an integration's config says, at most `most`."""
    value = data.config.get("page_size") or most
    if isinstance(value, bool) or not str(value).isdigit() or not 1 <= int(value) <= most:
        raise NotConfigured(f"The setting `page_size` of the integration has to be a number from 1 to {most}.")
    return int(value)
