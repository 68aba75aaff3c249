"""HaloPSA: its lists, what it saves, and errors."""

from __future__ import annotations

from typing import Any

import pytest

from bifrost import IntegrationData
from fakes.halopsa import HaloPSA
from modules import halopsa
from modules._rest import ClientCredentials
from modules.api_errors import Invalid, NotConfigured, NotFound
from support import halo_client, run, using


def test_lists(halo_fake: HaloPSA) -> None:
    async def work(halo: halopsa.Client) -> list[Any]:
        return [
            await halo.clients(),
            await halo.clients(search="wing"),
            await halo.sites(),
            await halo.sites(11),
            await halo.agents(),
            await halo.tickets(open_only=True, client_id=12),
            await halo.tickets(status_id=[1, 9]),
        ]

    lists = run(using(halo_client(halo_fake, page_size=2), work))
    assert [len(one) for one in lists] == [5, 1, 5, 1, 3, 3, 25]
    query = next(call["query"] for call in halo_fake.calls if call["path"] == "/api/tickets")
    assert query == {
        "open_only": "true", "client_id": "12", "pageinate": "true", "page_size": "2", "page_no": "1",
    }  # fmt: skip


def test_no_record_is_read_twice_or_left_out(halo_fake: HaloPSA) -> None:
    for size in (1, 5, 24, 25, 26):
        halo_fake.reset()
        tickets = run(using(halo_client(halo_fake, page_size=size), lambda halo: halo.tickets()))
        assert [ticket["id"] for ticket in tickets] == list(range(1000, 1025))
        assert halo_fake.count("GET /api/tickets") == -(-25 // size)


def test_a_ticket_from_its_beginning(halo_fake: HaloPSA) -> None:
    async def work(halo: halopsa.Client) -> list[Any]:
        ticket = await halo.create_ticket("Printer on fire", "Third floor", client_id=11, priority_id=1)
        changed = await halo.update_ticket(ticket["id"], team="2nd Line")
        action = await halo.add_action(ticket["id"], "On the way", timetaken=0.5)
        return [ticket, changed, action, await halo.actions(ticket["id"]), await halo.ticket(ticket["id"])]

    ticket, changed, action, actions, read = run(using(halo_client(halo_fake), work))
    assert (ticket["summary"], ticket["client_id"], ticket["priority_id"]) == ("Printer on fire", 11, 1)
    assert changed["team"] == "2nd Line" and changed["summary"] == "Printer on fire"
    assert action["hiddenfromuser"] is True and action["timetaken"] == 0.5
    assert [one["note"] for one in actions] == ["On the way"]
    assert read["team"] == "2nd Line"
    posted = [call["body"] for call in halo_fake.calls if call["method"] == "POST" and call["path"] == "/api/tickets"]
    assert all(isinstance(body, list) and len(body) == 1 for body in posted)


def test_clients_and_sites_are_made(halo_fake: HaloPSA) -> None:
    async def work(halo: halopsa.Client) -> list[Any]:
        client = await halo.create_client("Northwind")
        site = await halo.create_site(client["id"], "Warehouse")
        return [site, await halo.sites(client["id"]), await halo.client(client["id"])]

    site, sites, client = run(using(halo_client(halo_fake), work))
    assert site["client_name"] == client["name"] == "Northwind"
    assert [one["name"] for one in sites] == ["Main Office", "Warehouse"]


def test_what_halo_does_not_accept(halo_fake: HaloPSA) -> None:
    with pytest.raises(Invalid) as raised:
        run(using(halo_client(halo_fake), lambda halo: halo.create_ticket("")))
    assert raised.value.code == "System.ArgumentException"
    assert raised.value.message == "Please enter a value for summary."


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"message": "Nope"}, None, "Nope"),
        ({"error": "invalid_grant", "error_description": "No"}, "invalid_grant", "No"),
        ("a text", None, "a text"),
    ],
)
def test_errors(halo_fake: HaloPSA, body: Any, code: str | None, message: str) -> None:
    halo_fake.fail("status", status=400, body=body)
    with pytest.raises(Invalid) as raised:
        run(using(halo_client(halo_fake), lambda halo: halo.ticket(1000)))
    assert (raised.value.code, raised.value.message) == (code, message)


def test_an_empty_record_is_none(halo_fake: HaloPSA) -> None:
    halo_fake.fail("answer", body={"id": 0})
    with pytest.raises(NotFound):
        run(using(halo_client(halo_fake), lambda halo: halo.client(1)))


@pytest.mark.parametrize(
    ("config", "token_url"),
    [
        ({"base_url": "https://a.halopsa.com"}, "https://a.halopsa.com/auth/token"),
        ({"base_url": "https://a.halopsa.com/api/", "tenant": "a b"}, "https://a.halopsa.com/auth/token?tenant=a%20b"),
        ({"base_url": "https://a.b", "auth_url": "https://auth.b/auth/"}, "https://auth.b/auth/token"),
    ],
)
def test_where_tokens_are(config: dict[str, str], token_url: str) -> None:
    data = IntegrationData("i", config={**config, "client_id": "c", "client_secret": "s"})
    source = halopsa.Client.of("HaloPSA", data)._session._tokens._source
    assert isinstance(source, ClientCredentials)
    assert (source.token_url, source.scope) == (token_url, "all")


def test_the_address_is_needed() -> None:
    with pytest.raises(NotConfigured, match="base_url"):
        halopsa.Client.of("HaloPSA", IntegrationData("i"))
