"""ModuleNotFoundError on line 5."""

from bifrost import workflow

import there_is_no_such_module


@workflow
async def import_error() -> None:
    """Never found."""
    there_is_no_such_module.call()
