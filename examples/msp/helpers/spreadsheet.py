"""Tables as a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What comes from outside is text, whatever it begins with.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def workbook(sheet: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A workbook (`.xlsx`) of one sheet with these fields of the rows, and a head that stays in view."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, OPTIONS) as book:
        page = book.add_worksheet(sheet[:31])
        page.write_row(0, 0, [name.replace("_", " ").capitalize() for name in columns], book.add_format({"bold": True}))
        count = 0
        for count, row in enumerate(rows, 1):
            page.write_row(count, 0, [row[name] for name in columns])
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, count, len(columns) - 1)
        page.autofit()
    return content.getvalue()
