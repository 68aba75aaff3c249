"""Many runs that wait at the same time."""

import asyncio
import random
from typing import Any

from bifrost import workflow


@workflow
async def sleep_check(n: int = 1000, seconds: float = 10.0) -> dict[str, Any]:
    """Fills a list with values that no other run has, waits, and checks that every one is still there."""
    salt = random.getrandbits(64)
    values = [salt + number for number in range(n)]
    await asyncio.sleep(seconds)
    intact = len(set(values)) == n and all(value == salt + number for number, value in enumerate(values))
    return {"n": n, "intact": intact, "salt": str(salt)}


@workflow
async def beat(times: int = 10, seconds: float = 0.2) -> int:
    """A neighbour: counts while others misbehave."""
    for _ in range(times):
        await asyncio.sleep(seconds)
    return times
