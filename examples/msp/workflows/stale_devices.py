"""Cleans up after devices that have not been seen for long."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from typing import Any

from bifrost import UserError, config, workflow
from helpers.for_users import for_users
from helpers.mapping import Mapping
from modules import halopsa, ninjaone

logger = logging.getLogger(__name__)

DAY = 86_400
SHORTEST = 14
REPORTED = "stale_devices_reported"
"""Config: id of each device that is in a ticket, to the ticket's id."""
SUMMARY = "Stale devices"


@workflow(
    name="Clean up stale devices",
    description="Opens a ticket for each organization with devices that are silent, and resets their alerts.",
    category="MSP",
    tags=["ninjaone", "halopsa"],
    schedule="0 6 * * 1",
    retry_on_loss=False,
)
async def clean_up_stale_devices(
    days: int = 60, reset_alerts: bool = True, reject_pending: bool = True, dry_run: bool = False
) -> dict[str, Any]:
    """Looks for devices without contact for `days` days.

    They are listed in a ticket of their client, once, for somebody to remove; their alerts
    are reset; those that still wait for approval are rejected. Organizations that are not
    mapped to a client (see *Sync sites to HaloPSA*) are named in the answer.
    """
    if days < SHORTEST:
        raise UserError(f"Devices may be off for a holiday: enter at least {SHORTEST} days.")
    with for_users():
        async with ninjaone.Client.connect() as ninja, halopsa.Client.connect() as halo:
            organizations = {one["id"]: one["name"] for one in await ninja.organizations()}
            limit = time.time() - days * DAY
            stale = {one["id"]: one for one in await ninja.devices() if (one.get("lastContact") or 0) < limit}
            alerts = [one for one in await ninja.alerts() if one["deviceId"] in stale] if reset_alerts else []
            waiting = (
                [one["id"] for one in stale.values() if one["approvalStatus"] == "PENDING"] if reject_pending else []
            )
            logger.info("%d stale devices, %d alerts, %d wait for approval", len(stale), len(alerts), len(waiting))

            # Those that came back may be reported again one day.
            saved = await config.get(REPORTED) or {}
            reported = {int(device): ticket for device, ticket in saved.items() if int(device) in stale}
            new: dict[int, list[dict[str, Any]]] = defaultdict(list)
            for device in stale.values():
                if device["id"] not in reported and device["id"] not in waiting:
                    new[device["organizationId"]].append(device)

            clients = (await Mapping.load()).clients
            tickets: dict[str, int | None] = {}
            for organization_id, devices in new.items():
                name = organizations.get(organization_id, str(organization_id))
                if organization_id in clients:
                    tickets[name] = (
                        None if dry_run else await _report(halo, clients[organization_id], name, devices, reported)
                    )
            if not dry_run:
                for alert in alerts:
                    await ninja.reset_alert(alert["uid"])
                if waiting:
                    await ninja.review_devices(waiting, "REJECT")
    unmapped = sorted(organizations.get(one, str(one)) for one in new if one not in clients)
    return {
        "dry_run": dry_run,
        "stale": len(stale),
        "reported_before": len(stale) - sum(map(len, new.values())) - len(waiting),
        "tickets": tickets,
        "alerts_reset": len(alerts),
        "rejected": waiting,
        "unmapped": unmapped,
    }


async def _report(
    halo: halopsa.Client, client_id: int, name: str, devices: list[dict[str, Any]], reported: dict[int, int]
) -> int:
    """Puts devices into the client's ticket, an open one or a new one, and remembers that at once."""
    lines = [f"{one['systemName']}, last seen {_day(one.get('lastContact'))}" for one in devices]
    text = "These devices have not been seen for long. Remove those that are gone:\n" + "\n".join(lines)
    summary = f"{SUMMARY}: {name}"
    open_tickets = await halo.tickets(client_id=client_id, open_only=True, search_summary=SUMMARY)
    ticket_id = next((ticket["id"] for ticket in open_tickets if ticket["summary"] == summary), None)
    if ticket_id is None:
        ticket_id = (await halo.create_ticket(summary, text, client_id=client_id))["id"]
    else:
        await halo.add_action(ticket_id, text)
    reported.update((one["id"], ticket_id) for one in devices)
    await config.set(REPORTED, {str(device): ticket for device, ticket in reported.items()})
    logger.info("%s: %d devices in ticket %s", name, len(devices), ticket_id)
    return int(ticket_id)


def _day(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds)) if seconds else "never"
