"""An asyncio event loop over `wasi:io/poll`.

It is the standard `BaseEventLoop` with another way to wait. There is one thread and no
signal, so nothing has to wake the loop from outside.
"""

# What a subclass of BaseEventLoop needs of it has underscores, and no type stubs.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import asyncio
import math
from asyncio import base_events
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from wit_world.imports import monotonic_clock, poll
from wit_world.imports.poll import Pollable

from . import workspace
from .net.transport import Streams
from .threads import DeadlockError, inside

_NANOSECONDS = 1_000_000_000


class Poller:
    """The loop's selector: waits for pollables and for time."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[Pollable, asyncio.Future[None]] = {}

    def select(self, timeout: float | None) -> Iterable[asyncio.Future[None]]:
        """Waits up to `timeout` seconds; answers the futures of what is ready.

        Raises `DeadlockError` when asked to wait forever for nothing.
        """
        if not self.waiting:
            if timeout is None:
                raise DeadlockError("nothing can wake the event loop up any more")
            if timeout <= 0:
                return ()
        pollables = list(self.waiting)
        if timeout is None:
            ready = poll.poll(pollables)
        else:
            with monotonic_clock.subscribe_duration(math.ceil(max(timeout, 0) * _NANOSECONDS)) as timer:
                ready = poll.poll([*pollables, timer])
        return [self.waiting.pop(pollables[index]) for index in ready if index < len(pollables)]

    def close(self) -> None:
        """Forgets what it waits for."""
        self.waiting.clear()


class GuestLoop(Streams, base_events.BaseEventLoop):
    """The event loop of a run."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = Poller()
        self._stopping: bool

    def run_main(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine to its end, then cancels what it left behind. Once per loop.

        The coroutine starts at once, as a task. One that never waits is done before
        the loop would have turned at all.
        """
        self._run_forever_setup()
        try:
            task = asyncio.Task(coroutine, loop=self, eager_start=True)
            if self._ready or not task.done():
                try:
                    self._turn_until(task)
                finally:
                    self._wind_down()
            elif self._asyncgens:
                self._wind_down()
            return task.result()
        finally:
            self._run_forever_cleanup()
            self.close()

    async def wait_for(self, pollable: Pollable) -> None:
        """Waits until a pollable is ready. The caller keeps it, and drops it."""
        future = self.create_future()
        self._selector.waiting[pollable] = future
        try:
            await future
        finally:
            self._selector.waiting.pop(pollable, None)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """The function runs in its turn, and the loop waits for it; see `threads`."""
        self._check_closed()
        future = self.create_future()
        self.call_soon(_call_into, future, func, args)
        return future

    def close(self) -> None:
        self._selector.close()
        super().close()

    def _turn_until(self, task: asyncio.Future[Any]) -> None:
        task.add_done_callback(base_events._run_until_complete_cb)
        try:
            while not self._stopping:
                self._run_once()
        except DeadlockError:
            raise DeadlockError(_describe_deadlock(asyncio.all_tasks(self))) from None
        finally:
            task.remove_done_callback(base_events._run_until_complete_cb)
            self._stopping = False

    def _wind_down(self) -> None:
        """Cancels leftover tasks and closes async generators, as `asyncio.run` does."""
        leftover = asyncio.all_tasks(self)
        try:
            if leftover:
                for task in leftover:
                    task.cancel()
                self._turn_until(asyncio.gather(*leftover, return_exceptions=True))
                for task in leftover:
                    if not task.cancelled() and task.exception() is not None:
                        self.call_exception_handler(
                            {
                                "message": "a task failed while it was cancelled at the end of the run",
                                "exception": task.exception(),
                                "task": task,
                            }
                        )
            if self._asyncgens:
                self._turn_until(self.create_task(self.shutdown_asyncgens()))
        except DeadlockError as error:
            self.call_exception_handler({"message": f"tasks did not end when they were cancelled: {error}"})

    def _process_events(self, event_list: Iterable[asyncio.Future[None]]) -> None:
        for future in event_list:
            if not future.done():
                future.set_result(None)

    def _write_to_self(self) -> None:
        """`call_soon_threadsafe` has nobody to wake up: the loop's own thread is the only one."""


def _call_into(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if future.cancelled():
        return
    try:
        result = inside(func, *args)
    except StopIteration as error:
        future.set_exception(RuntimeError(f"the function raised {error!r}"))
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _describe_deadlock(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """Says where each task waits, by the innermost line of the workspace."""
    places = []
    for task in tasks:
        awaited: Any = task.get_coro()
        place = None
        while awaited is not None:
            frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
            if frame is not None and workspace.is_workspace_file(frame.f_code.co_filename):
                place = f"{frame.f_code.co_filename}, line {frame.f_lineno}, in {frame.f_code.co_name}"
            awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
        if place is not None:
            places.append(place)
    where = "; ".join(sorted(set(places)))
    return "the workflow waits for something that can never happen" + (f": {where}" if where else "")
