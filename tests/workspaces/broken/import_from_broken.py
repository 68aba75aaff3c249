"""Imports a file that is itself broken: an error of its own, naming the other."""

from bifrost import workflow

import syntax_error


@workflow
async def import_from_broken() -> None:
    """Never found."""
    syntax_error.broken()
