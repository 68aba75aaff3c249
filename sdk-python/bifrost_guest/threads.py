"""Threads without threads: what one was to do runs when another waits.

There is one thread in the sandbox. A thread that was started is put in line; it runs to its
end when whoever started it waits, for it or for anything else, or when the run ends. While
one waits, the next in line runs on top of it. Results are those of threads that happened to
be scheduled so; what needs two of them at the same time ends in a `DeadlockError`, never in
a wait without end.
"""

# Attributes with underscores are the standard library's, and no type stubs have them.
# mypy: disable-error-code="attr-defined,method-assign"

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import thread as pools
from typing import Any

from bifrost import _platform
from bifrost.errors import OutsideExecutionError

_TOO_LATE = "a thread waits for what only the code that waits for it could bring; threads run one after the other here"
_logger = logging.getLogger("bifrost")
_native_sleep = time.sleep


class DeadlockError(RuntimeError):
    """Everything waits, and nothing is left that could end the wait."""


class _Parked(BaseException):
    """Unwinds a thread that waits for what only the one below it can bring."""


class Lock:
    """`threading.Lock`."""

    __slots__ = ("__weakref__", "_held")

    def __init__(self) -> None:
        self._held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if self._held and not (blocking and wait(self._is_free, None if timeout < 0 else timeout)):
            return False
        self._held = True
        return True

    def release(self) -> None:
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _is_free(self) -> bool:
        return not self._held

    def _at_fork_reinit(self) -> None:
        self._held = False


class _Handle:
    """What a `threading.Thread` keeps of its thread."""

    def __init__(self) -> None:
        self.ident = threading.get_ident()
        self._done = False

    def is_done(self) -> bool:
        return self._done

    def _set_done(self) -> None:
        self._done = True


class _Job:
    """What waits in line."""

    def __init__(self, work: Callable[[], None], owner: object, daemon: bool) -> None:
        self.work = work
        self.owner = owner
        self.daemon = daemon


_line: list[_Job] = []
_running: list[_Job] = []
"""Jobs under way, each on top of the one before."""
_waiting: list[tuple[Callable[[], bool], float | None]] = []
"""What those below wait for, and until when."""
_requests = 0
"""HTTP requests that were made in threads and blocked."""


def wait(ready: Callable[[], bool], timeout: float | None, daemons: bool = True) -> bool:
    """Lets others run until `ready()`; false when `timeout` seconds passed before.

    Raises `DeadlockError` when there is nobody left who could make it ready.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while not ready():
        if deadline is not None and time.monotonic() >= deadline:
            return False
        job = next((job for job in _line if daemons or not job.daemon), None)
        if job is not None:
            _waiting.append((ready, deadline))
            try:
                _execute(job)
            finally:
                _waiting.pop()
            continue
        if _running and (deadline is None or (_running[-1].daemon and _others_go_on(deadline))):
            raise _Parked
        if deadline is None:
            raise DeadlockError(
                "this waits for what only another thread could bring, and none is left; "
                "threads run one after the other here"
            )
        _native_sleep(max(deadline - time.monotonic(), 0))
    return True


def sleep(seconds: float) -> None:
    """`time.sleep`. Threads that were started run first."""
    if (_line or _running) and seconds >= 0:
        begin = time.monotonic()
        wait(_never, seconds, daemons=False)
        seconds = max(0.0, begin + seconds - time.monotonic())
    _native_sleep(seconds)


def finish() -> None:
    """Runs what was started and is nobody's daemon. At the end of a run."""
    while job := next((job for job in _line if not job.daemon), None):
        _execute(job)


def inside(function: Callable[..., Any], *args: Any) -> Any:
    """Calls a function as if it were in a thread of its own; what it raises is the caller's."""
    job = _Job(_nothing, function, daemon=False)
    loop = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    _running.append(job)
    try:
        return function(*args)
    except _Parked:
        raise DeadlockError(_TOO_LATE) from None
    finally:
        _running.pop()
        asyncio.events._set_running_loop(loop)


def note_request() -> None:
    """Says once that requests of threads come one after the other."""
    global _requests
    if _running:
        _requests += 1
        if _requests == 2:
            _logger.warning(
                "blocking HTTP requests in threads run one after the other here; "
                "httpx.AsyncClient, aiohttp and bifrost.http run them at the same time"
            )


def _execute(job: _Job) -> None:
    _line.remove(job)
    try:
        inside(job.work)
    except DeadlockError:
        name = getattr(job.owner, "name", "of a pool")
        _logger.warning(
            "the thread %s was ended: it waited for what only the code that waits for it could bring; "
            "threads run one after the other here",
            name,
        )
        if isinstance(job.owner, threading.Thread):
            job.owner._parked = True


def _others_go_on(deadline: float) -> bool:
    return any(ready() or (until is not None and until <= deadline) for ready, until in _waiting)


def _never() -> bool:
    return False


def _nothing() -> None:
    pass


def _start(self: threading.Thread) -> None:
    if not self._initialized:
        raise RuntimeError("thread.__init__() not called")
    if self._started.is_set():
        raise RuntimeError("threads can only be started once")
    _refuse_while_loading()
    if self._context is None:
        self._context = contextvars.Context()
    self._os_thread_handle = _Handle()
    self._started.set()
    _line.append(_Job(lambda: _run(self), self, self.daemon))


def _run(thread: threading.Thread) -> None:
    ident = threading.get_ident()
    before = threading._active.get(ident)
    thread._ident = ident
    threading._active[ident] = thread
    try:
        thread._context.run(thread.run)
    except _Parked:
        raise
    except BaseException:
        thread._invoke_excepthook(thread)
    finally:
        if before is not None:
            threading._active[ident] = before
        thread._os_thread_handle._set_done()


def _join(self: threading.Thread, timeout: float | None = None) -> None:
    if not self._initialized:
        raise RuntimeError("Thread.__init__() not called")
    if not self._started.is_set():
        raise RuntimeError("cannot join thread before it is started")
    if self is threading.current_thread():
        raise RuntimeError("cannot join current thread")
    _prefer(self)
    wait(self._os_thread_handle.is_done, timeout)
    if getattr(self, "_parked", False):
        raise DeadlockError(f"the thread {self.name} waited for what came too late, and was ended; see the log")


def _is_alive(self: threading.Thread) -> bool:
    job = _job_of(self)
    if job is not None:
        _execute(job)
    return self._started.is_set() and not self._os_thread_handle.is_done()


def _job_of(owner: object) -> _Job | None:
    return next((job for job in _line if job.owner is owner), None)


def _prefer(owner: object) -> None:
    job = _job_of(owner)
    if job is not None:
        _line.remove(job)
        _line.insert(0, job)


def _condition_wait(self: threading.Condition, timeout: float | None = None) -> bool:
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = Lock()
    waiter.acquire()
    self._waiters.append(waiter)
    saved = self._release_save()
    notified = False
    try:
        notified = wait(waiter._is_free, timeout)
        return notified
    finally:
        self._acquire_restore(saved)
        if not notified:
            try:
                self._waiters.remove(waiter)
            except ValueError:
                pass


class _Future(concurrent.futures.Future[Any]):
    """Of a pool: whoever asks whether it is done gets it done."""

    pool: pools.ThreadPoolExecutor

    def done(self) -> bool:
        job = _job_of(self)
        if job is not None:
            _execute(job)
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        _prefer(self)
        return super().result(timeout)


def _submit(self: pools.ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> _Future:
    _refuse_while_loading()
    if self._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    if self._broken:
        raise pools.BrokenThreadPool(self._broken)
    future = _Future()
    future.pool = self

    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except _Parked:
            raise DeadlockError(_TOO_LATE) from None

    task = self._resolve_work_item_task(guarded, args, kwargs)

    def work() -> None:
        if not self._threads:
            worker = self._create_worker_context()
            self._threads.add(worker)
            try:
                worker.initialize()
            except BaseException:
                self._broken = "A thread initializer failed, the thread pool is not usable anymore"
                _logger.exception("the initializer of a pool failed")
        if self._broken:
            if future.set_running_or_notify_cancel():
                future.set_exception(pools.BrokenThreadPool(self._broken))
            return
        pools._WorkItem(future, task).run(next(iter(self._threads)))

    job = _Job(work, future, daemon=False)
    _line.append(job)
    loop = asyncio.events._get_running_loop()
    if loop is not None:
        loop.call_soon(lambda: job in _line and _execute(job))
    return future


def _shut_down(self: pools.ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
    self._shutdown = True
    for job in [job for job in _line if isinstance(job.owner, _Future) and job.owner.pool is self]:
        if cancel_futures:
            job.owner.cancel()
        if wait and job in _line:
            _execute(job)


def _refuse_while_loading() -> None:
    if isinstance(_platform.current(), _platform.Loading):
        raise OutsideExecutionError(_platform.lazy_pattern("a thread"))


def install() -> None:
    """Replaces what would need a second thread."""
    threading.Lock = threading._allocate_lock = Lock  # type: ignore[misc,assignment]
    threading.Thread.start = _start
    threading.Thread.join = _join
    threading.Thread.is_alive = _is_alive
    threading.Condition.wait = _condition_wait
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[misc]
    pools.ThreadPoolExecutor.submit = _submit  # type: ignore[assignment]
    pools.ThreadPoolExecutor.shutdown = _shut_down
    time.sleep = sleep
