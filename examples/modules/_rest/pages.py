"""Reading lists that come in pages, to their end and no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from .errors import Unexpected

Record = dict[str, Any]
"""One record as the API has it. Fields that are not documented here are there too."""

MAX_PAGES = 1_000
"""Pages of one list; a run has no more requests either."""

T = TypeVar("T")
Link = TypeVar("Link", bound=Hashable)


async def follow(
    service: str, first: Link, read: Callable[[Link], Awaitable[tuple[list[Record], Link | None]]]
) -> list[Record]:
    """All records, page after page: `read` answers a page and where the next one is.

    `Unexpected` when the pages lead in a circle or do not end.
    """
    records: list[Record] = []
    seen: set[Link] = set()
    link: Link | None = first
    while link is not None:
        if link in seen:
            raise Unexpected("the next page is one that was already read", service=service)
        if len(seen) == MAX_PAGES:
            raise Unexpected(f"there are more than {MAX_PAGES} pages", service=service)
        seen.add(link)
        page, link = await read(link)
        records += page
    return records


async def numbered(
    service: str, first: int, read: Callable[[int], Coroutine[Any, Any, tuple[list[Record], int]]]
) -> list[Record]:
    """All records: `read` answers a page and how many there are. Pages are read side by side.

    `Unexpected` when there are too many, or a page comes twice.
    """
    head, count = await read(first)
    if count > MAX_PAGES:
        raise Unexpected(f"there are more than {MAX_PAGES} pages", service=service)
    rest = await together([read(number) for number in range(first + 1, first + count)])
    pages = [head, *(page for page, _ in rest)]
    for one, other in pairwise(pages):
        if one and one == other:
            raise Unexpected("the same page came twice", service=service)
    return [record for page in pages for record in page]


async def together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order. When one fails the others are cancelled, and its error is raised."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def records_of(service: str, body: Any, key: str | None = None) -> list[Record]:
    """The list of records in an answer, under `key` or the answer itself."""
    found = body.get(key) if key is not None and isinstance(body, Mapping) else body if key is None else None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise Unexpected(f"the answer has no list{f' `{key}`' if key else ''}", service=service)
    return found


def record_of(service: str, body: Any) -> Record:
    """The record that an answer is."""
    if not isinstance(body, dict):
        raise Unexpected("the answer is not an object", service=service)
    return body


def number_of(service: str, value: Any, what: str) -> int:
    """A count that an API gives."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unexpected(f"`{what}` is not a count", service=service)
    return value
