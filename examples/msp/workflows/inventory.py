"""Keeps all devices in a table, and tells when there are others than before."""

from __future__ import annotations

import logging
from typing import Any

from bifrost import events, workflow
from helpers.documents import delete_all, read_all, write_all
from helpers.for_users import for_users
from modules import ninjaone

logger = logging.getLogger(__name__)

TABLE = "devices"
TOPIC = "inventory.changed"


@workflow(
    name="Sync inventory",
    description="Keeps NinjaOne's devices in the table `devices`, and emits what has changed.",
    category="MSP",
    tags=["ninjaone"],
    schedule="15 * * * *",
    timeout_seconds=900,
)
async def sync_inventory() -> dict[str, Any]:
    """Writes what is different, deletes what is gone.

    Devices that are new or gone are emitted as the event `inventory.changed`, first of all: a run
    that is lost and repeated tells about them twice, and never not at all.
    """
    with for_users():
        async with ninjaone.Client.connect() as ninja:
            organizations = {one["id"]: one["name"] for one in await ninja.organizations()}
            devices = await ninja.devices(detailed=True)
    now = {str(one["id"]): _document(one, organizations) for one in devices}
    before = await read_all(TABLE)
    changed = {id: data for id, data in now.items() if before.get(id) != data}
    new, gone = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    logger.info("%d devices: %d new, %d gone, %d written", len(now), len(new), len(gone), len(changed))

    if new or gone:
        told = {"new": [{"id": id, **now[id]} for id in new], "gone": [{"id": id, **before[id]} for id in gone]}
        await events.emit(TOPIC, told)
    await write_all(TABLE, changed)
    await delete_all(TABLE, gone)
    return {"devices": len(now), "written": len(changed), "new": new, "gone": gone}


def _document(device: dict[str, Any], organizations: dict[int, str]) -> dict[str, Any]:
    """What of a device is kept: nothing that changes by itself all the time."""
    system = device.get("os") or {}
    return {
        "name": device["systemName"],
        "organization_id": device["organizationId"],
        "organization": organizations.get(device["organizationId"], ""),
        "kind": device["nodeClass"],
        "system": system.get("name"),
        "approval": device["approvalStatus"],
    }

