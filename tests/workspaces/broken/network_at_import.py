"""An HTTP call at import: refused, with a message that shows the lazy pattern."""

import asyncio

from bifrost import http, workflow

STATUS = asyncio.run(http.get("http://127.0.0.1:9/")).status_code


@workflow
async def network_at_import() -> int:
    """Never found."""
    return STATUS
