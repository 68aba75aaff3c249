"""A file is opened for writing at import and left open: refused, for its handle would
mean nothing in a later run."""

from bifrost import workflow

handle = open("/tmp/left.txt", "w", encoding="utf-8")


@workflow
async def file_left() -> int:
    """Never found."""
    return handle.write("x")
