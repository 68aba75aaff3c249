"""What an agent may ask about devices."""

from __future__ import annotations

from typing import Any, Optional

from bifrost import UserError, context, tool
from helpers.for_users import for_users
from modules import ninjaone


@tool(
    description=(
        "Finds devices by a part of their name. People of a customer find those of their own organization, "
        "the provider's those of all."
    )
)
async def find_device(name: str, max_rows: Optional[int] = 10) -> list[dict[str, Any]]:
    """What an organization is at NinjaOne is its mapping (see *Sync customers*), never a parameter."""
    wanted = name.strip().casefold()
    if len(wanted) < 2:
        raise UserError("Enter at least two letters of the name.")
    with for_users():
        async with ninjaone.Client.connect() as ninja:
            if ninja.entity_id is None and not (context.organization and context.organization.is_provider):
                raise UserError(f"{context.org_name} is not known at NinjaOne. Ask an administrator.")
            organization = int(ninja.entity_id) if ninja.entity_id is not None else None
            devices = await ninja.devices(organization)
    found = [one for one in devices if wanted in one["systemName"].casefold()]
    return [
        {"id": one["id"], "name": one["systemName"], "kind": one["nodeClass"], "is_offline": one["offline"]}
        for one in found[: max_rows or 10]
    ]
