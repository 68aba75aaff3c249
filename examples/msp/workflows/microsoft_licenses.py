"""Compares the Microsoft licenses bought at Pax8 with those in the customers' tenants."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal
from urllib.parse import urlsplit

from bifrost import UserError, config, workflow
from helpers import html
from helpers.for_users import for_users
from helpers.matching import key
from modules import microsoft_csp, pax8
from modules.api_errors import ApiError, Invalid, NotFound

logger = logging.getLogger(__name__)

TENANTS_AT_ONCE = 5

PART_NUMBERS = {
    "CFQ7TTC0LH18:0001": "O365_BUSINESS_ESSENTIALS",
    "CFQ7TTC0LDPB:0001": "O365_BUSINESS_PREMIUM",
    "CFQ7TTC0LCHC:0002": "SPB",
    "CFQ7TTC0LF8R:0001": "ENTERPRISEPACK",
    "CFQ7TTC0LFLX:0001": "SPE_E3",
    "CFQ7TTC0LFLZ:0002": "SPE_E5",
}
"""Vendor SKU at Pax8 to part number at Microsoft. The config's `pax8_microsoft_skus` adds to it."""

COLUMNS = ("company", "product", "bought", "available", "assigned", "unused", "unused_cost", "currency")


@workflow(
    name="Microsoft license reconciliation",
    description="Compares Microsoft licenses at Pax8 with those in the customers' tenants.",
    category="MSP",
    tags=["pax8", "microsoft", "licenses"],
    timeout_seconds=1_200,
)
async def reconcile_microsoft_licenses(
    company_id: str | None = None,
    only_differences: bool = True,
    format: Literal["json", "html"] = "json",
) -> dict[str, Any] | str:
    """Per company and product: bought at Pax8, available in the tenant, assigned to users, unused.

    `unused_cost` is for one billing term. A company is found at Microsoft by the config's
    `pax8_microsoft_mapping` (company id to tenant), by its web site's domain, or by its name.
    """
    with for_users():
        async with pax8.Client.connect() as distributor, microsoft_csp.Client.connect() as csp:
            companies = await _companies(distributor, company_id)
            skus = {**PART_NUMBERS, **(await config.get("pax8_microsoft_skus") or {})}
            products = await distributor.products(vendor="Microsoft")
            parts = {one["id"]: skus.get(one["vendorSku"], "") for one in products}
            bought = await distributor.subscriptions(company_id, status="Active")
            tenants = await _tenants(csp)
            logger.info(
                "%d companies, %d subscriptions, %d customers", len(companies), len(bought), len(set(tenants.values()))
            )

            slots = asyncio.Semaphore(TENANTS_AT_ONCE)

            async def look_at(company: dict[str, Any]) -> list[dict[str, Any]]:
                own = [one for one in bought if one["companyId"] == company["id"] and one["productId"] in parts]
                tenant = next((tenants[name] for name in _names(company) if name in tenants), None)
                if tenant is None:
                    raise NotFound("there is no such customer at Microsoft")
                async with slots:
                    return _compare(company["name"], own, parts, await csp.subscribed_skus(tenant))

            answers = await asyncio.gather(*map(look_at, companies), return_exceptions=True)

    rows: list[dict[str, Any]] = []
    errors: list[str] = []
    for company, answer in zip(companies, answers, strict=True):
        if isinstance(answer, ApiError):
            logger.warning("%s: %s", company["name"], answer)
            errors.append(f"{company['name']}: {answer.message}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            rows += answer
    if only_differences:
        rows = [row for row in rows if row["unused"] or row["bought"] != row["available"]]
    rows.sort(key=lambda row: (-row["unused_cost"], row["company"], row["product"]))
    if format == "html":
        notes = "".join(f"<p>{html.escape(error)}</p>" for error in errors)
        return "<h2>Microsoft licenses</h2>\n" + html.table(COLUMNS, rows) + notes
    return {"rows": rows, "errors": errors, "success": not errors}


async def _companies(distributor: pax8.Client, company_id: str | None) -> list[dict[str, Any]]:
    if company_id is None:
        return await distributor.companies("Active")
    try:
        return [await distributor.company(company_id)]
    except (NotFound, Invalid):
        raise UserError(f"Pax8 has no company {company_id}.") from None


async def _tenants(csp: microsoft_csp.Client) -> dict[str, str]:
    """Tenants by what a company may be found by: its id at Pax8, its domain, its name."""
    tenants = {}
    for customer in await csp.customers():
        profile = customer["companyProfile"]
        tenants[key(profile["companyName"])] = tenants[profile["domain"].casefold()] = customer["id"]
    return {**tenants, **(await config.get("pax8_microsoft_mapping") or {})}


def _names(company: dict[str, Any]) -> tuple[str, ...]:
    site = str(company.get("website") or "")
    host = urlsplit(site if "//" in site else f"//{site}").hostname or ""
    return company["id"], host.removeprefix("www.").casefold(), key(company["name"])


def _compare(
    company: str, bought: list[dict[str, Any]], parts: dict[str, str], skus: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One row for each product that was bought or is there."""
    rows: dict[str, dict[str, Any]] = {}
    for one in bought:
        part = parts[one["productId"]] or one["productName"]
        row = rows.setdefault(part, _row(company, one["productName"]))
        row["bought"] += one["quantity"]
        row["price"] = one["price"]
        row["currency"] = one["currencyCode"]
    for sku in skus:
        row = rows.setdefault(sku["skuPartNumber"], _row(company, sku["skuPartNumber"]))
        row["available"] += sku["prepaidUnits"]["enabled"]
        row["assigned"] += sku["consumedUnits"]
    for row in rows.values():
        row["unused"] = max(row["bought"] - row["assigned"], 0)
        row["unused_cost"] = round(row["unused"] * row.pop("price"), 2)
    return list(rows.values())


def _row(company: str, product: str) -> dict[str, Any]:
    return {
        "company": company,
        "product": product,
        "bought": 0,
        "available": 0,
        "assigned": 0,
        "price": 0,
        "currency": "",
    }
