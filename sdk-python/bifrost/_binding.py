"""From submitted parameters to the arguments of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ._context import ExecutionContext
from ._inference import EMPTY, InferredParameter, infer
from .errors import ValidationError

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class Binding:
    """How one function wants to be called. Built once, used for every run."""

    __slots__ = ("_accepts_kwargs", "_names", "_parameters")

    def __init__(self, function: Callable[..., Any]) -> None:
        parameters, self._accepts_kwargs = infer(function)
        self._parameters = tuple(parameters)
        self._names = frozenset(parameter.name for parameter in parameters)

    def bind(self, submitted: dict[str, Any], context: ExecutionContext) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for a call.

        Only what the signature names is passed, or everything when it has `**kwargs`.
        Text is converted to the int, float or bool that the hint asks for, and a pydantic
        model is built. Raises `ValidationError` naming what is missing or cannot be converted.
        """
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        missing: list[str] = []
        for parameter in self._parameters:
            name = parameter.name
            if parameter.is_context:
                value: Any = context
            elif name in submitted:
                value = submitted[name]
                if parameter.model is not None:
                    value = parameter.model.build(name, value)
                elif type(value) is str:
                    value = convert(parameter, value)
            elif parameter.default is not EMPTY:
                value = parameter.default
            elif parameter.optional:
                value = None
            else:
                missing.append(name)
                continue
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            else:
                args.append(value)
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise ValidationError(f"missing required parameter{plural} {', '.join(f'`{name}`' for name in missing)}")
        if self._accepts_kwargs:
            for name, value in submitted.items():
                if name not in self._names:
                    kwargs[name] = value
        return args, kwargs


def convert(parameter: InferredParameter, value: str) -> Any:
    """Text as a form or query string submits it, as the value that the hint asks for."""
    kind = parameter.type
    if kind not in ("int", "float", "bool"):
        return value
    text = value.strip()
    if not text:
        if parameter.default is not EMPTY:
            return parameter.default
        if parameter.optional:
            return None
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        pass
    else:
        lowered = text.lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
    shown = value if len(value) <= 100 else value[:100] + "…"
    raise ValidationError(f"parameter `{parameter.name}` must be {_ARTICLES[kind]}, not {shown!r}")


_ARTICLES = {"int": "a whole number", "float": "a number", "bool": "true or false"}
