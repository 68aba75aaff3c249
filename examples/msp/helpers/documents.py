"""All documents of a table, however many batches that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bifrost import tables

BATCH = 1_000
"""Documents that a query or a batch has at most."""


async def read_all(table: str) -> dict[str, dict[str, Any]]:
    """The documents by their id; none when there is no such table."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        page = await tables.query(table, limit=BATCH, offset=len(found))
        found.update((one.id, one.data) for one in page.documents)
        if not page.documents or len(found) >= page.total:
            return found


async def write_all(table: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Adds or replaces documents, by id."""
    new = [{"id": id, "data": data} for id, data in documents.items()]
    for start in range(0, len(new), BATCH):
        await tables.upsert_batch(table, new[start : start + BATCH])


async def delete_all(table: str, ids: Iterable[str]) -> None:
    """Deletes documents; those that are not there are gone already."""
    gone = list(ids)
    for start in range(0, len(gone), BATCH):
        await tables.delete_batch(table, gone[start : start + BATCH])
