"""A workspace in a dict."""

from componentize_py_types import Err

from .bifrost_workflow_types import Error, ErrorKind

FILES: dict[str, bytes] = {}


def read(path: str) -> bytes:
    if path not in FILES:
        raise Err(Error(ErrorKind.NOT_FOUND, path))
    return FILES[path]


def list(path: str) -> "list[str]":
    prefix = f"{path}/" if path else ""
    rests = [name[len(prefix) :] for name in FILES if name.startswith(prefix)]
    return sorted({rest.split("/")[0] + ("/" if "/" in rest else "") for rest in rests})
