"""Named sets of permissions of an organization, and the forms that who has one may use."""

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

    @staticmethod
    async def list_forms(role_id: str) -> builtins.list[str]:
        """The ids of the forms that were granted to a role."""
        arguments = {"role_id": str(role_id), "scope": _context.scope_override()}
        answer: builtins.list[str] = _platform.current().call("roles.list_forms", arguments)
        return answer

    @staticmethod
    async def assign_forms(role_id: str, form_ids: builtins.list[str]) -> None:
        """Grants forms to a role. Needs the provider's code, and `roles.manage` of the caller."""
        arguments = {
            "role_id": str(role_id),
            "form_ids": [str(one) for one in form_ids],
            "scope": _context.scope_override(),
        }
        _platform.current().call("roles.assign_forms", arguments)
