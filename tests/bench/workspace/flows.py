"""What the benchmark runs."""

import asyncio
import logging

import compute
from bifrost import context, data_provider, workflow

log = logging.getLogger(__name__)


@workflow
async def trivial(name: str = "world") -> dict:
    return {"greeting": f"Hello, {name}."}


@workflow
async def line(name: str = "world") -> dict:
    """The same, with one line of log."""
    log.info("Greeting %s", name)
    return {"greeting": f"Hello, {name}."}


@data_provider
async def sites(customer: str) -> list[dict]:
    """Twenty choices of a form."""
    return [{"value": str(n), "label": f"{customer}: {n}"} for n in range(20)]


@workflow
async def timed(name: str, n: int) -> float:
    return compute.timed(name, n)


@workflow
async def wait(seconds: float = 10.0) -> int:
    """Holds values of its own while it waits, and finds them again."""
    values = [f"{context.execution_id}-{i}" for i in range(1_000)]
    await asyncio.sleep(seconds)
    assert values == [f"{context.execution_id}-{i}" for i in range(1_000)]
    return len(set(values))
