"""Tricks with time. Armed: each raises or ends at once, and no clock goes backwards."""

import asyncio
import time
from typing import Any

from bifrost import workflow

import probe

read_at_import = time.monotonic()


@workflow
async def clock_tricks(armed: bool = False) -> dict[str, Any]:
    """Sleeps that are negative, endless or no number; setting the clock."""
    if not armed:
        return probe.attempts({"sleep": lambda: time.sleep(0.01)})
    details = {name: probe.attempt(action) for name, action in {
        "negative": lambda: time.sleep(-1),
        "nan": lambda: time.sleep(float("nan")),
        "infinite": lambda: time.sleep(float("inf")),
        "overflow": lambda: time.sleep(1e300),
        "set": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
        "tzset": lambda: time.tzset(),
    }.items()}
    for name, seconds in {"async negative": -1.0, "async huge": 1e17, "async overflow": 1e300, "async infinite": float("inf")}.items():
        details[name] = await probe.attempt_async(lambda seconds=seconds: asyncio.wait_for(asyncio.sleep(seconds), 0.05))
    return probe.report(details)


@workflow
async def clock_sleeps_long(armed: bool = False) -> dict[str, float]:
    """Sleeps for three decades. Armed: ends at the wall limit or on cancellation, at no cost."""
    begin = time.monotonic()
    time.sleep(1e9 if armed else 0.01)
    return {"slept": time.monotonic() - begin}


@workflow
async def clock_order(armed: bool = False) -> dict[str, Any]:
    """The monotonic clock is not below its value at import, and never goes back."""
    count = 100_000 if armed else 100
    readings = [time.monotonic() for _ in range(count)]
    return {"after_import": readings[0] >= read_at_import, "ordered": readings == sorted(readings)}


@workflow
async def clock_fake(armed: bool = False) -> dict[str, Any]:
    """Replaces the clock that the event loop asks: limits are the host's and do not care.
    Armed: the sleep ends early, late or never (then at the wall limit)."""
    loop = asyncio.get_running_loop()
    if armed:
        loop.time = lambda: 0.0
    await asyncio.sleep(0.05)
    return {"loop": loop.time()}
