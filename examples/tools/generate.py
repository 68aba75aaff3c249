"""Makes the data of the starter workspace: `python3 examples/tools/generate.py`.

The output depends on the seed only, so running it again changes nothing. It is kept
outside of the workspace because every `.py` file in a workspace is deployed.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SEED = 20260131
USERS = 6_000
REPORT_DATE = date(2026, 1, 31)
TARGET = Path(__file__).resolve().parent.parent / "starter" / "data"

DEPARTMENTS = ("Engineering", "Finance", "Human Resources", "Legal", "Marketing", "Operations", "Sales", "Support")
FIRST = ("Ada", "Bram", "Chloé", "Dilan", "Emre", "Farah", "Greta", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Malik",
         "Nadia", "Otto", "Priya", "Quinn", "Rosa", "Søren", "Tove", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoë")
LAST = ("Abbott", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Hansen", "Ito", "Jensen", "Kowalski",
        "Lindqvist", "Moreau", "Nguyen", "O'Brien", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Urban", "Weber")


@dataclass(frozen=True)
class Product:
    """A product, how often a user has it, and how many seats are bought per seat in use."""

    sku: str
    name: str
    cents: int
    usage: float
    bought: float


PRODUCTS = (
    Product("M365-BP", "Microsoft 365 Business Premium", 2200, 0.62, 1.06),
    Product("M365-E3", "Microsoft 365 E3", 3900, 0.22, 0.97),
    Product("M365-E5", "Microsoft 365 E5", 5700, 0.08, 1.12),
    Product("M365-F3", "Microsoft 365 F3", 800, 0.08, 1.20),
    Product("VISIO-P2", "Visio Plan 2", 1500, 0.06, 1.35),
    Product("PROJ-P3", "Project Plan 3", 3000, 0.05, 1.28),
    Product("PBI-PRO", "Power BI Pro", 1400, 0.28, 0.94),
    Product("ADOBE-CC", "Creative Cloud All Apps", 6500, 0.09, 1.04),
    Product("ACRO-STD", "Acrobat Standard", 1299, 0.41, 1.10),
    Product("ZOOM-BIZ", "Zoom Business", 1833, 0.33, 1.17),
    Product("EDR-STD", "Endpoint Protection", 650, 0.88, 0.99),
    Product("BKUP-USR", "Mailbox Backup", 325, 0.79, 1.02),
)


def users(rng: random.Random) -> list[dict[str, str]]:
    """One row per user, with the licenses that they hold, `;` between them."""
    rows = []
    for number in range(1, USERS + 1):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        left = rng.random() < 0.07
        held = [product.sku for product in PRODUCTS if rng.random() < product.usage]
        # Whoever leaves mostly loses the licenses; the rest is what the report finds.
        if left and rng.random() < 0.6:
            held = []
        rows.append({
            "user_id": f"U{number:05}",
            "name": f"{first} {last}",
            "email": f"user{number:05}@example.com",
            "department": rng.choice(DEPARTMENTS),
            "status": "left" if left else "active",
            "left_on": str(REPORT_DATE - timedelta(days=rng.randint(1, 400))) if left else "",
            "skus": ";".join(held),
        })
    return rows


def licenses(rng: random.Random, people: list[dict[str, str]]) -> list[dict[str, str]]:
    """Order lines: seats of one product for one department over one term."""
    rows = []
    for product in PRODUCTS:
        in_use = sum(product.sku in person["skus"].split(";") for person in people)
        wanted = round(in_use * product.bought)
        while wanted > 0:
            seats = min(wanted, rng.randint(1, 9))
            wanted -= seats
            rows.append(_line(rng, product, seats, REPORT_DATE + timedelta(days=rng.randint(1, 364))))
        # Terms that have ended: the report must leave them out.
        for _ in range(max(3, in_use // 60)):
            rows.append(_line(rng, product, rng.randint(1, 9), REPORT_DATE - timedelta(days=rng.randint(1, 300))))
    rng.shuffle(rows)
    for number, row in enumerate(rows, 1):
        row["order_id"] = f"O{number:05}"
    return rows


def _line(rng: random.Random, product: Product, seats: int, ends: date) -> dict[str, str]:
    # Some lines were bought at a discount.
    cents = round(product.cents * rng.choice((1, 1, 1, 0.95, 0.9)))
    return {
        "order_id": "",
        "sku": product.sku,
        "product": product.name,
        "department": rng.choice(DEPARTMENTS),
        "seats": str(seats),
        "unit_price": f"{cents // 100}.{cents % 100:02}",
        "starts_on": str(ends - timedelta(days=365)),
        "ends_on": str(ends),
    }


def write(name: str, rows: list[dict[str, str]]) -> None:
    """Writes rows as CSV with `\\n` line ends."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Writes both files."""
    rng = random.Random(SEED)
    people = users(rng)
    write("users.csv", people)
    write("licenses.csv", licenses(rng, people))


if __name__ == "__main__":
    main()
