"""`jiter` over pydantic's core, which has the same parser in it.

`float_mode` and `catch_duplicate_keys` are only known in their defaults.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic_core import from_json as _from_json

__version__ = "0+bifrost"
__all__ = ["cache_clear", "cache_usage", "from_json"]


def from_json(
    json_data: bytes,
    /,
    *,
    allow_inf_nan: bool = True,
    cache_mode: Literal[True, False, "all", "keys", "none"] = "all",
    partial_mode: Literal[True, False, "off", "on", "trailing-strings"] = False,
    catch_duplicate_keys: bool = False,
    float_mode: Literal["float", "decimal", "lossless-float"] = "float",
) -> Any:
    """What the JSON says. Raises `ValueError` for what is not JSON, and for modes that are not here."""
    if float_mode != "float" or catch_duplicate_keys:
        raise ValueError("float_mode and catch_duplicate_keys are not supported in a run")
    return _from_json(json_data, allow_inf_nan=allow_inf_nan, cache_strings=cache_mode, allow_partial=partial_mode)


def cache_clear() -> None:
    """Nothing: there is no cache of its own."""


def cache_usage() -> int:
    """Bytes in the cache: 0."""
    return 0
