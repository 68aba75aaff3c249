"""Parameters of a workflow, read from the signature of its function."""

from __future__ import annotations

import enum
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

from . import _pydantic
from ._context import ExecutionContext

EMPTY: Any = inspect.Parameter.empty

_LAZY: dict[str, Any] = {}
"""Since 3.14 annotations are evaluated on demand; names that only a type checker sees must not fail."""
if sys.version_info >= (3, 14):
    from annotationlib import Format

    _LAZY["annotation_format"] = Format.FORWARDREF

_BASE_TYPES: dict[Any, str] = {str: "string", int: "int", float: "float", bool: "bool", list: "list"}
_BASE_NAMES = {kind.__name__: name for kind, name in _BASE_TYPES.items()}
_PRIMITIVES = (str, int, float, bool, type(None))
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")


@dataclass(frozen=True)
class InferredParameter:
    """One parameter of a function. `is_context` ones take the `ExecutionContext`."""

    name: str
    kind: Any
    """The `kind` of `inspect.Parameter`."""
    type: str
    optional: bool
    """True when the hint allows `None`."""
    default: Any
    """`EMPTY` when there is none."""
    options: tuple[Any, ...]
    is_context: bool
    model: _pydantic.Model | None = None
    """Where the hint names a pydantic model."""

    @property
    def required(self) -> bool:
        return self.default is EMPTY and not self.optional

    def describe(self) -> dict[str, Any]:
        """The JSON form that the platform shows."""
        described: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "label": title(self.name),
            "required": self.required,
        }
        default = self.default.value if isinstance(self.default, enum.Enum) else self.default
        if isinstance(default, _PRIMITIVES) and default is not None:
            described["default_value"] = default
        schema = self.model.schema() if self.model is not None else None
        if schema is not None:
            described["schema"] = schema
        if self.options:
            described["options"] = [{"label": str(value), "value": value} for value in self.options]
        return described


def title(name: str) -> str:
    """`org_id` and `orgId` both become `Org Id`."""
    return " ".join(word[:1].upper() + word[1:] for word in _WORDS.findall(name)) or name


def infer(function: Callable[..., Any]) -> tuple[list[InferredParameter], bool]:
    """The parameters in order, and whether the function takes `**kwargs`."""
    function = inspect.unwrap(function)
    parameters = list(inspect.signature(function, **_LAZY).parameters.values())
    hints = _hints(function, parameters)
    inferred = []
    for position, parameter in enumerate(parameters):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        hint = hints.get(parameter.name, EMPTY)
        kind, optional, options = classify(hint)
        inferred.append(
            InferredParameter(
                name=parameter.name,
                kind=parameter.kind,
                type=kind,
                optional=optional,
                default=parameter.default,
                options=options,
                is_context=_is_context(parameter.name, hint, first=position == 0),
                model=_pydantic.model(hint),
            )
        )
    return inferred, any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def classify(hint: Any) -> tuple[str, bool, tuple[Any, ...]]:
    """Type name, whether `None` is allowed, and the choices of a `Literal` or `Enum`."""
    if hint is EMPTY:
        return "string", False, ()
    if isinstance(hint, (str, typing.ForwardRef)):
        return _BASE_NAMES.get(_text(hint).partition("[")[0].rpartition(".")[2].lower(), "json"), False, ()
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return classify(typing.get_args(hint)[0])
    if origin in (Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        optional = len(members) < len(typing.get_args(hint))
        if len(members) == 1:
            kind, _, options = classify(members[0])
            return kind, optional, options
        return "json", optional, ()
    if origin is Literal:
        values = tuple(value for value in typing.get_args(hint) if value is not None)
        optional = len(values) < len(typing.get_args(hint))
        return _common_type(values), optional, values
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        values = tuple(member.value for member in hint)
        return _common_type(values), False, values
    if origin in (list, set, frozenset, tuple) or hint in (list, set, frozenset, tuple):
        return "list", False, ()
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return "list", False, ()
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "json", False, ()
    try:
        return _BASE_TYPES.get(hint, "json"), False, ()
    except TypeError:
        return "json", False, ()


def _text(hint: str | typing.ForwardRef) -> str:
    """A hint that could not be resolved, as it was written."""
    return hint if isinstance(hint, str) else hint.__forward_arg__


def _common_type(values: tuple[Any, ...]) -> str:
    kinds = {type(value) for value in values}
    return _BASE_TYPES.get(kinds.pop(), "json") if len(kinds) == 1 else "string"


def _is_context(name: str, hint: Any, first: bool) -> bool:
    if isinstance(hint, (str, typing.ForwardRef)):
        return _text(hint).rpartition(".")[2] in ("ExecutionContext", "OrganizationContext")
    if isinstance(hint, type) and issubclass(hint, ExecutionContext):
        return True
    members = typing.get_args(hint)
    if ExecutionContext in members:
        return True
    return name == "context" and (first or hint is EMPTY) and (hint is EMPTY or hint is Any)


def _hints(function: Callable[..., Any], parameters: list[inspect.Parameter]) -> dict[str, Any]:
    """Resolved annotations; one that cannot be resolved stays the text it was written as."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        pass
    namespace = getattr(function, "__globals__", {})
    hints: dict[str, Any] = {}
    for parameter in parameters:
        annotation = parameter.annotation
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, namespace)  # what get_type_hints does, one by one
            except Exception:
                pass
        hints[parameter.name] = annotation
    return hints
