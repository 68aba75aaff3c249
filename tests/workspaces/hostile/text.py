"""Text that is not valid Unicode: lone surrogates, in every place where text crosses to
the host. The control sends valid text beyond ASCII. Nothing may crash, and nothing
invalid may be stored."""

import importlib
import logging
from typing import Any

from bifrost import config, http, workflow

import probe

logger = logging.getLogger("hostile.text")
BAD = "bad \ud800 \udfff end"
GOOD = "good ü 🎈 \u2028 end"


def pick(armed: bool) -> str:
    """The text to send."""
    return BAD if armed else GOOD


@workflow
async def text_result(armed: bool = False) -> str:
    """In a text result."""
    return pick(armed)


@workflow
async def text_json(armed: bool = False) -> dict[str, Any]:
    """In keys and values of a result."""
    return {pick(armed): [pick(armed)]}


@workflow
async def text_exception(armed: bool = False) -> None:
    """In an exception's message. Failed in both cases."""
    raise ValueError(pick(armed))


@workflow
async def text_exception_name(armed: bool = False) -> None:
    """In an exception's class name. Failed in both cases."""
    raise type("Bad\ud800Name" if armed else "GütName", (Exception,), {})("x")


@workflow
async def text_log(armed: bool = False) -> dict[str, int]:
    """In log lines, prints and the logger's name. Succeeds."""
    logger.info("%s", pick(armed))
    logging.getLogger(pick(armed)).warning("from an odd name")
    print(pick(armed))
    return {"length": len(pick(armed))}


@workflow
async def text_variables(armed: bool = False) -> dict[str, int]:
    """In local variables. Succeeds."""
    value = {pick(armed): pick(armed)}
    return {"items": len(value)}


@workflow
async def text_config(armed: bool = False) -> dict[str, Any]:
    """In config keys, values and scopes. Armed: each raises or the value comes back as valid text."""
    text = pick(armed)
    return probe.report({
        "get": await probe.attempt_async(lambda: config.get(text)),
        "set key": await probe.attempt_async(lambda: config.set(text, 1)),
        "set value": await probe.attempt_async(lambda: config.set("text_value", text)),
        "scope": await probe.attempt_async(lambda: config.get("colour", scope=text if armed else None)),
        "delete": await probe.attempt_async(lambda: config.delete(text)),
        "giant key": await probe.attempt_async(lambda: config.set("k" * (4 << 20 if armed else 10), 1)),
        "giant value": await probe.attempt_async(lambda: config.set("giant", "v" * (64 << 20 if armed else 10))),
        "empty key": await probe.attempt_async(lambda: config.set("" if armed else "one", 1)),
        "nul key": await probe.attempt_async(lambda: config.set("a\x00b" if armed else "two", 1)),
    })


@workflow
async def text_elsewhere(armed: bool = False) -> dict[str, Any]:
    """In names of modules and files, and in URLs. Armed: nothing is reached."""
    if not armed:
        return probe.attempts({"file": lambda: open("data/public.txt", encoding="utf-8").read(), "module": lambda: importlib.import_module("probe")})
    return probe.report({
        "module": probe.attempt(lambda: importlib.import_module(BAD)),
        "file": probe.attempt(lambda: open(BAD, encoding="utf-8")),
        "url": await probe.attempt_async(lambda: http.get(f"http://127.0.0.1:9/{BAD}", timeout=2)),
        "host": await probe.attempt_async(lambda: http.get(f"http://{BAD}/", timeout=2)),
    })
