"""Ends somebody's access to a customer's Microsoft tenant."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from bifrost import UserError, context, tables, workflow
from helpers.for_users import for_users
from modules import halopsa, microsoft_csp
from modules.api_errors import ApiError, NotConfigured, NotFound

logger = logging.getLogger(__name__)

TABLE = "offboarded"


@workflow(
    name="Offboard user",
    description="Blocks an account of a customer's tenant, and takes its licenses back.",
    category="MSP",
    tags=["microsoft", "users"],
    time_saved=15,
)
async def offboard_user(
    tenant: str, user_principal_name: str, keep_licenses: bool = False, ticket_id: int | None = None
) -> dict[str, Any]:
    """Blocks the sign-in, ends open sessions, and takes the licenses away unless `keep_licenses`.

    Each step can be done again, so a run that was lost may be repeated. Who was offboarded when, by
    whom and with which licenses is kept in the table `offboarded`: from there it can be taken back.
    """
    name = user_principal_name.strip().lower()
    with for_users():
        async with microsoft_csp.Client.connect() as csp:
            try:
                user = await csp.user(tenant, name)
            except NotFound:
                raise UserError(f"The tenant has no account {name}.") from None
            skus = {sku["skuId"]: sku["skuPartNumber"] for sku in await csp.subscribed_skus(tenant)}
            held = [one["skuId"] for one in user["assignedLicenses"]]
            id = f"{tenant}:{user['id']}"
            before = await tables.get(TABLE, id)
            licenses = [skus.get(sku, sku) for sku in held] or (before.data["licenses"] if before else [])
            record = {
                "tenant": tenant,
                "name": name,
                "licenses": licenses,
                "by": context.executed_by_email,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            # Before anything is changed: what is taken away must not be forgotten.
            await tables.upsert(TABLE, id, record)
            await csp.disable_user(tenant, user["id"])
            logger.info("Blocked %s", name)
            if held and not keep_licenses:
                await csp.assign_license(tenant, user["id"], remove=held)
                logger.info("Took back %s", ", ".join(licenses))
        if ticket_id is not None:
            await _note(ticket_id, f"Blocked the account {name}.")
    return {"user_principal_name": name, "licenses": [] if keep_licenses else licenses}


async def _note(ticket_id: int, text: str) -> None:
    try:
        async with halopsa.Client.connect() as halo:
            await halo.add_action(ticket_id, text)
    except (ApiError, NotConfigured) as error:  # the account is blocked: do not fail for a note
        logger.warning("No note in ticket %d: %s", ticket_id, error)
