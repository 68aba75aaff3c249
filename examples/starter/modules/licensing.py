"""Reconciles the seats that were bought with the seats that are in use.

Pure functions over rows, so they are tested without a platform (`examples/tests`).
Money is whole cents until it is shown.
"""

from __future__ import annotations

import csv
import html
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = Mapping[str, str]
Progress = Callable[[str], None]


class UnknownDepartment(Exception):
    """There is no such department in the data."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = sorted(known)
        super().__init__(f"There is no department “{name}”. Known are: {', '.join(self.known)}.")


@dataclass
class Sku:
    """What is known of one product."""

    sku: str
    product: str
    purchased: int = 0
    spend_cents: int = 0
    assigned: int = 0
    orphaned: int = 0

    @property
    def unused(self) -> int:
        """Seats that are paid for and held by nobody."""
        return max(self.purchased - self.assigned, 0)

    @property
    def over_assigned(self) -> int:
        """Seats in use beyond what was bought."""
        return max(self.assigned - self.purchased, 0)

    @property
    def unused_cents(self) -> int:
        """Monthly cost of the unused seats, at the average price paid."""
        return round(self.spend_cents * self.unused / self.purchased) if self.purchased else 0

    @property
    def orphaned_cents(self) -> int:
        """Monthly cost of the seats held by users who left, at the average price paid."""
        return round(self.spend_cents * self.orphaned / self.purchased) if self.purchased else 0


@dataclass
class Reconciliation:
    """The whole report."""

    as_of: date
    department: str | None
    orders: int = 0
    users: int = 0
    skus: dict[str, Sku] = field(default_factory=dict)
    department_cents: Counter[str] = field(default_factory=Counter)
    orphans: list[dict[str, Any]] = field(default_factory=list)

    def summary(self, orphan_limit: int = 50) -> dict[str, Any]:
        """The report as JSON-ready values, with the newest `orphan_limit` orphans."""
        skus = sorted(self.skus.values(), key=lambda sku: (-sku.unused_cents, sku.sku))
        orphans = sorted(self.orphans, key=lambda orphan: orphan["left_on"], reverse=True)
        return {
            "as_of": self.as_of.isoformat(),
            "department": self.department,
            "orders_read": self.orders,
            "users_read": self.users,
            "totals": {
                "purchased": sum(sku.purchased for sku in skus),
                "assigned": sum(sku.assigned for sku in skus),
                "unused": sum(sku.unused for sku in skus),
                "over_assigned": sum(sku.over_assigned for sku in skus),
                "orphaned": sum(sku.orphaned for sku in skus),
                "spend_per_month": money(sum(sku.spend_cents for sku in skus)),
                "unused_spend_per_month": money(sum(sku.unused_cents for sku in skus)),
                "orphaned_spend_per_month": money(sum(sku.orphaned_cents for sku in skus)),
            },
            "skus": [
                {
                    "sku": sku.sku,
                    "product": sku.product,
                    "purchased": sku.purchased,
                    "assigned": sku.assigned,
                    "unused": sku.unused,
                    "over_assigned": sku.over_assigned,
                    "orphaned": sku.orphaned,
                    "unused_spend_per_month": money(sku.unused_cents),
                }
                for sku in skus
            ],
            "over_assigned": [sku.sku for sku in skus if sku.over_assigned],
            "cost_per_department": {name: money(cents) for name, cents in sorted(self.department_cents.items())},
            "orphaned_users": len(orphans),
            "orphans": orphans[:orphan_limit],
        }


def read_csv(path: str) -> list[dict[str, str]]:
    """All rows of a CSV file with a header, by its path relative to the workspace."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reconcile(
    orders: Iterable[Row],
    users: Iterable[Row],
    *,
    as_of: date,
    department: str | None = None,
    progress: Progress = lambda message: None,
) -> Reconciliation:
    """Compares orders whose term covers `as_of` with what users hold.

    With `department`, only that department's orders and users count; its name is
    compared without regard to case.
    """
    orders, users = list(orders), list(users)
    names = {row["department"] for row in orders} | {row["department"] for row in users}
    if department is not None:
        matching = [name for name in names if name.casefold() == department.strip().casefold()]
        if not matching:
            raise UnknownDepartment(department, names)
        department = matching[0]
        orders = [row for row in orders if row["department"] == department]
        users = [row for row in users if row["department"] == department]

    report = Reconciliation(as_of, department, orders=len(orders), users=len(users))
    day = as_of.isoformat()
    for row in orders:
        sku = report.skus.setdefault(row["sku"], Sku(row["sku"], row["product"]))
        # ISO dates sort as text.
        if row["starts_on"] <= day <= row["ends_on"]:
            seats = int(row["seats"])
            spend = seats * cents(row["unit_price"])
            sku.purchased += seats
            sku.spend_cents += spend
            report.department_cents[row["department"]] += spend
    progress(f"{len(orders)} order lines read, {len(report.skus)} products")

    held: dict[str, list[Row]] = defaultdict(list)
    for user in users:
        for name in filter(None, user["skus"].split(";")):
            held[name].append(user)
    left_with: dict[str, list[str]] = defaultdict(list)
    for name, holders in held.items():
        sku = report.skus.setdefault(name, Sku(name, name))
        sku.assigned = len(holders)
        for user in holders:
            if user["status"] == "left":
                sku.orphaned += 1
                left_with[user["user_id"]].append(name)
    report.orphans = [
        {
            "user_id": user["user_id"],
            "name": user["name"],
            "department": user["department"],
            "left_on": user["left_on"],
            "skus": sorted(left_with[user["user_id"]]),
        }
        for user in users
        if user["user_id"] in left_with
    ]
    progress(f"{len(users)} users read, {len(report.orphans)} of them left and still hold licenses")
    return report


def cents(price: str) -> int:
    """`"12.5"` is 1250."""
    whole, _, fraction = price.strip().partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0")[:2])


def money(value: int) -> float:
    """Cents as an amount with two places."""
    return round(value / 100, 2)


def to_html(summary: Mapping[str, Any]) -> str:
    """The summary as an HTML table. Every value is escaped."""
    columns = ("sku", "product", "purchased", "assigned", "unused", "over_assigned", "orphaned", "unused_spend_per_month")
    head = "".join(f"<th>{name.replace('_', ' ').capitalize()}</th>" for name in columns)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(sku[name]))}</td>" for name in columns) + "</tr>"
        for sku in summary["skus"]
    )
    totals = summary["totals"]
    foot = "<td>Total</td><td></td>" + "".join(f"<td>{_shown(totals[name])}</td>" for name in columns[2:])
    of = html.escape(summary["department"] or "all departments")
    return (
        f"<h2>Licenses of {of} on {html.escape(summary['as_of'])}</h2>\n"
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n<tfoot><tr>{foot}</tr></tfoot>\n</table>"
    )


def _shown(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
