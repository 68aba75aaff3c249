"""Opens a ticket for devices that nobody has announced."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from bifrost import context, workflow
from helpers.documents import read_all, write_all
from helpers.for_users import for_users
from helpers.mapping import Mapping
from modules import halopsa

logger = logging.getLogger(__name__)

TABLE = "device_tickets"


@workflow(
    name="Announce new devices",
    description="Opens a ticket for each client with new devices.",
    category="MSP",
    tags=["halopsa"],
    retry_on_loss=False,
)
async def announce_new_devices(new: list[dict[str, Any]]) -> dict[str, Any]:
    """Meant for the topic `inventory.changed`:

        bifrost webhooks create inventory --kind topic --topic inventory.changed
        bifrost webhooks subscribe inventory "Announce new devices" --map new=/data/new

    Organizations that are mapped to no client (see *Sync sites to HaloPSA*) are left out. Which
    ticket a device is in is kept in the table `device_tickets`, so nothing is announced twice.
    """
    clients = (await Mapping.load()).clients
    known = await read_all(TABLE)
    by_organization: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for device in new:
        if device["id"] not in known and device["organization_id"] in clients:
            by_organization[device["organization_id"]].append(device)
    tickets: dict[str, int] = {}
    if not by_organization:
        return {"tickets": tickets}
    with for_users():
        async with halopsa.Client.connect() as halo:
            for organization_id, devices in by_organization.items():
                name = devices[0]["organization"]
                lines = [f"{one['name']} ({one['system'] or 'unknown system'})" for one in devices]
                ticket = await halo.create_ticket(
                    f"New devices: {name}", "\n".join(lines), client_id=clients[organization_id]
                )
                tickets[name] = ticket["id"]
                about = {"ticket_id": ticket["id"], "event_id": context.event.id if context.event else None}
                await write_all(TABLE, {one["id"]: about for one in devices})
                logger.info("%s: %d new devices in ticket %s", name, len(devices), ticket["id"])
    return {"tickets": tickets}
