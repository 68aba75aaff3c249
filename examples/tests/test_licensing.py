"""The reconciliation: by hand on few rows, by invariants on the shipped data."""

from datetime import date
from pathlib import Path

import pytest

from modules import licensing

DATA = Path(__file__).resolve().parents[1] / "starter" / "data"
DAY = date(2026, 1, 31)


def order(sku: str, seats: int, price: str = "10.00", department: str = "Sales", ends: str = "2026-06-30") -> dict[str, str]:
    """An order line that began a year ago."""
    return {"order_id": "O1", "sku": sku, "product": f"{sku} product", "department": department, "seats": str(seats),
            "unit_price": price, "starts_on": "2025-06-30", "ends_on": ends}


def user(number: int, skus: str, left: bool = False, department: str = "Sales") -> dict[str, str]:
    """A user with licenses."""
    return {"user_id": f"U{number}", "name": f"User {number}", "email": "", "department": department,
            "status": "left" if left else "active", "left_on": "2026-01-01" if left else "", "skus": skus}


def test_counts_by_hand() -> None:
    orders = [order("A", 3), order("A", 1, "20.00", "Legal"), order("B", 1, "5.5"), order("A", 9, ends="2025-12-31")]
    users = [user(1, "A;B"), user(2, "A", left=True), user(3, "B", department="Legal"), user(4, "")]
    summary = licensing.reconcile(orders, users, as_of=DAY).summary()
    a, b = summary["skus"]
    assert (a["sku"], a["purchased"], a["assigned"], a["unused"], a["over_assigned"], a["orphaned"]) == ("A", 4, 2, 2, 0, 1)
    assert a["unused_spend_per_month"] == 25.0
    assert (b["sku"], b["purchased"], b["assigned"], b["unused"], b["over_assigned"], b["orphaned"]) == ("B", 1, 2, 0, 1, 0)
    assert summary["over_assigned"] == ["B"]
    assert summary["cost_per_department"] == {"Legal": 20.0, "Sales": 35.5}
    assert [orphan["user_id"] for orphan in summary["orphans"]] == ["U2"]
    assert summary["totals"]["orphaned_spend_per_month"] == 12.5


def test_department_narrows_and_ignores_case() -> None:
    orders = [order("A", 3), order("A", 1, department="Legal")]
    report = licensing.reconcile(orders, [user(1, "A")], as_of=DAY, department=" LEGAL ")
    assert report.department == "Legal"
    assert report.skus["A"].purchased == 1
    assert report.skus["A"].assigned == 0


def test_unknown_department_names_the_known() -> None:
    with pytest.raises(licensing.UnknownDepartment, match="Known are: Legal, Sales") as raised:
        licensing.reconcile([order("A", 1)], [user(1, "", department="Legal")], as_of=DAY, department="Nope")
    assert raised.value.known == ["Legal", "Sales"]


def test_product_in_use_but_never_bought() -> None:
    sku = licensing.reconcile([], [user(1, "X")], as_of=DAY).skus["X"]
    assert (sku.purchased, sku.over_assigned, sku.unused_cents) == (0, 1, 0)


@pytest.mark.parametrize(("text", "value"), [("12", 1200), ("12.5", 1250), ("12.50", 1250), ("0.05", 5), (" 7.999", 799)])
def test_cents(text: str, value: int) -> None:
    assert licensing.cents(text) == value


def test_html_escapes() -> None:
    summary = licensing.reconcile([order("<b>", 1)], [], as_of=DAY).summary()
    page = licensing.to_html(summary)
    assert page.startswith("<h2>")
    assert "<b>" not in page and "&lt;b&gt;" in page


def test_shipped_data() -> None:
    orders, users = licensing.read_csv(str(DATA / "licenses.csv")), licensing.read_csv(str(DATA / "users.csv"))
    assert len(orders) > 3_000 and len(users) > 3_000
    messages: list[str] = []
    summary = licensing.reconcile(orders, users, as_of=DAY, progress=messages.append).summary()
    totals = summary["totals"]
    assert len(messages) == 2
    assert totals["assigned"] == sum(len(list(filter(None, row["skus"].split(";")))) for row in users)
    assert totals["purchased"] - totals["unused"] + totals["over_assigned"] == totals["assigned"]
    assert totals["spend_per_month"] == pytest.approx(sum(summary["cost_per_department"].values()))
    assert set(summary["over_assigned"]) == {"EDR-STD", "M365-E3", "PBI-PRO"}
    assert summary["orphaned_users"] > 100 and len(summary["orphans"]) == 50


def test_departments_add_up() -> None:
    orders, users = licensing.read_csv(str(DATA / "licenses.csv")), licensing.read_csv(str(DATA / "users.csv"))
    whole = licensing.reconcile(orders, users, as_of=DAY)
    parts = [licensing.reconcile(orders, users, as_of=DAY, department=name) for name in whole.department_cents]
    for name, sku in whole.skus.items():
        assert sum(part.skus[name].assigned for part in parts if name in part.skus) == sku.assigned
        assert sum(part.skus[name].purchased for part in parts if name in part.skus) == sku.purchased
