"""Results as JSON."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import os
import sys
import uuid
from collections import deque
from collections.abc import Callable, Collection, Mapping, Set
from typing import Any

_TEXT = (str, int, float, bool, type(None))
_MAX_DEPTH = 500


class ResultError(TypeError):
    """A result holds something that JSON cannot; the message names where."""


def _default(value: Any) -> Any:
    """One step towards JSON. Raises `TypeError` where there is none."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, fractions.Fraction, os.PathLike)):
        return str(value)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (Set, deque)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    if type(value).__module__.partition(".")[0] in ("pydantic", "pydantic_core"):
        return sys.modules["pydantic_core"].to_jsonable_python(value)  # addresses, secrets and the like
    if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray, memoryview, str)):
        return list(value)
    raise TypeError(f"a value of type {type(value).__name__}")


_encode_fast = json.JSONEncoder(
    default=_default, ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=True
).encode


def encode(value: Any, fallback: Callable[[Any], Any] | None = None) -> str:
    """A value as JSON text.

    Dates become ISO 8601; decimals, UUIDs and paths text; sets lists; data classes and
    pydantic models objects; NaN and the infinities null. Raises `ResultError` naming
    where a value is that none of this fits, unless `fallback` has something for it.
    """
    try:
        text = _encode_fast(value)
    except (TypeError, ValueError):
        text = _encode_fast(_plain(value, "result", [], fallback))
    if not text.isascii():
        # A lone surrogate has no UTF-8.
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def _plain(value: Any, path: str, above: list[int], fallback: Callable[[Any], Any] | None) -> Any:
    """A copy that the encoder takes, made slowly and with a path for messages."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, _TEXT):
        return value
    if id(value) in above:
        if fallback is not None:
            return "<circular reference>"
        raise ResultError(f"{path} refers back to what contains it, which JSON cannot hold")
    if len(above) > _MAX_DEPTH:
        raise ResultError(f"{path} is nested deeper than {_MAX_DEPTH} levels")
    above.append(id(value))
    try:
        if isinstance(value, dict):
            return {
                _key(key, path, fallback): _plain(item, f"{path}[{key!r}]", above, fallback)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [_plain(item, f"{path}[{index}]", above, fallback) for index, item in enumerate(value)]
        try:
            step = _default(value)
        except TypeError as error:
            if fallback is not None:
                return fallback(value)
            raise ResultError(f"{path} is {error}, which JSON cannot hold") from None
        return _plain(step, path, above, fallback)
    finally:
        above.pop()


def _key(key: Any, path: str, fallback: Callable[[Any], Any] | None) -> Any:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, float) and not math.isfinite(key):
        return str(key)
    if isinstance(key, _TEXT):
        return key
    try:
        step = _default(key)
    except TypeError:
        step = None
    if isinstance(step, str):
        return step
    if fallback is not None:
        return str(fallback(key))
    raise ResultError(f"a key of {path} is a {type(key).__name__}, which JSON cannot hold: {key!r:.100}")
