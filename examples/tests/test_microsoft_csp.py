"""Microsoft: tokens of each tenant, Partner Center's pages, users and licenses."""

from __future__ import annotations

from typing import Any

import pytest

from bifrost import IntegrationData
from bifrost.testing import run_workflow
from fakes.base import CLIENT_ID, CLIENT_SECRET
from fakes.microsoft import Microsoft
from fakes.world import CUSTOMERS, PARTNER_TENANT, PRODUCTS
from modules import microsoft_csp
from modules.api_errors import Denied, Invalid, NotConfigured, NotFound
from support import csp_client, run, using

TENANT, OTHER = CUSTOMERS[0].tenant, CUSTOMERS[1].tenant
PREMIUM, STANDARD = PRODUCTS[0][1], PRODUCTS[1][1]


def test_customers_and_subscriptions(microsoft_fake: Microsoft) -> None:
    async def work(csp: microsoft_csp.Client) -> list[Any]:
        return [await csp.customers(), await csp.customer(TENANT), await csp.subscriptions(TENANT)]

    customers, customer, subscriptions = run(using(csp_client(microsoft_fake), work))
    assert [one["companyProfile"]["companyName"] for one in customers] == [one.name for one in CUSTOMERS]
    assert customer["companyProfile"]["domain"] == "adatum.example"
    assert [(one["quantity"], one["status"]) for one in subscriptions] == [(10, "active"), (3, "active")]
    pages = [call for call in microsoft_fake.calls if call["path"] == "/v1/customers"]
    assert [call["headers"].get("ms-continuationtoken") for call in pages] == [None, "at-3", "at-6"]
    assert len({call["headers"]["ms-requestid"] for call in pages}) == 3


def test_a_try_has_the_same_request_id(microsoft_fake: Microsoft) -> None:
    microsoft_fake.fail("drop")
    run(using(csp_client(microsoft_fake), lambda csp: csp.customer(TENANT)))
    calls = [call for call in microsoft_fake.calls if call["method"] == "GET"]
    assert len(calls) == 2 and len({call["headers"]["ms-requestid"] for call in calls}) == 1


def test_errors_of_partner_center(microsoft_fake: Microsoft) -> None:
    with pytest.raises(NotFound) as raised:
        run(using(csp_client(microsoft_fake), lambda csp: csp.customer("nobody")))
    error = raised.value
    assert (error.code, error.message, error.request_id) == ("2000", "Customer not found.", "partner-request-1")


def test_each_tenant_has_its_token(microsoft_fake: Microsoft) -> None:
    async def work(csp: microsoft_csp.Client) -> list[Any]:
        return [
            await csp.users(TENANT),
            await csp.users(OTHER, "accountEnabled eq true", select=("id",)),
            await csp.subscribed_skus(TENANT),
        ]

    users, enabled, skus = run(using(csp_client(microsoft_fake), work))
    assert len(users) == 7 and len(enabled) == 6
    assert {user["id"].split("-")[1] for user in users} == {"1"}
    assert [(sku["skuPartNumber"], sku["consumedUnits"], sku["prepaidUnits"]["enabled"]) for sku in skus] == [
        ("SPB", 7, 10),
        ("O365_BUSINESS_PREMIUM", 0, 3),
    ]
    tokens = {call["token"] for call in microsoft_fake.calls if call["path"].startswith("/v1.0/")}
    assert len(tokens) == 2 and microsoft_fake.tokens_issued == 2


def test_users_and_licenses(microsoft_fake: Microsoft) -> None:
    async def work(csp: microsoft_csp.Client) -> Any:
        name = "ada@adatum.example"
        user = await csp.create_user(TENANT, name, "Ada", "pass-Word-1", usage_location="DE", department="IT")
        assert user["mailNickname"] == "ada" and user["department"] == "IT"
        await csp.assign_license(TENANT, user["id"], add=[PREMIUM, STANDARD])
        await csp.assign_license(TENANT, name, remove=[PREMIUM])
        await csp.disable_user(TENANT, name)
        return await csp.user(TENANT, name)

    user = run(using(csp_client(microsoft_fake), work))
    assert [one["skuId"] for one in user["assignedLicenses"]] == [STANDARD]
    assert user["accountEnabled"] is False
    assert microsoft_fake.revoked == ["ada@adatum.example"]


def test_what_graph_does_not_accept(microsoft_fake: Microsoft) -> None:
    async def work(csp: microsoft_csp.Client) -> list[Any]:
        errors = []
        for name in ("user1@adatum.example", "ada@elsewhere.example"):
            with pytest.raises(Invalid) as raised:
                await csp.create_user(TENANT, name, "Ada", "pass-Word-1", usage_location="DE")
            errors.append(raised.value)
        with pytest.raises(Invalid, match="available licenses"):
            await csp.assign_license(TENANT, "user1@adatum.example", add=["unknown"])
        return errors

    taken, foreign = run(using(csp_client(microsoft_fake), work))
    assert "already exists" in taken.message and "domain" in foreign.message
    assert (taken.code, taken.request_id) == ("Request_BadRequest", "graph-request-1")


def test_a_tenant_that_has_not_consented(microsoft_fake: Microsoft) -> None:
    with pytest.raises(Denied, match="AADSTS90002"):
        run(using(csp_client(microsoft_fake), lambda csp: csp.users("unknown.example")))


@pytest.mark.parametrize("tenant", ["", "a/b", "../x", "a?b", ".", "a b", "x@y", "evil.example/a#"])
def test_tenants_that_are_none(microsoft_fake: Microsoft, tenant: str) -> None:
    with pytest.raises(Invalid, match="not a tenant"):
        run(using(csp_client(microsoft_fake), lambda csp: csp.users(tenant)))
    assert microsoft_fake.calls == []


def test_connecting_with_the_integration(microsoft_fake: Microsoft) -> None:
    oauth = {
        "connection_name": "csp",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token_url": microsoft_fake.address + "/{entity_id}/oauth2/v2.0/token",
    }
    config = {
        "partner_tenant": PARTNER_TENANT,
        "partner_url": microsoft_fake.address,
        "graph_url": microsoft_fake.address,
    }

    async def workflow() -> Any:
        async with microsoft_csp.Client.connect() as csp:
            return len(await csp.customers()), len(await csp.users(TENANT))

    data = {"integration_id": "i", "config": config, "oauth": oauth}
    assert run_workflow(workflow, api=lambda *_: dict(data)) == (7, 7)


def test_a_token_of_the_platform_is_for_its_tenant_only(microsoft_fake: Microsoft) -> None:
    scope = "https://graph.microsoft.com/.default"
    microsoft_fake.tokens["given"] = {"until": float("inf"), "uses": -1, "tenant": TENANT, "scope": scope}
    asked: list[Any] = []

    def api(operation: str, arguments: dict[str, Any]) -> Any:
        asked.append(arguments["oauth_scope"])
        oauth = {"connection_name": "csp", "access_token": "given"}
        config = {"graph_url": microsoft_fake.address}
        return {"integration_id": "i", "entity_id": TENANT, "config": config, "oauth": oauth}

    async def workflow() -> Any:
        csp = await microsoft_csp.connect()
        async with csp:
            with pytest.raises(NotConfigured, match="only"):
                await csp.users(OTHER)
            with pytest.raises(NotConfigured, match="partner_tenant"):
                await csp.customers()
            return len(await csp.users(csp.entity_id or ""))

    assert run_workflow(workflow, api=api) == 7
    assert asked == [None, scope]


def test_the_tenant_is_put_into_the_token_url() -> None:
    data = IntegrationData("i", config={"client_id": "c", "client_secret": "s"})
    client = microsoft_csp.Client.of("Microsoft CSP", data)
    source: Any = client._tokens.source("a.example", "scope")
    assert source.token_url == "https://login.microsoftonline.com/a.example/oauth2/v2.0/token"


def test_passwords() -> None:
    passwords = {microsoft_csp.new_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 16
        assert any(letter.islower() for letter in password) and any(letter.isupper() for letter in password)
        assert any(letter.isdigit() for letter in password) and not password.isalnum()
