"""HaloPSA: clients, sites, agents and tickets.

    from modules import halopsa

    async with halopsa.Client.connect() as halo:
        ticket = await halo.create_ticket("Printer on fire", client_id=12)
        await halo.add_action(ticket["id"], "Sent somebody with a bucket.")

Needs an integration “HaloPSA” with client id and secret of an API application (*Configuration >
Integrations > Halo API*, method “Client ID and Secret”). Its config:

| key | |
|---|---|
| `base_url` | the resource server without `/api`, for instance `https://example.halopsa.com` |
| `tenant` | the tenant's name, where Halo hosts it and asks for one |
| `auth_url` | the authorisation server, when it is not `base_url` with `/auth` |
| `page_size` | records of a page, 100 unless it says less |

Ids are whole numbers. Times are ISO 8601, in UTC where they have no offset.
Calls raise the errors of `modules.api_errors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

from bifrost import IntegrationData

from ._rest import (
    ApiClient,
    Detail,
    NotFound,
    Policy,
    Record,
    Session,
    TokenSource,
    number_of,
    numbered,
    page_size,
    path,
    record_of,
    records_of,
    setting,
    source_of,
)

SCOPE = "all"
PAGE_SIZE = 100
SERVICE = "HaloPSA"


class Client(ApiClient):
    """One connection. `page_size` is how many records a page has, 100 at most."""

    INTEGRATION = "HaloPSA"

    def __init__(
        self, base_url: str, tokens: TokenSource, *, page_size: int = PAGE_SIZE, policy: Policy | None = None
    ) -> None:
        self._session = Session(SERVICE, base_url, tokens, read_error=_read_error, policy=policy)
        self._page_size = page_size

    @classmethod
    def of(cls, name: str, data: IntegrationData) -> Self:
        base_url = setting(data, "base_url").rstrip("/").removesuffix("/api")
        token_url = setting(data, "auth_url", f"{base_url}/auth").rstrip("/") + "/token"
        if tenant := data.config.get("tenant"):
            token_url += f"?tenant={quote(str(tenant), safe='')}"
        tokens = source_of(name, data, token_url=token_url, scope=SCOPE)
        return cls(base_url, tokens, page_size=page_size(data, PAGE_SIZE))

    async def clients(self, search: str | None = None, *, inactive: bool = False) -> list[Record]:
        """Clients (customers): `id`, `name`, `toplevel_id`, `toplevel_name`, `inactive`, `main_site_id`, …

        `search` matches the name; with `inactive` those are there too.
        """
        params = {"search": search, "includeinactive": inactive or None}
        return await self._all("/api/client", "clients", params)

    async def client(self, client_id: int) -> Record:
        """One client with its details. `NotFound` when there is none."""
        return await self._one(path("api", "client", client_id), {"includedetails": True})

    async def create_client(self, name: str, **fields: Any) -> Record:
        """Makes a client, with a main site, and answers it. `fields` are those of Halo."""
        return await self._save("/api/client", {"name": name, **fields})

    async def sites(self, client_id: int | None = None) -> list[Record]:
        """Sites of one client or of all: `id`, `name`, `client_id`, `client_name`, `inactive`, …"""
        return await self._all("/api/site", "sites", {"client_id": client_id})

    async def create_site(self, client_id: int, name: str, **fields: Any) -> Record:
        """Makes a site of a client and answers it."""
        return await self._save("/api/site", {"client_id": client_id, "name": name, **fields})

    async def agents(self, *, disabled: bool = False) -> list[Record]:
        """Agents: `id`, `name`, `email`, `team`, `isdisabled`, …; with `disabled` also those."""
        return await self._all("/api/agent", "agents", {"includedisabled": disabled or None})

    async def tickets(self, **filters: Any) -> list[Record]:
        """Tickets: `id`, `summary`, `details`, `client_id`, `client_name`, `site_id`, `user_name`,
        `status_id`, `tickettype_id`, `priority_id`, `agent_id`, `team`, `dateoccurred`, …

        Filters are those of Halo: `open_only=True`, `client_id`, `agent_id`, `status_id`,
        `requesttype_id`, `search`, `search_summary`, `datesearch` with `startdate` and
        `enddate`, …; a list becomes numbers with commas between them.
        """
        return await self._all("/api/tickets", "tickets", {key: _joined(value) for key, value in filters.items()})

    async def ticket(self, ticket_id: int) -> Record:
        """One ticket with its details. `NotFound` when there is none."""
        return await self._one(path("api", "tickets", ticket_id), {"includedetails": True})

    async def create_ticket(
        self,
        summary: str,
        details: str = "",
        *,
        client_id: int | None = None,
        site_id: int | None = None,
        user_id: int | None = None,
        tickettype_id: int | None = None,
        **fields: Any,
    ) -> Record:
        """Makes a ticket and answers it. What is not given, Halo fills with its defaults.

        Further `fields` are those of Halo: `priority_id`, `agent_id`, `team`, `category_1`,
        `details_html`, `customfields` (a list of `{"name": ..., "value": ...}`), …
        `Invalid` when Halo does not accept them.
        """
        known = {"client_id": client_id, "site_id": site_id, "user_id": user_id, "tickettype_id": tickettype_id}
        given = {key: value for key, value in known.items() if value is not None}
        return await self._save("/api/tickets", {"summary": summary, "details": details, **given, **fields})

    async def update_ticket(self, ticket_id: int, **fields: Any) -> Record:
        """Changes fields of a ticket and answers it."""
        return await self._save("/api/tickets", {"id": ticket_id, **fields})

    async def add_action(
        self, ticket_id: int, note: str, *, outcome: str = "Private Note", private: bool = True, **fields: Any
    ) -> Record:
        """Adds an action to a ticket and answers it.

        `outcome` is the name of one that the ticket's type has. With `private`, end users do
        not see it. Further `fields`: `note_html`, `timetaken` (hours), `sendemail`, …
        """
        action = {"ticket_id": ticket_id, "outcome": outcome, "note": note, "hiddenfromuser": private, **fields}
        return await self._save("/api/actions", action)

    async def actions(self, ticket_id: int) -> list[Record]:
        """Actions of a ticket, newest first: `id`, `outcome`, `note`, `who`, `datetime`, `hiddenfromuser`, …"""
        answer = await self._session.get("/api/actions", {"ticket_id": ticket_id, "excludesys": True})
        return records_of(SERVICE, answer, "actions")

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _one(self, resource: str, params: Mapping[str, Any]) -> Record:
        record = record_of(SERVICE, await self._session.get(resource, params))
        if not record.get("id"):
            raise NotFound("there is no such record", service=SERVICE, call=f"GET {resource}", status=200)
        return record

    async def _save(self, resource: str, record: Mapping[str, Any]) -> Record:
        """Halo takes lists, and creates what has no id. It answers the record, or a list of it."""
        answer = await self._session.post(resource, [dict(record)])
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        return record_of(SERVICE, answer)

    async def _all(self, resource: str, key: str, params: Mapping[str, Any]) -> list[Record]:
        async def read(number: int) -> tuple[list[Record], int]:
            asked = {**params, "pageinate": True, "page_size": self._page_size, "page_no": number}
            answer = await self._session.get(resource, asked)
            if isinstance(answer, list):  # some lists have no pages
                return records_of(SERVICE, answer), 1
            page = records_of(SERVICE, answer, key)
            count = number_of(SERVICE, answer.get("record_count"), "record_count")
            return page, math.ceil(count / self._page_size)

        return await numbered(SERVICE, 1, read)


async def connect(name: str | None = None, *, scope: str | None = None) -> Client:
    """A client for the integration “HaloPSA”, or another name. See `Client.open`."""
    return await Client.open(name, scope=scope)


def _joined(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _read_error(body: Mapping[str, Any]) -> Detail | None:
    """Errors are .NET exceptions, texts under `message`, or those of OAuth."""
    fields = {key.lower(): value for key, value in body.items()}
    message = fields.get("message") or fields.get("error_description") or fields.get("error")
    if not message:
        return None
    code = fields.get("classname") or (fields.get("error") if fields.get("error") != message else None)
    return Detail(str(message), str(code) if code else None)
