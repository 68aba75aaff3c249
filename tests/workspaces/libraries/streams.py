"""Answers that come slowly: what is there can be read before the rest is."""

import itertools
from typing import Any

import aiohttp
import httpx
import requests

from bifrost import workflow

LINES = ["one", "two", "three"]


@workflow
def stream_requests(url: str) -> dict[str, Any]:
    """Each line is sent only when the one before has been read."""
    lines = []
    with requests.get(f"{url}/turns", stream=True, timeout=30) as answer:
        for line in answer.iter_lines(chunk_size=None):
            lines.append(line.decode())
            requests.get(f"{url}/turn", timeout=30)
    requests.get(f"{url}/turn", timeout=30)
    with requests.get(f"{url}/endless", stream=True, timeout=30) as answer:
        endless = sum(len(piece) for piece in itertools.islice(answer.iter_content(1000), 500))
    try:
        requests.get(f"{url}/cut", timeout=30)
        cut = "whole"
    except requests.RequestException as error:
        cut = type(error).__name__
    return {"lines": lines, "endless": endless, "cut": cut}


@workflow
async def stream_httpx(url: str) -> dict[str, Any]:
    """The same, with other tasks going on."""
    lines = []
    async with httpx.AsyncClient(timeout=30) as client:
        async with client.stream("GET", f"{url}/turns") as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                await client.get(f"{url}/turn")
        endless = 0
        async with client.stream("GET", f"{url}/endless") as answer:
            async for piece in answer.aiter_bytes(1000):
                endless += len(piece)
                if endless >= 500_000:
                    break
        try:
            await client.get(f"{url}/cut")
            cut = "whole"
        except httpx.HTTPError as error:
            cut = type(error).__name__
    return {"lines": lines, "endless": endless, "cut": cut}


@workflow
async def stream_aiohttp(url: str) -> dict[str, Any]:
    """The same."""
    lines = []
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/turns") as answer:
            async for line in answer.content:
                lines.append(line.decode().strip())
                async with session.get(f"{url}/turn"):
                    pass
        try:
            async with session.get(f"{url}/cut") as answer:
                cut = (await answer.read()).decode()
        except aiohttp.ClientError as error:
            cut = type(error).__name__
    return {"lines": lines, "cut": cut}
