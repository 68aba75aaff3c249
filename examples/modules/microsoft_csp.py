"""Microsoft for cloud solution providers: customers and subscriptions of Partner Center, and
users and licenses of each customer's tenant by Microsoft Graph.

    from modules import microsoft_csp

    async with microsoft_csp.Client.connect() as csp:
        for customer in await csp.customers():
            skus = await csp.subscribed_skus(customer["id"])

Needs an integration “Microsoft CSP” with client id and secret of a multi-tenant application that
the customers have consented to (Graph: `User.ReadWrite.All`, `LicenseAssignment.ReadWrite.All`,
`Organization.Read.All`; in the partner's own tenant `Mail.Send`, to send mail). Its config:

| key | |
|---|---|
| `partner_tenant` | the partner's own tenant, for Partner Center |
| `token_url` | has `{tenant}` or `{entity_id}` where the tenant goes; the connection's token URL comes first |
| `partner_scope` | `https://api.partnercenter.microsoft.com/.default` unless it says otherwise |
| `partner_url`, `graph_url` | of national clouds |
| `page_size` | records of a page, 500 unless it says less |

A `tenant` is its id (a UUID, the same as the customer's `id`) or one of its domains. A `user` is
an id or a user principal name. Times are ISO 8601. Calls raise the errors of `modules.api_errors`.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from bifrost import IntegrationData

from ._rest import (
    ApiClient,
    ClientCredentials,
    Detail,
    Invalid,
    NotConfigured,
    PlatformToken,
    Policy,
    Record,
    Session,
    TokenSource,
    Unexpected,
    credentials_of,
    follow,
    new_http,
    page_size,
    path,
    record_of,
    records_of,
    setting,
    source_of,
)

PARTNER_URL = "https://api.partnercenter.microsoft.com"
GRAPH_URL = "https://graph.microsoft.com"
TOKEN_URL = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
PARTNER_SCOPE = "https://api.partnercenter.microsoft.com/.default"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
PAGE_SIZE = 500
PARTNER, GRAPH = "Partner Center", "Microsoft Graph"

USER_FIELDS = (
    "id", "displayName", "givenName", "surname", "userPrincipalName", "mail", "jobTitle", "department",
    "accountEnabled", "usageLocation", "assignedLicenses", "createdDateTime",
)  # fmt: skip

TENANT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
CONTINUATION = "MS-ContinuationToken"


class TenantTokens(Protocol):
    """Where tokens come from, for each tenant and scope."""

    def source(self, tenant: str, scope: str) -> TokenSource:
        """The source of tokens for one tenant."""
        ...


class TenantCredentials:
    """One application in many tenants. `token_url` has `{tenant}` where the tenant goes."""

    def __init__(self, client_id: str, client_secret: str, token_url: str = TOKEN_URL) -> None:
        self._client_id, self._client_secret, self._token_url = client_id, client_secret, token_url

    def source(self, tenant: str, scope: str) -> TokenSource:
        url = re.sub(r"\{(?:tenant|tenant_id|entity_id)\}", tenant, self._token_url)
        return ClientCredentials(url, self._client_id, self._client_secret, scope)


class _PlatformTokens:
    """The platform's tokens for the one tenant that the integration is mapped to."""

    def __init__(self, name: str, tenant: str | None) -> None:
        self._name, self._tenant = name, tenant

    def source(self, tenant: str, scope: str) -> TokenSource:
        if tenant != self._tenant:
            raise NotConfigured(f"The integration “{self._name}” has a token for the tenant {self._tenant} only.")
        return PlatformToken(self._name, oauth_scope=scope)


class Client(ApiClient):
    """One connection to Partner Center and to any number of tenants.

    `page_size` is how many records a page has: 999 at most for Graph, 500 for Partner Center.
    """

    INTEGRATION = "Microsoft CSP"

    def __init__(
        self,
        tokens: TenantTokens,
        partner_tenant: str | None = None,
        *,
        partner_url: str = PARTNER_URL,
        graph_url: str = GRAPH_URL,
        partner_scope: str = PARTNER_SCOPE,
        page_size: int = PAGE_SIZE,
        policy: Policy | None = None,
    ) -> None:
        self._tokens = tokens
        self._partner_tenant = partner_tenant
        self._partner_url, self._graph_url, self._partner_scope = partner_url, graph_url, partner_scope
        self._page_size = page_size
        self._policy = policy
        self._http = new_http()
        self._partner: Session | None = None
        self._tenants: dict[str, Session] = {}

    @classmethod
    def of(cls, name: str, data: IntegrationData) -> Self:
        # Only the credentials are for all tenants; a token is for one.
        own = credentials_of(name, data, token_url=TOKEN_URL)
        tokens: TenantTokens
        if own is not None:
            tokens = TenantCredentials(own.client_id, own.client_secret, own.token_url)
        else:
            source_of(name, data, token_url=TOKEN_URL)
            tokens = _PlatformTokens(name, data.entity_id)
        return cls(
            tokens,
            data.config.get("partner_tenant"),
            partner_url=setting(data, "partner_url", PARTNER_URL),
            graph_url=setting(data, "graph_url", GRAPH_URL),
            partner_scope=setting(data, "partner_scope", PARTNER_SCOPE),
            page_size=page_size(data, PAGE_SIZE),
        )

    # Partner Center

    async def customers(self) -> list[Record]:
        """Customers: `id` (of their tenant), `companyProfile` with `tenantId`, `domain` and
        `companyName`, `relationshipToPartner`."""
        return await self._partner_list("/v1/customers", {"size": self._page_size})

    async def customer(self, customer_id: str) -> Record:
        """One customer, also with its `billingProfile`. `NotFound` when there is none."""
        return record_of(PARTNER, await self._partner_get(path("v1", "customers", customer_id)))

    async def subscriptions(self, customer_id: str) -> list[Record]:
        """Subscriptions of a customer: `id`, `offerId`, `offerName`, `friendlyName`, `quantity`, `status`
        (`active`, `suspended`, …), `billingCycle`, `termDuration`, `commitmentEndDate`, `autoRenewEnabled`, …"""
        return await self._partner_list(path("v1", "customers", customer_id, "subscriptions"), {})

    # Microsoft Graph

    async def subscribed_skus(self, tenant: str) -> list[Record]:
        """What a tenant has licenses of: `skuId`, `skuPartNumber`, `consumedUnits`, `prepaidUnits` with
        `enabled`, `warning` and `suspended`, `capabilityStatus`, `servicePlans`."""
        return await self._graph_list(tenant, "/v1.0/subscribedSkus", {})

    async def users(self, tenant: str, filter: str | None = None, select: Iterable[str] = USER_FIELDS) -> list[Record]:
        """Users of a tenant, with the fields in `select`. `filter` is OData: `accountEnabled eq true`.

        `assignedLicenses` is a list of `{"skuId": ..., "disabledPlans": [...]}`.
        """
        params = {"$select": ",".join(select), "$filter": filter, "$top": self._page_size}
        return await self._graph_list(tenant, "/v1.0/users", params)

    async def user(self, tenant: str, user: str, select: Iterable[str] = USER_FIELDS) -> Record:
        """One user. `NotFound` when there is none."""
        answer = await self._graph(tenant).get(path("v1.0", "users", user), {"$select": ",".join(select)})
        return record_of(GRAPH, answer)

    async def create_user(
        self,
        tenant: str,
        user_principal_name: str,
        display_name: str,
        password: str,
        *,
        usage_location: str,
        change_password: bool = True,
        **fields: Any,
    ) -> Record:
        """Makes a user and answers it.

        `usage_location` is a country (`DE`), without which no license can be assigned. With
        `change_password`, the user has to do so at the first sign-in. Further `fields` are
        those of Graph: `givenName`, `surname`, `department`, `jobTitle`, … `Invalid` when the
        name is taken or its domain is not the tenant's. When the error says
        `outcome_unknown`, see with `user` whether it is there.
        """
        body = {
            "accountEnabled": True,
            "displayName": display_name,
            "mailNickname": re.sub(r"[^A-Za-z0-9._-]", "", user_principal_name.partition("@")[0]) or "user",
            "userPrincipalName": user_principal_name,
            "usageLocation": usage_location,
            "passwordProfile": {"forceChangePasswordNextSignIn": change_password, "password": password},
            **fields,
        }
        return record_of(GRAPH, await self._graph(tenant).post("/v1.0/users", body))

    async def disable_user(self, tenant: str, user: str) -> None:
        """Blocks the sign-in of a user, and ends the sessions that are open."""
        graph = self._graph(tenant)
        await graph.patch(path("v1.0", "users", user), {"accountEnabled": False}, repeatable=True)
        await graph.post(path("v1.0", "users", user, "revokeSignInSessions"), repeatable=True)

    async def assign_license(
        self, tenant: str, user: str, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Record:
        """Gives licenses to a user and takes others away, by `skuId`, and answers the user.

        `Invalid` when none is left, or the user has no usage location.
        """
        body = {"addLicenses": [{"skuId": sku, "disabledPlans": []} for sku in add], "removeLicenses": list(remove)}
        return record_of(GRAPH, await self._graph(tenant).post(path("v1.0", "users", user, "assignLicense"), body))

    async def send_mail(self, sender: str, to: str, subject: str, text: str) -> None:
        """Sends a mail from a mailbox of the partner's own tenant, and keeps no copy there.

        It is not repeated when nothing was heard of it: `outcome_unknown` says so.
        """
        message = {
            "subject": subject,
            "body": {"contentType": "Text", "content": text},
            "toRecipients": [{"emailAddress": {"address": to}}],
        }
        body = {"message": message, "saveToSentItems": False}
        await self._graph(self._own_tenant()).post(path("v1.0", "users", sender, "sendMail"), body)

    async def aclose(self) -> None:
        await self._http.aclose()

    def _own_tenant(self) -> str:
        if not self._partner_tenant:
            raise NotConfigured("The integration lacks the setting `partner_tenant`.")
        return self._partner_tenant

    def _graph(self, tenant: str) -> Session:
        if not TENANT.fullmatch(tenant):
            raise Invalid(f"“{tenant}” is not a tenant", service=GRAPH)
        if tenant not in self._tenants:
            self._tenants[tenant] = Session(
                GRAPH,
                self._graph_url,
                self._tokens.source(tenant, GRAPH_SCOPE),
                read_error=_read_graph_error,
                policy=self._policy,
                http=self._http,
            )
        return self._tenants[tenant]

    async def _graph_list(self, tenant: str, resource: str, params: Mapping[str, Any]) -> list[Record]:
        graph = self._graph(tenant)

        async def read(link: str) -> tuple[list[Record], str | None]:
            answer = await graph.get(link, params if link == resource else None)
            next_link = answer.get("@odata.nextLink") if isinstance(answer, dict) else None
            return records_of(GRAPH, answer, "value"), str(next_link) if next_link else None

        return await follow(GRAPH, resource, read)

    async def _partner_get(
        self, resource: str, params: Mapping[str, Any] | None = None, continuation: str | None = None
    ) -> Any:
        if self._partner is None:
            self._partner = Session(
                PARTNER,
                self._partner_url,
                self._tokens.source(self._own_tenant(), self._partner_scope),
                read_error=_read_partner_error,
                headers={"MS-Contract-Version": "v1", "MS-PartnerCenter-Application": "Bifrost"},
                policy=self._policy,
                http=self._http,
            )
        # The same for every try of one call, as Partner Center wants it.
        headers = {"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4())}
        if continuation:
            headers[CONTINUATION] = continuation
        return await self._partner.get(resource, params, headers=headers)

    async def _partner_list(self, resource: str, params: Mapping[str, Any]) -> list[Record]:
        first = (resource, "")

        async def read(link: tuple[str, str]) -> tuple[list[Record], tuple[str, str] | None]:
            answer = await self._partner_get(link[0], params if link == first else None, link[1])
            return records_of(PARTNER, answer, "items"), _next_page(answer)

        return await follow(PARTNER, first, read)


async def connect(name: str | None = None, *, scope: str | None = None) -> Client:
    """A client for the integration “Microsoft CSP”, or another name. See `Client.open`."""
    return await Client.open(name, scope=scope)


def new_password(length: int = 16) -> str:
    """A password by chance, with letters of both cases, digits and signs."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#$%*+-=?@_")
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(length - len(kinds))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


def _next_page(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """Where Partner Center has the next page: a path below `/v1`, and a token to send with it.

    Of the headers that it names only that token is taken.
    """
    links = answer.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    uri = link.get("uri") if isinstance(link, dict) else None
    if not uri:
        return None
    headers = link.get("headers") if isinstance(link, dict) else None
    token = next(
        (
            str(header.get("value") or "")
            for header in (headers if isinstance(headers, list) else ())
            if isinstance(header, dict) and str(header.get("key")).lower() == CONTINUATION.lower()
        ),
        "",
    )
    if not (token.isascii() and (token.isprintable() or not token)):
        raise Unexpected("the token for the next page is not valid", service=PARTNER)
    uri = str(uri)
    return f"/v1{uri}" if uri.startswith("/") and not uri.startswith("/v1/") else uri, token


def _read_graph_error(body: Mapping[str, Any]) -> Detail | None:
    error = body.get("error")
    if not isinstance(error, dict):
        return None
    inner = error.get("innerError") or error.get("innererror") or {}
    request_id = inner.get("request-id") if isinstance(inner, dict) else None
    code = error.get("code")
    return Detail(
        str(error.get("message") or code or ""), str(code) if code else None, str(request_id) if request_id else None
    )


def _read_partner_error(body: Mapping[str, Any]) -> Detail | None:
    if "description" not in body:
        return None
    code = body.get("code")
    return Detail(str(body["description"]), str(code) if code is not None else None)
