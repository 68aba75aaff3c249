"""NinjaOne: its lists, reports, filters and errors."""

from __future__ import annotations

from typing import Any

import pytest

from bifrost import IntegrationData, OAuthCredentials
from bifrost.testing import run_workflow
from fakes.base import CLIENT_ID, CLIENT_SECRET
from fakes.ninjaone import NinjaOne
from modules import ninjaone
from modules._rest import ClientCredentials
from modules.api_errors import ApiError, Denied, NotConfigured
from support import ninja_client, run, using


def test_organizations_and_locations(ninja_fake: NinjaOne) -> None:
    async def work(ninja: ninjaone.Client) -> tuple[Any, ...]:
        return await ninja.organization(2), await ninja.locations(2), await ninja.locations()

    organization, locations, everywhere = run(using(ninja_client(ninja_fake), work))
    assert organization["name"] == "Contoso GmbH" and len(organization["locations"]) == 2
    assert [(one["id"], one["organizationId"]) for one in locations] == [(21, 2), (22, 2)]
    assert len(everywhere) == 14


def test_devices_of_one_organization(ninja_fake: NinjaOne) -> None:
    async def work(ninja: ninjaone.Client) -> tuple[list[Any], list[Any]]:
        return await ninja.devices(3, "class in (WINDOWS_SERVER)"), await ninja.devices(detailed=True)

    devices, detailed = run(using(ninja_client(ninja_fake, page_size=10), work))
    assert [device["id"] for device in devices] == [300, 301, 302, 303, 304]
    assert len(detailed) == 35 and detailed[0]["os"]["name"] == "Windows Server 2022"
    first = next(call for call in ninja_fake.calls if call["path"] == "/v2/devices")
    assert first["query"] == {"df": "org = 3 AND class in (WINDOWS_SERVER)", "pageSize": "10"}


def test_a_server_that_gives_smaller_pages_than_asked_for(ninja_fake: NinjaOne) -> None:
    pages = [[{"id": 1}, {"id": 2}], [{"id": 5}], []]
    for page in pages:
        ninja_fake.fail("answer", body=page)
    assert run(using(ninja_client(ninja_fake, page_size=500), lambda ninja: ninja.devices())) == pages[0] + pages[1]
    assert [call["query"].get("after") for call in ninja_fake.calls if call["method"] == "GET"] == [None, "2", "5"]


def test_reports_follow_the_cursor(ninja_fake: NinjaOne) -> None:
    async def work(ninja: ninjaone.Client) -> tuple[list[Any], ...]:
        return (
            await ninja.report("antivirus-status"),
            await ninja.report("os-patches", 2, status="FAILED"),
            await ninja.report("antivirus-status", 99),
        )

    antivirus, patches, nothing = run(using(ninja_client(ninja_fake, page_size=10), work))
    assert len(antivirus) == 28 and len({row["deviceId"] for row in antivirus}) == 28
    assert [(row["deviceId"], row["kbNumber"]) for row in patches] == [(201, "KB5001")]
    assert nothing == []
    assert ninja_fake.count("GET /v2/queries/antivirus-status") == 4


def test_the_cursor_as_text(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("answer", body={"results": [{"deviceId": 1}], "cursor": "abc"})
    ninja_fake.fail("answer", body={"results": [{"deviceId": 2}], "cursor": ""})
    assert len(run(using(ninja_client(ninja_fake), lambda ninja: ninja.report("disks")))) == 2
    assert ninja_fake.calls[-1]["query"]["cursor"] == "abc"


def test_alerts_are_reset_once(ninja_fake: NinjaOne) -> None:
    async def work(ninja: ninjaone.Client) -> list[Any]:
        alerts = await ninja.alerts(1)
        for alert in alerts:
            await ninja.reset_alert(alert["uid"])
            await ninja.reset_alert(alert["uid"])  # is gone already
        return alerts

    assert len(run(using(ninja_client(ninja_fake), work))) == 2
    assert all(alert["deviceId"] >= 200 for alert in ninja_fake.alerts)


def test_what_changes_devices(ninja_fake: NinjaOne) -> None:
    async def work(ninja: ninjaone.Client) -> Any:
        await ninja.review_devices([103], "REJECT")
        await ninja.review_devices([203], "APPROVE")
        await ninja.set_custom_fields(100, {"rack": "B7"})
        await ninja.run_script(100, action_uid="reboot", run_as="system")
        with pytest.raises(ValueError):
            await ninja.run_script(100)
        return await ninja.custom_fields(100)

    assert run(using(ninja_client(ninja_fake), work)) == {"rack": "B7"}
    states = {device["id"]: device["approvalStatus"] for device in ninja_fake.devices}
    assert 103 not in states and states[203] == "APPROVED"
    assert ninja_fake.scripts_run == [{"device": 100, "type": "ACTION", "uid": "reboot", "runAs": "system"}]


def test_custom_fields_are_set_again_after_a_failure(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("drop", method="PATCH", carried_out=True)
    run(using(ninja_client(ninja_fake), lambda ninja: ninja.set_custom_fields(100, {"rack": "B7"})))
    assert ninja_fake.count("PATCH /v2/device/100/custom-fields") == 2


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"resultCode": "FAILURE", "errorMessage": "no such node"}, "FAILURE", "no such node"),
        ({"errorMessage": {"code": "node_not_found", "params": {}}}, None, "node_not_found"),
        ({"error": "insufficient_scope", "error_description": "Not enough"}, None, "Not enough"),
        ({"other": 1}, None, '{"other": 1}'),
    ],
)
def test_errors(ninja_fake: NinjaOne, body: Any, code: str | None, message: str) -> None:
    ninja_fake.fail("status", status=403, body=body)
    with pytest.raises(Denied) as raised:
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))
    assert (raised.value.code, raised.value.message) == (code, message)
    assert str(raised.value).startswith("NinjaOne GET /v2/device/100: 403 ")


def test_an_error_says_what_support_asks_for(ninja_fake: NinjaOne) -> None:
    with pytest.raises(ApiError, match=r"\(request incident-1\)"):
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(7)))


def connected(data: dict[str, Any] | None) -> Any:
    """Runs a workflow that connects, on a platform with this integration."""

    async def workflow() -> Any:
        async with ninjaone.Client.connect(scope="org-1") as ninja:
            return ninja.entity_id, len(await ninja.organizations())

    asked: list[Any] = []

    def api(operation: str, arguments: dict[str, Any]) -> Any:
        asked.append((operation, arguments))
        return data

    result = run_workflow(workflow, api=api)
    assert asked == [("integrations.get", {"name": "NinjaOne", "scope": "org-1", "oauth_scope": None})]
    return result


def test_connecting_with_the_integration(ninja_fake: NinjaOne) -> None:
    oauth = {"connection_name": "n", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    data = {"integration_id": "i", "entity_id": "7", "config": {"base_url": ninja_fake.address + "/"}, "oauth": oauth}
    assert connected(data) == ("7", 7)
    secrets = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "base_url": ninja_fake.address}
    assert connected({"integration_id": "i", "config": secrets}) == (None, 7)


def test_connecting_with_a_token_of_the_platform(ninja_fake: NinjaOne) -> None:
    ninja_fake.tokens["given"] = {"until": float("inf"), "uses": -1}
    oauth = {"connection_name": "n", "access_token": "given"}
    data = {"integration_id": "i", "config": {"base_url": ninja_fake.address}, "oauth": oauth}
    assert connected(data) == (None, 7)
    assert ninja_fake.count("POST /ws/oauth/token") == 0


def test_a_token_of_the_platform_is_asked_for_again(ninja_fake: NinjaOne) -> None:
    answers, asked = ["old", "new"], []
    ninja_fake.tokens["new"] = {"until": float("inf"), "uses": -1}

    async def workflow() -> int:
        ninja = await ninjaone.connect()
        async with ninja:
            return len(await ninja.organizations())

    def api(operation: str, arguments: dict[str, Any]) -> Any:
        asked.append(operation)
        oauth = {"connection_name": "n", "access_token": answers.pop(0)}
        if operation == "integrations.refresh":
            return oauth
        return {"integration_id": "i", "config": {"base_url": ninja_fake.address}, "oauth": oauth}

    assert run_workflow(workflow, api=api) == 7
    assert asked == ["integrations.get", "integrations.refresh"]


@pytest.mark.parametrize(
    "data", [{"integration_id": "i"}, {"integration_id": "i", "config": {"client_id": "x", "base_url": "https://a.b"}}]
)
def test_an_integration_that_lacks_something(data: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured, match="neither"):
        connected(data)


def test_a_connection_that_failed() -> None:
    def api(operation: str, arguments: dict[str, Any]) -> Any:
        return {"integration_id": "i", "config": {}, "oauth": {"connection_name": "n", "error": "refused: connect it again"}}

    async def workflow() -> None:
        await ninjaone.connect()

    with pytest.raises(NotConfigured, match="connect it again"):
        run_workflow(workflow, api=api)


@pytest.mark.parametrize("size", [501, -1, "many", True])
def test_a_page_size_that_cannot_be(size: Any) -> None:
    data = {"integration_id": "i", "config": {"client_id": "x", "client_secret": "y", "page_size": size}}
    with pytest.raises(NotConfigured, match="from 1 to 500"):
        connected(data)


def test_no_integration() -> None:
    from bifrost import NotFoundError

    def api(operation: str, arguments: dict[str, Any]) -> Any:
        raise NotFoundError("integration not found")

    async def workflow() -> None:
        await ninjaone.connect()

    with pytest.raises(NotConfigured, match="no integration “NinjaOne”"):
        run_workflow(workflow, api=api)


def test_the_region_says_where_tokens_are() -> None:
    oauth = OAuthCredentials("n", client_id="c", client_secret="s")
    client = ninjaone.Client.of(
        "NinjaOne", IntegrationData("i", config={"base_url": "https://eu.ninjarmm.com"}, oauth=oauth)
    )
    source = client._session._tokens._source
    assert isinstance(source, ClientCredentials)
    assert source.token_url == "https://eu.ninjarmm.com/ws/oauth/token"
    assert source.scope == "monitoring management control"
