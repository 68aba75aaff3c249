"""What each customer has bought at Pax8, as a spreadsheet for those who write invoices."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from bifrost import files, workflow
from helpers import spreadsheet
from helpers.for_users import for_users
from modules import pax8
from modules.api_errors import ApiError

logger = logging.getLogger(__name__)

COLUMNS = ("company", "product", "quantity", "price", "charge", "usage", "total", "currency", "billing_term")


@workflow(
    name="Billing report",
    description="Subscriptions and usage of all companies at Pax8, as a spreadsheet.",
    category="MSP",
    tags=["pax8", "reports"],
    timeout_seconds=1_200,
    time_saved=90,
)
async def billing_report() -> dict[str, Any]:
    """Kept as `reports/billing/YEAR-MONTH.xlsx`, with an address that is good for ten minutes.

    A run of the same month replaces it. Usage that cannot be read is named, and counts as nothing.
    """
    errors: list[str] = []
    with for_users():
        async with pax8.Client.connect() as distributor:
            companies = {one["id"]: one["name"] for one in await distributor.companies("Active")}
            subscriptions = await distributor.subscriptions(status="Active")

            async def usage(subscription: dict[str, Any]) -> float:
                try:
                    lines = await distributor.usage_summaries(subscription["id"])
                except ApiError as error:
                    logger.warning("%s: %s", subscription["productName"], error)
                    errors.append(f"{companies.get(subscription['companyId'])}: {error.message}")
                    return 0.0
                return float(sum(line["partnerTotal"] for line in lines))

            used = await asyncio.gather(*map(usage, subscriptions))  # the client holds back by itself
    rows = [
        _row(companies.get(one["companyId"], ""), one, usage) for one, usage in zip(subscriptions, used, strict=True)
    ]
    rows.sort(key=lambda row: (row["company"].casefold(), row["product"]))
    path = f"billing/{datetime.now(UTC):%Y-%m}.xlsx"
    await files.write_bytes(path, spreadsheet.workbook("Billing", COLUMNS, rows), location="reports")
    link = await files.get_signed_url(path, "GET", spreadsheet.CONTENT_TYPE, location="reports")
    totals: dict[str, float] = {}
    for row in rows:
        totals[row["currency"]] = round(totals.get(row["currency"], 0.0) + row["total"], 2)
    logger.info("%d lines for %d companies in reports/%s", len(rows), len(companies), path)
    return {
        "path": f"reports/{path}",
        "url": link["url"],
        "lines": len(rows),
        "totals": totals,
        "errors": errors,
        "success": not errors,
    }


def _row(company: str, subscription: dict[str, Any], usage: float) -> dict[str, Any]:
    charge = round(subscription["quantity"] * subscription["price"], 2)
    return {
        "company": company,
        "product": subscription["productName"],
        "quantity": subscription["quantity"],
        "price": subscription["price"],
        "charge": charge,
        "usage": round(usage, 2),
        "total": round(charge + usage, 2),
        "currency": subscription["currencyCode"],
        "billing_term": subscription["billingTerm"],
    }
