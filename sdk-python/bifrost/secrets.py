"""The older way to reach secrets; today a secret is a configuration value."""

from __future__ import annotations

import builtins
from typing import Any

from . import _platform
from .config import _scope, config


class secrets:
    """`from bifrost import secrets`. New code uses `config`."""

    @staticmethod
    async def get(key: str, org_id: Any = None, *, default: Any = None, scope: Any = None) -> Any:
        """The decrypted value, or `default` when there is none."""
        return await config.get(key, default=default, scope=_scope(scope, org_id))

    @staticmethod
    async def set(key: str, value: str, org_id: Any = None, *, scope: Any = None) -> None:
        """Stores a secret."""
        await config.set(key, value, is_secret=True, scope=_scope(scope, org_id))

    @staticmethod
    async def list(org_id: Any = None, *, scope: Any = None) -> builtins.list[str]:
        """The names of all secrets."""
        entries = _platform.current().config_list(_scope(scope, org_id))
        return [entry.key for entry in entries if entry.is_secret]

    @staticmethod
    async def delete(key: str, org_id: Any = None, *, scope: Any = None) -> bool:
        """Deletes a secret; true when there was one."""
        return await config.delete(key, scope=_scope(scope, org_id))
