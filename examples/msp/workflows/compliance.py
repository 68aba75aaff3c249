"""A page about how well the devices of an organization are looked after, and the same as a spreadsheet."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bifrost import UserError, files, workflow
from helpers import html, spreadsheet
from helpers.for_users import for_users
from modules import ninjaone
from modules.api_errors import NotFound

logger = logging.getLogger(__name__)

DAY = 86_400
COLUMNS = ("device", "kind", "last_contact", "antivirus", "patches_failed", "patches_waiting", "findings")


@workflow(
    name="Compliance report",
    description="Antivirus, patches and last contact of an organization's devices, as a page.",
    category="MSP",
    tags=["ninjaone", "reports"],
)
async def compliance_report(organization_id: int, silent_days: int = 30, keep_spreadsheet: bool = False) -> str:
    """A table of all devices, those with findings first.

    Findings are: no antivirus or one that is off, patches that failed, and no contact for
    `silent_days` days. With `keep_spreadsheet` the table is also kept among the files, in
    `reports`; that of an earlier run on the same day is replaced.
    """
    if silent_days < 1:
        raise UserError("Enter at least one day.")
    with for_users():
        async with ninjaone.Client.connect() as ninja:
            try:
                organization = await ninja.organization(organization_id)
            except NotFound:
                raise UserError(f"NinjaOne has no organization {organization_id}.") from None
            devices = await ninja.devices(organization_id)
            antivirus = await ninja.report("antivirus-status", organization_id)
            patches = await ninja.report("os-patches", organization_id)
    logger.info("%s: %d devices, %d patches", organization["name"], len(devices), len(patches))

    rows = assess(devices, antivirus, patches, time.time(), silent_days)
    bad = sum(bool(row["findings"]) for row in rows)
    share = 100 * (len(rows) - bad) / len(rows) if rows else 100.0
    now = datetime.now(UTC)
    note = ""
    if keep_spreadsheet:
        path = f"compliance/{organization_id}-{now:%Y-%m-%d}.xlsx"
        await files.write_bytes(path, spreadsheet.workbook("Devices", COLUMNS, rows), location="reports")
        logger.info("Kept as reports/%s", path)
        note = f"<p>Kept as reports/{path}</p>\n"
    return (
        f"<h2>{html.escape(organization['name'])}: {share:.0f}% of {len(rows)} devices without findings</h2>\n"
        f"<p>{now:%Y-%m-%d %H:%M} UTC</p>\n{note}" + html.table(COLUMNS, rows)
    )


def assess(
    devices: Iterable[dict[str, Any]],
    antivirus: Iterable[dict[str, Any]],
    patches: Iterable[dict[str, Any]],
    now: float,
    silent_days: int,
) -> list[dict[str, Any]]:
    """One row for each device, those with most findings first."""
    products: dict[int, list[str]] = {}
    for one in antivirus:
        products.setdefault(one["deviceId"], []).append(str(one.get("productState")))
    counts = Counter((patch["deviceId"], patch.get("status")) for patch in patches)
    rows = []
    for device in devices:
        number, states = device["id"], products.get(device["id"], [])
        failed = counts[number, "FAILED"]
        days = int((now - device["lastContact"]) / DAY) if device.get("lastContact") else None
        findings = [
            text
            for text, found in (
                ("no antivirus", not states),
                ("antivirus is off", bool(states) and "ON" not in states),
                (f"{failed} patches failed" if failed > 1 else "a patch failed", failed > 0),
                (f"silent for {days} days" if days is not None else "never seen", days is None or days >= silent_days),
            )
            if found
        ]
        rows.append(
            {
                "device": device.get("displayName") or device.get("systemName") or number,
                "kind": str(device.get("nodeClass", "")).replace("_", " ").capitalize(),
                "last_contact": "never" if days is None else "today" if days == 0 else f"{days} days ago",
                "antivirus": ", ".join(sorted(set(states))) or "none",
                "patches_failed": failed,
                "patches_waiting": counts[number, "APPROVED"] + counts[number, "MANUAL"],
                "findings": "; ".join(findings),
                "_order": (-len(findings), str(device.get("systemName"))),
            }
        )
    rows.sort(key=lambda row: row.pop("_order"))
    return rows
