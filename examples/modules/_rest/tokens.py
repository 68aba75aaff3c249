"""Access tokens: where they come from, and keeping one for as long as it is good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from bifrost import IntegrationData, IntegrationError, OAuthCredentials, integrations

from .errors import ApiError, Denied, NotConfigured, Unexpected
from .transport import Call, Detail, Transport, secure_url

EARLY = 60.0
"""Seconds before its end at which a token is replaced; a tenth of its life when that is less."""


@dataclass(frozen=True)
class Token:
    """An access token. `expires_at` is on the monotonic clock, `None` when unknown."""

    value: str
    expires_at: float | None = None

    def __repr__(self) -> str:
        return "<Token>"


class TokenSource(Protocol):
    """Where tokens come from."""

    async def fetch(self, transport: Transport) -> Token:
        """A new token. `Denied` when the credentials are not accepted."""
        ...


@dataclass(frozen=True)
class ClientCredentials:
    """OAuth 2 client credentials (RFC 6749, section 4.4).

    `extra` goes into the request beside the standard fields, for instance `audience`.
    With `as_json` the request is JSON, as few servers want it, else a form.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False

    async def fetch(self, transport: Transport) -> Token:
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            **({"scope": self.scope} if self.scope else {}),
            **self.extra,
        }
        call = Call(
            "POST",
            secure_url(self.token_url, "The token endpoint"),
            repeatable=True,  # a second token does no harm
            read_error=_oauth_error,
            json=fields if self.as_json else None,
            form=None if self.as_json else fields,
            headers={"Accept": "application/json"},
        )
        started = time.monotonic()
        try:
            response = await transport.send(call)
        except ApiError as error:
            error.outcome_unknown = False  # what the token was for has not begun
            if error.status in (400, 401, 403):
                raise Denied(
                    error.message,
                    service=transport.service,
                    call="sign-in",
                    status=error.status,
                    code=error.code,
                    request_id=error.request_id,
                ) from error
            raise
        return _token(transport.service, response, started)


class StaticToken:
    """One token that somebody else looks after."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def fetch(self, transport: Transport) -> Token:
        return Token(self._value)


class PlatformToken:
    """The access token of an integration's connection, which the platform keeps fresh.

    It is shared by all runs. When the API refuses it before its time, the platform is asked for
    another one.
    """

    def __init__(
        self,
        name: str,
        oauth: OAuthCredentials | None = None,
        *,
        scope: str | None = None,
        oauth_scope: str | None = None,
    ) -> None:
        self._name, self._scope, self._oauth_scope = name, scope, oauth_scope
        self._oauth = oauth
        self._is_used = False

    async def fetch(self, transport: Transport) -> Token:
        try:
            if self._oauth is None:
                data = await integrations.get(self._name, scope=self._scope, oauth_scope=self._oauth_scope)
                self._oauth = data.oauth if data else None
            elif self._is_used:
                await self._oauth.refresh()
        except IntegrationError as error:
            raise Denied(str(error), service=transport.service, call="sign-in") from error
        self._is_used = True
        if self._oauth is None or not self._oauth.access_token:
            raise NotConfigured(f"The integration “{self._name}” has no access token. Connect it again.")
        return Token(self._oauth.access_token)


class TokenCache:
    """Keeps a token, and fetches one at a time whoever asks."""

    def __init__(self, source: TokenSource, transport: Transport) -> None:
        self._source = source
        self._transport = transport
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._failure: Exception | None = None
        self._fetches = 0

    async def get(self, rejected: str | None = None) -> str:
        """A token that is still good. `rejected` is one that the API has just refused."""
        token = self._good(rejected)
        if token is not None:
            return token
        fetches = self._fetches
        async with self._lock:
            token = self._good(rejected)
            if token is not None:
                return token
            # What failed for a call that this one has waited for would fail again. Wrong
            # credentials are never tried twice: that may lock the account.
            if self._failure is not None and (self._fetches > fetches or isinstance(self._failure, Denied)):
                raise self._failure
            try:
                self._token, self._failure = await self._source.fetch(self._transport), None
            except Exception as error:
                self._failure = error
                raise
            finally:
                self._fetches += 1
            return self._token.value

    def _good(self, rejected: str | None) -> str | None:
        token = self._token
        if token is None or token.value == rejected:
            return None
        return token.value if token.expires_at is None or time.monotonic() < token.expires_at else None


def source_of(
    name: str, data: IntegrationData, *, token_url: str, scope: str | None = None, **options: Any
) -> TokenSource:
    """The source that an integration has: its connection's access token, else `credentials_of`."""
    if data.oauth is not None and data.oauth.access_token:
        return PlatformToken(name, data.oauth)
    credentials = credentials_of(name, data, token_url=token_url, scope=scope, **options)
    if credentials is None:
        raise NotConfigured(f"The integration “{name}” has neither client id and secret nor an access token.")
    return credentials


def credentials_of(
    name: str, data: IntegrationData, *, token_url: str, scope: str | None = None, **options: Any
) -> ClientCredentials | None:
    """The client credentials that an integration has, if it has any.

    Client id and secret are taken from its OAuth connection, or from its config
    (`client_id`, `client_secret`); `token_url` and `scope` are what they are when it does
    not say, `options` are those of `ClientCredentials`.
    """
    oauth = data.oauth or OAuthCredentials(name)
    client_id = oauth.client_id or data.config.get("client_id")
    client_secret = oauth.client_secret or data.config.get("client_secret")
    if not (client_id and client_secret):
        return None
    token_url = oauth.token_url or data.config.get("token_url") or token_url
    return ClientCredentials(token_url, str(client_id), str(client_secret), oauth.scopes or scope, **options)


def _token(service: str, response: httpx.Response, started: float) -> Token:
    try:
        body = response.json()
    except ValueError:
        body = None
    value = body.get("access_token") if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise Unexpected("the answer has no access token", service=service, call="sign-in")
    try:
        lifetime = float(body["expires_in"])  # some servers write it as text
    except (KeyError, TypeError, ValueError):
        return Token(value)
    return Token(value, started + lifetime - min(EARLY, lifetime / 10))


def _oauth_error(body: Mapping[str, Any]) -> Detail | None:
    if "error" not in body:
        return None
    code, said = str(body["error"]), body.get("error_description")
    trace = body.get("trace_id")
    return Detail(str(said or code), code, str(trace) if trace else None)
