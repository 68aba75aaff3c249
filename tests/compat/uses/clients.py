"""Uses of what speaks HTTP, OAuth, SOAP and GraphQL, and of what tries again or limits."""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


def use_requests(url):
    import requests

    answer = requests.get(f"{url}/things", params={"a": "1"}, timeout=5)
    assert answer.json()["query"] == {"a": "1"}


async def use_httpx(url):
    import httpx

    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/things", json={"b": 2})
    assert answer.json()["body"] == '{"b":2}'


def use_urllib3(url):
    import urllib3

    answer = urllib3.PoolManager().request("GET", f"{url}/x", headers={"X-A": "b"})
    assert answer.json()["headers"]["x-a"] == "b"


async def use_aiohttp(url):
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{url}/x") as answer:
        assert (await answer.json())["path"] == "/x"


def use_niquests(url):
    import niquests

    assert niquests.get(f"{url}/x", timeout=5).json()["path"] == "/x"


def use_requests_oauthlib(url):
    from requests_oauthlib import OAuth1Session

    session = OAuth1Session("key", client_secret="secret")
    assert "oauth_signature" in session.get(f"{url}/x").json()["headers"]["authorization"]


def use_oauthlib(url):
    from oauthlib.oauth2 import WebApplicationClient

    assert "client_id=me" in WebApplicationClient("me").prepare_request_uri("https://example.org/authorize")


def use_authlib(url):
    from authlib.integrations.httpx_client import OAuth2Client

    client = OAuth2Client("me", "secret", token_endpoint=f"{url}/token")
    assert client.fetch_token(grant_type="client_credentials")["access_token"] == "token"


def use_zeep(url):
    from zeep.helpers import serialize_object

    assert serialize_object({"a": 1}) == {"a": 1}


def use_gql(url):
    from gql import gql

    assert gql("{ a { b } }") is not None


def use_graphql_core(url):
    from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString, graphql_sync

    query = GraphQLObjectType("Query", {"a": GraphQLField(GraphQLString, resolve=lambda *_: "b")})
    assert graphql_sync(GraphQLSchema(query), "{ a }").data == {"a": "b"}


def use_tenacity(url):
    from tenacity import retry, stop_after_attempt

    seen = []

    @retry(stop=stop_after_attempt(3))
    def attempt():
        seen.append(1)
        if len(seen) < 3:
            raise ValueError
        return "done"

    assert attempt() == "done"


def use_backoff(url):
    import backoff

    seen = []

    @backoff.on_exception(backoff.constant, ValueError, max_tries=3, interval=0)
    def attempt():
        seen.append(1)
        if len(seen) < 3:
            raise ValueError
        return "done"

    assert attempt() == "done"


def use_ratelimit(url):
    from ratelimit import RateLimitException, limits

    @limits(calls=1, period=60)
    def once():
        return 1

    once()
    try:
        once()
    except RateLimitException:
        return
    raise AssertionError("it was not limited")


def use_cachetools(url):
    from cachetools import TTLCache, cached

    @cached(TTLCache(10, 60))
    def double(n):
        return object()

    assert double(1) is double(1)


def use_requests_toolbelt(url):
    import requests
    from requests_toolbelt import MultipartEncoder

    encoder = MultipartEncoder({"file": ("a.txt", b"content", "text/plain")})
    answer = requests.post(f"{url}/x", data=encoder, headers={"Content-Type": encoder.content_type}, timeout=5)
    assert "content" in answer.json()["body"]
