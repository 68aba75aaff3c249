"""Threads and what waits for them. Results are those of real ones; what cannot be is an error."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from bifrost import workflow
from bifrost.http import blocking


@workflow
def thread_features() -> dict[str, Any]:
    """Threads, pools, queues, events, timers."""
    got: list[int] = []
    threads = [threading.Thread(target=got.append, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ThreadPoolExecutor(4) as pool:
        squares = list(pool.map(lambda number: number * number, range(5)))
        powers = sorted(done.result() for done in as_completed([pool.submit(pow, 2, number) for number in range(5)]))
        failure = type(pool.submit(lambda: 1 / 0).exception()).__name__
    event = threading.Event()
    threading.Thread(target=lambda: (time.sleep(0.02), event.set())).start()
    names: list[str] = []
    named = threading.Thread(target=lambda: names.append(threading.current_thread().name), name="named")
    named.start()
    while named.is_alive():
        time.sleep(0.001)
    timer = threading.Timer(0.01, names.append, ["timer"])
    timer.start()
    timer.join()
    return {"got": got, "squares": squares, "powers": powers, "failure": failure, "event": event.wait(5),
            "names": [*names, threading.current_thread().name], "consumed": _consumed(), "daemons": _daemons(),
            "beats": _beats()}


def _consumed() -> list[int]:
    """Consumers that are started first, and told when to end."""
    items: queue.Queue[int | None] = queue.Queue()
    seen: list[int] = []

    def consume() -> None:
        while (item := items.get()) is not None:
            seen.append(item)

    threads = [threading.Thread(target=consume) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(6):
        items.put(number)
    for _ in threads:
        items.put(None)
    for thread in threads:
        thread.join()
    return seen


def _daemons() -> list[int]:
    """Consumers that nobody ends."""
    items: queue.Queue[int] = queue.Queue()
    seen: list[int] = []

    def consume() -> None:
        while True:
            seen.append(items.get())
            items.task_done()

    threading.Thread(target=consume, daemon=True).start()
    for number in range(6):
        items.put(number)
    items.join()
    return seen


def _beats() -> bool:
    """A heartbeat does not hold anybody up."""
    stop = threading.Event()
    threading.Thread(target=lambda: [None for _ in iter(lambda: stop.wait(60), True)], daemon=True).start()
    begin = time.monotonic()
    time.sleep(0.01)
    answered = threading.Thread(target=time.sleep, args=(0.01,))
    answered.start()
    answered.join()
    return time.monotonic() - begin < 5


@workflow
def thread_at_the_end() -> str:
    """One that nobody waits for runs when the workflow ends."""
    threading.Thread(target=print, args=("ran at the end",)).start()
    return "answered"


@workflow
async def threads_of_a_loop() -> list[Any]:
    """to_thread, executors, and a loop within a thread."""
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor()
    return [
        await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0.01, "inner"))),
        await loop.run_in_executor(pool, pow, 2, 3),
        await asyncio.wrap_future(pool.submit(pow, 2, 4)),
        await asyncio.gather(*(asyncio.to_thread(pow, 2, number) for number in range(3))),
    ]


@workflow
def deadlock(kind: str) -> None:
    """Waits without end natively."""
    _DEADLOCKS[kind]()


def _lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _bounded() -> None:
    items: queue.Queue[int] = queue.Queue(1)
    items.put(1)
    items.put(2)


def _waiter() -> None:
    thread = threading.Thread(target=threading.Event().wait, name="waiter")
    thread.start()
    thread.join()


async def _loop_below() -> None:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        asyncio.run_coroutine_threadsafe(event.wait(), loop).result()

    await asyncio.to_thread(wait)


_DEADLOCKS: dict[str, Callable[[], Any]] = {
    "lock": _lock,
    "queue": lambda: queue.Queue().get(),
    "simple queue": lambda: queue.SimpleQueue().get(),
    "event": lambda: threading.Event().wait(),
    "semaphore": lambda: threading.Semaphore(0).acquire(),
    "barrier": lambda: threading.Barrier(2).wait(),
    "bounded": _bounded,
    "thread": _waiter,
    "loop": lambda: asyncio.run(_loop_below()),
}


@workflow
def requests_in_threads(url: str, calls: int) -> list[int]:
    """Blocking requests from a pool: answered, one after the other."""
    with ThreadPoolExecutor(8) as pool:
        return [response.status_code for response in pool.map(lambda _number: blocking.get(url), range(calls))]
