"""Webhook adapters: what is declared, what is called, and what the platform reads of an answer."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bifrost import IntegrationData, IntegrationError, NotFoundError
from bifrost.testing import run_adapter
from bifrost.webhooks import (
    Deliver,
    Rejected,
    Subscribed,
    ValidationResponse,
    WebhookAdapter,
    WebhookEvent,
    WebhookRequest,
    adapter,
    call,
    generate_secret,
    verify_hmac_sha256,
)


@adapter(name="Acme", integration="Acme")
class Acme(WebhookAdapter):
    """Orders of Acme.

    More about it.
    """

    config_schema = [
        {"key": "secret", "type": "secret", "required": True},
        {"key": "limit", "type": "int", "default": 2},
    ]

    async def handle_request(self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]) -> Any:
        if "challenge" in request.query:
            return ValidationResponse(request.query["challenge"], headers={"X-Hook-Secret": "h"}, state={"seen": True})
        if not verify_hmac_sha256(request.body, request.header("X-Acme-Signature"), config["secret"]):
            return Rejected("signature")
        events = [WebhookEvent(one, id=str(one["id"]), type="order") for one in request.json()]
        return Deliver(events[: config["limit"]])

    async def subscribe(self, callback_url: str, config: Any, integration: Any) -> Subscribed:
        return Subscribed({"at": callback_url, "as": integration.config["base_url"]}, datetime(2030, 1, 1))


class Plain(WebhookAdapter):
    def handle_request(self, request: WebhookRequest, config: Any, state: Any) -> Any:  # type: ignore[override]
        return state.get("answer", Deliver())


def signed(body: bytes, secret: str = "s3cret") -> WebhookRequest:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest(headers={"x-acme-signature": f"sha256={signature}"}, body=body)


def test_what_is_declared() -> None:
    metadata = Acme._adapter_metadata  # type: ignore[attr-defined]
    assert (metadata.name, metadata.description, metadata.integration) == ("Acme", "Orders of Acme.", "Acme")
    assert metadata.subscribes and not adapter(name="Plain")(Plain)._adapter_metadata.subscribes  # type: ignore
    assert [one["key"] for one in metadata.config_schema] == ["secret", "limit"]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, "expected a list"),
        (["secret"], "each field is a dict"),
        ([{"type": "int"}], "each field is a dict"),
        ([{"key": "a", "type": "text"}], "config_schema.a.type"),
        ([{"key": "a", "help": "x"}], "there is no `help`"),
    ],
)
def test_a_wrong_schema_is_refused_where_it_is_written(schema: Any, text: str) -> None:
    wrong = type("Wrong", (Plain,), {"config_schema": schema})
    with pytest.raises(ValueError, match=text):
        adapter(name="Wrong")(wrong)


def test_only_whole_adapters() -> None:
    class Half(WebhookAdapter):
        pass

    with pytest.raises(TypeError, match="Half has no handle_request"):
        adapter(name="Half")(Half)
    with pytest.raises(TypeError, match="extends WebhookAdapter"):
        adapter(name="x")(dict)  # type: ignore[type-var]
    for name in ("", " ", None):
        with pytest.raises(ValueError, match="needs a name"):
            adapter(name=name)  # type: ignore[arg-type]


def test_requests_become_answers() -> None:
    config = {"secret": "s3cret"}
    answer = run_adapter(Acme, signed(b'[{"id": 1}, {"id": 2}, {"id": 3}]'), config=config)
    assert isinstance(answer, Deliver) and [one.id for one in answer.events] == ["1", "2"]
    assert isinstance(run_adapter(Acme, signed(b"[]", "other"), config=config), Rejected)
    answer = run_adapter(Acme, WebhookRequest("GET", query={"challenge": "c"}), config=config)
    assert answer == ValidationResponse("c", headers={"X-Hook-Secret": "h"}, state={"seen": True})
    with pytest.raises(ValueError, match="there has to be a `secret`"):
        run_adapter(Acme)
    with pytest.raises(ValueError, match="there is no `secrte`"):
        run_adapter(Acme, config={"secret": "s", "secrte": "s"})


@pytest.mark.parametrize("answer", [None, {"answer": "deliver"}, Deliver([{"id": 1}]), Deliver([WebhookEvent(b"x")])])
def test_what_the_platform_would_not_understand_raises(answer: Any) -> None:
    with pytest.raises(TypeError):
        run_adapter(Plain, state={"answer": answer})


def test_what_the_platform_reads() -> None:
    def handled(request: dict[str, Any], **given: Any) -> Any:
        return asyncio.run(call(Acme, "handle_request", {"request": request, **given}))

    request = signed(b'[{"id": 1}]')
    wire = {"method": "POST", "headers": request.headers, "body": base64.b64encode(request.body).decode()}
    assert handled(wire, config={"secret": "s3cret", "limit": 9}, state={}) == {
        "answer": "deliver",
        "events": [{"data": {"id": 1}, "id": "1", "type": "order"}],
        "state": None,
    }
    assert handled(wire, config={"secret": "no"}) == {"answer": "rejected", "status": 403, "reason": "signature"}
    assert handled({"method": "GET", "query": {"challenge": "c"}}) == {
        "answer": "validation",
        "status": 200,
        "headers": {"x-hook-secret": "h"},
        "body": "c",
        "is_json": False,
        "state": {"seen": True},
    }
    for method in ("__init__", "config_schema", "", "generate_secret"):
        with pytest.raises(ValueError, match="has no"):
            asyncio.run(call(Acme, method, {}))


def test_subscribing() -> None:
    integration = IntegrationData(integration_id="i", config={"base_url": "https://acme.example"})
    made = run_adapter(Acme, method="subscribe", config={"secret": "s"}, callback_url="u", integration=integration)
    assert made.state == {"at": "u", "as": "https://acme.example"}
    # Renewing is subscribing, and stopping is nothing, where an adapter says no more.
    again = run_adapter(Acme, method="renew", config={"secret": "s"}, callback_url="u", integration=integration)
    assert again == made
    assert run_adapter(Plain, method="unsubscribe") is None and run_adapter(Plain, method="subscribe") is None


class Renewing(Plain):
    when: datetime | str = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))

    async def renew(self, callback_url: str, config: Any, state: Any, integration: Any) -> Subscribed:
        return Subscribed(None, self.when)


class FromJson(Renewing):
    when = "2030-01-01T00:00:00Z"


@pytest.mark.parametrize("kind", [Renewing, FromJson])
def test_times_are_in_utc(kind: type[Renewing]) -> None:
    answer = asyncio.run(call(kind, "renew", {"callback_path": "/api/hooks/1"}, "https://b.example/"))
    assert answer == {"state": None, "expires_at": datetime(2030, 1, 1, tzinfo=UTC).isoformat()}


def test_the_integration_has_to_be_there() -> None:
    def api(operation: str, arguments: dict[str, Any]) -> Any:
        raise NotFoundError("integration not found")

    from bifrost import _platform
    from bifrost.testing import FakePlatform

    previous = _platform.use(FakePlatform(api=api))
    try:
        with pytest.raises(IntegrationError, match="no integration `Acme`"):
            asyncio.run(call(Acme, "subscribe", {"config": {"secret": "s"}}))
    finally:
        _platform.use(previous)


def test_signatures() -> None:
    body, secret = b'{"a":1}', "s3cret"
    good = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    for signature in (good, f"sha256={good}", f" {good.upper()} "):
        assert verify_hmac_sha256(body, signature, secret)
    assert verify_hmac_sha256(body.decode(), good, secret.encode())
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    for signature, key in [
        (good, "other"), (good[:-1], secret), ("", secret), (None, secret), ("ü", secret), (f"sha1={good}", secret),
        (empty, ""), (empty, b""),
    ]:  # fmt: skip
        assert not verify_hmac_sha256(body, signature, key)
    assert not verify_hmac_sha256(body + b" ", good, secret)
    assert len({generate_secret() for _ in range(50)}) == 50
    with pytest.raises(ValueError, match="guessed"):
        generate_secret(8)
