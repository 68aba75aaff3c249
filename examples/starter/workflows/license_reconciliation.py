"""A report over files that are deployed with the workspace."""

import logging
from datetime import date
from typing import Any, Literal

from bifrost import UserError, workflow

from modules import licensing

logger = logging.getLogger(__name__)

ORDERS = "data/licenses.csv"
USERS = "data/users.csv"


@workflow(
    name="License reconciliation",
    description="Compares the licenses that were bought with those in use.",
    category="Reports",
    tags=["licenses", "starter"],
)
async def license_reconciliation(
    department: str | None = None,
    format: Literal["json", "html"] = "json",
    as_of: str = "2026-01-31",
) -> dict[str, Any] | str:
    """Counts per product, unused spend, orphaned licenses and cost per department.

    `as_of` is the day that the report is for; the default is the day of the data
    that comes with this workspace.
    """
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        raise UserError(f"“{as_of}” is not a date. Write it as 2026-01-31.") from None

    logger.info("Reading %s and %s", ORDERS, USERS)
    try:
        report = licensing.reconcile(
            licensing.read_csv(ORDERS),
            licensing.read_csv(USERS),
            as_of=day,
            department=department or None,
            progress=logger.info,
        )
    except licensing.UnknownDepartment as error:
        raise UserError(str(error)) from error

    summary = report.summary()
    for sku in summary["over_assigned"]:
        logger.warning("%s is assigned more often than it was bought", sku)
    logger.info("Unused spend per month: %.2f", summary["totals"]["unused_spend_per_month"])
    return licensing.to_html(summary) if format == "html" else summary
