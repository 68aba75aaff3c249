"""Loading a workspace: every file is imported, one after the other."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import sys
import warnings
from collections.abc import Iterable
from types import CodeType
from typing import Any, TypeVar

from wit_world import Invocation, Skipped
from wit_world.imports.log import Level

from bifrost import _platform

from . import companions, entropy, failures, heap, output, registry, results, running, warmup
from .imports import Finder, is_circular
from .registry import Adapter, Workflow
from .workspace import Workspace, is_workspace_file

Entry = dict[str, Any]
N = TypeVar("N", Workflow, Adapter)

_WATCHED = (asyncio.Task, asyncio.AbstractEventLoop, socket.socket, random.Random)
"""Kinds of objects that a snapshot cannot keep as they are."""


class Loaded:
    """What `load` leaves behind: the workflows, and the report as `describe` answers it."""

    def __init__(self) -> None:
        self.workflows: dict[str, Workflow] = {}
        self.report = '{"workflows":[],"adapters":[],"errors":[],"warnings":[],"modules":[]}'


def load(finder: Finder, files: Iterable[str], skipped: Iterable[Skipped], only: str | None = None) -> Loaded:
    """Imports every file, or `only` one and what it imports. A file that fails becomes an error of the report;
    the rest goes on.

    Nothing is left that belongs to this process.
    """
    finder.skipped = {entry.path: entry.reason for entry in skipped}
    reserved = frozenset(name.partition(".")[0] for name in sys.modules)
    finder.workspace = Workspace({*files, *finder.skipped}, reserved)
    finder.loading = True
    loading = _Loading(finder)
    _platform.use(_platform.Loading())
    previous, warnings.showwarning = warnings.showwarning, loading.on_warning
    try:
        loading.import_all(only)
    finally:
        warnings.showwarning = previous
        finder.loading = False
        finder.failures.clear()
    loading.refuse_leftovers()
    loaded = loading.finish()
    output.finish()
    return loaded


def prepare() -> None:
    """Gets an interpreter ready that has only just imported what every run finds imported."""
    entropy.remember(gc.get_objects())
    monitoring, used = sys.monitoring, dict[int, CodeType]()
    tool, event = monitoring.PROFILER_ID, monitoring.events.PY_START
    monitoring.use_tool_id(tool, "bifrost")
    monitoring.register_callback(tool, event, lambda code, _offset: used.setdefault(id(code), code))
    monitoring.set_events(tool, event)
    try:
        _warm_up()
    finally:
        monitoring.set_events(tool, monitoring.events.NO_EVENTS)
        monitoring.free_tool_id(tool)
    heap.gather(used)


def settle() -> bytes:
    """Makes what is in memory cheap to use for many runs; see the export of this name."""
    _warm_up()
    addresses = heap.keep()
    heap.fill_holes()
    gc.freeze()
    # Once more: what was done since then is not what runs do. What a run replaces that was
    # left by the one before then lies where it allocates.
    _warm_up()
    heap.fill_holes()
    return addresses


class _Loading:
    """One load in progress."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.workspace = finder.workspace
        self.errors: dict[str, Entry] = {}
        self.warnings: list[Entry] = []

    def import_all(self, only: str | None) -> None:
        """Imports the files in order of their paths; all of them also when that one needs another order."""
        for path, package in self.workspace.hidden.items():
            self._error(path, "ImportError", f"`{package}` has the same module name and hides this file")
        for path, name in self.workspace.shadowed.items():
            self._warn(
                path, None, f"`import {name}` gives the module of that name which every run has; rename `{path}`"
            )
        circular: list[str] = []
        paths = sorted(self.workspace.names)
        if only is not None:
            error = self._import(only) if only in self.workspace.names else None
            paths = paths if error is not None and is_circular(error) else []
            if paths:
                self.errors.pop(only)
        for path in paths:
            error = self._import(path)
            if error is not None and is_circular(error):
                circular.append(path)
        # Another order may have made them work since.
        for path in circular:
            self.errors.pop(path)
            self._import(path)
        companions.complete()

    def _import(self, path: str) -> BaseException | None:
        reason = self.finder.skipped.get(path)
        if reason is not None:
            self._error(path, "ImportError", reason)
            return None
        try:
            __import__(self.workspace.names[path])
        except BaseException as error:
            text = failures.message(error)
            origin = failures.origin(error)
            if origin is not None and origin[0] != path:
                text += f" (from {origin[0]}, line {origin[1]})"
            self._error(
                path, failures.type_name(error), text, failures.line_in(path, error), failures.format_traceback(error)
            )
            return error
        return None

    def on_warning(
        self, message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        """Collects a warning about the workspace's own code; others go to the log."""
        if self.finder.is_own(filename):
            self._warn(filename, lineno, str(message))
        else:
            output.emit_lines(Level.WARNING, "stderr", f"{filename}:{lineno}: {category.__name__}: {message}")

    def refuse_leftovers(self) -> None:
        """Closes what must not be kept, and makes it an error of the module that holds it."""
        gc.collect()
        # By type, never by isinstance: a lazy proxy may do anything when asked for its class.
        objects = [item for item in gc.get_objects() if issubclass(type(item), _WATCHED)]
        entropy.remember(objects)
        if asyncio.events._get_running_loop() is not None:
            asyncio.events._set_running_loop(None)
        asyncio.set_event_loop(None)
        for item in objects:
            if _is_unused(item) and self._holder(item) is None:
                item.close()
                continue
            what = _leftover(item)
            if what is not None:
                path = self._holder(item) or (self.finder.executed[-1] if self.finder.executed else "")
                self._error(
                    path,
                    "LeftoverError",
                    f"importing this file leaves {what} behind, which no run could use; "
                    "create it inside the workflow function",
                )

    def finish(self) -> Loaded:
        """Finds workflows and adapters, and writes the report."""
        modules = [(path, self.workspace.names[path]) for path in sorted(self.workspace.names)]
        healthy = [(path, name) for path, name in modules if path not in self.errors]
        loaded = Loaded()
        for workflow in self._named_once(registry.discover(healthy)):
            loaded.workflows[workflow.id] = workflow
        workflows = [workflow.describe() for workflow in loaded.workflows.values()]
        adapters = self._named_once(registry.discover_adapters(healthy))
        for adapter in adapters:
            loaded.workflows[adapter.id] = adapter.callable()
        loaded.report = results.encode(
            {
                "workflows": workflows,
                "adapters": [adapter.describe() for adapter in adapters],
                "errors": [self.errors[path] for path in sorted(self.errors)],
                "warnings": self.warnings,
                "modules": self.finder.executed,
            },
            fallback=str,
        )
        return loaded

    def _named_once(self, found: Iterable[N]) -> list[N]:
        """Those whose names no earlier one has; the others are errors of their files."""
        named: dict[str, N] = {}
        for one in found:
            first = named.setdefault(one.metadata.name, one)
            if first is not one:
                self._error(
                    one.path,
                    "DuplicateNameError",
                    f"the name `{one.metadata.name}` is used twice: {first.path} (line {first.line}) "
                    f"and {one.path} (line {one.line})",
                    one.line,
                )
        return list(named.values())

    def _holder(self, item: Any) -> str | None:
        """The workspace's file whose module holds an object in a global variable."""
        for path, name in self.workspace.names.items():
            module = sys.modules.get(name)
            if module is not None and any(value is item for value in module.__dict__.values()):
                return path
        return None

    def _error(self, path: str, kind: str, message: str, line: int | None = None, traceback: str = "") -> None:
        self.errors.setdefault(
            path, {"path": path, "line": line, "type": kind, "message": message, "traceback": traceback}
        )

    def _warn(self, path: str, line: int | None, message: str) -> None:
        self.warnings.append({"path": path, "line": line, "message": message})


def _is_unused(item: Any) -> bool:
    """True for a socket that never was connected, such as one that was only asked for its options."""
    return isinstance(item, socket.socket) and item.fileno() >= 0 and getattr(item, "connection", None) is None


def _leftover(item: Any) -> str | None:
    """Names and closes an object that cannot be kept; `None` for any other."""
    if isinstance(item, asyncio.Task):
        if item.done():
            return None
        item._log_destroy_pending = False  # type: ignore[attr-defined]
        return "a pending task"
    if isinstance(item, asyncio.AbstractEventLoop):
        if item.is_closed() or type(item).__module__.startswith("componentize_py"):
            return None
        item.close()
        return "an event loop"
    if isinstance(item, socket.socket):
        if item.fileno() < 0:
            return None
        item.close()
        return "an open socket"
    return None


_ROUNDS = 4
"""Times that code has to run until the interpreter leaves it as it is."""


def _warm_up() -> None:
    """Runs through everything that a run does, so that runs find it initialized."""
    emit = output.redirect(lambda _level, _logger, _message: None)
    try:
        workflows = {workflow.id: workflow for workflow in registry.discover([("<runtime>", warmup.__name__)])}
        for workflow in [*workflows] * _ROUNDS:
            for capture in (False, True):
                running.run(workflows, Invocation(workflow, '{"count":"1"}', "{}", capture))
    finally:
        output.redirect(emit)
        running.reset()
