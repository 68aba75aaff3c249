"""Workflows with markup in every text that the page shows of them."""

import logging
from typing import Any

from bifrost import UserError, data_provider, workflow

logger = logging.getLogger(__name__)

MARKUP = "<img src=https:planted.invalid onerror=planted=1>"


@workflow(
    name=f"workflow {MARKUP}",
    description=f"workflow description {MARKUP}",
    category=f"category {MARKUP}",
    tags=[f"tag {MARKUP}"],
)
async def named(text: str = f"default {MARKUP}", fail: bool = False) -> dict[str, Any]:
    """Logs, returns and raises markup."""
    logger.error("log %s", MARKUP)
    if fail:
        raise UserError(f"error {MARKUP}")
    return {f"result name {MARKUP}": f"result {MARKUP}"}


@data_provider(name="Planted choices")
async def planted_choices() -> list[dict[str, str]]:
    """Choices of a field."""
    return [{"label": f"provided choice {MARKUP}", "value": "a"}]
