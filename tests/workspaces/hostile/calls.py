"""Floods of HTTP calls against `url`, a server of the test."""

import asyncio
from typing import Any

from bifrost import http, workflow

import probe


@workflow
async def http_many(armed: bool = False, url: str = "http://127.0.0.1:9/", calls: int = 2_000) -> dict[str, Any]:
    """One after the other. Armed: ends with `limit_exceeded:http_calls`; the server saw at most 1,000."""
    done = 0
    for _ in range(calls if armed else 3):
        await http.get(url)
        done += 1
    return {"done": done}


@workflow
async def http_many_swallowing(armed: bool = False, url: str = "http://127.0.0.1:9/", calls: int = 2_000) -> dict[str, Any]:
    """Swallows every error: the server still sees at most 1,000."""
    details = [await probe.attempt_async(lambda: http.get(url)) for _ in range(calls if armed else 3)]
    return {"reached": sum(detail["reached"] for detail in details), "refused": sum(not detail["reached"] for detail in details)}


@workflow
async def http_at_once(armed: bool = False, url: str = "http://127.0.0.1:9/", calls: int = 200) -> dict[str, Any]:
    """All at once. The server sees no more than the limit at the same time; the others wait, none is lost."""
    answers = await asyncio.gather(*(http.get(url) for _ in range(calls if armed else 3)), return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    return {"answered": len(answers) - len(failed), "failed": len(failed), "first": repr(failed[0])[:200] if failed else None}


@workflow
async def http_abandoned(armed: bool = False, url: str = "http://127.0.0.1:9/", calls: int = 500) -> dict[str, Any]:
    """Starts calls and drops them half way: what is dropped is freed on the host."""
    count = calls if armed else 3
    for _ in range(count):
        task = asyncio.create_task(http.get(url))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return {"abandoned": count}


@workflow
async def http_giant_request(armed: bool = False, url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    """A body of 48 MiB. Armed: `limit_exceeded:http_body_bytes`, or an error for the call."""
    body = {"data": "b" * (48 << 20 if armed else 1000)}
    return {"status": (await http.post(url, json=body)).status_code}


@workflow
async def http_giant_response(armed: bool = False, url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    """The test's server answers without end at `url` (a short body for the control).
    Armed: `limit_exceeded:http_body_bytes`, or an error for the call."""
    return {"bytes": len((await http.get(url)).content)}
