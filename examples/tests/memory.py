"""A platform in memory that has the integrations of all vendors, tables and files, for one organization.

What the real one does beyond that is tested with it: `tests/tests/msp`.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from typing import Any

from bifrost import NotFoundError
from bifrost.testing import FakePlatform
from fakes.base import CLIENT_ID, CLIENT_SECRET, Fake
from fakes.world import PARTNER_TENANT


class Platform(FakePlatform):
    """Answers what workflows ask, and remembers what they wrote and emitted."""

    def __init__(self, fakes: dict[str, Fake]) -> None:
        super().__init__(api=self._answer)
        self.config["onboarding_mailbox"] = "service@provider.example"
        microsoft = fakes["graph"].address
        self.integrations: dict[str, dict[str, Any]] = {
            "NinjaOne": {"base_url": fakes["ninjaone"].address},
            "HaloPSA": {"base_url": fakes["halopsa"].address},
            "Pax8": {"base_url": fakes["pax8"].address},
            "Microsoft CSP": {
                "partner_tenant": PARTNER_TENANT,
                "partner_url": microsoft,
                "graph_url": microsoft,
                "token_url": microsoft + "/{tenant}/oauth2/v2.0/token",
            },
        }
        self.entities: dict[str, str] = {}
        """What the organization is called, by integration."""
        self.tables: dict[str, dict[str, Any]] = defaultdict(dict)
        self.files: dict[str, bytes] = {}
        self.events: list[tuple[str, Any]] = []

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        answer = getattr(self, "_" + operation.replace(".", "_"))
        return answer(**{key: value for key, value in arguments.items() if key != "scope"})

    def _integrations_get(self, name: str, **_: Any) -> Any:
        if name not in self.integrations:
            raise NotFoundError("integration not found")
        oauth = {"connection_name": "c", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        entity = self.entities.get(name)
        return {"integration_id": "i", "entity_id": entity, "config": self.integrations[name], "oauth": oauth}

    def _tables_query(self, table: str, limit: int, offset: int, **_: Any) -> Any:
        found = [self._document(table, id) for id in self.tables[table]]
        return {"documents": found[offset : offset + limit], "total": len(found), "limit": limit, "offset": offset}

    def _tables_get(self, table: str, doc_id: str) -> Any:
        if doc_id not in self.tables[table]:
            raise NotFoundError("document not found")
        return self._document(table, doc_id)

    def _tables_upsert(self, table: str, documents: list[dict[str, Any]]) -> Any:
        self.tables[table].update((one["id"], one["data"]) for one in documents)
        return {"documents": [self._document(table, one["id"]) for one in documents]}

    def _tables_delete_documents(self, table: str, doc_ids: list[str]) -> Any:
        return {"deleted_ids": [id for id in doc_ids if self.tables[table].pop(id, None) is not None]}

    def _document(self, table: str, id: str) -> dict[str, Any]:
        return {"id": id, "table_id": table, "data": self.tables[table][id]}

    def _files_write(self, path: str, location: str, content: str, **_: Any) -> None:
        self.files[f"{location}/{path}"] = base64.b64decode(content)

    def _files_sign(self, path: str, **_: Any) -> Any:
        return {"url": "/api/files/signed/token", "path": path, "expires_in": 600}

    def _events_emit(self, topic: str, data: Any) -> Any:
        self.events.append((topic, data))
        return {"event_id": "e", "subscribers_notified": 1}

    def _organizations_list(self) -> Any:
        return [{"id": "o1", "name": "Adatum", "domain": "adatum.example"}]
