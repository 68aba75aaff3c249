"""Much of everything: more than any run may have, and the most that one may have."""

import asyncio
import logging
from typing import Any

from bifrost import workflow

logger = logging.getLogger("v")


@workflow
async def log_gigabyte(size: int = 1 << 30) -> int:
    """Logs so many bytes in lines of 32 KiB."""
    line = "l" * (32 << 10)
    for _ in range(size // len(line)):
        logger.info(line)
    return size


@workflow
async def log_lines(count: int = 300_000) -> int:
    """Logs many short lines, each with its number."""
    for number in range(count):
        logger.info("%d", number)
    return count


@workflow
async def log_line(size: int = 64 << 20) -> int:
    """Logs one line."""
    logger.info("l" * size)
    return size


@workflow
async def result(size: int = 1 << 30) -> str:
    """Returns so many bytes."""
    return "r" * size


@workflow
async def result_of_parts(count: int = 1 << 14) -> list[str]:
    """Returns 64 KiB so many times; they are one object here, and many in the result."""
    return ["r" * (64 << 10)] * count


@workflow
async def measure(text: str) -> int:
    """How long the parameter is."""
    return len(text)


@workflow
async def tasks(count: int = 100_000) -> dict[str, Any]:
    """Waits in so many tasks at once."""

    async def one(number: int) -> int:
        await asyncio.sleep(0.01)
        return number

    numbers = await asyncio.gather(*(one(number) for number in range(count)))
    return {"count": len(set(numbers))}
