"""An adapter of an author's: it loads, and its helpers work."""

from bifrost import NotSupported, workflow
from bifrost.webhooks import (
    Deliver,
    Rejected,
    ValidationResponse,
    WebhookAdapter,
    adapter,
    generate_secret,
    verify_hmac_sha256,
)


@adapter(name="ticketing", integration="Ticketing")
class Ticketing(WebhookAdapter):
    async def subscribe(self, callback_url, config, integration):
        return {"secret": generate_secret()}

    async def handle_request(self, request, config, state):
        if "validationToken" in request:
            return ValidationResponse(request["validationToken"])
        if not verify_hmac_sha256(b"{}", request["signature"], state["secret"]):
            return Rejected("not signed")
        return Deliver({}, "ticket")


@workflow
async def webhooks_c() -> None:
    import hashlib
    import hmac

    ticketing = Ticketing()
    state = await ticketing.subscribe("https://x", {}, None)
    good = hmac.new(state["secret"].encode(), b"{}", hashlib.sha256).hexdigest()
    answers = [
        await ticketing.handle_request(request, {}, state)
        for request in ({"validationToken": "v"}, {"signature": f"sha256={good}"}, {"signature": "0" * 64})
    ]
    assert [type(answer) for answer in answers] == [ValidationResponse, Deliver, Rejected]
    for call in (ticketing.renew(), ticketing.unsubscribe()):
        try:
            await call
        except NotSupported as error:
            assert "subscribe a workflow" in str(error)
        else:
            raise AssertionError("nothing runs adapters")
