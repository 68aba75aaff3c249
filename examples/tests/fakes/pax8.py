"""Pax8: every customer as a company, with subscriptions of some products."""

from __future__ import annotations

import re
from typing import Any

from .base import Answer, Fake, Refusal, Request, main, route
from .world import CUSTOMERS, PRODUCTS


class Pax8(Fake):
    """Serves Pax8's partner API."""

    NAME = "pax8"
    TOKEN_PATH = re.compile(r"^/v1/token$")

    def fill(self) -> None:
        self.companies = [
            {
                "id": customer.company,
                "name": customer.name,
                "website": f"https://www.{customer.domain}/",
                "status": "Active",
                "externalId": None,
            }
            for customer in CUSTOMERS
        ]
        self.products: list[dict[str, Any]] = [
            {
                "id": f"product-{number}",
                "name": name,
                "vendorName": "Microsoft",
                "sku": f"MST-{number}",
                "vendorSku": vendor_sku,
                "requiresCommitment": True,
            }
            for number, (_, _, name, vendor_sku, _) in enumerate(PRODUCTS)
        ]
        self.products.append({"id": "product-9", "name": "Mailbox Backup", "vendorName": "Vault", "sku": "V-1",
                              "vendorSku": "V-1", "requiresCommitment": False})  # fmt: skip
        self.subscriptions = [
            {
                "id": f"subscription-{customer.number}-{number}",
                "companyId": customer.company,
                "productId": f"product-{number}",
                "productName": name,
                "quantity": 10 + customer.number,
                "price": price,
                "currencyCode": "EUR",
                "billingTerm": "Monthly",
                "status": "Active" if number < 2 else "Cancelled",
                "startDate": "2026-01-01T00:00:00Z",
            }
            for customer in CUSTOMERS
            for number, (_, _, name, _, price) in enumerate(PRODUCTS)
        ]
        self.orders: list[dict[str, Any]] = []

    def error(self, status: int, message: str, code: str) -> Answer:
        details = [{"message": "see the documentation"}] if status == 422 else []
        body = {"type": code or "ERROR", "message": message, "instance": "/", "status": status, "details": details}
        return Answer(status, body, {"X-Request-Id": "pax8-request-1"})

    def grant(self, request: Request, fields: dict[str, str]) -> dict[str, Any]:
        if fields.get("audience") != "https://api.pax8.com":
            raise Refusal(401, "Unauthorized", "access_denied")
        return {}

    @route("GET", "/v1/companies")
    def get_companies(self, request: Request) -> Any:
        return _page(request, _filtered(self.companies, request, "status"))

    @route("GET", "/v1/companies/{id}")
    def get_company(self, request: Request, id: str) -> Any:
        return _by_id(self.companies, id)

    @route("GET", "/v1/subscriptions")
    def get_subscriptions(self, request: Request) -> Any:
        return _page(request, _filtered(self.subscriptions, request, "companyId", "productId", "status"))

    @route("GET", "/v1/subscriptions/{id}")
    def get_subscription(self, request: Request, id: str) -> Any:
        return _by_id(self.subscriptions, id)

    @route("PUT", "/v1/subscriptions/{id}")
    def put_subscription(self, request: Request, id: str) -> Any:
        subscription = _by_id(self.subscriptions, id)
        if request.body["quantity"] < subscription["quantity"]:
            raise Refusal(422, "The commitment does not allow fewer seats", "UNPROCESSABLE_ENTITY")
        subscription.update(request.body)
        return subscription

    @route("GET", "/v1/subscriptions/{id}/usage-summaries")
    def get_usage(self, request: Request, id: str) -> Any:
        subscription = _by_id(self.subscriptions, id)
        rows = [
            {"id": f"usage-{number}", "companyId": subscription["companyId"], "resourceGroup": f"Group {number}",
             "vendorName": "Microsoft", "currentCharges": 10.5 * number, "partnerTotal": 9.5 * number,
             "currencyCode": "EUR", "isTrial": False}
            for number in range(1, 8)
        ]  # fmt: skip
        return _page(request, rows)

    @route("GET", "/v1/products")
    def get_products(self, request: Request) -> Any:
        wanted = request.query.get("search", "").lower()
        found = [product for product in self.products if wanted in product["name"].lower()]
        return _page(request, _filtered(found, request, "vendorName"))

    @route("GET", "/v1/products/{id}")
    def get_product(self, request: Request, id: str) -> Any:
        return _by_id(self.products, id)

    @route("GET", "/v1/orders")
    def get_orders(self, request: Request) -> Any:
        return _page(request, _filtered(self.orders, request, "companyId"))

    @route("POST", "/v1/orders")
    def post_order(self, request: Request) -> Any:
        if any(line.get("quantity", 0) < 1 or "lineItemNumber" not in line for line in request.body["lineItems"]):
            raise Refusal(422, "Invalid order", "UNPROCESSABLE_ENTITY")
        order = {"id": f"order-{len(self.orders) + 1}", **request.body}
        if request.query.get("isMock") != "true":
            self.orders.append(order)
        return order


def _page(request: Request, records: list[dict[str, Any]]) -> Any:
    number, size = int(request.query.get("page", 0)), int(request.query.get("size", 10))
    page = {"size": size, "totalElements": len(records), "totalPages": -(-len(records) // size), "number": number}
    return {"content": records[number * size : (number + 1) * size], "page": page}


def _filtered(records: list[dict[str, Any]], request: Request, *keys: str) -> list[dict[str, Any]]:
    given = {key: request.query[key] for key in keys if key in request.query}
    return [record for record in records if all(record[key] == value for key, value in given.items())]


def _by_id(records: list[dict[str, Any]], id: str) -> dict[str, Any]:
    for record in records:
        if record["id"] == id:
            return record
    raise Refusal(404, f"{id} was not found", "NOT_FOUND")


if __name__ == "__main__":
    main(Pax8)
