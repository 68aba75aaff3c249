"""A client for the REST API of a PSA (professional services automation) system.

Shows the shape of an integration module: settings and the secret come from `config`
when a workflow runs (never at import), paging and retries are hidden, failures have
types. Needs two config values: `psa_base_url` and the secret `psa_api_key`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from bifrost import config, http

logger = logging.getLogger(__name__)

PAGE_SIZE = 100
#: Pages read at the same time. The platform allows 64 calls at once; most APIs fewer.
CONCURRENT_PAGES = 4
#: Tries of one request, the first included.
ATTEMPTS = 5
#: Seconds before the second try; doubled each time.
BACKOFF_SECONDS = 0.5
#: No wait is longer, whatever `Retry-After` says.
LONGEST_WAIT_SECONDS = 30.0
TIMEOUT_SECONDS = 30.0


class PsaError(Exception):
    """The PSA could not be used."""


class PsaNotConfigured(PsaError):
    """A config value is missing."""


class PsaDenied(PsaError):
    """The PSA did not accept the key."""


class PsaNotFound(PsaError):
    """There is no such record."""


class PsaUnavailable(PsaError):
    """The PSA kept answering 429 or 5xx, or could not be reached."""


class PsaUnexpected(PsaError):
    """The PSA answered something that this module does not understand."""


class Response(Protocol):
    """What is used of `bifrost.http.Response`."""

    status_code: int
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The decoded body."""


Get = Callable[..., Awaitable[Response]]
Sleep = Callable[[float], Awaitable[None]]


class Psa:
    """One connection. `get` and `sleep` are parameters for tests."""

    def __init__(self, base_url: str, api_key: str, *, get: Get = http.get, sleep: Sleep = asyncio.sleep) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._get = get
        self._sleep = sleep
        self._slots = asyncio.Semaphore(CONCURRENT_PAGES)

    @classmethod
    async def connect(cls) -> Psa:
        """A connection with the organization's own settings."""
        base_url, api_key = await asyncio.gather(config.get("psa_base_url"), config.get("psa_api_key"))
        missing = [name for name, value in (("psa_base_url", base_url), ("psa_api_key", api_key)) if not value]
        if missing:
            raise PsaNotConfigured(f"Set these config values first: {', '.join(missing)}")
        return cls(base_url, api_key)

    async def companies(self) -> list[dict[str, Any]]:
        """All companies."""
        return await self._all("companies")

    async def company(self, company_id: int) -> dict[str, Any]:
        """One company; `PsaNotFound` when there is none."""
        return await self._request(f"companies/{company_id}")

    async def open_tickets(self, companies_id: int | None = None) -> list[dict[str, Any]]:
        """Open tickets, of one company or of all."""
        filters: dict[str, Any] = {"status": "open"}
        if companies_id is not None:
            filters["companies_id"] = companies_id
        return await self._all("tickets", filters)

    async def _all(self, path: str, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Reads the first page, then all others side by side. Order is kept."""

        async def page(number: int) -> dict[str, Any]:
            return await self._request(path, {**(filters or {}), "page": number, "per_page": PAGE_SIZE})

        first = await page(1)
        rest = await asyncio.gather(*(page(number) for number in range(2, int(first["pages"]) + 1)))
        items = [item for answer in (first, *rest) for item in answer["items"]]
        logger.info("%s: %d records on %d pages", path, len(items), 1 + len(rest))
        return items

    async def _request(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self._base_url}/api/v1/{path}"
        problem, wait = "", 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._sleep(wait)
            wait = min(BACKOFF_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS)
            try:
                # Only the call holds a slot, so that a wait does not hold up other pages.
                async with self._slots:
                    response = await self._get(url, params=params, headers=self._headers, timeout=TIMEOUT_SECONDS)
            except http.HTTPError as error:  # not reached, or no answer in time
                problem = f"{type(error).__name__}: {error}"
            else:
                status = response.status_code
                if status == 200:
                    return _decoded(response, path)
                if status in (401, 403):
                    raise PsaDenied(f"The PSA refused the key for {path} ({status})")
                if status == 404:
                    raise PsaNotFound(f"The PSA has no {path}")
                if status != 429 and status < 500:
                    raise PsaUnexpected(f"The PSA answered {status} for {path}")
                problem = str(status)
                wait = _retry_after(response.headers, wait)
            logger.warning("%s: %s, try %d of %d", path, problem, attempt + 1, ATTEMPTS)
        raise PsaUnavailable(f"The PSA did not answer for {path} after {ATTEMPTS} tries: {problem}")


def _decoded(response: Response, path: str) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise PsaUnexpected(f"The PSA's answer for {path} is not JSON") from error
    if not isinstance(answer, dict):
        raise PsaUnexpected(f"The PSA's answer for {path} is not an object")
    return answer


def _retry_after(headers: Mapping[str, str], default: float) -> float:
    """Seconds from a `Retry-After` header, where it is a number."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                return max(0.0, min(float(value), LONGEST_WAIT_SECONDS))
            except ValueError:
                break
    return default
