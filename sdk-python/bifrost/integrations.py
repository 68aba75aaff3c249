"""Other systems: their configuration, what each organization is there, and OAuth connections."""

from __future__ import annotations

import builtins
from typing import Any
from uuid import UUID

from . import _context, _platform
from ._models import IntegrationData, IntegrationMappingResponse, OAuthCredentials
from ._text import checked
from .errors import IntegrationError, NotFoundError


def _scope(*candidates: str | UUID | None) -> str | None:
    """The first scope that was given as the platform spells it; else that of `context.set_scope`."""
    scope = next((one for one in candidates if one is not None), None)
    if scope is None:
        return _context.scope_override()
    text = checked(str(scope), "the scope")
    return "global" if text.lower() == "global" else text


def _credentials(fields: dict[str, Any], asked: dict[str, Any]) -> OAuthCredentials:
    error = fields.pop("error", None)
    if error is not None:
        raise IntegrationError(error)
    credentials = OAuthCredentials.of(fields)
    credentials.__dict__["_asked"] = asked
    return credentials


def _call(operation: str, name: str, scope: str | None, **arguments: Any) -> Any:
    fields = {"name": checked(str(name), "the integration's name"), "scope": scope, **arguments}
    return _platform.current().call(f"integrations.{operation}", fields)


class integrations:
    """`from bifrost import integrations`, then `await integrations.get("name")`.

    `scope`, by its older name `org_id`, is an organization's id or `"global"`; the run's own
    organization otherwise. Acting for another one is for the provider's code and a caller who may enter it.
    """

    @staticmethod
    async def get(
        name: str,
        scope: str | UUID | None = None,
        oauth_scope: str | None = None,
        *,
        org_id: str | UUID | None = None,
    ) -> IntegrationData | None:
        """An integration as the organization has it; `None` when there is none of this name.

        `config` has the definition's defaults, its values over them, and those of the
        organization's mapping over both. `oauth.access_token` is good now: the platform
        renews it. `oauth_scope` asks for a token of other scopes, which works with client
        credentials. `oauth.client_secret` and `oauth.refresh_token` are `None` for code that
        does not own the connection.

        Raises `IntegrationError`, with the reason, when the connection has failed.
        """
        asked = {"name": name, "scope": _scope(scope, org_id), "oauth_scope": oauth_scope}
        try:
            fields = _call("get", name, asked["scope"], oauth_scope=oauth_scope)
        except NotFoundError:
            return None
        oauth = fields.pop("oauth", None)
        data = IntegrationData.of(fields)
        data.oauth = None if oauth is None else _credentials(oauth, asked)
        return data

    @staticmethod
    async def list(scope: str | UUID | None = None) -> builtins.list[dict[str, Any]]:
        """All integrations of the organization, and the provider's: `integration_id`, `name`, `has_oauth`."""
        answer: builtins.list[dict[str, Any]] = _platform.current().call("integrations.list", {"scope": _scope(scope)})
        return answer

    @staticmethod
    async def list_mappings(
        name: str, scope: str | UUID | None = None, *, org_id: str | UUID | None = None
    ) -> builtins.list[IntegrationMappingResponse] | None:
        """What organizations are in an integration; `None` when there is no such integration.

        All organizations for the provider's code and a caller who may enter them, also with
        `scope="global"`; the run's own otherwise.
        """
        try:
            answer = _call("list_mappings", name, _scope(scope, org_id))
        except NotFoundError:
            return None
        return [IntegrationMappingResponse.of(one) for one in answer]

    @staticmethod
    async def get_mapping(
        name: str,
        scope: str | UUID | None = None,
        entity_id: str | None = None,
        *,
        org_id: str | UUID | None = None,
    ) -> IntegrationMappingResponse | None:
        """What the organization is in an integration, or who `entity_id` is; `None` when nobody is."""
        try:
            found = _call("get_mapping", name, _scope(scope, org_id), entity_id=entity_id)
            return IntegrationMappingResponse.of(found)
        except NotFoundError:
            return None

    @staticmethod
    async def upsert_mapping(
        name: str,
        scope: str | UUID | None = None,
        entity_id: str = "",
        entity_name: str | None = None,
        config: dict[str, Any] | None = None,
        *,
        org_id: str | UUID | None = None,
    ) -> IntegrationMappingResponse:
        """Says what an organization is in an integration: `entity_id` is what it is called there.

        `entity_name` is the same, for people; `None` leaves what there is, and `""` takes it away.
        `config` are values that are different for it, key by key; `None` takes one away.
        Mappings of the provider's integrations are written by the provider's code.
        """
        arguments = {"entity_id": str(entity_id), "entity_name": entity_name, "config": config}
        return IntegrationMappingResponse.of(_call("upsert_mapping", name, _scope(scope, org_id), **arguments))

    @staticmethod
    async def delete_mapping(
        name: str, scope: str | UUID | None = None, *, org_id: str | UUID | None = None
    ) -> bool:
        """Takes an organization out of an integration; true when it was in it."""
        try:
            return bool(_call("delete_mapping", name, _scope(scope, org_id)))
        except NotFoundError:
            return False


async def refresh(credentials: OAuthCredentials) -> None:
    """See `OAuthCredentials.refresh`."""
    asked = credentials._asked
    if asked is None:
        raise IntegrationError("these credentials are not from integrations.get(), so nothing renews them")
    fields = _call(
        "refresh",
        asked["name"],
        asked["scope"],
        oauth_scope=asked["oauth_scope"],
        version=getattr(credentials, "version", None),
    )
    fresh = _credentials(fields, asked)
    credentials.__dict__.update(fresh.__dict__)
