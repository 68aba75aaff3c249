"""Sends one call: waits where the API asks for it, and tries again where that can do no harm."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

import httpx

from .errors import ApiError, NotConfigured, RateLimited, Unavailable, Unexpected, kind_of

logger = logging.getLogger(__name__)

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that do the same when they are carried out twice."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Faults after which the API cannot have seen the call."""

NOT_WORTH_A_TRY = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)

REQUEST_ID_HEADERS = ("request-id", "x-request-id", "ms-requestid", "x-ms-request-id", "x-correlation-id")

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Policy:
    """How patient a connection is."""

    attempts: int = 5
    """Tries of one call, the first included."""
    backoff: float = 0.5
    """Seconds before the second try; doubled each time, and varied."""
    longest_wait: float = 120.0
    """Seconds. Where an API asks for more, the call ends in `RateLimited` or `Unavailable` at once."""
    concurrency: int = 4
    """Calls under way at the same time."""
    timeout: float = 30.0
    """Seconds for each part of a call: connecting, sending, every piece of the answer."""


class Detail(NamedTuple):
    """What the body of an error says."""

    message: str
    code: str | None = None
    request_id: str | None = None


ErrorReader = Callable[[Mapping[str, Any]], "Detail | None"]
"""Finds the detail in the decoded body of an error; `None` when it is not there."""


@dataclass(frozen=True)
class Call:
    """A request, and whether it may be repeated."""

    method: str
    url: httpx.URL
    repeatable: bool
    read_error: ErrorReader
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.url.path}"


class Tokens(Protocol):
    """Gives access tokens."""

    async def get(self, rejected: str | None = None) -> str:
        """One that is good; another than `rejected`, which was refused."""
        ...


class Transport:
    """The way to one API. All its calls share the slots, and the pauses that the API asks for."""

    def __init__(self, service: str, http: httpx.AsyncClient, policy: Policy) -> None:
        self.service = service
        self.policy = policy
        self._http = http
        self._slots = asyncio.Semaphore(policy.concurrency)
        self._paused_until = 0.0

    async def send(self, call: Call, tokens: Tokens | None = None) -> httpx.Response:
        """The answer, when its status is 2xx.

        A call that was refused for its rate, or that was never sent, is repeated whatever it
        is. One that failed or got no answer is repeated only when it is `repeatable`. One
        that was refused for its token is made once more with another.
        """
        attempt, rejected = 1, None
        while True:
            try:
                response, token = await self._exchange(call, tokens, rejected)
            except httpx.RequestError as fault:
                problem = self._fault(call, fault)
            else:
                if response.is_success:
                    return response
                if response.status_code == 401 and token and rejected is None:
                    rejected = token
                    continue
                problem = self._refusal(call, response)
            wait = self._wait(problem, call, attempt)
            if wait is None:
                raise problem
            attempt += 1
            logger.warning("%s; try %d of %d in %.1f s", problem, attempt, self.policy.attempts, wait)
            if isinstance(problem, RateLimited):
                self._paused_until = max(self._paused_until, time.monotonic() + wait)
            else:
                await asyncio.sleep(wait)

    async def _exchange(
        self, call: Call, tokens: Tokens | None, rejected: str | None
    ) -> tuple[httpx.Response, str | None]:
        """One request, with a token that is good at this moment."""
        if tokens is None:  # a sign-in: it needs no slot, since calls that hold one wait for it
            await self._wait_out_the_pause()
            return await self._request(call, call.headers), None
        while True:
            await self._wait_out_the_pause()
            async with self._slots:  # only the call itself holds a slot, no wait does
                if self._paused_until > time.monotonic():
                    continue  # the pause began while this call has waited for the slot
                token = await tokens.get(rejected)
                return await self._request(call, {**call.headers, "Authorization": f"Bearer {token}"}), token

    async def _request(self, call: Call, headers: Mapping[str, str]) -> httpx.Response:
        return await self._http.request(
            call.method,
            call.url,
            params=call.params,
            json=call.json,
            data=call.form,
            headers=headers,
            timeout=self.policy.timeout,
            follow_redirects=False,  # a token goes to no other place than was asked for
        )

    async def _wait_out_the_pause(self) -> None:
        while (seconds := self._paused_until - time.monotonic()) > 0:
            await asyncio.sleep(seconds)

    def _wait(self, problem: ApiError, call: Call, attempt: int) -> float | None:
        """Seconds until the next try; `None` when there must be none."""
        again = isinstance(problem, RateLimited) or (
            isinstance(problem, Unavailable) and (call.repeatable or not problem.outcome_unknown)
        )
        if not again or attempt >= self.policy.attempts:
            return None
        if problem.retry_after is not None:
            return problem.retry_after if problem.retry_after <= self.policy.longest_wait else None
        wait: float = self.policy.backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)
        return min(wait, self.policy.longest_wait)

    def _fault(self, call: Call, fault: httpx.RequestError) -> ApiError:
        message = f"{type(fault).__name__}: {fault}"
        if isinstance(fault, NOT_WORTH_A_TRY):
            return Unexpected(message, service=self.service, call=str(call))
        unknown = not isinstance(fault, NEVER_SENT) and call.method not in ("GET", "HEAD", "OPTIONS")
        return Unavailable(message, service=self.service, call=str(call), outcome_unknown=unknown)

    def _refusal(self, call: Call, response: httpx.Response) -> ApiError:
        detail = read_detail(response, call.read_error)
        kind = kind_of(response.status_code)
        return kind(
            detail.message,
            service=self.service,
            call=str(call),
            status=response.status_code,
            code=detail.code,
            request_id=detail.request_id,
            retry_after=retry_after(response.headers),
            outcome_unknown=kind is Unavailable and call.method not in ("GET", "HEAD", "OPTIONS"),
        )


def new_http() -> httpx.AsyncClient:
    """An HTTP client. All share what is costly to make: the context for TLS."""
    return httpx.AsyncClient(verify=_tls())


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def read_detail(response: httpx.Response, read: ErrorReader) -> Detail:
    """What an error says, whatever its body is."""
    header = next((response.headers[name] for name in REQUEST_ID_HEADERS if name in response.headers), None)
    detail = None
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, Mapping):
        detail = read(body)
    if detail is None:
        page = "html" in response.headers.get("content-type", "")
        text = body if isinstance(body, str) else "" if page else response.text
        detail = Detail(" ".join(text.split()) or response.reason_phrase)
    return detail._replace(request_id=detail.request_id or header)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a `Retry-After` header: a number, or a date by the clock of the server."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    except ValueError:
        pass
    until = _date(value)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def secure_url(url: str, what: str) -> httpx.URL:
    """An absolute HTTPS address; plain HTTP only to this machine. Raises `NotConfigured`."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise NotConfigured(f"{what} is not an address: {error}") from error
    if not parsed.host or parsed.userinfo or parsed.fragment:
        raise NotConfigured(f"{what} has to be an address such as https://api.example.com")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.host in LOOPBACK):
        raise NotConfigured(f"{what} has to begin with https://")
    return parsed
