"""Binding, configuration and context, through `run_workflow`."""

import copy
import uuid
from typing import Any, Optional

import pytest

from bifrost import (
    ConfigurationError,
    ExecutionStatus,
    IntegrationError,
    NotFoundError,
    OAuthCredentials,
    OutsideExecutionError,
    ValidationError,
    config,
    context,
    events,
    http,
    integrations,
    oauth,
    organizations,
    secrets,
    users,
    workflow,
    workflows,
)
from bifrost._platform import ConfigEntry
from bifrost.enums import ConfigType
from bifrost.http import Headers, Response, blocking
from bifrost.testing import FakePlatform, run_workflow

ORG = str(uuid.uuid4())


@workflow
async def echo(a: int, b: Optional[float] = None, c: bool = False, d: str = "x", *, e: list | None = None) -> Any:
    return [a, b, c, d, e]


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ({"a": "5", "b": "1.5", "c": "Yes", "d": 7}, [5, 1.5, True, 7, None]),
        ({"a": 5, "c": "off", "unknown": 1, "e": [1]}, [5, None, False, "x", [1]]),
        ({"a": " 6 ", "b": "", "c": ""}, [6, None, False, "x", None]),
    ],
)
def test_parameters_are_bound(given: dict[str, Any], bound: list[Any]) -> None:
    assert run_workflow(echo, given) == bound


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "missing required parameter `a`"),
        ({"a": "many"}, "parameter `a` must be a whole number, not 'many'"),
        ({"a": ""}, "parameter `a` must be a whole number, not ''"),
        ({"a": 1, "c": "perhaps"}, "parameter `c` must be true or false, not 'perhaps'"),
    ],
)
def test_what_cannot_be_bound_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match="^" + message.replace("(", r"\(") + "$"):
        run_workflow(echo, given)


def test_everything_reaches_kwargs_and_the_context() -> None:
    @workflow
    async def f(context, name, **rest):
        return [context.parameters, name, rest]

    given = {"name": "n", "more": 1}
    assert run_workflow(f, given) == [given, "n", {"more": 1}]


def test_sync_functions_run_too() -> None:
    assert run_workflow(lambda: 5) == 5


class Recorder(FakePlatform):
    def __init__(self) -> None:
        super().__init__({"k": "v"})
        self.scopes: list[str | None] = []

    def config_get(self, key: str, scope: str | None) -> ConfigEntry | None:
        self.scopes.append(scope)
        return super().config_get(key, scope)

    def config_set(self, key: str, value: Any, type: ConfigType | None, scope: str | None) -> None:
        self.scopes.append(scope)
        super().config_set(key, value, type, scope)


@pytest.mark.parametrize(
    ("args", "kwargs", "scope", "value"),
    [
        (("none",), {}, None, None),
        (("none", "d"), {}, None, "d"),
        (("none",), {"default": "d"}, None, "d"),
        (("none", "d", ORG), {}, ORG, "d"),
        (("none", ORG, "d"), {}, ORG, "d"),
        (("none", None, "d"), {}, None, "d"),
        (("none", None, ORG), {}, ORG, None),
        (("none", ORG), {"default": "d"}, ORG, "d"),
        (("none", "d"), {"scope": "GLOBAL"}, "global", "d"),
        (("none", "d"), {"org_id": ORG}, ORG, "d"),
        (("none", "d", "global"), {}, "global", "d"),
        (("k", uuid.UUID(ORG)), {}, ORG, "v"),
    ],
)
def test_both_orders_of_config_get(args: Any, kwargs: Any, scope: str | None, value: Any) -> None:
    platform = Recorder()

    async def f():
        return await config.get(*args, **kwargs)

    assert run_workflow(f, platform=platform) == value
    assert platform.scopes == [scope]


def test_config_set_list_delete_and_secrets() -> None:
    platform = Recorder()

    async def f():
        await config.set("a", 1, True, ORG)
        await config.set("b", [2], ORG, False)
        await secrets.set("c", "s", ORG)
        listed = await config.list()
        return [listed["b"], listed.b, listed.missing, listed.a, await secrets.list(), await config.delete("a"),
                await config.delete("a"), await secrets.get("c")]  # fmt: skip

    assert run_workflow(f, platform=platform) == [[2], [2], None, None, ["a", "c"], True, False, "s"]
    assert platform.scopes[:3] == [ORG, ORG, ORG]


def test_config_has_types() -> None:
    async def f():
        await config.set("text", "5")
        await config.set("number", 5, type="int")
        await config.set("flag", True, type=ConfigType.BOOL)
        await config.set("list", [1])
        await config.set("hidden", "s", type=ConfigType.SECRET)
        await config.set("older", "s", is_secret=True, type="secret")
        with pytest.raises(ValueError, match="contradict"):
            await config.set("older", "s", is_secret=True, type="string")
        with pytest.raises(ValueError, match="number"):
            await config.set("older", "s", type="number")
        return {key: str(kind) for key, kind in (await config.types()).items()}

    assert run_workflow(f) == {
        "text": "string", "number": "int", "flag": "bool", "list": "json", "hidden": "secret", "older": "secret",
    }  # fmt: skip


def test_context_and_scope() -> None:
    platform = Recorder()

    async def f():
        before = [context.org_id, context.user_id, context.is_global_scope, context.organization.org_id]
        context.set_scope(None)
        await config.get("k")
        context.set_scope(ORG)
        await config.get("k")
        context.roi.time_saved = 3
        return [before, context.org_id, context.to_public_dict()["organization"]["id"], context.startup]

    organization = {"id": "p", "name": "Provider", "is_provider": True, "domain": "x.y"}
    fields = {"organization": organization, "startup": {"a": 1}, "unknown": 1}
    assert run_workflow(f, context=fields, platform=platform) == [["p", "test-user", False, "p"], ORG, "p", {"a": 1}]
    assert platform.scopes == ["global", ORG]

    async def refused():
        context.set_scope(ORG)

    with pytest.raises(PermissionError):
        run_workflow(refused)


def test_outside_of_a_run() -> None:
    with pytest.raises(OutsideExecutionError):
        context.user_id
    assert not hasattr(context, "user_id")
    with pytest.raises(OutsideExecutionError, match=r"bifrost\.config"):
        import asyncio

        asyncio.run(config.get("k"))


def test_http_requests_are_built() -> None:
    def server(request: http.Request) -> Response:
        content = repr((request.method, request.url, request.content)).encode()
        return Response(418 if "tea" in request.url else 200, Headers({"Content-Type": "text/plain"}), content, request)

    async def f():
        got = await http.get("https://x.y/a?b=1#frag", params={"c": [1, 2], "d": None}, headers={"A": "b"})
        posted = blocking.post("http://x.y", json={"k": 1})
        form = await http.post("http://x.y", data={"a": "ü"})
        assert got.request.headers["a"] == "b"
        assert posted.request.headers["content-type"] == "application/json"
        assert form.request.headers["content-type"] == "application/x-www-form-urlencoded"
        with pytest.raises(http.HTTPStatusError, match="418 for GET http://x.y/tea: ") as caught:
            (await http.get("http://x.y/tea")).raise_for_status()
        assert caught.value.response.status_code == 418
        return [got.text, posted.text, form.text]

    assert run_workflow(f, http=server) == [
        "('GET', 'https://x.y/a?b=1&c=1&c=2', None)",
        "('POST', 'http://x.y', b'{\"k\": 1}')",
        "('POST', 'http://x.y', b'a=%C3%BC')",
    ]
    for wrong in ("ftp://x", "/relative", "http://"):
        with pytest.raises(ValueError, match="absolute"):
            blocking.get(wrong)


def test_the_platform_is_asked_as_the_sdk_has_it() -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    run = {
        "execution_id": "x1", "workflow_id": "w1", "workflow_name": "w", "status": "Success", "result": 5, "later": "kept",
    }  # fmt: skip

    def api(operation: str, arguments: dict[str, Any]) -> Any:
        asked.append((operation, arguments))
        if operation == "organizations.list":
            return [{"id": "o1", "name": "One", "domain": None}]
        if operation == "organizations.get":
            raise NotFoundError("organization not found")
        if operation in ("users.get", "integrations.get"):
            raise NotFoundError("not found")
        return run

    async def f():
        listed = await organizations.list()
        with pytest.raises(ValueError):
            await organizations.get("o2")
        nobody = [await users.get("a@b.c"), await integrations.get("halo")]
        context.set_scope(ORG)
        id = await workflows.execute("w", {"a": 1}, run_as="u", delay_seconds=5, priority="bulk")
        one = await workflows.get(id)
        return [listed[0].name, listed[0].org_id, nobody, id, one.status, one.result, one.later, one.model_dump()["result"]]

    fields = {"is_platform_admin": True}
    expected = ["One", "o1", [None, None], "x1", ExecutionStatus.SUCCESS, 5, "kept", 5]
    assert run_workflow(f, context=fields, api=api) == expected
    assert ("context.set_scope", {"scope": ORG}) in asked
    execute = dict(asked)["workflows.execute"]
    assert (execute["workflow"], execute["scope"], execute["run_as"], execute["delay_seconds"]) == ("w", ORG, "u", 5)
    assert execute["priority"] == "bulk"

    async def unplanned():
        await users.list()

    with pytest.raises(OutsideExecutionError):
        run_workflow(unplanned)


INTEGRATION = {
    "integration_id": "i1", "entity_id": "e1", "entity_name": "One", "config": {"base_url": "https://x.y", "key": "k"},
    "config_secret_keys": ["key"],
    "oauth": {
        "connection_name": "halo", "client_id": "c", "client_secret": None, "authorization_url": None,
        "token_url": "https://x.y/token", "scopes": "a b", "access_token": "t1", "refresh_token": None,
        "expires_at": "2026-01-01T00:00:00Z", "version": 3, "error": None,
    },
}  # fmt: skip


def test_an_integration_has_a_token_that_is_renewed_in_place():
    asked = []

    def api(operation, arguments):
        asked.append((operation, arguments))
        fields = copy.deepcopy(INTEGRATION)
        if operation == "integrations.refresh":
            return {**fields["oauth"], "access_token": "t2", "version": 4}
        return fields

    async def f():
        data = await integrations.get("halo", scope="GLOBAL", oauth_scope="a")
        before = [data.entity_id, data.config["base_url"], data.config_secret_keys, data.oauth.access_token]
        held = data.oauth
        await data.oauth.refresh()
        older = await oauth.get("halo", ORG)
        return [*before, held.access_token, held.version, held.scopes, older["access_token"], held.client_secret]

    assert run_workflow(f, api=api) == ["e1", "https://x.y", ["key"], "t1", "t2", 4, "a b", "t1", None]
    assert asked[0] == ("integrations.get", {"name": "halo", "scope": "global", "oauth_scope": "a"})
    refresh = {"name": "halo", "scope": "global", "oauth_scope": "a", "version": 3}
    assert asked[1] == ("integrations.refresh", refresh)
    assert asked[2] == ("integrations.get", {"name": "halo", "scope": ORG, "oauth_scope": None})


def test_a_connection_that_has_failed_is_an_error_of_the_integration():
    def api(operation, arguments):
        fields = copy.deepcopy(INTEGRATION)
        fields["oauth"]["error"] = "the connection to `halo` failed: invalid_grant"
        return fields

    async def f():
        await integrations.get("halo")

    with pytest.raises(IntegrationError, match="invalid_grant"):
        run_workflow(f, api=api)

    async def made_up():
        await OAuthCredentials("halo").refresh()

    with pytest.raises(IntegrationError, match=r"integrations\.get"):
        run_workflow(made_up)


def test_mappings_have_the_names_of_before():
    asked = []
    mapping = {
        "id": "m1", "integration_id": "i1", "integration_name": "halo", "organization_id": ORG, "entity_id": "e1",
        "entity_name": None, "config": {}, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip

    def api(operation, arguments):
        asked.append((operation, arguments))
        if arguments["name"] == "nothing":
            raise NotFoundError("integration not found")
        if operation == "integrations.delete_mapping":
            return True
        return [mapping] if operation == "integrations.list_mappings" else mapping

    async def f():
        made = await integrations.upsert_mapping("halo", uuid.UUID(ORG), 7, config={"region": None})
        listed = await integrations.list_mappings("halo", scope="global")
        found = await integrations.get_mapping("halo", entity_id="e1")
        nothing = [
            await integrations.list_mappings("nothing"),
            await integrations.get_mapping("nothing"),
            await integrations.delete_mapping("nothing", ORG),
        ]
        return [made.entity_id, listed[0].organization_id, found.id, nothing, await integrations.delete_mapping("halo", ORG)]

    assert run_workflow(f, api=api) == ["e1", ORG, "m1", [None, None, False], True]
    upsert = {"name": "halo", "scope": ORG, "entity_id": "7", "entity_name": None, "config": {"region": None}}
    assert asked[0] == ("integrations.upsert_mapping", upsert)
    assert asked[1] == ("integrations.list_mappings", {"name": "halo", "scope": "global"})
    assert asked[2] == ("integrations.get_mapping", {"name": "halo", "scope": None, "entity_id": "e1"})


def test_the_older_names_of_connections():
    def api(operation, arguments):
        if operation == "integrations.list":
            return [{"name": "halo", "has_oauth": True}, {"name": "plain", "has_oauth": False}]
        return copy.deepcopy(INTEGRATION)["oauth"] if operation == "integrations.refresh" else copy.deepcopy(INTEGRATION)

    async def f():
        with pytest.raises(ConfigurationError, match="bifrost integrations connect"):
            await oauth.set_token("halo", ORG, {"access_token": "x"})
        return [await oauth.list_providers(ORG), (await oauth.refresh_token("halo"))["access_token"]]

    assert run_workflow(f, api=api) == [["halo"], "t1"]


def test_an_event_is_told_to_the_platform():
    asked = []

    def api(operation, arguments):
        asked.append((operation, arguments))
        return {"event_id": "e1", "subscribers_notified": 2}

    async def f():
        return await events.emit("orders.created", {"id": 7})

    assert run_workflow(f, api=api) == {"event_id": "e1", "subscribers_notified": 2}
    assert asked == [("events.emit", {"topic": "orders.created", "data": {"id": 7}, "scope": None})]


def test_a_run_finds_the_event_that_started_it():
    async def f():
        return [context.event.type, context.event.data["id"]]

    event = {"id": "e1", "type": "push", "data": {"id": 7}, "organization_id": "o1", "received_at": "2026-01-01T00:00:00Z"}
    assert run_workflow(f, context={"event": event}) == ["push", 7]
