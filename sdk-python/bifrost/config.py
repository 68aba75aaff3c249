"""Configuration and secrets of the organization that a run belongs to."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from . import _context, _platform
from ._text import checked
from .enums import ConfigType

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_MISSING: Any = object()


class ConfigData(dict[str, Any]):
    """Configuration by key, as items and as attributes; a missing key is `None`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def __missing__(self, key: str) -> None:
        return None


def _is_scope(value: object) -> bool:
    """True for what can only be an organization: a UUID or the text of one."""
    return isinstance(value, UUID) or (isinstance(value, str) and _UUID.match(value) is not None)


def _scope(*candidates: Any) -> str | None:
    """The first scope that was given, else the one of `context.set_scope`, as the platform spells it."""
    for value in candidates:
        if value is not None and value is not _MISSING:
            text = checked(str(value), "the scope")
            return "global" if text.lower() == "global" else text
    return _context.scope_override()


class config:
    """`from bifrost import config`, then `await config.get("key")`.

    All methods take `scope=` (an organization id or `"global"`) and its older name
    `org_id=`. What is given by position is told apart by type: a UUID is a scope.
    """

    @staticmethod
    async def get(key: str, *args: Any, default: Any = _MISSING, scope: Any = None, org_id: Any = None) -> Any:
        """The value of `key`, or `default` when there is none that this run may see.

        By position both `get(key, default, scope)` and the older
        `get(key, org_id, default)` are understood.
        """
        if len(args) > 2:
            raise TypeError(f"config.get() takes at most 3 positional arguments, {len(args) + 1} were given")
        by_position: tuple[Any, Any] = (default, None)
        if len(args) == 1 and (_is_scope(args[0]) or default is not _MISSING):
            by_position = (default, args[0])
        elif len(args) == 1:
            by_position = (args[0], None)
        elif len(args) == 2:
            older = _is_scope(args[0]) or (args[0] is None and not _is_scope(args[1]))
            by_position = (args[1], args[0]) if older else (args[0], args[1])
        value, place = by_position
        entry = _platform.current().config_get(checked(key, "the config key"), _scope(scope, org_id, place))
        if entry is None:
            return None if value is _MISSING else value
        return entry.value

    @staticmethod
    async def set(
        key: str,
        value: Any,
        *args: Any,
        is_secret: bool = False,
        type: ConfigType | str | None = None,
        scope: Any = None,
        org_id: Any = None,
    ) -> None:
        """Stores a JSON value. By position, a bool is `is_secret` and anything else a scope.

        Without a type a key keeps the one that it has where the value fits, and a secret
        stays a secret; a new key gets the narrowest type of the value.
        """
        if len(args) > 2:
            raise TypeError(f"config.set() takes at most 4 positional arguments, {len(args) + 2} were given")
        places = []
        for argument in args:
            if isinstance(argument, bool):
                is_secret = argument
            else:
                places.append(argument)
        kind = ConfigType.SECRET if is_secret else None
        if type is not None:
            if kind is not None and ConfigType(type) is not kind:
                raise ValueError(f"config.set(): is_secret=True and type={str(type)!r} contradict each other")
            kind = ConfigType(type)
        key, place = checked(key, "the config key"), _scope(scope, org_id, *places)
        _platform.current().config_set(key, value, kind, place)

    @staticmethod
    async def list(scope: Any = None, *, org_id: Any = None) -> ConfigData:
        """Every key of the scope; secrets are listed with the value `None`."""
        entries = _platform.current().config_list(_scope(scope, org_id))
        return ConfigData((entry.key, entry.value) for entry in entries)

    @staticmethod
    async def types(scope: Any = None, *, org_id: Any = None) -> dict[str, ConfigType]:
        """The type of every key of the scope."""
        entries = _platform.current().config_list(_scope(scope, org_id))
        return {entry.key: entry.type for entry in entries}

    @staticmethod
    async def delete(key: str, scope: Any = None, *, org_id: Any = None) -> bool:
        """Deletes a key; true when there was one."""
        return _platform.current().config_delete(checked(key, "the config key"), _scope(scope, org_id))
