"""Waiting."""

import asyncio
import logging
import time
from typing import Any

from bifrost import workflow

logger = logging.getLogger(__name__)


@workflow
async def blocking_sleep(seconds: float = 1.0) -> dict[str, float]:
    """`time.sleep`: waits as long as it says, can be cancelled, costs no CPU."""
    logger.info("sleeping for %s s", seconds)
    begin = time.monotonic()
    time.sleep(seconds)
    return {"asked": seconds, "slept": time.monotonic() - begin}


@workflow
async def blocking_sleeps(times: int = 600, seconds: float = 0.1) -> int:
    """Many short sleeps, with a line for each."""
    for number in range(times):
        logger.info("sleep %d", number)
        time.sleep(seconds)
    return times


@workflow
async def sleep_check(n: int = 1000, seconds: float = 10.0) -> dict[str, Any]:
    """Fills a list, waits, and checks that every value is still there."""
    values = [number * 2_654_435_761 % 2**64 for number in range(n)]
    total = sum(values)
    logger.info("waiting with %d values", n)
    begin = time.monotonic()
    await asyncio.sleep(seconds)
    waited = time.monotonic() - begin
    intact = (
        len(set(values)) == n
        and sum(values) == total
        and all(value == number * 2_654_435_761 % 2**64 for number, value in enumerate(values))
    )
    return {"n": n, "intact": intact, "waited": waited}


@workflow
async def clocks() -> dict[str, Any]:
    """Wall clock, and a monotonic clock that only goes up."""
    readings = [time.monotonic() for _ in range(1000)]
    return {
        "wall": time.time(),
        "monotonic": readings[0],
        "ordered": readings == sorted(readings),
        "perf_counter": time.perf_counter(),
        "process_time": time.process_time(),
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
