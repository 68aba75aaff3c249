"""What libraries raise when a request comes to nothing."""

import asyncio
import urllib.error
import urllib.request
from typing import Any

import aiohttp
import httpx
import requests
import urllib3

from bifrost import workflow


async def with_httpx(url: str, timeout: float) -> None:
    async with httpx.AsyncClient(timeout=timeout) as client:
        await client.get(url)


async def with_aiohttp(url: str, timeout: float) -> None:
    limits = aiohttp.ClientTimeout(sock_connect=timeout, sock_read=timeout)
    async with aiohttp.ClientSession(timeout=limits) as session, session.get(url) as response:
        await response.read()


CALLS: dict[str, Any] = {
    "requests": lambda url, timeout: requests.get(url, timeout=timeout),
    "httpx": lambda url, timeout: httpx.get(url, timeout=timeout),
    "httpx, async": with_httpx,
    "urllib.request": lambda url, timeout: urllib.request.urlopen(url, timeout=timeout),
    "urllib3": lambda url, timeout: urllib3.PoolManager().request("GET", url, timeout=timeout, retries=False),
    "aiohttp": with_aiohttp,
}


def kind(error: Exception) -> str:
    """The exception's name; of an `URLError` also that of its reason, in brackets."""
    name, reason = type(error).__name__, getattr(error, "reason", None)
    return f"{name}({type(reason).__name__})" if name == "URLError" else name


def texts(error: BaseException | None) -> str:
    """What the exception says, and what those say that it came of."""
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(said)


@workflow
async def failures(url: str, timeout: float) -> dict[str, list[str]]:
    """By library: what was raised, and what it said."""
    found = {}
    for library, call in CALLS.items():
        try:
            answer = call(url, timeout)
            if asyncio.iscoroutine(answer):
                await answer
            found[library] = ["nothing", ""]
        except Exception as error:
            found[library] = [kind(error), texts(error)]
    return found
