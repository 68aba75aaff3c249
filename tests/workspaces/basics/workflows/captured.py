"""Variables of the workflow function, kept for developers when asked for."""

import asyncio
from typing import Any

from bifrost import workflow


@workflow
async def variables_on_return(count: int = 3) -> int:
    """Locals of many kinds; helpers' locals must not be among them."""
    numbers = list(range(count))
    table = {"a": numbers, 1: "int key"}
    circular: list[Any] = [1]
    circular.append(circular)
    big = "x" * 100_000
    thing = object()
    await asyncio.sleep(0)
    total = await _helper(numbers)
    return total + len(table) + len(big) * 0 + (thing is None)


@workflow
async def variables_on_error(count: int = 3) -> None:
    """The locals at the moment of the exception."""
    step = "before"
    for number in range(count):
        step = f"at {number}"
        await asyncio.sleep(0)
    raise ValueError(step)


async def _helper(numbers: list[int]) -> int:
    hidden = "of the helper"
    await asyncio.sleep(0)
    return sum(numbers) + len(hidden) * 0
