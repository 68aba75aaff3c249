"""What runs while everything around it dies."""

import asyncio
import logging

from bifrost import context, http, workflow

log = logging.getLogger("effects")


@workflow
async def effect(url: str, ms: int, lines: int = 6) -> dict:
    """Has one effect outside, at a time of its own, and says what it does."""
    attempt = context.attempt
    for n in range(lines):
        log.info("attempt %d line %d", attempt, n)
        if n == lines // 2:
            seen = {"execution": context.execution_id, "attempt": attempt}
            (await http.post(url, json=seen)).raise_for_status()
        await asyncio.sleep(ms / 1000 / lines)
    return {"attempt": attempt, "lines": lines}


@workflow
async def tick(url: str) -> dict:
    """What a schedule starts."""
    seen = {"execution": context.execution_id, "attempt": context.attempt}
    (await http.post(url, json=seen)).raise_for_status()
    return {"attempt": context.attempt, "lines": 0}
