"""The older way to reach OAuth connections; today they are a part of `integrations`."""

from __future__ import annotations

import builtins
from typing import Any, NoReturn

from . import _status
from .config import _scope
from .errors import ConfigurationError, NotFoundError
from .integrations import integrations


def _elsewhere(what: str) -> NoReturn:
    raise ConfigurationError(
        f"oauth.{what}() is gone: the platform itself makes connections and keeps their tokens; "
        "see `bifrost integrations connect`"
    )


class oauth:
    """`from bifrost import oauth`. New code uses `integrations.get(name).oauth`."""

    @staticmethod
    async def get(provider: str, org_id: Any = None, *, scope: Any = None) -> dict[str, Any] | None:
        """The credentials of a connection as a dictionary; `None` when there is none."""
        data = await integrations.get(provider, scope=_scope(scope, org_id))
        return None if data is None or data.oauth is None else data.oauth.model_dump()

    @staticmethod
    async def refresh_token(provider: str, org_id: Any = None, *, scope: Any = None) -> dict[str, Any]:
        """New credentials. Rarely needed: those of `get` are good already."""
        data = await integrations.get(provider, scope=_scope(scope, org_id))
        if data is None or data.oauth is None:
            missing = NotFoundError(f"there is no connection to {provider!r}")
            raise _status.known(missing, "integrations.refresh")
        await data.oauth.refresh()
        return data.oauth.model_dump()

    @staticmethod
    async def list_providers(org_id: Any = None, *, scope: Any = None) -> builtins.list[str]:
        """The names of all integrations that have an authorization server."""
        return [one["name"] for one in await integrations.list(_scope(scope, org_id)) if one["has_oauth"]]

    @staticmethod
    async def set_token(*args: Any, **kwargs: Any) -> NoReturn:
        """Not possible any more: `ConfigurationError` says what is instead."""
        _elsewhere("set_token")

    @staticmethod
    async def delete_token(*args: Any, **kwargs: Any) -> NoReturn:
        """Not possible any more: `ConfigurationError` says what is instead."""
        _elsewhere("delete_token")
