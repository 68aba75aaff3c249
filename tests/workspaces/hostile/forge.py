"""Calls the host's imports themselves, past the SDK, with forged arguments.

One forgery a run, for what the bindings do with an argument of the wrong kind may end
the interpreter. Nothing of `foreign`, another organization, may be reached. Each group
has a control that uses the same binding as it is meant.
"""

import importlib
import json
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from bifrost import workflow

import probe

HUGE = 32 << 20

Forgery = Callable[[ModuleType, str], Any]


def some(value: Any) -> Any:
    """Raises for "nothing", so that only something counts as reached."""
    if not value:
        raise LookupError("nothing there")
    return value


CONFIG: dict[str, Forgery] = {
    "foreign get": lambda host, foreign: some(host.get("api_key", foreign)),
    "foreign list": lambda host, foreign: host.list(foreign),
    "foreign set": lambda host, foreign: host.set("planted", '"x"', None, foreign),
    "foreign delete": lambda host, foreign: host.delete("colour", foreign),
    "foreign global set": lambda host, foreign: host.set("planted", '"x"', None, "global"),
    "scope injection": lambda host, foreign: some(host.get("api_key", f"{foreign}' OR '1'='1")),
    "scope empty": lambda host, foreign: some(host.get("api_key", "")),
    "scope upper": lambda host, foreign: some(host.get("api_key", foreign.upper())),
    "scope braces": lambda host, foreign: some(host.get("api_key", "{" + foreign + "}")),
    "scope path": lambda host, foreign: some(host.get("api_key", f"global/../{foreign}")),
    "scope huge": lambda host, foreign: some(host.get("api_key", "s" * HUGE)),
    "key huge": lambda host, foreign: some(host.get("k" * HUGE, None)),
    "key stored huge": lambda host, foreign: host.set("k" * HUGE, "1", None, None),
    "value not JSON": lambda host, foreign: host.set("broken", "{not json", None, None),
    "value deep": lambda host, foreign: host.set("deep", "[" * 100_000 + "]" * 100_000, None, None),
    "key number": lambda host, foreign: host.get(7, None),
    "key none": lambda host, foreign: host.get(None, None),
    "key surrogate": lambda host, foreign: host.get("\ud800", None),
    "scope number": lambda host, foreign: host.get("colour", 7),
    "flag text": lambda host, foreign: host.set("flag", "1", "yes", None),
    "too few": lambda host, foreign: host.get(),
    "too many": lambda host, foreign: host.get("colour", None, None, None),
}

PLATFORM: dict[str, Forgery] = {
    "unknown": lambda host, foreign: host.call("no.such", "{}"),
    "empty": lambda host, foreign: host.call("", ""),
    "not JSON": lambda host, foreign: host.call("organizations.list", "{"),
    "not an object": lambda host, foreign: host.call("organizations.list", "[]"),
    "deep": lambda host, foreign: host.call("organizations.list", '{"a":' * 100_000 + "1" + "}" * 100_000),
    "huge operation": lambda host, foreign: host.call("o" * HUGE, "{}"),
    "huge arguments": lambda host, foreign: host.call("organizations.list", json.dumps({"a": "v" * HUGE})),
    "foreign organization": lambda host, foreign: host.call("organizations.get", json.dumps({"org_id": foreign})),
    "foreign users": lambda host, foreign: host.call("users.list", json.dumps({"org_id": foreign, "scope": foreign})),
    "foreign run": lambda host, foreign: host.call(
        "workflows.execute", json.dumps({"workflow": "hello", "org_id": foreign, "run_as": foreign})
    ),
    "foreign integration": lambda host, foreign: host.call("integrations.get", json.dumps({"name": "x", "scope": foreign})),
    "foreign table": lambda host, foreign: host.call("tables.query", json.dumps({"table": "x", "scope": foreign})),
    "operation number": lambda host, foreign: host.call(7, "{}"),
}

MODULES: dict[str, Forgery] = {
    "absolute": lambda host, foreign: host.read("/etc/passwd"),
    "up": lambda host, foreign: host.read("../../../../etc/passwd"),
    "inside up": lambda host, foreign: host.read("data/../../../../etc/passwd"),
    "backslash": lambda host, foreign: host.read("..\\..\\etc\\passwd"),
    "percent": lambda host, foreign: host.read("%2e%2e/%2e%2e/etc/passwd"),
    "nul": lambda host, foreign: host.read("data/public.txt\x00/../../etc/passwd"),
    "empty": lambda host, foreign: host.read(""),
    "folder": lambda host, foreign: host.read("data"),
    "huge": lambda host, foreign: host.read("a/" * (HUGE // 2)),
    "library up": lambda host, foreign: host.read("<stdlib>/../../../etc/passwd"),
    "library code up": lambda host, foreign: host.read("<stdlib>/../data/public.txtc"),
    "library absolute": lambda host, foreign: host.read("<stdlib>//etc/passwd"),
    "library folder": lambda host, foreign: host.read("<stdlib>/"),
    "module up": lambda host, foreign: some(host.find("../../etc/passwd")),
    "module dots": lambda host, foreign: some(host.find("....etc.passwd")),
    "module slash": lambda host, foreign: some(host.find("/etc/passwd")),
    "module library": lambda host, foreign: some(host.find("<stdlib>/colorsys.py")),
    "module empty": lambda host, foreign: some(host.find("")),
    "list up": lambda host, foreign: some(host.list("../..")),
    "list absolute": lambda host, foreign: some(host.list("/etc")),
    "list library": lambda host, foreign: some(host.list("<stdlib>")),
    "path number": lambda host, foreign: host.read(-1),
    "name surrogate": lambda host, foreign: host.find("\ud800"),
    # Load only: has no effect in a run.
    "loading": lambda host, foreign: some(host.loading("forge.py")),
}

LOG: dict[str, Forgery] = {
    "level number": lambda host, foreign: host.emit(999, "x", "level 999"),
    "level negative": lambda host, foreign: host.emit(-1, "x", "level -1"),
    "level none": lambda host, foreign: host.emit(None, "x", "no level"),
    "huge message": lambda host, foreign: host.emit(host.Level.INFO, "x", "m" * HUGE),
    "huge logger": lambda host, foreign: host.emit(host.Level.INFO, "l" * HUGE, "m"),
    "line ends": lambda host, foreign: host.emit(host.Level.INFO, "a\nb", "c\nd\r\ne"),
    "surrogate": lambda host, foreign: host.emit(host.Level.INFO, "x", "\udfff"),
}

RANDOM: dict[str, Forgery] = {
    "huge": lambda host, foreign: len(host.get_random_bytes(1 << 40)),
    "beyond memory": lambda host, foreign: len(host.get_random_bytes(1 << 31)),
    "negative": lambda host, foreign: len(host.get_random_bytes(-1)),
    "beyond u64": lambda host, foreign: len(host.get_random_bytes(1 << 64)),
    "urandom huge": lambda host, foreign: len(os.urandom(1 << 30)),
}

SIGNING: dict[str, Forgery] = {
    "key empty": lambda host, foreign: host.public_key(b""),
    "key huge": lambda host, foreign: host.public_key(b"\x30" * HUGE),
    "key noise": lambda host, foreign: host.sign(host.Algorithm.ED25519, os.urandom(64), b"m"),
    "key of another curve": lambda host, foreign: host.sign(host.Algorithm.ECDSA_SECP256R1_SHA256, ED25519_KEY, b"m"),
    "key as a path": lambda host, foreign: host.public_key(b"/etc/ssl/private/key.pem"),
    "message huge": lambda host, foreign: host.sign(host.Algorithm.ED25519, ED25519_KEY, b"m" * HUGE),
    "signature huge": lambda host, foreign: some(verified(host, b"s" * HUGE)),
    "signature empty": lambda host, foreign: some(verified(host, b"")),
    "public key noise": lambda host, foreign: host.verify(host.Algorithm.RSA_PSS_SHA256, b"noise", b"m", b"s"),
    "algorithm number": lambda host, foreign: host.sign(999, ED25519_KEY, b"m"),
    "key text": lambda host, foreign: host.public_key("text"),
}

# The key of RFC 8410, section 10.3.
ED25519_KEY = bytes.fromhex("302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842")


def verified(host: ModuleType, signature: bytes) -> Any:
    """Whether the host takes this for a signature of `m`."""
    return host.verify(host.Algorithm.ED25519, host.public_key(ED25519_KEY), b"m", signature)


GROUPS: dict[str, dict[str, Forgery]] = {
    "config": CONFIG,
    "platform": PLATFORM,
    "modules": MODULES,
    "log": LOG,
    "random": RANDOM,
    "signing": SIGNING,
}


def refused_by_host(host: ModuleType) -> str:
    """The mock host knows no operation; its refusal shows that the call came through."""
    detail = probe.attempt(lambda: host.call("no.such", "{}"))
    return some("there is no operation `no.such`" in detail["message"] and "asked")


CONTROLS: dict[str, Callable[[ModuleType], Any]] = {
    "config": lambda host: some(host.get("colour", None)),
    "platform": refused_by_host,
    "modules": lambda host: host.read("data/public.txt"),
    "log": lambda host: host.emit(host.Level.INFO, "hostile", "direct"),
    "random": lambda host: len(some(host.get_random_bytes(16))),
    "signing": lambda host: some(verified(host, host.sign(host.Algorithm.ED25519, ED25519_KEY, b"m"))),
}


@workflow
async def forge(
    group: str, kind: str, armed: bool = False, foreign: str = "00000000-0000-7000-8000-000000000000"
) -> dict[str, Any]:
    """One forgery; the control calls the same binding properly."""
    host = importlib.import_module(f"wit_world.imports.{group}")
    if armed:
        return probe.attempts({kind: lambda: GROUPS[group][kind](host, foreign)})
    return probe.attempts({kind: lambda: CONTROLS[group](host)})


@workflow
async def forgeries_by_group() -> dict[str, list[str]]:
    """The names of all forgeries, by group."""
    return {group: list(forgeries) for group, forgeries in GROUPS.items()}
