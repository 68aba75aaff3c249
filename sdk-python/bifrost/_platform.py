"""The port between the SDK and whatever it runs on.

The sandbox, a unit test and a plain interpreter each supply a `Platform`; the
rest of the SDK asks `current()` for it and knows nothing of WebAssembly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from .enums import ConfigType
from .errors import OutsideExecutionError

if TYPE_CHECKING:
    from .http.messages import Request, Response


@dataclass(frozen=True)
class ConfigEntry:
    """One configuration value. `value` is decoded JSON, `None` for a listed secret."""

    key: str
    value: Any
    type: ConfigType

    @property
    def is_secret(self) -> bool:
        return self.type is ConfigType.SECRET


class Platform(Protocol):
    """What the SDK needs. `scope` is an organization id, `global`, or `None` for the run's own."""

    workspace: str
    """The folder of the workspace, as `open` knows it."""

    def config_get(self, key: str, scope: str | None) -> ConfigEntry | None: ...

    def config_set(self, key: str, value: Any, type: ConfigType | None, scope: str | None) -> None: ...

    def config_list(self, scope: str | None) -> list[ConfigEntry]: ...

    def config_delete(self, key: str, scope: str | None) -> bool: ...

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Asks the platform's own API; JSON values in, JSON values out.

        Raises `PermissionError` for what this run may not do, `NotFoundError` for what
        is not there, `ValidationError` for arguments that are not valid.
        """
        ...

    def send(self, request: Request) -> Response:
        """Performs an HTTP request and blocks until the whole response is there."""
        ...

    async def send_async(self, request: Request) -> Response:
        """As `send`, while other tasks of the event loop go on."""
        ...


def lazy_pattern(what: str) -> str:
    """Explains why `what` is not available while a module is imported, and what to do."""
    return (
        f"{what} cannot be used while a workspace is loaded: the result would be the same "
        "for every run and every caller. Move this into the workflow function:\n\n"
        "    @workflow\n"
        "    async def my_workflow():\n"
        f"        ...  # use {what} here\n\n"
        "or into a function that the workflow calls."
    )


class Detached:
    """No platform: a plain interpreter. HTTP works, everything else says what to do."""

    workspace = "."

    def _refuse(self, what: str) -> NoReturn:
        raise OutsideExecutionError(
            f"{what} is only available while a workflow runs; in a test, use bifrost.testing.run_workflow"
        )

    def config_get(self, key: str, scope: str | None) -> ConfigEntry | None:
        self._refuse("bifrost.config")

    def config_set(self, key: str, value: Any, type: ConfigType | None, scope: str | None) -> None:
        self._refuse("bifrost.config")

    def config_list(self, scope: str | None) -> list[ConfigEntry]:
        self._refuse("bifrost.config")

    def config_delete(self, key: str, scope: str | None) -> bool:
        self._refuse("bifrost.config")

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        self._refuse(f"bifrost.{operation}")

    def send(self, request: Request) -> Response:
        from .http import _native

        return _native.send(request)

    async def send_async(self, request: Request) -> Response:
        from .http import _native

        return await _native.send_async(request)


class Loading(Detached):
    """The platform while a workspace is imported: nothing works, with a reason."""

    def _refuse(self, what: str) -> NoReturn:
        raise OutsideExecutionError(lazy_pattern(what))

    def send(self, request: Request) -> Response:
        self._refuse("the network")

    async def send_async(self, request: Request) -> Response:
        self._refuse("the network")


_current: Platform = Detached()


def current() -> Platform:
    """The platform in use."""
    return _current


def use(platform: Platform) -> Platform:
    """Puts a platform in place and answers the one it replaces."""
    global _current
    previous, _current = _current, platform
    return previous
