"""Choices from Microsoft: a customer, then a license that is left there."""

from __future__ import annotations

from typing import Any

from bifrost import data_provider
from modules import microsoft_csp


@data_provider(
    name="Microsoft customers",
    description="All customers of Partner Center, by name.",
    category="MSP",
    tags=["microsoft"],
    cache_ttl_seconds=3_600,
)
async def customers() -> list[dict[str, Any]]:
    """`{label, value, description, metadata}` per customer: name, tenant, domain, and the domain to fill in."""
    async with microsoft_csp.Client.connect() as csp:
        profiles = [customer["companyProfile"] for customer in await csp.customers()]
    profiles.sort(key=lambda profile: profile["companyName"].casefold())
    return [
        {
            "label": profile["companyName"],
            "value": profile["tenantId"],
            "description": profile["domain"],
            "metadata": {"domain": profile["domain"]},
        }
        for profile in profiles
    ]


@data_provider(
    name="Microsoft licenses",
    description="Licenses of a customer's tenant that are left.",
    category="MSP",
    tags=["microsoft"],
)
async def licenses(tenant: str | None = None) -> list[dict[str, str]]:
    """`{label, value}` per license with one left; nothing until a customer is chosen."""
    if not tenant:
        return []
    async with microsoft_csp.Client.connect() as csp:
        skus = await csp.subscribed_skus(tenant)
    left = {sku["skuPartNumber"]: sku["prepaidUnits"]["enabled"] - sku["consumedUnits"] for sku in skus}
    return [{"label": f"{name} ({count} left)", "value": name} for name, count in sorted(left.items()) if count > 0]
