"""Keeps HaloPSA's clients and sites in step with NinjaOne's organizations and locations."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from bifrost import workflow
from helpers.for_users import for_users
from helpers.mapping import Mapping
from helpers.matching import by_name, key
from modules import halopsa, ninjaone
from modules.api_errors import Invalid

logger = logging.getLogger(__name__)


@workflow(
    name="Sync sites to HaloPSA",
    description="Maps NinjaOne's organizations and locations to HaloPSA's clients and sites.",
    category="MSP",
    tags=["ninjaone", "halopsa"],
    timeout_seconds=900,
)
async def sync_sites(create_missing: bool = False, dry_run: bool = True) -> dict[str, Any]:
    """Finds each organization among the clients, and each location among its client's sites.

    What was found once is kept in the config and holds whatever is renamed; what is new is
    found by its name. With `create_missing`, what is not there is made. With `dry_run`,
    nothing is made or kept.
    """
    with for_users():
        async with ninjaone.Client.connect() as ninja, halopsa.Client.connect() as halo:
            sync = Sync(halo, await Mapping.load(), create_missing and not dry_run)
            try:
                await sync.run(await ninja.organizations(), await ninja.locations())
            finally:
                if not dry_run:
                    await sync.mapping.save()
    return {"dry_run": dry_run, **sync.report, "success": not sync.report["errors"]}


class Sync:
    """One run."""

    def __init__(self, halo: halopsa.Client, mapping: Mapping, create: bool) -> None:
        self.halo, self.mapping, self.create = halo, mapping, create
        self.report: dict[str, Any] = {
            "clients": 0, "sites": 0, "clients_created": [], "sites_created": [],
            "clients_missing": [], "sites_missing": [], "ambiguous": [], "errors": [],
        }  # fmt: skip

    async def run(self, organizations: list[dict[str, Any]], locations: list[dict[str, Any]]) -> None:
        clients, sites = await self.halo.clients(), await self.halo.sites()
        logger.info("%d organizations, %d clients, %d sites", len(organizations), len(clients), len(sites))
        client_ids, named = {client["id"] for client in clients}, by_name(clients)
        locations_of, sites_of = defaultdict(list), defaultdict(list)
        for location in locations:
            locations_of[location["organizationId"]].append(location)
        for site in sites:
            sites_of[site["client_id"]].append(site)

        for organization in organizations:
            client_id = self.mapping.clients.get(organization["id"])
            if client_id not in client_ids:
                client_id = await self._client(organization, named, sites_of)
            if client_id is not None:
                self.mapping.clients[organization["id"]] = client_id
                self.report["clients"] += 1
                for location in locations_of[organization["id"]]:
                    await self._site(organization, location, client_id, sites_of[client_id])

    async def _client(self, organization: dict[str, Any], named: Any, sites_of: Any) -> int | None:
        name, found = organization["name"], named[key(organization["name"])]
        if len(found) > 1:
            self.report["ambiguous"].append(name)
            return None
        if found:
            return int(found[0]["id"])
        if not self.create:
            self.report["clients_missing"].append(name)
            return None
        try:
            client = await self.halo.create_client(name)
        except Invalid as error:
            self._failed(name, error)
            return None
        logger.info("Made the client %s (%s)", name, client["id"])
        self.report["clients_created"].append(name)
        sites_of[client["id"]] = await self.halo.sites(client["id"])  # Halo makes a first one
        return int(client["id"])

    async def _site(
        self, organization: dict[str, Any], location: dict[str, Any], client_id: int, sites: list[dict[str, Any]]
    ) -> None:
        name = f"{organization['name']}: {location['name']}"
        site_id = self.mapping.sites.get(location["id"])
        if site_id not in {site["id"] for site in sites}:
            site_id = next((site["id"] for site in sites if key(site["name"]) == key(location["name"])), None)
        if site_id is None and self.create:
            try:
                site = await self.halo.create_site(client_id, location["name"])
            except Invalid as error:
                return self._failed(name, error)
            sites.append(site)
            site_id = site["id"]
            logger.info("Made the site %s (%s)", name, site_id)
            self.report["sites_created"].append(name)
        if site_id is None:
            self.report["sites_missing"].append(name)
        else:
            self.mapping.sites[location["id"]] = site_id
            self.report["sites"] += 1

    def _failed(self, name: str, error: Invalid) -> None:
        logger.warning("%s: %s", name, error)
        self.report["errors"].append(f"{name}: {error.message}")
