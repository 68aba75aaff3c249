"""What uses a connection."""

import hashlib
from typing import Any

from bifrost import IntegrationError, integrations, workflow


def _mark(token: str | None) -> str | None:
    """Tells tokens apart without saying them: a result has no secrets in it."""
    return None if token is None else hashlib.sha256(token.encode()).hexdigest()[:16]


@workflow
async def use() -> dict[str, Any]:
    """Which token there is."""
    crm = await integrations.get("CRM")
    oauth = crm.oauth
    return {"token": _mark(oauth.access_token), "owner": [oauth.client_secret is not None, oauth.refresh_token is not None]}


@workflow
async def renew() -> dict[str, Any]:
    """An API has refused the token that there is."""
    crm = await integrations.get("CRM")
    before = _mark(crm.oauth.access_token)
    await crm.oauth.refresh()
    return {"before": before, "after": _mark(crm.oauth.access_token), "is_text": isinstance(crm.oauth.expires_at, str)}


@workflow
async def reason() -> str:
    """Why there is none."""
    try:
        await integrations.get("CRM")
    except IntegrationError as error:
        return str(error)
    return "there is one"


@workflow
async def leak() -> str:
    """Says the token, which the platform does not pass on."""
    crm = await integrations.get("CRM")
    print(f"the token is {crm.oauth.access_token}")
    return f"{crm.oauth.access_token} {crm.oauth.refresh_token} {crm.config['api_key']}"


@workflow
async def map_it(organization: str, entity: str) -> dict[str, Any]:
    """A sync of the provider's, as it is written for organizations."""
    made = await integrations.upsert_mapping("CRM", scope=organization, entity_id=entity, config={"region": "us"})
    listed = await integrations.list_mappings("CRM", scope="global")
    data = await integrations.get("CRM", scope=organization)
    gone = await integrations.delete_mapping("CRM", scope=organization)
    return {
        "made": made.entity_id,
        "listed": [one.entity_id for one in listed],
        "region": data.config["region"],
        "entity": data.entity_id,
        "gone": gone,
        "after": await integrations.get_mapping("CRM", scope=organization),
        "nothing": await integrations.get("no such thing"),
    }
