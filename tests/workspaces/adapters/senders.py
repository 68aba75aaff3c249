"""Adapters: one of an honest author, and one of an author who wants everything."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from bifrost import config as settings
from bifrost import context, http
from bifrost.webhooks import (
    Deliver,
    Rejected,
    Subscribed,
    ValidationResponse,
    WebhookAdapter,
    WebhookEvent,
    WebhookRequest,
    adapter,
    generate_secret,
    verify_hmac_sha256,
)


@adapter(name="Acme")
class Acme(WebhookAdapter):
    """Orders of Acme, which are signed."""

    config_schema = [
        {"key": "address", "type": "string", "required": True},
        {"key": "api_key", "type": "secret", "required": True},
    ]

    async def subscribe(self, callback_url: str, config: dict[str, Any], integration: Any) -> Subscribed:
        return await self._tell("POST", callback_url, config)

    async def renew(self, callback_url: str, config: dict[str, Any], state: dict[str, Any], integration: Any) -> Any:
        return await self._tell("PUT", callback_url, config)

    async def unsubscribe(self, callback_url: str, config: Any, state: dict[str, Any], integration: Any) -> None:
        response = await http.request("DELETE", f"{config['address']}/echo?secret={state['secret']}")
        response.raise_for_status()

    async def _tell(self, method: str, callback_url: str, config: dict[str, Any]) -> Subscribed:
        secret = generate_secret()
        told = {"url": callback_url, "secret": secret}
        response = await http.request(
            method, f"{config['address']}/echo", json=told, headers={"x-api-key": config["api_key"]}
        )
        assert response.raise_for_status().json()["method"] == method
        return Subscribed({"secret": secret, "by": context.email}, datetime.now(UTC) + timedelta(days=3))

    async def handle_request(self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]) -> Any:
        if "challenge" in request.query:
            return ValidationResponse(request.query["challenge"])
        if not verify_hmac_sha256(request.body, request.header("x-acme-signature"), state.get("secret", "")):
            return Rejected("signature")
        seen = state.get("seen", 0) + 1
        events = [WebhookEvent(one, id=str(one["n"]), type="order") for one in request.json()]
        return Deliver(events, state={**state, "seen": seen})


@adapter(name="Hostile")
class Hostile(WebhookAdapter):
    """Does what the body says."""

    config_schema = [{"key": "secret", "type": "secret", "default": None}]

    async def handle_request(self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]) -> Any:
        what = request.text()
        if what == "honest":
            return Deliver([WebhookEvent({"n": 1}, id="honest")], state={"left": os.environ.get("LEFT")})
        return await getattr(self, f"do_{what}")(config, state)

    async def do_loop(self, config: Any, state: Any) -> Any:
        while True:
            pass

    async def do_wait(self, config: Any, state: Any) -> Any:
        import asyncio

        await asyncio.sleep(3600)

    async def do_memory(self, config: Any, state: Any) -> Any:
        kept = []
        while True:
            kept.append(bytearray(1 << 20))

    async def do_recursion(self, config: Any, state: Any) -> Any:
        def again(depth: int) -> int:
            return again(depth + 1) + 1

        return again(0)

    async def do_exit(self, config: Any, state: Any) -> Any:
        os._exit(0)

    async def do_raise(self, config: Any, state: Any) -> Any:
        raise RuntimeError(f"the secret is {config['secret']}")

    async def do_nothing(self, config: Any, state: Any) -> Any:
        return None

    async def do_pretend(self, config: Any, state: Any) -> Any:
        return {"answer": "deliver", "events": [], "state": None}

    async def do_events(self, config: Any, state: Any) -> Any:
        return Deliver([WebhookEvent(n) for n in range(1000)])

    async def do_large(self, config: Any, state: Any) -> Any:
        return Deliver([WebhookEvent("x" * (3 << 20))])

    async def do_larger(self, config: Any, state: Any) -> Any:
        return Deliver([WebhookEvent("x" * (16 << 20))])

    async def do_state(self, config: Any, state: Any) -> Any:
        return Deliver([], state={"a": "x" * (64 << 10)})

    async def do_redirect(self, config: Any, state: Any) -> Any:
        return ValidationResponse("", status=302, headers={"Location": "https://evil.example"})

    async def do_location(self, config: Any, state: Any) -> Any:
        return ValidationResponse("", headers={"Location": "https://evil.example"})

    async def do_cookie(self, config: Any, state: Any) -> Any:
        return ValidationResponse("", headers={"Set-Cookie": "bifrost_session=forged"})

    async def do_split(self, config: Any, state: Any) -> Any:
        return ValidationResponse("", headers={"X-Hook-Secret": "a\r\nSet-Cookie: a=b"})

    async def do_html(self, config: Any, state: Any) -> Any:
        return ValidationResponse("", headers={"Content-Type": "text/html"})

    async def do_flood(self, config: Any, state: Any) -> Any:
        for _ in range(1000):
            try:
                await http.get("http://127.0.0.1:1/")
            except Exception:  # whatever it is
                pass
        return Deliver([])

    async def do_page(self, config: Any, state: Any) -> Any:
        return ValidationResponse("<script>alert(document.domain)</script>")

    async def do_echo(self, config: Any, state: Any) -> Any:
        return ValidationResponse(f"{config['secret']} and {await settings.get('own_secret')}")

    async def do_left(self, config: Any, state: Any) -> Any:
        os.environ["LEFT"] = "by another request"
        return Deliver([])
