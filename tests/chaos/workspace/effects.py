"""What runs while everything around it dies."""

import asyncio
import logging

from bifrost import context, http, workflow

log = logging.getLogger("effects")


async def have_effect(url: str, ms: int, lines: int) -> dict:
    attempt = context.attempt
    for n in range(lines):
        log.info("attempt %d line %d", attempt, n)
        if n == lines // 2:
            seen = {"execution": context.execution_id, "attempt": attempt}
            (await http.post(url, json=seen)).raise_for_status()
        await asyncio.sleep(ms / 1000 / lines)
    return {"attempt": attempt, "lines": lines}


@workflow
async def effect(url: str, ms: int, lines: int = 6) -> dict:
    """Has one effect outside, at a time of its own, and says what it does."""
    return await have_effect(url, ms, lines)


@workflow(retry_policy={"max_attempts": 5, "backoff_seconds": 0.2, "errors": ["ConnectionError"]})
async def unsteady(url: str, ms: int, lines: int = 6, failures: int = 1) -> dict:
    """The same, and its first attempts raise after all that."""
    result = await have_effect(url, ms, lines)
    if context.attempt <= failures:
        raise ConnectionError(f"attempt {context.attempt} fails")
    return result


@workflow
async def tick(url: str) -> dict:
    """What a schedule starts."""
    seen = {"execution": context.execution_id, "attempt": context.attempt}
    (await http.post(url, json=seen)).raise_for_status()
    return {"attempt": context.attempt, "lines": 0}
