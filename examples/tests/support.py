"""The fakes as fixtures, and clients of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from fakes.base import CLIENT_ID, CLIENT_SECRET, Fake
from fakes.halopsa import HaloPSA
from fakes.microsoft import Microsoft
from fakes.ninjaone import NinjaOne
from fakes.pax8 import Pax8
from fakes.world import CUSTOMERS, PARTNER_TENANT
from modules import halopsa, microsoft_csp, ninjaone, pax8
from modules._rest import ApiClient, ClientCredentials, Policy

T = TypeVar("T")

# httpcore looks for it with every request, and where it is not installed that search takes
# longer than the request.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

QUICK = Policy(attempts=4, backoff=0.01, concurrency=8, timeout=5.0)
TENANT = CUSTOMERS[0].tenant


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end."""
    return asyncio.run(coroutine)


def ninja_client(
    fake: Fake, secret: str = CLIENT_SECRET, policy: Policy = QUICK, page_size: int = 3
) -> ninjaone.Client:
    tokens = ClientCredentials(fake.address + "/ws/oauth/token", CLIENT_ID, secret)
    return ninjaone.Client(fake.address, tokens, page_size=page_size, policy=policy)


def halo_client(fake: Fake, secret: str = CLIENT_SECRET, policy: Policy = QUICK, page_size: int = 10) -> halopsa.Client:
    tokens = ClientCredentials(fake.address + "/auth/token?tenant=t", CLIENT_ID, secret, "all")
    return halopsa.Client(fake.address, tokens, page_size=page_size, policy=policy)


def pax8_client(fake: Fake, secret: str = CLIENT_SECRET, policy: Policy = QUICK, page_size: int = 3) -> pax8.Client:
    extra = {"audience": "https://api.pax8.com"}
    tokens = ClientCredentials(fake.address + "/v1/token", CLIENT_ID, secret, extra=extra, as_json=True)
    return pax8.Client(fake.address, tokens, page_size=page_size, policy=policy)


def csp_client(
    fake: Fake, secret: str = CLIENT_SECRET, policy: Policy = QUICK, page_size: int = 3
) -> microsoft_csp.Client:
    tokens = microsoft_csp.TenantCredentials(CLIENT_ID, secret, fake.address + "/{tenant}/oauth2/v2.0/token")
    return microsoft_csp.Client(
        tokens,
        PARTNER_TENANT,
        partner_url=fake.address,
        graph_url=fake.address,
        page_size=page_size,
        policy=policy,
    )


@dataclass(frozen=True)
class Vendor:
    """What the tests that are the same for all vendors need to know of one."""

    kind: type[Fake]
    client: Callable[..., Any]
    read: Callable[[Any], Awaitable[list[dict[str, Any]]]]
    """Reads a list of 7 records or more, on 3 pages or more."""
    listed: str
    missing: Callable[[Any], Awaitable[Any]]
    write: Callable[[Any], Awaitable[Any]]
    """A POST that must not be done twice."""
    written: str


VENDORS = {
    "ninjaone": Vendor(
        NinjaOne,
        ninja_client,
        lambda client: client.organizations(),
        "GET /v2/organizations",
        lambda client: client.device(999),
        lambda client: client.run_script(101, script_id=7),
        "POST /v2/device/101/script/run",
    ),
    "halopsa": Vendor(
        HaloPSA,
        halo_client,
        lambda client: client.tickets(),
        "GET /api/tickets",
        lambda client: client.ticket(99),
        lambda client: client.create_ticket("Help"),
        "POST /api/tickets",
    ),
    "pax8": Vendor(
        Pax8,
        pax8_client,
        lambda client: client.companies(),
        "GET /v1/companies",
        lambda client: client.company("nobody"),
        lambda client: client.create_order(
            CUSTOMERS[0].company, [{"productId": "product-1", "quantity": 1, "billingTerm": "Monthly"}]
        ),
        "POST /v1/orders",
    ),
    "graph": Vendor(
        Microsoft,
        csp_client,
        lambda client: client.users(TENANT),
        "GET /v1.0/users",
        lambda client: client.user(TENANT, "nobody@adatum.example"),
        lambda client: client.create_user(TENANT, "new@adatum.example", "New", "pass-Word-1", usage_location="DE"),
        "POST /v1.0/users",
    ),
    "partner": Vendor(
        Microsoft,
        csp_client,
        lambda client: client.customers(),
        "GET /v1/customers",
        lambda client: client.customer("nobody"),
        lambda client: client.create_user(TENANT, "new@adatum.example", "New", "pass-Word-1", usage_location="DE"),
        "POST /v1.0/users",
    ),
}


async def using(client: ApiClient, work: Callable[[Any], Awaitable[T]]) -> T:
    """Does the work with a client, and closes it."""
    async with client:
        return await work(client)


def _fixture(kind: type[Fake]) -> Any:
    @pytest.fixture(scope="session")
    def server() -> Iterator[Fake]:
        with kind() as fake:
            yield fake

    return server


ninjaone_server = _fixture(NinjaOne)
halopsa_server = _fixture(HaloPSA)
pax8_server = _fixture(Pax8)
microsoft_server = _fixture(Microsoft)


def _as_new(fake: Any) -> Any:
    fake.token_lifetime, fake.token_uses = 3600.0, -1
    fake.reset()
    return fake


@pytest.fixture
def ninja_fake(ninjaone_server: NinjaOne) -> NinjaOne:
    return _as_new(ninjaone_server)  # type: ignore[no-any-return]


@pytest.fixture
def halo_fake(halopsa_server: HaloPSA) -> HaloPSA:
    return _as_new(halopsa_server)  # type: ignore[no-any-return]


@pytest.fixture
def pax8_fake(pax8_server: Pax8) -> Pax8:
    return _as_new(pax8_server)  # type: ignore[no-any-return]


@pytest.fixture
def microsoft_fake(microsoft_server: Microsoft) -> Microsoft:
    return _as_new(microsoft_server)  # type: ignore[no-any-return]


@pytest.fixture(params=list(VENDORS))
def vendor(request: pytest.FixtureRequest) -> tuple[Vendor, Fake]:
    """Each vendor and its fake, one after the other."""
    one = VENDORS[request.param]
    return one, _as_new(request.getfixturevalue(f"{one.kind.NAME}_server"))


@pytest.fixture
def fakes(ninja_fake: NinjaOne, halo_fake: HaloPSA, pax8_fake: Pax8, microsoft_fake: Microsoft) -> dict[str, Fake]:
    """The fake of each vendor."""
    return {
        "ninjaone": ninja_fake,
        "halopsa": halo_fake,
        "pax8": pax8_fake,
        "graph": microsoft_fake,
        "partner": microsoft_fake,
    }
