"""Workflows whose log the measurements of the web UI follow."""

import asyncio
import logging
import time

from bifrost import workflow

logger = logging.getLogger(__name__)


@workflow(name="Prints at once", category="Measured")
async def prints_at_once() -> None:
    """Logs when it does so, in milliseconds since 1970, and goes on: the page of a run that has ended opens with its result."""
    logger.info("printed at %.3f", time.time() * 1_000)
    await asyncio.sleep(1)


@workflow(name="Prints later", category="Measured")
async def prints_later() -> None:
    """The same after a second: its page is open by then."""
    await asyncio.sleep(1)
    logger.info("printed at %.3f", time.time() * 1_000)
    await asyncio.sleep(1)
