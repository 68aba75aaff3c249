"""The workflows and webhook adapters of a loaded workspace."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from bifrost import WorkflowMetadata, context, webhooks
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


@dataclass(frozen=True, slots=True)
class Adapter:
    """A webhook adapter. What runs is a function that makes an instance and calls one of its methods."""

    path: str
    class_name: str
    cls: type[webhooks.WebhookAdapter]

    @property
    def id(self) -> str:
        return f"{self.path}::{self.class_name}"

    @property
    def metadata(self) -> webhooks.AdapterMetadata:
        metadata: webhooks.AdapterMetadata = self.cls.__dict__["_adapter_metadata"]
        return metadata

    @property
    def line(self) -> int:
        return int(self.cls.__dict__.get("__firstlineno__", 0))

    def callable(self) -> Workflow:
        """What an invocation of `id` runs."""
        cls = self.cls

        async def call(method: str, arguments: dict[str, Any]) -> Any:
            return await webhooks.call(cls, method, arguments, context.public_url)

        metadata = WorkflowMetadata(self.metadata.name, "", "", [], "workflow", [])
        return Workflow(self.path, self.class_name, call, metadata, Binding(call), call.__code__)

    def describe(self) -> dict[str, Any]:
        """The JSON form of `describe`."""
        metadata = self.metadata
        return {
            "id": self.id,
            "path": self.path,
            "class_name": self.class_name,
            "line": self.line,
            "name": metadata.name,
            "description": metadata.description,
            "integration": metadata.integration,
            "config_schema": metadata.config_schema,
            "subscribes": metadata.subscribes,
        }


def discover(modules: Iterable[tuple[str, str]]) -> list[Workflow]:
    """The workflows in modules given as (path, module name), in that order.

    A function that several modules import belongs to the one that defines it; one made
    by a factory belongs to the first that holds it.
    """
    return [_workflow(path, attribute, function) for path, attribute, function in _owned(modules, _is_workflow)]


def discover_adapters(modules: Iterable[tuple[str, str]]) -> list[Adapter]:
    """The webhook adapters in modules, as `discover` finds workflows."""
    return [Adapter(path, attribute, cls) for path, attribute, cls in _owned(modules, _is_adapter)]


def _owned(modules: Iterable[tuple[str, str]], wanted: Callable[[Any], bool]) -> list[tuple[str, str, Any]]:
    owners: dict[int, tuple[str, str, Any]] = {}
    defined: set[int] = set()
    for path, name in modules:
        module = sys.modules.get(name)
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if not wanted(value):
                continue
            here = value.__module__ == name
            if id(value) not in owners or (here and id(value) not in defined):
                owners[id(value)] = (path, attribute, value)
                if here:
                    defined.add(id(value))
    return list(owners.values())


def _is_workflow(value: Any) -> bool:
    return inspect.isfunction(value) and isinstance(value.__dict__.get("_executable_metadata"), WorkflowMetadata)


def _is_adapter(value: Any) -> bool:
    # By type, never by isinstance: a lazy proxy may do anything when asked for its class.
    return issubclass(type(value), type) and isinstance(
        value.__dict__.get("_adapter_metadata"), webhooks.AdapterMetadata
    )


def _workflow(path: str, name: str, function: Any) -> Workflow:
    return Workflow(
        path=path,
        function_name=name,
        function=function,
        metadata=function._executable_metadata,
        binding=Binding(function),
        code=inspect.unwrap(function).__code__,
    )
