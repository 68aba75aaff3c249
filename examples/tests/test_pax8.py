"""Pax8: its lists, orders and errors."""

from __future__ import annotations

from typing import Any

import pytest

from bifrost import IntegrationData
from fakes.base import CLIENT_ID, CLIENT_SECRET
from fakes.pax8 import Pax8
from fakes.world import CUSTOMERS
from modules import pax8
from modules._rest import ClientCredentials
from modules.api_errors import Denied, Invalid, Unavailable
from support import QUICK, pax8_client, run, using

COMPANY = CUSTOMERS[1].company


def test_lists(pax8_fake: Pax8) -> None:
    async def work(client: pax8.Client) -> list[Any]:
        return [
            await client.companies("Active"),
            await client.companies("Deleted"),
            await client.subscriptions(),
            await client.subscriptions(COMPANY, status="Active"),
            await client.products(search="365", vendor="Microsoft"),
            await client.usage_summaries("subscription-1-0"),
            await client.orders(),
        ]

    lists = run(using(pax8_client(pax8_fake), work))
    assert [len(one) for one in lists] == [7, 0, 21, 2, 3, 7, 0]
    assert pax8_fake.count("GET /v1/subscriptions") == 7 + 1


def test_single_records(pax8_fake: Pax8) -> None:
    async def work(client: pax8.Client) -> list[Any]:
        return [
            await client.company(COMPANY),
            await client.subscription("subscription-2-0"),
            await client.product("product-0"),
        ]

    company, subscription, product = run(using(pax8_client(pax8_fake), work))
    assert (company["name"], subscription["quantity"]) == ("Contoso", 12)
    assert product["vendorSku"] == "CFQ7TTC0LCHC:0002"


def test_the_quantity_is_set_again_after_a_failure(pax8_fake: Pax8) -> None:
    pax8_fake.fail("drop", method="PUT", carried_out=True)
    changed = run(using(pax8_client(pax8_fake), lambda client: client.set_quantity("subscription-2-0", 15)))
    assert changed["quantity"] == 15
    assert pax8_fake.count("PUT /v1/subscriptions/subscription-2-0") == 2


def test_what_a_commitment_does_not_allow(pax8_fake: Pax8) -> None:
    with pytest.raises(Invalid) as raised:
        run(using(pax8_client(pax8_fake), lambda client: client.set_quantity("subscription-2-0", 1)))
    error = raised.value
    assert (error.status, error.code, error.request_id) == (422, "UNPROCESSABLE_ENTITY", "pax8-request-1")
    assert error.message == "The commitment does not allow fewer seats; see the documentation"


def test_orders(pax8_fake: Pax8) -> None:
    line: pax8.OrderLine = {"productId": "product-1", "quantity": 5, "billingTerm": "Monthly"}

    async def work(client: pax8.Client) -> list[Any]:
        checked = await client.create_order(COMPANY, [line], mock=True)
        return [checked, await client.orders(COMPANY), await client.create_order(COMPANY, [line, line])]

    checked, before, order = run(using(pax8_client(pax8_fake), work))
    assert before == [] and checked["lineItems"][0]["lineItemNumber"] == 1
    assert [item["lineItemNumber"] for item in order["lineItems"]] == [1, 2]
    assert len(pax8_fake.orders) == 1


def test_an_order_is_never_placed_twice(pax8_fake: Pax8) -> None:
    pax8_fake.fail("drop", method="POST", path="/v1/orders", carried_out=True)
    line: pax8.OrderLine = {"productId": "product-1", "quantity": 5, "billingTerm": "Monthly"}

    async def work(client: pax8.Client) -> list[Any]:
        with pytest.raises(Unavailable) as raised:
            await client.create_order(COMPANY, [line])
        assert raised.value.outcome_unknown
        return await client.orders(COMPANY)

    assert len(run(using(pax8_client(pax8_fake), work))) == 1


def test_the_audience_is_needed(pax8_fake: Pax8) -> None:
    tokens = ClientCredentials(pax8_fake.address + "/v1/token", CLIENT_ID, CLIENT_SECRET, as_json=True)
    with pytest.raises(Denied) as raised:
        run(using(pax8.Client(pax8_fake.address, tokens, policy=QUICK), lambda client: client.companies()))
    assert raised.value.code == "access_denied"


def test_where_tokens_are() -> None:
    data = IntegrationData("i", config={"client_id": "c", "client_secret": "s"})
    source = pax8.Client.of("Pax8", data)._session._tokens._source
    assert isinstance(source, ClientCredentials)
    assert (source.token_url, source.as_json) == ("https://api.pax8.com/v1/token", True)
    assert source.extra == {"audience": "https://api.pax8.com"}
