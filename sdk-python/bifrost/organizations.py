"""Tenants, for the provider's workflows; an organization's own code sees itself only."""

from __future__ import annotations

import builtins
from typing import Any

from . import _platform
from ._context import Organization, _record
from .errors import NotFoundError


def _organization(fields: dict[str, Any]) -> Organization:
    organization: Organization = _record(Organization, fields)
    return organization


class organizations:
    """`from bifrost import organizations`, then `await organizations.list()`.

    All but `get` of the run's own organization need the provider's code and a
    caller with `platform.organizations` and `platform.enter`; `PermissionError` otherwise.
    """

    @staticmethod
    async def list() -> builtins.list[Organization]:
        """Every organization, by name."""
        answer = _platform.current().call("organizations.list", {})
        return [_organization(one) for one in answer]

    @staticmethod
    async def get(org_id: str) -> Organization:
        """One organization; `NotFoundError` (a `ValueError`) when there is none."""
        return _organization(_platform.current().call("organizations.get", {"org_id": str(org_id)}))

    @staticmethod
    async def create(name: str, domain: str | None = None, is_active: bool = True) -> Organization:
        """Makes an organization."""
        arguments = {"name": name, "domain": domain, "is_active": is_active}
        return _organization(_platform.current().call("organizations.create", arguments))

    @staticmethod
    async def update(org_id: str, **updates: Any) -> Organization:
        """Changes `name`, `domain` or `is_active`."""
        return _organization(_platform.current().call("organizations.update", {"org_id": str(org_id), **updates}))

    @staticmethod
    async def delete(org_id: str) -> bool:
        """Suspends an organization: nobody signs in, nothing runs, and its data stay.

        False when there is none. `update(org_id, is_active=True)` takes it back; what ends an
        organization for good is `bifrost organizations offboard`.
        """
        try:
            await organizations.update(org_id, is_active=False)
        except NotFoundError:
            return False
        return True
