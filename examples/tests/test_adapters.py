"""The webhook adapters of `examples/msp`, natively."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.ninjaone import HEADER, NinjaOne
from bifrost import IntegrationData, OAuthCredentials
from bifrost.testing import run_adapter
from bifrost.webhooks import Deliver, Rejected, Subscribed, WebhookRequest
from fakes.base import CLIENT_ID, CLIENT_SECRET
from fakes.ninjaone import NinjaOne as Fake

CALLBACK = "https://bifrost.example/api/hooks/1"


@pytest.fixture
def integration(ninja_fake: Fake) -> IntegrationData:
    oauth = OAuthCredentials(connection_name="c", client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return IntegrationData(integration_id="i", config={"base_url": ninja_fake.address}, oauth=oauth)


def test_a_subscription_from_its_beginning(ninja_fake: Fake, integration: IntegrationData) -> None:
    made = run_adapter(NinjaOne, method="subscribe", callback_url=CALLBACK, integration=integration)
    assert isinstance(made, Subscribed) and made.state is not None and made.expires_at is None
    webhook = ninja_fake.webhook
    assert webhook is not None and webhook["url"] == CALLBACK
    assert webhook["activities"] == {"CONDITION": ["TRIGGERED", "RESET"]}

    # NinjaOne sends the header that it was told.
    header = webhook["headers"][0]
    activity = {"id": 12938, "deviceId": 100, "activityType": "CONDITION", "statusCode": "TRIGGERED"}
    answer = _handled(activity, {header["name"].lower(): header["value"]}, made.state)
    assert isinstance(answer, Deliver)
    (event,) = answer.events
    assert (event.id, event.type, event.data) == ("12938", "condition.triggered", activity)

    run_adapter(NinjaOne, method="unsubscribe", state=made.state, callback_url=CALLBACK, integration=integration)
    assert ninja_fake.webhook is None


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "guess"}, {HEADER: "ü"}])
@pytest.mark.parametrize("state", [{"secret": "s3cret"}, {"secret": ""}, {}])
def test_forgeries_are_refused(headers: dict[str, str], state: dict[str, Any]) -> None:
    assert isinstance(_handled({"id": 1}, headers, state), Rejected)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"7"])
def test_what_is_no_activity_is_refused(body: bytes) -> None:
    request = WebhookRequest(headers={HEADER: "s3cret"}, body=body)
    answer = run_adapter(NinjaOne, request, state={"secret": "s3cret"})
    assert isinstance(answer, Rejected) and answer.status == 400


def _handled(activity: dict[str, Any], headers: dict[str, str], state: dict[str, Any]) -> Any:
    return run_adapter(NinjaOne, WebhookRequest(headers=headers, body=json.dumps(activity).encode()), state=state)
