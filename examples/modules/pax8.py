"""Pax8 (cloud distribution): companies, subscriptions, products, usage and orders.

    from modules import pax8

    async with pax8.Client.connect() as distributor:
        for subscription in await distributor.subscriptions(company_id, status="Active"):
            ...

Needs an integration “Pax8” with client id and secret (*Settings > Integrations > Credentials*
in Pax8). Its config is empty, or has a `base_url` other than `https://api.pax8.com`, or a `page_size`
(records of a page) below 200.

Ids are UUIDs as text. Prices are numbers in the currency of `currencyCode`. Dates are ISO 8601.
Calls raise the errors of `modules.api_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, Self, TypedDict

from bifrost import IntegrationData

from ._rest import (
    ApiClient,
    Detail,
    Policy,
    Record,
    Session,
    TokenSource,
    number_of,
    numbered,
    page_size,
    path,
    record_of,
    records_of,
    setting,
    source_of,
)

BASE_URL = "https://api.pax8.com"
TOKEN_PATH = "/v1/token"
AUDIENCE = "https://api.pax8.com"
PAGE_SIZE = 200
SERVICE = "Pax8"

CompanyStatus = Literal["Active", "Inactive", "Deleted"]
BillingTerm = Literal["Monthly", "Annual", "2-Year", "3-Year", "One-Time", "Trial", "Activation"]


class OrderLine(TypedDict):
    """One product of an order."""

    productId: str
    quantity: int
    billingTerm: BillingTerm
    commitmentTermId: NotRequired[str]
    """Needed where the product's `requiresCommitment` is true."""
    provisionStartDate: NotRequired[str]
    parentSubscriptionId: NotRequired[str]
    provisioningDetails: NotRequired[list[Record]]
    """`{"key": ..., "values": [...]}`, as the product asks for."""


class Client(ApiClient):
    """One connection. `page_size` is how many records a page has, 200 at most."""

    INTEGRATION = "Pax8"

    def __init__(
        self, base_url: str, tokens: TokenSource, *, page_size: int = PAGE_SIZE, policy: Policy | None = None
    ) -> None:
        self._session = Session(SERVICE, base_url, tokens, read_error=_read_error, policy=policy)
        self._page_size = page_size

    @classmethod
    def of(cls, name: str, data: IntegrationData) -> Self:
        base_url = setting(data, "base_url", BASE_URL).rstrip("/")
        tokens = source_of(name, data, token_url=base_url + TOKEN_PATH, extra={"audience": AUDIENCE}, as_json=True)
        return cls(base_url, tokens, page_size=page_size(data, PAGE_SIZE))

    async def companies(self, status: CompanyStatus | None = None, **filters: Any) -> list[Record]:
        """Companies (customers): `id`, `name`, `address`, `phone`, `website`, `externalId`, `status`, …

        Further filters: `city`, `country`, `stateOrProvince`, `postalCode`.
        """
        return await self._all("/v1/companies", {"status": status, **filters})

    async def company(self, company_id: str) -> Record:
        """One company. `NotFound` when there is none."""
        return await self._one("v1", "companies", company_id)

    async def subscriptions(
        self, company_id: str | None = None, product_id: str | None = None, status: str | None = None
    ) -> list[Record]:
        """Subscriptions: `id`, `companyId`, `productId`, `productName`, `quantity`, `status`, `price`
        (of one unit in a billing term), `currencyCode`, `billingTerm`, `startDate`, `endDate`, …

        `status` is `Active`, `Cancelled`, `PendingManual`, `Trial`, …
        """
        filters = {"companyId": company_id, "productId": product_id, "status": status}
        return await self._all("/v1/subscriptions", filters)

    async def subscription(self, subscription_id: str) -> Record:
        """One subscription. `NotFound` when there is none."""
        return await self._one("v1", "subscriptions", subscription_id)

    async def set_quantity(self, subscription_id: str, quantity: int) -> Record:
        """Changes the seats of a subscription, which changes what it costs, and answers it.

        `Invalid` when its commitment does not allow that.
        """
        answer = await self._session.put(path("v1", "subscriptions", subscription_id), {"quantity": quantity})
        return record_of(SERVICE, answer)

    async def products(self, search: str | None = None, vendor: str | None = None) -> list[Record]:
        """Products: `id`, `name`, `vendorName`, `sku`, `vendorSku`, `requiresCommitment`, …

        There are thousands of them: narrow down by `search` (name, vendor or SKU) or `vendor`.
        """
        return await self._all("/v1/products", {"search": search, "vendorName": vendor})

    async def product(self, product_id: str) -> Record:
        """One product with its `description`. `NotFound` when there is none."""
        return await self._one("v1", "products", product_id)

    async def usage_summaries(self, subscription_id: str) -> list[Record]:
        """Usage of a subscription in the current month: `id`, `resourceGroup`, `vendorName`,
        `currentCharges`, `partnerTotal`, `currencyCode`, `isTrial`, …"""
        return await self._all(path("v1", "subscriptions", subscription_id, "usage-summaries"), {})

    async def usage_lines(self, usage_summary_id: str, day: str) -> list[Record]:
        """What a usage summary consists of on a day (`2026-01-31`): `productName`, `quantity`, `unitPrice`, …"""
        return await self._all(path("v1", "usage-summaries", usage_summary_id, "usage-lines"), {"usageDate": day})

    async def orders(self, company_id: str | None = None) -> list[Record]:
        """Orders: `id`, `companyId`, `createdDate`, `orderedBy`, `lineItems`, …"""
        return await self._all("/v1/orders", {"companyId": company_id})

    async def create_order(self, company_id: str, lines: Sequence[OrderLine], *, mock: bool = False) -> Record:
        """Orders products, which costs money, and answers the order.

        With `mock`, Pax8 only checks it. `Invalid` names what is wrong. When the error says
        `outcome_unknown`, look into `orders` before ordering again.
        """
        items = [{"lineItemNumber": number, **line} for number, line in enumerate(lines, 1)]
        body = {"companyId": company_id, "lineItems": items}
        return record_of(SERVICE, await self._session.post("/v1/orders", body, params={"isMock": mock or None}))

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _one(self, *segments: str) -> Record:
        return record_of(SERVICE, await self._session.get(path(*segments)))

    async def _all(self, resource: str, params: Mapping[str, Any]) -> list[Record]:
        async def read(number: int) -> tuple[list[Record], int]:
            answer = await self._session.get(resource, {**params, "page": number, "size": self._page_size})
            page = answer.get("page") if isinstance(answer, dict) else None
            count = page.get("totalPages") if isinstance(page, dict) else None
            return records_of(SERVICE, answer, "content"), number_of(SERVICE, count, "page.totalPages")

        return await numbered(SERVICE, 0, read)


async def connect(name: str | None = None, *, scope: str | None = None) -> Client:
    """A client for the integration “Pax8”, or another name. See `Client.open`."""
    return await Client.open(name, scope=scope)


def _read_error(body: Mapping[str, Any]) -> Detail | None:
    if "message" not in body:
        return None
    details = body.get("details")
    parts = [body["message"]]
    if isinstance(details, list):
        parts += [detail["message"] for detail in details if isinstance(detail, dict) and detail.get("message")]
    code = body.get("type")
    return Detail("; ".join(map(str, parts)), str(code) if code else None)
