"""Declares the workflow name `duplicated`; so does its twin."""

from bifrost import workflow


@workflow(name="duplicated")
async def two() -> str:
    """One of two with the same name."""
    return "two"
