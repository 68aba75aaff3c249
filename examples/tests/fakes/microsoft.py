"""Microsoft: sign-in of each tenant, Partner Center and Graph, all at one address."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from .base import Answer, Fake, Refusal, Request, main, route
from .world import CUSTOMERS, PARTNER_TENANT, PRODUCTS

PARTNER_SCOPE = "https://api.partnercenter.microsoft.com/.default"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
USERS_EACH = 7
SEATS = {"SPB": 10, "O365_BUSINESS_PREMIUM": 3}
"""Licenses of each tenant; of the first, every user has one."""


class Microsoft(Fake):
    """Serves Microsoft's sign-in, Partner Center and Graph."""

    NAME = "microsoft"
    TOKEN_PATH = re.compile(r"^/(?P<tenant>[^/]+)/oauth2/v2\.0/token$")

    def fill(self) -> None:
        ids = {part: sku for part, sku, *_ in PRODUCTS}
        self.sku_ids = ids
        self.users: dict[str, list[dict[str, Any]]] = {
            customer.tenant: [
                {
                    "id": f"user-{customer.number}-{number}",
                    "displayName": f"User {number}",
                    "userPrincipalName": f"user{number}@{customer.domain}",
                    "accountEnabled": number != 3,
                    "usageLocation": "DE",
                    "assignedLicenses": [{"skuId": ids["SPB"], "disabledPlans": []}],
                }
                for number in range(USERS_EACH)
            ]
            for customer in CUSTOMERS
        }
        self.revoked: list[str] = []
        self.mails: list[dict[str, Any]] = []

    def error(self, status: int, message: str, code: str) -> Answer:
        inner = {"request-id": "graph-request-1", "date": "2026-01-31T00:00:00"}
        body = {"error": {"code": code or "UnknownError", "message": message, "innerError": inner}}
        return Answer(status, body, {"request-id": "graph-request-1"})

    def grant(self, request: Request, fields: dict[str, str]) -> dict[str, Any]:
        tenant = request.path.split("/")[1]
        if tenant != PARTNER_TENANT and tenant not in self.users:
            raise Refusal(400, f"AADSTS90002: Tenant '{tenant}' not found.", "invalid_request")
        return {"tenant": tenant, "scope": fields.get("scope")}

    def allows(self, request: Request, grant: dict[str, Any]) -> bool:
        if request.path.startswith("/v1.0/"):
            sends = request.path.endswith("/sendMail") and grant["tenant"] == PARTNER_TENANT
            return bool(grant["scope"] == GRAPH_SCOPE and (sends or grant["tenant"] in self.users))
        return bool(grant["scope"] == PARTNER_SCOPE and grant["tenant"] == PARTNER_TENANT)

    # Partner Center

    @route("GET", "/v1/customers")
    def get_customers(self, request: Request) -> Any:
        _needs_headers(request)
        records = [
            {
                "id": customer.tenant,
                "companyProfile": {
                    "tenantId": customer.tenant,
                    "domain": customer.domain,
                    "companyName": customer.name,
                },
                "relationshipToPartner": "reseller",
                "attributes": {"objectType": "Customer"},
            }
            for customer in CUSTOMERS
        ]
        size, start = int(request.query["size"]), 0
        if request.query.get("seekOperation") == "Next":
            start = int(request.headers["ms-continuationtoken"].partition("-")[2])
        links: dict[str, Any] = {"self": {"uri": f"/customers?size={size}", "method": "GET", "headers": []}}
        if start + size < len(records):
            links["next"] = {
                "uri": f"/customers?size={size}&seekOperation=Next",
                "method": "GET",
                "headers": [{"key": "MS-ContinuationToken", "value": f"at-{start + size}"}],
            }
        return _collection(records[start : start + size], links)

    @route("GET", "/v1/customers/{id}")
    def get_customer(self, request: Request, id: str) -> Any:
        for customer in CUSTOMERS:
            if customer.tenant == id:
                profile = {"tenantId": id, "domain": customer.domain, "companyName": customer.name}
                return {"id": id, "companyProfile": profile, "billingProfile": {"companyName": customer.name}}
        return Answer(404, {"code": 2000, "description": "Customer not found.", "data": [], "source": "PartnerAPI"},
                      {"MS-RequestId": "partner-request-1"})  # fmt: skip

    @route("GET", "/v1/customers/{id}/subscriptions")
    def get_subscriptions(self, request: Request, id: str) -> Any:
        records = [
            {"id": f"{part}-{id}", "offerId": f"{vendor_sku}:OFFER", "offerName": name, "friendlyName": name,
             "quantity": SEATS[part], "status": "active", "billingCycle": "monthly", "termDuration": "P1M"}
            for part, _, name, vendor_sku, _ in PRODUCTS
            if part in SEATS
        ]  # fmt: skip
        return _collection(records, {})

    # Graph

    @route("GET", "/v1.0/subscribedSkus")
    def get_skus(self, request: Request) -> Any:
        users = self._users(request)
        return {"value": [
            {
                "skuId": self.sku_ids[part],
                "skuPartNumber": part,
                "capabilityStatus": "Enabled",
                "consumedUnits": sum(_has(user, self.sku_ids[part]) for user in users),
                "prepaidUnits": {"enabled": seats, "warning": 0, "suspended": 0},
            }
            for part, seats in SEATS.items()
        ]}  # fmt: skip

    @route("GET", "/v1.0/users")
    def get_users(self, request: Request) -> Any:
        users, size = self._users(request), int(request.query.get("$top", 100))
        if request.query.get("$filter") == "accountEnabled eq true":
            users = [user for user in users if user["accountEnabled"]]
        start = int(request.query.get("$skiptoken", 0))
        answer: dict[str, Any] = {"@odata.context": "#users", "value": users[start : start + size]}
        if start + size < len(users):
            query = urlencode({**request.query, "$skiptoken": start + size}, safe="$")
            answer["@odata.nextLink"] = f"{self.address}/v1.0/users?{query}"
        return answer

    @route("POST", "/v1.0/users")
    def post_user(self, request: Request) -> Any:
        name = request.body["userPrincipalName"]
        domain = next(customer.domain for customer in CUSTOMERS if customer.tenant == self._tenant(request))
        if not name.endswith(f"@{domain}"):
            raise Refusal(400, "The domain portion of the userPrincipalName property is invalid.", "Request_BadRequest")
        if any(user["userPrincipalName"] == name for user in self._users(request)):
            message = "Another object with the same value for property userPrincipalName already exists."
            raise Refusal(400, message, "Request_BadRequest")
        fields = {key: value for key, value in request.body.items() if key != "passwordProfile"}
        user = {"id": f"user-new-{len(self._users(request))}", "assignedLicenses": [], **fields}
        self._users(request).append(user)
        return Answer(201, user)

    @route("GET", "/v1.0/users/{id}")
    def get_user(self, request: Request, id: str) -> Any:
        return self._user(request, id)

    @route("PATCH", "/v1.0/users/{id}")
    def patch_user(self, request: Request, id: str) -> None:
        self._user(request, id).update(request.body)

    @route("POST", "/v1.0/users/{id}/revokeSignInSessions")
    def revoke(self, request: Request, id: str) -> Any:
        self.revoked.append(self._user(request, id)["userPrincipalName"])
        return {"value": True}

    @route("POST", "/v1.0/users/{id}/assignLicense")
    def assign(self, request: Request, id: str) -> Any:
        user, held = self._user(request, id), self._users(request)
        for license in request.body["addLicenses"]:
            part = next((part for part, sku in self.sku_ids.items() if sku == license["skuId"]), "")
            if sum(_has(one, license["skuId"]) for one in held) >= SEATS.get(part, 0):
                message = f"Subscription with SKU {license['skuId']} does not have any available licenses."
                raise Refusal(400, message, "Request_BadRequest")
            user["assignedLicenses"].append(license)
        gone = request.body["removeLicenses"]
        user["assignedLicenses"] = [one for one in user["assignedLicenses"] if one["skuId"] not in gone]
        return user

    @route("POST", "/v1.0/users/{id}/sendMail")
    def send_mail(self, request: Request, id: str) -> Any:
        message = request.body["message"]
        to = [one["emailAddress"]["address"] for one in message["toRecipients"]]
        self.mails.append({"from": id, "to": to, "subject": message["subject"], "text": message["body"]["content"]})
        return Answer(202)

    def _tenant(self, request: Request) -> str:
        return str(self.tokens[request.token]["tenant"])

    def _users(self, request: Request) -> list[dict[str, Any]]:
        return self.users[self._tenant(request)]

    def _user(self, request: Request, id: str) -> dict[str, Any]:
        for user in self._users(request):
            if id in (user["id"], user["userPrincipalName"]):
                return user
        message = f"Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        raise Refusal(404, message, "Request_ResourceNotFound")


def _collection(items: list[dict[str, Any]], links: dict[str, Any]) -> Answer:
    """Partner Center begins its answers with a byte order mark."""
    body = {"totalCount": len(items), "items": items, "links": links, "attributes": {"objectType": "Collection"}}
    return Answer(200, raw=b"\xef\xbb\xbf" + json.dumps(body).encode())


def _needs_headers(request: Request) -> None:
    if not {"ms-requestid", "ms-correlationid", "ms-contract-version"} <= request.headers.keys():
        raise Refusal(400, "A header is missing.", "BadRequest")


def _has(user: dict[str, Any], sku: str) -> bool:
    return any(license["skuId"] == sku for license in user["assignedLicenses"])


if __name__ == "__main__":
    main(Microsoft)
