"""Declares the workflow name `duplicated`; so does its twin."""

from bifrost import workflow


@workflow(name="duplicated")
async def one() -> str:
    """One of two with the same name."""
    return "one"
