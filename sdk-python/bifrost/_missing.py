"""Modules that workspaces import and this platform does not have: they say what to use instead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

from .errors import NotSupported


class Missing:
    """Stands for such a module: every function of it raises `NotSupported` when it is awaited.

    Those in `streams` raise it when they are iterated over.
    """

    def __init__(self, name: str, instead: str, streams: tuple[str, ...] = ()) -> None:
        self._name = name
        self._instead = instead
        self._streams = streams

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb.startswith("__"):
            raise AttributeError(verb)

        async def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise NotSupported(f"bifrost.{self._name}.{verb}", self._instead)

        async def stream(*_args: Any, **_kwargs: Any) -> AsyncIterator[Any]:
            raise NotSupported(f"bifrost.{self._name}.{verb}", self._instead)
            yield

        return stream if verb in self._streams else refuse
