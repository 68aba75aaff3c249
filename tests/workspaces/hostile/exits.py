"""Attempts to end the interpreter or the process. Armed: the run is Failed; the next run
on the same worker is fine. The controls return."""

import asyncio
import os
import signal
import sys

from bifrost import workflow


@workflow
async def exit_sys(armed: bool = False) -> dict[str, bool]:
    """`sys.exit`."""
    if armed:
        sys.exit(0)
    return {"alive": True}


@workflow
async def exit_os(armed: bool = False) -> dict[str, bool]:
    """`os._exit`."""
    if armed:
        os._exit(0)
    return {"alive": True}


@workflow
async def exit_abort(armed: bool = False) -> dict[str, bool]:
    """`os.abort`."""
    if armed:
        os.abort()
    return {"alive": True}


@workflow
async def exit_signal(armed: bool = False) -> dict[str, bool]:
    """A signal to itself; one with a handler calls it."""
    seen: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    signal.raise_signal(signal.SIGUSR1)
    if armed:
        signal.raise_signal(signal.SIGTERM)
    return {"alive": seen == [signal.SIGUSR1]}


@workflow
async def exit_in_task(armed: bool = False) -> dict[str, bool]:
    """SystemExit in another task."""

    async def leave() -> None:
        if armed:
            raise SystemExit(5)

    await asyncio.gather(leave(), asyncio.sleep(0.01))
    return {"alive": True}


@workflow
async def exit_in_callback(armed: bool = False) -> dict[str, bool]:
    """SystemExit in a callback of the loop."""
    if armed:
        asyncio.get_running_loop().call_soon(sys.exit, 5)
    await asyncio.sleep(0.01)
    return {"alive": True}


@workflow
async def exit_interrupt(armed: bool = False) -> dict[str, bool]:
    """KeyboardInterrupt."""
    if armed:
        raise KeyboardInterrupt
    return {"alive": True}


@workflow
async def exit_base_exception(armed: bool = False) -> dict[str, bool]:
    """An exception that is no Exception."""
    if armed:
        raise type("Bottom", (BaseException,), {})("below everything")
    return {"alive": True}


@workflow
async def exit_cancelled(armed: bool = False) -> dict[str, bool]:
    """Raises CancelledError itself: Failed, not Cancelled, for nobody asked."""
    if armed:
        raise asyncio.CancelledError
    return {"alive": True}


@workflow
async def exit_stop_loop(armed: bool = False) -> dict[str, bool]:
    """Stops the event loop under the runtime."""
    if armed:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
    return {"alive": True}


@workflow
async def exit_close_loop(armed: bool = False) -> dict[str, bool]:
    """Closes the event loop under the runtime, and its selector."""
    loop = asyncio.get_running_loop()
    if armed:
        selector = getattr(loop, "_selector", None)
        if selector is not None:
            selector.close()
        loop.close()
    await asyncio.sleep(0.01)
    return {"alive": True}


@workflow
async def exit_fatal(armed: bool = False) -> dict[str, bool]:
    """A crash of the interpreter itself: bytecode that makes no sense."""
    if armed:
        code = (lambda: None).__code__.replace(co_code=b"\x53\xff" * 64, co_stacksize=1)
        eval(code)
    return {"alive": True}
