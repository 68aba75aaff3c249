"""Nobody is reached."""

from typing import Any

from componentize_py_types import Err

from . import wasi_http_types as types


def handle(_request: Any, _options: Any) -> Any:
    raise Err(types.ErrorCode_ConnectionRefused())
