"""An adapter of an author's, and the helpers."""

import hashlib
import hmac

from bifrost import workflow
from bifrost.webhooks import (
    Deliver,
    Rejected,
    ValidationResponse,
    WebhookAdapter,
    WebhookEvent,
    WebhookRequest,
    adapter,
    generate_secret,
    verify_hmac_sha256,
)


@adapter(name="Ticketing", integration="Compat")
class Ticketing(WebhookAdapter):
    config_schema = [{"key": "secret", "type": "secret", "required": True}]

    async def handle_request(self, request, config, state):
        if "validationToken" in request.query:
            return ValidationResponse(request.query["validationToken"])
        if not verify_hmac_sha256(request.body, request.header("X-Signature"), config["secret"]):
            return Rejected("not signed")
        return Deliver([WebhookEvent(request.json(), type="ticket")])


@workflow
async def webhooks_c() -> None:
    ticketing, config = Ticketing(), {"secret": generate_secret()}
    good = hmac.new(config["secret"].encode(), b"{}", hashlib.sha256).hexdigest()
    assert verify_hmac_sha256(b"{}", good, config["secret"]) and not verify_hmac_sha256(b"x", good, config["secret"])
    requests = [
        WebhookRequest(query={"validationToken": "v"}),
        WebhookRequest(headers={"x-signature": f"sha256={good}"}, body=b"{}"),
        WebhookRequest(headers={"x-signature": "0" * 64}, body=b"{}"),
    ]
    answers = [await ticketing.handle_request(request, config, {}) for request in requests]
    assert [type(answer) for answer in answers] == [ValidationResponse, Deliver, Rejected]
    assert await ticketing.subscribe("https://x", config, None) is None
    assert await ticketing.renew("https://x", config, {}, None) is None
    assert await ticketing.unsubscribe("https://x", config, {}, None) is None


@workflow
async def delivered_c(n: int) -> int:
    """What a delivery starts."""
    return n
