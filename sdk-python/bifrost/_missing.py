"""Modules that workspaces import and this platform does not have: they say what to use instead."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from .errors import NotSupported


class Missing:
    """Stands for such a module: every function of it raises `NotSupported` when it is awaited."""

    def __init__(self, name: str, instead: str) -> None:
        self._name = name
        self._instead = instead

    def __getattr__(self, verb: str) -> Callable[..., Coroutine[Any, Any, NoReturn]]:
        if verb.startswith("__"):
            raise AttributeError(verb)

        async def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise NotSupported(f"bifrost.{self._name}.{verb}", self._instead)

        return refuse
