"""Values that are there at once and can be awaited, too.

In the first workspaces calls of `files` were not awaited, in later ones they are. What these
calls answer is the value itself where nobody awaits it, and the plain value where somebody does.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, NoReturn


class Immediate(Coroutine[Any, Any, Any]):
    """A coroutine that has ended already: `await`, `asyncio.gather` and tasks take it."""

    def _plain(self) -> Any:
        """What `await` answers."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._plain()
        yield

    def send(self, value: Any, /) -> NoReturn:
        raise StopIteration(self._plain())

    def throw(self, kind: Any, /, *rest: Any) -> NoReturn:
        raise kind

    def close(self) -> None:
        """There is nothing left to do."""


class Text(str, Immediate):
    """A text."""

    def _plain(self) -> str:
        return str(self)


class Content(bytes, Immediate):
    """Bytes."""

    def _plain(self) -> bytes:
        return bytes(self)


class Items(list[Any], Immediate):
    """A list."""

    def _plain(self) -> list[Any]:
        return list(self)


class Fields(dict[str, Any], Immediate):
    """A dictionary."""

    def _plain(self) -> dict[str, Any]:
        return dict(self)


class Flag(int, Immediate):
    """True or false; where nobody awaits it 1 or 0, because nothing can be a kind of `bool`."""

    def _plain(self) -> bool:
        return bool(self)

    def __repr__(self) -> str:
        return repr(bool(self))


class Done(Immediate):
    """Nothing more than that it was done."""

    def _plain(self) -> None:
        return None
