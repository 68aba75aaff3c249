"""Choices from NinjaOne: an organization, then one of its devices."""

from __future__ import annotations

from bifrost import data_provider
from modules import ninjaone


@data_provider(
    name="NinjaOne organizations",
    description="All organizations, by name.",
    category="MSP",
    tags=["ninjaone"],
    cache_ttl_seconds=300,
)
async def organizations(contains: str = "") -> list[dict[str, str]]:
    """`{label, value}` per organization; with `contains`, those whose name has it."""
    async with ninjaone.Client.connect() as ninja:
        found = [(one["name"], one["id"]) for one in await ninja.organizations()]
    return _choices((name, id) for name, id in found if contains.casefold() in name.casefold())


@data_provider(
    name="NinjaOne devices",
    description="Devices of an organization, by name.",
    category="MSP",
    tags=["ninjaone"],
    cache_ttl_seconds=60,
)
async def devices(organization_id: int | None = None, online_only: bool = False) -> list[dict[str, str]]:
    """`{label, value}` per device; nothing until an organization is chosen.

    In a form, bind `organization_id` to the field with *NinjaOne organizations*.
    """
    if organization_id is None:
        return []
    async with ninjaone.Client.connect() as ninja:
        found = await ninja.devices(organization_id)
    return _choices(
        (one.get("displayName") or one["systemName"], one["id"])
        for one in found
        if not (online_only and one["offline"])
    )


def _choices(found: object) -> list[dict[str, str]]:
    pairs = sorted(found, key=lambda pair: pair[0].casefold())  # type: ignore[call-overload]
    return [{"label": name, "value": str(id)} for name, id in pairs]
