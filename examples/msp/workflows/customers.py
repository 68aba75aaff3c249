"""Makes the platform's organizations from a vendor's customers, and says what each is at the others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bifrost import Organization, WorkflowError, integrations, organizations, workflow
from helpers.for_users import for_users
from helpers.matching import key
from modules import microsoft_csp, ninjaone, pax8

logger = logging.getLogger(__name__)

MICROSOFT, PAX8, NINJAONE = (one.Client.INTEGRATION for one in (microsoft_csp, pax8, ninjaone))


@workflow(
    name="Sync customers",
    description="Makes an organization of each Microsoft customer, and maps it in all integrations.",
    category="MSP",
    tags=["microsoft", "pax8", "ninjaone"],
)
async def sync_customers(create_missing: bool = False, dry_run: bool = True) -> dict[str, Any]:
    """An organization is found by its mapping, its domain or its name.

    Its company at Pax8 and its organization at NinjaOne are found by domain and name. Mappings that
    are there stay, so that somebody can correct one by hand. With `create_missing`, organizations
    that are not there are made. With `dry_run` nothing is written. For an administrator of the
    platform: others may not make organizations.
    """
    with for_users():
        async with microsoft_csp.Client.connect() as csp, pax8.Client.connect() as distributor:
            customers, companies = await csp.customers(), await distributor.companies("Active")
        async with ninjaone.Client.connect() as ninja:
            managed = await ninja.organizations()
    sync = Sync(await organizations.list(), create_missing, dry_run)
    for name in (MICROSOFT, PAX8, NINJAONE):
        await sync.read(name)
    by_domain = {_domain(one): one for one in companies}
    by_name = {key(one["name"]): one for one in companies}
    at_ninja = {key(one["name"]): one for one in managed}

    for customer in customers:
        profile = customer["companyProfile"]
        organization = await sync.organization(profile["companyName"], profile["domain"], customer["id"])
        if organization is None:
            continue
        name = key(profile["companyName"])
        await sync.map(MICROSOFT, organization, customer["id"], profile["companyName"])
        if company := by_domain.get(profile["domain"]) or by_name.get(name):
            await sync.map(PAX8, organization, company["id"], company["name"])
        if name in at_ninja:
            await sync.map(NINJAONE, organization, str(at_ninja[name]["id"]), at_ninja[name]["name"])
    return {"dry_run": dry_run, **sync.report, "success": not sync.report["errors"]}


class Sync:
    """One run."""

    def __init__(self, known: list[Organization], create: bool, dry_run: bool) -> None:
        own = [one for one in known if not one.is_provider]
        self.by_id = {one.id: one for one in own}
        self.by_domain = {one.domain: one for one in own if one.domain}
        self.by_name = {key(one.name): one for one in own}
        self.create, self.dry_run = create, dry_run
        self.entities: dict[str, dict[str, str]] = {}
        """By integration: organization to what it is called there."""
        self.report: dict[str, Any] = {"found": 0, "created": [], "missing": [], "mapped": {}, "errors": []}

    async def read(self, name: str) -> None:
        """The mappings of an integration."""
        mappings = await integrations.list_mappings(name, scope="global") or []
        self.entities[name] = {one.organization_id: one.entity_id for one in mappings}
        self.report["mapped"][name] = 0

    async def organization(self, name: str, domain: str, tenant: str) -> Organization | None:
        """The organization of a customer, made if need be."""
        mapped = next((id for id, entity in self.entities[MICROSOFT].items() if entity == tenant), "")
        found = self.by_id.get(mapped) or self.by_domain.get(domain) or self.by_name.get(key(name))
        if found:
            self.report["found"] += 1
            return found
        if not self.create:
            self.report["missing"].append(name)
            return None
        self.report["created"].append(name)
        if self.dry_run:
            return None
        try:
            made = await organizations.create(name, domain=domain)
        except WorkflowError as error:
            logger.warning("%s: %s", name, error)
            self.report["created"].remove(name)
            self.report["errors"].append(f"{name}: {error}")
            return None
        logger.info("Made the organization %s", name)
        return made

    async def map(self, name: str, organization: Organization, entity_id: str, entity_name: str) -> None:
        """Says what an organization is called somewhere, unless that was said before."""
        entities: Mapping[str, str] = self.entities[name]
        if organization.id in entities:
            return
        if not self.dry_run:
            await integrations.upsert_mapping(
                name, scope=organization.id, entity_id=entity_id, entity_name=entity_name
            )
        self.report["mapped"][name] += 1


def _domain(company: Mapping[str, Any]) -> str:
    site = str(company.get("website") or "")
    return (urlsplit(site if "//" in site else f"//{site}").hostname or "").removeprefix("www.")
