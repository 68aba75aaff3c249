"""Workflows that fail at first, and what their authors want then."""

import asyncio
import logging

from bifrost import context, workflow

logger = logging.getLogger(__name__)

QUICK = {"max_attempts": 4, "backoff_seconds": 0.05, "errors": ["OSError"]}


@workflow(retry_policy=QUICK)
async def flaky(seconds: float = 0.0) -> int:
    """Works at the third attempt; the first takes a while."""
    logger.info("attempt %d", context.attempt)
    if context.attempt == 1:
        await asyncio.sleep(seconds)
    if context.attempt < 3:
        raise OSError("the other system is away")
    return context.attempt


@workflow(retry_policy=QUICK)
async def wrong() -> None:
    """Raises what its policy does not list."""
    raise ValueError("no attempt changes this")


@workflow(retry_policy=QUICK)
async def hopeless() -> None:
    """Never works."""
    raise OSError("the other system is gone")


@workflow(retry_policy={"max_attempts": "many", "attempts": 3})
async def malformed() -> int:
    """Has a policy that nobody can mean."""
    return context.attempt
