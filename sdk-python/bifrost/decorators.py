"""The decorators that make a function a workflow."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from ._inference import infer, title
from ._metadata import WorkflowMetadata

F = TypeVar("F", bound=Callable[..., Any])

REGISTRATION_DEFAULTS = frozenset(
    {
        "id",
        "execution_mode",
        "timeout_seconds",
        "retry_policy",
        "schedule",
        "timezone",
        "endpoint_enabled",
        "allowed_methods",
        "disable_global_key",
        "public_endpoint",
        "tool_description",
        "time_saved",
        "value",
        "cache_ttl_seconds",
        "retry_on_loss",
    }
)
"""Keyword arguments that say how a workflow wants to be registered."""

_TYPE_NAMES = {
    "str": "string",
    "text": "string",
    "email": "string",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "checkbox": "bool",
    "array": "list",
    "multi_select": "list",
    "dict": "json",
    "object": "json",
}
_TYPES = frozenset({"string", "int", "float", "bool", "list", "json"})


@overload
def workflow(_func: F, /) -> F: ...
@overload
def workflow(
    *,
    name: str | None = None,
    description: str | None = None,
    category: str = "General",
    tags: Iterable[str] | None = None,
    is_tool: bool = False,
    **kwargs: Any,
) -> Callable[[F], F]: ...
def workflow(_func: Any = None, /, **options: Any) -> Any:
    """Makes a function a workflow. Used bare or called; answers the function itself.

    `name` defaults to the function's name and `description` to the first line of its
    docstring. Keyword arguments in `REGISTRATION_DEFAULTS` are kept as defaults of the
    registration; unknown ones are ignored with a warning.
    """
    kind = "tool" if options.get("is_tool") else "workflow"
    return _decorator(kind, options)(_func) if _func is not None else _decorator(kind, options)


@overload
def tool(_func: F, /) -> F: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    category: str = "General",
    tags: Iterable[str] | None = None,
    **kwargs: Any,
) -> Callable[[F], F]: ...
def tool(_func: Any = None, /, **options: Any) -> Any:
    """A workflow that agents may call: `workflow(is_tool=True)`."""
    options["is_tool"] = True
    return _decorator("tool", options)(_func) if _func is not None else _decorator("tool", options)


@overload
def data_provider(_func: F, /) -> F: ...
@overload
def data_provider(
    *,
    name: str | None = None,
    description: str | None = None,
    category: str = "General",
    tags: Iterable[str] | None = None,
    **kwargs: Any,
) -> Callable[[F], F]: ...
def data_provider(_func: Any = None, /, **options: Any) -> Any:
    """A function that answers the choices of a form field: a list of `{label, value}`."""
    return _decorator("data_provider", options)(_func) if _func is not None else _decorator("data_provider", options)


def param(
    name: str,
    type: str = "string",
    label: str | None = None,
    required: bool = False,
    validation: dict[str, Any] | None = None,
    data_provider: str | None = None,
    default_value: Any = None,
    help_text: str | None = None,
    **kwargs: Any,
) -> Callable[[F], F]:
    """Declares one parameter, above or below `@workflow`. New code lets the signature speak."""
    _warn_unknown("param", kwargs, stacklevel=3)
    kind = _TYPE_NAMES.get(type, type)
    declared: dict[str, Any] = {
        "name": name,
        "type": kind if kind in _TYPES else "string",
        "label": label or title(name),
        "required": required,
    }
    for key, value in (
        ("validation", validation),
        ("data_provider", data_provider),
        ("default_value", default_value),
        ("description", help_text),
    ):
        if value is not None:
            declared[key] = value

    def decorate(function: F) -> F:
        # Decorators apply from the bottom up, so the first one written comes last.
        function.__dict__.setdefault("_declared_parameters", []).insert(0, declared)
        metadata = function.__dict__.get("_executable_metadata")
        if metadata is not None:
            metadata.parameters = _parameters(function)
        return function

    return decorate


def _decorator(kind: str, options: dict[str, Any]) -> Callable[[F], F]:
    options = dict(options)
    is_tool = bool(options.pop("is_tool", False))
    name = options.pop("name", None)
    description = options.pop("description", None)
    category = options.pop("category", None) or "General"
    tags = options.pop("tags", None) or ()
    defaults = {key: options.pop(key) for key in list(options) if key in REGISTRATION_DEFAULTS}
    _warn_unknown(kind, options, stacklevel=4)

    def decorate(function: F) -> F:
        function._executable_metadata = WorkflowMetadata(  # type: ignore[attr-defined]
            name=name or function.__name__,
            description=description or _first_line(function),
            category=category,
            tags=[tags] if isinstance(tags, str) else list(tags),
            type=kind,
            parameters=_parameters(function),
            is_tool=is_tool,
            defaults={key: value for key, value in defaults.items() if value is not None},
            accepts_kwargs=infer(function)[1],
        )
        return function

    return decorate


def _parameters(function: Callable[..., Any]) -> list[dict[str, Any]]:
    """What the signature says, overridden and extended by what `@param` declared."""
    merged = {parameter.name: parameter.describe() for parameter in infer(function)[0] if not parameter.is_context}
    for declared in function.__dict__.get("_declared_parameters", ()):
        merged[declared["name"]] = {**merged.get(declared["name"], {}), **declared}
    return list(merged.values())


def _first_line(function: Callable[..., Any]) -> str:
    text = (inspect.getdoc(function) or "").strip()
    return text.splitlines()[0].strip() if text else ""


def _warn_unknown(decorator: str, unknown: dict[str, Any], stacklevel: int) -> None:
    """Warns at the line where the decorator is used."""
    if unknown:
        names = ", ".join(f"`{name}`" for name in unknown)
        warnings.warn(f"@{decorator} ignores the unknown argument {names}", UserWarning, stacklevel)
