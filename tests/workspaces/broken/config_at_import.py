"""Config at import: refused, so that no secret enters a snapshot.

The coroutine is driven by hand, without an event loop, so that it is the platform
that refuses and not the ban on loops.
"""

from bifrost import config, workflow

coroutine = config.get("api_key")
try:
    coroutine.send(None)
except StopIteration as stop:
    KEY = stop.value


@workflow
async def config_at_import() -> str:
    """Never found."""
    return KEY
