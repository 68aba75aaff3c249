"""People of an organization."""

from __future__ import annotations

import builtins
from typing import Any

from . import _context, _platform
from ._models import UserPublic
from .errors import NotFoundError


class users:
    """`from bifrost import users`, then `await users.list()`.

    Reading needs `users.read` of the caller, making and changing people the provider's code and
    `users.manage`; `PermissionError` otherwise. Nobody changes somebody who may do more than they.
    """

    @staticmethod
    async def list(org_id: str | None = None, include_inactive: bool = False) -> builtins.list[UserPublic]:
        """People of an organization; the run's own unless `org_id` names another."""
        arguments = {"scope": org_id or _context.scope_override(), "include_inactive": include_inactive}
        return [UserPublic.of(one) for one in _platform.current().call("users.list", arguments)]

    @staticmethod
    async def get(user_id: str, org_id: str | None = None) -> UserPublic | None:
        """One person by id or e-mail; `None` when there is none."""
        arguments = {"user": str(user_id), "scope": org_id or _context.scope_override()}
        try:
            return UserPublic.of(_platform.current().call("users.get", arguments))
        except NotFoundError:
            return None

    @staticmethod
    async def create(
        email: str,
        name: str,
        is_superuser: bool = False,
        org_id: str | None = None,
        is_active: bool = True,
    ) -> UserPublic:
        """Makes a person. A superuser is a platform administrator."""
        arguments = {
            "email": email,
            "name": name,
            "is_superuser": is_superuser,
            "scope": org_id or _context.scope_override(),
            "is_active": is_active,
        }
        return UserPublic.of(_platform.current().call("users.create", arguments))

    @staticmethod
    async def update(user_id: str, org_id: str | None = None, **updates: Any) -> UserPublic:
        """Changes `name`, `is_active` or `is_superuser` of a person, who is named by id or e-mail.

        `NotFoundError` when there is none.
        """
        arguments = {**updates, "user": str(user_id), "scope": org_id or _context.scope_override()}
        return UserPublic.of(_platform.current().call("users.update", arguments))

    @staticmethod
    async def delete(user_id: str, org_id: str | None = None) -> bool:
        """Deactivates a person: keys and sessions are refused, and what they did keeps their name.

        False when there is none.
        """
        try:
            await users.update(user_id, org_id, is_active=False)
        except NotFoundError:
            return False
        return True
