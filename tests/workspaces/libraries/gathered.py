"""httpx and aiohttp under asyncio."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import httpx

from bifrost import workflow


async def raised(action: Callable[[], Awaitable[Any]]) -> list[str]:
    """The names of what was raised and of its bases, and its text first."""
    try:
        await action()
    except Exception as error:
        return [str(error), *(kind.__name__ for kind in type(error).__mro__)]
    return ["nothing"]


@workflow
async def gather_httpx(url: str, calls: int = 50) -> dict[str, Any]:
    """Side by side, streams, errors."""
    async with httpx.AsyncClient(timeout=30) as client:
        begin = time.monotonic()
        responses = await asyncio.gather(*(client.get(f"{url}/slower") for _ in range(calls)))
        seconds = time.monotonic() - begin
        streamed = 0
        async with client.stream("GET", f"{url}/big") as response:
            async for piece in response.aiter_bytes():
                streamed += len(piece)

        async def pieces() -> Any:
            yield b"one"
            yield b"two"

        return {
            "statuses": {response.status_code for response in responses} == {200},
            "seconds": seconds,
            "streamed": streamed,
            "generated": (await client.post(f"{url}/echo", content=pieces())).json()["body"],
            "refused": await raised(lambda: client.get("http://127.0.0.1:1/")),
            "slow": await raised(lambda: client.get(f"{url}/hang", timeout=0.2)),
            "cancelled": await raised(lambda: asyncio.wait_for(client.get(f"{url}/hang"), 0.2)),
            "after": (await client.get(f"{url}/echo")).status_code,
        }


@workflow
async def gather_aiohttp(url: str, calls: int = 50) -> dict[str, Any]:
    """A session: side by side, JSON, forms, timeouts, errors."""

    async def one() -> int:
        async with session.get(f"{url}/slower") as response:
            await response.text()
            return response.status

    jar = aiohttp.CookieJar(unsafe=True)  # also of addresses
    async with aiohttp.ClientSession(headers={"X-Session": "s"}, cookie_jar=jar) as session:
        begin = time.monotonic()
        statuses = await asyncio.gather(*(one() for _ in range(calls)))
        seconds = time.monotonic() - begin
        async with session.post(f"{url}/echo", json={"a": 1}) as response:
            posted = await response.json()
        async with session.get(f"{url}/redirect") as response:
            followed = [response.status, len(response.history), (await response.json())["headers"]["cookie"]]
        async with session.get(f"{url}/big") as response:
            streamed = 0
            async for piece in response.content.iter_chunked(10_000):
                streamed += len(piece)
        async with session.get(f"{url}/gzip") as response:
            unpacked = await response.json(content_type=None)
        brief = aiohttp.ClientTimeout(total=0.2)
        return {
            "statuses": set(statuses) == {200},
            "seconds": seconds,
            "posted": [posted["body"], posted["headers"]["x-session"]],
            "followed": followed,
            "streamed": streamed,
            "unpacked": unpacked,
            "refused": await raised(lambda: session.get("http://127.0.0.1:1/")),
            "slow": await raised(lambda: session.get(f"{url}/hang", timeout=brief)),
            "status": await raised(lambda: session.get(f"{url}/status/404", raise_for_status=True)),
            "unverified": await raised(lambda: session.get(url.replace("http:", "https:"), ssl=False)),
            "web socket": await raised(lambda: session.ws_connect(f"{url}/echo")),
        }
