"""Tables as HTML. Every value is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape as _escape
from typing import Any


def escape(value: object) -> str:
    """A value as text that is safe in HTML."""
    return _escape(f"{value:,.2f}" if isinstance(value, float) else "" if value is None else str(value))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table with these fields of the rows; the names of the columns are made of the fields'."""
    head = "".join(f"<th>{escape(name.replace('_', ' ').capitalize())}</th>" for name in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(row[name])}</td>" for name in columns) + "</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
