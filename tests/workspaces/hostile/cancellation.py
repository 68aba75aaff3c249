"""Workflows that refuse to end. Armed: cancelling or the wall limit ends them all the
same. The controls swallow one exception of their own and return."""

import asyncio
import contextlib
import time

from bifrost import workflow


@workflow
async def swallow_cancellation(armed: bool = False) -> dict[str, int]:
    """Awaits in a loop and swallows everything."""
    caught = 0
    while armed or not caught:
        try:
            async with asyncio.timeout(3600 if armed else 0.01):
                await asyncio.sleep(3600)
        except BaseException:
            caught += 1
    return {"caught": caught}


@workflow
async def swallow_in_blocking_sleep(armed: bool = False) -> dict[str, int]:
    """Blocks in `time.sleep` and swallows everything."""
    slept = 0
    while armed or slept < 3:
        with contextlib.suppress(BaseException):
            time.sleep(60 if armed else 0.01)
        slept += 1
    return {"slept": slept}


@workflow
async def swallow_in_finally(armed: bool = False) -> dict[str, int]:
    """Goes on for ever while it cleans up."""
    cleaned = 0
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(3600)
    except TimeoutError:
        pass
    finally:
        while armed or not cleaned:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(0.01)
            cleaned += 1
    return {"cleaned": cleaned}


@workflow
async def swallow_in_other_task(armed: bool = False) -> dict[str, int]:
    """Returns while a task of its own refuses to be cancelled; the run ends."""

    async def stubborn() -> None:
        while armed:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(3600)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    return {"left": int(not task.done())}


@workflow
async def returns_late(armed: bool = False) -> dict[str, int]:
    """A `__del__` and an `atexit` hook that do not end. Armed: the run's result still counts, or it ends by a limit."""
    import atexit

    def hang() -> None:
        while armed:
            pass

    class Hanging:
        def __del__(self) -> None:
            hang()

    atexit.register(hang)
    keep = [Hanging()]
    keep.append(keep)  # only the collector can free it
    return {"kept": len(keep)}
