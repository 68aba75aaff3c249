"""Named sets of permissions of an organization, and the forms that who has one may use."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

from . import _context, _platform
from ._models import Role
from .errors import NotFoundError


def _call(operation: str, **arguments: Any) -> Any:
    return _platform.current().call(f"roles.{operation}", {**arguments, "scope": _context.scope_override()})


class roles:
    """`from bifrost import roles`, then `await roles.list()`.

    Reading needs `users.read` of the caller. Writing needs the provider's code and `roles.manage`,
    giving a role to people `users.manage`; nobody gives what they do not have. `PermissionError`
    otherwise.
    """

    @staticmethod
    async def list() -> builtins.list[Role]:
        """The roles of the organization in effect."""
        return [Role.of(one) for one in _call("list")]

    @staticmethod
    async def get(role_id: str) -> Role | None:
        """One role; `None` when there is none."""
        try:
            return Role.of(_call("get", role_id=str(role_id)))
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

    @staticmethod
    async def create(name: str, description: str = "", permissions: Iterable[str] = ()) -> Role:
        """Writes a role, which allows nothing unless `permissions` says so."""
        return Role.of(_call("create", name=name, description=description, permissions=[*permissions]))

    @staticmethod
    async def update(role_id: str, **updates: Any) -> Role:
        """Changes `name`, `description` or `permissions`; `NotFoundError` when there is no such role."""
        return Role.of(_call("update", **{**updates, "role_id": str(role_id)}))

    @staticmethod
    async def delete(role_id: str) -> bool:
        """Deletes a role; false when there is none. Those who had it lose what it allowed."""
        try:
            _call("delete", role_id=str(role_id))
        except NotFoundError:
            return False
        return True

    @staticmethod
    async def list_users(role_id: str) -> builtins.list[str]:
        """Ids of those who have a role; `NotFoundError` when there is no such role."""
        answer: builtins.list[str] = _call("list_users", role_id=str(role_id))
        return answer

    @staticmethod
    async def assign_users(role_id: str, user_ids: Iterable[str]) -> builtins.list[str]:
        """Gives a role to people, by id or e-mail, who keep those that they have; answers their ids."""
        answer: builtins.list[str] = _call("assign_users", role_id=str(role_id), user_ids=[str(one) for one in user_ids])
        return answer
