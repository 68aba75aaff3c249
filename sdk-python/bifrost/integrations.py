"""Connections to other systems."""

from __future__ import annotations

from . import _context, _platform
from ._models import IntegrationData, OAuthCredentials
from .errors import NotFoundError


class integrations:
    """`from bifrost import integrations`, then `await integrations.get("name")`."""

    @staticmethod
    async def get(
        name: str, scope: str | None = None, oauth_scope: str | None = None
    ) -> IntegrationData | None:
        """An integration as the organization has it; `None` when there is none of this name."""
        arguments = {"name": name, "scope": scope or _context.scope_override(), "oauth_scope": oauth_scope}
        try:
            fields = _platform.current().call("integrations.get", arguments)
        except NotFoundError:
            return None
        oauth = fields.pop("oauth", None)
        data = IntegrationData.of(fields)
        data.oauth = None if oauth is None else OAuthCredentials.of(oauth)
        return data
