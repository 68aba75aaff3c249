"""An event loop with a pending task is left open at import: it must not be in a snapshot."""

import asyncio

from bifrost import workflow


async def forever() -> None:
    """Still waiting when the import ends."""
    await asyncio.sleep(3600)


loop = asyncio.new_event_loop()
task = loop.create_task(forever())
loop.run_until_complete(asyncio.sleep(0))


@workflow
async def loop_left() -> bool:
    """Never found."""
    return task.done()
