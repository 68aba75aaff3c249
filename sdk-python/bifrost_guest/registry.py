"""The workflows of a loaded workspace."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from bifrost import WorkflowMetadata
from bifrost._binding import Binding


@dataclass(frozen=True, slots=True)
class Workflow:
    """A decorated function, with all that a run needs to know worked out."""

    path: str
    function_name: str
    function: Callable[..., Any]
    metadata: WorkflowMetadata
    binding: Binding
    code: CodeType

    @property
    def id(self) -> str:
        return f"{self.path}::{self.function_name}"

    @property
    def line(self) -> int:
        return self.code.co_firstlineno

    def describe(self) -> dict[str, Any]:
        """The JSON form of `describe`."""
        metadata = self.metadata
        return {
            "id": self.id,
            "path": self.path,
            "function": self.function_name,
            "line": self.line,
            "name": metadata.name,
            "description": metadata.description,
            "kind": metadata.type,
            "category": metadata.category,
            "tags": metadata.tags,
            "is_tool": metadata.is_tool,
            "parameters": metadata.parameters,
            "defaults": metadata.defaults,
            "accepts_kwargs": metadata.accepts_kwargs,
        }


def discover(modules: Iterable[tuple[str, str]]) -> list[Workflow]:
    """The workflows in modules given as (path, module name), in that order.

    A function that several modules import belongs to the one that defines it; one made
    by a factory belongs to the first that holds it.
    """
    owners: dict[int, tuple[str, str, Callable[..., Any]]] = {}
    defined: set[int] = set()
    for path, name in modules:
        module = sys.modules.get(name)
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if not inspect.isfunction(value) or not _is_metadata(value.__dict__.get("_executable_metadata")):
                continue
            here = value.__module__ == name
            if id(value) not in owners or (here and id(value) not in defined):
                owners[id(value)] = (path, attribute, value)
                if here:
                    defined.add(id(value))
    return [_workflow(path, attribute, function) for path, attribute, function in owners.values()]


def _is_metadata(value: Any) -> bool:
    return isinstance(value, WorkflowMetadata)


def _workflow(path: str, name: str, function: Any) -> Workflow:
    return Workflow(
        path=path,
        function_name=name,
        function=function,
        metadata=function._executable_metadata,
        binding=Binding(function),
        code=inspect.unwrap(function).__code__,
    )
