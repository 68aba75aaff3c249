"""HTTP through the platform."""

import asyncio
import time
from typing import Any

from bifrost import http, workflow


@workflow
async def http_get(url: str, header: str = "") -> dict[str, Any]:
    """One GET."""
    response = await http.get(url, headers={"X-Probe": header} if header else None)
    return {"status": response.status_code, "text": response.text[:1000], "bytes": len(response.content),
            "headers": dict(response.headers)}


@workflow
async def http_post(url: str, body: dict | None = None) -> dict[str, Any]:
    """One POST with a JSON body."""
    response = await http.post(url, json=body or {"a": [1, "ü"]}, params={"q": "a b&c", "n": 1})
    return {"status": response.status_code, "text": response.text[:1000]}


@workflow
async def http_many(url: str, calls: int = 10) -> dict[str, Any]:
    """Calls side by side."""
    begin = time.monotonic()
    responses = await asyncio.gather(*(http.get(url) for _ in range(calls)))
    return {"statuses": [response.status_code for response in responses], "seconds": time.monotonic() - begin}


@workflow
async def http_error(url: str) -> dict[str, Any]:
    """What an author sees when a call fails."""
    try:
        response = await http.get(url, timeout=2)
        response.raise_for_status()
    except Exception as error:
        return {"raised": True, "type": type(error).__name__, "message": str(error), "is_os_error": isinstance(error, OSError)}
    return {"raised": False, "status": response.status_code}
