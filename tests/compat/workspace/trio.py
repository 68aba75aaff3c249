"""Another event loop, which needs what only the system's own polls can give: tests under it fail."""


async def sleep(_seconds: float) -> None:
    """Never under this loop."""
    raise NotImplementedError("there is no trio in here")
