"""`asyncio.run` at import."""

import asyncio

from bifrost import workflow


async def prepare() -> int:
    """Anything that waits."""
    await asyncio.sleep(0.001)
    return 1


PREPARED = asyncio.run(prepare())


@workflow
async def asyncio_run_at_import() -> int:
    """Never found."""
    return PREPARED
