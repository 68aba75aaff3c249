"""The first workflow: takes a name, writes to the log, says who asked."""

import logging

from bifrost import context, workflow

logger = logging.getLogger(__name__)


@workflow(category="Examples", tags=["starter"])
async def hello(name: str = "world", excited: bool = False) -> dict:
    """Greets somebody.

    Parameters come from the signature: a form for this workflow has a text field
    `name` and a checkbox `excited`.
    """
    greeting = f"Hello, {name}{'!' if excited else '.'}"
    logger.info("Greeting %s for %s", name, context.executed_by_email or "nobody in particular")
    return {
        "greeting": greeting,
        "organization": context.org_name,
        "asked_by": context.executed_by_name,
        "execution_id": context.execution_id,
    }
