"""HaloPSA: some of the customers as clients, with sites and tickets, and one client of its own."""

from __future__ import annotations

import re
from typing import Any

from .base import Answer, Fake, Refusal, Request, main, route
from .world import CUSTOMERS

KNOWN = 4
"""The first customers are clients; the others are not known to Halo yet."""


class HaloPSA(Fake):
    """Serves HaloPSA's API."""

    NAME = "halopsa"
    TOKEN_PATH = re.compile(r"^/auth/token$")

    def fill(self) -> None:
        names = [customer.name for customer in CUSTOMERS[:KNOWN]] + ["Wingtip"]
        self.clients: list[dict[str, Any]] = [
            {"id": 10 + number, "name": name, "inactive": False} for number, name in enumerate(names, 1)
        ]
        self.sites = [
            {"id": client["id"] * 10, "name": "Main Office", "client_id": client["id"], "client_name": client["name"]}
            for client in self.clients
        ]
        self.agents = [{"id": number, "name": name, "team": team, "isdisabled": False} for number, name, team in (
            (1, "Ada", "1st Line"), (2, "Bert", "2nd Line"), (3, "Cleo", "Security"))]  # fmt: skip
        self.tickets = [
            {
                "id": 1000 + number,
                "summary": f"Question {number}",
                "details": "",
                "client_id": self.clients[number % 5]["id"],
                "client_name": self.clients[number % 5]["name"],
                "status_id": 1 if number % 3 else 9,
                "priority_id": 4,
                "tickettype_id": 1,
                "agent_id": 1,
                "team": "1st Line",
            }
            for number in range(25)
        ]
        self.actions: list[dict[str, Any]] = []

    def error(self, status: int, message: str, code: str) -> Answer:
        return Answer(status, {"ClassName": code or "System.Exception", "Message": message, "Data": None})

    @route("GET", "/api/client")
    def get_clients(self, request: Request) -> Any:
        wanted = request.query.get("search", "").lower()
        return _page(request, "clients", [client for client in self.clients if wanted in client["name"].lower()])

    @route("GET", "/api/client/{id}")
    def get_client(self, request: Request, id: str) -> Any:
        return _by_id(self.clients, id)

    @route("POST", "/api/client")
    def post_client(self, request: Request) -> Any:
        client = self._save(self.clients, request, "name", {"inactive": False})
        site = {
            "id": client["id"] * 10,
            "name": "Main Office",
            "client_id": client["id"],
            "client_name": client["name"],
        }
        self.sites.append(site)
        return Answer(201, client)

    @route("GET", "/api/site")
    def get_sites(self, request: Request) -> Any:
        return _page(request, "sites", _filtered(self.sites, request, "client_id"))

    @route("POST", "/api/site")
    def post_site(self, request: Request) -> Any:
        client = _by_id(self.clients, str(request.body[0]["client_id"]))
        return Answer(201, self._save(self.sites, request, "name", {"client_name": client["name"]}))

    @route("GET", "/api/agent")
    def get_agents(self, request: Request) -> Any:
        return self.agents

    @route("GET", "/api/tickets")
    def get_tickets(self, request: Request) -> Any:
        found = _filtered(self.tickets, request, "client_id", "status_id", "agent_id")
        if request.query.get("open_only") == "true":
            found = [ticket for ticket in found if ticket["status_id"] != 9]
        wanted = request.query.get("search_summary", "").lower()
        return _page(request, "tickets", [ticket for ticket in found if wanted in ticket["summary"].lower()])

    @route("GET", "/api/tickets/{id}")
    def get_ticket(self, request: Request, id: str) -> Any:
        return _by_id(self.tickets, id)

    @route("POST", "/api/tickets")
    def post_ticket(self, request: Request) -> Any:
        defaults = {
            "status_id": 1,
            "priority_id": 4,
            "tickettype_id": 1,
            "agent_id": 1,
            "team": "1st Line",
            "details": "",
        }
        return Answer(201, self._save(self.tickets, request, "summary", defaults))

    @route("GET", "/api/actions")
    def get_actions(self, request: Request) -> Any:
        found = _filtered(self.actions, request, "ticket_id")[::-1]
        return {"record_count": len(found), "actions": found}

    @route("POST", "/api/actions")
    def post_action(self, request: Request) -> Any:
        _by_id(self.tickets, str(request.body[0]["ticket_id"]))
        return Answer(201, [self._save(self.actions, request, "outcome", {})])

    def _save(
        self, records: list[dict[str, Any]], request: Request, needed: str, defaults: dict[str, Any]
    ) -> dict[str, Any]:
        if not isinstance(request.body, list) or len(request.body) != 1:
            raise Refusal(400, "The body has to be a list.", "System.ArgumentException")
        given = request.body[0]
        if "id" in given:
            record = _by_id(records, str(given["id"]))
            record.update(given)
            return record
        if not given.get(needed):
            raise Refusal(400, f"Please enter a value for {needed}.", "System.ArgumentException")
        record = {"id": max((one["id"] for one in records), default=0) + 1, **defaults, **given}
        records.append(record)
        return record


def _page(request: Request, key: str, records: list[dict[str, Any]]) -> Any:
    if request.query.get("pageinate") != "true":
        return {"record_count": len(records), key: records[:50]}
    number, size = int(request.query["page_no"]), int(request.query["page_size"])
    page = records[(number - 1) * size : number * size]
    return {"page_no": number, "page_size": size, "record_count": len(records), key: page}


def _filtered(records: list[dict[str, Any]], request: Request, *keys: str) -> list[dict[str, Any]]:
    for key in keys:
        if key in request.query:
            wanted = request.query[key].split(",")
            records = [record for record in records if str(record[key]) in wanted]
    return records


def _by_id(records: list[dict[str, Any]], id: str) -> dict[str, Any]:
    for record in records:
        if str(record["id"]) == id:
            return record
    raise Refusal(404, f"There is no {id}.", "System.NotFound")


if __name__ == "__main__":
    main(HaloPSA)
