"""Tables of JSON documents: an organization's own, and global ones that all organizations read.

A table is a name. It is made by the first document that is inserted, or by `tables.create`
where its documents have to look like something. A document is a dict under an id.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Any

from . import _context, _platform, _status
from ._models import BatchDeleteResult, BatchResult, DocumentData, DocumentList, TableInfo
from .errors import NotFoundError, NotSupported


def _call(operation: str, arguments: dict[str, Any], scope: str | None) -> Any:
    """Raises `ConflictError` beside what every call of the platform raises."""
    named = scope if scope is not None else _context.scope_override()
    answer = _platform.current().call(f"tables.{operation}", {**arguments, "scope": named})
    return _status.checked(answer, f"tables.{operation}")


def _no_app(app: object) -> None:
    if app is not None:
        raise NotSupported("tables of an app", "leave `app` out: tables belong to an organization, or are global")


def _expecting(if_version: int | None) -> dict[str, int]:
    """The version that a document has to have, where one is named."""
    return {} if if_version is None else {"if_version": if_version}


def _new(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document of a batch: `{"id", "data"}` and perhaps `if_version`, or the data alone."""
    if set(document) <= {"id", "data", "if_version"} and isinstance(document.get("data"), Mapping):
        expecting = _expecting(document.get("if_version"))
        return {"id": document.get("id"), "data": dict(document["data"]), **expecting}
    return {"id": None, "data": dict(document)}


class tables:
    """`from bifrost import tables`, then `await tables.query("customers", {"status": "active"})`.

    A table is named by its name or its id. `scope` is an organization's id or `"global"`,
    for the provider's workflows; without it the run's own organization is meant. What is read
    is the organization's own table, else the global one of that name; what is written is always
    the organization's own. Every method raises `PermissionError` for a scope that the run may
    not name, and `ValidationError` for what cannot be.

    A table has at most 100,000 documents of 256 KiB each, and 256 MiB in all; a batch at most
    1,000 documents. `created_by` is taken for older workflows and says nothing: the platform
    knows who runs them.
    """

    @staticmethod
    async def create(
        name: str,
        description: str | None = None,
        table_schema: Mapping[str, Any] | None = None,
        scope: str | None = None,
        app: str | None = None,
    ) -> TableInfo:
        """Makes a table; `ConflictError` when there is one of this name.

        `name` is a letter, then letters, digits, `_` and `-`. `table_schema` is JSON Schema with
        `type`, `properties`, `required`, `additionalProperties`, `items` and `enum`: every write
        is checked against it. Other keywords are refused.
        """
        _no_app(app)
        arguments = {"name": name, "description": description, "table_schema": table_schema}
        return TableInfo.of(_call("create", arguments, scope))

    @staticmethod
    async def list(scope: str | None = None, app: str | None = None) -> builtins.list[TableInfo]:
        """The organization's tables and global ones that they do not hide, by name."""
        _no_app(app)
        return [TableInfo.of(one) for one in _call("list", {}, scope)]

    @staticmethod
    async def delete(table_id: str, scope: str | None = None, app: str | None = None) -> bool:
        """Deletes a table, by id or name, with its documents; false when there is none."""
        _no_app(app)
        try:
            _call("delete", {"table": str(table_id)}, scope)
        except NotFoundError:
            return False
        return True

    @staticmethod
    async def insert(
        table: str,
        data: Mapping[str, Any],
        id: str | None = None,
        scope: str | None = None,
        created_by: str | None = None,
        app: str | None = None,
    ) -> DocumentData:
        """Adds a document; `ConflictError` when its id is taken. A table that is missing is made.

        `id` is at most 255 bytes of text; without one the document gets a UUID.
        """
        _no_app(app)
        answer = _call("insert", {"table": table, "documents": [{"id": id, "data": dict(data)}]}, scope)
        return DocumentData.of(answer["documents"][0])

    @staticmethod
    async def upsert(
        table: str,
        id: str,
        data: Mapping[str, Any],
        scope: str | None = None,
        created_by: str | None = None,
        app: str | None = None,
        *,
        if_version: int | None = None,
    ) -> DocumentData:
        """Adds a document, or replaces all of the one with this id. A table that is missing is made.

        With `if_version` only a document that has this version is replaced, and with 0 it is only
        added: `ConflictError` with the code `version_changed` says that somebody else was first.
        """
        _no_app(app)
        new = {"id": id, "data": dict(data), **_expecting(if_version)}
        answer = _call("upsert", {"table": table, "documents": [new]}, scope)
        return DocumentData.of(answer["documents"][0])

    @staticmethod
    async def get(table: str, doc_id: str, scope: str | None = None, app: str | None = None) -> DocumentData | None:
        """A document; `None` when there is none, or no such table."""
        _no_app(app)
        try:
            return DocumentData.of(_call("get", {"table": table, "doc_id": doc_id}, scope))
        except NotFoundError:
            return None

    @staticmethod
    async def update(
        table: str,
        doc_id: str,
        data: Mapping[str, Any],
        scope: str | None = None,
        *,
        if_version: int | None = None,
        app: str | None = None,
    ) -> DocumentData | None:
        """Lays fields over those of a document; answers all of it, `None` when there is none.

        A field of a field is replaced as a whole, and `None` is a value, too. With `if_version`
        only a document that has this version is changed: `ConflictError` with the code
        `version_changed` says that somebody else was first; read it again.
        """
        _no_app(app)
        arguments = {"table": table, "doc_id": doc_id, "data": dict(data), "if_version": if_version}
        try:
            return DocumentData.of(_call("update", arguments, scope))
        except NotFoundError:
            return None

    @staticmethod
    async def delete_document(
        table: str,
        doc_id: str,
        scope: str | None = None,
        app: str | None = None,
        *,
        if_version: int | None = None,
    ) -> bool:
        """Deletes a document; false when there is none.

        With `if_version` only one that has this version: `ConflictError` with the code
        `version_changed` says that it was changed since.
        """
        _no_app(app)
        arguments = {"table": table, "doc_ids": [str(doc_id)], **_expecting(if_version)}
        try:
            return bool(_call("delete_documents", arguments, scope)["deleted_ids"])
        except NotFoundError:
            return False

    @staticmethod
    async def insert_batch(
        table: str,
        documents: Iterable[Mapping[str, Any]],
        scope: str | None = None,
        created_by: str | None = None,
        app: str | None = None,
    ) -> BatchResult:
        """Adds at most 1,000 documents, all of them or none.

        Each is `{"id": ..., "data": {...}}`, or the data alone. `ConflictError` when an id is
        taken. All together have at most 8 MiB of JSON.
        """
        _no_app(app)
        arguments = {"table": table, "documents": [_new(one) for one in documents]}
        return BatchResult.of(_call("insert", arguments, scope))

    @staticmethod
    async def upsert_batch(
        table: str,
        documents: Iterable[Mapping[str, Any]],
        scope: str | None = None,
        created_by: str | None = None,
        app: str | None = None,
    ) -> BatchResult:
        """Adds or replaces at most 1,000 documents, each `{"id": ..., "data": {...}}`: all or none.

        `if_version` beside them is as for `upsert`: where one document has another version,
        nothing is written.
        """
        _no_app(app)
        new = [_new(one) for one in documents]
        if any(one["id"] is None for one in new):
            raise ValueError('tables.upsert_batch(): each document needs an id: {"id": ..., "data": {...}}')
        return BatchResult.of(_call("upsert", {"table": table, "documents": new}, scope))

    @staticmethod
    async def delete_batch(
        table: str, doc_ids: Iterable[str], scope: str | None = None, app: str | None = None
    ) -> BatchDeleteResult:
        """Deletes at most 1,000 documents in one step; answers the ids of those that were there."""
        _no_app(app)
        arguments = {"table": table, "doc_ids": [str(one) for one in doc_ids]}
        try:
            return BatchDeleteResult.of(_call("delete_documents", arguments, scope))
        except NotFoundError:
            return BatchDeleteResult()

    @staticmethod
    async def query(
        table: str,
        where: Mapping[str, Any] | None = None,
        order_by: str | None = None,
        order_dir: str = "asc",
        limit: int = 100,
        offset: int = 0,
        scope: str | None = None,
        app: str | None = None,
    ) -> DocumentList:
        """Finds documents: at most `limit` (1,000 at most) after `offset`. No table has none.

        `where` has for each field a value that it equals, or a dict of operators, all of which
        have to hold: `eq`, `ne`, `contains` (a part of a text, or an element of a list),
        `starts_with`, `ends_with`, `gt`, `gte`, `lt`, `lte`, `in` (or `in_`), `is_null` (true or
        false), `has_key` (a key of a dict; true or false for the field itself). `address.city` is
        a field of a field. What is missing is as if it were `None`.

        Numbers compare as floats and texts by code points; `10` and `"10"` are different. With
        `order_by`, documents come in the order nothing, false, true, numbers, texts, lists and
        dicts, and equal ones by id; without it in the order in which they were made.
        """
        _no_app(app)
        arguments = {
            "table": table,
            "where": where,
            "order_by": order_by,
            "order_dir": order_dir,
            "limit": limit,
            "offset": offset,
        }
        try:
            return DocumentList.of(_call("query", arguments, scope))
        except NotFoundError:
            return DocumentList(limit=limit, offset=offset)

    @staticmethod
    async def count(
        table: str, where: Mapping[str, Any] | None = None, scope: str | None = None, app: str | None = None
    ) -> int:
        """How many documents `where` is for; 0 when there is no such table."""
        _no_app(app)
        try:
            count: int = _call("count", {"table": table, "where": where}, scope)
        except NotFoundError:
            return 0
        return count
