"""Open tickets of a PSA, read over HTTP."""

import logging
from datetime import UTC, datetime
from typing import Any

from bifrost import UserError, workflow

from modules import sla
from modules.psa import Psa, PsaDenied, PsaNotConfigured, PsaNotFound

logger = logging.getLogger(__name__)


@workflow(
    name="Open tickets",
    description="Open tickets by company, and those past their SLA.",
    category="PSA",
    tags=["tickets", "starter"],
)
async def open_tickets(companies_id: int | None = None) -> dict[str, Any]:
    """Counts open tickets per company and lists SLA breaches, of one company or of all."""
    try:
        psa = await Psa.connect()
        if companies_id is not None:
            company = await psa.company(companies_id)
            logger.info("Company: %s", company["name"])
        tickets = await psa.open_tickets(companies_id)
    except (PsaNotConfigured, PsaDenied) as error:
        raise UserError(str(error)) from error
    except PsaNotFound:
        raise UserError(f"There is no company {companies_id}.") from None

    companies = sla.by_company(tickets, datetime.now(UTC))
    breaches = sum(len(company["breached"]) for company in companies)
    logger.info("%d open tickets, %d past their SLA", len(tickets), breaches)
    return {"open": len(tickets), "breaches": breaches, "companies": companies}
