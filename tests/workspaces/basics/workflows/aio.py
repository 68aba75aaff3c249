"""asyncio: every check raises when it does not hold."""

import asyncio
import contextvars
import time
from typing import Any

from bifrost import workflow

request = contextvars.ContextVar("request", default="none")


@workflow
async def asyncio_features() -> dict[str, Any]:
    """Runs all checks; answers how long each took."""
    times = {}
    for check in (_sleep, _gather, _gather_exceptions, _wait_for, _timeout, _task_group, _semaphore, _queue, _events,
                  _cancel, _as_completed, _call_later, _context, _generator, _to_thread):
        begin = time.monotonic()
        await check()
        times[check.__name__.strip("_")] = round(time.monotonic() - begin, 4)
    return times


@workflow
async def asyncio_left_behind() -> str:
    """A task is still waiting when the workflow ends; the run ends all the same."""
    task = asyncio.create_task(asyncio.sleep(3600))
    await asyncio.sleep(0)
    return "ended" if not task.done() else "unexpected"


async def _sleep() -> None:
    begin = time.monotonic()
    assert await asyncio.sleep(0.05, "value") == "value"
    assert time.monotonic() - begin >= 0.049


async def _gather() -> None:
    begin = time.monotonic()
    assert await asyncio.gather(*(asyncio.sleep(0.05, n) for n in range(50))) == list(range(50))
    assert time.monotonic() - begin < 1


async def _gather_exceptions() -> None:
    results = await asyncio.gather(asyncio.sleep(0, 1), _raise(ValueError("x")), return_exceptions=True)
    assert results[0] == 1 and isinstance(results[1], ValueError)


async def _wait_for() -> None:
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.02)
    except TimeoutError:
        return
    raise AssertionError("wait_for did not time out")


async def _timeout() -> None:
    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(10)
    except TimeoutError:
        pass
    else:
        raise AssertionError("timeout() did not time out")
    async with asyncio.timeout(10) as scope:
        await asyncio.sleep(0)
    assert not scope.expired()


async def _task_group() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(0.01, n)) for n in range(10)]
    assert [task.result() for task in tasks] == list(range(10))
    sibling = None
    try:
        async with asyncio.TaskGroup() as group:
            sibling = group.create_task(asyncio.sleep(10))
            group.create_task(_raise(ValueError("x")))
    except* ValueError as caught:
        assert len(caught.exceptions) == 1
    assert sibling is not None and sibling.cancelled()


async def _semaphore() -> None:
    slots, now, most = asyncio.Semaphore(3), 0, 0

    async def one() -> None:
        nonlocal now, most
        async with slots:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1

    await asyncio.gather(*(one() for _ in range(12)))
    assert (now, most) == (0, 3)


async def _queue() -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue(maxsize=2)
    got: list[int] = []

    async def consume() -> None:
        while (item := await queue.get()) is not None:
            got.append(item)
            queue.task_done()

    consumer = asyncio.create_task(consume())
    for number in range(20):
        await queue.put(number)
    await queue.join()
    await queue.put(None)
    await consumer
    assert got == list(range(20))


async def _events() -> None:
    event, lock, condition = asyncio.Event(), asyncio.Lock(), asyncio.Condition()

    async def waiter() -> str:
        await event.wait()
        async with lock, condition:
            condition.notify_all()
        return "woken"

    task = asyncio.create_task(waiter())
    async with condition:
        event.set()
        await condition.wait()
    assert await task == "woken"


async def _cancel() -> None:
    cleaned = []

    async def long() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    task = asyncio.create_task(long())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    assert task.cancelled() and cleaned


async def _as_completed() -> None:
    order = [await done for done in asyncio.as_completed([asyncio.sleep(0.03, "b"), asyncio.sleep(0.01, "a")])]
    assert order == ["a", "b"]
    done, pending = await asyncio.wait([asyncio.create_task(asyncio.sleep(n)) for n in (0, 10)],
                                       return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(pending)) == (1, 1)
    for task in pending:
        task.cancel()


async def _call_later() -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()
    loop.call_later(0.01, future.set_result, "later")
    assert await future == "later"
    soon: list[int] = []
    loop.call_soon(soon.append, 1)
    await asyncio.sleep(0)
    assert soon == [1] and loop.time() > 0


async def _context() -> None:
    async def inside(name: str) -> str:
        request.set(name)
        await asyncio.sleep(0)
        return request.get()

    assert await asyncio.gather(inside("a"), inside("b")) == ["a", "b"]
    assert request.get() == "none"


async def _generator() -> None:
    async def numbers() -> Any:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    assert [number async for number in numbers()] == [0, 1, 2]


async def _to_thread() -> None:
    assert await asyncio.wait_for(asyncio.to_thread(lambda: 5), 5) == 5


async def _raise(error: Exception) -> None:
    raise error
