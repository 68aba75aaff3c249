"""What happens at NinjaOne, as events: alerts that are raised and end, jobs that fail, devices that are added."""

from __future__ import annotations

import hmac
from typing import Any

from bifrost import IntegrationData
from bifrost.webhooks import (
    Deliver,
    Rejected,
    Subscribed,
    WebhookAdapter,
    WebhookEvent,
    WebhookRequest,
    adapter,
    generate_secret,
)
from modules import ninjaone

HEADER = "x-bifrost-webhook"
"""NinjaOne signs nothing, and sends headers that it was told: this one has a secret."""


@adapter(name="NinjaOne", integration="NinjaOne")
class NinjaOne(WebhookAdapter):
    """Activities at NinjaOne.

    NinjaOne has one webhook: a source that is made later takes it over from the one before.
    """

    config_schema = [
        {
            "key": "activities",
            "type": "json",
            "default": {"CONDITION": ["TRIGGERED", "RESET"]},
            "description": "Types of activities, and which of their states",
        },
        {"key": "expand", "type": "json", "default": ["device", "organization"], "description": "What comes with them"},
    ]

    async def subscribe(
        self, callback_url: str, config: dict[str, Any], integration: IntegrationData | None
    ) -> Subscribed:
        secret = generate_secret()
        async with _client(integration) as ninja:
            await ninja.set_webhook(
                callback_url, config["activities"], expand=config["expand"], headers={HEADER: secret}
            )
        return Subscribed(state={"secret": secret})

    async def unsubscribe(
        self, callback_url: str, config: dict[str, Any], state: dict[str, Any], integration: IntegrationData | None
    ) -> None:
        async with _client(integration) as ninja:
            await ninja.delete_webhook()

    async def handle_request(
        self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]
    ) -> Deliver | Rejected:
        given, secret = request.header(HEADER) or "", state.get("secret") or ""
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            return Rejected("the secret is not that of this subscription")
        try:
            activity = request.json()
        except ValueError:
            return Rejected("the body is no JSON", status=400)
        if not isinstance(activity, dict) or "id" not in activity:
            return Rejected("the body is no activity", status=400)
        kind = f"{activity.get('activityType', '')}.{activity.get('statusCode', '')}".strip(".").lower()
        return Deliver([WebhookEvent(activity, id=str(activity["id"]), type=kind)])


def _client(integration: IntegrationData | None) -> ninjaone.Client:
    assert integration is not None, "the platform gives what @adapter names"
    return ninjaone.Client.of("NinjaOne", integration)
