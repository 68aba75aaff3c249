"""The component's entry: what its memory holds before a workspace is loaded, and its exports.

The top level runs once, when the base component is built. Only then is there a file
system to import from.
"""

from __future__ import annotations

from .net import install  # noqa: F401  # before all that imports ssl

# isort: split

import asyncio
import os
from asyncio import unix_events

import wit_world
from wit_world import Invocation, Outcome, Skipped

from bifrost import _platform

from . import databases, endings, files, imports, loading, output, preload, running, threads, variables
from .imports import Finder
from .loop import GuestLoop
from .net import sockets

PRELOAD_FAILURES = preload.preload()


_finder: Finder | None = None
"""From `prepare` to `load`."""
_loaded = loading.Loaded()


class WitWorld(wit_world.WitWorld):
    """The exports of the world. The bindings make a new instance for every call."""

    def prepare(self) -> None:
        global _finder
        _finder = _leave_the_build()
        loading.prepare()

    def compile(self, path: str) -> bytes | None:
        return imports.compiled(path)

    def load(self, files: list[str], skip: list[Skipped], only: str | None) -> str:
        global _finder, _loaded
        finder, _finder = _finder, None
        if finder is None:
            raise RuntimeError("a workspace is loaded once, into an interpreter that is prepared")
        _loaded = loading.load(finder, files, skip, only)
        return _loaded.report

    def settle(self) -> bytes:
        return loading.settle()

    def describe(self) -> str:
        return _loaded.report

    def run(self, invocation: Invocation) -> Outcome:
        return running.run(_loaded.workflows, invocation)


def _leave_the_build() -> Finder:
    """Exchanges what the build provided (files, streams, environment) for what runs have.

    Not done at the top level: the bindings are still imported after it, from files.
    """
    _platform.use(_platform.Loading())
    output.install()
    variables.install()
    # asyncio.run in a workflow that is not a coroutine gets the loop that works here.
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = GuestLoop  # type: ignore[attr-defined]
    asyncio.events._set_running_loop(None)
    asyncio.set_event_loop(None)
    os.environ.clear()
    endings.install()
    files.install()
    databases.install()
    sockets.install()
    threads.install()
    return imports.install()
