"""Two small workflows that touch what most workflows touch."""

from __future__ import annotations

import asyncio
import logging

from bifrost import context, workflow

_logger = logging.getLogger("bifrost.runtime")


@workflow
async def succeeds(count: int, note: str = "é") -> dict[str, object]:
    """Logs, prints, waits a turn, answers."""
    _logger.info("warm %s", note)
    print("warm", count)
    await asyncio.sleep(0)
    await asyncio.sleep(0.0001)
    async with asyncio.timeout(60):
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    return {"count": count, "org": context.org_id, "when": 1.5, "list": [1, None, True]}


@workflow
async def fails(count: int) -> None:
    """Logs an exception, then raises."""
    try:
        raise ValueError("warm")
    except ValueError:
        _logger.exception("warm")
        raise RuntimeError("warm") from None
