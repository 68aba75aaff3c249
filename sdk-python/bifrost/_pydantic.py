"""Parameters that are pydantic models.

Pydantic is imported by who uses it, never here: a workspace without models pays nothing.
"""

from __future__ import annotations

import json
import sys
import typing
from typing import Any

from .errors import ValidationError


class Model:
    """What a hint that names a pydantic model accepts."""

    __slots__ = ("_adapter",)

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def schema(self) -> dict[str, Any] | None:
        """Its JSON schema; `None` where it has none, as with validators in Python alone."""
        try:
            schema: dict[str, Any] = self._adapter.json_schema()
            json.dumps(schema)
        except Exception:
            return None
        return schema

    def build(self, name: str, value: Any) -> Any:
        """An instance from what was submitted. Raises `ValidationError` with what pydantic says."""
        if type(value) is str:
            value = _parsed(value)
        pydantic_error = sys.modules["pydantic_core"].ValidationError
        try:
            return self._adapter.validate_python(value)
        except pydantic_error as error:
            raise ValidationError(f"parameter `{name}` is not valid: {error}") from error


def model(hint: Any) -> Model | None:
    """For a hint that is or contains a model; `None` for any other, and for one that is not complete."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not _mentions(hint, pydantic.BaseModel):
        return None
    try:
        return Model(pydantic.TypeAdapter(hint))
    except Exception:
        return None


def _mentions(hint: Any, base: type) -> bool:
    if isinstance(hint, type) and not typing.get_args(hint):
        return issubclass(hint, base) or "__pydantic_validator__" in hint.__dict__
    return any(_mentions(part, base) for part in typing.get_args(hint))


def _parsed(text: str) -> Any:
    """What a form submits is text: of an object, its JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
