"""Ways to fail."""

import asyncio
from typing import Any

from bifrost import UserError, workflow

from lib import chain


@workflow
async def user_error(message: str = "Please choose another name.") -> None:
    """Failed; the message is for the end user."""
    raise UserError(message)


@workflow
async def value_error(message: str = "bad value") -> None:
    """Failed; the message is for developers."""
    raise ValueError(message)


@workflow
async def chained_error(text: str = "seven") -> int:
    """Failed; the traceback shows both exceptions and `lib/chain.py`."""
    return chain.parse(text)


@workflow
async def error_while_handling() -> None:
    """Failed; "During handling of the above exception"."""
    try:
        raise KeyError("first")
    except KeyError:
        raise TypeError("second")


@workflow
async def group_error() -> None:
    """Failed with an ExceptionGroup of two."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_fail(ValueError("one")))
        group.create_task(_fail(TypeError("two")))


@workflow
async def syntax_error_in_eval() -> Any:
    """Failed with a SyntaxError that has no file."""
    return eval("1 +")


@workflow
async def system_exit(code: int = 3) -> None:
    """Failed, `SystemExit`."""
    raise SystemExit(code)


async def _fail(error: Exception) -> None:
    raise error
