"""Very many tasks and timers: succeed, within memory, with few host resources."""

import asyncio
from typing import Any

from bifrost import workflow


@workflow
async def tasks_many(armed: bool = False, n: int = 100_000) -> dict[str, int]:
    """`n` tasks that sleep; the control has 100. Succeeds armed too, or ends by memory_bytes."""
    count = n if armed else 100
    results = await asyncio.gather(*(asyncio.sleep(0.5, number) for number in range(count)))
    return {"tasks": count, "sum": sum(results)}


@workflow
async def tasks_distinct_timers(armed: bool = False, n: int = 100_000) -> dict[str, int]:
    """`n` timers that all end at another time."""
    loop, count = asyncio.get_running_loop(), n if armed else 100
    fired = 0

    def fire() -> None:
        nonlocal fired
        fired += 1

    for number in range(count):
        loop.call_later(0.2 + number / count, fire)
    await asyncio.sleep(2)
    return {"timers": count, "fired": fired}


@workflow
async def tasks_fork_bomb(armed: bool = False) -> dict[str, int]:
    """Tasks that each start two more. Armed: ends by memory_bytes or fuel."""
    started = 0

    async def split(depth: int) -> None:
        nonlocal started
        started += 1
        await asyncio.sleep(0)
        if armed or depth:
            await asyncio.gather(split(depth - 1), split(depth - 1))

    await split(5)
    return {"started": started}


@workflow
async def tasks_busy_loop(armed: bool = False) -> dict[str, int]:
    """`await asyncio.sleep(0)` for ever: armed ends by fuel or the wall limit."""
    turns = 0
    while armed or turns < 100:
        await asyncio.sleep(0)
        turns += 1
    return {"turns": turns}


@workflow
async def tasks_deadlock(armed: bool = False) -> dict[str, Any]:
    """Waits for what never comes: armed ends at once, Failed with
    `DeadlockError`, which names the line."""
    event = asyncio.Event()
    if not armed:
        asyncio.get_running_loop().call_later(0.01, event.set)
    return {"woken": await event.wait()}
