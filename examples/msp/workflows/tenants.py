"""Which tenants of Microsoft can be worked with: looked at every night, shown at once."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from bifrost import context, organizations, tables, workflow
from helpers.documents import delete_all, read_all, write_all
from helpers.for_users import for_users
from modules import microsoft_csp
from modules.api_errors import ApiError

logger = logging.getLogger(__name__)

STATUS_TABLE = "tenant_status"
AT_ONCE = 5


@workflow(
    name="Check tenants",
    description="Looks whether each customer's tenant can be read, and keeps that in a table.",
    category="MSP",
    tags=["microsoft"],
    schedule="30 3 * * *",
)
async def check_tenants() -> dict[str, Any]:
    """A document for each tenant in the table `tenant_status`; those of former customers are deleted."""
    slots = asyncio.Semaphore(AT_ONCE)
    checked_at = datetime.now(UTC).isoformat(timespec="seconds")

    async def look_at(customer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        error, seats = None, 0
        async with slots:
            try:
                skus = await csp.subscribed_skus(customer["id"])
                seats = sum(sku["prepaidUnits"]["enabled"] for sku in skus)
            except ApiError as problem:
                logger.warning("%s: %s", customer["companyProfile"]["companyName"], problem)
                error = problem.message
        profile = customer["companyProfile"]
        status = {"name": profile["companyName"], "domain": profile["domain"], "is_readable": error is None}
        return customer["id"], {**status, "seats": seats, "error": error, "checked_at": checked_at}

    with for_users():
        async with microsoft_csp.Client.connect() as csp:
            tenants = dict(await asyncio.gather(*map(look_at, await csp.customers())))
    await write_all(STATUS_TABLE, tenants)
    former = sorted((await read_all(STATUS_TABLE)).keys() - tenants.keys())
    await delete_all(STATUS_TABLE, former)
    unreadable = sorted(one["name"] for one in tenants.values() if not one["is_readable"])
    return {"tenants": len(tenants), "unreadable": unreadable, "deleted": former, "success": not unreadable}


@workflow(category="MSP", tags=["microsoft"])
async def list_tenants() -> dict[str, Any]:
    """All customers of Partner Center, with what was found out about them and their organization here."""
    with for_users():
        async with microsoft_csp.Client.connect() as csp:
            customers = await csp.customers()
    found = await tables.query(STATUS_TABLE, scope=context.org_id, limit=1_000)
    status = {one.id: one.data for one in found.documents}
    here = {one.domain: one.name for one in await organizations.list() if one.domain}
    rows = [
        {
            "tenant": customer["id"],
            "name": customer["companyProfile"]["companyName"],
            "organization": here.get(customer["companyProfile"]["domain"]),
            "is_readable": status.get(customer["id"], {}).get("is_readable"),
            "checked_at": status.get(customer["id"], {}).get("checked_at"),
        }
        for customer in customers
    ]
    return {"tenants": sorted(rows, key=lambda row: row["name"].casefold())}
