"""What holds for every vendor: pages, limits, tries, tokens, errors, and answers that mean harm."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from fakes.base import CLIENT_ID, CLIENT_SECRET, Fake
from fakes.halopsa import HaloPSA
from fakes.microsoft import Microsoft
from fakes.ninjaone import NinjaOne
from fakes.pax8 import Pax8
from modules import _rest, halopsa, ninjaone
from modules._rest.transport import retry_after, secure_url
from modules.api_errors import (
    ApiError,
    Denied,
    Invalid,
    NotConfigured,
    NotFound,
    RateLimited,
    Unavailable,
    Unexpected,
)
from support import QUICK, TENANT, VENDORS, Vendor, csp_client, halo_client, ninja_client, pax8_client, run, using

Both = tuple[Vendor, Fake]


def test_all_pages_are_read_in_order(vendor: Both) -> None:
    one, fake = vendor
    records = run(using(one.client(fake), one.read))
    ids = [record["id"] for record in records]
    assert len(ids) >= 7 and len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert fake.count(one.listed) >= 3
    assert fake.tokens_issued == 1


def test_limits_are_waited_out(fakes: dict[str, Fake]) -> None:
    """All vendors side by side, to wait only once."""
    for name, fake in fakes.items():
        fake.fail("status", status=429, retry_after=1, path=VENDORS[name].listed.removeprefix("GET "))

    async def timed(name: str) -> tuple[int, float]:
        started = time.monotonic()
        records = await using(VENDORS[name].client(fakes[name]), VENDORS[name].read)
        return len(records), time.monotonic() - started

    async def work() -> list[tuple[int, float]]:
        return await asyncio.gather(*map(timed, VENDORS))

    for count, seconds in run(work()):
        assert count >= 7
        assert 1.0 <= seconds < 2.5


def test_a_limit_with_a_date_is_waited_out(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("status", status=429, retry_after="date")
    started = time.monotonic()
    run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))
    assert 0.9 <= time.monotonic() - started < 3.5


def test_a_limit_holds_up_all_calls(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("status", status=429, retry_after=0.4, method="GET", path="/v2/device/100")

    async def work(ninja: ninjaone.Client) -> float:
        with_limit = asyncio.create_task(ninja.device(100))
        while ninja_fake.count("GET /v2/device/100") == 0:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        started = time.monotonic()
        await ninja.device(101)
        await with_limit
        return time.monotonic() - started

    assert run(using(ninja_client(ninja_fake), work)) > 0.25


def test_a_limit_holds_up_calls_that_wait_for_their_turn(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("status", status=429, retry_after=0.3, times=2)

    async def work(ninja: ninjaone.Client) -> None:
        await asyncio.gather(*(ninja.device(100) for _ in range(12)))

    run(using(ninja_client(ninja_fake, policy=replace(QUICK, concurrency=2)), work))
    calls = [call for call in ninja_fake.calls if call["method"] == "GET"]
    assert [call["status"] for call in calls] == [429, 429] + [200] * 12
    assert calls[2]["time"] - calls[1]["time"] > 0.25


def test_a_post_that_was_refused_for_its_rate_is_repeated(vendor: Both) -> None:
    one, fake = vendor
    fake.fail("status", status=429, retry_after=0.05, method="POST")
    run(using(one.client(fake), one.write))
    assert fake.count(one.written) == 2


def test_limits_have_an_end(vendor: Both) -> None:
    one, fake = vendor
    fake.fail("status", status=429, times=-1)
    with pytest.raises(RateLimited) as raised:
        run(using(one.client(fake), one.missing))
    assert raised.value.status == 429
    assert len([call for call in fake.calls if call["status"] == 429]) == QUICK.attempts


def test_a_wait_that_is_too_long_is_not_begun(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("status", status=429, retry_after=3600)
    with pytest.raises(RateLimited) as raised:
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))
    assert raised.value.retry_after == 3600
    assert ninja_fake.count("GET /v2/device/100") == 1


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "drop"}])
def test_reads_are_repeated_after_a_failure(vendor: Both, fault: dict[str, Any]) -> None:
    one, fake = vendor
    fake.fail(**fault, times=2)
    assert len(run(using(one.client(fake), one.read))) >= 7


@pytest.mark.parametrize(("fault", "status"), [({"kind": "status", "status": 500}, 500), ({"kind": "drop"}, None)])
def test_failures_have_an_end(vendor: Both, fault: dict[str, Any], status: int | None) -> None:
    one, fake = vendor
    fake.fail(**fault, times=-1)
    with pytest.raises(Unavailable) as raised:
        run(using(one.client(fake), one.missing))
    assert (raised.value.status, raised.value.outcome_unknown) == (status, False)
    assert len([call for call in fake.calls if call["method"] == "GET"]) == QUICK.attempts


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_post_is_not_repeated_when_it_may_have_been_done(vendor: Both, carried_out: bool) -> None:
    one, fake = vendor
    fake.fail("drop", carried_out=carried_out, method="POST")
    with pytest.raises(Unavailable) as raised:
        run(using(one.client(fake), one.write))
    assert raised.value.outcome_unknown
    assert "may have been carried out" in str(raised.value)
    assert fake.count(one.written) == 1


def test_a_post_is_not_repeated_after_a_server_error(vendor: Both) -> None:
    one, fake = vendor
    fake.fail("status", status=502, method="POST")
    with pytest.raises(Unavailable) as raised:
        run(using(one.client(fake), one.write))
    assert raised.value.outcome_unknown
    assert fake.count(one.written) == 1


def test_a_post_that_was_never_sent_is_repeated() -> None:
    with socket.socket() as nobody:  # bound, but does not listen
        nobody.bind(("127.0.0.1", 0))
        client = ninjaone.Client(f"http://127.0.0.1:{nobody.getsockname()[1]}", _rest.StaticToken("t"), policy=QUICK)
        started = time.monotonic()
        with pytest.raises(Unavailable, match="ConnectError") as raised:
            run(using(client, lambda ninja: ninja.run_script(1, script_id=7)))
    assert not raised.value.outcome_unknown
    assert time.monotonic() - started > 0.75 * (0.01 + 0.02 + 0.04)  # it has waited three times


def test_what_takes_too_long_is_given_up(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("slow", seconds=0.6, times=-1)
    client = ninja_client(ninja_fake, policy=replace(QUICK, timeout=0.1, attempts=2))
    with pytest.raises(Unavailable, match="ReadTimeout"):
        run(using(client, lambda ninja: ninja.device(100)))


def test_a_token_that_ended_is_replaced_once(vendor: Both) -> None:
    one, fake = vendor

    async def work(client: Any) -> None:
        await asyncio.gather(*(one.missing(client) for _ in range(3)), return_exceptions=True)
        assert fake.tokens_issued == 1
        fake.fail("expire")
        errors = await asyncio.gather(*(one.missing(client) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(error, NotFound) for error in errors)

    run(using(one.client(fake), work))
    assert fake.tokens_issued == 2
    assert any(call["status"] == 401 for call in fake.calls)


def test_tokens_that_end_while_pages_are_read(vendor: Both) -> None:
    one, fake = vendor
    fake.token_uses = 2
    client = one.client(fake, policy=replace(QUICK, concurrency=1))
    assert len(run(using(client, one.read))) >= 7
    assert fake.tokens_issued >= 2


def test_a_token_is_replaced_before_it_ends(ninja_fake: NinjaOne) -> None:
    ninja_fake.token_lifetime = -1.0  # ended when it was made, as far as the client can tell

    async def work(ninja: ninjaone.Client) -> None:
        for _ in range(3):
            with pytest.raises(Denied):
                await ninja.device(100)

    run(using(ninja_client(ninja_fake), work))
    assert ninja_fake.tokens_issued == 6


def test_a_post_is_made_again_with_a_new_token(vendor: Both) -> None:
    one, fake = vendor

    async def work(client: Any) -> None:
        if one.written.startswith("POST /v1.0"):
            await client.subscribed_skus(TENANT)
        else:
            await one.read(client)
        fake.fail("expire")
        await one.write(client)

    run(using(one.client(fake), work))
    statuses = [call["status"] for call in fake.calls if f"{call['method']} {call['path']}" == one.written]
    assert statuses[0] == 401 and len(statuses) == 2


def test_wrong_credentials_are_tried_once(vendor: Both) -> None:
    one, fake = vendor

    async def work(client: Any) -> list[Any]:
        return await asyncio.gather(*(one.missing(client) for _ in range(20)), return_exceptions=True)

    errors = run(using(one.client(fake, secret="wrong"), work))
    assert all(isinstance(error, Denied) and error.code == "invalid_client" for error in errors)
    assert len(fake.calls) == 1
    assert "wrong" not in str(errors[0]).replace("wrong secret", "")


def test_nothing_has_begun_when_the_sign_in_fails(vendor: Both) -> None:
    one, fake = vendor
    fake.fail("status", status=500, path="/token$", times=-1)
    with pytest.raises(Unavailable) as raised:
        run(using(one.client(fake), one.write))
    assert not raised.value.outcome_unknown
    assert fake.count(one.written) == 0


def test_what_is_not_there(vendor: Both) -> None:
    one, fake = vendor
    with pytest.raises(NotFound) as raised:
        run(using(one.client(fake), one.missing))
    assert raised.value.status == 404 and raised.value.message and raised.value.code


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (409, Invalid), (422, Invalid), (403, Denied), (410, NotFound), (302, Unexpected)],
)
def test_every_status_has_its_kind(ninja_fake: NinjaOne, status: int, kind: type[ApiError]) -> None:
    ninja_fake.fail("status", status=status)
    with pytest.raises(kind) as raised:
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))
    assert type(raised.value) is kind and raised.value.status == status
    assert ninja_fake.count("GET /v2/device/100") == 1


def test_errors_that_are_no_json(ninja_fake: NinjaOne) -> None:
    ninja_fake.fail("answer", status=400, raw="Something\n  is wrong")
    with pytest.raises(Invalid, match="Something is wrong"):
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))
    ninja_fake.fail("answer", raw="{not json")
    with pytest.raises(Unexpected, match="not JSON"):
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.device(100)))


NOT_UNDERSTOOD: tuple[Any, ...] = (
    None,
    5,
    "text",
    {},
    {"results": 5},
    [1],
    {"content": [], "page": {"totalPages": "many"}},
)


def test_answers_that_are_not_understood(vendor: Both) -> None:
    one, fake = vendor

    async def work(client: Any) -> None:
        for body in NOT_UNDERSTOOD:
            fake.fail("answer", body=body, raw="null" if body is None else None)
            with pytest.raises(Unexpected):
                await one.read(client)

    run(using(one.client(fake), work))


# Answers that mean harm


class Elsewhere(Fake):
    """A host that must never be asked."""


@pytest.fixture
def elsewhere() -> Any:
    with Elsewhere() as fake:
        yield fake


def test_a_link_to_itself_is_refused(microsoft_fake: Microsoft) -> None:
    link = f"{microsoft_fake.address}/v1.0/users?$skiptoken=x"
    microsoft_fake.fail("answer", times=-1, body={"value": [{"id": "1"}], "@odata.nextLink": link})
    with pytest.raises(Unexpected, match="already read"):
        run(using(csp_client(microsoft_fake), lambda csp: csp.users(TENANT)))
    assert microsoft_fake.count("GET /v1.0/users") == 2


@pytest.mark.parametrize(
    "form",
    [
        "{elsewhere}/v1.0/users",
        "http://evil.example/v1.0/users",
        "//evil.example/v1.0/users",
        "{user_info}",
        "https://127.0.0.1/v1.0/users",
        "ftp://127.0.0.1/",
        "users",
        "http://[",
        "\\\\evil.example\\x",
    ],
)
def test_a_link_to_another_host_is_refused(microsoft_fake: Microsoft, elsewhere: Fake, form: str) -> None:
    link = form.format(elsewhere=elsewhere.address, user_info=microsoft_fake.address.replace("http://", "http://x:y@"))
    microsoft_fake.fail("answer", body={"value": [], "@odata.nextLink": link})
    with pytest.raises(ApiError) as raised:
        run(using(csp_client(microsoft_fake), lambda csp: csp.users(TENANT)))
    assert isinstance(raised.value, (Unexpected, NotFound))
    assert elsewhere.calls == []


@pytest.mark.parametrize("uri", ["{elsewhere}/customers", "@evil.example/", ":1@evil.example/", "//evil.example/"])
def test_partner_center_cannot_send_elsewhere_either(microsoft_fake: Microsoft, elsewhere: Fake, uri: str) -> None:
    link = {
        "uri": uri.format(elsewhere=elsewhere.address),
        "headers": [{"key": "Authorization", "value": "Bearer stolen"}, {"key": "Host", "value": "evil.example"}],
    }
    microsoft_fake.fail("answer", body={"items": [], "links": {"next": link}})
    with pytest.raises(ApiError):
        run(using(csp_client(microsoft_fake), lambda csp: csp.customers()))
    assert elsewhere.calls == []
    assert all("evil" not in call["headers"]["host"] for call in microsoft_fake.calls)
    assert all(call["token"] != "stolen" for call in microsoft_fake.calls)


def test_partner_centers_token_for_the_next_page_is_checked(microsoft_fake: Microsoft) -> None:
    link = {"uri": "/customers?size=3", "headers": [{"key": "MS-ContinuationToken", "value": "a\r\nX-Evil: 1"}]}
    microsoft_fake.fail("answer", body={"items": [], "links": {"next": link}})
    with pytest.raises(Unexpected, match="not valid"):
        run(using(csp_client(microsoft_fake), lambda csp: csp.customers()))


def test_a_redirect_is_not_followed(vendor: Both, elsewhere: Fake) -> None:
    one, fake = vendor
    fake.fail("status", status=307, times=-1)
    fake.error, error = (lambda *_: _redirect(elsewhere)), fake.error  # type: ignore[method-assign]
    try:
        with pytest.raises(Unexpected):
            run(using(one.client(fake), one.read))
    finally:
        fake.error = error  # type: ignore[method-assign]
    assert elsewhere.calls == []


def _redirect(elsewhere: Fake) -> Any:
    from fakes.base import Answer

    return Answer(307, None, {"Location": elsewhere.address + "/stolen"})


def test_the_same_page_for_ever(ninja_fake: NinjaOne, halo_fake: HaloPSA, pax8_fake: Pax8) -> None:
    ninja_fake.fail("answer", times=-1, body=[{"id": 7}])
    with pytest.raises(Unexpected, match="already read"):
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.organizations()))
    ninja_fake.reset()
    ninja_fake.fail("answer", times=-1, body={"results": [{"deviceId": 1}], "cursor": {"name": "a"}})
    with pytest.raises(Unexpected, match="already read"):
        run(using(ninja_client(ninja_fake), lambda ninja: ninja.report("os-patches")))
    halo_fake.fail("answer", times=-1, body={"record_count": 30, "tickets": [{"id": 1}]})
    with pytest.raises(Unexpected, match="same page"):
        run(using(halo_client(halo_fake), lambda halo: halo.tickets()))
    pax8_fake.fail("answer", times=-1, body={"content": [{"id": "1"}], "page": {"totalPages": 5}})
    with pytest.raises(Unexpected, match="same page"):
        run(using(pax8_client(pax8_fake), lambda pax8: pax8.companies()))


def test_too_many_pages(halo_fake: HaloPSA, pax8_fake: Pax8) -> None:
    halo_fake.fail("answer", body={"record_count": 10**12, "tickets": [{"id": 1}]})
    with pytest.raises(Unexpected, match="more than"):
        run(using(halo_client(halo_fake), lambda halo: halo.tickets()))
    pax8_fake.fail("answer", body={"content": [{"id": "1"}], "page": {"totalPages": 10**12}})
    with pytest.raises(Unexpected, match="more than"):
        run(using(pax8_client(pax8_fake), lambda pax8: pax8.companies()))
    assert len(halo_fake.calls) == len(pax8_fake.calls) == 2


def test_the_first_failure_ends_the_other_pages(pax8_fake: Pax8) -> None:
    pax8_fake.fail("status", status=403, skip=1, times=-1)
    client = pax8_client(pax8_fake, page_size=1, policy=replace(QUICK, concurrency=1))
    with pytest.raises(Denied):
        run(using(client, lambda pax8: pax8.companies()))
    assert pax8_fake.count("GET /v1/companies") <= 3


@pytest.mark.parametrize("id", ["../customers", "a/b", "a?b=1", "a#b", "%2e%2e", "ä"])
def test_ids_stay_in_their_place(pax8_fake: Pax8, id: str) -> None:
    with pytest.raises(NotFound):
        run(using(pax8_client(pax8_fake), lambda pax8: pax8.company(id)))
    assert pax8_fake.calls[-1]["path"].startswith("/v1/companies/")
    assert pax8_fake.calls[-1]["query"] == {}


@pytest.mark.parametrize("id", ["", ".", "..", " "])
def test_ids_that_are_none(pax8_fake: Pax8, id: str) -> None:
    with pytest.raises(Invalid):
        run(using(pax8_client(pax8_fake), lambda pax8: pax8.company(id)))
    assert pax8_fake.calls == []


# Small parts


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 31 Jan 2026 10:00:05 GMT", "date": "Sat, 31 Jan 2026 10:00:00 GMT"}, 5.0),
        ({"retry-after": "Sat, 31 Jan 2026 10:00:00 GMT", "date": "Sat, 31 Jan 2026 10:00:05 GMT"}, 0.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "api.example.com", "https://", "https://u:p@x.y", "", "http://["]
)
def test_addresses_that_are_not_safe(url: str) -> None:
    with pytest.raises(NotConfigured):
        secure_url(url, "The address")
    with pytest.raises(NotConfigured):
        halopsa.Client(url, _rest.StaticToken("t"))


def test_secrets_are_not_shown() -> None:
    tokens = _rest.ClientCredentials("https://x.y/token", CLIENT_ID, CLIENT_SECRET)
    assert CLIENT_SECRET not in repr(tokens)
    assert "abc" not in repr(_rest.Token("abc"))
