"""The customers that all vendors know, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Customer:
    """A customer of the provider."""

    number: int
    name: str

    @property
    def domain(self) -> str:
        return f"{self.name.lower()}.example"

    @property
    def tenant(self) -> str:
        """Its tenant at Microsoft."""
        return f"{self.number:08d}-0000-4000-8000-00000000000a"

    @property
    def company(self) -> str:
        """Its id at Pax8."""
        return f"{self.number:08d}-0000-4000-8000-00000000000c"


NAMES = ("Adatum", "Contoso", "Fabrikam", "Litware", "Northwind", "Proseware", "Tailspin")
CUSTOMERS = tuple(Customer(number, name) for number, name in enumerate(NAMES, 1))
PARTNER_TENANT = "00000000-0000-4000-8000-0000000000ff"

# What Microsoft sells: part number, SKU id, how Pax8 calls it, its vendor SKU, price a month.
PRODUCTS = (
    ("SPB", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "Microsoft 365 Business Premium", "CFQ7TTC0LCHC:0002", 20.6),
    ("O365_BUSINESS_PREMIUM", "f245ecc8-75af-4f8e-b61f-27d8114de5f3", "Microsoft 365 Business Standard",
     "CFQ7TTC0LDPB:0001", 11.7),
    ("SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965", "Microsoft 365 E3", "CFQ7TTC0LFLX:0001", 35.3),
)  # fmt: skip
