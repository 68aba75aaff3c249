"""Groups tickets by company and finds those past their time. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def by_company(tickets: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """One row per company: how many tickets are open and which are past `due_at`.

    Most breaches first, then by name.
    """
    rows: dict[int, dict[str, Any]] = {}
    for ticket in tickets:
        row = rows.setdefault(
            ticket["companies_id"],
            {"companies_id": ticket["companies_id"], "company": ticket["company"], "open": 0, "breached": []},
        )
        row["open"] += 1
        hours = overdue_hours(ticket["due_at"], now)
        if hours > 0:
            row["breached"].append({"id": ticket["id"], "title": ticket["title"], "overdue_hours": hours})
    for row in rows.values():
        row["breached"].sort(key=lambda ticket: (-ticket["overdue_hours"], ticket["id"]))
    return sorted(rows.values(), key=lambda row: (-len(row["breached"]), row["company"]))


def overdue_hours(due_at: str, now: datetime) -> float:
    """Hours since `due_at` (ISO 8601 with an offset), 0 when it is still to come."""
    seconds = (now - datetime.fromisoformat(due_at)).total_seconds()
    return round(max(seconds, 0) / 3600, 1)
