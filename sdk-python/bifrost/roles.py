"""Named sets of permissions of an organization."""

from __future__ import annotations

import builtins

from . import _context, _platform
from ._models import Role
from .errors import NotFoundError


class roles:
    """`from bifrost import roles`, then `await roles.list()`. Needs `users.read` of the caller."""

    @staticmethod
    async def list() -> builtins.list[Role]:
        """The roles of the organization in effect."""
        answer = _platform.current().call("roles.list", {"scope": _context.scope_override()})
        return [Role.of(one) for one in answer]

    @staticmethod
    async def get(role_id: str) -> Role | None:
        """One role; `None` when there is none."""
        arguments = {"role_id": str(role_id), "scope": _context.scope_override()}
        try:
            return Role.of(_platform.current().call("roles.get", arguments))
        except NotFoundError:
            return None
