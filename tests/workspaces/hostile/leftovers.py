"""Does anything of one run reach another?

`plant` puts a marker wherever it could stay; `search`, in a later run, looks for it.
The marker comes in two halves, and `search` never joins them, so that it cannot find
its own parameters.
"""

import asyncio
import builtins
import contextvars
import functools
import gc
import io
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from bifrost import workflow

hoard: list[str] = []
variable = contextvars.ContextVar("variable", default="")
PAGE = 1 << 16


@functools.cache
def cached(text: str) -> str:
    """Keeps what it is given."""
    return text * 2


@workflow
async def plant(armed: bool = False, left: str = "MARK", right: str = "ER") -> dict[str, int]:
    """Leaves the marker behind. Armed: in very many copies, so that raw memory is full of it."""
    _plant(left + right, copies=2000 if armed else 1)
    return {"planted": len(hoard)}


@workflow
async def search(armed: bool = False, left: str = "MARK", right: str = "ER") -> dict[str, Any]:
    """Looks for the marker. Armed: finds nothing. The control plants first, and finds it."""
    if not armed:
        _plant(left + right, copies=50)
        hoard.append("kept")
    found: dict[str, int] = {}
    for name, look in _places().items():
        try:
            found[name] = sum(_has(text, left, right) for text in look())
        except Exception as error:
            found[f"{name}: {type(error).__name__}"] = 0
    return {"found": {name: count for name, count in found.items() if count}, "looked": list(found), "hoard": len(hoard)}


def _plant(marker: str, copies: int) -> None:
    hoard.extend(f"{marker}-{n}" for n in range(copies))
    variable.set(marker)
    cached(marker)
    builtins.planted = marker
    sys.planted = [marker]
    os.environ["PLANTED"] = marker
    logging.getLogger(marker)
    asyncio.planted = marker
    os.planted = {marker: 1}
    try:
        with open("/tmp/planted.txt", "w", encoding="utf-8") as file:
            file.write(marker * copies)
    except OSError:
        pass
    # Freed blocks of many sizes, for whoever gets the memory next.
    for size in (64, 512, 4096, PAGE, 1 << 20):
        blocks = [(marker * (size // len(marker) + 1)).encode() for _ in range(8)]
        del blocks


def _places() -> dict[str, Callable[[], list[str]]]:
    return {
        "hoard": lambda: hoard,
        "variable": lambda: [variable.get()],
        "builtins": lambda: [str(getattr(builtins, "planted", ""))],
        "modules": lambda: [str(getattr(module, "planted", "")) for module in (sys, asyncio, os)],
        "environ": lambda: list(os.environ.values()),
        "loggers": lambda: list(logging.root.manager.loggerDict),
        "scratch": _scratch,
        "gc": _objects,
        "freed memory": _freed_memory,
        "fresh memory": _fresh_memory,
    }


def _scratch() -> list[str]:
    texts = []
    for name in os.listdir("/tmp"):
        with open(f"/tmp/{name}", encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return texts


def _objects() -> list[str]:
    """Strings in every container that the collector knows."""
    texts: list[str] = []
    for thing in gc.get_objects():
        if type(thing) is dict:
            texts += [text for pair in thing.items() for text in pair if type(text) is str]
        elif type(thing) in (list, tuple, set, frozenset):
            texts += [text for text in thing if type(text) is str]
    return texts


def _freed_memory() -> list[str]:
    """Memory that was freed, read through a view that outlives its buffer."""

    class Thief(io.RawIOBase):
        views: list[memoryview] = []

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:
            self.views.append(memoryview(buffer))
            return 0

    for size in (512, 4096, PAGE, 1 << 20):
        reader = io.BufferedReader(Thief(), buffer_size=size)
        reader.read(1)
        del reader
    gc.collect()
    texts = []
    for view in Thief.views:
        try:
            texts.append(bytes(view).decode("latin-1"))
        except ValueError:  # released in time
            continue
    return texts


def _fresh_memory() -> list[str]:
    """New blocks that some function may forget to fill."""
    texts = []
    for size in (64, 512, 4096, PAGE, 1 << 20):
        for make in (bytearray, bytes):
            texts.append(make(size).decode("latin-1"))
    return texts


def _has(text: str, left: str, right: str) -> bool:
    """True when the halves stand side by side."""
    at = text.find(left)
    while at >= 0:
        if text.startswith(right, at + len(left)):
            return True
        at = text.find(left, at + 1)
    return False
